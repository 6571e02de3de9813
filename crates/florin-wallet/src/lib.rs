//! Keys and addresses of chains: derived from one seed by the standard paths, and checked as the networks check them.
//!
//! A [`Keychain`] holds the seed of an installation. The address of a holder is a function of the seed, the holder's
//! book and its number within it, so no two holders of a database have the same one, and nothing but the seed has to be
//! kept. Two databases with one seed give the same addresses: also an older copy that goes on.
//! Paths are those of BIP 44 and, for coins with segregated witness, BIP 84: purpose, coin (SLIP 44), the book as
//! account, [`Branch`], the number.
//!
//! Transactions are signed here too, so that no private key leaves this crate: [`EvmTransaction`].
//! A [`Payment`] of Bitcoin's kind chooses the outputs that it spends; [`Keychain::sign`] signs what it has planned.
//! [`read_evm`] and [`read_spend`] read signed transactions back, as a node does: the simulated chains need it.

mod address;
mod chain;
mod evm;
mod keychain;
mod read;
mod spend;

pub use address::{Address, AddressError};
pub use chain::{Chain, ChainKind, Net};
pub use evm::{Call, EvmTransaction, SignedEvm, evm_transaction_id};
pub use keychain::{Branch, DeriveError, Keychain, Place, Seed, SeedError};
pub use read::{Sent, SentEvm, read_evm, read_spend};
pub use spend::{Change, Coin, Output, Payment, Plan, Signed, SpendError};

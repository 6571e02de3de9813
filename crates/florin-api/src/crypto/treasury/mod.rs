//! The treasury: what a book's hot wallet has on each network, and the transactions that it has signed.
//!
//! On chains of Bitcoin's kind the wallet is a set of outputs ([`ChainCoin`](transaction::ChainCoin)), those at
//! holders' addresses included; on chains of Ethereum's kind it is one account, whose transactions are numbered. Blocks
//! bring outputs and take transactions in; when they leave the chain, both are undone.
//!
//! States of a transaction: signed → sent → included, or reverted → done; or gone, where another version of it is in
//! the chain. What came to the hot wallet by a transaction that is not ours is the house's own money.

mod follow;
mod postings;
mod sign;
mod store;
mod transaction;

pub(super) use follow::{connected, disconnected, leave_retry, mark_sent, relevant, tries, watch};
pub(super) use postings::HOUSE;
pub(super) use sign::{Lacks, Means, Order, ask, sign};
pub(super) use store::{SEALED, SETS, STATEMENTS};
pub(super) use transaction::{ChainTry, TryState};

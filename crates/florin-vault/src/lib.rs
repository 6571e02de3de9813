//! Where files are kept: encrypted under their user's own key, on local disk or in an object store.
//!
//! A file comes in through a [`Deposit`], which checks, hashes and encrypts it while it streams, and is durable when
//! [`Deposit::finish`] answers. It is stored in the `age` format (age-encryption.org/v1), so that an operator can
//! read it with the standard tool and the user's exported [`Identity`], and destroying that key destroys the file.
//! Nothing is ever written in clear.
//!
//! A vault knows names and ciphertext, never whose they are. An object that no row knows is found by [`Vault::list`]
//! and told by its name's age: there are no other leftovers, whatever crashes.
//!
//! Beside the objects a vault has a mark, which says whose it is ([`Vault::mark`]), and sheets of random bytes with
//! which users' keys are wrapped ([`Vault::sheet`]). A part of a sheet that is overwritten is gone, whatever was
//! copied of the database.
//!
//! Uploads must not delay other calls; `cargo xtask bench uploads` measures it:
//!
//! - Deposits and decoding run on threads of low priority. Only as many deposits compute at once as there are
//!   processors (`turns.rs`), and decoding pauses while they do. A file is refused for the processor time that it
//!   takes, never for the time that it waited.
//! - Files in a folder are written past the page cache (`direct.rs`) by two deposits at a time, so that the database's
//!   log waits behind few writes.
//! - Outside of this crate: SQLite's log has its full length before it is needed (`florin_store::reserve_log`), log
//!   lines are written by a separate thread, threads do not share heaps (`florin/allocator.rs`) and take short time
//!   slices (`florin/scheduler.rs`).

mod bucket;
mod deposit;
mod direct;
mod error;
mod folder;
mod key;
mod name;
mod payload;
mod priority;
mod probe;
mod seal;
mod spool;
mod turns;
mod vault;

pub use bucket::BucketSettings;
pub use deposit::{Deposit, Stored};
pub use error::{DepositError, VaultError};
pub use key::{Identity, Recipient};
pub use name::ObjectName;
pub use priority::{processor_time, run_low_priority};
pub use probe::Probe;
pub use seal::Check;
pub use vault::{Place, Vault};

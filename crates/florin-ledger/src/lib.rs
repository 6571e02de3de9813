//! Double entry, pure: what a posting is, what refuses it, what a journal record says, and how records chain.
//!
//! The way of a posting: a family builds a [`Posting`] → [`draft()`] checks it against the [`Account`]s it touches and
//! answers the [`Leg`]s as they will stand in the journal (or why not) → [`fold`] takes a leg into its account. The
//! live path, `florin verify` and the tests all go through the same [`fold`]; nothing else changes an account.
//!
//! Deliberately not here: async, a clock, a database word, and what any kind of record means to a family.

mod account;
mod chain;
mod draft;
#[cfg(test)]
mod model_tests;
mod posting;
mod record;
#[cfg(test)]
mod word_tests;

pub use account::{Account, AccountKey, AccountKind, BookId, HolderId, Position};
pub use chain::{Chain, ChainKey};
pub use draft::{PostingError, draft};
pub use posting::{Capture, Move, Posting, Rest};
pub use record::{Discrepancy, LEG_BYTES, Leg, MARK_EVERY, Record, RecordKind, fold, marks};

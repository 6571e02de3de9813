//! The treasury: what a book's hot wallet has on each network, and the transactions that it has signed.
//!
//! On chains of Bitcoin's kind the wallet is a set of outputs ([`ChainCoin`](transaction::ChainCoin)), those at
//! holders' addresses included; on chains of Ethereum's kind it is one account, whose transactions are numbered. Blocks
//! bring outputs and take transactions in; when they leave the chain, both are undone.
//!
//! States of a transaction: signed → sent → included → done, or → reverted → failed; or gone, where another version of
//! it is in the chain. What came to the hot wallet by a transaction that is not ours is the house's own money.
//!
//! A reorganisation can be deeper than the confirmations, so that a transaction leaves the chain whose withdrawal has
//! ended. Then it waits again, it is given to a node again and replaced like any other, and its confirmations are
//! counted anew. The withdrawal stays ended, and the books stay as they are, for we still mean to pay: what they are
//! ahead of the chain is [`OwnMoves::unbooked`], by [`ChainTry::booked`]. Nothing is posted when the transaction has
//! its confirmations again, but what its fee differs. It is never signed anew over other outputs: if what it spends is
//! gone too, it waits for ever, and a person must look.

mod follow;
mod moves;
mod postings;
mod sign;
mod store;
mod transaction;

pub(super) use follow::{connected, disconnected, leave_retry, mark_sent, relevant, watch};
pub(super) use moves::{Output, OwnMoves, Spot, own_moves};
pub(super) use postings::HOUSE;
pub(super) use sign::{Lacks, Means, Order, ask, sign};
pub(super) use store::{SEALED, SETS, STATEMENTS, tries_of};
pub(super) use transaction::{ChainTry, TryState};

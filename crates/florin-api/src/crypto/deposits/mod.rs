//! Deposits: what comes to the addresses of holders.
//!
//! States: seen (in a block) → credited once it has its confirmations; or in suspense: for the travel rule, while the
//! user is suspended, for an order, or for a person. What pays an order is sold (settled) by the order. What a person
//! decides about (too small, never explained, of a sanctioned sender, of a user that is gone) is credited, or goes
//! back: returning → returned. A block that leaves the chain takes the money of its deposits with it: they are seen in
//! no block, until another block has them, or gone after a day. What goes back or went back keeps its state: the house
//! bears it.

mod arrive;
mod deposit;
mod details;
mod jobs;
mod postings;
mod store;
mod travel_rule;

pub(super) use arrive::{
    GONE_JOB, Owned, UNEXPLAINED_JOB, can_be_paid, confirm, credit_from_suspense, goes_back, has_work, leave,
    see, stays, went_back,
};
pub(super) use deposit::{CREDITED, SUSPENDED, TAKEN_BACK};
pub(super) use details::{CryptoDepositPayload, EXAMPLE, render};
pub(super) use jobs::{RELEASE_JOB, end_unexplained, give_up, release};
pub(super) use store::{SEALED, SETS, STATEMENTS, all, empty, is_pending, touch, waiting};

pub use arrive::{ORDER_JOB, touches_of};
pub use deposit::{Deposit, DepositState};
pub use store::{OF_PURPOSE_AT_ONCE, id_of, of_purpose, seen_of_purpose};

use crate::kit::endpoint::table::Endpoint;

/// The calls.
pub(super) fn endpoints() -> impl Iterator<Item = Endpoint> {
    travel_rule::endpoints().into_iter().chain([details::endpoint()])
}

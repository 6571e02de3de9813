//! Deposits: what comes to the addresses of holders.
//!
//! States: seen (in a block) → credited once it has its confirmations; or in suspense: for the travel rule, while the
//! user is suspended, below the minimum, or for a person; → unexplained where nobody says who sent it. One whose block
//! leaves the chain is seen in no block, whatever it was before, and its money is taken back; it is credited again with
//! the confirmations of another block, or gone after a day.

mod arrive;
mod deposit;
mod details;
mod jobs;
mod postings;
mod store;
mod travel_rule;

pub(super) use arrive::{
    GONE_JOB, Owned, UNEXPLAINED_JOB, can_be_paid, confirm, credit_from_suspense, has_work, leave, see,
    went_back,
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

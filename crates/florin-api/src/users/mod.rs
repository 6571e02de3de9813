//! Users: who they are, whether they may move money, and how they leave.
//!
//! A user is a *holder* of the book (number, handle, gate, own key) with a row of `end_user` beside it, in which what
//! is known of the person is sealed under that key. What other families must know before money moves is in the
//! [`Gate`], which the batch has in memory.
//!
//! States: created → (verified, by the KYC family) → suspended ⇄ active → closed → erased. Closed: every call P412,
//! the id is never free again; after the retention time a job destroys the user's key, and with it the profile.
//! Accounts touched: none. Events: none.

mod create;
mod delete;
mod erase;
mod store;
mod suspend;
mod update;
mod user;

pub use erase::{ERASE_JOB, erase};
pub use store::{SETS, STATEMENTS, User, find, find_many, set_poa_required};
pub use user::{Gate, Profile, existing};

use crate::kit::endpoint::table::Endpoint;

/// The calls of this family.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        create::endpoint(),
        update::endpoint(),
        delete::endpoint(),
        suspend::suspend_endpoint(),
        suspend::unsuspend_endpoint(),
    ]
}

//! Internal transfers: partner → user, user → partner, user → user. Executed before the answer, atomically: a
//! transfer is `SUCCESSFUL` or was refused, never something in between, so the journal record is the transfer and
//! there is no row beside it.
//!
//! Accounts touched: the main accounts of both sides. Events: `transfer`.

mod create;
mod details;
mod postings;
mod transfer;

pub use details::{TransferPayload, payload};
pub use transfer::{Sides, TRANSFER_EVENT};

use crate::kit::endpoint::table::Endpoint;

/// The calls of this family.
pub fn endpoints() -> Vec<Endpoint> {
    vec![create::endpoint(), create::master_balance_endpoint(), details::endpoint()]
}

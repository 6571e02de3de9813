//! Webhooks: every event on its way to the partner's own server.
//!
//! A delivery is `PENDING`, `DELIVERED` or `FAILED`. `dispatch` finds endpoints with work and starts a `courier` for
//! each; that one holds the endpoint's lease, reads the events after its cursor, sends them, and settles what came of
//! them through the door. The events themselves are in the same transaction as what they tell of, so none is lost or
//! invented; a delivery that was made and not settled is made again, under the same id.
//!
//! No account is touched; no event is made.

mod again;
mod book;
mod courier;
mod deliveries;
mod delivery;
mod dispatch;
mod endpoint;
mod ids;
mod message;
mod register;
mod schedule;
mod store;
mod window;

pub use book::{MOVE, give_token};
pub use dispatch::{deliver_now, work};
pub use message::{Signer, headers};
pub use register::{Registration, set, shown};
pub(crate) use store::{SETS, STATEMENTS};

use crate::kit::endpoint::table::Endpoint;

/// The calls of this family.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        register::put_endpoint(),
        register::get_endpoint(),
        deliveries::endpoint(),
        again::retry_endpoint(),
        again::replay_endpoint(),
    ]
}

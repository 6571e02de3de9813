//! Webhooks: every event on its way to the partner's own server.
//!
//! A delivery is `PENDING`, `DELIVERED` or `FAILED`. `dispatch` finds endpoints with work and starts a `courier` for
//! each; that one holds the endpoint's lease, reads the events after its cursor, sends them, and stores the
//! results through the door. The events themselves are in the same transaction as what they tell of, so none is lost or
//! invented; a delivery that was made and not settled is made again, under the same id.
//!
//! No account is touched; no event is made.

mod again;
mod book;
mod courier;
mod deliveries;
mod delivery;
mod dispatch;
mod enabled;
mod endpoint;
mod ids;
mod message;
mod register;
mod schedule;
mod store;
mod window;

pub use book::give_token;
pub use dispatch::{attempt_due, deliver_now, work};
pub use message::{Signer, headers};
pub use register::{Registration, set, shown};
pub use store::own_paths;

use crate::kit::endpoint::family::{Family, Placeholder};
use florin_store::migration;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Webhooks", "Where your events are sent, and how each delivery went."),
    endpoints: || {
        let calls = register::endpoints().into_iter().chain([deliveries::endpoint()]);
        calls.chain(again::endpoints()).collect()
    },
    jobs: &[(enabled::MAKE_DUE_JOB, |app, job| Box::pin(enabled::go_on(app, job)))],
    statements: &[store::STATEMENTS],
    sets: &[&store::SETS],
    migrations: &[migration!(1004, "1004_webhooks")],
    moves_sealed: &[|tx, book| Box::pin(store::move_endpoint(tx, book))],
    sealed: &[&store::ENDPOINTS],
    placeholders: &[Placeholder {
        word: "$delivery",
        shown: "0198c5d2-9c5a-8e63-b120-5d7c3f4e6092",
        unknown: "01a00000-0000-8000-8000-000000000000",
        made_by: None,
    }],
    ..Family::EMPTY
};

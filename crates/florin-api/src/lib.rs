//! The product: the Partner API, one folder per family, over `kit`, what every endpoint needs.
//!
//! The way of a request: `kit::http` (connection) → `kit::router` → [`kit::partner::Partner`] (key) →
//! [`kit::call::Call`] (typed request, idempotency key) → the family's handler → `kit::command` → the store's door →
//! the family's command on the open transaction → the answer, after the commit.
//!
//! The families in reading order; each imports only from those before it:

pub mod balances;
pub mod events;
pub mod kit;
pub mod kyc;
pub mod reference;
pub mod sandbox;
pub mod transfers;
pub mod users;

pub mod openapi;

use florin_store::{Migration, SetStatement, Statement, migration};
use kit::endpoint::Endpoint;
use kit::jobs::JobHandler;

/// Every call of the API.
pub fn endpoints() -> Vec<Endpoint> {
    let families = [
        users::endpoints(),
        balances::endpoints(),
        transfers::endpoints(),
        events::endpoints(),
        reference::endpoints(),
        sandbox::endpoints(),
    ];
    families.into_iter().flatten().collect()
}

/// What is emptied with a user, besides its own row.
const ERASURES: &[Statement] = &[balances::ERASE];

/// Who runs which job.
pub const JOB_HANDLERS: &[JobHandler] = &[
    (users::ERASE_JOB, |app, job| Box::pin(users::erase(app, job, ERASURES))),
    (balances::ACTIVATE_JOB, |app, job| Box::pin(balances::activate(app, job))),
];

/// The families' tables.
pub const MIGRATIONS: &[Migration] = &[migration!(1001, "1001_partners"), migration!(1002, "1002_users")];

/// Every statement of the families, for the test that prepares them all.
pub fn statements() -> Vec<Statement> {
    let families = [kit::partner::STATEMENTS, users::STATEMENTS, kyc::STATEMENTS, balances::STATEMENTS];
    families.concat()
}

/// Every look-up by sets of the families, for the same test.
pub fn sets() -> Vec<&'static SetStatement> {
    users::SETS.to_vec()
}

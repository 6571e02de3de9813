//! The product: the Partner API, one folder per family, over `kit`, what every endpoint needs.
//!
//! The way of a request: `kit::edge` (connection, router, key) → [`kit::request`] (typed request, idempotency key) → the
//! family's handler → `kit::book::command` → the store's door → the family's command on the open transaction → the
//! answer, after the commit.
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
pub mod webhooks;

pub mod asyncapi;
pub mod openapi;

use florin_store::{Job, Migration, SetStatement, Statement, StoreError, migration};
use kit::app::App;
use kit::book::jobs::JobHandler;
use kit::endpoint::table::Endpoint;

/// Every call of the API.
pub fn endpoints() -> Vec<Endpoint> {
    let families = [
        users::endpoints(),
        kyc::endpoints(),
        balances::endpoints(),
        transfers::endpoints(),
        events::endpoints(),
        webhooks::endpoints(),
        reference::endpoints(),
        sandbox::endpoints(),
    ];
    families.into_iter().flatten().collect()
}

/// What is emptied with a user, besides its own row.
const ERASURES: &[Statement] = &[balances::ERASE, kyc::ERASE[0], kyc::ERASE[1]];

/// Erases a user everywhere: first what the database holds, the user's key above all, then the files, which nobody can
/// open any more.
async fn erase(app: &App, job: &Job) -> Result<(), StoreError> {
    let files = users::erase(app, job, kyc::NAMES, ERASURES).await?;
    kyc::remove_objects(app, &files).await
}

/// Who runs which job.
pub const JOB_HANDLERS: &[JobHandler] = &[
    (users::ERASE_JOB, |app, job| Box::pin(erase(app, job))),
    (balances::ACTIVATE_JOB, |app, job| Box::pin(balances::activate(app, job))),
    (kyc::DECODE_JOB, |app, job| Box::pin(kyc::decode_files(app, job))),
    (kyc::REVIEW_JOB, |app, job| Box::pin(kyc::review(app, job))),
    (kyc::POA_REVIEW_JOB, |app, job| Box::pin(kyc::review_poa(app, job))),
    (kyc::EXPIRE_JOB, |app, job| Box::pin(kyc::expire(app, job))),
];

/// The families' tables.
pub const MIGRATIONS: &[Migration] = &[
    migration!(1001, "1001_partners"),
    migration!(1002, "1002_users"),
    migration!(1003, "1003_kyc"),
    migration!(1004, "1004_webhooks"),
];

/// Every statement of the families, for the test that prepares them all.
pub fn statements() -> Vec<Statement> {
    let kit = [kit::book::registry::STATEMENTS, kit::book::audit::STATEMENTS].concat();
    [
        kit,
        users::STATEMENTS.to_vec(),
        balances::STATEMENTS.to_vec(),
        kyc::statements(),
        webhooks::STATEMENTS.to_vec(),
    ]
    .concat()
}

/// Every statement of the families that takes a set of rows, looked up or written, for the same test.
pub fn sets() -> Vec<&'static SetStatement> {
    [users::SETS, &kyc::SETS, &webhooks::SETS].concat()
}

//! `autoVerify`: a sandbox can verify by itself users whom older clients create, since such clients have no call for
//! it. The partner sets it (`PUT /v1/sandbox/settings`, until a reset), else the operator (a term). It is read when a
//! user is created; the job that verifies is the KYC family's.

use crate::kit::book::terms::Terms;
use crate::kit::prelude::*;
use florin_store::{Lane, NewJob, Statement, params};

/// The kind of the job; its payload is the external user id.
pub const AUTO_VERIFY_JOB: &str = "users.auto_verify";

const FIND: Statement = "SELECT auto_verify FROM sandbox_setting WHERE book = $1";
const PUT: Statement = "INSERT INTO sandbox_setting (book, auto_verify) VALUES ($1, $2) \
     ON CONFLICT (book) DO UPDATE SET auto_verify = excluded.auto_verify";

/// Run when a sandbox is reset.
pub(super) const FORGET: Statement = "DELETE FROM sandbox_setting WHERE book = $1";

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[FIND, PUT];

/// Sets whether users of older clients are verified by themselves.
pub async fn set_auto_verify(work: &mut Work<'_>, is_on: bool) -> Result<(), StoreError> {
    work.execute(PUT, &params![is_on]).await.map(drop)
}

/// Leaves the job for a new user of an older client, where the partner's sandbox is set so.
pub(super) async fn leave_auto_verify(
    work: &mut Work<'_>,
    user: &str,
    terms: &Terms,
) -> Result<(), StoreError> {
    if !work.app().is_sandbox() {
        return Ok(());
    }
    let row = work.scope().query_one(FIND, &params![]).await?;
    let set = row.map(|row| row.get(0)).transpose()?;
    if set.unwrap_or_else(|| terms.auto_verifies(work.now())) {
        let due = work.in_time(work.app().settings.settle);
        let payload = user.as_bytes().to_vec();
        work.enqueue(NewJob { kind: AUTO_VERIFY_JOB, lane: Lane::Quick, due, payload });
    }
    Ok(())
}

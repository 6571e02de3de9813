//! The job that ends a verification when its document has expired: the user may still receive, and no longer send.

use super::change::change;
use super::standing::VerificationStatus;
use super::store;
use super::task::Task;
use crate::kit::app::App;
use crate::kit::book::work::Work;
use crate::users::{Gate, carry_out_for};
use florin_store::{Holder, Job, Lane, NewJob, StoreError, Tx};
use florin_types::Timestamp;
use uuid::Uuid;

/// The kind of the job.
pub const EXPIRE_JOB: &str = "kyc.expire";

/// Leaves the job.
pub(super) fn leave_expiry(tx: &mut Tx, user: &str, attempt: Uuid, due: Timestamp) {
    let payload = Task::of(user, attempt).payload();
    tx.enqueue(NewJob { kind: EXPIRE_JOB, lane: Lane::Quick, due, payload });
}

/// Ends the verification, unless it was renewed meanwhile.
pub async fn expire(app: &App, job: &Job) -> Result<(), StoreError> {
    let task = Task::read(job)?;
    let user = task.user.clone();
    carry_out_for(app, job, &user, async move |work: &mut Work<'_>, holder: Holder| {
        let current = store::find(work.scope(), holder.id).await?;
        let is_of_it = |current: &store::Current| {
            current.attempt == task.of && current.standing.status == VerificationStatus::Verified
        };
        let Some(current) = current.filter(is_of_it) else { return Ok(()) };
        work.set_gate(&task.user, Gate { is_expired: true, ..Gate::of(&holder) }.bits())?;
        Ok(change(work, &holder, (current.attempt, current.standing.expired())).await?)
    })
    .await
}

//! The job that ends a verification when its document has expired: the user may still receive, and no longer send.

use super::change::change;
use super::standing::Status;
use super::store;
use super::work::Work;
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, done};
use crate::users::{Gate, existing};
use florin_store::{Job, Lane, NewJob, StoreError, Touch, Tx};
use florin_types::Timestamp;
use uuid::Uuid;

/// The kind of the job.
pub const EXPIRE_JOB: &str = "kyc.expire";

/// Leaves the job.
pub(super) fn leave_expiry(tx: &mut Tx, handle: &str, attempt: Uuid, due: Timestamp) {
    let payload = Work::of(handle, attempt).payload();
    tx.enqueue(NewJob { kind: EXPIRE_JOB, lane: Lane::Quick, due, payload });
}

/// Ends the verification, unless it was renewed meanwhile.
pub async fn expire(app: &App, job: &Job) -> Result<(), StoreError> {
    let work = Work::read(job)?;
    let (position, event) = (job.position, app.new_id());
    let touches = vec![Touch::Holder(work.user.clone())];
    let command = async move |tx: &mut Tx| {
        if !tx.finish_job(position).await? {
            return done();
        }
        let Ok(holder) = existing(tx.holder(&work.user)) else { return done() };
        let holder = holder.clone();
        let current = store::find(tx.scope(), holder.id).await?;
        let is_of_it = |current: &store::Current| {
            current.attempt == work.of && current.standing.status == Status::Verified
        };
        let Some(current) = current.filter(is_of_it) else { return done() };
        tx.set_gate(&work.user, Gate { is_expired: true, ..Gate::of(&holder) }.bits())?;
        change(tx, &holder, (current.attempt, current.standing.expired()), event).await?;
        done()
    };
    carry_out(app, position, touches, command).await
}

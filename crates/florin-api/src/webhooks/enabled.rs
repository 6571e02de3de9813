//! What follows when an endpoint is enabled again: all that is pending is due at once. There may be days of it, so one
//! command makes some of it due and leaves the rest to a job.

use super::store;
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::work::Work;
use florin_store::{Job, Lane, NewJob, StoreError};

/// The kind of the job; it has no payload.
pub const MAKE_DUE_JOB: &str = "webhooks.make_due";

/// Makes some deliveries due, and leaves the rest to the job.
pub(super) async fn make_due(work: &mut Work<'_>) -> Result<(), StoreError> {
    if store::make_due(work).await? {
        let due = work.now();
        work.enqueue(NewJob { kind: MAKE_DUE_JOB, lane: Lane::Quick, due, payload: Vec::new() });
    }
    Ok(())
}

/// The job: makes some more due.
pub async fn go_on(app: &App, job: &Job) -> Result<(), StoreError> {
    carry_out(app, job, Vec::new(), async |work: &mut Work<'_>| Ok(make_due(work).await?)).await
}

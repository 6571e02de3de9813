//! The job that pays a withdrawal.

use super::withdrawal::{State, Withdrawal};
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::work::Work;
use florin_store::{Job, Lane, NewJob, StoreError};
use std::time::Duration;

/// The kind of the job that pays; its payload is the withdrawal's id.
pub(in crate::crypto) const PAY_JOB: &str = "crypto.pay";

/// Leaves a withdrawal that waits for nobody to be paid.
pub(super) fn leave(work: &mut Work<'_>, withdrawal: &Withdrawal) {
    if withdrawal.state == State::Held {
        let (due, payload) = (work.in_time(Duration::ZERO), withdrawal.id.as_bytes().to_vec());
        work.enqueue(NewJob { kind: PAY_JOB, lane: Lane::Rail, due, payload });
    }
}

/// Pays it.
pub(in crate::crypto) async fn pay(app: &App, job: &Job) -> Result<(), StoreError> {
    carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await
}

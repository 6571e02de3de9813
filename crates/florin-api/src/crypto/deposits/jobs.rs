//! Jobs about deposits: those that are given up, and those that were held while a user was suspended.

use super::arrive::{credit_from_suspense, emit, touches_of};
use super::deposit::{Deposit, DepositState};
use super::store::{self, AT_ONCE};
use crate::crypto::withdrawals::RETURN_JOB;
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::work::Work;
use crate::users::{self, Gate};
use florin_store::{Holder, Job, Lane, NewJob, StoreError};
use std::time::Duration;
use uuid::Uuid;

/// The kind of the job that credits what was held; its payload is the user's id.
pub const RELEASE_JOB: &str = "crypto.release";

/// Gives up a deposit that no block has.
pub async fn give_up(app: &App, job: &Job) -> Result<(), StoreError> {
    end(app, job, DepositState::Gone, |deposit| {
        deposit.state == DepositState::Seen && deposit.height.is_none()
    })
    .await
}

/// Gives up a deposit of which nobody says who sent it, and leaves it to be sent back. Where it has left the
/// chain and come back meanwhile, the time counts from the first time.
pub async fn end_unexplained(app: &App, job: &Job) -> Result<(), StoreError> {
    end(app, job, DepositState::Unexplained, |deposit| deposit.state == DepositState::TravelRule).await
}

async fn end(
    app: &App,
    job: &Job,
    state: DepositState,
    is_meant: fn(&Deposit) -> bool,
) -> Result<(), StoreError> {
    let id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    carry_out(app, job, vec![store::touch(id)], async move |work: &mut Work<'_>| {
        let Some(deposit) = work.object::<Deposit>(id)?.filter(is_meant) else { return Ok(()) };
        let deposit = Deposit { state, ..deposit };
        emit(work, &deposit);
        if state == DepositState::Unexplained {
            let (due, payload) = (work.in_time(Duration::ZERO), id.as_bytes().to_vec());
            work.enqueue(NewJob { kind: RETURN_JOB, lane: Lane::Chain, due, payload });
        }
        Ok(work.put(&deposit)?)
    })
    .await
}

/// Credits what was held, some at a time, unless the user is suspended again.
pub async fn release(app: &App, job: &Job) -> Result<(), StoreError> {
    let user = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    users::carry_out_for(app, job, &user, async move |work: &mut Work<'_>, holder: Holder| {
        if Gate::of(&holder).is_suspended {
            return Ok(());
        }
        let held = store::held(work.scope(), holder.id).await?;
        let may_be_more = held.len() == AT_ONCE;
        work.load(&touches_of(&held)).await?;
        for deposit in held {
            let deposit = work.object::<Deposit>(deposit.id)?;
            if let Some(deposit) = deposit.filter(|deposit| deposit.state == DepositState::Held) {
                credit_from_suspense(work, deposit)?;
            }
        }
        if may_be_more {
            let payload = holder.handle.clone().unwrap_or_default().into_bytes();
            let due = work.in_time(Duration::ZERO);
            work.enqueue(NewJob { kind: RELEASE_JOB, lane: Lane::Quick, due, payload });
        }
        Ok(())
    })
    .await
}

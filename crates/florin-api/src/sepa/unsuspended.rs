//! The job that credits what was held while a user was suspended.

use super::deposit::{Deposit, DepositState, Sender};
use super::hear::open_own;
use super::incoming::{credit_from_suspense, touches_to_pay};
use super::postings::EUR;
use super::recalls;
use super::store::{self, DEPOSITS};
use crate::kit::app::App;
use crate::kit::book::work::Work;
use crate::users::{self, is_suspended};
use florin_ledger::AccountKind;
use florin_store::{Holder, Job, Lane, NewJob, StoreError, Touch};
use std::time::Duration;

/// The kind of the job; its payload is the user's id.
pub const RELEASE_JOB: &str = "sepa.release";

/// Credits them, some at a time, unless the user is suspended again.
pub async fn release(app: &App, job: &Job) -> Result<(), StoreError> {
    let user = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    users::carry_out_for(app, job, &user, async move |work: &mut Work<'_>, holder: Holder| {
        let held = store::held(work.scope(), holder.id).await?;
        let (may_be_more, mut credited) = (held.len() == store::HELD_AT_ONCE, 0);
        let mut touches = vec![Touch::SystemAccount(EUR, AccountKind::Suspense)];
        touches.extend(touches_to_pay(holder.id));
        touches.extend(held.iter().map(|id| Touch::Object(&DEPOSITS, *id)));
        work.load(&touches).await?;
        for id in held {
            let deposit = work.object::<Deposit>(id)?;
            let deposit = deposit.filter(|deposit| deposit.state == DepositState::Held);
            let Some(deposit) = deposit.filter(|_| !is_suspended(work, holder.id)) else { continue };
            if recalls::open_one(work, deposit.recall).await?.is_some() {
                // A bank asks for it: it is credited when that was refused.
                continue;
            }
            credited += 1;
            let sender: Option<Sender> = open_own(work, holder.id, deposit.sealed.as_deref())?;
            credit_from_suspense(work, deposit, &sender.unwrap_or_default())?;
        }
        if may_be_more && credited > 0 {
            let (due, payload) =
                (work.in_time(Duration::ZERO), holder.handle.clone().unwrap_or_default().into_bytes());
            work.enqueue(NewJob { kind: RELEASE_JOB, lane: Lane::Quick, due, payload });
        }
        Ok(())
    })
    .await
}

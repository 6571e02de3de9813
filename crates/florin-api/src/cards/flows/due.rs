//! Something comes due for a card transaction: its merchant does something by itself, or its hold ends.

use super::follow::{self, Follow};
use super::store::PAYMENTS;
use crate::cards::payment::CardPayment;
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::work::Work;
use florin_rails::cards::{Does, Plan};
use florin_store::{Job, Lane, NewJob, Stop, StoreError, Touch};
use florin_types::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// The kind of the job; its payload is a [`Due`].
pub const DUE_JOB: &str = "cards.due";

/// What is due.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum DueStep {
    Clear,
    ClearLess,
    ClearMore,
    Reverse,
    ClearAndRefund,
    Refund,
    Expire,
}

/// A transaction and what is due.
#[derive(Debug, Serialize, Deserialize)]
struct Due {
    payment: Uuid,
    what: DueStep,
}

/// Leaves what a merchant does by itself after an approval, and the end of the hold.
pub(super) fn leave(work: &mut Work<'_>, payment: &CardPayment, merchant: &str) -> Result<(), StoreError> {
    let plan = work.app().settings.cards.processor.as_ref().and_then(|processor| processor.plan(merchant));
    let does = |what| plan.map(|plan: Plan| (what, work.in_time(plan.after)));
    let planned = match plan.map(|plan| plan.does) {
        Some(Does::Clear) => does(DueStep::Clear),
        Some(Does::ClearLess) => does(DueStep::ClearLess),
        Some(Does::ClearMore) => does(DueStep::ClearMore),
        Some(Does::Reverse) => does(DueStep::Reverse),
        Some(Does::ClearAndRefund) => does(DueStep::ClearAndRefund),
        Some(Does::Nothing) | None => None,
    };
    match (planned, payment.expires_at) {
        (Some((what, due)), Some(end)) if due < end => enqueue(work, payment.id, what, due),
        (_, Some(end)) => enqueue(work, payment.id, DueStep::Expire, end),
        (_, None) => Ok(()),
    }
}

fn enqueue(work: &mut Work<'_>, payment: Uuid, what: DueStep, due: Timestamp) -> Result<(), StoreError> {
    let payload = serde_json::to_vec(&Due { payment, what }).map_err(StoreError::unexpected)?;
    work.enqueue(NewJob { kind: DUE_JOB, lane: Lane::Quick, due, payload });
    Ok(())
}

/// The job.
pub async fn work_on_due(app: &App, job: &Job) -> Result<(), StoreError> {
    let Due { payment, what } = serde_json::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let mut snapshot = app.store.snapshot(job.position.book()).await?;
    let found = snapshot.objects_at::<CardPayment>(&[payment]).await?.pop();
    drop(snapshot);
    let mut touches = vec![Touch::Object(&PAYMENTS, payment)];
    touches.extend(found.into_iter().flat_map(|found| follow::touches(found.holder, found.card)));
    carry_out(app, job, touches, async move |work: &mut Work<'_>| {
        match work.object::<CardPayment>(payment)? {
            Some(payment) => come_due(work, payment, what).await,
            None => Ok(()),
        }
    })
    .await
}

async fn come_due(work: &mut Work<'_>, payment: CardPayment, what: DueStep) -> Result<(), Stop> {
    let (id, open) = (payment.id, payment.counters.open());
    if what == DueStep::Refund {
        // Somebody may have given it back before.
        return follow::follow(work, id, Follow::Refund(None)).await.map(drop);
    }
    let Some(end) = payment.expires_at.filter(|_| open > 0) else { return Ok(()) };
    if what == DueStep::Expire {
        return match end <= work.in_time(Duration::ZERO) {
            true => follow::follow(work, id, Follow::Expire).await.map(drop),
            // More was authorised since.
            false => Ok(enqueue(work, id, DueStep::Expire, end)?),
        };
    }
    if payment.counters.cleared + payment.counters.released > 0 {
        // Somebody else says what the merchant does.
        return Ok(enqueue(work, id, DueStep::Expire, end)?);
    }
    let step = match what {
        DueStep::ClearLess => Follow::Clear(Some((open / 2).max(1)), true),
        DueStep::ClearMore => Follow::Clear(Some(open + open / 10), true),
        DueStep::Reverse => Follow::Reverse(None),
        DueStep::Clear | DueStep::ClearAndRefund | DueStep::Refund | DueStep::Expire => {
            Follow::Clear(None, true)
        }
    };
    follow::follow(work, id, step)
        .await?
        .map_err(|impossible| StoreError::unexpected(impossible.0.into_owned()))?;
    if what == DueStep::ClearAndRefund {
        let after = work.in_time(work.now().saturating_since(payment.created_at));
        enqueue(work, id, DueStep::Refund, after)?;
    }
    Ok(())
}

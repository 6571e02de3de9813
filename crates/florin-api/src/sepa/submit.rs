//! The job that hands a transfer over to the bank.
//!
//! It is done in three steps, each of which may be the last before a crash: the transfer is marked as being handed
//! over; the bank is asked whether it has the transfer already, and given it if not; the transfer is marked as handed
//! over, and what the bank said at once is left to jobs of its own. So no transfer is handed over twice.

use super::hear::{SAID_JOB, fail};
use super::incoming::is_suspended;
use super::people::{MAX_NAME, People};
use super::postings::EUR;
use super::store::TRANSFERS;
use super::transfer::{FailureCode, Payee, State, Transfer, TransferFailure};
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, run_inside};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use florin_rails::sepa::{Boxed, Order, Party, RailError};
use florin_store::{Job, Lane, NewJob, Scope, Stop, StoreError, Touch};
use florin_types::{Iban, sepa_text};
use std::time::Duration;
use uuid::Uuid;

/// The kind of the job; its payload is the transfer's id.
pub const SUBMIT_JOB: &str = "sepa.submit";

/// How long a bank may take to answer: three times what an instant payment may take in all. What it does after that is
/// found by asking it again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Hands a transfer over.
pub async fn submit(app: &App, job: &Job) -> Result<(), StoreError> {
    let id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let book = job.position.book();
    let touch = || vec![Touch::Object(&TRANSFERS, id)];
    run_inside(app, book, touch(), async move |work: &mut Work<'_>| begin(work, id).await).await?;
    let mut snapshot = app.store.snapshot(book).await?;
    let transfer = snapshot.objects_at::<Transfer>(&[id]).await?.pop();
    let Some(transfer) = transfer.filter(|transfer| transfer.state == State::Submitting) else {
        return carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await;
    };
    let order = order_of(app, &mut snapshot, &transfer).await?;
    drop(snapshot);
    let rail = &app.settings.sepa.rail;
    let said = match in_time(rail.find(&order)).await? {
        Some(said) => said,
        None => in_time(rail.submit(&order)).await?,
    };
    carry_out(app, job, touch(), async move |work: &mut Work<'_>| {
        if let Some(transfer) = work.object::<Transfer>(id)?.filter(|found| found.state == State::Submitting)
        {
            work.put(&Transfer { state: State::Submitted, ..transfer })?;
        }
        for (delay, said) in &said {
            let payload = serde_json::to_vec(said).map_err(StoreError::unexpected)?;
            let due = work.in_time(*delay);
            work.enqueue(NewJob { kind: SAID_JOB, lane: Lane::Quick, due, payload });
        }
        Ok(())
    })
    .await
}

/// Marks a transfer that is held as being handed over. One of a user that was suspended meanwhile fails instead, and its
/// money can be spent again once the user may.
///
/// A bank refuses such an order and says so (Directive 2015/2366, article 79). To keep it until the suspension ends would
/// be worse: it would go out weeks after it was meant to (article 83 gives a bank one day), the user could not be deleted
/// until then, and nobody but the bank could take it back. One that is being handed over goes on: the bank may have it.
pub(super) async fn begin(work: &mut Work<'_>, id: Uuid) -> Result<(), Stop> {
    let held = work.object::<Transfer>(id)?.filter(|transfer| transfer.state == State::Held);
    let Some(transfer) = held else { return Ok(()) };
    work.load(&[Touch::Holder(transfer.holder)]).await?;
    if !is_suspended(work, transfer.holder) {
        return Ok(work.put(&Transfer { state: State::Submitting, ..transfer })?);
    }
    work.load(&[Touch::HolderAccount(transfer.holder, EUR)]).await?;
    fail(work, transfer, TransferFailure { code: FailureCode::UserSuspended, reason: None })
}

/// What a rail answers, within the time that it has.
async fn in_time<T>(answer: Boxed<'_, Result<T, RailError>>) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    answer
        .map_err(|_| StoreError::unavailable("the bank did not answer in time"))?
        .map_err(StoreError::unavailable)
}

/// A transfer as the bank gets it.
async fn order_of(app: &App, scope: &mut Scope, transfer: &Transfer) -> Result<Order, StoreError> {
    let book = scope.book();
    let is_refund = transfer.refunds.is_some();
    let keeper = if is_refund { book.partner() } else { transfer.holder };
    let people = People::load(app, scope, [keeper].into_iter()).await?;
    let payee: Option<Payee> = sealed::open(&app.seals, people.holder(keeper), transfer.sealed.as_deref())?;
    let payee = payee.ok_or_else(|| StoreError::unexpected("a pending transfer whose payee was erased"))?;
    let own = people.party(app, scope, keeper).await?;
    let creditor = Some(payee.name()).filter(|name| !name.is_empty()).unwrap_or_else(|| own.name.clone());
    Ok(Order {
        id: transfer.id,
        speed: transfer.speed,
        amount: transfer.amount,
        debtor: Party { name: sepa_text(&own.name, MAX_NAME), iban: own.iban },
        creditor: Party {
            name: sepa_text(&creditor, MAX_NAME),
            iban: Iban::parse(&payee.iban).map_err(StoreError::unexpected)?,
        },
        title: payee.title,
    })
}

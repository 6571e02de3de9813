//! The job that hands a transfer over to the bank, and the one that asks what became of an instant one.
//!
//! It is done in three steps, each of which may be the last before a crash: the transfer is marked as being handed
//! over; the bank is asked whether it has the transfer already, and given it if not; the transfer is marked as handed
//! over, and what the bank said at once is left to jobs of its own. So no transfer is handed over twice.
//!
//! A second try is an order of its own, with an id of its own: see [`Transfer::order_id`]. A job is about one order.

use super::files;
use super::hear::{SAID_JOB, fail};
use super::people::{MAX_NAME, People};
use super::postings::EUR;
use super::store::TRANSFERS;
use super::transfer::{FailureCode, NO_FILE_YET, Payee, State, Transfer, TransferFailure, transfer_of};
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, run_inside};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::users::{Profile, is_suspended};
use florin_ledger::HolderId;
use florin_rails::sepa::{Boxed, Later, Message, Order, Party, RailError, Speed, Status};
use florin_store::{Job, Lane, NewJob, Scope, Stop, StoreError, Touch};
use florin_types::{Iban, sepa_text};
use std::time::Duration;
use uuid::Uuid;

/// The kind of the job that hands over; its payload is the order's id.
pub const SUBMIT_JOB: &str = "sepa.submit";

/// The kind of the job that asks; its payload is the order's id.
pub const ASK_JOB: &str = "sepa.ask";

/// When an instant payment is final, by the rulebook of the scheme and article 5a of Regulation (EU) 260/2012 (as
/// amended by 2024/886). A bank that has said nothing until then is asked.
const INSTANT_LIMIT: Duration = Duration::from_secs(10);

/// The longest pause before a bank is asked again: an hour. It doubles until then.
const MAX_ASK_PAUSE: Duration = Duration::from_secs(3_600);

/// How long a bank may take to answer: three times what an instant payment may take in all. What it does after that is
/// found by asking it again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Leaves a transfer that is held to be handed over when it is time: to a job of its own, or, where payments are
/// gathered, to the next file.
pub(super) fn leave(work: &mut Work<'_>, transfer: &mut Transfer) {
    let rail = &work.app().settings.sepa.rail;
    if rail.gathers() {
        transfer.file = Some(NO_FILE_YET);
        return;
    }
    let (due, payload) = (
        rail.handed_over_at(transfer.speed, work.in_time(Duration::ZERO)),
        transfer.order_id().as_bytes().to_vec(),
    );
    work.enqueue(NewJob { kind: SUBMIT_JOB, lane: Lane::Rail, due, payload });
}

/// Hands a transfer over.
pub async fn submit(app: &App, job: &Job) -> Result<(), StoreError> {
    let order_id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let (id, book) = (transfer_of(order_id), job.position.book());
    if app.settings.sepa.rail.gathers() {
        return files::take_over(app, job, id).await;
    }
    let touch = || vec![Touch::Object(&TRANSFERS, id)];
    // A bank can refuse the first try, so that a second one waits, while the job of the first still runs.
    let is_in = move |state: State| {
        move |transfer: &Transfer| transfer.state == state && transfer.order_id() == order_id
    };
    run_inside(app, book, touch(), async move |work: &mut Work<'_>| begin(work, order_id).await).await?;
    let mut snapshot = app.store.snapshot(book).await?;
    let transfer = snapshot.objects_at::<Transfer>(&[id]).await?.pop();
    let Some(transfer) = transfer.filter(is_in(State::Submitting)) else {
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
        if let Some(transfer) = work.object::<Transfer>(id)?.filter(is_in(State::Submitting)) {
            work.put(&Transfer { state: State::Submitted, ..transfer })?;
        }
        leave_said(work, SAID_JOB, &said)?;
        if order.speed == Speed::Instant && !said.iter().any(|(pause, said)| is_answer(*pause, &said.message))
        {
            let (due, payload) = (work.in_time(INSTANT_LIMIT), order_id.as_bytes().to_vec());
            work.enqueue(NewJob { kind: ASK_JOB, lane: Lane::Rail, due, payload });
        }
        Ok(())
    })
    .await
}

/// Whether a message answers an instant payment in time.
fn is_answer(pause: Duration, message: &Message) -> bool {
    pause <= INSTANT_LIMIT && matches!(message, Message::Payment(_, Status::Settled | Status::Rejected(_)))
}

/// Leaves what the bank says, at once or later, to jobs of its own.
pub(super) fn leave_said(work: &mut Work<'_>, kind: &'static str, said: &Later) -> Result<(), StoreError> {
    for (pause, said) in said {
        let payload = serde_json::to_vec(said).map_err(StoreError::unexpected)?;
        let due = work.in_time(*pause);
        work.enqueue(NewJob { kind, lane: Lane::Quick, due, payload });
    }
    Ok(())
}

/// Asks the bank about an instant payment of which it has said nothing in time, again and again until it does. Silence
/// is never taken for a refusal: a second try would pay twice.
pub async fn ask(app: &App, job: &Job) -> Result<(), StoreError> {
    let order_id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let (id, book) = (transfer_of(order_id), job.position.book());
    let waits =
        move |transfer: &Transfer| transfer.state == State::Submitted && transfer.order_id() == order_id;
    let mut snapshot = app.store.snapshot(book).await?;
    let transfer = snapshot.objects_at::<Transfer>(&[id]).await?.pop();
    let Some(transfer) = transfer.filter(waits) else {
        return carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await;
    };
    let order = order_of(app, &mut snapshot, &transfer).await?;
    drop(snapshot);
    // A bank that does not know a payment that it took may find it yet: it is asked again, and not given it again.
    let said = in_time(app.settings.sepa.rail.find(&order)).await?.unwrap_or_default();
    carry_out(app, job, vec![Touch::Object(&TRANSFERS, id)], async move |work: &mut Work<'_>| {
        leave_said(work, SAID_JOB, &said)?;
        if let Some(transfer) = work.object::<Transfer>(id)?.filter(waits) {
            let so_far = work.now().saturating_since(transfer.created_at);
            let due = work.now().saturating_add(so_far.clamp(INSTANT_LIMIT, MAX_ASK_PAUSE));
            let payload = order_id.as_bytes().to_vec();
            work.enqueue(NewJob { kind: ASK_JOB, lane: Lane::Rail, due, payload });
        }
        Ok(())
    })
    .await
}

/// Marks a transfer that is held as being handed over. One of a user that was suspended meanwhile fails instead, and
/// its money can be spent again once the user may.
///
/// A bank refuses such an order and says so (Directive 2015/2366, article 79). To keep it until the suspension ends
/// would be worse: it would go out weeks after it was meant to (article 83 gives a bank one day), the user could not be
/// deleted until then, and nobody but the bank could take it back. One that is being handed over goes on: the bank may
/// have it.
pub(super) async fn begin(work: &mut Work<'_>, order: Uuid) -> Result<(), Stop> {
    let held = work.object::<Transfer>(transfer_of(order))?;
    let held = held.filter(|transfer| transfer.state == State::Held && transfer.order_id() == order);
    let Some(transfer) = held else { return Ok(()) };
    work.load(&[Touch::Holder(transfer.holder)]).await?;
    match fail_if_suspended(work, transfer).await? {
        Some(transfer) => Ok(work.put(&Transfer { state: State::Submitting, ..transfer })?),
        None => Ok(()),
    }
}

/// Fails a transfer that is held, if its user, who must have been touched, is suspended. Gives it back if not.
pub(super) async fn fail_if_suspended(
    work: &mut Work<'_>,
    transfer: Transfer,
) -> Result<Option<Transfer>, Stop> {
    if !is_suspended(work, transfer.holder) {
        return Ok(Some(transfer));
    }
    work.load(&[Touch::HolderAccount(transfer.holder, EUR)]).await?;
    fail(work, transfer, TransferFailure { code: FailureCode::UserSuspended, reason: None })?;
    Ok(None)
}

/// What a rail answers, within the time that it has.
pub(super) async fn in_time<T>(answer: Boxed<'_, Result<T, RailError>>) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    answer
        .map_err(|_| StoreError::unavailable("the bank did not answer in time"))?
        .map_err(StoreError::unavailable)
}

/// A transfer as the bank gets it.
pub(super) async fn order_of(app: &App, scope: &mut Scope, transfer: &Transfer) -> Result<Order, StoreError> {
    let keeper = keeper_of(transfer);
    let people = People::load(app, scope, [keeper].into_iter()).await?;
    let sides = Sides::of(app, &people, transfer)?;
    let own = people.party(app, scope, keeper).await?;
    Ok(Order {
        id: transfer.order_id(),
        speed: transfer.speed,
        amount: transfer.amount,
        debtor: Party { name: sepa_text(&own.name, MAX_NAME), iban: own.iban },
        creditor: Party { name: sepa_text(&sides.payee, MAX_NAME), iban: sides.iban },
        title: sides.title,
    })
}

/// Under whose key the payee is sealed.
pub(super) fn keeper_of(transfer: &Transfer) -> HolderId {
    if transfer.refunds.is_some() { transfer.holder.book().partner() } else { transfer.holder }
}

/// Who is paid, and what the payee reads.
pub(super) struct Sides {
    pub payee: String,
    pub iban: Iban,
    pub title: String,
}

impl Sides {
    /// Those of a transfer; `people` has its keeper.
    pub(super) fn of(app: &App, people: &People, transfer: &Transfer) -> Result<Self, StoreError> {
        let keeper = keeper_of(transfer);
        let payee: Option<Payee> =
            sealed::open(&app.seals, people.holder(keeper), transfer.sealed.as_deref())?;
        let payee =
            payee.ok_or_else(|| StoreError::unexpected("a pending transfer whose payee was erased"))?;
        let payer =
            people.profile(keeper).map_or_else(|| app.settings.sepa.holder_name.clone(), Profile::full_name);
        let name = Some(payee.name()).filter(|name| !name.is_empty());
        Ok(Self {
            payee: name.unwrap_or_else(|| payer.clone()),
            iban: Iban::parse(&payee.iban).map_err(StoreError::unexpected)?,
            title: payee.title,
        })
    }
}

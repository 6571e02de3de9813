//! What the bank says, applied to the book once: see `kit/book/inbox.rs`.

use super::deposit::{Deposit, DepositState, Sender};
use super::incoming::{self, Prepared};
use super::postings::{self, EUR};
use super::refund;
use super::store::TRANSFERS;
use super::transfer::{
    FAILED, FailureCode, Payee, REFUNDED, SETTLED, State, Step, Transfer, TransferFailure,
};
use crate::kit::app::App;
use crate::kit::book::command::posting_refused;
use crate::kit::book::inbox::{self, Verdict};
use crate::kit::book::jobs::carry_out;
use crate::kit::book::sealed;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use florin_ledger::{AccountKind, HolderId};
use florin_rails::sepa::{Message, Reason, Said, Status};
use florin_store::{Job, Lane, NewJob, Scope, Stop, StoreError, Touch};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// The kind of the job that applies what the bank says later; its payload is a [`Said`] about a payment of ours.
pub const SAID_JOB: &str = "sepa.said";

/// What a message needs that was read before the command.
pub enum Heard {
    /// About this payment of ours.
    Payment(Uuid, Status),
    /// Money came in.
    Credit(Box<Prepared>),
}

/// A message that is ready to be applied.
pub struct Ready {
    said: Said,
    heard: Heard,
    /// Why it was refused. A command can run twice, so it is logged when it has ended.
    refused: Arc<OnceLock<String>>,
}

impl Ready {
    /// Reads what applying a message needs, and what the command must touch.
    pub async fn of(app: &App, scope: &mut Scope, said: Said) -> Result<(Self, Vec<Touch>), StoreError> {
        let mut touches = vec![
            inbox::touch(app, app.settings.sepa.rail.name(), &said.id),
            Touch::Partner,
            Touch::SystemAccount(EUR, AccountKind::SepaSettlement),
            Touch::SystemAccount(EUR, AccountKind::Suspense),
        ];
        let heard = match &said.message {
            Message::Payment(id, status) => {
                touches.push(Touch::Object(&TRANSFERS, *id));
                touches.push(Touch::SystemAccount(EUR, AccountKind::Fees));
                if let Some(transfer) = scope.objects_at::<Transfer>(&[*id]).await?.pop() {
                    touches.push(Touch::HolderAccount(transfer.holder, EUR));
                    touches.extend(refund::touch(&transfer));
                }
                Heard::Payment(*id, *status)
            }
            Message::Credit(credit) => {
                let prepared = Prepared::of(app, scope, credit).await?;
                touches.extend(prepared.touches(app));
                Heard::Credit(Box::new(prepared))
            }
        };
        Ok((Self { said, heard, refused: Arc::default() }, touches))
    }

    /// What logs, once the command has ended, that the message was refused.
    pub fn log(&self) -> impl FnOnce() + Send + use<> {
        let (refused, id) = (Arc::clone(&self.refused), self.said.id.clone());
        move || {
            if let Some(reason) = refused.get() {
                tracing::error!(%id, %reason, "a message of the bank was refused and waits for a person");
            }
        }
    }
}

/// The job: applies what the bank said about a payment of ours.
pub async fn apply_said(app: &App, job: &Job) -> Result<(), StoreError> {
    let said: Said = serde_json::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let mut snapshot = app.store.snapshot(job.position.book()).await?;
    let (ready, touches) = Ready::of(app, &mut snapshot, said).await?;
    drop(snapshot);
    let log = ready.log();
    carry_out(app, job, touches, async move |work: &mut Work<'_>| hear(work, &ready).await.map(drop)).await?;
    log();
    Ok(())
}

/// Applies a message, unless it was heard before. Answers the deposit that it made, if it made one.
///
/// # Errors
/// A fault. What cannot be true is no error: it is kept for a person.
pub async fn hear(work: &mut Work<'_>, ready: &Ready) -> Result<Option<Uuid>, Stop> {
    let rail = work.app().settings.sepa.rail.name();
    let Ready { said, heard, refused } = ready;
    if inbox::is_known(work, rail, &said.id)? {
        return Ok(None);
    }
    let (verdict, deposit) = match heard {
        Heard::Payment(id, status) => (pay(work, *id, *status).await?, None),
        Heard::Credit(prepared) => (Verdict::Applied, Some(incoming::book(work, prepared)?)),
    };
    if let Verdict::Refused(reason) = &verdict {
        refused.get_or_init(|| reason.clone());
    }
    inbox::keep(work, rail, &said.id, verdict, said)?;
    Ok(deposit)
}

/// Applies a status to a payment of ours.
pub(super) async fn pay(work: &mut Work<'_>, id: Uuid, status: Status) -> Result<Verdict, Stop> {
    let Some(transfer) = work.object::<Transfer>(id)? else {
        return Ok(Verdict::Refused("no payment has this id".to_owned()));
    };
    // The holder may have become known only now: another command of the batch made the transfer.
    let holder = transfer.holder;
    let mut touches = vec![Touch::HolderAccount(holder, EUR)];
    touches.extend(refund::touch(&transfer));
    work.load(&touches).await?;
    match transfer.step(status) {
        Step::Nothing => {}
        Step::Refuse(why) => return Ok(Verdict::Refused(why.to_owned())),
        Step::Accept => work.put(&Transfer { state: State::Submitted, ..transfer })?,
        Step::Settle => drop(settle(work, transfer)?),
        Step::Fail(reason) => fail(work, transfer, reason)?,
        Step::Return(amount, reason) => come_back(work, transfer, amount, reason)?,
        Step::SettleAndReturn(amount, reason) => {
            let transfer = settle(work, transfer)?;
            come_back(work, transfer, amount, reason)?;
        }
    }
    Ok(Verdict::Applied)
}

fn settle(work: &mut Work<'_>, transfer: Transfer) -> Result<Transfer, Stop> {
    let transfer = Transfer { state: State::Settled, ..transfer };
    let (kind, posting) = match transfer.refunds {
        None => (SETTLED.kind, postings::settle(&transfer)),
        Some(_) => (REFUNDED.kind, postings::refund(work.book(), transfer.amount)),
    };
    work.post(kind, transfer.id, &posting, Vec::new()).map_err(posting_refused)?;
    work.put(&transfer)?;
    match transfer.refunds {
        Some(deposit) => refund::ended(work, deposit, true)?,
        None => {
            emit(work, &transfer);
            repay_within(work, &transfer)?;
        }
    }
    Ok(transfer)
}

fn fail(work: &mut Work<'_>, transfer: Transfer, reason: Reason) -> Result<(), Stop> {
    let failure = Some(TransferFailure { code: FailureCode::Rejected, reason: Some(reason) });
    let transfer = Transfer { state: State::Failed, failure, ..transfer };
    work.put(&transfer)?;
    if let Some(deposit) = transfer.refunds {
        return refund::ended(work, deposit, false);
    }
    work.post(FAILED.kind, transfer.id, &postings::release(&transfer), Vec::new())
        .map_err(posting_refused)?;
    emit(work, &transfer);
    Ok(())
}

/// Money of a settled transfer has come back: a deposit of its own.
fn come_back(work: &mut Work<'_>, transfer: Transfer, amount: i64, reason: Reason) -> Result<(), Stop> {
    let failure = Some(TransferFailure { code: FailureCode::Returned, reason: Some(reason) });
    let transfer = Transfer { state: State::Returned, failure, ..transfer };
    work.put(&transfer)?;
    if let Some(deposit) = transfer.refunds {
        // What went out of suspense is there again.
        let suspended = postings::suspend(work.book(), amount);
        let id = work.id();
        work.post(super::deposit::SUSPENDED.kind, id, &suspended, Vec::new()).map_err(posting_refused)?;
        return refund::ended(work, deposit, false);
    }
    let holder = transfer.holder;
    let payee: Option<Payee> = open_own(work, holder, transfer.sealed.as_deref())?;
    let payee = payee.unwrap_or_default();
    let sender = Sender { name: payee.name(), iban: payee.iban, title: payee.title, to: String::new() };
    let id = work.id();
    // A user that was deleted meanwhile has no key any more.
    let payee = Some(holder).filter(|holder| incoming::can_be_paid(work, *holder));
    let keeper = payee.unwrap_or(work.book().partner());
    let deposit = Deposit {
        id,
        holder: payee,
        amount,
        state: DepositState::Credited,
        returns: Some(transfer.id),
        reason: Some(reason),
        sealed: Some(sealed::seal(work, keeper, &sender)?),
        created_at: work.now(),
    };
    incoming::credit_or_hold(work, deposit, &sender)?;
    emit(work, &transfer);
    Ok(())
}

/// Opens what is sealed under the key of a touched holder.
pub(super) fn open_own<T: serde::de::DeserializeOwned>(
    work: &Work<'_>,
    holder: HolderId,
    sealed: Option<&[u8]>,
) -> Result<Option<T>, StoreError> {
    sealed::open(&work.app().seals, work.holder_by_id(holder), sealed)
}

/// Emits where a transfer stands.
pub(super) fn emit(work: &mut Work<'_>, transfer: &Transfer) {
    let event = Event::about(EventType::SepaTransfer, transfer.id).of_holder(transfer.holder);
    work.emit(event.with(transfer.state.as_str().as_bytes().to_vec()));
}

/// The kind of the job by which a payment to an account of our own comes in again; its payload is the transfer's id.
pub const WITHIN_JOB: &str = "sepa.within";

/// In a sandbox the bank knows no other way from one of our accounts to another.
fn repay_within(work: &mut Work<'_>, transfer: &Transfer) -> Result<(), Stop> {
    let payee: Option<Payee> = open_own(work, transfer.holder, transfer.sealed.as_deref())?;
    let is_ours = payee.is_some_and(|payee| work.app().settings.sepa.is_ours(&payee.iban));
    if is_ours && work.app().is_sandbox() {
        let (due, payload) = (work.in_time(std::time::Duration::ZERO), transfer.id.as_bytes().to_vec());
        work.enqueue(NewJob { kind: WITHIN_JOB, lane: Lane::Quick, due, payload });
    }
    Ok(())
}

//! What the bank says, applied to the book once: see `kit/book/inbox.rs`.

use super::deposit::{Deposit, DepositState, Sender};
use super::incoming::{self, Prepared, Told};
use super::postings::{self, EUR};
use super::recalls;
use super::refund;
use super::store::TRANSFERS;
use super::submit::leave;
use super::transfer::{
    FAILED, FailureCode, Payee, REFUNDED, SETTLED, State, Step, Transfer, TransferFailure, transfer_of,
};
use crate::kit::app::App;
use crate::kit::book::command::posting_refused;
use crate::kit::book::inbox::{self, Verdict};
use crate::kit::book::jobs::carry_out;
use crate::kit::book::sealed;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use florin_ledger::{AccountKey, AccountKind, HolderId};
use florin_rails::sepa::{Message, Reason, RecallRequest, Said, Speed, Status};
use florin_store::{Holder, Job, Lane, NewJob, Scope, Stop, StoreError, Touch};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// The kind of the job that applies what the bank says later; its payload is a [`Said`] about a payment of ours.
pub const SAID_JOB: &str = "sepa.said";

/// The kind of the job that applies what the bank answers to a recall; its payload is a [`Said`].
pub const ANSWER_JOB: &str = "sepa.recall-answer";

/// What a message needs that was read before the command.
pub enum Heard {
    /// About this order of ours.
    Payment(Uuid, Status),
    /// Money came in.
    Credit(Box<Prepared>),
    /// A bank asks for money back.
    Recall(RecallRequest),
    /// A bank refuses what we asked for by this recall.
    RecallRefused(Uuid, Reason),
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
        let (mut ready, touches) = Self::all(app, scope, vec![said]).await?;
        let ready = ready.pop().ok_or_else(|| StoreError::unexpected("a message was lost"))?;
        Ok((ready, touches))
    }

    /// Reads what applying some messages in one command needs, in their order, and what the command must touch.
    pub async fn all(
        app: &App,
        scope: &mut Scope,
        all: Vec<Said>,
    ) -> Result<(Vec<Self>, Vec<Touch>), StoreError> {
        let rail = app.settings.sepa.rail.name();
        let mut touches = vec![
            Touch::Partner,
            Touch::SystemAccount(EUR, AccountKind::SepaSettlement),
            Touch::SystemAccount(EUR, AccountKind::Suspense),
            Touch::SystemAccount(EUR, AccountKind::Fees),
        ];
        touches.extend(all.iter().map(|said| inbox::touch(app, rail, &said.id)));
        let (mut payments, mut credits) = (Vec::new(), Vec::new());
        for said in &all {
            match &said.message {
                Message::Payment(order, _) => payments.push(transfer_of(*order)),
                Message::Credit(credit) => credits.push(credit),
                // They are rare: what they need is loaded in the command.
                Message::Recall(_) | Message::RecallRefused(..) => {}
            }
        }
        touches.extend(payments.iter().map(|id| Touch::Object(&TRANSFERS, *id)));
        if !payments.is_empty() {
            for transfer in scope.objects_at::<Transfer>(&payments).await? {
                touches.push(Touch::HolderAccount(transfer.holder, EUR));
                touches.push(Touch::Account(AccountKey::receivable(transfer.holder, EUR)));
                touches.extend(refund::touch(&transfer));
            }
        }
        let mut prepared = Prepared::all(app, scope, &credits).await?.into_iter();
        let mut ready = Vec::with_capacity(all.len());
        for said in all {
            let heard = match &said.message {
                Message::Payment(id, status) => Heard::Payment(*id, *status),
                Message::Credit(_) => {
                    let prepared = prepared.next();
                    let prepared = prepared.ok_or_else(|| StoreError::unexpected("a credit was lost"))?;
                    touches.extend(prepared.touches(app));
                    Heard::Credit(Box::new(prepared))
                }
                Message::Recall(request) => Heard::Recall(request.clone()),
                Message::RecallRefused(id, reason) => Heard::RecallRefused(*id, *reason),
            };
            ready.push(Self { said, heard, refused: Arc::default() });
        }
        Ok((ready, touches))
    }

    /// Leaves it to a person whose the money is.
    pub(super) fn give_to_nobody(&mut self) {
        if let Heard::Credit(prepared) = &mut self.heard {
            prepared.forget_payee();
        }
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

/// The id of the message by which a person has decided about an order, or a deposit, in a sandbox.
pub(super) fn decision_id(order: Uuid) -> String {
    format!("decided/{}", order.simple())
}

/// The job: applies what the bank said about a payment of ours. In a sandbox a person's decision goes before what the
/// simulated bank would have said.
pub async fn apply_said(app: &App, job: &Job) -> Result<(), StoreError> {
    let said: Said = serde_json::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let Message::Payment(order, _) = said.message else {
        return Err(StoreError::unexpected("the job is only about payments of ours"));
    };
    let decision = decision_id(order);
    let mut snapshot = app.store.snapshot(job.position.book()).await?;
    let (ready, mut touches) = Ready::of(app, &mut snapshot, said).await?;
    drop(snapshot);
    let rail = app.settings.sepa.rail.name();
    touches.push(inbox::touch(app, rail, &decision));
    let log = ready.log();
    carry_out(app, job, touches, async move |work: &mut Work<'_>| {
        let is_decided = inbox::is_known(work, rail, &decision)?;
        if is_decided { Ok(()) } else { hear(work, &ready).await.map(drop) }
    })
    .await?;
    log();
    Ok(())
}

/// The job: applies what the bank answers to a recall. No decision of a person goes before it: that was about the
/// payment, and this is asked for later.
pub async fn apply_answer(app: &App, job: &Job) -> Result<(), StoreError> {
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
    let Ready { said, refused, .. } = ready;
    if inbox::is_known(work, rail, &said.id)? {
        return Ok(None);
    }
    let (verdict, deposit) = apply(work, ready).await?;
    if let Verdict::Refused(reason) = &verdict {
        refused.get_or_init(|| reason.clone());
    }
    inbox::keep(work, rail, &said.id, (verdict, deposit), said)?;
    Ok(deposit)
}

/// Applies what a message says, whether it was heard before or not. Answers the deposit that it made, if it made one.
pub(super) async fn apply(work: &mut Work<'_>, ready: &Ready) -> Result<(Verdict, Option<Uuid>), Stop> {
    Ok(match &ready.heard {
        Heard::Payment(id, status) => (pay(work, *id, *status).await?, None),
        Heard::Credit(prepared) if !prepared.has_money() => {
            (Verdict::Refused("an amount must be above zero".to_owned()), None)
        }
        Heard::Credit(prepared) => (Verdict::Applied, Some(incoming::book(work, prepared)?)),
        Heard::Recall(request) => (recalls::hear(work, &ready.said.id, request).await?, None),
        Heard::RecallRefused(id, reason) => (recalls::hear_refusal(work, *id, *reason).await?, None),
    })
}

/// Applies a status to a payment of ours, which the bank knows as this order.
pub(super) async fn pay(work: &mut Work<'_>, order: Uuid, status: Status) -> Result<Verdict, Stop> {
    let id = transfer_of(order);
    let Some(transfer) = work.object::<Transfer>(id)? else {
        keep_money(work, None, status)?;
        return Ok(Verdict::Refused("no payment has this id".to_owned()));
    };
    // The holder may have become known only now: another command of the batch made the transfer.
    let holder = transfer.holder;
    let mut touches: Vec<Touch> = incoming::touches_to_pay(holder).into();
    touches.extend(refund::touch(&transfer));
    work.load(&touches).await?;
    let step = transfer.step_of(order, status);
    let counts = order == transfer.order_id();
    if matches!(step, Step::Settle | Step::SettleAndReturn(..)) && !refund::can_settle(work, &transfer)? {
        // A bank had rejected it and paid it all the same, but its money was given to somebody meanwhile. What went out
        // is not booked, so what of it comes back is not either.
        return Ok(Verdict::Refused("its refund had failed, and the money was given elsewhere".to_owned()));
    }
    // The first try was paid after all: it is the payment from now on.
    let transfer = if counts { transfer } else { Transfer { speed: Speed::Instant, ..transfer } };
    match step {
        Step::Nothing => {}
        Step::Refuse(why) => {
            // What a try that does not count sent out is not booked, so what of it comes back is not either.
            if counts {
                keep_money(work, Some(id), status)?;
            }
            return Ok(Verdict::Refused(why.to_owned()));
        }
        Step::Accept => work.put(&Transfer { state: State::Submitted, ..transfer })?,
        Step::Settle => {
            settle(work, transfer).await?;
        }
        Step::Fail(reason) => {
            let reason = Some(reason);
            fail(work, transfer, TransferFailure { code: FailureCode::Rejected, reason })?;
        }
        Step::FallBack(reason) => fall_back(work, transfer, reason)?,
        Step::Return(amount, reason) => come_back(work, transfer, amount, reason).await?,
        Step::SettleAndReturn(amount, reason) => {
            let transfer = settle(work, transfer).await?;
            come_back(work, transfer, amount, reason).await?;
        }
    }
    Ok(Verdict::Applied)
}

/// Money that came back though it cannot have is there all the same: it waits in suspense for a person.
fn keep_money(work: &mut Work<'_>, returns: Option<Uuid>, status: Status) -> Result<(), Stop> {
    let Status::Returned(amount, reason) = status else { return Ok(()) };
    if amount <= 0 {
        return Ok(());
    }
    let (id, partner) = (work.id(), work.book().partner());
    let deposit = Deposit {
        id,
        holder: None,
        amount,
        state: DepositState::Unmatched,
        returns,
        reason: Some(reason),
        recall: None,
        sealed: Some(sealed::seal(work, partner, &Sender::default())?),
        created_at: work.now(),
    };
    incoming::wait(work, deposit, DepositState::Unmatched).map(drop)
}

/// A transfer that the bank had rejected was paid all the same: the payer owes what is not there any more.
fn settle_late(work: &mut Work<'_>, transfer: Transfer) -> Result<Transfer, Stop> {
    let transfer = Transfer { state: State::Settled, failure: None, fee: 0, ..transfer };
    work.put(&transfer)?;
    if let Some(deposit) = transfer.refunds {
        let posting = postings::refund(work.book(), transfer.amount);
        work.post(REFUNDED.kind, transfer.id, &posting, Vec::new()).map_err(posting_refused)?;
        refund::ended(work, deposit, true)?;
        return Ok(transfer);
    }
    let account = work.account(AccountKey::main(transfer.holder, EUR));
    let account = account.ok_or_else(|| StoreError::unexpected("a payer without an account"))?;
    let posting = postings::settle_late(&transfer, account);
    work.post(SETTLED.kind, transfer.id, &posting, Vec::new()).map_err(posting_refused)?;
    emit(work, &transfer);
    Ok(transfer)
}

/// A transfer was paid. Where it gives money back, an open recall of that money has ended.
async fn settle(work: &mut Work<'_>, transfer: Transfer) -> Result<Transfer, Stop> {
    let is_late = transfer.state == State::Failed;
    let transfer = if is_late { settle_late(work, transfer)? } else { settle_in_time(work, transfer)? };
    if let Some(deposit) = transfer.refunds {
        recalls::end_where_gone(work, deposit).await?;
    }
    Ok(transfer)
}

fn settle_in_time(work: &mut Work<'_>, transfer: Transfer) -> Result<Transfer, Stop> {
    let transfer = Transfer { state: State::Settled, ..transfer };
    let (kind, posting) = match transfer.refunds {
        None => (SETTLED.kind, postings::settle(&transfer)),
        Some(_) => (REFUNDED.kind, postings::refund(work.book(), transfer.amount)),
    };
    work.post(kind, transfer.id, &posting, Vec::new()).map_err(posting_refused)?;
    work.put(&refund::without_payee(&transfer))?;
    match transfer.refunds {
        Some(deposit) => refund::ended(work, deposit, true)?,
        None => {
            emit(work, &transfer);
            repay_within(work, &transfer)?;
        }
    }
    Ok(transfer)
}

/// Ends a transfer that was not settled: its money can be spent again.
pub(super) fn fail(work: &mut Work<'_>, transfer: Transfer, failure: TransferFailure) -> Result<(), Stop> {
    let transfer = Transfer { state: State::Failed, failure: Some(failure), ..transfer };
    work.put(&refund::without_payee(&transfer))?;
    if let Some(deposit) = transfer.refunds {
        return refund::ended(work, deposit, false);
    }
    work.post(FAILED.kind, transfer.id, &postings::release(&transfer), Vec::new())
        .map_err(posting_refused)?;
    emit(work, &transfer);
    Ok(())
}

/// The bank cannot pay instantly: the transfer waits for its second try, a standard one.
fn fall_back(work: &mut Work<'_>, transfer: Transfer, reason: Reason) -> Result<(), Stop> {
    let (speed, fell_back, state) = (Speed::Standard, Some(reason), State::Held);
    let mut transfer = Transfer { speed, fell_back, state, ..transfer };
    leave(work, &mut transfer);
    Ok(work.put(&transfer)?)
}

/// Money of a settled transfer has come back: a deposit of its own.
async fn come_back(work: &mut Work<'_>, transfer: Transfer, amount: i64, reason: Reason) -> Result<(), Stop> {
    let failure = Some(TransferFailure { code: FailureCode::Returned, reason: Some(reason) });
    let returned = transfer.returned + amount;
    let transfer = Transfer { state: State::Returned, failure, returned, ..transfer };
    work.put(&refund::without_payee(&transfer))?;
    // A part that comes back for another reason leaves the recall open: the rest is still asked for.
    if reason == Reason::RECALLED || transfer.returned == transfer.amount {
        recalls::end_with_money(work, &transfer).await?;
    }
    let (id, created_at) = (work.id(), work.now());
    let (state, returns, reason) = (DepositState::Credited, Some(transfer.id), Some(reason));
    let (recall, sealed) = (None, None);
    let deposit = Deposit { id, holder: None, amount, state, returns, reason, recall, sealed, created_at };
    if let Some(refunded) = transfer.refunds {
        // It waits for a person, with what was known of the first sender.
        let first = work.object::<Deposit>(refunded)?;
        let first = first.ok_or_else(|| StoreError::unexpected("the deposit of a refund is gone"))?;
        work.load(&first.holder.map(Touch::Holder).into_iter().collect::<Vec<_>>()).await?;
        let keeper = keeper_of(work, first.holder);
        let sender = open_own::<Sender>(work, keeper, first.sealed.as_deref())?.unwrap_or_default();
        let sealed = Some(sealed::seal(work, keeper, &sender)?);
        // Whoever asks for the first one must not be told that it has its money.
        work.put(&Deposit { state: DepositState::CameBack, ..first.clone() })?;
        let deposit = Deposit { holder: first.holder, sealed, ..deposit };
        return incoming::wait(work, deposit, DepositState::Stuck).map(drop);
    }
    let holder = transfer.holder;
    let payee = open_own::<Payee>(work, holder, transfer.sealed.as_deref())?.unwrap_or_default();
    let sender = Sender { name: payee.name(), iban: payee.iban, title: payee.title, to: String::new() };
    let keeper = keeper_of(work, Some(holder));
    let sealed = Some(sealed::seal(work, keeper, &sender)?);
    let deposit = Deposit { holder: Some(holder), sealed, ..deposit };
    incoming::credit_or_hold(work, deposit, &sender, Told::ByTheTransfer)?;
    emit(work, &transfer);
    Ok(())
}

/// Under whose key what is known of a deposit is kept: its holder's, and the partner's where nobody knows whose it is,
/// or where the holder was erased.
pub(super) fn keeper_of(work: &Work<'_>, holder: Option<HolderId>) -> HolderId {
    let found = holder.and_then(|id| work.holder_by_id(id)).filter(|holder| can_keep(holder));
    found.map_or(work.book().partner(), |holder| holder.id)
}

/// Whether something can be kept under a holder's key: an erased user has none.
pub(super) fn can_keep(holder: &Holder) -> bool {
    holder.secret.is_some()
}

/// Opens what is sealed under the key of a touched holder.
pub(super) fn open_own<T: serde::de::DeserializeOwned>(
    work: &Work<'_>,
    holder: HolderId,
    sealed: Option<&[u8]>,
) -> Result<Option<T>, StoreError> {
    let found = work.holder_by_id(holder);
    let found = found.ok_or_else(|| StoreError::unexpected("the keeper of a sealed text is not touched"))?;
    sealed::open(&work.app().seals, Some(found), sealed)
}

/// Emits where a transfer stands.
pub(super) fn emit(work: &mut Work<'_>, transfer: &Transfer) {
    let event = Event::about(EventType::SepaTransfer, transfer.id).of_holder(transfer.holder);
    work.emit(event.with(transfer.moment()));
}

/// The kind of the job by which a payment to an account of our own comes in again; its payload is the transfer's id.
pub const WITHIN_JOB: &str = "sepa.within";

/// In a sandbox the bank knows no other way from one of our accounts to another.
fn repay_within(work: &mut Work<'_>, transfer: &Transfer) -> Result<(), Stop> {
    let payee: Option<Payee> = open_own(work, transfer.holder, transfer.sealed.as_deref())?;
    let is_ours = payee.is_some_and(|payee| work.app().settings.sepa.is_ours(&payee.iban));
    // Where payments go in files, the bank brings it in.
    let rail = &work.app().settings.sepa.rail;
    if is_ours && work.app().is_sandbox() && !rail.gathers() {
        let (due, payload) = (work.in_time(std::time::Duration::ZERO), transfer.id.as_bytes().to_vec());
        work.enqueue(NewJob { kind: WITHIN_JOB, lane: Lane::Quick, due, payload });
    }
    Ok(())
}

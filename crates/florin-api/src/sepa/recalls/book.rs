//! What happens to recalls in a book.

use super::recall::{
    DUE_JOB, HandOver, Happening, Recall, RecallDirection, RecallRefusal, RecallStatus, SEND_JOB, TAKEN_BACK,
    Words, answer_by,
};
use super::store::RECALLS;
use crate::kit::app::App;
use crate::kit::book::command::posting_refused;
use crate::kit::book::inbox::{self, Verdict};
use crate::kit::book::jobs::carry_out;
use crate::kit::book::memo::Memo;
use crate::kit::book::sealed;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::codes::{P428, P472, P473};
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::refusal::Refusal;
use crate::sepa::deposit::{Deposit, DepositState, Sender};
use crate::sepa::hear::{keeper_of, open_own};
use crate::sepa::incoming::{IbanStatusWord, can_be_paid, emit_status, touches_to_pay};
use crate::sepa::postings::{self, EUR};
use crate::sepa::refund;
use crate::sepa::store::DEPOSITS;
use crate::sepa::transfer::Transfer;
use crate::sepa::unsuspended::RELEASE_JOB;
use florin_ledger::AccountKind;
use florin_rails::sepa::{Reason, RecallRequest};
use florin_store::{Job, Lane, NewJob, Stop, StoreError, Touch};
use std::time::Duration;
use uuid::Uuid;

/// A bank asks for money back that came in: the message of this id.
pub(in crate::sepa) async fn hear(
    work: &mut Work<'_>,
    message: &str,
    request: &RecallRequest,
) -> Result<Verdict, Stop> {
    let rail = work.app().settings.sepa.rail.name();
    let touch = inbox::touch(work.app(), rail, &request.credit);
    work.load(&[touch]).await?;
    let deposit = inbox::made(work, rail, &request.credit)?;
    if let Some(id) = deposit {
        let state = load_deposit(work, id).await?.map(|deposit| deposit.state);
        let why = match state {
            Some(DepositState::Moved) => Some("an operator has moved the money to another partner"),
            Some(DepositState::CameBack) => Some(
                "the money went back and came back, and is a deposit of its own: answer the bank by hand",
            ),
            _ => None,
        };
        if let Some(why) = why {
            return Ok(Verdict::Refused(why.to_owned()));
        }
    }
    arrive(work, deposit, message, request).await?;
    Ok(Verdict::Applied)
}

/// A bank asks for a deposit back, or for one that never came. Answers the recall: where one of the deposit is open, or
/// this message has made its last one, that one, and nothing changes.
///
/// # Errors
/// A fault.
pub async fn arrive(
    work: &mut Work<'_>,
    deposit: Option<Uuid>,
    message: &str,
    request: &RecallRequest,
) -> Result<Uuid, Stop> {
    let deposit = match deposit {
        Some(id) => load_deposit(work, id).await?,
        None => None,
    };
    if let Some(last) = load_recall(work, deposit.as_ref().and_then(|deposit| deposit.recall)).await?
        && (last.status == RecallStatus::Open || last.message.as_deref() == Some(message))
    {
        return Ok(last.id);
    }
    let (id, now) = (work.id(), work.now());
    let holder = deposit.as_ref().and_then(|deposit| deposit.holder);
    let keeper = keeper_of(work, holder);
    let answer = known_answer(work, deposit.as_ref());
    let words = Words { text: request.text.clone(), case: request.case.clone() };
    let recall = Recall {
        id,
        direction: RecallDirection::Incoming,
        holder: holder.filter(|holder| *holder == keeper),
        payment: deposit.as_ref().map(|deposit| deposit.id),
        amount: deposit.as_ref().map_or(request.amount, |deposit| deposit.amount),
        reason: request.reason,
        status: RecallStatus::Open,
        answer: None,
        message: Some(message.to_owned()),
        sending: None,
        sealed: Some(sealed::seal(work, keeper, &words)?),
        created_at: now,
        answer_by: answer_by(now),
    };
    if let Some(deposit) = deposit {
        work.put(&Deposit { recall: Some(id), ..deposit })?;
    }
    if let Some(refusal) = answer {
        // There is nothing to be decided, so the partner gets no event.
        let (status, sending) = (RecallStatus::Refused, Some(HandOver::Waiting));
        work.put(&Recall { status, sending, answer: Some(refusal.code()), ..recall })?;
        leave_to_send(work, id);
        return Ok(id);
    }
    begin(work, &recall)?;
    emit(work, &recall);
    Ok(id)
}

/// Refuses a deposit that there is not.
///
/// # Errors
/// P428.
pub async fn require_deposit(work: &mut Work<'_>, id: Uuid) -> Result<(), Stop> {
    match load_deposit(work, id).await? {
        Some(_) => Ok(()),
        None => Err(Refusal::of(&P428).into()),
    }
}

/// What is answered without asking anybody.
fn known_answer(work: &Work<'_>, deposit: Option<&Deposit>) -> Option<RecallRefusal> {
    let Some(deposit) = deposit.filter(|deposit| deposit.returns.is_none()) else {
        return Some(RecallRefusal::NeverReceived);
    };
    match deposit.state {
        DepositState::Returning | DepositState::Refunded => Some(RecallRefusal::AlreadyReturned),
        DepositState::Credited => {
            let is_open = deposit.holder.is_some_and(|holder| can_be_paid(work, holder));
            (!is_open).then_some(RecallRefusal::ClosedAccount)
        }
        // No message about one that was moved or came back comes here; in a sandbox the partner answers.
        DepositState::Pending
        | DepositState::Held
        | DepositState::Unmatched
        | DepositState::Stuck
        | DepositState::Moved
        | DepositState::CameBack => None,
    }
}

/// Keeps a recall that is open until its time is over.
pub(super) fn begin(work: &mut Work<'_>, recall: &Recall) -> Result<(), Stop> {
    let (due, payload) = (recall.answer_by, recall.id.as_bytes().to_vec());
    work.enqueue(NewJob { kind: DUE_JOB, lane: Lane::Quick, due, payload });
    Ok(work.put(recall)?)
}

/// Leaves what there is to say to a job of its own.
pub(super) fn leave_to_send(work: &mut Work<'_>, recall: Uuid) {
    let (due, payload) = (work.in_time(Duration::ZERO), recall.as_bytes().to_vec());
    work.enqueue(NewJob { kind: SEND_JOB, lane: Lane::Rail, due, payload });
}

/// Gives the money of an incoming recall back.
///
/// # Errors
/// P472; P473 where it was answered; P433 where the holder does not have the money; P403 where the sender's account is
/// not known.
pub(super) async fn accept(work: &mut Work<'_>, id: Uuid) -> Result<(), Stop> {
    let recall = answerable(work, id).await?;
    let deposit = match recall.payment {
        Some(deposit) => load_deposit(work, deposit).await?,
        None => None,
    };
    let deposit = deposit.ok_or_else(|| StoreError::unexpected("an open recall without its deposit"))?;
    let keeper = keeper_of(work, deposit.holder);
    let sender = open_own::<Sender>(work, keeper, deposit.sealed.as_deref())?.unwrap_or_default();
    match (deposit.state, deposit.holder) {
        (DepositState::Credited, Some(holder)) => {
            let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let (reference, name, iban) = (text(&sender.title), text(&sender.name), text(&sender.iban));
            let memo = Memo { reference, name, iban, ..Memo::default() }.seal(work, holder)?;
            let posting = postings::take_back(holder, deposit.amount);
            work.post(TAKEN_BACK.kind, recall.id, &posting, memo).map_err(posting_refused)?;
        }
        (
            DepositState::Moved | DepositState::Returning | DepositState::Refunded | DepositState::CameBack,
            _,
        ) => {
            return Err(Refusal::because(&P473, "the money has gone already").into());
        }
        (DepositState::Pending, _) => emit_status(work, &deposit, IbanStatusWord::Rejected),
        _ => {}
    }
    refund::begin(work, &deposit, &sender, Reason::RECALLED)?;
    end(work, recall, Happening::Accepted)
}

/// Refuses an incoming recall.
///
/// # Errors
/// P472; P473 where it was answered.
pub(super) async fn refuse(work: &mut Work<'_>, id: Uuid, refusal: RecallRefusal) -> Result<(), Stop> {
    let recall = answerable(work, id).await?;
    let deposit = recall.payment;
    end(work, recall, Happening::Refused(refusal.code()))?;
    release(work, deposit).await
}

/// Money that was held while its user was suspended, and then because a bank asked for it, can be credited.
async fn release(work: &mut Work<'_>, deposit: Option<Uuid>) -> Result<(), Stop> {
    let Some(id) = deposit else { return Ok(()) };
    let held = load_deposit(work, id).await?.filter(|deposit| deposit.state == DepositState::Held);
    let holder = held.and_then(|deposit| deposit.holder).and_then(|holder| work.holder_by_id(holder));
    if let Some(handle) = holder.and_then(|holder| holder.handle.clone()) {
        let (due, payload) = (work.in_time(Duration::ZERO), handle.into_bytes());
        work.enqueue(NewJob { kind: RELEASE_JOB, lane: Lane::Quick, due, payload });
    }
    Ok(())
}

/// An incoming recall that waits for its answer.
async fn answerable(work: &mut Work<'_>, id: Uuid) -> Result<Recall, Stop> {
    work.load(&[Touch::Object(&RECALLS, id)]).await?;
    let recall = work.object::<Recall>(id)?.ok_or_else(|| Refusal::of(&P472))?;
    let why = match (recall.direction, recall.status) {
        (RecallDirection::Incoming, RecallStatus::Open) => return Ok(recall),
        (RecallDirection::Outgoing, _) => "the payee's bank answers this one",
        (RecallDirection::Incoming, RecallStatus::Accepted | RecallStatus::Refused) => "it was answered",
    };
    Err(Refusal::because(&P473, why).into())
}

/// The payee's bank refuses what a recall of ours asks for.
pub(in crate::sepa) async fn hear_refusal(
    work: &mut Work<'_>,
    id: Uuid,
    reason: Reason,
) -> Result<Verdict, Stop> {
    work.load(&[Touch::Object(&RECALLS, id)]).await?;
    let recall = work.object::<Recall>(id)?;
    let Some(recall) = recall.filter(|recall| recall.direction == RecallDirection::Outgoing) else {
        return Ok(Verdict::Refused("no recall of ours has this id".to_owned()));
    };
    if recall.sending == Some(HandOver::Waiting) {
        return Ok(Verdict::Refused("the recall was not handed over yet".to_owned()));
    }
    end(work, recall, Happening::Refused(reason))?;
    Ok(Verdict::Applied)
}

/// Money of a transfer has come back: that answers its recall.
pub(in crate::sepa) async fn end_with_money(work: &mut Work<'_>, transfer: &Transfer) -> Result<(), Stop> {
    let Some(id) = transfer.recall else { return Ok(()) };
    work.load(&[Touch::Object(&RECALLS, id)]).await?;
    let recall = work.object::<Recall>(id)?;
    let recall = recall.ok_or_else(|| StoreError::unexpected("the recall of a transfer is gone"))?;
    end(work, recall, Happening::MoneyCame)
}

/// Ends the recall of a deposit that goes back, or has, without the partner's answer.
pub(in crate::sepa) async fn end_where_gone(work: &mut Work<'_>, deposit: Uuid) -> Result<(), Stop> {
    let deposit = work.object::<Deposit>(deposit)?;
    let has_gone =
        |deposit: &Deposit| matches!(deposit.state, DepositState::Returning | DepositState::Refunded);
    let goes = deposit.filter(has_gone);
    match open_one(work, goes.and_then(|deposit| deposit.recall)).await? {
        Some(recall) => end(work, recall, Happening::MoneyGoes),
        None => Ok(()),
    }
}

/// The job: ends a recall that nobody has answered in time.
pub async fn end_unanswered(app: &App, job: &Job) -> Result<(), StoreError> {
    let id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let touches = vec![Touch::Object(&RECALLS, id)];
    carry_out(app, job, touches, async move |work: &mut Work<'_>| match work.object::<Recall>(id)? {
        Some(recall) => {
            let deposit = recall.payment.filter(|_| recall.direction == RecallDirection::Incoming);
            end(work, recall, Happening::Unanswered)?;
            release(work, deposit).await
        }
        None => Ok(()),
    })
    .await
}

/// Empties what a bank wrote in a recall that has ended, whose money gets an owner: it is kept under the partner's key,
/// and would outlive the owner's.
///
/// # Errors
/// P403 where an answer that is still to be handed over must repeat it.
pub(in crate::sepa) async fn forget_words(work: &mut Work<'_>, recall: Option<Uuid>) -> Result<(), Stop> {
    let Some(recall) = load_recall(work, recall).await? else { return Ok(()) };
    if matches!(recall.sending, Some(HandOver::Waiting | HandOver::Submitting)) {
        let why = "the bank that asked for the money is not told our answer yet: try again when it is";
        return Err(Refusal::invalid(why).into());
    }
    Ok(work.put(&Recall { sealed: None, ..recall })?)
}

/// Why money is not given to somebody while a bank asks for it back.
pub(in crate::sepa) const ANSWER_FIRST: &str = "a bank asks for the money back: answer that first";

/// What refuses to give money to somebody while a bank asks for it back.
///
/// # Errors
/// P403.
pub(in crate::sepa) async fn require_none_open(
    work: &mut Work<'_>,
    recall: Option<Uuid>,
) -> Result<(), Stop> {
    match open_one(work, recall).await? {
        Some(_) => Err(Refusal::invalid(ANSWER_FIRST).into()),
        None => Ok(()),
    }
}

/// A recall, if it is open.
pub(in crate::sepa) async fn open_one(
    work: &mut Work<'_>,
    recall: Option<Uuid>,
) -> Result<Option<Recall>, StoreError> {
    Ok(load_recall(work, recall).await?.filter(|recall| recall.status == RecallStatus::Open))
}

async fn load_recall(work: &mut Work<'_>, recall: Option<Uuid>) -> Result<Option<Recall>, StoreError> {
    let Some(id) = recall else { return Ok(None) };
    work.load(&[Touch::Object(&RECALLS, id)]).await?;
    work.object::<Recall>(id)
}

/// Applies what happened. A refusal of ours is left to be handed over, and an acceptance where the bank is told.
fn end(work: &mut Work<'_>, recall: Recall, happening: Happening) -> Result<(), Stop> {
    let Some((status, answer)) = recall.after(happening) else { return Ok(()) };
    let is_told = status == RecallStatus::Refused || work.app().settings.sepa.rail.tells_acceptance();
    let answers = recall.direction == RecallDirection::Incoming && is_told;
    let sending = if answers { Some(HandOver::Waiting) } else { recall.sending };
    let recall = Recall { status, answer, sending, ..recall };
    work.put(&recall)?;
    if answers {
        leave_to_send(work, recall.id);
    }
    emit(work, &recall);
    Ok(())
}

/// A deposit, with what giving its money back needs.
async fn load_deposit(work: &mut Work<'_>, id: Uuid) -> Result<Option<Deposit>, StoreError> {
    work.load(&[
        Touch::Object(&DEPOSITS, id),
        Touch::Partner,
        Touch::SystemAccount(EUR, AccountKind::Suspense),
    ])
    .await?;
    let deposit = work.object::<Deposit>(id)?;
    if let Some(holder) = deposit.as_ref().and_then(|deposit| deposit.holder) {
        work.load(&touches_to_pay(holder)).await?;
    }
    Ok(deposit)
}

/// Emits where a recall stands.
fn emit(work: &mut Work<'_>, recall: &Recall) {
    let event = Event::about(EventType::SepaRecall, recall.id);
    let event = recall.holder.map_or_else(|| event.clone(), |holder| event.clone().of_holder(holder));
    work.emit(event.with(recall.moment()));
}

//! What comes after an authorisation: clearing, reversal, expiry, refund, chargeback and representment; and what comes
//! without one: a forced clearing, and money that belongs to no purchase.

use super::authorise::Purchase;
use super::entry::{CardEntry, CardTransactionStatus, CardTransactionType, StepDetails, emit_step};
use super::foreign;
use super::postings::{self, EUR};
use super::store::{PAYMENTS, USAGES};
use crate::cards::card::Card;
use crate::cards::payment::{CHARGED_BACK, CardPayment, Change, Impossible, REFUNDED, REPRESENTED, Step};
use crate::cards::store::CARDS;
use crate::cards::unclaimed::{Unclaimed, UnclaimedState};
use crate::cards::usage::CardUsage;
use crate::kit::book::command::posting_refused;
use crate::kit::book::memo::Memo;
use crate::kit::book::sealed;
use crate::kit::book::terms::Terms;
use crate::kit::book::work::Work;
use crate::kit::endpoint::codes::{P434, P474};
use crate::kit::endpoint::refusal::Refusal;
use crate::users::Gate;
use florin_ledger::{AccountKey, AccountKind, HolderId, Posting, RecordKind};
use florin_store::{Stop, StoreError, Touch};
use uuid::Uuid;

/// A step after the authorisation. Amounts are in minor units of the transaction's currency; none is all that there is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Follow {
    /// The merchant takes money. `true`: it is the last time, and the rest is let go.
    Clear(Option<i64>, bool),
    /// The merchant lets a part of what is on hold go, or all of it.
    Reverse(Option<i64>),
    /// The hold is over.
    Expire,
    /// The merchant gives money back.
    Refund(Option<i64>),
    /// The holder disputes the payment.
    ChargeBack(Option<i64>),
    /// The merchant disputes the chargeback.
    Represent(Option<i64>),
}

/// What a command must touch for what comes after: the accounts of the holder and the house.
pub(super) fn touches(holder: HolderId, card: Uuid) -> Vec<Touch> {
    let of_house = |kind| Touch::SystemAccount(EUR, kind);
    vec![
        Touch::Object(&USAGES, card),
        Touch::HolderAccount(holder, EUR),
        Touch::Account(AccountKey::receivable(holder, EUR)),
        of_house(AccountKind::CardSettlement),
        of_house(AccountKind::Fees),
        of_house(AccountKind::Suspense),
    ]
}

/// Carries a step out.
///
/// # Errors
/// P474 for an unknown transaction, or a fault. [`Impossible`]: it cannot follow on where the transaction stands.
pub async fn follow(
    work: &mut Work<'_>,
    id: Uuid,
    step: Follow,
) -> Result<Result<CardEntry, Impossible>, Stop> {
    work.load(&[Touch::Object(&PAYMENTS, id)]).await?;
    let payment = work.object::<CardPayment>(id)?.ok_or_else(|| Refusal::of(&P474))?;
    let before = payment.clone();
    let next = match step {
        Follow::Clear(amount, is_last) => payment.clear(amount, is_last),
        Follow::Reverse(amount) => payment.reverse(amount),
        Follow::Expire => payment.expire(),
        Follow::Refund(amount) => payment.refund(amount),
        Follow::ChargeBack(amount) => payment.charge_back(amount),
        Follow::Represent(amount) => payment.represent(amount),
    };
    carry_out(work, &before, next, step).await
}

/// A merchant takes money for which no authorisation was asked. Nobody can refuse it.
///
/// # Errors
/// P434 for an unknown card, or a fault: that no rate of the currency is known at the moment is one.
pub async fn force(
    work: &mut Work<'_>,
    terms: &Terms,
    (card, purchase): (Uuid, &Purchase),
) -> Result<Result<CardEntry, Impossible>, Stop> {
    let payment = begin(work, terms, card, purchase).await?;
    let next = payment.clone().clear(Some(purchase.amount), true);
    carry_out(work, &payment, next, Follow::Clear(None, true)).await
}

/// Money comes in that belongs to no purchase of the card.
///
/// # Errors
/// As [`force`].
pub async fn credit(
    work: &mut Work<'_>,
    terms: &Terms,
    (card, purchase): (Uuid, &Purchase),
) -> Result<Result<CardEntry, Impossible>, Stop> {
    let payment = begin(work, terms, card, purchase).await?;
    let next = payment.clone().credit(purchase.amount);
    carry_out(work, &payment, next, Follow::Refund(None)).await
}

/// What can't be refused is to come again once there is a rate.
pub(super) fn no_rate() -> StoreError {
    StoreError::unavailable("no rate of the merchant's currency is known")
}

/// A transaction that begins without an authorisation.
async fn begin(
    work: &mut Work<'_>,
    terms: &Terms,
    card: Uuid,
    purchase: &Purchase,
) -> Result<CardPayment, Stop> {
    work.load(&[Touch::Object(&CARDS, card)]).await?;
    let card = work.object::<Card>(card)?.ok_or_else(|| Refusal::of(&P434))?;
    work.load(&touches(card.holder, card.id)).await?;
    let (id, now) = (work.id(), work.now());
    let Some(charge) = foreign::charge(work.app(), terms, purchase.currency, now)? else {
        return Err(no_rate().into());
    };
    let mut payment = CardPayment::new(id, (card.holder, card.id), purchase.channel, charge);
    if !has_left(work, card.holder) {
        payment.sealed = Some(sealed::seal(work, card.holder, &purchase.merchant)?);
    }
    Ok(payment)
}

/// Posts a step and emits its event.
async fn carry_out(
    work: &mut Work<'_>,
    before: &CardPayment,
    next: Step,
    step: Follow,
) -> Result<Result<CardEntry, Impossible>, Stop> {
    let (payment, change) = match next {
        Ok(next) => next,
        Err(impossible) => return Ok(Err(impossible)),
    };
    work.load(&touches(payment.holder, payment.card)).await?;
    let (kind, object, posting) = posting_of(work, &payment, change, step)?;
    if !posting.moves().is_empty() {
        let memo = memo(work, &payment)?;
        work.post(kind, object, &posting, memo).map_err(posting_refused)?;
    }
    let more = match (payment.counted(), before.counted()) {
        (Ok(after), Ok(before)) => after - before,
        _ => 0,
    };
    if more != 0 {
        let usage = work.object::<CardUsage>(payment.card)?;
        let mut usage = usage.unwrap_or_else(|| CardUsage::new(payment.card));
        usage.count((payment.counted_at, work.now()), payment.channel, more);
        work.put(&usage)?;
    }
    work.put(&payment)?;
    let details = details(before, &payment, change, step);
    Ok(Ok(emit_step(work, &payment, details)?))
}

/// The record of a step: its kind, its object and its posting. What comes after a payment is a line of its own in the
/// holder's history, so its record has an id of its own.
fn posting_of(
    work: &mut Work<'_>,
    payment: &CardPayment,
    change: Change,
    step: Follow,
) -> Result<(RecordKind, Uuid, Posting), StoreError> {
    let stands = payment.record().kind;
    Ok(match step {
        Follow::Clear(..) => (stands, payment.id, take(work, payment, change)?),
        Follow::Reverse(_) | Follow::Expire => (stands, payment.id, postings::hold(payment, change)),
        Follow::Refund(_) => give_back(work, REFUNDED.kind, payment, change)?,
        Follow::ChargeBack(_) => give_back(work, CHARGED_BACK.kind, payment, change)?,
        Follow::Represent(_) => (REPRESENTED.kind, work.id(), take(work, payment, change)?),
    })
}

fn take(work: &Work<'_>, payment: &CardPayment, change: Change) -> Result<Posting, StoreError> {
    let account = work.account(AccountKey::main(payment.holder, EUR));
    let account = account.ok_or_else(|| StoreError::unexpected("a card's holder without a balance"))?;
    Ok(postings::take(payment, change, account))
}

fn give_back(
    work: &mut Work<'_>,
    kind: RecordKind,
    payment: &CardPayment,
    change: Change,
) -> Result<(RecordKind, Uuid, Posting), StoreError> {
    let (id, debt) = (work.id(), work.debt(payment.holder, EUR)?);
    if !has_left(work, payment.holder) {
        return Ok((kind, id, postings::give_back(payment, change, debt)));
    }
    let amount = (-change.paid - debt).max(0);
    if amount > 0 {
        tracing::warn!(card = %payment.card, refund = %id, "a refund for a user that has left waits for a person");
        let (payment, state, created_at) = (payment.id, UnclaimedState::Waiting, work.now());
        work.put(&Unclaimed { id, payment, amount, state, created_at })?;
    }
    Ok((kind, id, postings::suspend(payment, change, amount)))
}

/// Whether a holder was deleted.
fn has_left(work: &Work<'_>, holder: HolderId) -> bool {
    work.holder_by_id(holder).is_none_or(|holder| Gate::of(holder).is_closed)
}

/// The merchant's name, for the holder's history.
fn memo(work: &mut Work<'_>, payment: &CardPayment) -> Result<Vec<u8>, StoreError> {
    if has_left(work, payment.holder) {
        return Ok(Vec::new());
    }
    let app = work.app();
    let holder = work.holder_by_id(payment.holder);
    let merchant =
        sealed::open::<crate::cards::payment::Merchant>(&app.seals, holder, payment.sealed.as_deref())?;
    let memo = Memo { merchant: merchant.map(|merchant| merchant.name), ..Memo::default() };
    memo.seal(work, payment.holder)
}

fn details(before: &CardPayment, after: &CardPayment, change: Change, step: Follow) -> StepDetails {
    use CardTransactionStatus as Status;
    use CardTransactionType as Type;
    let (was, is) = (before.counters, after.counters);
    let (kind, status, minor, cents) = match step {
        Follow::Clear(..) => (Type::Clearing, Status::Cleared, is.cleared - was.cleared, change.paid),
        Follow::Reverse(_) => (Type::Reversal, Status::Reversed, is.released - was.released, -change.held),
        Follow::Expire => (Type::Reversal, Status::Expired, is.released - was.released, -change.held),
        Follow::Refund(_) => (Type::Refund, Status::Refunded, is.refunded - was.refunded, -change.paid),
        Follow::ChargeBack(_) => {
            (Type::Refund, Status::ChargedBack, is.charged_back - was.charged_back, -change.paid)
        }
        Follow::Represent(_) => {
            (Type::Clearing, Status::Represented, is.represented - was.represented, change.paid)
        }
    };
    let (fee, wanted) = (change.fee.abs(), minor);
    StepDetails {
        kind,
        status,
        cents: Some(cents),
        fee,
        minor,
        wanted,
        decline: None,
        by: None,
        reply: None,
        reversed: 0,
    }
}

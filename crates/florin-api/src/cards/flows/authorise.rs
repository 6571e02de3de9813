//! An authorisation: may this be paid by this card? If so, the money is on hold.

use super::consulted::Consulted;
use super::due;
use super::entry::{CardEntry, CardTransactionStatus, CardTransactionType, StepDetails, emit_step};
use super::follow;
use super::foreign::{self, MerchantCurrency};
use super::known::Known;
use super::postings::{self, EUR};
use super::presents::Presents;
use super::store::USAGES;
use crate::cards::card::{Card, CardStatus};
use crate::cards::challenge;
use crate::cards::decide::{Asked, Authentication, Decision, DeclineReason, Presented, Windows, decide};
use crate::cards::payment::{
    AUTHORISED, CardChannel, CardPayment, Change, Charge, DecidedBy, Impossible, Merchant, PaymentState,
};
use crate::cards::store::{CARDS, TRIES};
use crate::cards::tries::CardTries;
use crate::cards::usage::CardUsage;
use crate::kit::app::App;
use crate::kit::book::command::posting_refused;
use crate::kit::book::memo::Memo;
use crate::kit::book::sealed;
use crate::kit::book::terms::Terms;
use crate::kit::book::work::Work;
use crate::kit::endpoint::codes::{P434, P474};
use crate::kit::endpoint::refusal::Refusal;
use crate::users::Gate;
use florin_ledger::{AccountKey, HolderId};
use florin_store::{Holder, Stop, StoreError, Touch};
use florin_types::{Country, Percentage, Price, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// How long money is on hold for a merchant that does not clear: seven days, which is what the networks give merchants
/// that ship goods. It is counted anew when more is authorised.
pub const HOLD_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A purchase that is asked for.
#[derive(Clone, Debug)]
pub struct Purchase {
    /// Minor units of the merchant's currency; above zero.
    pub amount: i64,
    /// The merchant's currency.
    pub currency: MerchantCurrency,
    /// Who is paid.
    pub merchant: Merchant,
    /// How the card is used.
    pub channel: CardChannel,
}

/// What an authorisation is about.
#[derive(Clone, Debug)]
pub enum AuthorisationTarget {
    /// A new transaction.
    New(Purchase),
    /// More of one that is approved: this many minor units of its currency.
    More(Uuid, i64),
}

/// An authorisation, as a merchant or the network asks for it.
#[derive(Clone)]
pub struct Authorisation {
    /// The card.
    pub card: Uuid,
    /// What is asked for.
    pub wanted: AuthorisationTarget,
    /// What is presented with the card.
    pub presents: Presents,
    /// Whether the merchant takes a part where the balance is too small.
    pub takes_part: bool,
    /// The 3-D Secure challenge that the merchant refers to.
    pub challenge: Option<Uuid>,
    /// What the partner's own endpoint says.
    pub partner: Consulted,
    /// The network has approved it in our place, and tells us: nothing can be declined any more.
    pub is_advice: bool,
}

/// What a command must touch to authorise, as far as it is known before.
pub fn touches(card: Uuid, holder: HolderId) -> Vec<Touch> {
    vec![
        Touch::Object(&CARDS, card),
        Touch::Object(&USAGES, card),
        Touch::Object(&TRIES, card),
        Touch::HolderAccount(holder, EUR),
        Touch::Account(AccountKey::receivable(holder, EUR)),
    ]
}

/// An authorisation with what it is decided by.
pub(super) struct Case<'a> {
    pub(super) card: Card,
    pub(super) holder: Holder,
    terms: &'a Terms,
    /// The transaction before this.
    pub(super) payment: CardPayment,
    pub(super) amount: i64,
    /// The merchant, where it is a new transaction.
    pub(super) merchant: Option<&'a Merchant>,
    /// What it costs in cents. None: there is no rate.
    cost: Option<i64>,
    usage: CardUsage,
    tries: CardTries,
    authentication: Authentication,
    /// Cents that the user can spend.
    available: i64,
}

/// Decides, and holds the money. A decline is no error: the entry says so.
///
/// # Errors
/// P434 for an unknown card, P474 for an unknown transaction; or a fault. [`Impossible`]: more cannot be added to the
/// transaction.
pub async fn authorise(
    work: &mut Work<'_>,
    terms: &Terms,
    asked: &Authorisation,
) -> Result<Result<CardEntry, Impossible>, Stop> {
    let mut case = match load(work, terms, asked).await? {
        Ok(case) => case,
        Err(impossible) => return Ok(Err(impossible)),
    };
    if asked.is_advice && case.cost.is_none() {
        // Kept as it was, it would be cleared at a rate that nobody has given.
        return Err(follow::no_rate().into());
    }
    let now = work.now();
    let presented = case.presented(work.app(), asked, now)?;
    let tries = case.tries.after(presented, now);
    if tries != case.tries {
        work.put(&tries)?;
    }
    let (decision, by) = case.decide((work.app(), now), asked, presented);
    if decision != Decision::Declined(DeclineReason::Velocity) {
        case.usage.use_at(now);
    }
    let (decision, by) = match (decision, asked.is_advice) {
        (_, true) => (Decision::Approved(case.available), DecidedBy::Network),
        (decision, false) => (decision, by),
    };
    let approved = match decision {
        // Where the partner was asked about a part, no more than that is approved.
        Decision::Approved(cents) => {
            case.part(cents).map(|part| part.min(asked.partner.most.unwrap_or(i64::MAX)))
        }
        Decision::Declined(_) => Ok(0),
    };
    let approved = match approved {
        Ok(approved) => approved,
        Err(impossible) => return Ok(Err(impossible)),
    };
    match decision {
        Decision::Declined(reason) => case.decline(work, reason, (by, &asked.partner)).map(Ok),
        Decision::Approved(_) if approved == 0 && !asked.is_advice => {
            case.decline(work, DeclineReason::InsufficientFunds, (by, &asked.partner)).map(Ok)
        }
        Decision::Approved(_) => {
            let entry = case.approve(work, approved, (by, &asked.partner))?;
            if let (Ok(_), Some(challenge)) = (&entry, asked.challenge) {
                challenge::use_up(work, challenge)?;
            }
            Ok(entry)
        }
    }
}

/// Reads what it is decided by.
async fn load<'a>(
    work: &mut Work<'_>,
    terms: &'a Terms,
    asked: &'a Authorisation,
) -> Result<Result<Case<'a>, Impossible>, Stop> {
    let known = Known::load(work, asked).await?.ok_or_else(|| Refusal::of(&P434))?;
    let id = asked.partner.transaction.unwrap_or_else(|| work.id());
    case_of(known, (work.app(), terms), asked, (id, work.now()))
}

/// Makes the case of what was read.
pub(super) fn case_of<'a>(
    known: Known,
    (app, terms): (&App, &'a Terms),
    asked: &'a Authorisation,
    (id, now): (Uuid, Timestamp),
) -> Result<Result<Case<'a>, Impossible>, Stop> {
    let Known { card, holder, usage, tries, payment, challenge, available } = known;
    let of_card = (card.holder, card.id);
    let (payment, amount, merchant, cost) = match &asked.wanted {
        AuthorisationTarget::New(Purchase { amount, currency, merchant, channel }) => {
            let charge = foreign::charge(app, terms, *currency, now)?;
            let in_vain = || Charge {
                currency: currency.currency().code,
                price: Price { decimals: currency.currency().decimals, ..Price::EUR },
                percentage: Percentage::ZERO,
                at: now,
            };
            let payment = CardPayment::new(id, of_card, *channel, charge.unwrap_or_else(in_vain));
            let cost = charge.map(|_| payment.cost_of(*amount)).transpose();
            (payment, *amount, Some(merchant), cost)
        }
        AuthorisationTarget::More(_, amount) => {
            let payment = payment.ok_or_else(|| Refusal::of(&P474))?;
            if payment.counters.open() == 0 {
                return Ok(Err(Impossible::because(
                    "nothing is on hold for the transaction, so no more can be added",
                )));
            }
            let cost = payment.cost_of(*amount).map(Some);
            (payment, *amount, None, cost)
        }
    };
    let processor = app.settings.cards.processor.as_ref();
    let needs = |merchant: &&Merchant| {
        processor.is_some_and(|processor| processor.needs_authentication(&merchant.name))
    };
    let authentication = match asked.challenge {
        Some(_) => {
            let payee = match merchant {
                Some(merchant) => Some(merchant.clone()),
                None => sealed::open(&app.seals, Some(&holder), payment.sealed.as_deref())?,
            };
            let payee = payee.map(|merchant| merchant.name);
            challenge::authentication((app, &holder), challenge.as_ref(), (&payment, payee, amount), now)?
        }
        None if merchant.filter(needs).is_some() => Authentication::Missing,
        None => Authentication::None,
    };
    let case = |cost| Case {
        card,
        holder,
        terms,
        payment,
        amount,
        merchant,
        cost,
        usage,
        tries,
        authentication,
        available,
    };
    Ok(cost.map(case))
}

impl Case<'_> {
    /// The part of the amount that this many cents pay.
    pub(super) fn part(&self, cents: i64) -> Result<i64, Impossible> {
        match self.cost {
            Some(cost) if cost <= cents => Ok(self.amount),
            Some(_) => self.payment.affordable(self.amount, cents),
            None => Ok(0),
        }
    }

    fn may_pay(&self) -> bool {
        Gate::of(&self.holder).may_pay()
    }

    /// What is presented, as far as it is looked at: not by a card by which nobody pays now.
    pub(super) fn presented(
        &self,
        app: &App,
        asked: &Authorisation,
        now: Timestamp,
    ) -> Result<Presented, StoreError> {
        let is_usable = self.card.status == CardStatus::Active && now < self.card.expires_at;
        match is_usable && self.may_pay() {
            true => asked.presents.check(app, (&self.card, &self.holder), (&self.tries, now)),
            false => Ok(Presented::default()),
        }
    }

    /// What is decided, and by whom.
    pub(super) fn decide(
        &self,
        (app, now): (&App, Timestamp),
        asked: &Authorisation,
        presented: Presented,
    ) -> (Decision, DecidedBy) {
        let processor = app.settings.cards.processor.as_ref();
        let country = self.merchant.and_then(|merchant| merchant.country.as_deref());
        let country = country.and_then(|code| Country::parse(code).ok());
        let is_blocked = |country: Country| match self.terms.blocked_card_countries(now) {
            Some(blocked) => blocked.has(country),
            None => !app.settings.reference.is_accepted(country),
        };
        let forced = processor.and_then(|processor| {
            DeclineReason::of_word(processor.forced_decline(self.amount, self.payment.decimals)?)
        });
        let limits = self.card.limits;
        decide(&Asked {
            is_active: self.card.status == CardStatus::Active,
            is_expired: now >= self.card.expires_at,
            may_pay: self.may_pay(),
            presented,
            authentication: self.authentication,
            is_category_served: self
                .merchant
                .is_none_or(|merchant| self.terms.serves_category(&merchant.mcc, now)),
            is_country_served: !country.is_some_and(is_blocked),
            uses: self.usage.uses(now),
            channel: self.payment.channel,
            charge: self.cost,
            limits: Windows::from(limits),
            used: self.usage.windows(now),
            available: self.available,
            takes_part: asked.takes_part,
            partner: asked.partner.word,
            forced,
        })
    }

    /// Holds the money.
    fn approve(
        mut self,
        work: &mut Work<'_>,
        approved: i64,
        (by, partner): (DecidedBy, &Consulted),
    ) -> Result<Result<CardEntry, Impossible>, Stop> {
        let (now, is_new) = (work.now(), self.merchant.is_some());
        let counted = self.payment.counted().unwrap_or_default();
        let step = match approved {
            // What the network has approved though nothing is there: it is known, and nothing is on hold.
            0 => {
                Ok((CardPayment { state: PaymentState::Reversed, ..self.payment.clone() }, Change::default()))
            }
            approved => self.payment.clone().authorise(approved, work.in_time(HOLD_FOR)),
        };
        let (mut payment, change) = match step {
            Ok(step) => step,
            Err(impossible) => return Ok(Err(impossible)),
        };
        let memo = self.seal(work, &mut payment)?;
        if is_new {
            payment.decided_by = by;
        }
        if change.held != 0 {
            let kind = if is_new { AUTHORISED.kind } else { payment.record().kind };
            let posting = postings::hold(&payment, change);
            work.post(kind, payment.id, &posting, memo).map_err(posting_refused)?;
        }
        // All of it counts from now on: who adds to an old transaction spends today.
        self.usage.count((payment.counted_at, now), payment.channel, -counted);
        payment.counted_at = now;
        self.usage.count((now, now), payment.channel, payment.counted().unwrap_or_default());
        work.put(&self.usage)?;
        work.put(&payment)?;
        if is_new {
            due::leave(work, &payment, self.merchant.map_or("", |merchant| &merchant.name))?;
        }
        let is_whole = approved == self.amount;
        let whole =
            if is_whole { CardTransactionStatus::Approved } else { CardTransactionStatus::PartiallyApproved };
        let details = StepDetails {
            kind: CardTransactionType::Authorization,
            status: whole,
            cents: Some(change.held),
            fee: payment.fee_in(approved).unwrap_or_default(),
            minor: approved,
            wanted: self.amount,
            decline: None,
            by: Some(by),
            reply: partner.reply.clone(),
            reversed: 0,
        };
        Ok(Ok(emit_step(work, &payment, details)?))
    }

    /// Notes that it was declined.
    fn decline(
        mut self,
        work: &mut Work<'_>,
        reason: DeclineReason,
        (by, partner): (DecidedBy, &Consulted),
    ) -> Result<CardEntry, Stop> {
        let mut payment = self.payment.clone();
        if self.merchant.is_some() {
            payment.decline = Some(reason);
            payment.decided_by = by;
            self.seal(work, &mut payment)?;
            work.put(&payment)?;
        }
        let now = work.now();
        // Uses were noted; nothing more counts.
        self.usage.count((now, now), payment.channel, 0);
        work.put(&self.usage)?;
        let details = StepDetails {
            kind: CardTransactionType::Decline,
            status: CardTransactionStatus::Declined,
            cents: self.cost,
            fee: self.cost.and_then(|_| payment.fee_in(self.amount).ok()).unwrap_or_default(),
            minor: self.amount,
            wanted: self.amount,
            decline: Some(reason),
            by: Some(by),
            reply: partner.reply.clone(),
            reversed: 0,
        };
        Ok(emit_step(work, &payment, details)?)
    }

    /// Seals the merchant of a new transaction, and answers the memo of its record. Of a user who is gone nothing is
    /// kept.
    fn seal(&self, work: &mut Work<'_>, payment: &mut CardPayment) -> Result<Vec<u8>, StoreError> {
        let Some(merchant) = self.merchant.filter(|_| !Gate::of(&self.holder).is_closed) else {
            return Ok(Vec::new());
        };
        payment.sealed = Some(sealed::seal(work, payment.holder, merchant)?);
        let memo = Memo { merchant: Some(merchant.name.clone()), ..Memo::default() };
        memo.seal(work, payment.holder)
    }
}

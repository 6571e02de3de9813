//! A message of a card network, applied to the book once. The same message again is answered as it was.

use super::authorise::{self, Authorisation, AuthorisationTarget, Purchase, authorise};
use super::entry::CardEntry;
use super::follow::{self, Follow, credit, follow, force};
use super::foreign::MerchantCurrency;
use super::store::{ENTRIES, PAYMENTS};
use crate::cards::card::Card;
use crate::cards::payment::{CardPayment, Impossible};
use crate::cards::store::CARDS;
use crate::kit::app::App;
use crate::kit::book::inbox::{self, Verdict};
use crate::kit::book::terms::Terms;
use crate::kit::book::work::Work;
use crate::kit::endpoint::codes::{P434, P474};
use crate::kit::endpoint::refusal::Refusal;
use florin_ledger::HolderId;
use florin_store::{Scope, Stop, StoreError, Touch};
use serde::Serialize;
use uuid::Uuid;

/// What a network asks or says.
#[derive(Clone)]
pub enum CardMessage {
    /// May this be paid?
    Authorise(Box<Authorisation>),
    /// What comes after an authorisation.
    Follow(Uuid, Follow),
    /// A merchant takes money that was never authorised.
    Force(Uuid, Box<Purchase>),
    /// Money comes in that belongs to no purchase.
    Credit(Uuid, Box<Purchase>),
}

/// What applying a message comes to.
pub type Heard = Result<CardEntry, Impossible>;

/// What is kept of a message that was refused, for a person: no card number and no secret.
#[derive(Serialize)]
struct Refused<'a> {
    what: &'a str,
    id: Uuid,
    amount: Option<i64>,
    currency: Option<String>,
    merchant: Option<&'a str>,
}

impl CardMessage {
    fn kept(&self) -> Refused<'_> {
        let (what, id, amount, purchase) = match self {
            Self::Authorise(asked) => match &asked.wanted {
                AuthorisationTarget::New(purchase) => ("authorise", asked.card, None, Some(purchase)),
                AuthorisationTarget::More(payment, amount) => {
                    ("authorise more", *payment, Some(*amount), None)
                }
            },
            Self::Follow(payment, step) => {
                let (what, amount) = match step {
                    Follow::Clear(amount, _) => ("clear", *amount),
                    Follow::Reverse(amount) => ("reverse", *amount),
                    Follow::Expire => ("expire", None),
                    Follow::Refund(amount) => ("refund", *amount),
                    Follow::ChargeBack(amount) => ("charge back", *amount),
                    Follow::Represent(amount) => ("represent", *amount),
                };
                (what, *payment, amount, None)
            }
            Self::Force(card, purchase) => ("force", *card, None, Some(&**purchase)),
            Self::Credit(card, purchase) => ("credit", *card, None, Some(&**purchase)),
        };
        Refused {
            what,
            id,
            amount: amount.or(purchase.map(|purchase| purchase.amount)),
            currency: purchase.map(|purchase| purchase.currency.currency().code.to_string()),
            merchant: purchase.map(|purchase| purchase.merchant.name.as_str()),
        }
    }
}

/// What is kept with each message: who brought it.
pub fn rail(app: &App) -> &'static str {
    app.settings.cards.processor.as_ref().map_or("cards", |processor| processor.name())
}

/// What a command must touch to apply messages about a card, and about a transaction of it.
///
/// # Errors
/// When the database is away.
pub async fn touches_of_card(
    scope: &mut Scope,
    card: Uuid,
    payment: Option<Uuid>,
) -> Result<Vec<Touch>, StoreError> {
    let mut touches = vec![Touch::Object(&CARDS, card)];
    touches.extend(payment.map(|payment| Touch::Object(&PAYMENTS, payment)));
    if let Some(card) = scope.objects_at::<Card>(&[card]).await?.pop() {
        touches.extend(touches_of_holder(card.id, card.holder));
    }
    Ok(touches)
}

/// The same for a card whose holder is known.
pub fn touches_of_holder(card: Uuid, holder: HolderId) -> Vec<Touch> {
    let mut touches = authorise::touches(card, holder);
    touches.extend(follow::touches(holder, card));
    touches
}

/// What a command must touch to apply a message that has an id of the network's.
pub fn touches_of_message(app: &App, id: &str) -> [Touch; 2] {
    [inbox::touch(app, rail(app), id), Touch::Partner]
}

/// Refuses what is not there; answers the currency of the transaction.
///
/// # Errors
/// P434, P474, or a fault.
pub async fn require_card(
    work: &mut Work<'_>,
    card: Uuid,
    payment: Option<Uuid>,
) -> Result<Option<MerchantCurrency>, Stop> {
    let mut touches = vec![Touch::Object(&CARDS, card)];
    touches.extend(payment.map(|payment| Touch::Object(&PAYMENTS, payment)));
    work.load(&touches).await?;
    let card = work.object::<Card>(card)?.ok_or_else(|| Refusal::of(&P434))?;
    let Some(payment) = payment else { return Ok(None) };
    let found = work.object::<CardPayment>(payment)?.filter(|payment| payment.card == card.id);
    let payment = found.ok_or_else(|| Refusal::of(&P474))?;
    let currency = MerchantCurrency::of(payment.currency.as_str());
    Ok(Some(currency.ok_or_else(|| StoreError::unexpected("a transaction in an unknown currency"))?))
}

/// Applies a message, unless it was heard before: then it answers what it answered then. `id` is the network's own of
/// the message; none where it has none, which is applied each time.
///
/// # Errors
/// P434, P474, or a fault.
pub async fn hear(
    work: &mut Work<'_>,
    terms: &Terms,
    id: Option<&str>,
    message: &CardMessage,
) -> Result<Heard, Stop> {
    let rail = rail(work.app());
    let Some(id) = id else { return apply(work, terms, message).await };
    let touches = touches_of_message(work.app(), id);
    work.load(&touches).await?;
    if inbox::is_known(work, rail, id)? {
        return before(work, rail, id).await;
    }
    let heard = apply(work, terms, message).await?;
    let is_question = matches!(message, CardMessage::Authorise(asked) if !asked.is_advice);
    let (verdict, made) = match &heard {
        Ok(entry) => (Verdict::Applied, Some(entry.id)),
        // It is declined, so nothing is due and nobody need look.
        Err(_) if is_question => (Verdict::Applied, None),
        Err(Impossible(why)) => (Verdict::Refused(why.clone().into_owned()), None),
    };
    inbox::keep(work, rail, id, (verdict, made), &message.kept())?;
    Ok(heard)
}

/// What a message was answered that was heard before.
async fn before(work: &mut Work<'_>, rail: &str, id: &str) -> Result<Heard, Stop> {
    let Some(entry) = inbox::made(work, rail, id)? else {
        let why = inbox::refused_because(work, rail, id)?.unwrap_or_default();
        return Ok(Err(Impossible(why.into())));
    };
    work.load(&[Touch::Object(&ENTRIES, entry)]).await?;
    let entry = work.object::<CardEntry>(entry)?;
    Ok(Ok(entry.ok_or_else(|| StoreError::unexpected("the entry of a message is gone"))?))
}

async fn apply(work: &mut Work<'_>, terms: &Terms, message: &CardMessage) -> Result<Heard, Stop> {
    match message {
        CardMessage::Authorise(asked) => authorise(work, terms, asked).await,
        CardMessage::Follow(payment, step) => follow(work, *payment, *step).await,
        CardMessage::Force(card, purchase) => force(work, terms, (*card, purchase)).await,
        CardMessage::Credit(card, purchase) => credit(work, terms, (*card, purchase)).await,
    }
}

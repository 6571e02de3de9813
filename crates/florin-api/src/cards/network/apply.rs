//! The command that applies a message of a processor to the book of its card.

use super::translate::{Named, What};
use crate::cards::card::Card;
use crate::cards::flows::store::{ENTRIES, PAYMENTS};
use crate::cards::flows::{
    Authorisation, CardEntry, CardMessage, CardTransactionType, Follow, Purchase, Wanted, hear,
};
use crate::cards::payment::{CardPayment, PaymentState};
use crate::cards::store::CARDS;
use crate::kit::app::App;
use crate::kit::book::inbox::{self, Verdict};
use crate::kit::book::terms::Terms;
use crate::kit::book::work::Work;
use florin_store::{Stop, StoreError, Touch};
use uuid::Uuid;

/// What a message came to.
pub(super) enum Applied {
    /// This is kept of it, now or since it came first.
    Entry(Box<CardEntry>),
    /// Nothing was to be done.
    Nothing,
    /// It was not possible.
    Impossible,
}

/// What is kept with each message: who brought it.
pub(super) fn rail(app: &App) -> &'static str {
    app.settings.cards.processor.as_ref().map_or("cards", |processor| processor.name())
}

/// Applies a message, unless it was heard before. None: the card is not there.
pub(super) async fn apply(
    work: &mut Work<'_>,
    terms: &Terms,
    card: Uuid,
    named: &Named,
) -> Result<Option<Applied>, Stop> {
    work.load(&[Touch::Object(&CARDS, card)]).await?;
    if work.object::<Card>(card)?.is_none() {
        return Ok(None);
    }
    let before = Before::load(work, named.original.as_deref()).await?;
    let applied = match &named.what {
        What::Authorise(asked) => {
            let message = CardMessage::Authorise(Box::new(before.adds_to(card, asked)));
            hear_as(work, terms, named, &message).await?
        }
        What::Advise(_) if before.is_approved() => keep(work, named)?,
        What::Advise(asked) => {
            let asked = Authorisation { card, ..(**asked).clone() };
            hear_as(work, terms, named, &CardMessage::Authorise(Box::new(asked))).await?
        }
        What::Complete(purchase) => hear_as(work, terms, named, &before.completed(card, purchase)).await?,
        What::Refund(purchase) => hear_as(work, terms, named, &before.refunded(card, purchase)).await?,
        What::Reverse(remaining) => match before.released(*remaining) {
            Some((payment, amount)) => {
                let message = CardMessage::Follow(payment, Follow::Reverse(Some(amount)));
                hear_as(work, terms, named, &message).await?
            }
            None => keep_reversed(work, named)?,
        },
        What::TakeBack(remaining) => match before.taken_back(*remaining) {
            Some((payment, amount)) => {
                let message = CardMessage::Follow(payment, Follow::Refund(Some(amount)));
                hear_as(work, terms, named, &message).await?
            }
            None => keep_reversed(work, named)?,
        },
        What::Nothing => Applied::Nothing,
    };
    Ok(Some(applied))
}

async fn hear_as(
    work: &mut Work<'_>,
    terms: &Terms,
    named: &Named,
    message: &CardMessage,
) -> Result<Applied, Stop> {
    Ok(match hear(work, terms, Some(&named.id), message).await? {
        Ok(entry) => Applied::Entry(Box::new(entry)),
        Err(_) => Applied::Impossible,
    })
}

/// Keeps a message of which nothing comes.
fn keep(work: &mut Work<'_>, named: &Named) -> Result<Applied, StoreError> {
    keep_id(work, &named.id)?;
    Ok(Applied::Nothing)
}

/// Keeps a reversal of which nothing comes, and with it what it reverses, so that this is declined when it comes.
fn keep_reversed(work: &mut Work<'_>, named: &Named) -> Result<Applied, StoreError> {
    named.original.iter().try_for_each(|original| keep_id(work, original))?;
    keep(work, named)
}

fn keep_id(work: &mut Work<'_>, id: &str) -> Result<(), StoreError> {
    let rail = rail(work.app());
    match inbox::is_known(work, rail, id)? {
        true => Ok(()),
        false => inbox::keep(work, rail, id, (Verdict::Applied, None), &()),
    }
}

/// What came of the message that another one is about.
struct Before(Option<(CardEntry, CardPayment)>);

impl Before {
    /// Reads it. The messages must have been touched.
    async fn load(work: &mut Work<'_>, original: Option<&str>) -> Result<Self, Stop> {
        let rail = rail(work.app());
        let made = original.map(|id| inbox::made(work, rail, id)).transpose()?.flatten();
        let Some(entry) = made else { return Ok(Self(None)) };
        work.load(&[Touch::Object(&ENTRIES, entry)]).await?;
        let Some(entry) = work.object::<CardEntry>(entry)? else { return Ok(Self(None)) };
        work.load(&[Touch::Object(&PAYMENTS, entry.payment)]).await?;
        let payment = work.object::<CardPayment>(entry.payment)?;
        Ok(Self(payment.map(|payment| (entry, payment))))
    }

    /// Whether it was approved and still stands. What was reversed meanwhile and is approved in our place is new.
    fn is_approved(&self) -> bool {
        use PaymentState::{Authorised, Cleared};
        self.approved().is_some_and(|(payment, _)| matches!(payment.state, Authorised | Cleared))
    }

    /// The transaction, and how much of it the message approved.
    fn approved(&self) -> Option<(&CardPayment, i64)> {
        let (entry, payment) = self.0.as_ref()?;
        (entry.told.kind == CardTransactionType::Authorization).then_some((payment, entry.told.minor))
    }

    /// What is asked for: more of what was approved, or something new.
    fn adds_to(&self, card: Uuid, asked: &Authorisation) -> Authorisation {
        let wanted = match (self.approved(), &asked.wanted) {
            (Some((payment, _)), Wanted::New(purchase)) if is_in_its_currency(payment, purchase) => {
                Wanted::More(payment.id, purchase.amount)
            }
            (_, wanted) => wanted.clone(),
        };
        Authorisation { card, wanted, ..asked.clone() }
    }

    /// The clearing of what was approved, or of what never was: nobody can refuse either. What a merchant takes once is
    /// all that it takes, so the rest of the hold is let go. It can take more later, as every merchant can.
    fn completed(&self, card: Uuid, purchase: &Purchase) -> CardMessage {
        match self.approved() {
            Some((payment, _)) if is_in_its_currency(payment, purchase) => {
                CardMessage::Follow(payment.id, Follow::Clear(Some(purchase.amount), true))
            }
            _ => CardMessage::Force(card, Box::new(purchase.clone())),
        }
    }

    /// Money that goes back: of what was paid, or without a purchase.
    fn refunded(&self, card: Uuid, purchase: &Purchase) -> CardMessage {
        match &self.0 {
            Some((_, payment))
                if is_in_its_currency(payment, purchase) && paid(payment) >= purchase.amount =>
            {
                CardMessage::Follow(payment.id, Follow::Refund(Some(purchase.amount)))
            }
            _ => CardMessage::Credit(card, Box::new(purchase.clone())),
        }
    }

    /// What of the hold is let go, where something is: so much of what the message approved as is still on hold.
    fn released(&self, remaining: i64) -> Option<(Uuid, i64)> {
        let (payment, approved) = self.approved()?;
        let amount = (approved - remaining).min(payment.counters.open());
        (amount > 0).then_some((payment.id, amount))
    }

    /// What of a completion goes back, where something does.
    fn taken_back(&self, remaining: i64) -> Option<(Uuid, i64)> {
        let (entry, payment) = self.0.as_ref()?;
        let is_clearing = entry.told.kind == CardTransactionType::Clearing;
        let amount = (entry.told.minor - remaining).min(paid(payment));
        (is_clearing && amount > 0).then_some((payment.id, amount))
    }
}

/// What is paid of a transaction and not back.
fn paid(payment: &CardPayment) -> i64 {
    payment.counters.cleared - payment.counters.returned()
}

fn is_in_its_currency(payment: &CardPayment, purchase: &Purchase) -> bool {
    payment.currency == purchase.currency.currency().code
}

//! The command that applies a message of a processor to the book of its card.

use super::translate::{Content, Named};
use crate::cards::card::Card;
use crate::cards::flows::store::{ENTRIES, PAYMENTS};
use crate::cards::flows::{
    Authorisation, AuthorisationTarget, CardEntry, CardMessage, CardTransactionType, Follow, Purchase, hear,
    rail,
};
use crate::cards::payment::{CardPayment, PaymentState};
use crate::cards::store::CARDS;
use crate::kit::app::App;
use crate::kit::book::inbox::{self, Verdict};
use crate::kit::book::terms::Terms;
use crate::kit::book::work::Work;
use florin_store::{Scope, Stop, StoreError, Touch};
use serde::Serialize;
use uuid::Uuid;

/// What a message came to.
pub(super) enum Applied {
    /// This is kept of it, now or since it came first.
    Entry(Box<CardEntry>),
    /// Nothing was to be done, or a person must do it.
    Nothing,
    /// What it is about has not come yet, or has changed since: it is to be said again, and nothing is kept.
    Again,
    /// It was not possible.
    Impossible,
}

/// Applies a message, unless it was heard before: then it is answered by what is kept of it. None: the card is not
/// there.
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
    if inbox::is_known(work, rail(work.app()), &named.id)? {
        return heard(work, named).await.map(Some);
    }
    let before = Before::load(work, named.original.as_deref()).await?;
    let applied = match &named.content {
        Content::Authorise(asked) => {
            let now = before.adds_to(card, asked);
            if asked.partner.reply.is_some() && !is_about_the_same(&now.wanted, &asked.wanted) {
                return Ok(Some(Applied::Again));
            }
            hear_as(work, terms, named, &CardMessage::Authorise(Box::new(now))).await?
        }
        Content::Advise(_) if before.is_approved() => keep(work, named, before.entry())?,
        Content::Advise(asked) => {
            let asked = Authorisation { card, ..(**asked).clone() };
            hear_as(work, terms, named, &CardMessage::Authorise(Box::new(asked))).await?
        }
        Content::Complete(purchase) => hear_as(work, terms, named, &before.completed(card, purchase)).await?,
        Content::Refund(purchase) => hear_as(work, terms, named, &before.refunded(card, purchase)).await?,
        Content::Reverse(remaining) | Content::TakeBack(remaining)
            if *remaining > 0 && !is_there(work, named)? =>
        {
            Applied::Again
        }
        Content::Reverse(remaining) => match before.released(*remaining) {
            Some((payment, amount)) => {
                undo(work, terms, named, (before, payment), Follow::Reverse(Some(amount))).await?
            }
            None => keep_reversed(work, named)?,
        },
        Content::TakeBack(_) if before.is_refund() => {
            let why = "a refund is taken back, which is not booked by itself";
            refuse(work, named, why, &TakenBack::of(&before))?
        }
        Content::TakeBack(remaining) => match before.taken_back(*remaining) {
            Some((payment, amount)) => {
                undo(work, terms, named, (before, payment), Follow::Refund(Some(amount))).await?
            }
            None => keep_reversed(work, named)?,
        },
        Content::Unbookable(unbookable) => refuse(work, named, unbookable.why, unbookable)?,
        Content::Nothing => Applied::Nothing,
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

/// What a message is answered that was heard before.
async fn heard(work: &mut Work<'_>, named: &Named) -> Result<Applied, Stop> {
    match inbox::made(work, rail(work.app()), &named.id)? {
        Some(entry) => Ok(Applied::Entry(Box::new(entry_of(work, entry).await?.ok_or_else(no_entry)?))),
        None => Ok(Applied::Nothing),
    }
}

async fn entry_of(work: &mut Work<'_>, entry: Uuid) -> Result<Option<CardEntry>, StoreError> {
    work.load(&[Touch::Object(&ENTRIES, entry)]).await?;
    work.object::<CardEntry>(entry)
}

fn no_entry() -> StoreError {
    StoreError::unexpected("the entry of a message is gone")
}

/// Undoes a part of a message, and notes with it how much, so that no later one undoes the same part.
async fn undo(
    work: &mut Work<'_>,
    terms: &Terms,
    named: &Named,
    (before, payment): (Before, Uuid),
    step: Follow,
) -> Result<Applied, Stop> {
    let applied = hear_as(work, terms, named, &CardMessage::Follow(payment, step)).await?;
    if let (Applied::Entry(undone), Some((mut entry, _))) = (&applied, before.0) {
        entry.details.reversed += undone.details.minor;
        work.put(&entry)?;
    }
    Ok(applied)
}

/// Whether the message that this one is about was heard.
fn is_there(work: &Work<'_>, named: &Named) -> Result<bool, StoreError> {
    let rail = rail(work.app());
    named.original.as_ref().map_or(Ok(true), |original| inbox::is_known(work, rail, original))
}

/// Whether a question to the partner was about what is authorised now.
fn is_about_the_same(now: &AuthorisationTarget, then: &AuthorisationTarget) -> bool {
    match (now, then) {
        (AuthorisationTarget::New(_), AuthorisationTarget::New(_)) => true,
        (AuthorisationTarget::More(now, _), AuthorisationTarget::More(then, _)) => now == then,
        (AuthorisationTarget::New(_), AuthorisationTarget::More(..))
        | (AuthorisationTarget::More(..), AuthorisationTarget::New(_)) => false,
    }
}

/// Keeps a message of which nothing comes, with what was made before of what it says.
fn keep(work: &mut Work<'_>, named: &Named, made: Option<Uuid>) -> Result<Applied, StoreError> {
    let rail = rail(work.app());
    inbox::keep(work, rail, &named.id, (Verdict::Applied, made), &())?;
    Ok(Applied::Nothing)
}

/// Keeps a message for a person: it can't be refused, and can't be booked.
fn refuse(
    work: &mut Work<'_>,
    named: &Named,
    why: &str,
    content: &impl Serialize,
) -> Result<Applied, StoreError> {
    tracing::warn!(why, "a message of the cards' processor waits for a person");
    let rail = rail(work.app());
    inbox::keep(work, rail, &named.id, (Verdict::Refused(why.to_owned()), None), content)?;
    Ok(Applied::Nothing)
}

/// What is kept of a refund that is taken back.
#[derive(Serialize)]
struct TakenBack {
    what: &'static str,
    transaction: Option<Uuid>,
    amount: i64,
    currency: String,
}

impl TakenBack {
    fn of(before: &Before) -> Self {
        let found = before.0.as_ref();
        Self {
            what: "a refund that is taken back",
            transaction: found.map(|(_, payment)| payment.id),
            amount: found.map_or(0, |(entry, _)| entry.details.minor),
            currency: found.map_or_else(String::new, |(_, payment)| payment.currency.to_string()),
        }
    }
}

/// Keeps a reversal of which nothing comes, and with it what it reverses, so that this is declined when it comes.
fn keep_reversed(work: &mut Work<'_>, named: &Named) -> Result<Applied, StoreError> {
    let rail = rail(work.app());
    if let Some(original) = &named.original
        && !inbox::is_known(work, rail, original)?
    {
        inbox::keep(work, rail, original, (Verdict::Applied, None), &())?;
    }
    keep(work, named, None)
}

/// What came of the message that another one is about.
pub(super) struct Before(Option<(CardEntry, CardPayment)>);

impl Before {
    /// Reads it before a command.
    pub(super) async fn read(
        app: &App,
        scope: &mut Scope,
        original: Option<&str>,
    ) -> Result<Self, StoreError> {
        let Some(original) = original else { return Ok(Self(None)) };
        let Some(entry) = inbox::made_before(app, scope, rail(app), original).await? else {
            return Ok(Self(None));
        };
        let Some(entry) = scope.objects_at::<CardEntry>(&[entry]).await?.pop() else { return Ok(Self(None)) };
        let payment = scope.objects_at::<CardPayment>(&[entry.payment]).await?.pop();
        Ok(Self(payment.map(|payment| (entry, payment))))
    }

    /// Reads it. The messages must have been touched.
    async fn load(work: &mut Work<'_>, original: Option<&str>) -> Result<Self, Stop> {
        let rail = rail(work.app());
        let made = original.map(|id| inbox::made(work, rail, id)).transpose()?.flatten();
        let Some(entry) = made else { return Ok(Self(None)) };
        let Some(entry) = entry_of(work, entry).await? else { return Ok(Self(None)) };
        work.load(&[Touch::Object(&PAYMENTS, entry.payment)]).await?;
        let payment = work.object::<CardPayment>(entry.payment)?;
        Ok(Self(payment.map(|payment| (entry, payment))))
    }

    /// Whether it was approved and still stands. What was reversed meanwhile and is approved in our place is new.
    fn is_approved(&self) -> bool {
        use PaymentState::{Authorised, Cleared};
        self.approved().is_some_and(|(payment, _)| matches!(payment.state, Authorised | Cleared))
    }

    /// What was kept of it.
    fn entry(&self) -> Option<Uuid> {
        self.0.as_ref().map(|(entry, _)| entry.id)
    }

    /// Whether money went back by it.
    fn is_refund(&self) -> bool {
        self.0.as_ref().is_some_and(|(entry, _)| entry.details.kind == CardTransactionType::Refund)
    }

    /// The transaction, and how much of it the message approved that was not let go since.
    fn approved(&self) -> Option<(&CardPayment, i64)> {
        let (entry, payment) = self.0.as_ref()?;
        let is_approval = entry.details.kind == CardTransactionType::Authorization;
        is_approval.then_some((payment, entry.details.minor - entry.details.reversed))
    }

    /// What is asked for: more of what was approved, or something new.
    pub(super) fn adds_to(&self, card: Uuid, asked: &Authorisation) -> Authorisation {
        let wanted = match (self.approved(), &asked.wanted) {
            (Some((payment, _)), AuthorisationTarget::New(purchase))
                if is_in_its_currency(payment, purchase) =>
            {
                AuthorisationTarget::More(payment.id, purchase.amount)
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
        let is_clearing = entry.details.kind == CardTransactionType::Clearing;
        let amount = (entry.details.minor - entry.details.reversed - remaining).min(paid(payment));
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

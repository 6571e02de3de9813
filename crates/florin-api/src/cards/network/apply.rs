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
        Content::Authorise(_) if inbox::is_known(work, rail(work.app()), &advised(&named.id))? => {
            // The network has approved it in our place, and says so before it asks.
            let made = inbox::made(work, rail(work.app()), &advised(&named.id))?;
            keep(work, named, made)?;
            heard(work, named).await?
        }
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
            let applied = hear_as(work, terms, named, &CardMessage::Authorise(Box::new(asked))).await?;
            if let (Applied::Entry(entry), Some(original)) = (&applied, &named.original) {
                let rail = rail(work.app());
                inbox::keep(work, rail, &advised(original), (Verdict::Applied, Some(entry.id)), &())?;
            }
            applied
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
            refuse(work, &named.id, REFUND_TAKEN_BACK, &before.taken(before.minor()))?
        }
        Content::TakeBack(remaining) => take_back(work, terms, named, before, *remaining).await?,
        Content::Unbookable(unbookable) => refuse(work, &named.id, unbookable.why, unbookable)?,
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

/// Gives back what a completion has taken. What is back already, by refunds that named no completion, is a matter for a
/// person: the network pays it twice.
async fn take_back(
    work: &mut Work<'_>,
    terms: &Terms,
    named: &Named,
    before: Before,
    remaining: i64,
) -> Result<Applied, Stop> {
    let Some((payment, due, left)) = before.taken_back(remaining) else {
        return Ok(keep_reversed(work, named)?);
    };
    let rest = before.taken(due - left);
    if left == 0 {
        return Ok(refuse(work, &named.id, MORE_TAKEN_BACK, &rest)?);
    }
    let applied = undo(work, terms, named, (before, payment), Follow::Refund(Some(left))).await?;
    if due > left {
        let id = format!("{}/rest", named.id);
        let touch = inbox::touch(work.app(), rail(work.app()), &id);
        work.load(&[touch]).await?;
        refuse(work, &id, MORE_TAKEN_BACK, &rest)?;
    }
    Ok(applied)
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
    let Some(original) = &named.original else { return Ok(true) };
    Ok(inbox::is_known(work, rail, original)? || inbox::is_known(work, rail, &advised(original))?)
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
fn refuse(work: &mut Work<'_>, id: &str, why: &str, content: &impl Serialize) -> Result<Applied, StoreError> {
    tracing::warn!(why, "a message of the cards' processor waits for a person");
    let rail = rail(work.app());
    inbox::keep(work, rail, id, (Verdict::Refused(why.to_owned()), None), content)?;
    Ok(Applied::Nothing)
}

const REFUND_TAKEN_BACK: &str = "a refund is taken back, which is not booked by itself";
const MORE_TAKEN_BACK: &str = "more is taken back than is left of the payment, for refunds came between";
const WAITING_TAKEN_BACK: &str = "a message that waits for a person is taken back";

/// What is kept of something that is taken back.
#[derive(Serialize)]
struct TakenBack<'a> {
    transaction: Option<Uuid>,
    original: Option<&'a str>,
    /// In minor units of the currency.
    amount: i64,
    currency: Option<String>,
}

/// Keeps a reversal of which nothing comes, and with it what it reverses, so that this is declined when it comes.
fn keep_reversed(work: &mut Work<'_>, named: &Named) -> Result<Applied, StoreError> {
    let rail = rail(work.app());
    let Some(original) = &named.original else { return keep(work, named, None) };
    if inbox::refused_because(work, rail, original)?.is_some() {
        let original = Some(original.as_str());
        let kept = TakenBack { transaction: None, original, amount: 0, currency: None };
        return refuse(work, &named.id, WAITING_TAKEN_BACK, &kept);
    }
    if !inbox::is_known(work, rail, original)? {
        inbox::keep(work, rail, original, (Verdict::Applied, None), &())?;
    }
    keep(work, named, None)
}

/// The id under which it is kept what was approved in our place of a message, which need not have come itself.
pub(super) fn advised(id: &str) -> String {
    format!("{id}/advised")
}

/// What came of the message that another one is about, or of what was approved in its place.
pub(super) struct Before(Option<(CardEntry, CardPayment)>);

impl Before {
    /// Reads it before a command.
    pub(super) async fn read(
        app: &App,
        scope: &mut Scope,
        original: Option<&str>,
    ) -> Result<Self, StoreError> {
        let Some(original) = original else { return Ok(Self(None)) };
        let made = match inbox::made_before(app, scope, rail(app), &advised(original)).await? {
            Some(entry) => Some(entry),
            None => inbox::made_before(app, scope, rail(app), original).await?,
        };
        let Some(entry) = made else {
            return Ok(Self(None));
        };
        let Some(entry) = scope.objects_at::<CardEntry>(&[entry]).await?.pop() else { return Ok(Self(None)) };
        let payment = scope.objects_at::<CardPayment>(&[entry.payment]).await?.pop();
        Ok(Self(payment.map(|payment| (entry, payment))))
    }

    /// Reads it. The messages must have been touched.
    async fn load(work: &mut Work<'_>, original: Option<&str>) -> Result<Self, Stop> {
        let rail = rail(work.app());
        let Some(original) = original else { return Ok(Self(None)) };
        let made = inbox::made(work, rail, &advised(original))?.or(inbox::made(work, rail, original)?);
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

    /// What of a completion is to go back, where something is, and how much of that is not back yet.
    fn taken_back(&self, remaining: i64) -> Option<(Uuid, i64, i64)> {
        let (entry, payment) = self.0.as_ref()?;
        let is_clearing = entry.details.kind == CardTransactionType::Clearing;
        let due = entry.details.minor - entry.details.reversed - remaining;
        (is_clearing && due > 0).then(|| (payment.id, due, due.min(paid(payment)).max(0)))
    }

    /// The amount of the message.
    fn minor(&self) -> i64 {
        self.0.as_ref().map_or(0, |(entry, _)| entry.details.minor)
    }

    /// What is kept of so much of it that is taken back.
    fn taken(&self, amount: i64) -> TakenBack<'static> {
        let payment = self.0.as_ref().map(|(_, payment)| payment);
        TakenBack {
            transaction: payment.map(|payment| payment.id),
            original: None,
            amount,
            currency: payment.map(|payment| payment.currency.to_string()),
        }
    }
}

/// What is paid of a transaction and not back.
fn paid(payment: &CardPayment) -> i64 {
    payment.counters.cleared - payment.counters.returned()
}

fn is_in_its_currency(payment: &CardPayment, purchase: &Purchase) -> bool {
    payment.currency == purchase.currency.currency().code
}

//! A processor of cards that is connected by ISO 8583: its messages, applied to the book of the card.
//!
//! The link ([`florin_rails::cards::iso8583`]) brings a message; `translate.rs` says what it is here (pure); the card's
//! book is found by its number; and `apply.rs` is the command. A message has an id made of its key, so the same one
//! again, as a repeat or after a lost answer, is answered as it was. What came of an authorisation is found by the id
//! of its message, which a completion or a reversal names.
//!
//! A reversal that comes before what it reverses (over another connection) is kept, and what it reverses is declined
//! when it comes; one of a part is to be said again. What cannot be refused and is not possible is kept for a person,
//! as every refused message of a rail is (`kit/book/inbox.rs`).
//!
//! The partner may decide here as well. Another family asks it, which stands on this one: [`Ask`].

mod apply;
mod translate;

use super::flows::{
    Authorisation, CardEntry, CardTransactionType, rail, touches_of_authorisation, touches_of_holder,
};
use super::number::key_of;
use super::store::{self, Found};
use crate::kit::app::App;
use crate::kit::book::inbox;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::terms::Terms;
use crate::kit::book::work::Work;
use apply::{Applied, Before, advised, apply};
use florin_iso8583::{
    Advice, ApprovalCode, AuthorisationAnswer, AuthorisationRequest, Decline, Pan, Receipt, Reversal,
};
use florin_rails::cards::iso8583::{Boxed, CardHost};
use florin_store::{BookId, Snapshot, StoreError, Touch};
use florin_types::CardNumber;
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex, PoisonError};
use translate::{Content, Named, ProcessorMessage};
use uuid::Uuid;

/// Asks the partner about an authorisation before it is decided, and notes in it what it says. What is answered is to
/// be called after the decision.
pub type Ask = for<'a> fn(
    &'a App,
    Snapshot,
    &'a Terms,
    &'a str,
    &'a mut Authorisation,
) -> BoxFuture<'a, Result<Asked, StoreError>>;

/// Whether anybody but the rules decides about authorisations of a card.
pub type IsAsked = for<'a> fn(&'a App, BookId, Uuid) -> BoxFuture<'a, Result<bool, StoreError>>;

/// Follows an answer that may still come.
pub type Asked = Box<dyn FnOnce() + Send>;

/// The product, as a processor sees it.
pub struct CardNetwork {
    app: App,
    partners: (IsAsked, Ask),
}

/// A message that can be applied.
struct Ready {
    message: Named,
    terms: Terms,
    touches: Vec<Touch>,
    asked: Option<Asked>,
}

/// Why a message was not applied.
enum NotApplied {
    /// Nothing has happened, and this is the answer.
    Answer(Decline),
    /// It is not known what has happened.
    Unknown,
}

impl CardNetwork {
    /// For a platform.
    pub fn new(app: App, partners: (IsAsked, Ask)) -> Arc<Self> {
        Arc::new(Self { app, partners })
    }

    /// A card. Those of a sandbox that was reset are gone.
    async fn find(&self, pan: &Pan) -> Result<Found, NotApplied> {
        let number = CardNumber::parse(pan.expose()).map_err(|_| NotApplied::Answer(Decline::NoSuchCard))?;
        let key = key_of(&self.app, &number);
        match store::find_by_number(&self.app, &key).await {
            Ok(found) => found.ok_or(NotApplied::Answer(Decline::NoSuchCard)),
            Err(error) => {
                tracing::warn!(%error, "a card of a message could not be looked up");
                Err(NotApplied::Answer(Decline::Unavailable))
            }
        }
    }

    /// Applies a message once.
    async fn hear(&self, pan: &Pan, message: ProcessorMessage) -> Result<Applied, NotApplied> {
        if !self.app.may_write() || self.app.is_stopping() {
            return Err(NotApplied::Answer(Decline::Unavailable));
        }
        let found = self.find(pan).await?;
        let Found { book, card, .. } = found;
        let ready = self.read(&found, message.about(card, self.app.wall())).await;
        let Ready { message, terms, touches, asked } = ready.map_err(|error| {
            tracing::warn!(%error, book = book.0, "what a message about a card needs could not be read");
            NotApplied::Answer(Decline::Unavailable)
        })?;
        // A command can run twice; what the last run came to is what was committed.
        let outcome = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&outcome);
        let command = async move |work: &mut Work<'_>| {
            let applied = apply(work, &terms, card, &message).await?;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = applied;
            Ok(())
        };
        let done = run_inside(&self.app, book, touches, command).await;
        if let Some(asked) = asked {
            asked();
        }
        if let Err(error) = done {
            tracing::error!(%error, book = book.0, "a message about a card was not applied: it is not answered");
            return Err(NotApplied::Unknown);
        }
        let applied = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        applied.ok_or(NotApplied::Answer(Decline::NoSuchCard))
    }

    /// The terms of the card's partner, what the command must touch, and what the partner says where it is asked.
    /// The card is not read before: what is touched is read with the batch.
    async fn read(&self, found: &Found, mut message: Named) -> Result<Ready, StoreError> {
        let (app, Found { book, card, holder }) = (&self.app, *found);
        let terms = Terms::of_book(&app.store, book).await?;
        let mut touches = match message.content {
            Content::Authorise(_) => touches_of_authorisation(card, holder),
            _ => touches_of_holder(card, holder),
        };
        let rail = rail(app);
        let ids = std::iter::once(&message.id).chain(&message.original);
        touches
            .extend(ids.flat_map(|id| [inbox::touch(app, rail, id), inbox::touch(app, rail, &advised(id))]));
        touches.push(Touch::Partner);
        let (is_asked, ask) = self.partners;
        let asked = match &mut message.content {
            Content::Authorise(wanted) if is_asked(app, book, card).await? => {
                let mut snapshot = app.store.snapshot(book).await?;
                if inbox::was_heard(app, &mut snapshot, rail, &advised(&message.id)).await? {
                    return Ok(Ready { message, terms, touches, asked: None });
                }
                let before = Before::read(app, &mut snapshot, message.original.as_deref()).await?;
                **wanted = before.adds_to(card, wanted);
                Some(ask(app, snapshot, &terms, &message.id, wanted).await?)
            }
            _ => None,
        };
        Ok(Ready { message, terms, touches, asked })
    }

    async fn authorise(&self, request: AuthorisationRequest) -> Option<AuthorisationAnswer> {
        let declined = |decline| Some(AuthorisationAnswer::declined(decline));
        let message = match translate::authorisation(&request) {
            Ok(message) => message,
            Err(decline) => return declined(decline),
        };
        match self.hear(&request.payment.subject.pan, message).await {
            Ok(Applied::Entry(entry)) => Some(answer(&request, &entry)),
            Ok(Applied::Again) => declined(Decline::Unavailable),
            Ok(Applied::Nothing | Applied::Impossible) => declined(Decline::InvalidTransaction),
            Err(NotApplied::Answer(decline)) => declined(decline),
            Err(NotApplied::Unknown) => None,
        }
    }

    /// Applies what has happened anyway. What is not possible is kept for a person, so it is taken.
    async fn take(&self, pan: &Pan, message: Result<ProcessorMessage, Decline>) -> Receipt {
        let message = match message {
            Ok(ProcessorMessage { content: Content::Nothing, .. }) => return Receipt::Taken,
            Ok(message) => message,
            Err(decline) => return Receipt::Refused(decline),
        };
        match self.hear(pan, message).await {
            Ok(Applied::Again) => Receipt::Again,
            Ok(_) => Receipt::Taken,
            Err(NotApplied::Answer(Decline::Unavailable) | NotApplied::Unknown) => Receipt::Again,
            Err(NotApplied::Answer(decline)) => Receipt::Refused(decline),
        }
    }
}

/// What an authorisation is answered, by what is kept of it: the same each time.
fn answer(request: &AuthorisationRequest, entry: &CardEntry) -> AuthorisationAnswer {
    let details = &entry.details;
    if details.kind == CardTransactionType::Decline {
        let reason = details.decline.map_or(Decline::DoNotHonour, translate::reason);
        return AuthorisationAnswer::declined(reason);
    }
    let approval = approval_of(entry.id);
    match details.minor == details.wanted {
        true => AuthorisationAnswer::approved(approval),
        false => {
            let in_part = request.approve_in_part(approval, details.minor);
            in_part.unwrap_or(AuthorisationAnswer::declined(Decline::InsufficientFunds))
        }
    }
}

/// Letters and digits of approval codes: those that nobody mistakes for another when they are read aloud.
const APPROVAL_LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code by which an approval is known: six letters and digits of the random end of an id.
fn approval_of(entry: Uuid) -> ApprovalCode {
    let letter = |place: u32| {
        let index = usize::try_from(entry.as_u128() >> (place * 5) & 31).unwrap_or_default();
        char::from(APPROVAL_LETTERS[index])
    };
    let text: String = (0..6).map(letter).collect();
    ApprovalCode::parse(&text).expect("six letters and digits are a code")
}

impl CardHost for CardNetwork {
    fn authorise(&self, request: AuthorisationRequest) -> Boxed<'_, Option<AuthorisationAnswer>> {
        Box::pin(Self::authorise(self, request))
    }

    fn advise(&self, advice: Advice) -> Boxed<'_, Receipt> {
        Box::pin(async move {
            let message = translate::advice(&advice);
            self.take(&advice.payment.subject.pan, message).await
        })
    }

    fn reverse(&self, reversal: Reversal) -> Boxed<'_, Receipt> {
        Box::pin(async move {
            let message = translate::reversal(&reversal);
            self.take(&reversal.subject.pan, Ok(message)).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approvals_have_codes_that_differ() {
        let codes: std::collections::BTreeSet<String> =
            (0..1_000).map(|number| approval_of(Uuid::from_u128(number)).as_str().to_owned()).collect();
        assert_eq!(codes.len(), 1_000);
        assert!(codes.iter().all(|code| code.len() == 6));
    }
}

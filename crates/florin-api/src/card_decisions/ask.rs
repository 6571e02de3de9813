//! Asks a partner about an authorisation before it is decided.
//!
//! A question never holds up more than its own authorisation: its partner has a share of the places, an answer is
//! waited for within the budget and no longer, and nothing is locked meanwhile. What the answer means is decided by the
//! command that follows, over the state of its own moment.

use super::answer::{MAX_BYTES, read_answer};
use super::register::DEFAULT;
use super::store;
use crate::cards::{
    self, Authorisation, AuthorisationTarget, CardDecision, CardQuestion, Consulted, PartnerReply,
    PartnerWord, Preview,
};
use crate::kit::app::App;
use crate::kit::book::terms::Terms;
use crate::kit::deciders::{Desk, Waiting};
use crate::kit::shares::Place;
use crate::webhooks::{Signer, headers};
use bytes::Bytes;
use florin_ledger::BookId;
use florin_store::{Snapshot, StoreError, Touch};
use florin_types::Timestamp;
use florin_webhook::BaseUrl;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// How long an answer is waited for after the decision: ten seconds with the budget. It is only noted then, so that
/// whoever looks for the cause of time-outs sees by how much the answer was late.
const LATE: Duration = Duration::from_millis(8_500);

/// Characters that are kept of why there was no answer.
const MAX_ERROR: usize = 200;

/// An answer, or why there is none.
type Exchange = BoxFuture<'static, Result<CardDecision, String>>;

/// Who is asked.
enum Way {
    /// The partner's endpoint.
    Endpoint(BaseUrl, Option<Signer>),
    /// Whoever listens, in a sandbox.
    Desk,
}

/// What was asked, where the answer may still come.
#[must_use]
#[derive(Default)]
pub struct Pending(Option<Late>);

struct Late {
    app: App,
    book: BookId,
    question: Uuid,
    begun: Timestamp,
    exchange: Exchange,
    place: Place,
}

/// What an authorisation must touch if nobody but the rules decides about it: most partners want no question, and then
/// one statement is all that is read before the command. None: a snapshot says whom to ask.
///
/// # Errors
/// When the database is away.
pub async fn touches_of_unasked(
    app: &App,
    book: BookId,
    card: Uuid,
) -> Result<Option<Vec<Touch>>, StoreError> {
    if app.is_sandbox() && app.deciders.desk.is_listened_to(book) {
        return Ok(None);
    }
    let holder = store::holder_of_unasked(&app.store, book, card).await?;
    Ok(holder.map(|holder| cards::touches_of_authorisation(card, holder)))
}

/// Asks the partner about an authorisation, if it wants to be asked and the rules would approve; what it says is noted
/// in the authorisation. `message` is the network's id of the message. After the command has run, the answer that may
/// still come is followed with [`Pending::follow`].
///
/// # Errors
/// When the database is away, or what is read does not fit.
pub async fn consult(
    app: &App,
    mut snapshot: Snapshot,
    terms: &Terms,
    message: Option<&str>,
    asked: &mut Authorisation,
) -> Result<Pending, StoreError> {
    if asked.is_advice {
        return Ok(Pending::default());
    }
    let book = snapshot.book();
    let endpoint = store::find(&mut snapshot).await?;
    let of = |decision: Option<CardDecision>| decision.unwrap_or(DEFAULT) == CardDecision::Approve;
    let approves_on_timeout = of(endpoint.as_ref().map(|endpoint| endpoint.on_timeout));
    let approves_on_error = of(endpoint.as_ref().map(|endpoint| endpoint.on_error));
    let is_listened_to = app.is_sandbox() && app.deciders.desk.is_listened_to(book);
    let endpoint = endpoint.filter(|endpoint| endpoint.enabled && !is_listened_to);
    if endpoint.is_none() && !is_listened_to {
        return Ok(Pending::default());
    }
    let now = snapshot.book_row().now(app.wall());
    let (question, most) = match cards::preview((app, now), &mut snapshot, terms, message, asked).await? {
        Preview::Approved(question, most) => (question, most),
        Preview::Heard => return Ok(Pending::default()),
        Preview::Declined(reason) => {
            asked.partner = Consulted::without(PartnerWord::Unasked(reason));
            return Ok(Pending::default());
        }
        Preview::Refused => {
            asked.partner = Consulted::without(PartnerWord::Error(approves_on_error));
            return Ok(Pending::default());
        }
    };
    let way = match endpoint {
        Some(endpoint) => {
            let url = BaseUrl::parse(&endpoint.url).map_err(StoreError::unexpected)?;
            Way::Endpoint(url, Signer::of_book(app, &mut snapshot, now).await?)
        }
        None => Way::Desk,
    };
    // Nobody waits with a connection to the database in its hands.
    drop(snapshot);
    let begun = app.wall();
    let (outcome, pending) = ask(app, book, way, &question, begun).await?;
    let after = i64::try_from(app.wall().saturating_since(begun).as_millis()).unwrap_or(i64::MAX);
    let (word, decision, error) = match outcome {
        Outcome::Answer(CardDecision::Approve) => (PartnerWord::Approve, Some(CardDecision::Approve), None),
        Outcome::Answer(CardDecision::Decline) => (PartnerWord::Decline, Some(CardDecision::Decline), None),
        Outcome::Timeout(error) => (PartnerWord::Timeout(approves_on_timeout), None, Some(error)),
        Outcome::Error(error) => (PartnerWord::Error(approves_on_error), None, Some(error)),
    };
    let error = error.map(|error| error.chars().take(MAX_ERROR).collect());
    asked.partner = Consulted {
        word,
        reply: Some(PartnerReply { question: question.id, decision, after, is_late: false, error }),
        transaction: matches!(asked.wanted, AuthorisationTarget::New(_)).then_some(question.transaction_id),
        most: Some(most),
    };
    Ok(pending)
}

/// What asking comes to.
enum Outcome {
    Answer(CardDecision),
    Timeout(String),
    Error(String),
}

/// Asks, and waits for the answer within the budget.
async fn ask(
    app: &App,
    book: BookId,
    way: Way,
    question: &CardQuestion,
    begun: Timestamp,
) -> Result<(Outcome, Pending), StoreError> {
    let budget = app.settings.cards.decision_budget;
    let mut patience = pin!(sleep(budget));
    let place = tokio::select! {
        biased;
        place = app.deciders.places.take(book) => place,
        () = &mut patience => {
            let error = "not asked: too many questions of yours wait for an answer";
            return Ok((Outcome::Timeout(error.to_owned()), Pending::default()));
        }
    };
    let mut exchange = exchange(app, book, way, question)?;
    let answer = tokio::select! {
        biased;
        answer = &mut exchange => answer,
        () = &mut patience => {
            drop(place);
            let late = app.deciders.late.try_take(book).map(|place| Late {
                app: app.clone(),
                book,
                question: question.id,
                begun,
                exchange,
                place,
            });
            let error = format!("no answer within {} ms", budget.as_millis());
            return Ok((Outcome::Timeout(error), Pending(late)));
        }
    };
    let outcome = match answer {
        Ok(decision) => Outcome::Answer(decision),
        Err(error) => Outcome::Error(error),
    };
    Ok((outcome, Pending::default()))
}

/// The question on its way.
fn exchange(app: &App, book: BookId, way: Way, question: &CardQuestion) -> Result<Exchange, StoreError> {
    let (url, signer) = match way {
        Way::Desk => {
            let body = serde_json::value::to_raw_value(question).map_err(StoreError::unexpected)?;
            let waiting = Desk::put(&app.deciders, book, question.id, body);
            return Ok(of_desk(waiting).boxed());
        }
        Way::Endpoint(url, signer) => (url, signer),
    };
    let Some(signer) = signer else {
        let error = "not asked: there is no webhook endpoint, whose secret signs questions";
        return Ok(async { Err(error.to_owned()) }.boxed());
    };
    let body = Bytes::from(serde_json::to_vec(question).map_err(StoreError::unexpected)?);
    let headers = headers(&signer, question.id, app.wall(), &body)?;
    let sender = app.outgoing.sender.clone();
    Ok(async move {
        match sender.ask(&url.url(), headers, body, MAX_BYTES).await {
            Ok(answered) => read_answer(answered.status, &answered.body),
            Err(error) => Err(error.to_string()),
        }
    }
    .boxed())
}

async fn of_desk(waiting: Waiting) -> Result<CardDecision, String> {
    match waiting.answer().await {
        Some(true) => Ok(CardDecision::Approve),
        Some(false) => Ok(CardDecision::Decline),
        None => Err("nobody answers".to_owned()),
    }
}

impl Pending {
    /// Follows the answer that may still come, in the background: it is noted, and changes nothing.
    pub fn follow(self) {
        if let Some(late) = self.0 {
            tokio::spawn(late.note());
        }
    }
}

impl Late {
    async fn note(self) {
        let Self { app, book, question, begun, exchange, place } = self;
        let answer = tokio::select! {
            answer = timeout(LATE, exchange) => answer,
            () = app.stopped() => return,
        };
        drop(place);
        let Ok(Ok(decision)) = answer else { return };
        let after = i64::try_from(app.wall().saturating_since(begun).as_millis()).unwrap_or(i64::MAX);
        if let Err(error) = cards::note_late(&app, book, question, (decision, after)).await {
            tracing::warn!(%error, %question, %decision, "an answer came too late, and could not be noted");
        }
    }
}

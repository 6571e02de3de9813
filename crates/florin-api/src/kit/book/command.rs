//! From a handler to the door and back: runs a command, and turns its outcome into a response.

use super::work::{Work, WorkCommand};
use crate::kit::context::Context;
use crate::kit::endpoint::codes::{Code, P403, P470, P471, find};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::handler::Answered;
use crate::kit::endpoint::refusal::{Refusal, Refused};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use florin_ledger::PostingError;
use florin_store::{Answer, Command, Keyed, Outcome, Stop, StoreError, TakenKey, Touch};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

impl Context {
    /// Runs a command in the partner's book and answers with what it says, in the status that the call's type names.
    /// What it answered is committed when this returns.
    ///
    /// # Errors
    /// P470, P471, or a fault; what the command refuses is an answer like any other.
    pub async fn run<T: Serialize + 'static, const STATUS: u16>(
        &self,
        keyed: Option<Keyed>,
        touches: Vec<Touch>,
        command: impl AsyncFn(&mut Work<'_>) -> Result<T, Stop> + Send + 'static,
    ) -> Result<Answered<T, STATUS>, Failure> {
        let status = StatusCode::from_u16(STATUS).map_err(StoreError::unexpected)?;
        let command = WorkCommand::new(&self.app, status, command);
        self.run_command(keyed, touches, command).await.map(Answered::of_response)
    }

    /// Runs a command that makes its answer itself.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_command(
        &self,
        keyed: Option<Keyed>,
        touches: Vec<Touch>,
        command: impl Command,
    ) -> Result<Response, Failure> {
        response_of(self.app.store.door().run(self.partner.book, keyed, touches, command).await?)
    }

    /// Takes the key of a request whose handler asks somebody before its command: a repeat must ask nobody. Answers
    /// what the request was answered before, if it was.
    ///
    /// # Errors
    /// P470, P471, or a fault.
    pub async fn begin<T, const STATUS: u16>(
        &self,
        keyed: Option<Keyed>,
    ) -> Result<Begun<T, STATUS>, Failure> {
        let Some(keyed) = keyed else { return Ok(Begun::Now(None)) };
        let (door, book) = (self.app.store.door(), self.partner.book);
        let key = door.take_key(book, &keyed).ok_or_else(|| Refusal::of(&P471))?;
        let mut snapshot = self.snapshot().await?;
        let now = snapshot.book_row().now(self.app.wall());
        match door.look_up(&key, &mut snapshot, now).await? {
            Some(outcome) => Ok(Begun::Before(Answered::of_response(response_of(outcome)?))),
            None => Ok(Begun::Now(Some(key))),
        }
    }

    /// As [`Self::run`], for a request that has begun before.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_begun<T: Serialize + 'static, const STATUS: u16>(
        &self,
        key: Option<TakenKey>,
        touches: Vec<Touch>,
        command: impl AsyncFn(&mut Work<'_>) -> Result<T, Stop> + Send + 'static,
    ) -> Result<Answered<T, STATUS>, Failure> {
        let status = StatusCode::from_u16(STATUS).map_err(StoreError::unexpected)?;
        let command = WorkCommand::new(&self.app, status, command);
        let outcome = self.app.store.door().run_with(self.partner.book, key, touches, command).await?;
        response_of(outcome).map(Answered::of_response)
    }
}

/// What [`Context::begin`] finds.
pub enum Begun<T, const STATUS: u16> {
    /// The request is new; its key is taken.
    Now(Option<TakenKey>),
    /// It was answered before.
    Before(Answered<T, STATUS>),
}

fn response_of(outcome: Outcome) -> Result<Response, Failure> {
    match outcome {
        Outcome::Answered(answer) => Ok(respond(answer.status, answer.body)),
        Outcome::Replayed(answer) => {
            let mut response = respond(answer.status, answer.body);
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
            Ok(response)
        }
        Outcome::KeyReused(fields) => Err(reused(&fields).into()),
        Outcome::InProgress => Err(Refusal::of(&P471).into()),
    }
}

fn reused(fields: &[String]) -> Refusal {
    let message = format!("{}, which differs in: {}", P470.message, fields.join(", "));
    Refusal::with(&P470, message)
}

/// The answer of a command.
pub fn answer(status: StatusCode, body: &impl Serialize) -> Result<Answer, StoreError> {
    Ok(Answer { status: status.as_u16(), body: json(body)? })
}

impl<T: Serialize, const STATUS: u16> Answered<T, STATUS> {
    /// The answer of a read.
    ///
    /// # Errors
    /// What serde_json says, which has no reason to.
    pub fn of(body: &T) -> Result<Self, Failure> {
        Ok(Self::of_response(respond(STATUS, json(body)?)))
    }
}

fn json(body: &impl Serialize) -> Result<Bytes, StoreError> {
    serde_json::to_vec(body).map(Bytes::from).map_err(StoreError::unexpected)
}

fn respond(status: u16, body: Bytes) -> Response {
    let refused = refused_with(status, &body);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(code) = refused {
        response.extensions_mut().insert(Refused(code));
    }
    response
}

/// The code that a command refused with, for the log: its body begins with it.
pub(crate) fn refused_with(status: u16, body: &[u8]) -> Option<&'static Code> {
    const BEFORE: &[u8] = br#"{"errorCode":""#;
    // One refusal (P211) is answered 202.
    let code = body.strip_prefix(BEFORE).filter(|_| status >= 202)?.split(|byte| *byte == b'"').next()?;
    find(str::from_utf8(code).ok()?)
}

/// What a command refused, with its message, for those who are no client.
pub(crate) fn refusal_in(status: u16, body: &[u8]) -> Option<Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Message {
        error_message: String,
    }
    let code = refused_with(status, body)?;
    let Message { error_message } = serde_json::from_slice(body).ok()?;
    Some(Refusal::with(code, error_message))
}

/// What a posting that was not made means to a client: two refusals; the rest is a mistake of ours.
pub fn posting_refused(error: PostingError) -> Stop {
    match error {
        PostingError::InsufficientFunds(_) => Refusal::of(&crate::kit::endpoint::codes::P433).into(),
        PostingError::Overflow(_) => Refusal::with(&P403, "amount is more than the account can take").into(),
        other => Stop::Fault(StoreError::unexpected(other)),
    }
}

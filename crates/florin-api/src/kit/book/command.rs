//! From a handler to the door and back: runs a command, and turns what came of it into a response.

use crate::kit::app::App;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::codes::{Code, P403, P470, P471, find};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::{Refusal, Refused};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use florin_ledger::PostingError;
use florin_store::{Answer, Command, Keyed, Outcome, Stop, StoreError, Touch};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

impl App {
    /// Runs a command in the partner's book. What it answered is committed when this returns.
    pub async fn run(
        &self,
        partner: &Partner,
        keyed: Option<Keyed>,
        touches: Vec<Touch>,
        command: impl Command,
    ) -> Result<Response, Failure> {
        match self.store.door().run(partner.book, keyed, touches, command).await? {
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
}

fn reused(fields: &[String]) -> Refusal {
    let message = format!("{}, which differs in: {}", P470.message, fields.join(", "));
    Refusal::with(&P470, message)
}

/// The answer of a command.
pub fn answer(status: StatusCode, body: &impl Serialize) -> Result<Answer, StoreError> {
    Ok(Answer { status: status.as_u16(), body: json(body)? })
}

/// The response of a read.
pub fn ok(body: &impl Serialize) -> Result<Response, Failure> {
    Ok(respond(StatusCode::OK.as_u16(), json(body)?))
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

/// What a posting that was not made means to a client: two refusals; the rest is a mistake of ours.
pub fn posting_refused(error: PostingError) -> Stop {
    match error {
        PostingError::InsufficientFunds(_) => Refusal::of(&crate::kit::endpoint::codes::P433).into(),
        PostingError::Overflow(_) => Refusal::with(&P403, "amount is more than the account can take").into(),
        other => Stop::Fault(StoreError::unexpected(other)),
    }
}

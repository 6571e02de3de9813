//! The one call: who asks, what is asked, what may be told. Nothing of a person is logged.

use super::askers::{self, Asker};
use super::bounds::Counted;
use super::{PayeeDesk, own_payee};
use crate::kit::edge::partner::source_address;
use crate::kit::endpoint::codes::P404;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::body::{BODY_READ_TIMEOUT, check_head, receive};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use florin_rails::sepa::vop::{
    ANSWER_TIME, Answer, IdResult, MAX_BYTES, MessageCode, NameResult, Problem, Question, REQUEST_ID,
    REQUEST_TIME,
};
use florin_store::StoreError;
use florin_types::{Date, Timestamp};
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use std::time::Duration;
use uuid::Uuid;

/// The longest token that is looked at; ours are far shorter.
const MAX_TOKEN: usize = 256;

/// How long a request waits after a fault of ours.
const AFTER_FAULT_SECS: u32 = 1;

/// Why there is no result.
enum Stopped {
    /// There is no such path.
    Absent,
    /// The asker's doing.
    Problem(Box<Told>),
    /// Ours.
    Fault(StoreError),
}

/// A problem with what the head of its answer says besides.
struct Told {
    status: StatusCode,
    code: MessageCode,
    detail: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Fault(error)
    }
}

fn problem(status: StatusCode, code: MessageCode, detail: impl Into<String>) -> Stopped {
    Stopped::Problem(Box::new(Told { status, code, detail: detail.into(), header: None }))
}

fn format_error(detail: impl Into<String>) -> Stopped {
    problem(StatusCode::BAD_REQUEST, MessageCode::FormatError, detail)
}

/// Too much was asked. The EPC has no code for it.
fn too_many(detail: &str, seconds: u64) -> Stopped {
    let header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
    let detail = detail.to_owned();
    let status = StatusCode::TOO_MANY_REQUESTS;
    Stopped::Problem(Box::new(Told { status, code: MessageCode::None, detail, header }))
}

fn unknown_asker() -> Stopped {
    Stopped::Problem(Box::new(Told {
        status: StatusCode::UNAUTHORIZED,
        code: MessageCode::ClientInvalid,
        detail: "send the token that was agreed with you as Authorization: Bearer".to_owned(),
        header: Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"verification of payee\""))),
    }))
}

/// Answers a request of another bank.
pub(super) async fn answer(State(desk): State<PayeeDesk>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = match answer_or_stop(&desk, request).await {
        Ok(answer) => json(StatusCode::OK, answer.to_json()),
        Err(Stopped::Absent) => return Refusal::because(&P404, path).into_response(),
        Err(Stopped::Problem(told)) => {
            let title = told.status.canonical_reason().unwrap_or_default();
            let problem = Problem::new(told.status.as_u16(), told.code, title, told.detail);
            let mut response = json(told.status, problem.to_json());
            response.headers_mut().extend(told.header);
            response
        }
        Err(Stopped::Fault(error)) => fault(&error),
    };
    let now = desk.app.wall().to_string();
    let headers = response.headers_mut();
    headers.extend(HeaderValue::try_from(now).ok().map(|now| (HeaderName::from_static(ANSWER_TIME), now)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// Logged once, with its cause, and answered without it.
fn fault(error: &StoreError) -> Response {
    let status = match error {
        StoreError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        StoreError::Unexpected(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    tracing::error!(%error, status = status.as_u16(), "a question about a payee was not answered");
    let title = status.canonical_reason().unwrap_or_default();
    let problem = Problem::new(status.as_u16(), MessageCode::None, title, "ask again later");
    let mut response = json(status, problem.to_json());
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(AFTER_FAULT_SECS));
    response
}

async fn answer_or_stop(desk: &PayeeDesk, request: Request) -> Result<Answer, Stopped> {
    let (parts, body) = request.into_parts();
    let asker = asker_of(desk, &parts).await?;
    let day = desk.app.wall().date();
    let answered = match desk.app.limiter.check_asker(asker.id) {
        Ok(()) => answer_asker(desk, &asker, day, (&parts, body)).await,
        Err(refusal) => {
            let seconds = refusal.details.retry_after_secs.unwrap_or(AFTER_FAULT_SECS);
            Err(too_many("you ask too many questions a second", seconds.into()))
        }
    };
    if let Err(Stopped::Problem(_)) = &answered {
        desk.bounds.count(asker.id, day, Counted::Refused);
    }
    answered
}

/// Who asks, by the token of the request.
async fn asker_of(desk: &PayeeDesk, parts: &Parts) -> Result<Asker, Stopped> {
    let store = &desk.app.store;
    let token = token_of(parts);
    let asker = match token {
        Some(token) => askers::find(store, token).await?,
        None => None,
    };
    let is_post = parts.method == Method::POST;
    match asker {
        Some(asker) if is_post => return Ok(asker),
        Some(_) => {}
        None if !askers::is_there_one(store).await? => return Err(Stopped::Absent),
        None => {}
    }
    if !is_post {
        return Err(Stopped::Problem(Box::new(Told {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: MessageCode::None,
            detail: "ask with POST".to_owned(),
            header: Some((ALLOW, HeaderValue::from_static("POST"))),
        })));
    }
    let source = source_address(parts, &desk.app.settings.trusted_proxies);
    if let Err(refusal) = desk.app.limiter.check_wrong_key(source) {
        let seconds = refusal.details.retry_after_secs.unwrap_or(AFTER_FAULT_SECS);
        return Err(too_many("too many wrong tokens came from your address", seconds.into()));
    }
    Err(unknown_asker())
}

/// The one token of a request.
fn token_of(parts: &Parts) -> Option<&str> {
    let (scheme, token) = only(parts, &AUTHORIZATION)?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= MAX_TOKEN).then_some(token)
}

/// The one value of a header.
fn only<'a>(parts: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    let mut values = parts.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

async fn answer_asker(
    desk: &PayeeDesk,
    asker: &Asker,
    day: Date,
    (parts, body): (&Parts, axum::body::Body),
) -> Result<Answer, Stopped> {
    check_headers(parts)?;
    let body = receive(body, MAX_BYTES, BODY_READ_TIMEOUT).await;
    let body = body.map_err(|refusal| format_error(refusal.message))?;
    let question = Question::parse(&body).map_err(|error| format_error(error.to_string()))?;
    if asker.bic.as_ref().is_some_and(|bic| !is_same_bank(bic.as_str(), question.asked_by.as_str())) {
        let detail = "requestingAgent is not the bank of this token";
        return Err(problem(StatusCode::BAD_REQUEST, MessageCode::ClientInconsistent, detail));
    }
    let id = question.identification.as_ref().map(|_| IdResult::NotPossible);
    let is_for_us = desk.app.settings.sepa.is_our_bic(&question.agent);
    let name = match question.name.as_ref() {
        Some(name) if is_for_us => Some(compare(desk, (asker, day), &question.iban, name.as_str()).await?),
        name => {
            desk.bounds.count(asker.id, day, Counted::NotAsked);
            name.map(|_| NameResult::NotPossible)
        }
    };
    Ok(Answer { name, id })
}

fn check_headers(parts: &Parts) -> Result<(), Stopped> {
    let id = only(parts, &HeaderName::from_static(REQUEST_ID)).and_then(|id| Uuid::parse_str(id).ok());
    if id.is_none() {
        return Err(format_error("the header X-Request-ID must be a UUID"));
    }
    let time = only(parts, &HeaderName::from_static(REQUEST_TIME));
    // A date alone is a time elsewhere, but not here.
    if !time.is_some_and(|time| time.contains(['T', 't']) && Timestamp::parse(time).is_ok()) {
        let detail = "the header X-Request-Timestamp must be a time such as 2026-11-23T12:00:00.000Z";
        return Err(problem(StatusCode::BAD_REQUEST, MessageCode::TimestampInvalid, detail));
    }
    check_head(&parts.headers).map_err(|refusal| format_error(refusal.message))
}

/// Whether two BICs are of one bank: branches count as their bank.
fn is_same_bank(one: &str, other: &str) -> bool {
    one.get(..8) == other.get(..8)
}

/// The result for a name, as far as it may be told. The books are asked even where the result is known: an answer takes
/// as long, whatever it is.
async fn compare(
    desk: &PayeeDesk,
    (asker, day): (&Asker, Date),
    iban: &florin_types::Iban,
    name: &str,
) -> Result<NameResult, Stopped> {
    if !desk.bounds.knows(asker.id, day) {
        let counts = askers::counts_since(&desk.app.store, asker.id, day).await?;
        let misses = counts.iter().filter(|count| Counted::is_word_of_miss(&count.result));
        desk.bounds.learn(asker.id, day, misses.map(|count| count.answers).sum());
    }
    if !desk.bounds.has_room(asker.id, day, asker.misses_a_day) {
        let midnight = day.tomorrow().map(Date::midnight);
        let left = midnight.map_or(Duration::ZERO, |at| at.saturating_since(desk.app.wall()));
        return Err(too_many(
            "you got as many answers without a match as you can get on a day",
            left.as_secs() + u64::from(left.subsec_nanos() > 0),
        ));
    }
    let compared = own_payee::compare(&desk.app, iban, name).await?;
    let is_company = compared.as_ref().map(|compared| compared.is_company);
    let result = compared.map_or(NameResult::NotPossible, |compared| compared.check.into());
    Ok(desk.bounds.settle((asker.id, day), iban, is_company, result))
}

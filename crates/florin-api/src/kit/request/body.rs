//! From the bytes of a request's body to a typed request, or P403.
//!
//! What is checked here, in this order: content type and encoding, length and time of arrival, strict JSON
//! ([`super::json`]), then the fields ([`super::fields`]). Everything that is wrong with a body is P403 and
//! HTTP 400, never 408, 413 or 415: clients know one validation error.
//!
//! A refusal can come before the body has arrived. The rest of it is then read and thrown away, within
//! bounds, by [`crate::kit::edge::http`] after the body is dropped, so that the client reads the answer and not a
//! connection reset.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use florin_types::Currencies;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::Semaphore;

use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::describe::Description;
use crate::kit::request::fields::{Content, Fields, Finished, SHOWN_NAME};
use crate::kit::request::json::parse_object;

/// Longest JSON body, in bytes. The largest request of the API (a payment link with metadata) stays under 8
/// KiB; eight times that is room for growth, and 10,000 connections sending at once still fit into memory.
pub const MAX_JSON_BYTES: usize = 64 * 1024;

/// Bodies over [`MAX_JSON_BYTES`] that the process receives at a time, of calls that take such: with the longest of
/// 1 MiB they are 16 MiB. Each has [`BODY_READ_TIMEOUT`] to arrive, the wait for its turn included.
const MAX_LONG_BODIES: usize = 16;

static LONG_BODIES: Semaphore = Semaphore::const_new(MAX_LONG_BODIES);

/// How long a body may take to arrive in whole. 64 KiB in 10 s is 52 kbit/s, slower than any line a server
/// calls from.
pub const BODY_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A typed request: implemented once per endpoint, pure, tested with [`parse_body`] from a string.
pub trait Request: Sized + Send {
    /// The name of its schema in the OpenAPI document; none for a query.
    const NAME: &'static str = "";

    /// What it says, in a line.
    const ABOUT: &'static str = "";

    /// Longest body, in bytes.
    const MAX_BYTES: usize = MAX_JSON_BYTES;

    /// Reads every field, so that all failures are found, then answers the request; `None` only when one failed. Over
    /// fields that describe, it must read them all too: no `?` before the last read.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;

    /// The fields that it reads.
    fn description() -> Description {
        let currencies = Currencies::default();
        let mut fields = Fields::describing(&currencies);
        let _ = Self::read(&mut fields);
        fields.described()
    }
}

/// A request that was read, what of it counts as "the same request" for idempotency, and what of it was ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<R> {
    /// The typed request.
    pub value: R,
    /// Its fields' canonical texts, in the order they were read.
    pub content: Content,
    /// Fields that are not known.
    pub ignored: Vec<String>,
}

/// Receives and reads a JSON body.
///
/// # Errors
/// P403 with everything that is wrong.
pub async fn read_body<R: Request>(
    headers: &HeaderMap,
    body: Body,
    currencies: &Currencies,
) -> Result<Parsed<R>, Refusal> {
    check_head(headers)?;
    let bytes = receive(body, R::MAX_BYTES, BODY_READ_TIMEOUT).await?;
    parse_body(&bytes, currencies)
}

/// Receives the body of a call that needs none: nothing, white space, or any JSON object; the names of its fields,
/// which are ignored.
///
/// # Errors
/// P403 for anything else.
pub async fn read_no_body(headers: &HeaderMap, body: Body) -> Result<Vec<String>, Refusal> {
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    let bytes = receive(body, MAX_JSON_BYTES, BODY_READ_TIMEOUT).await?;
    if bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        return Ok(Vec::new());
    }
    check_head(headers)?;
    let object = parse_object(&bytes).map_err(Refusal::invalid)?;
    Ok(object.iter().map(|(name, _)| name.chars().take(SHOWN_NAME).collect()).collect())
}

/// Reads a JSON body that has arrived.
///
/// # Errors
/// P403 with everything that is wrong.
pub fn parse_body<R: Request>(bytes: &[u8], currencies: &Currencies) -> Result<Parsed<R>, Refusal> {
    let object = parse_object(bytes).map_err(Refusal::invalid)?;
    read_fields(Fields::of_body(&object, currencies))
}

/// Lets a request read its fields, and keeps the two ways of saying "failed" in step.
pub(super) fn read_fields<R: Request>(mut fields: Fields<'_>) -> Result<Parsed<R>, Refusal> {
    let value = R::read(&mut fields);
    let Finished { content, ignored } = fields.finish()?;
    // A request that answers `None` without a failure is a mistake of ours; it must not pass as read.
    let value = value.ok_or_else(|| Refusal::validation(Vec::new()))?;
    Ok(Parsed { value, content, ignored })
}

/// Receives at most `limit` bytes within `timeout`.
///
/// # Errors
/// P403 when the body is longer, slower, or broken off.
pub async fn receive(body: Body, limit: usize, timeout: Duration) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > limit as u64 {
        return Err(too_long(limit));
    }
    match tokio::time::timeout(timeout, collect(body, limit)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(Refusal::invalid(format!("body was not received within {} seconds", timeout.as_secs())))
        }
    }
}

/// One buffer out of all frames; the only frame of a small body is passed on without a copy.
async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let mut only = Bytes::new();
    let mut joined = BytesMut::new();
    let mut turn = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::invalid("body could not be received in whole"))?;
        let Ok(data) = frame.into_data() else { continue };
        if only.len().max(joined.len()) + data.len() > limit {
            return Err(too_long(limit));
        }
        if turn.is_none() && only.len().max(joined.len()) + data.len() > MAX_JSON_BYTES {
            turn = LONG_BODIES.acquire().await.ok();
        }
        if only.is_empty() {
            only = data;
        } else {
            if joined.is_empty() {
                joined.extend_from_slice(&only);
            }
            joined.extend_from_slice(&data);
        }
    }
    Ok(if joined.is_empty() { only } else { joined.freeze() })
}

fn too_long(limit: usize) -> Refusal {
    Refusal::invalid(format!("body can have at most {limit} bytes"))
}

/// The two headers that say how the bytes are to be read.
pub(crate) fn check_head(headers: &HeaderMap) -> Result<(), Refusal> {
    check_encoding(headers)?;
    match only(headers, &CONTENT_TYPE) {
        Some(value) if is_json(value) => Ok(()),
        _ => Err(Refusal::invalid("Content-Type must be application/json")),
    }
}

/// Bodies are read as they are.
pub(super) fn check_encoding(headers: &HeaderMap) -> Result<(), Refusal> {
    match only(headers, &CONTENT_ENCODING) {
        Some("") => Ok(()),
        Some(encoding) if encoding.eq_ignore_ascii_case("identity") => Ok(()),
        _ => Err(Refusal::invalid("Content-Encoding must be identity")),
    }
}

/// The one value of a header, empty when it is absent, `None` when it is given twice or is no text.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(""),
        (Some(value), None) => value.to_str().ok().map(str::trim),
        (Some(_), Some(_)) => None,
    }
}

/// `application/json` in any letter case, with any parameters but a charset other than UTF-8.
fn is_json(value: &str) -> bool {
    if value == "application/json" {
        return true;
    }
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, charset)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;

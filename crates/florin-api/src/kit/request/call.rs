//! A request on its way to a handler: typed body or query, and the idempotency key. Argument types: what a handler does
//! not name it can't use, and what it names has been checked.

use super::body::{Parsed, Request, read_body, read_no_body};
use super::fields::Content;
use super::query::{path_segment, read_query};
use super::secret::compared;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::handler::{Argument, Incoming, Signature};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{RequestBody, Shape};
use florin_store::Keyed;
use http::HeaderMap;
use http::request::Parts;
use std::borrow::Cow;

/// Longest idempotency key: the contract's.
const MAX_KEY_LENGTH: usize = 255;

/// A call with a typed body.
pub struct Call<R> {
    /// The request.
    pub request: R,
    /// Its idempotency key with what makes it the same request, where it brought one.
    pub keyed: Option<Keyed>,
}

/// A call whose body counts for nothing.
pub struct BareCall {
    /// Its idempotency key.
    pub keyed: Option<Keyed>,
}

/// The typed query of a call.
pub struct Query<R>(pub R);

impl<R: Request> Argument for Query<R> {
    fn describe(signature: &mut Signature) {
        signature.query.extend(R::description().properties);
    }

    async fn take(incoming: &mut Incoming) -> Result<Self, Failure> {
        let app = incoming.app.clone();
        let Parsed { value, ignored, .. } = read_query(incoming.take_query(), &app.currencies)?;
        incoming.ignore(ignored);
        Ok(Self(value))
    }
}

impl<R: Request> Argument for Call<R> {
    fn describe(signature: &mut Signature) {
        signature.body = RequestBody::Json(Shape::of_request::<R>());
    }

    async fn take(incoming: &mut Incoming) -> Result<Self, Failure> {
        let key = idempotency_key(&incoming.parts.headers)?;
        let body = incoming.take_body();
        let parsed = read_body(&incoming.parts.headers, body, &incoming.app.currencies).await?;
        let Parsed { value, content, ignored } = parsed;
        incoming.ignore(ignored);
        Ok(Self { request: value, keyed: key.map(|key| keyed(key, &incoming.parts, content)) })
    }
}

impl Argument for BareCall {
    fn describe(_: &mut Signature) {}

    async fn take(incoming: &mut Incoming) -> Result<Self, Failure> {
        let key = idempotency_key(&incoming.parts.headers)?;
        let body = incoming.take_body();
        let ignored = read_no_body(&incoming.parts.headers, body).await?;
        incoming.ignore(ignored);
        Ok(Self { keyed: key.map(|key| keyed(key, &incoming.parts, Vec::new())) })
    }
}

/// A key with what makes it the same request: method, path and content.
pub(super) fn keyed(key: String, parts: &Parts, content: Content) -> Keyed {
    let mut fields: Vec<(Cow<'static, str>, String)> = Vec::with_capacity(content.len() + 2);
    fields.push(("method".into(), parts.method.to_string()));
    let path: Vec<_> = parts.uri.path().split('/').map(|raw| path_segment(raw).unwrap_or_default()).collect();
    fields.push(("path".into(), path.join("/")));
    fields.extend(content.into_iter().map(|(name, text)| (name, compared(&key, text))));
    Keyed { key, fields }
}

/// The key of a request, bare or in the quoted form of the IETF draft (draft-ietf-httpapi-idempotency-key-header-06,
/// a structured-field string): both name the same key.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    const FORM: &str = "Idempotency-Key must be 1 to 255 visible ASCII characters";
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::invalid("Idempotency-Key is given twice"));
    }
    let text = value.to_str().map_err(|_| Refusal::invalid(FORM))?;
    let key = match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => unescape(quoted).ok_or_else(|| Refusal::invalid(FORM))?,
        None => text.to_owned(),
    };
    match key.len() {
        1..=MAX_KEY_LENGTH if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Some(key)),
        _ => Err(Refusal::invalid(FORM)),
    }
}

/// A structured-field string's content (RFC 8941, section 3.3.3): only `\"` and `\\` are escapes.
fn unescape(quoted: &str) -> Option<String> {
    let mut key = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => key.push(characters.next().filter(|next| matches!(next, '"' | '\\'))?),
            other => key.push(other),
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(value: &[u8]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", HeaderValue::from_bytes(value).unwrap());
        idempotency_key(&headers).map_err(|refusal| refusal.message.into_owned())
    }

    #[test]
    fn the_quoted_form_is_the_same_key() {
        assert_eq!(read(b"order-7"), Ok(Some("order-7".to_owned())));
        assert_eq!(read(b"\"order-7\""), Ok(Some("order-7".to_owned())));
        assert_eq!(read(br#""a\"b\\c""#), Ok(Some(r#"a"b\c"#.to_owned())));
        assert_eq!(read(&[b'k'; 255]).map(|key| key.map(|key| key.len())), Ok(Some(255)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for value in [&b""[..], b"\"\"", b"a b", b"caf\xc3\xa9", b"\"a\"b\"", br#""a\n""#, &[b'k'; 256]] {
            assert!(read(value).is_err(), "{value:?}");
        }
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
    }
}

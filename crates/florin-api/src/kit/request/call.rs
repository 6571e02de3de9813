//! A request on its way to a handler: path ids, typed body or query, and the idempotency key. Argument types: what a
//! handler does not name it can't use, and what it names has been checked.

use crate::kit::app::App;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::body::{Parsed, Request as TypedRequest, read_body, read_no_body};
use crate::kit::request::fields::Content;
use crate::kit::request::query::{path_segment, read_query};
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use florin_store::Keyed;
use florin_types::ExternalUserId;
use http::HeaderMap;
use http::request::Parts;
use std::borrow::Cow;
use std::convert::Infallible;
use uuid::Uuid;

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

/// The ids in a path, decoded once; none for what can't be an id at all.
pub struct PathIds(Vec<Option<String>>);

impl PathIds {
    /// The `index`-th id as a user's handle; none is answered like an unknown one.
    pub fn user(&self, index: usize) -> Option<ExternalUserId> {
        ExternalUserId::parse(self.0.get(index)?.as_deref()?).ok()
    }

    /// The `index`-th id as one of ours; none is answered like an unknown one.
    pub fn uuid(&self, index: usize) -> Option<Uuid> {
        let text = self.0.get(index)?.as_deref()?;
        // Only the form that we give out: lower case, with hyphens.
        Uuid::try_parse(text).ok().filter(|id| id.hyphenated().to_string() == text)
    }
}

impl FromRequestParts<App> for PathIds {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let template = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
        let template = template.unwrap_or_default();
        let segments = template.split('/').zip(parts.uri.path().split('/'));
        let ids = segments.filter(|(name, _)| name.starts_with('{')).map(|(_, raw)| path_segment(raw));
        Ok(Self(ids.collect()))
    }
}

impl<R: TypedRequest> FromRequestParts<App> for Query<R> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        Ok(Self(read_query(parts.uri.query(), &app.currencies)?))
    }
}

impl<R: TypedRequest> FromRequest<App> for Call<R> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let key = idempotency_key(&parts.headers)?;
        let Parsed { value, content } = read_body(&parts.headers, body, &app.currencies).await?;
        Ok(Self { request: value, keyed: key.map(|key| keyed(key, &parts, content)) })
    }
}

impl FromRequest<App> for BareCall {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let key = idempotency_key(&parts.headers)?;
        read_no_body(&parts.headers, body).await?;
        Ok(Self { keyed: key.map(|key| keyed(key, &parts, Vec::new())) })
    }
}

/// A key with what makes it the same request: method, path and content.
pub(super) fn keyed(key: String, parts: &Parts, content: Content) -> Keyed {
    let mut fields: Vec<(Cow<'static, str>, String)> = Vec::with_capacity(content.len() + 2);
    fields.push(("method".into(), parts.method.to_string()));
    let path: Vec<_> = parts.uri.path().split('/').map(|raw| path_segment(raw).unwrap_or_default()).collect();
    fields.push(("path".into(), path.join("/")));
    fields.extend(content);
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

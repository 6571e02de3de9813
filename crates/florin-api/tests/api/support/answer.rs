//! What came back.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Status, headers in order, body.
type Comparable = (u16, Vec<(String, Vec<u8>)>, Vec<u8>);

/// A response, received whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status as a number.
    pub status: u16,
    /// Head.
    pub headers: HeaderMap,
    /// Body, byte for byte.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("an answer is UTF-8")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header's text, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header is text"))
    }

    /// `errorCode`, empty where there is none.
    pub fn code(&self) -> String {
        serde_json::from_slice::<Value>(&self.body)
            .ok()
            .and_then(|body| Some(body["errorCode"].as_str()?.to_owned()))
            .unwrap_or_default()
    }

    /// Whether it is a repeated answer.
    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }

    /// Fails unless it has this status; then its JSON.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// Fails unless it is exactly this status and body.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.text()), (status, body));
    }

    /// Fails unless it is exactly this validation error.
    #[track_caller]
    pub fn is_invalid(&self, message: &str) {
        let message = Value::from(message);
        self.is(
            StatusCode::BAD_REQUEST.as_u16(),
            &format!(r#"{{"errorCode":"P403","errorMessage":{message}}}"#),
        );
    }

    /// Fails unless it was refused with this code.
    #[track_caller]
    pub fn is_refused(&self, code: &str) {
        assert_eq!(self.code(), code, "{} {}", self.status, self.text());
    }

    /// Everything of it but what differs between any two requests.
    pub fn comparable(&self) -> Comparable {
        let headers = self.headers.iter().filter(|(name, _)| *name != "x-request-id" && *name != "date");
        let mut headers: Vec<_> =
            headers.map(|(name, value)| (name.to_string(), self.without_nonce(value.as_bytes()))).collect();
        headers.sort();
        (self.status, headers, self.comparable_body())
    }

    /// The body but for a page's nonce.
    pub fn comparable_body(&self) -> Vec<u8> {
        self.without_nonce(&self.body)
    }

    /// A page's nonce is drawn for each answer.
    fn without_nonce(&self, bytes: &[u8]) -> Vec<u8> {
        let policy = self.header("content-security-policy");
        match policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\'')) {
            Some((nonce, _)) => String::from_utf8_lossy(bytes).replace(nonce, "(nonce)").into_bytes(),
            None => bytes.to_vec(),
        }
    }
}

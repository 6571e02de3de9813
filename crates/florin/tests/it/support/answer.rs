//! One answer of the server, and what every answer must keep to whatever was asked.

use super::codes::status_of;
use serde_json::Value;

/// Status, headers (names in lower case) and body.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The `errorCode`, empty when there is none.
    pub fn code(&self) -> String {
        self.json()["errorCode"].as_str().unwrap_or_default().to_owned()
    }

    /// The `errorMessage`, empty when there is none.
    pub fn message(&self) -> String {
        self.json()["errorMessage"].as_str().unwrap_or_default().to_owned()
    }

    /// Was it the stored answer of an earlier request?
    pub fn replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// For a panic's message.
    pub fn summary(&self) -> String {
        let text = self.text();
        let shown: String = text.chars().take(600).collect();
        format!("{} {shown}", self.status)
    }

    /// The JSON of an answer that must have this status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "answer {}", self.summary());
        self.json()
    }

    /// Fails unless this is the refusal `code`, with the status of the contract's table.
    pub fn expect_refusal(&self, code: &str) {
        assert_eq!(self.code(), code, "answer {}", self.summary());
    }

    /// What holds for every answer: a request id, the error envelope, the code's status, never P500.
    pub fn check_contract(&self, asked: &str) {
        let seen = || format!("{asked} answered {} with {:?}", self.summary(), self.headers);
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "no x-request-id: {}", seen());
        if self.status < 400 {
            return;
        }
        let body = self.json();
        let code = body["errorCode"].as_str().unwrap_or_else(|| panic!("no errorCode: {}", seen()));
        let Some((status, name)) = status_of(code) else { panic!("unknown code: {}", seen()) };
        assert_ne!(code, "P500", "{}", seen());
        assert_eq!(self.status, status, "{}", seen());
        assert!(
            body["errorMessage"].as_str().is_some_and(|text| !text.is_empty()),
            "no errorMessage: {}",
            seen()
        );
        let given = body.get("errorName").and_then(Value::as_str);
        assert_eq!(given, (!name.is_empty()).then_some(name), "{}", seen());
        let needed = match code {
            "P401" => Some("www-authenticate"),
            "P405" => Some("allow"),
            "P429" | "P501" => Some("retry-after"),
            _ => None,
        };
        assert!(needed.is_none_or(|name| self.header(name).is_some()), "no {needed:?}: {}", seen());
    }
}

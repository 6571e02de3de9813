//! What is answered instead of a result, in the form of RFC 9457 with the EPC's code.

use serde::{Deserialize, Serialize};

/// The EPC's codes.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageCode {
    /// A field is missing or wrong.
    FormatError,
    /// It is not known who asks.
    ClientInvalid,
    /// Who asks is not the bank that the request names.
    ClientInconsistent,
    /// The time of the request is missing or none.
    TimestampInvalid,
    /// The EPC has no code for it, and leaves it empty in its examples: too many requests, a fault.
    #[default]
    #[serde(rename = "", other)]
    None,
}

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of the problem, as a URI. Ours are told apart by code and status alone.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The code.
    #[serde(default)]
    pub code: MessageCode,
    /// In a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The status of HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What is wrong with this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

impl Problem {
    /// A problem of ours.
    #[must_use]
    pub fn new(status: u16, code: MessageCode, title: &str, detail: impl Into<String>) -> Self {
        let (title, detail) = (Some(title.to_owned()), Some(detail.into()));
        Self { kind: about_blank(), code, title, status: Some(status), detail }
    }

    /// Reads one of another bank; none where the body is something else.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The body of an answer.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts into memory: nothing can fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_read_and_written_the_same() {
        for (code, word) in [
            (MessageCode::FormatError, "FORMAT_ERROR"),
            (MessageCode::ClientInvalid, "CLIENT_INVALID"),
            (MessageCode::ClientInconsistent, "CLIENT_INCONSISTENT"),
            (MessageCode::TimestampInvalid, "TIMESTAMP_INVALID"),
            (MessageCode::None, ""),
        ] {
            let problem = Problem::new(400, code, "Bad request", "why");
            let text = format!(
                r#"{{"type":"about:blank","code":"{word}","title":"Bad request","status":400,"detail":"why"}}"#
            );
            assert_eq!(String::from_utf8(problem.to_json()), Ok(text));
            assert_eq!(Problem::parse(&problem.to_json()), Some(problem));
        }
        let others = Problem::parse(br#"{"code":"SOMETHING_NEW","more":1}"#).expect("a problem");
        assert_eq!((others.code, &*others.kind), (MessageCode::None, "about:blank"));
        assert_eq!(Problem::parse(b"<html>"), None);
    }
}

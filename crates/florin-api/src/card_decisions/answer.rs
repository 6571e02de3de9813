//! What an endpoint answers to a question. Pure.

use crate::cards::CardDecision;
use serde::Deserialize;

/// Bytes of an answer at most. The one that is needed has 22; what else a framework adds fits in.
pub const MAX_BYTES: usize = 4 << 10;

#[derive(Deserialize)]
struct Answer {
    decision: CardDecision,
}

/// Reads an answer: 200, and JSON with a `decision`. What else is in it is not looked at.
///
/// # Errors
/// Why it is none, in a few words.
pub fn read_answer(status: u16, body: &[u8]) -> Result<CardDecision, String> {
    if status != 200 {
        return Err(format!("answered {status}"));
    }
    // The reader would take an array for an object.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let answer = serde_json::from_slice::<Answer>(body).ok().filter(|_| is_object);
    answer.map(|answer| answer.decision).ok_or_else(|| "answered 200 without a decision".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_200_with_a_decision_is_an_answer() {
        for (status, body, expected) in [
            (200, r#"{"decision":"APPROVE"}"#, Ok(CardDecision::Approve)),
            (200, " {\"reason\":\"fraud\",\n\"decision\":\"DECLINE\"} ", Ok(CardDecision::Decline)),
            (201, r#"{"decision":"APPROVE"}"#, Err("answered 201")),
            (302, r#"{"decision":"APPROVE"}"#, Err("answered 302")),
            (500, "", Err("answered 500")),
            (200, "", Err("answered 200 without a decision")),
            (200, r#"{"decision":"approve"}"#, Err("answered 200 without a decision")),
            (200, r#"{"decision":true}"#, Err("answered 200 without a decision")),
            (200, r#"{"decision":"APPROVE"}{}"#, Err("answered 200 without a decision")),
            (200, r#"["APPROVE"]"#, Err("answered 200 without a decision")),
            (200, r#"{"decision":"APPROVE","decision":"DECLINE"}"#, Err("answered 200 without a decision")),
        ] {
            let answer = read_answer(status, body.as_bytes());
            assert_eq!(answer, expected.map_err(str::to_owned), "{status} {body}");
        }
    }
}

//! The answer: whether the account is held so.

use super::MAX_NAME;
use super::question::explain;
use crate::sepa::PayeeCheck;
use florin_types::Text;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a body is no answer. It names no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct AnswerError(String);

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameResult {
    /// The account is held under it (MTCH).
    Match,
    /// Nearly: the holder's name is this (CMTC). The only result that tells a name.
    CloseMatch(Text<MAX_NAME>),
    /// The account is held under another name (NMTC).
    NoMatch,
    /// Nobody can say, or there is no such account (NOAP).
    NotPossible,
}

/// What is known of an identification.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdResult {
    /// It is the holder's.
    #[serde(rename = "MTCH")]
    Match,
    /// It is not.
    #[serde(rename = "NMTC")]
    NoMatch,
    /// Nobody can say.
    #[serde(rename = "NOAP")]
    NotPossible,
}

/// The answer: a result for what was asked, name, identification, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of the name.
    pub name: Option<NameResult>,
    /// Of the identification.
    pub id: Option<IdResult>,
}

#[derive(Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum NameCode {
    #[serde(rename = "MTCH")]
    Match,
    #[serde(rename = "CMTC")]
    CloseMatch,
    #[serde(rename = "NMTC")]
    NoMatch,
    #[serde(rename = "NOAP")]
    NotPossible,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    party_name_match: Option<NameCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    party_id_match: Option<IdResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    matched_name: Option<String>,
}

impl NameResult {
    /// The code of the form.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Match => "MTCH",
            Self::CloseMatch(_) => "CMTC",
            Self::NoMatch => "NMTC",
            Self::NotPossible => "NOAP",
        }
    }
}

/// A name that cannot be told in a message is none that is nearly right.
impl From<PayeeCheck> for NameResult {
    fn from(check: PayeeCheck) -> Self {
        match check {
            PayeeCheck::Match => Self::Match,
            PayeeCheck::CloseMatch(name) => {
                let short: String = name.chars().take(MAX_NAME).collect();
                Text::parse(&short).map_or(Self::NotPossible, Self::CloseMatch)
            }
            PayeeCheck::NoMatch => Self::NoMatch,
            PayeeCheck::NotPossible(_) => Self::NotPossible,
        }
    }
}

impl From<NameResult> for PayeeCheck {
    fn from(result: NameResult) -> Self {
        match result {
            NameResult::Match => Self::Match,
            NameResult::CloseMatch(name) => Self::CloseMatch(name.into_string()),
            NameResult::NoMatch => Self::NoMatch,
            NameResult::NotPossible => Self::NotPossible("the payee's bank cannot say"),
        }
    }
}

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`AnswerError`] names what is wrong: a code that there is not, or a name with another code than CMTC.
    pub fn parse(body: &[u8]) -> Result<Self, AnswerError> {
        let body: Body = serde_json::from_slice(body).map_err(|error| AnswerError(explain(&error)))?;
        let error = |text: &str| Err(AnswerError(text.to_owned()));
        let name = match (body.party_name_match, body.matched_name) {
            (Some(NameCode::CloseMatch), Some(name)) => {
                let name = Text::parse(&name).map_err(|error| AnswerError(format!("matchedName {error}")))?;
                Some(NameResult::CloseMatch(name))
            }
            (Some(NameCode::CloseMatch), None) => return error("matchedName is missing with CMTC"),
            (_, Some(_)) => return error("matchedName is there without CMTC"),
            (Some(NameCode::Match), None) => Some(NameResult::Match),
            (Some(NameCode::NoMatch), None) => Some(NameResult::NoMatch),
            (Some(NameCode::NotPossible), None) => Some(NameResult::NotPossible),
            (None, None) => None,
        };
        if name.is_none() && body.party_id_match.is_none() {
            return error("there is neither partyNameMatch nor partyIdMatch");
        }
        Ok(Self { name, id: body.party_id_match })
    }

    /// The body of an answer.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let (code, matched_name) = match &self.name {
            None => (None, None),
            Some(NameResult::Match) => (Some(NameCode::Match), None),
            Some(NameResult::CloseMatch(name)) => {
                (Some(NameCode::CloseMatch), Some(name.as_str().to_owned()))
            }
            Some(NameResult::NoMatch) => (Some(NameCode::NoMatch), None),
            Some(NameResult::NotPossible) => (Some(NameCode::NotPossible), None),
        };
        let body = Body { party_name_match: code, party_id_match: self.id, matched_name };
        // Texts into memory: nothing can fail.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_written_the_same() {
        let ada = || NameResult::CloseMatch(Text::parse("Ada Lovelace").expect("a name"));
        for (answer, text) in [
            (Answer { name: Some(NameResult::Match), id: None }, r#"{"partyNameMatch":"MTCH"}"#),
            (
                Answer { name: Some(ada()), id: None },
                r#"{"partyNameMatch":"CMTC","matchedName":"Ada Lovelace"}"#,
            ),
            (
                Answer { name: Some(NameResult::NoMatch), id: Some(IdResult::NotPossible) },
                r#"{"partyNameMatch":"NMTC","partyIdMatch":"NOAP"}"#,
            ),
            (Answer { name: Some(NameResult::NotPossible), id: None }, r#"{"partyNameMatch":"NOAP"}"#),
            (Answer { name: None, id: Some(IdResult::Match) }, r#"{"partyIdMatch":"MTCH"}"#),
            (Answer { name: None, id: Some(IdResult::NoMatch) }, r#"{"partyIdMatch":"NMTC"}"#),
        ] {
            assert_eq!(String::from_utf8(answer.to_json()).as_deref(), Ok(text));
            assert_eq!(Answer::parse(text.as_bytes()), Ok(answer));
        }
        let more = br#"{"partyNameMatch":"MTCH","more":1}"#;
        assert_eq!(Answer::parse(more), Ok(Answer { name: Some(NameResult::Match), id: None }));
    }

    #[test]
    fn answers_that_contradict_themselves_are_none() {
        for body in [
            "{}",
            "[]",
            r#"{"partyNameMatch":"CMTC"}"#,
            r#"{"partyNameMatch":"CMTC","matchedName":""}"#,
            r#"{"partyNameMatch":"NMTC","matchedName":"Ada"}"#,
            r#"{"partyNameMatch":"MTCH","matchedName":"Ada"}"#,
            r#"{"matchedName":"Ada"}"#,
            r#"{"partyNameMatch":"mtch"}"#,
            r#"{"partyIdMatch":"CMTC"}"#,
            r#"{"partyNameMatch":"MTCH","partyNameMatch":"NMTC"}"#,
        ] {
            let error = Answer::parse(body.as_bytes()).expect_err(body).to_string();
            assert!(!error.contains("Ada"), "{error}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_cut() {
        let long = PayeeCheck::CloseMatch("Ä".repeat(200));
        let NameResult::CloseMatch(name) = NameResult::from(long) else { panic!("a name") };
        assert_eq!(name.as_str().chars().count(), MAX_NAME);
        assert_eq!(NameResult::from(PayeeCheck::CloseMatch("\u{7}".to_owned())), NameResult::NotPossible);
    }
}

//! Why a payment was rejected or came back: the codes of ISO 20022 (external code sets `ExternalStatusReason1Code` and
//! `ExternalReturnReason1Code`), as far as the EPC's rulebooks for credit transfers use them.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// A code of four letters and digits. Banks use more of them than those with a text here.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
pub struct Reason([u8; 4]);

/// A text that is no code.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
#[error("must be a reason code of ISO 20022: four capital letters and digits, such as AC04")]
pub struct ReasonError;

impl Reason {
    /// The bank gives no reason.
    pub const NOT_GIVEN: Self = Self::new(*b"MS03");

    /// The money goes back because a bank asked for it.
    pub const RECALLED: Self = Self::new(*b"FOCR");

    /// The payee's bank cannot be reached by instant payments now, or did not answer in time: the account may well be
    /// paid by a standard payment.
    ///
    /// Each of these says that a bank or a machine on the way failed, and nothing about payer, payee or account.
    /// Everything else is somebody's decision (`MS02`, `MS03`: no reason given, which may be one that must not be
    /// told), the account's fault (`AC…`, `AG01`), the law's (`RR…`) or the payment's (`AM…`, `FF01`): a second try
    /// would ask the same question again, or get around the answer.
    const UNREACHABLE: [Self; 10] = [
        // The bank of the payee, or one on the way, did not answer in time.
        Self::new(*b"AB05"),
        Self::new(*b"AB06"),
        // One is not online; the payee's is not.
        Self::new(*b"AB07"),
        Self::new(*b"AB08"),
        // One stopped on an error of its own.
        Self::new(*b"AB09"),
        Self::new(*b"AB10"),
        // One is suspended from the instant scheme; the payee's is.
        Self::new(*b"AG10"),
        Self::new(*b"AG11"),
        // The clearing of instant payments does not know the payee's bank.
        Self::new(*b"CNOR"),
        // It came too late. An instant payment has no cut-off but its ten seconds.
        Self::new(*b"TM01"),
    ];

    /// Whether it says that the payee's bank cannot be reached by instant payments, or did not answer in time.
    #[must_use]
    pub fn is_unreachable(self) -> bool {
        Self::UNREACHABLE.contains(&self)
    }

    /// The code of a text.
    ///
    /// # Errors
    /// It is no code.
    pub fn parse(text: &str) -> Result<Self, ReasonError> {
        let code: [u8; 4] = text.as_bytes().try_into().map_err(|_| ReasonError)?;
        let is_code = code.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if is_code { Ok(Self(code)) } else { Err(ReasonError) }
    }

    /// A code that is one.
    ///
    /// # Panics
    /// It is none: for constants.
    #[must_use]
    pub const fn new(code: [u8; 4]) -> Self {
        let mut index = 0;
        while index < code.len() {
            assert!(code[index].is_ascii_uppercase() || code[index].is_ascii_digit());
            index += 1;
        }
        Self(code)
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What it means, in a few plain words.
    #[must_use]
    pub fn meaning(&self) -> String {
        let Some(text) = florin_iso20022::reason_text(self.as_str()) else {
            return "the bank's reason is its code".to_owned();
        };
        let mut letters = text.chars();
        letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_four_capitals_and_digits() {
        for (text, is_code) in [
            ("AC04", true),
            ("FOCR", true),
            ("ac04", false),
            ("AC4", false),
            ("AC041", false),
            ("AÄ4", false),
        ] {
            assert_eq!(Reason::parse(text).is_ok(), is_code, "{text}");
        }
        for (text, is_unreachable) in [
            ("AB05", true),
            ("AB08", true),
            ("AG11", true),
            ("AG01", false),
            ("MS02", false),
            ("MS03", false),
        ] {
            assert_eq!(Reason::parse(text).map(Reason::is_unreachable), Ok(is_unreachable), "{text}");
        }
        // Each of them is known by name.
        assert!(Reason::UNREACHABLE.iter().all(|code| florin_iso20022::reason_text(code.as_str()).is_some()));
        assert_eq!(Reason::new(*b"AC04").meaning(), "the account is closed");
        assert_eq!(Reason::new(*b"ZZ99").meaning(), "the bank's reason is its code");
    }
}

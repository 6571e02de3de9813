//! Response codes: what an issuer says about a payment.

use std::fmt;

use crate::Problem;
use crate::values::{Code, Parsed};

/// Two characters that say what became of a payment (field 39).
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
pub struct ResponseCode(Code<2>);

impl ResponseCode {
    /// Approved, or taken: 00.
    #[must_use]
    pub fn approved() -> Self {
        Self::of("00")
    }

    /// Approved for a part of the amount: 10.
    #[must_use]
    pub fn approved_in_part() -> Self {
        Self::of("10")
    }

    /// Whether money was promised.
    #[must_use]
    pub fn is_approval(self) -> bool {
        self == Self::approved() || self == Self::approved_in_part()
    }

    /// The two characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The reason of a decline that we know.
    #[must_use]
    pub fn decline(self) -> Option<Decline> {
        DECLINES.iter().find(|(code, ..)| *code == self.as_str()).map(|(_, decline)| *decline)
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let code = Code::parse(text)?;
        let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_code.then_some(Self(code)).ok_or(Problem::Value("two letters or digits"))
    }

    fn of(text: &'static str) -> Self {
        Self(Code::parse(text).expect("every code of the table has two characters"))
    }
}

impl fmt::Debug for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a payment is declined. No code of it is an approval.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Decline {
    /// No reason that the merchant should know.
    DoNotHonour,
    /// No payment that we know.
    InvalidTransaction,
    /// An amount that can't be.
    InvalidAmount,
    /// No such card.
    NoSuchCard,
    /// The message can't be read.
    FormatError,
    /// There is nothing that the message could be about.
    NotFound,
    /// Not enough money.
    InsufficientFunds,
    /// The card has expired.
    Expired,
    /// The PIN is wrong.
    WrongPin,
    /// The holder may not do this.
    NotPermitted,
    /// It looks like fraud.
    SuspectedFraud,
    /// Over a limit of amounts.
    OverLimit,
    /// The card may not be used: it is blocked, or not here.
    Restricted,
    /// Over a limit of how often.
    TooOften,
    /// The PIN was wrong too often.
    TooManyPins,
    /// The holder must show who it is, and the merchant can ask.
    AuthenticationRequired,
    /// The verification value is wrong.
    WrongVerificationValue,
    /// We can't decide now.
    Unavailable,
    /// A fault of ours.
    Fault,
}

/// Each reason with its code: those of ISO 8583:1987, and two that Visa and Mastercard added and processors pass on.
const DECLINES: [(&str, Decline); 19] = [
    ("05", Decline::DoNotHonour),
    ("12", Decline::InvalidTransaction),
    ("13", Decline::InvalidAmount),
    ("14", Decline::NoSuchCard),
    ("25", Decline::NotFound),
    ("30", Decline::FormatError),
    ("51", Decline::InsufficientFunds),
    ("54", Decline::Expired),
    ("55", Decline::WrongPin),
    ("57", Decline::NotPermitted),
    ("59", Decline::SuspectedFraud),
    ("61", Decline::OverLimit),
    ("62", Decline::Restricted),
    ("65", Decline::TooOften),
    ("75", Decline::TooManyPins),
    ("91", Decline::Unavailable),
    ("96", Decline::Fault),
    ("1A", Decline::AuthenticationRequired),
    ("82", Decline::WrongVerificationValue),
];

impl Decline {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        DECLINES.into_iter().map(|(_, decline)| decline)
    }

    /// Its code.
    ///
    /// # Panics
    /// Never: every reason is in the table, which a test shows.
    #[must_use]
    pub fn code(self) -> ResponseCode {
        let row = DECLINES.iter().find(|(_, decline)| *decline == self);
        ResponseCode::of(row.map(|(code, _)| *code).expect("every reason is in the table"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_has_a_code_of_its_own_and_none_approves() {
        let codes: BTreeSet<String> =
            Decline::all().map(|decline| decline.code().as_str().to_owned()).collect();
        assert_eq!(codes.len(), DECLINES.len());
        for decline in Decline::all() {
            assert_eq!(decline.code().decline(), Some(decline));
            assert!(!decline.code().is_approval());
        }
        // The last variant: the table has as many rows as there are reasons.
        assert_eq!(Decline::Fault as usize + 1, DECLINES.len());
    }

    #[test]
    fn codes_have_two_letters_or_digits() {
        for text in ["", "0", "000", "0 ", " 0", "0-", "ä"] {
            assert!(ResponseCode::parse(text).is_err(), "{text}");
        }
        assert!(ResponseCode::parse("10").unwrap().is_approval());
        assert_eq!(ResponseCode::parse("ZZ").unwrap().decline(), None);
    }
}

//! Message types: four digits that say what a message is about and which side it is from.

use std::fmt;

/// A message type of the 1987 edition: its first digit is 0.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType(u16);

impl MessageType {
    /// May a card pay this?
    pub const AUTHORISATION_REQUEST: Self = Self(100);
    /// The answer.
    pub const AUTHORISATION_ANSWER: Self = Self(110);
    /// An authorisation that was decided elsewhere.
    pub const AUTHORISATION_ADVICE: Self = Self(120);
    /// The answer.
    pub const AUTHORISATION_ADVICE_ANSWER: Self = Self(130);
    /// A payment that is complete.
    pub const FINANCIAL_ADVICE: Self = Self(220);
    /// The answer.
    pub const FINANCIAL_ADVICE_ANSWER: Self = Self(230);
    /// An authorisation does not happen, or not all of it.
    pub const REVERSAL_REQUEST: Self = Self(400);
    /// The answer.
    pub const REVERSAL_ANSWER: Self = Self(410);
    /// The same, which can't be refused.
    pub const REVERSAL_ADVICE: Self = Self(420);
    /// The answer.
    pub const REVERSAL_ADVICE_ANSWER: Self = Self(430);
    /// Sign-on, sign-off, echo.
    pub const NETWORK_REQUEST: Self = Self(800);
    /// The answer.
    pub const NETWORK_ANSWER: Self = Self(810);

    /// The type that four digits say.
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let is_type =
            digits.len() == 4 && digits.first() == Some(&b'0') && digits.iter().all(u8::is_ascii_digit);
        let number =
            digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit.wrapping_sub(b'0') % 10));
        is_type.then_some(Self(number))
    }

    /// The four digits.
    #[must_use]
    pub fn digits(self) -> [u8; 4] {
        [1_000, 100, 10, 1].map(|place| u8::try_from(self.0 / place % 10).map_or(b'0', |digit| b'0' + digit))
    }

    /// Whether it asks or advises, so that it has an answer.
    #[must_use]
    pub const fn has_answer(self) -> bool {
        matches!(self.0 / 10 % 10, 0 | 2)
    }

    /// The type of the answer.
    #[must_use]
    pub const fn answer(self) -> Option<Self> {
        match self.has_answer() {
            true => Some(Self(self.0 / 10 * 10 + 10)),
            false => None,
        }
    }

    /// Whether it says once more what was said before: the last digit is odd.
    #[must_use]
    pub const fn is_repeat(self) -> bool {
        self.0 % 2 == 1
    }

    /// The type when it is said first.
    #[must_use]
    pub const fn first(self) -> Self {
        Self(self.0 / 2 * 2)
    }

    /// The type when it is said again.
    #[must_use]
    pub const fn repeat(self) -> Self {
        Self(self.0 / 2 * 2 + 1)
    }

    pub(crate) const fn said_again(self, is_repeat: bool) -> Self {
        if is_repeat { self.repeat() } else { self.first() }
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::MessageType;

    #[test]
    fn a_type_is_four_digits_of_the_first_edition() {
        for digits in ["", "100", "01000", "1100", "010a", "+100", " 100"] {
            assert_eq!(MessageType::parse(digits.as_bytes()), None, "{digits}");
        }
        for number in 0..1_000 {
            let digits = format!("{number:04}");
            let found = MessageType::parse(digits.as_bytes()).unwrap();
            assert_eq!((found.to_string(), found.digits().to_vec()), (digits.clone(), digits.into_bytes()));
        }
    }

    #[test]
    fn answers_and_repeats() {
        let of = |digits: &str| MessageType::parse(digits.as_bytes()).unwrap();
        for (request, answer) in [("0100", "0110"), ("0101", "0110"), ("0121", "0130"), ("0420", "0430")] {
            assert_eq!(of(request).answer(), Some(of(answer)));
        }
        assert_eq!((of("0110").answer(), of("0430").answer()), (None, None));
        assert_eq!((of("0121").first(), of("0400").repeat()), (of("0120"), of("0401")));
        assert!(of("0401").is_repeat() && !of("0400").is_repeat());
    }
}

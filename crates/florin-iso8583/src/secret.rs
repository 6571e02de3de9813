//! What must not be printed: card numbers, PIN blocks, verification values, the data of chips.
//!
//! Each is on the heap, so that a move leaves no copy, and is overwritten when it is dropped.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Problem;

/// Digits of a card's number: ISO 7812 has 8 to 19. No card in use has under 12.
const PAN_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// Digits of a verification value.
const VERIFICATION_DIGITS: std::ops::RangeInclusive<usize> = 3..=4;

/// Prints no more of a secret than that there is one.
macro_rules! hidden {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(hidden)"))
            }
        }
    };
}

/// The number of a card (the primary account number): digits. Whether the last one is right, [`Pan::has_check_digit`]
/// says: a number that is mistyped is still asked about, and declined.
#[derive(Clone, PartialEq, Eq)]
pub struct Pan(Zeroizing<Box<str>>);

hidden!(Pan);

impl Pan {
    /// Reads digits.
    ///
    /// # Errors
    /// Not 12 to 19 digits.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let is_number = PAN_DIGITS.contains(&text.len()) && is_digits(text);
        is_number.then(|| Self(Zeroizing::new(text.into()))).ok_or(Problem::Value("12 to 19 digits"))
    }

    /// All digits. Whoever calls this answers for where they go.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four digits, which may be shown.
    #[must_use]
    pub fn last_four(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default()
    }

    /// Whether the last digit is right (ISO 7812-1, annex B: the formula of Luhn).
    #[must_use]
    pub fn has_check_digit(&self) -> bool {
        let sum: u32 = self.0.bytes().rev().enumerate().fold(0, |sum, (place, digit)| {
            let digit = u32::from(digit.wrapping_sub(b'0'));
            sum + if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        });
        sum.is_multiple_of(10)
    }
}

/// An enciphered PIN (ISO 9564), as the acquirer sent it: eight bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct PinBlock(Box<Zeroizing<[u8; 8]>>);

hidden!(PinBlock);

impl PinBlock {
    /// A block of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 8]) -> Self {
        Self(Box::new(Zeroizing::new(bytes)))
    }

    /// Its bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 8] {
        &self.0
    }
}

/// The verification value that is printed on a card (CVV2, CVC2): three or four digits.
#[derive(Clone, PartialEq, Eq)]
pub struct VerificationValue(Zeroizing<Box<str>>);

hidden!(VerificationValue);

impl VerificationValue {
    /// Reads digits.
    ///
    /// # Errors
    /// Not three or four digits.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let is_value = VERIFICATION_DIGITS.contains(&text.len()) && is_digits(text);
        is_value.then(|| Self(Zeroizing::new(text.into()))).ok_or(Problem::Value("a verification value"))
    }

    /// Its digits.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is this value, in a time that does not tell how much of it is right.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

/// What the chip of a card says (EMV tags), as it came: at most 255 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipData(Zeroizing<Box<[u8]>>);

hidden!(ChipData);

impl ChipData {
    /// The longest, in bytes.
    pub const MAX: usize = 255;

    /// Data of a chip.
    ///
    /// # Errors
    /// Nothing, or more than [`Self::MAX`] bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, Problem> {
        let fits = (1..=Self::MAX).contains(&bytes.len());
        fits.then(|| Self(Zeroizing::new(bytes.into()))).ok_or(Problem::Value("1 to 255 bytes"))
    }

    /// Its bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

pub(crate) fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        for (number, is_right) in [
            ("4111111111111111", true),
            ("4111111111111112", false),
            ("378282246310005", true),
            ("1411111111111111", false),
        ] {
            assert_eq!(Pan::parse(number).unwrap().has_check_digit(), is_right, "{number}");
        }
    }

    #[test]
    fn numbers_that_are_none() {
        for text in ["", "12345678901", "12345678901234567890", "123456789012345a", "١٢٣٤٥٦٧٨٩٠١٢"]
        {
            assert!(Pan::parse(text).is_err());
        }
        for text in ["", "12", "12345", "12a"] {
            assert!(VerificationValue::parse(text).is_err());
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let pan = Pan::parse("9999000012345674").unwrap();
        assert_eq!((format!("{pan:?}"), pan.last_four()), ("Pan(hidden)".to_owned(), "5674"));
        let value = VerificationValue::parse("123").unwrap();
        assert_eq!(
            format!("{value:?} {:?}", PinBlock::new(*b"12345678")),
            "VerificationValue(hidden) PinBlock(hidden)"
        );
        assert!(value.is("123") && !value.is("124") && !value.is("1234"));
    }
}

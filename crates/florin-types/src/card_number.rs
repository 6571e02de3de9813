//! Card numbers (ISO/IEC 7812): digits, the last of which is a check digit, and the range of numbers that is given out.

use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// Digits of a number that is given out: what all large schemes have.
const DIGITS: usize = 16;

/// Digits of any card's number: ISO/IEC 7812 knows 12 to 19 in use.
const FEWEST: usize = 12;
const MOST: usize = 19;

/// A card's number (PAN). It is wiped from memory when it is dropped, and has neither `Display` nor a telling `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber(Zeroizing<String>);

/// Why a text is no card's number.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum CardNumberError {
    /// Not 12 to 19 digits.
    #[error("must be 12 to 19 digits")]
    Form,
    /// The last digit does not fit the others.
    #[error("has a wrong check digit")]
    CheckDigit,
}

impl CardNumber {
    /// Reads a number without spaces.
    ///
    /// # Errors
    /// [`CardNumberError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, CardNumberError> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || !(FEWEST..=MOST).contains(&text.len()) {
            return Err(CardNumberError::Form);
        }
        let (before, check) = text.split_at(text.len() - 1);
        match check_digit(before) == check.bytes().next().unwrap_or_default() {
            true => Ok(Self(Zeroizing::new(text.to_owned()))),
            false => Err(CardNumberError::CheckDigit),
        }
    }

    /// All digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four digits, which may be shown.
    #[must_use]
    pub fn last4(&self) -> &str {
        let from = self.0.len() - 4;
        &self.0[from..]
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardNumber(…)")
    }
}

/// The digit after these by the formula of Luhn (ISO/IEC 7812-1, annex B), in ASCII: from the right, every other digit
/// is doubled, and all digits with the check digit sum to a multiple of ten.
fn check_digit(digits: &str) -> u8 {
    let weighed = digits.bytes().rev().enumerate().map(|(place, digit)| {
        let digit = u32::from(digit - b'0');
        let doubled = if place % 2 == 0 { digit * 2 } else { digit };
        doubled / 10 + doubled % 10
    });
    let sum: u32 = weighed.sum();
    b'0' + ((10 - sum % 10) % 10) as u8
}

/// The numbers that an installation gives out: those of 16 digits that begin with its BIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRange(String);

/// Why a text is no beginning of card numbers.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
#[error("must be 6 to 10 digits, the first of which is not 0")]
pub struct CardRangeError;

impl CardRange {
    /// The numbers of no network: major industry 9 with the country code 999, which ISO 3166 leaves to its users, so
    /// that no national body has given these numbers to anybody.
    #[must_use]
    pub fn of_no_network() -> Self {
        Self("99990000".to_owned())
    }

    /// Reads a BIN: six digits as there used to be, eight as there are now (ISO/IEC 7812-1:2017), or part of the range
    /// of one, up to ten. Then at least 100,000 numbers are left.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(text: &str) -> Result<Self, CardRangeError> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if is_number && (6..=10).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CardRangeError)
        }
    }

    /// How all of its numbers begin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        10_u64.pow(self.free())
    }

    /// The number of this draw: all are equally likely, but for a share of one in a billion, if the draw is random.
    #[must_use]
    pub fn number(&self, draw: u64) -> CardNumber {
        let mut digits = Zeroizing::new(String::with_capacity(DIGITS));
        digits.push_str(&self.0);
        let account = draw % self.count();
        for place in (0..self.free()).rev() {
            let digit = account / 10_u64.pow(place) % 10;
            digits.push(char::from(b'0' + digit as u8));
        }
        let check = check_digit(&digits);
        digits.push(char::from(check));
        CardNumber(digits)
    }

    /// Digits that can be chosen freely.
    fn free(&self) -> u32 {
        (DIGITS - 1 - self.0.len()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers that the networks publish for tests.
    #[test]
    fn published_numbers_are_read() {
        for number in [
            "4242424242424242",
            "4000056655665556",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "6011111111111117",
            "3056930009020004",
            "36227206271667",
            "6205500000000000004",
        ] {
            let read = CardNumber::parse(number).unwrap();
            assert_eq!(read.as_str(), number);
            assert_eq!(read.last4(), &number[number.len() - 4..]);
            assert_eq!(format!("{read:?}"), "CardNumber(…)");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let texts = [
            "",
            "4242",
            "4242 4242 4242 4242",
            "424242424242424x",
            "42424242424242424242",
            "４２４２４２４２４２４２",
        ];
        for text in texts {
            assert_eq!(CardNumber::parse(text).unwrap_err(), CardNumberError::Form, "{text}");
        }
        assert_eq!(CardNumber::parse("4242424242424241").unwrap_err(), CardNumberError::CheckDigit);
    }

    #[test]
    fn a_range_is_six_to_ten_digits() {
        for (text, count) in [("400000", 1_000_000_000), ("99990000", 10_000_000), ("9999000012", 100_000)] {
            assert_eq!(CardRange::parse(text).unwrap().count(), count);
        }
        for text in ["", "40000", "40000000000", "09990000", "4000 00", "40000x", "-400000"] {
            assert_eq!(CardRange::parse(text), Err(CardRangeError), "{text}");
        }
        assert_eq!(CardRange::of_no_network(), CardRange::parse("99990000").unwrap());
    }

    proptest! {
        /// A second way of counting: with its check digit the sum is a multiple of ten, and no other last digit, no
        /// changed digit and no two neighbours swapped (but 09 and 90, which Luhn's formula cannot tell) pass.
        #[test]
        fn every_number_has_its_check_digit(
            draw: u64,
            bin in "[1-9][0-9]{5,9}",
            (place, more) in (0_usize..15, 1_u8..10),
        ) {
            let range = CardRange::parse(&bin).unwrap();
            let number = range.number(draw);
            let text = number.as_str();
            prop_assert_eq!(text.len(), 16);
            prop_assert!(text.starts_with(&bin));
            let digits: Vec<u32> = text.bytes().map(|byte| u32::from(byte - b'0')).collect();
            let table = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
            let sum: u32 = digits.iter().enumerate()
                .map(|(at, digit)| if at % 2 == 0 { table[*digit as usize] } else { *digit })
                .sum();
            prop_assert_eq!(sum % 10, 0);
            prop_assert_eq!(CardNumber::parse(text), Ok(number.clone()));
            let mut changed = text.as_bytes().to_vec();
            changed[place] = b'0' + (changed[place] - b'0' + more) % 10;
            prop_assert!(CardNumber::parse(std::str::from_utf8(&changed).unwrap()).is_err());
            let mut swapped = text.as_bytes().to_vec();
            swapped.swap(place, place + 1);
            let pair = [swapped[place], swapped[place + 1]];
            if pair[0] != pair[1] && pair != *b"09" && pair != *b"90" {
                prop_assert!(CardNumber::parse(std::str::from_utf8(&swapped).unwrap()).is_err());
            }
        }

        /// Each draw within the range is another number.
        #[test]
        fn draws_of_the_range_are_numbers_of_their_own(a in 0_u64..10_000_000, b in 0_u64..10_000_000) {
            let range = CardRange::of_no_network();
            prop_assert_eq!(range.number(a) == range.number(b), a == b);
            prop_assert_eq!(range.number(a), range.number(a + range.count()));
        }
    }
}

//! Money: decimals as clients write them, amounts in minor units, and both ways to print one.
//!
//! A balance or an entry is an `i64` of minor units (cents, satoshi) whose scale is its currency's `decimals`.
//! [`Decimal`] is what a client wrote, before the currency is known; [`Amount`] is what a command moves.

use std::fmt;

use thiserror::Error;

use crate::currency::Currency;

/// The longest text read as a decimal. The largest amount at the finest scale in use has 19 characters; the rest is
/// room for trailing zeros, which carry nothing.
const MAX_DECIMAL_CHARACTERS: usize = 64;

/// The largest [`Amount`], in minor units of any currency: 10^17, a thousand million million euro or a thousand
/// million of a currency with 8 decimals, more than exists of most.
///
/// It leaves room for sums: `i64` ends at 9.22 × 10^18, so 90 of the largest amounts (all legs and fees of the
/// largest command together) still add up without overflow.
pub const MAX_MINOR_UNITS: i64 = 100_000_000_000_000_000;

/// Why a text is no [`Decimal`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum DecimalError {
    /// The text is not digits with at most one point inside: a sign, a comma, a space, `.5`, `5.`, `007`, nothing.
    #[error(
        "must be a positive decimal number: digits and a point, such as 12.50, without comma, sign or symbol"
    )]
    Malformed,
    /// The text has an exponent, as many languages write small numbers.
    #[error("must be a positive decimal number: without an exponent, such as 0.00000001")]
    Exponent,
    /// The text is longer than any amount needs.
    #[error("can have at most {MAX_DECIMAL_CHARACTERS} characters")]
    TooLong,
}

/// Why a [`Decimal`] is no amount of a currency.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    /// More decimals than the currency has.
    #[error("can have at most {decimals} decimal places")]
    TooManyDecimals {
        /// How many the currency has.
        decimals: u8,
    },
    /// Zero, where something has to move.
    #[error("must be greater than zero")]
    NotPositive,
    /// Above [`MAX_MINOR_UNITS`], or above what an `i64` holds.
    #[error("is too large")]
    Overflow,
}

/// An exact decimal, zero or more, as a client wrote it.
///
/// Two are equal when their values are: `12.50` is `12.5`. Prints without trailing zeros.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// Digits before the point, without leading zeros; `0` for none.
    whole: String,
    /// Digits after the point, without trailing zeros.
    fraction: String,
}

impl Decimal {
    /// Reads `0` or digits that do not begin with 0, then optionally a point and digits; nothing else.
    ///
    /// # Errors
    /// [`DecimalError`] for every other text, and for more than 64 characters.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        if text.chars().nth(MAX_DECIMAL_CHARACTERS).is_some() {
            return Err(DecimalError::TooLong);
        }
        if has_exponent(text) {
            return Err(DecimalError::Exponent);
        }
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
            Some(_) => return Err(DecimalError::Malformed),
            None => (text, ""),
        };
        if !is_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
            return Err(DecimalError::Malformed);
        }
        Ok(Self { whole: whole.to_owned(), fraction: fraction.trim_end_matches('0').to_owned() })
    }

    /// The digits before the point, and those after it without trailing zeros.
    pub(crate) fn digits(&self) -> (&str, &str) {
        (&self.whole, &self.fraction)
    }

    /// The value in minor units of a currency with this scale, exactly; may be zero.
    ///
    /// # Errors
    /// [`AmountError::TooManyDecimals`] when it has a digit beyond the scale, [`AmountError::Overflow`] when the
    /// result does not fit an `i64`.
    pub fn minor_units(&self, decimals: u8) -> Result<i64, AmountError> {
        let padding = usize::from(decimals)
            .checked_sub(self.fraction.len())
            .ok_or(AmountError::TooManyDecimals { decimals })?;
        self.whole
            .bytes()
            .chain(self.fraction.bytes())
            .chain(std::iter::repeat_n(b'0', padding))
            .try_fold(0_i64, |units, digit| units.checked_mul(10)?.checked_add(i64::from(digit - b'0')))
            .ok_or(AmountError::Overflow)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)?;
        if !self.fraction.is_empty() {
            write!(f, ".{}", self.fraction)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a text is a number with an exponent, such as `1e-8` or `1.5E+3`.
fn has_exponent(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['e', 'E']) else { return false };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    is_digits(whole)
        && is_digits(fraction)
        && is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Minor units of some currency, from 1 to [`MAX_MINOR_UNITS`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// What the client wrote, in this currency.
    ///
    /// # Errors
    /// [`AmountError`] when it has more decimals than the currency, is zero, or is above [`MAX_MINOR_UNITS`].
    pub fn from_decimal(decimal: &Decimal, currency: Currency) -> Result<Self, AmountError> {
        match decimal.minor_units(currency.decimals)? {
            0 => Err(AmountError::NotPositive),
            units => Self::new(units).ok_or(AmountError::Overflow),
        }
    }

    /// So many minor units; `None` unless from 1 to [`MAX_MINOR_UNITS`].
    #[must_use]
    pub const fn new(units: i64) -> Option<Self> {
        if units >= 1 && units <= MAX_MINOR_UNITS { Some(Self(units)) } else { None }
    }

    /// The minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }
}

/// Minor units as a decimal padded to the scale: `12.50`, `-10.00`, `0.00150000`; no point when the scale is 0.
#[must_use]
pub fn format_minor(units: i64, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let sign = if units < 0 { "-" } else { "" };
    let point = if decimals == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// Minor units as the shortest JSON number with exactly that value: `12.5`, `25`, `-0.01`.
#[must_use]
pub fn format_number(units: i64, decimals: u8) -> String {
    let padded = format_minor(units, decimals);
    if decimals == 0 {
        return padded;
    }
    padded.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currencies;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn decimals_print_without_what_carries_nothing() {
        for (text, printed) in [
            ("0", "0"),
            ("0.0", "0"),
            ("0.10", "0.1"),
            ("12.500", "12.5"),
            ("100", "100"),
            ("100.00", "100"),
            ("9007199254740993", "9007199254740993"),
        ] {
            assert_eq!(decimal(text).to_string(), printed);
        }
        assert_eq!(decimal("10"), decimal("10.00"));
    }

    #[test]
    fn other_texts_are_no_decimals() {
        for text in [
            "", " ", ".", "-1", "-0", "+5", ".5", "5.", "007", "00", "00.5", "1e", "e5", "1e5 ", "€1.50",
            " 1", "1 ", "1\n", "1.2.3", "1,5", "1_000", "0x10", "NaN", "inf", "٣", "１", "1.٣", "−1", "1\0",
        ] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn exponents_are_told_apart() {
        for text in ["1e5", "1E5", "1.5e3", "1e-8", "1.5E+3", "1e-08"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Exponent), "{text:?}");
        }
    }

    #[test]
    fn a_decimal_has_at_most_64_characters() {
        let longest = format!("0.{}", "1".repeat(62));
        assert!(Decimal::parse(&longest).is_ok());
        assert_eq!(Decimal::parse(&format!("{longest}0")), Err(DecimalError::TooLong));
        assert_eq!(Decimal::parse(&"é".repeat(64)), Err(DecimalError::Malformed));
        assert_eq!(DecimalError::TooLong.to_string(), "can have at most 64 characters");
    }

    #[test]
    fn minor_units_are_exact_or_refused() {
        let too_many = |decimals| Err(AmountError::TooManyDecimals { decimals });
        for (text, decimals, units) in [
            ("0", 2, Ok(0)),
            ("12.5", 2, Ok(1_250)),
            ("12.500", 2, Ok(1_250)),
            ("12.501", 2, too_many(2)),
            ("0.0015", 8, Ok(150_000)),
            ("7", 0, Ok(7)),
            ("7.0", 0, Ok(7)),
            ("7.1", 0, too_many(0)),
            ("92233720368547758.07", 2, Ok(i64::MAX)),
            ("92233720368547758.08", 2, Err(AmountError::Overflow)),
            ("0", 255, Ok(0)),
            ("1", 255, Err(AmountError::Overflow)),
        ] {
            assert_eq!(decimal(text).minor_units(decimals), units, "{text} at {decimals}");
        }
    }

    #[test]
    fn amounts_are_positive_and_capped() {
        let table = Currencies::default();
        for (text, currency, units) in [
            ("0.01", "eur", Ok(1)),
            ("10.00", "eur", Ok(1_000)),
            ("0", "eur", Err("must be greater than zero")),
            ("0.00", "eur", Err("must be greater than zero")),
            ("0.001", "eur", Err("can have at most 2 decimal places")),
            ("0.0000001", "usdc", Err("can have at most 6 decimal places")),
            ("1000000000000000", "eur", Ok(MAX_MINOR_UNITS)),
            ("1000000000000000.01", "eur", Err("is too large")),
            ("1000000000.00000001", "btc", Err("is too large")),
            ("99999999999999999999", "eur", Err("is too large")),
        ] {
            let amount = Amount::from_decimal(&decimal(text), table.parse(currency).unwrap());
            let got = amount.map(Amount::minor).map_err(|error| error.to_string());
            assert_eq!(got, units.map_err(str::to_owned), "{text} {currency}");
        }
        assert_eq!(Amount::new(0), None);
        assert_eq!(Amount::new(-1), None);
        assert_eq!(Amount::new(MAX_MINOR_UNITS + 1), None);
    }

    #[test]
    fn ninety_of_the_largest_amounts_fit() {
        assert!(MAX_MINOR_UNITS.checked_mul(90).is_some());
    }

    #[test]
    fn both_ways_to_print() {
        for (units, decimals, padded, number) in [
            (1_250, 2, "12.50", "12.5"),
            (-1_000, 2, "-10.00", "-10"),
            (150_000, 8, "0.00150000", "0.0015"),
            (2_500, 2, "25.00", "25"),
            (-1, 2, "-0.01", "-0.01"),
            (0, 2, "0.00", "0"),
            (0, 0, "0", "0"),
            (100, 0, "100", "100"),
            (-100, 0, "-100", "-100"),
            (i64::MIN, 0, "-9223372036854775808", "-9223372036854775808"),
            (i64::MIN, 8, "-92233720368.54775808", "-92233720368.54775808"),
            (i64::MAX, 2, "92233720368547758.07", "92233720368547758.07"),
            (5, 20, "0.00000000000000000005", "0.00000000000000000005"),
        ] {
            assert_eq!(format_minor(units, decimals), padded);
            assert_eq!(format_number(units, decimals), number);
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(units in 0_i64.., decimals in 0_u8..=18) {
            for text in [format_minor(units, decimals), format_number(units, decimals)] {
                prop_assert_eq!(decimal(&text).minor_units(decimals), Ok(units));
            }
        }

        #[test]
        fn a_sign_is_all_that_negative_adds(units in 1_i64.., decimals in any::<u8>()) {
            prop_assert_eq!(format_minor(-units, decimals), format!("-{}", format_minor(units, decimals)));
            prop_assert_eq!(format_number(-units, decimals), format!("-{}", format_number(units, decimals)));
        }

        #[test]
        fn the_number_is_the_padded_form_cut(units in any::<i64>(), decimals in any::<u8>()) {
            let padded = format_minor(units, decimals);
            let number = format_number(units, decimals);
            prop_assert!(padded.starts_with(&number));
            prop_assert!(padded[number.len()..].bytes().all(|byte| byte == b'0' || byte == b'.'));
            prop_assert!(!(number.contains('.') && number.ends_with('0')));
        }

        #[test]
        fn trailing_zeros_carry_nothing(whole in "0|[1-9][0-9]{0,9}", fraction in "[0-9]{1,8}", zeros in 0_usize..20) {
            let short = decimal(&format!("{whole}.{fraction}"));
            let long = decimal(&format!("{whole}.{fraction}{}", "0".repeat(zeros)));
            prop_assert_eq!(&short, &long);
            prop_assert_eq!(decimal(&short.to_string()), long);
        }

        #[test]
        fn no_text_panics(text in any::<String>(), near in "[0-9.eE+ -]{0,70}", decimals in any::<u8>()) {
            for text in [text, near] {
                if let Ok(decimal) = Decimal::parse(&text) {
                    let _ = decimal.minor_units(decimals);
                    prop_assert!(text.starts_with(&decimal.to_string()));
                }
            }
        }
    }
}

//! Rates and percentages as exact decimals, and what is computed with them: exchange, value in EUR, the amount of an
//! order.
//!
//! Every result is one fraction of whole numbers, multiplied out over 512 bits and rounded once, by a [`Rounding`] that
//! is named where it is used. Nothing is lost on the way, and a result that fits no amount is an error.

use std::fmt;

use ruint::aliases::U512;
use thiserror::Error;

use crate::money::{Amount, Decimal, MAX_MINOR_UNITS};

/// Decimals of a [`Rate`]. A published rate has up to 8; 12 leave room for coins of a millionth of a cent.
pub const RATE_DECIMALS: u8 = 12;

/// The largest [`Rate`], in units of its last decimal: 10^12 EUR for one unit of a currency, ten million times the
/// price of the dearest one.
const MAX_RATE_UNITS: u128 = 10_u128.pow(24);

/// Decimals of a [`Percentage`]: fees are published with two, and a ten-thousandth of that is still exact.
const PERCENTAGE_DECIMALS: u8 = 6;

/// A hundred per cent, in units of the last decimal of a [`Percentage`].
const WHOLE: u32 = 100_000_000;

/// Decimals of EUR, in which rates are told.
const EUR_DECIMALS: u8 = 2;

/// How a fraction becomes a whole number. All operands are zero or more.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Down: what is paid out.
    Floor,
    /// Up: what is charged.
    Ceil,
    /// To the nearest, and from the middle to the even one: what is shown, and what favours nobody.
    HalfEven,
}

/// A result fits no amount: it is above [`MAX_MINOR_UNITS`], an operand is below zero, or the divisor is zero.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
#[error("is out of range")]
pub struct OutOfRange;

/// Why a decimal is no [`Rate`] or [`Percentage`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum RateError {
    /// The text is no decimal.
    #[error("must be a positive decimal number")]
    Malformed,
    /// More decimals than are kept.
    #[error("can have at most {decimals} decimal places")]
    TooManyDecimals {
        /// How many are kept.
        decimals: u8,
    },
    /// A rate of zero.
    #[error("must be greater than zero")]
    NotPositive,
    /// A rate above 10^12, or a percentage above 100.
    #[error("is too large")]
    TooLarge,
}

/// EUR for one unit of a currency, exactly; above zero, with up to [`RATE_DECIMALS`] decimals.
///
/// Prints as the shortest decimal with that value, which is how it is kept and sent.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u128);

impl Rate {
    /// The rate of EUR.
    pub const ONE: Rate = Rate(10_u128.pow(RATE_DECIMALS as u32));

    /// Reads a decimal such as `60000.12`.
    ///
    /// # Errors
    /// [`RateError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        Self::from_decimal(&Decimal::parse(text).map_err(|_| RateError::Malformed)?)
    }

    /// The rate with this value.
    ///
    /// # Errors
    /// [`RateError`] when it is zero, too large or has too many decimals.
    pub fn from_decimal(decimal: &Decimal) -> Result<Self, RateError> {
        match units(decimal, RATE_DECIMALS)? {
            0 => Err(RateError::NotPositive),
            units if units > MAX_RATE_UNITS => Err(RateError::TooLarge),
            units => Ok(Self(units)),
        }
    }

    /// What one EUR buys of the currency.
    ///
    /// # Errors
    /// [`OutOfRange`] when nothing is left of it at twelve decimals.
    pub fn inverse(self, rounding: Rounding) -> Result<Self, OutOfRange> {
        Self::of_units(mul_div(Self::ONE.0, Self::ONE.0, self.0, rounding)?)
    }

    /// The price in EUR of what costs this much of a currency with that rate.
    ///
    /// # Errors
    /// [`OutOfRange`] when it is too large, or nothing is left of it.
    pub fn times(self, other: Self, rounding: Rounding) -> Result<Self, OutOfRange> {
        Self::of_units(mul_div(self.0, other.0, Self::ONE.0, rounding)?)
    }

    /// `part` of `whole` parts of the rate.
    ///
    /// # Errors
    /// [`OutOfRange`] when it is too large, or nothing is left of it.
    pub fn scaled(self, part: u64, whole: u64, rounding: Rounding) -> Result<Self, OutOfRange> {
        Self::of_units(mul_div(self.0, part.into(), whole.into(), rounding)?)
    }

    /// The rate with at most this many decimals.
    ///
    /// # Errors
    /// [`OutOfRange`] when nothing is left of it.
    pub fn rounded(self, decimals: u8, rounding: Rounding) -> Result<Self, OutOfRange> {
        let unit = power(RATE_DECIMALS.saturating_sub(decimals))?;
        let units = mul_div(self.0, 1, unit, rounding)?;
        Self::of_units(units.checked_mul(unit).ok_or(OutOfRange)?)
    }

    /// The middle between two rates.
    #[must_use]
    pub const fn mean(self, other: Self) -> Self {
        Self(self.0.midpoint(other.0))
    }

    fn of_units(units: u128) -> Result<Self, OutOfRange> {
        if units == 0 || units > MAX_RATE_UNITS { Err(OutOfRange) } else { Ok(Self(units)) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shortest(self.0, RATE_DECIMALS))
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A share from 0 to 100 per cent, exactly, with up to six decimals: `1.49`.
#[derive(Copy, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percentage(u32);

impl Percentage {
    /// Nothing.
    pub const ZERO: Percentage = Percentage(0);

    /// Reads a decimal such as `1.49`, which is 1.49 %.
    ///
    /// # Errors
    /// [`RateError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        Self::from_decimal(&Decimal::parse(text).map_err(|_| RateError::Malformed)?)
    }

    /// The percentage with this value.
    ///
    /// # Errors
    /// [`RateError`] when it is above 100 or has too many decimals.
    pub fn from_decimal(decimal: &Decimal) -> Result<Self, RateError> {
        let units = u32::try_from(units(decimal, PERCENTAGE_DECIMALS)?).map_err(|_| RateError::TooLarge)?;
        if units <= WHOLE { Ok(Self(units)) } else { Err(RateError::TooLarge) }
    }

    /// This share of an amount of minor units.
    ///
    /// # Errors
    /// [`OutOfRange`] when the amount is below zero or above [`MAX_MINOR_UNITS`].
    pub fn of(self, minor: i64, rounding: Rounding) -> Result<i64, OutOfRange> {
        minor_units(mul_div(operand(minor)?, self.0.into(), WHOLE.into(), rounding)?)
    }

    /// What is left of a whole, in units of the last decimal.
    const fn rest(self) -> u32 {
        WHOLE - self.0
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shortest(self.0.into(), PERCENTAGE_DECIMALS))
    }
}

impl fmt::Debug for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} %")
    }
}

/// What one unit of a currency is worth, and how many decimals its amounts have.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// EUR for one unit.
    pub rate: Rate,
    /// The scale of amounts.
    pub decimals: u8,
}

impl Price {
    /// The price of EUR itself.
    pub const EUR: Price = Price { rate: Rate::ONE, decimals: EUR_DECIMALS };

    /// What an amount of minor units is worth, in cents.
    ///
    /// # Errors
    /// [`OutOfRange`] when the amount is below zero or the value fits no amount.
    pub fn value_in_eur(self, minor: i64, rounding: Rounding) -> Result<i64, OutOfRange> {
        let [from, to, rate] = [power(self.decimals)?, power(EUR_DECIMALS)?, power(RATE_DECIMALS)?];
        minor_units(fraction([operand(minor)?, self.rate.0, to, 1], [from, rate, 1], rounding)?)
    }

    /// What a card is charged for an amount of minor units, in cents: its value and this share of the value as a fee,
    /// rounded once: up where the holder pays, down where the holder gets it.
    ///
    /// # Errors
    /// [`OutOfRange`] when the amount is below zero or the charge fits no amount.
    pub fn charged_in_eur(self, minor: i64, fee: Percentage, rounding: Rounding) -> Result<i64, OutOfRange> {
        let [from, to, rate] = [power(self.decimals)?, power(EUR_DECIMALS)?, power(RATE_DECIMALS)?];
        let share = u128::from(WHOLE) + u128::from(fee.0);
        let numerator = [operand(minor)?, self.rate.0, to, share];
        minor_units(fraction(numerator, [from, rate, WHOLE.into()], rounding)?)
    }

    /// How much of this currency a payer owes so that `settlement` cents are settled: `settlement ÷ rate`, cut at the
    /// scale, and raised by one unit where the cut would settle less. What an amount settles is its value in EUR to the
    /// nearest cent, so 346.59 EUR at 0.84 are 412.607142, which settle 346.58999928, that is 346.59.
    ///
    /// # Errors
    /// [`OutOfRange`] when the result fits no amount.
    pub fn order_amount(self, settlement: Amount) -> Result<i64, OutOfRange> {
        let [from, to, rate] = [power(EUR_DECIMALS)?, power(self.decimals)?, power(RATE_DECIMALS)?];
        let settlement = settlement.minor();
        let cut = fraction([operand(settlement)?, rate, to, 1], [from, self.rate.0, 1], Rounding::Floor)?;
        let cut = minor_units(cut)?;
        let settles = self.value_in_eur(cut, Rounding::HalfEven)?;
        minor_units(operand(cut)? + u128::from(settles < settlement))
    }
}

/// What comes of an exchange, in minor units of the currency that is bought.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// What the holder gets.
    pub received: i64,
    /// What the house keeps as its fee: the gross amount without what is received. Both are cut, so it is the
    /// percentage to less than one minor unit, and what the cut of `received` takes from the holder is in it.
    pub fee: i64,
}

impl Exchanged {
    /// What the amount buys without a fee, cut at the scale. The part of a minor unit that this cut loses is no amount
    /// of anybody: the house has it in what it bought, its position in the currency that was sold.
    pub const fn gross(self) -> i64 {
        self.received + self.fee
    }
}

/// Exchanges an amount: `received = floor(amount × rateFrom × (1 − fee) ÷ rateTo)` at the scale of the currency bought.
/// What is received may be zero, where the amount is worth less than one minor unit.
///
/// # Errors
/// [`OutOfRange`] when the gross amount fits no amount.
pub fn exchange(amount: Amount, from: Price, to: Price, fee: Percentage) -> Result<Exchanged, OutOfRange> {
    let amount = operand(amount.minor())?;
    let bought = |share: u32| {
        let numerator = [amount, from.rate.0, share.into(), power(to.decimals)?];
        let denominator = [to.rate.0, WHOLE.into(), power(from.decimals)?];
        minor_units(fraction(numerator, denominator, Rounding::Floor)?)
    };
    let (gross, received) = (bought(WHOLE)?, bought(fee.rest())?);
    Ok(Exchanged { received, fee: gross - received })
}

/// `a × b ÷ c`, exactly, rounded once.
///
/// # Errors
/// [`OutOfRange`] when `c` is zero or the result does not fit.
pub fn mul_div(a: u128, b: u128, c: u128, rounding: Rounding) -> Result<u128, OutOfRange> {
    fraction([a, b, 1, 1], [c, 1, 1], rounding)
}

/// The product of four numbers of 128 bits fits 512, and that of three, doubled, as well.
fn fraction(numerator: [u128; 4], denominator: [u128; 3], rounding: Rounding) -> Result<u128, OutOfRange> {
    let product = |factors: &[u128]| factors.iter().fold(U512::ONE, |product, f| product * U512::from(*f));
    let denominator = product(&denominator);
    if denominator.is_zero() {
        return Err(OutOfRange);
    }
    let (whole, rest) = product(&numerator).div_rem(denominator);
    let is_up = match rounding {
        Rounding::Floor => false,
        Rounding::Ceil => !rest.is_zero(),
        Rounding::HalfEven => {
            let twice = rest << 1;
            twice > denominator || (twice == denominator && whole.bit(0))
        }
    };
    u128::try_from(whole).ok().and_then(|whole| whole.checked_add(is_up.into())).ok_or(OutOfRange)
}

fn operand(minor: i64) -> Result<u128, OutOfRange> {
    u128::try_from(minor).map_err(|_| OutOfRange)
}

fn minor_units(units: u128) -> Result<i64, OutOfRange> {
    i64::try_from(units).ok().filter(|units| *units <= MAX_MINOR_UNITS).ok_or(OutOfRange)
}

fn power(decimals: u8) -> Result<u128, OutOfRange> {
    10_u128.checked_pow(decimals.into()).ok_or(OutOfRange)
}

/// A decimal in units of its last decimal.
fn units(decimal: &Decimal, decimals: u8) -> Result<u128, RateError> {
    let (whole, fraction) = decimal.digits();
    let padding =
        usize::from(decimals).checked_sub(fraction.len()).ok_or(RateError::TooManyDecimals { decimals })?;
    let digits = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', padding));
    digits
        .map(|digit| u128::from(digit - b'0'))
        .try_fold(0_u128, |units, digit| units.checked_mul(10)?.checked_add(digit))
        .ok_or(RateError::TooLarge)
}

/// Units of the last decimal as the shortest decimal with that value.
fn shortest(units: u128, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{units:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
#[path = "rate_tests.rs"]
mod tests;

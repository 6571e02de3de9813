//! JSON numbers that print exactly.
//!
//! serde_json writes what is not an integer as a float; money, rates and fees must never be one.
//! [`ExactNumber`] holds a decimal as an integer and a scale and serialises through serde_json's raw value,
//! so `0.1` is `0.1` whatever its size. That works with `serde_json::to_vec`, `to_string` and `to_writer`. It
//! does not with `serde_json::to_value`, whose `Value` has floats only: there it would be rounded.

use std::fmt;

use florin_types::{Decimal, format_number};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, schema};

/// Digits after the point that a number of the configuration may have. The finest scale in use is 8, for
/// amounts; a rate has more digits where one unit is worth little.
const MAX_DECIMALS: u8 = 12;

/// A decimal number: `units` divided by 10 to the power of `decimals`.
///
/// Prints in the shortest form (`25`, `412.607142`, `-0.5`); two are equal when they print alike.
#[derive(Clone, Copy)]
pub struct ExactNumber {
    units: i64,
    decimals: u8,
}

impl ExactNumber {
    /// `units` divided by 10 to the power of `decimals`: an amount in minor units and its currency's scale.
    #[must_use]
    pub const fn new(units: i64, decimals: u8) -> Self {
        Self { units, decimals }
    }

    /// A whole number.
    #[must_use]
    pub const fn whole(value: i64) -> Self {
        Self::new(value, 0)
    }

    /// Reads a decimal that is zero or more, as [`Decimal`] does.
    ///
    /// # Errors
    /// A text that follows a field name, for what is no decimal, has over 12 decimals or does not fit.
    pub fn parse(text: &str) -> Result<Self, String> {
        let decimal = Decimal::parse(text).map_err(|error| error.to_string())?;
        let fits =
            (0..=MAX_DECIMALS).find_map(|decimals| Some((decimal.minor_units(decimals).ok()?, decimals)));
        let (units, decimals) =
            fits.ok_or_else(|| format!("is too large or has more than {MAX_DECIMALS} decimal places"))?;
        Ok(Self { units, decimals })
    }

    /// The integer over [`decimals`](Self::decimals).
    #[must_use]
    pub const fn units(self) -> i64 {
        self.units
    }

    /// The number of digits after the point that [`units`](Self::units) holds.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// The same value in units of another scale, such as a currency's minor units. `None` when it would have
    /// to be rounded or does not fit.
    #[must_use]
    pub fn at_scale(self, decimals: u8) -> Option<i64> {
        match decimals.checked_sub(self.decimals) {
            Some(more) => self.units.checked_mul(10_i64.checked_pow(more.into())?),
            None => {
                let divisor = 10_i64.checked_pow((self.decimals - decimals).into())?;
                (self.units % divisor == 0).then_some(self.units / divisor)
            }
        }
    }
}

impl fmt::Display for ExactNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_number(self.units, self.decimals))
    }
}

impl fmt::Debug for ExactNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for ExactNumber {
    fn eq(&self, other: &Self) -> bool {
        match self.decimals == other.decimals {
            true => self.units == other.units,
            false => self.to_string() == other.to_string(),
        }
    }
}

impl Eq for ExactNumber {}

impl Serialize for ExactNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.decimals == 0 {
            return serializer.serialize_i64(self.units);
        }
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ExactNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExactVisitor)
    }
}

/// Reads a number of the configuration: a whole one, or a decimal in quotes; a float would already be
/// rounded.
struct ExactVisitor;

impl Visitor<'_> for ExactVisitor {
    type Value = ExactNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, or a decimal in quotes")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<ExactNumber, E> {
        Ok(ExactNumber::whole(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<ExactNumber, E> {
        i64::try_from(value).map(ExactNumber::whole).map_err(|_| E::custom("number is too large"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ExactNumber, E> {
        ExactNumber::parse(text).map_err(|error| E::custom(format!("number {error}")))
    }
}

impl utoipa::PartialSchema for ExactNumber {
    fn schema() -> RefOr<Schema> {
        // The format tells generators that a float would lose digits.
        let decimal = schema::SchemaFormat::Custom("decimal".to_owned());
        ObjectBuilder::new().schema_type(schema::SchemaType::new(Type::Number)).format(Some(decimal)).into()
    }
}

impl utoipa::ToSchema for ExactNumber {}

/// A value whose text is a JSON number, such as a rate or a percentage: printed exactly, as [`ExactNumber`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<T>(pub T);

impl<T: fmt::Display> Serialize for Number<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_types::{Percentage, Rate};

    fn json(number: ExactNumber) -> String {
        serde_json::to_string(&number).unwrap()
    }

    #[test]
    fn prints_exactly() {
        for (units, decimals, text) in [
            (2_500, 2, "25"),
            (412_607_142, 6, "412.607142"),
            (1, 8, "0.00000001"),
            (-50, 2, "-0.5"),
            (0, 8, "0"),
            (7, 0, "7"),
            (i64::MAX, 8, "92233720368.54775807"),
        ] {
            let number = ExactNumber::new(units, decimals);
            assert_eq!(json(number), text);
            assert_eq!(serde_json::to_vec(&[number]).unwrap(), format!("[{text}]").into_bytes());
            assert_eq!(number.to_string(), text);
        }
    }

    #[test]
    fn rates_and_percentages_print_exactly() {
        for text in ["95000.5", "0.000000000001", "1000000000000", "123456789012.123456789012"] {
            assert_eq!(serde_json::to_string(&Number(Rate::parse(text).unwrap())).unwrap(), text);
        }
        assert_eq!(serde_json::to_vec(&Number(Percentage::parse("1.49").unwrap())).unwrap(), b"1.49");
        assert_eq!(serde_json::to_string(&Number(Percentage::ZERO)).unwrap(), "0");
    }

    #[test]
    fn reads_decimals_and_refuses_floats() {
        for text in ["0", "1", "0.0003", "95000.5", "0.000000000001"] {
            assert_eq!(json(ExactNumber::parse(text).unwrap()), text);
            let quoted: ExactNumber = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(quoted, ExactNumber::parse(text).unwrap());
        }
        for text in ["", "-1", "1e3", "0.0000000000001", "99999999999999999999"] {
            assert!(ExactNumber::parse(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<ExactNumber>("25").unwrap(), ExactNumber::new(2_500, 2));
        assert!(serde_json::from_str::<ExactNumber>("0.5").is_err());
    }

    #[test]
    fn changes_scale_without_rounding() {
        assert_eq!(ExactNumber::new(3, 4).at_scale(8), Some(30_000));
        assert_eq!(ExactNumber::new(1_230, 3).at_scale(2), Some(123));
        assert_eq!(ExactNumber::new(1_234, 3).at_scale(2), None);
        assert_eq!(ExactNumber::new(i64::MAX, 0).at_scale(1), None);
        assert_eq!(ExactNumber::new(1, 0).at_scale(200), None);
    }
}

//! Taking the values of fields, so that an error names the field.

use florin_types::Country;

use crate::values::{Parsed, is_printable};
use crate::{Currency, Fields, Money, Problem, ReadError};

/// The result of reading.
pub(crate) type Read<T> = Result<T, ReadError>;

impl Fields {
    /// What a field says, if it is there.
    pub(crate) fn optional<T>(&self, field: u8, parse: impl FnOnce(&str) -> Parsed<T>) -> Read<Option<T>> {
        let Some(bytes) = self.get(field) else { return Ok(None) };
        let text = std::str::from_utf8(bytes).ok().filter(|text| is_printable(text));
        let parsed = text.ok_or(Problem::Characters).and_then(parse);
        parsed.map(Some).map_err(|problem| ReadError::of_field(field, problem))
    }

    /// What a field says that must be there.
    pub(crate) fn required<T>(&self, field: u8, parse: impl FnOnce(&str) -> Parsed<T>) -> Read<T> {
        self.optional(field, parse)?.ok_or(ReadError::of_field(field, Problem::Missing))
    }

    /// An amount, and the field with its currency.
    pub(crate) fn money(&self, field: u8, currency: u8) -> Read<Money> {
        let currency = self.required(currency, Currency::parse)?;
        self.required(field, |text| Money::parse(text, currency))
    }

    /// What bytes say, if they are there.
    pub(crate) fn bytes<T>(&self, field: u8, parse: impl FnOnce(&[u8]) -> Parsed<T>) -> Read<Option<T>> {
        let parsed = self.get(field).map(parse).transpose();
        parsed.map_err(|problem| ReadError::of_field(field, problem))
    }

    /// Sets what is there.
    pub(crate) fn set_if<T: AsRef<[u8]>>(&mut self, field: u8, value: Option<T>) {
        if let Some(value) = value {
            self.set(field, value);
        }
    }

    /// A country by its number, where it has one.
    pub(crate) fn set_country(&mut self, field: u8, country: Option<Country>) {
        self.set_if(field, country.and_then(crate::values::country_number));
    }
}

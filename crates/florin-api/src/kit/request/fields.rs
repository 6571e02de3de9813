//! Typed reading of a request's fields, all failures at once.
//!
//! A request names its fields one after another:
//!
//! ```ignore
//! let email = fields.required("email").text(Email::parse);
//! let currency = fields.required("currency").currency();
//! let amount = fields.required("amount").amount(currency);
//! let reference = fields.optional("reference").text(Text::<140>::parse);
//! Some(Self { email: email?, amount: amount?, reference })
//! ```
//!
//! Each read answers `None` and remembers why when the field is missing or wrong, so that P403 lists every
//! failure in the order of the reads. Each read that succeeds also notes the field's canonical text: the
//! typed content by which an idempotency key tells the same request from another ("10" equals 10.00, `BTC`
//! equals `btc`). What is not read is not noted, so unknown fields never count. An explicit `null` is an
//! absent field.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use florin_types::{
    Amount, Country, Currencies, Currency, CurrencyCode, Date, Decimal, Email, ExternalUserId, Iban, Phone,
    Text, Timestamp,
};

use crate::kit::endpoint::codes::P410;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::json::{Json, Object, canonical_number};

/// The typed content of a request: name of a field (`originator.firstName` for an inner one) and its
/// canonical text, in the order of the reads.
pub type Content = Vec<(Cow<'static, str>, String)>;

/// A value that a call answers with P410 when it is not known, instead of P403.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed<T> {
    /// In the table.
    Known(T),
    /// A string, but not in the table.
    Unknown,
}

impl<T> Listed<T> {
    /// The value, or the refusal P410 for the handler to answer in its turn of the order of refusals.
    ///
    /// # Errors
    /// P410 when it is unknown.
    pub fn known(self) -> Result<T, Refusal> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown => Err(Refusal::of(&P410)),
        }
    }
}

/// A parsed value whose own text is what counts for idempotency.
pub trait Canonical {
    /// One text for all spellings of the value.
    fn canonical(&self) -> String;
}

macro_rules! canonical_by_text {
    ($($type:ty)+) => {
        $(impl Canonical for $type {
            fn canonical(&self) -> String {
                self.as_str().to_owned()
            }
        })+
    };
}

macro_rules! canonical_by_display {
    ($($type:ty)+) => {
        $(impl Canonical for $type {
            fn canonical(&self) -> String {
                self.to_string()
            }
        })+
    };
}

canonical_by_text! { String Email Phone Country ExternalUserId Iban }
canonical_by_display! { Timestamp Date CurrencyCode uuid::Uuid }

impl<const MAX: usize> Canonical for Text<MAX> {
    fn canonical(&self) -> String {
        self.as_str().to_owned()
    }
}

/// The fields of one object (or of one query string), being read.
pub struct Fields<'a> {
    object: &'a Object<'a>,
    currencies: &'a Currencies,
    /// Numbers and booleans come as text, as in a query string.
    textual: bool,
    /// Path of the inner object being read, with its dot; empty at the top.
    prefix: String,
    failures: Vec<String>,
    content: Content,
}

impl<'a> Fields<'a> {
    /// The fields of a JSON body.
    #[must_use]
    pub fn of_body(object: &'a Object<'a>, currencies: &'a Currencies) -> Self {
        // Room for what most requests have.
        let content = Vec::with_capacity(object.len().min(8));
        Self { object, currencies, textual: false, prefix: String::new(), failures: Vec::new(), content }
    }

    /// The parameters of a query string, each a [`Json::String`].
    #[must_use]
    pub fn of_query(object: &'a Object<'a>, currencies: &'a Currencies) -> Self {
        Self { textual: true, ..Self::of_body(object, currencies) }
    }

    /// A field that must be there: its absence is a failure.
    pub fn required(&mut self, name: &'static str) -> Slot<'_, 'a> {
        let slot = self.optional(name);
        if slot.value.is_none() {
            let failure = format!("{}{name} is required", slot.fields.prefix);
            slot.fields.failures.push(failure);
        }
        slot
    }

    /// A field that may be missing or `null`.
    pub fn optional(&mut self, name: &'static str) -> Slot<'_, 'a> {
        let value = self.get(name);
        Slot { fields: self, name, value }
    }

    /// Whether the field is there and not `null`. Notes nothing: read the field to make it count.
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Names of fields that are not known, for an object whose names are values themselves.
    pub fn unknown(&self, is_known: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.object.iter().map(|(name, _)| name.as_ref());
        names.filter(|name| !is_known(name)).map(|name| name.chars().take(64).collect()).collect()
    }

    /// A failure of its own, such as of two fields together; the text is a whole sentence without its full
    /// stop.
    pub fn fail(&mut self, failure: impl Into<String>) {
        self.failures.push(failure.into());
    }

    /// The table of currencies that the request is read by.
    #[must_use]
    pub fn currencies(&self) -> &'a Currencies {
        self.currencies
    }

    /// The content when nothing failed.
    ///
    /// # Errors
    /// P403 with every failure.
    pub fn finish(self) -> Result<Content, Refusal> {
        match self.failures.is_empty() {
            true => Ok(self.content),
            false => Err(Refusal::validation(self.failures)),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Json<'a>> {
        let (_, value) = self.object.iter().find(|(key, _)| key == name)?;
        (*value != Json::Null).then_some(value)
    }

    fn path(&self, name: &'static str) -> Cow<'static, str> {
        match self.prefix.as_str() {
            "" => Cow::Borrowed(name),
            prefix => Cow::Owned(format!("{prefix}{name}")),
        }
    }
}

/// One field on its way to a typed value. Every method answers `None` for an absent field without a further
/// failure.
#[must_use]
pub struct Slot<'s, 'a> {
    fields: &'s mut Fields<'a>,
    name: &'static str,
    value: Option<&'a Json<'a>>,
}

impl<'a> Slot<'_, 'a> {
    /// A string, by its type's own reader.
    pub fn text<T: Canonical, E: Display>(mut self, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.string()?;
        let parsed = parse(text).map(|value| (value.canonical(), value));
        self.outcome(parsed)
    }

    /// A string, by any reader; the text as sent counts for idempotency.
    pub fn parsed<T, E: Display>(mut self, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.string()?;
        let parsed = parse(text).map(|value| (text.to_owned(), value));
        self.outcome(parsed)
    }

    /// Any string, in lower case: a slug that is looked up later.
    pub fn lowercase(self) -> Option<String> {
        self.text(|text| Ok::<_, String>(text.to_lowercase()))
    }

    /// One of these values, spelt exactly so.
    pub fn one_of(mut self, values: &[&'static str]) -> Option<&'static str> {
        let text = self.string()?;
        self.chosen(values, |value| value == text)
    }

    /// One of these values, in any letter case; the answer is as the list spells it.
    pub fn one_of_any_case(mut self, values: &[&'static str]) -> Option<&'static str> {
        let text = self.string()?;
        self.chosen(values, |value| value.eq_ignore_ascii_case(text))
    }

    /// One of these names, spelt exactly so, as the value beside it.
    pub fn choice<T: Copy>(mut self, values: &[(&'static str, T)]) -> Option<T> {
        let text = self.string()?;
        match values.iter().find(|(name, _)| *name == text) {
            Some((name, value)) => self.outcome(Ok::<_, String>(((*name).to_owned(), *value))),
            None => self.fail(not_one_of(values.iter().map(|(name, _)| *name))),
        }
    }

    /// `true` or `false`.
    pub fn boolean(self) -> Option<bool> {
        let value = match self.value? {
            Json::Bool(value) => Some(*value),
            Json::String(text) if self.fields.textual => text.parse().ok(),
            _ => None,
        };
        self.outcome(value.map(|value| (value.to_string(), value)).ok_or("must be a boolean"))
    }

    /// A whole number in the range: a JSON number without point or exponent.
    pub fn integer(self, range: RangeInclusive<i64>) -> Option<i64> {
        let text = match self.value? {
            Json::Number(text) => Some(*text),
            Json::String(text) if self.fields.textual => Some(text.as_ref()),
            _ => None,
        };
        let plain = |text: &&str| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if text.filter(plain).is_none() {
            return self.fail("must be an integer");
        }
        match text.and_then(|text| text.parse().ok()).filter(|value| range.contains(value)) {
            Some(value) => self.outcome(Ok::<_, String>((value.to_string(), value))),
            None => self.fail(format!("must be from {} to {}", range.start(), range.end())),
        }
    }

    /// A decimal, zero or more: a JSON number or a string, read exactly.
    pub fn decimal(self) -> Option<Decimal> {
        let text = match self.value? {
            Json::Number(text) => *text,
            Json::String(text) => text.as_ref(),
            _ => return self.fail("must be a decimal number"),
        };
        let decimal = Decimal::parse(text).map(|value| (canonical_number(text).to_owned(), value));
        self.outcome(decimal)
    }

    /// An amount of a currency that was read before; without one, only the decimal is checked.
    pub fn amount(self, currency: Option<Currency>) -> Option<Amount> {
        match self.listed_amount(currency.map(Listed::Known))? {
            Listed::Known(amount) => Some(amount),
            Listed::Unknown => None,
        }
    }

    /// An amount of a currency that may be unknown: then it is checked as far as it can be without a scale.
    pub fn listed_amount(self, currency: Option<Listed<Currency>>) -> Option<Listed<Amount>> {
        let Slot { fields, name, value } = self;
        let decimal = Slot { fields: &mut *fields, name, value }.decimal()?;
        let amount = match currency {
            Some(Listed::Known(currency)) => Amount::from_decimal(&decimal, currency).map(Listed::Known),
            _ if decimal.minor_units(u8::MAX) == Ok(0) => Err(florin_types::AmountError::NotPositive),
            _ => Ok(Listed::Unknown),
        };
        match amount {
            Ok(amount) => Some(amount),
            Err(error) => Slot { fields, name, value }.fail(error),
        }
    }

    /// A currency of the table in any letter case, for calls that answer P403 to an unknown one.
    pub fn currency(mut self) -> Option<Currency> {
        let text = self.string()?;
        let currencies = self.fields.currencies;
        match currencies.parse(text) {
            Some(currency) => self.outcome(Ok::<_, String>((currency.code.to_string(), currency))),
            None => {
                let codes: Vec<String> =
                    currencies.iter().map(|currency| currency.code.to_string()).collect();
                self.fail(not_one_of(codes.iter().map(String::as_str)))
            }
        }
    }

    /// A currency in any letter case, for calls that answer P410 to an unknown one; only a wrong type fails
    /// here.
    pub fn listed_currency(mut self) -> Option<Listed<Currency>> {
        let text = self.string()?;
        let found = self.fields.currencies.parse(text).map_or(Listed::Unknown, Listed::Known);
        self.outcome(Ok::<_, String>((text.to_lowercase(), found)))
    }

    /// An inner object, read by `read` with its own fields; their names carry this field's name before them.
    pub fn object<T>(self, read: impl FnOnce(&mut Fields<'a>) -> Option<T>) -> Option<T> {
        let Json::Object(inner) = self.value? else {
            return self.fail("must be an object");
        };
        let Slot { fields, name, .. } = self;
        let outer = std::mem::replace(&mut fields.object, inner);
        let outer_prefix = fields.prefix.clone();
        fields.prefix.push_str(name);
        fields.prefix.push('.');
        let value = read(fields);
        fields.object = outer;
        fields.prefix = outer_prefix;
        value
    }

    /// Any JSON of at most `max_bytes` in its canonical form, such as a partner's metadata.
    pub fn json(self, max_bytes: usize) -> Option<&'a Json<'a>> {
        let value = self.value?;
        let canonical = value.canonical();
        if canonical.len() > max_bytes {
            return self.fail(format!("can have at most {max_bytes} bytes"));
        }
        self.outcome(Ok::<_, String>((canonical, value)))
    }

    /// A failure of this field if it is there: for a field that this kind of request may not have.
    pub fn refuse(self, why: &str) {
        if self.value.is_some() {
            self.fail::<()>(why);
        }
    }

    fn string(&mut self) -> Option<&'a str> {
        match self.value? {
            Json::String(text) => Some(text.as_ref()),
            _ => self.failure("must be a string"),
        }
    }

    fn chosen(self, values: &[&'static str], is: impl Fn(&str) -> bool) -> Option<&'static str> {
        match values.iter().find(|value| is(value)) {
            Some(value) => self.outcome(Ok::<_, String>(((*value).to_owned(), *value))),
            None => self.fail(not_one_of(values.iter().copied())),
        }
    }

    fn outcome<T, E: Display>(self, parsed: Result<(String, T), E>) -> Option<T> {
        match parsed {
            Ok((canonical, value)) => {
                let path = self.fields.path(self.name);
                self.fields.content.push((path, canonical));
                Some(value)
            }
            Err(error) => self.fail(error),
        }
    }

    fn fail<T>(mut self, what: impl Display) -> Option<T> {
        self.failure(what)
    }

    fn failure<T>(&mut self, what: impl Display) -> Option<T> {
        let failure = format!("{}{} {what}", self.fields.prefix, self.name);
        self.fields.failures.push(failure);
        None
    }
}

fn not_one_of<'v>(values: impl Iterator<Item = &'v str>) -> String {
    format!("must be one of the following values: {}", values.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;

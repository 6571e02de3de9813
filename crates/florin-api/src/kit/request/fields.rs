//! Typed reading of a request's fields, all failures at once; and, over the same code, the description of the request.
//!
//! A request names its fields one after another:
//!
//! ```ignore
//! let email = fields.required("email").about("Where to write to.").text::<Email>();
//! let currency = fields.required("currency").currency();
//! let amount = fields.required("amount").amount(currency);
//! let reference = fields.optional("reference").about("Shown in both histories.").text::<Text<140>>();
//! Some(Self { email: email?, amount: amount?, reference })
//! ```
//!
//! Each read answers `None` and remembers why when the field is missing or wrong, so that P403 lists every failure in
//! the order of the reads. Each read that succeeds also notes the field's canonical text: the typed content by which an
//! idempotency key tells the same request from another ("10" equals 10.00, `BTC` equals `btc`). What is not read is not
//! noted, so unknown fields never count. An explicit `null` is an absent field, and so is an empty text in an optional
//! one.
//!
//! A field that nobody read is unknown: it is a failure where it was probably meant to be one that is absent
//! ([`near_miss`]), else it is ignored and named in the answer's header.
//!
//! The same function describes the request: over [`Fields::describing`] every read notes the field's name, text and
//! schema and answers `None`. So all reads stand before the first `?`.

use super::body::Request;
use super::describe::{Description, Property, amount_schema, currency_schema, integer_schema, rate_schema};
use super::json::{Json, Object, canonical_number};
use super::near_miss;
use super::types::{FieldType, not_one_of, text_schema};
use crate::kit::endpoint::codes::P410;
use crate::kit::endpoint::refusal::Refusal;
use florin_types::{Amount, Currencies, Currency, Decimal, Rate};
use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// The typed content of a request: name of a field (`originator.firstName` for an inner one) and its canonical text, in
/// the order of the reads.
pub type Content = Vec<(Cow<'static, str>, String)>;

/// Characters of a client's own name that a message repeats: the contract's.
pub const SHOWN_NAME: usize = 64;

/// Failures after which the rest of a list is not read: who made so many mends those first, and the answer stays short.
const MAX_LISTED_FAILURES: usize = 50;

/// A value that a call answers with P410 when it is not known, instead of P403.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed<T> {
    /// In the table.
    Known(T),
    /// A text, as it was sent, but not in the table.
    Unknown(String),
}

impl<T: Clone> Listed<T> {
    /// The value, or the refusal P410 for the handler to answer in its turn of the order of refusals.
    ///
    /// # Errors
    /// P410 when it is unknown.
    pub fn known(&self) -> Result<T, Refusal> {
        match self {
            Self::Known(value) => Ok(value.clone()),
            Self::Unknown(text) => Err(Refusal::naming(&P410, text)),
        }
    }
}

/// The fields of one object (or of one query string), being read or described.
pub struct Fields<'a> {
    object: &'a Object<'a>,
    currencies: &'a Currencies,
    /// Numbers and booleans come as text, as in a query string.
    textual: bool,
    /// Path of the inner object being read, with its dot; empty at the top.
    prefix: String,
    failures: Vec<String>,
    content: Content,
    /// Names of this object that were read.
    known: Vec<&'static str>,
    /// Other words for some of them.
    other_words: Vec<near_miss::Known<'static>>,
    /// Paths of fields that are unknown and no near misses.
    ignored: Vec<String>,
    description: Option<Description>,
}

/// What a request that was read comes to.
pub struct Finished {
    /// The canonical texts.
    pub content: Content,
    /// Fields that were ignored.
    pub ignored: Vec<String>,
}

/// An object without fields, over which a request is described.
static NOTHING: Object<'static> = Object::new();

impl<'a> Fields<'a> {
    /// The fields of a JSON body.
    #[must_use]
    pub fn of_body(object: &'a Object<'a>, currencies: &'a Currencies) -> Self {
        Self {
            object,
            currencies,
            textual: false,
            prefix: String::new(),
            failures: Vec::new(),
            // Room for what most requests have.
            content: Vec::with_capacity(object.len().min(8)),
            known: Vec::with_capacity(8),
            other_words: Vec::new(),
            ignored: Vec::new(),
            description: None,
        }
    }

    /// The parameters of a query string, each a [`Json::String`].
    #[must_use]
    pub fn of_query(object: &'a Object<'a>, currencies: &'a Currencies) -> Self {
        Self { textual: true, ..Self::of_body(object, currencies) }
    }

    /// No fields: every read describes its field.
    #[must_use]
    pub fn describing(currencies: &'a Currencies) -> Self {
        Self { description: Some(Description::default()), ..Self::of_body(&NOTHING, currencies) }
    }

    /// What was described.
    #[must_use]
    pub fn described(self) -> Description {
        self.description.unwrap_or_default()
    }

    /// A field that must be there: its absence is a failure.
    pub fn required(&mut self, name: &'static str) -> Slot<'_, 'a> {
        self.known.push(name);
        let value = self.get(name);
        if value.is_none() && self.description.is_none() {
            self.failures.push(format!("{}{name} is required", self.prefix));
        }
        Slot { fields: self, name, value, is_required: true, about: "", example: None }
    }

    /// A field or parameter that may be missing, `null` or an empty text.
    pub fn optional(&mut self, name: &'static str) -> Slot<'_, 'a> {
        self.known.push(name);
        let value = self.get(name).filter(|value| !is_empty_text(value));
        Slot { fields: self, name, value, is_required: false, about: "", example: None }
    }

    /// A field of another call that must not be given here, as this call would do something else without it. What was
    /// probably meant to be it is a failure too.
    pub fn must_not_have(&mut self, name: &'static str, words: &'static [&'static str], why: &str) {
        if self.description.is_some() {
            return;
        }
        self.known.push(name);
        self.other_words.push((name, words));
        if self.is_given(name) {
            self.failures.push(format!("{}{name} cannot be given here: {why}", self.prefix));
        }
    }

    /// Required or optional, for a part that several requests share.
    pub fn field(&mut self, name: &'static str, is_required: bool) -> Slot<'_, 'a> {
        if is_required { self.required(name) } else { self.optional(name) }
    }

    /// Whether the field is there and neither `null` nor empty. Notes nothing: read the field to make it count. While
    /// describing, every field is there.
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        self.description.is_some() || self.get(name).is_some_and(|value| !is_empty_text(value))
    }

    /// Names of fields that are not known, for an object whose names are values themselves.
    pub fn unknown(&self, is_known: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.object.iter().map(|(name, _)| name.as_ref());
        names.filter(|name| !is_known(name)).map(shown).collect()
    }

    /// A failure of its own, such as of two fields together; the text is a whole sentence without its full stop.
    pub fn fail(&mut self, failure: impl Into<String>) {
        self.failures.push(failure.into());
    }

    /// A failure of fields together: every second piece of the sentence is a field's name, shown with its path.
    pub fn fail_of(&mut self, pieces: &[&str]) {
        let piece = |(index, piece): (usize, &&str)| match index % 2 {
            1 => format!("{}{piece}", self.prefix),
            _ => (*piece).to_owned(),
        };
        let failure = pieces.iter().enumerate().map(piece).collect();
        self.failures.push(failure);
    }

    /// Describes that one of these groups of fields must be given. The reader checks it in its own words.
    pub fn needs_one_of(&mut self, groups: &'static [&'static [&'static str]]) {
        if let Some(description) = &mut self.description {
            description.alternatives = groups;
        }
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
    pub fn finish(mut self) -> Result<Finished, Refusal> {
        self.look_at_unknown();
        match self.failures.is_empty() {
            true => Ok(Finished { content: self.content, ignored: self.ignored }),
            false => Err(Refusal::validation(self.failures)),
        }
    }

    /// What of this object nobody read: near misses of absent fields fail, the others are noted.
    fn look_at_unknown(&mut self) {
        let object = self.object;
        let mut unknown = object.iter().filter(|(name, _)| !self.known.contains(&name.as_ref())).peekable();
        if unknown.peek().is_none() {
            return;
        }
        // Once for all of them: a body has room for thousands of names.
        let is_absent = |name| self.get(name).is_none_or(is_empty_text);
        let absent = self.known.iter().copied().filter(|known| is_absent(known));
        let other_words = |name| self.other_words.iter().find(|(known, _)| *known == name);
        let absent =
            near_miss::Names::of(absent.map(|name| other_words(name).copied().unwrap_or((name, &[]))));
        for (name, _) in unknown {
            match absent.meant(name) {
                Some(meant) => {
                    let what = if self.textual { "parameter" } else { "field" };
                    let (prefix, name) = (&self.prefix, shown(name));
                    self.failures.push(format!(
                        "{prefix}{name} is no {what} of this call; did you mean {prefix}{meant}?"
                    ));
                }
                None => self.ignored.push(format!("{}{}", self.prefix, shown(name))),
            }
        }
    }

    /// Reads an inner object with its own fields, whose names get `prefix` before them.
    fn within<T>(
        &mut self,
        inner: &'a Object<'a>,
        prefix: &str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let outer = std::mem::replace(&mut self.object, inner);
        let known = std::mem::take(&mut self.known);
        let other_words = std::mem::take(&mut self.other_words);
        let outer_prefix = self.prefix.len();
        self.prefix.push_str(prefix);
        let value = read(self);
        self.look_at_unknown();
        self.prefix.truncate(outer_prefix);
        (self.object, self.known, self.other_words) = (outer, known, other_words);
        value
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

/// One field on its way to a typed value. Every method answers `None` for an absent field without a further failure.
#[must_use]
pub struct Slot<'s, 'a> {
    fields: &'s mut Fields<'a>,
    name: &'static str,
    value: Option<&'a Json<'a>>,
    is_required: bool,
    pub(super) about: &'static str,
    example: Option<&'static str>,
}

impl<'a> Slot<'_, 'a> {
    /// What the field means: its text in the OpenAPI document.
    pub fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// A value that works, where its type's own example does not fit.
    pub fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    /// Other words by which clients call what this field names, where its absence decides whose money moves: an unknown
    /// field of such a name was meant to be this one.
    pub fn also_called(self, words: &'static [&'static str]) -> Self {
        self.fields.other_words.push((self.name, words));
        self
    }

    /// A text of a type.
    pub fn text<T: FieldType>(mut self) -> Option<T> {
        self.describe_as(T::NAME, T::schema);
        let text = self.string()?;
        let parsed = T::parse(text).map(|value| (value.canonical(), value));
        self.outcome(parsed)
    }

    /// Any text, in lower case: a slug that is looked up later.
    pub fn lowercase(mut self) -> Option<String> {
        self.describe(text_schema);
        let text = self.string()?.to_lowercase();
        self.outcome(Ok::<_, String>((text.clone(), text)))
    }

    /// `true` or `false`.
    pub fn boolean(mut self) -> Option<bool> {
        self.describe(|| ObjectBuilder::new().schema_type(Type::Boolean));
        let value = match self.value? {
            Json::Bool(value) => Some(*value),
            Json::String(text) if self.fields.textual => text.parse().ok(),
            _ => None,
        };
        self.outcome(value.map(|value| (value.to_string(), value)).ok_or("must be a boolean"))
    }

    /// A whole number in the range: a JSON number without point or exponent.
    pub fn integer(mut self, range: RangeInclusive<i64>) -> Option<i64> {
        self.describe(|| integer_schema(&range));
        self.whole_number(&range)
    }

    /// A whole number in the range, and what its absence means.
    pub fn integer_or(mut self, range: RangeInclusive<i64>, default: i64) -> i64 {
        self.describe(|| integer_schema(&range).default(Some(default.into())));
        self.whole_number(&range).unwrap_or(default)
    }

    fn whole_number(self, range: &RangeInclusive<i64>) -> Option<i64> {
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

    /// The price of a currency in EUR.
    pub fn rate(mut self) -> Option<Rate> {
        self.describe_named("Rate", || rate_schema().into());
        let rate = |text: &str| Rate::parse(text).map(|rate| (rate.to_string(), rate));
        self.exact(rate)
    }

    /// What is read exactly from a JSON number or a text.
    pub(super) fn exact<T, E: Display>(
        self,
        parse: impl FnOnce(&str) -> Result<(String, T), E>,
    ) -> Option<T> {
        let text = match self.value? {
            Json::Number(text) => *text,
            Json::String(text) => text.as_ref(),
            _ => return self.fail("must be a decimal number"),
        };
        let parsed = parse(text);
        self.outcome(parsed)
    }

    /// A decimal that is an amount of a currency which is known only later.
    pub fn decimal(mut self) -> Option<Decimal> {
        self.describe_named("Amount", || amount_schema().into());
        self.exact(|text| Decimal::parse(text).map(|value| (canonical_number(text).to_owned(), value)))
    }

    /// An amount of a currency that was read before; without one, only the decimal is checked.
    pub fn amount(self, currency: Option<Currency>) -> Option<Amount> {
        match self.listed_amount(currency.map(Listed::Known).as_ref())? {
            Listed::Known(amount) => Some(amount),
            Listed::Unknown(_) => None,
        }
    }

    /// An amount of a currency that may be unknown: then it is checked as far as it can be without a scale.
    pub fn listed_amount(mut self, currency: Option<&Listed<Currency>>) -> Option<Listed<Amount>> {
        self.describe_named("Amount", || amount_schema().into());
        let Slot { fields, name, value, is_required, about, example } = self;
        let decimal =
            |text: &str| Decimal::parse(text).map(|value| (canonical_number(text).to_owned(), value));
        let decimal =
            Slot { fields: &mut *fields, name, value, is_required, about, example }.exact(decimal)?;
        let amount = match currency {
            Some(Listed::Known(currency)) => Amount::from_decimal(&decimal, *currency).map(Listed::Known),
            _ if decimal.minor_units(u8::MAX) == Ok(0) => Err(florin_types::AmountError::NotPositive),
            _ => Ok(Listed::Unknown(String::new())),
        };
        match amount {
            Ok(amount) => Some(amount),
            Err(error) => Slot { fields, name, value, is_required, about, example }.fail(error),
        }
    }

    /// A currency of the table in any letter case, for calls that answer P403 to an unknown one.
    pub fn currency(mut self) -> Option<Currency> {
        self.describe_named("Currency", || currency_schema().into());
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

    /// A currency in any letter case, for calls that answer P410 to an unknown one; only a wrong type fails here.
    pub fn listed_currency(mut self) -> Option<Listed<Currency>> {
        self.describe_named("Currency", || currency_schema().into());
        let text = self.string()?;
        let known = self.fields.currencies.parse(text);
        let found = known.map_or_else(|| Listed::Unknown(shown(text)), Listed::Known);
        self.outcome(Ok::<_, String>((text.to_lowercase(), found)))
    }

    /// A list of one to `max` objects, each read as a request of its own; their names carry this field's name and their
    /// place in the list before them. For idempotency the list is one field.
    pub fn list<R: Request>(self, max: usize) -> Option<Vec<R>> {
        let Slot { fields, name, value, is_required, about, .. } = self;
        if let Some(description) = &mut fields.description {
            description.add(Property::list::<R>(name, is_required, about, max));
            return None;
        }
        let slot = |fields| Slot { fields, name, value, is_required, about, example: None };
        let items = match value? {
            Json::Array(items) if (1..=max).contains(&items.len()) => items,
            Json::Array(_) => return slot(fields).fail(format!("must have 1 to {max} items")),
            _ => return slot(fields).fail("must be an array"),
        };
        let before = fields.content.len();
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Json::Object(item) => read.extend(fields.within(item, &format!("{name}[{index}]."), R::read)),
                _ => fields.failures.push(format!("{}{name}[{index}] must be an object", fields.prefix)),
            }
            if fields.failures.len() > MAX_LISTED_FAILURES {
                return None;
            }
        }
        // The names say the place, so no two lists have one text.
        let content = fields.content.split_off(before);
        let content = content.iter().map(|(name, text)| format!("{name:?}:{text:?}")).collect::<Vec<_>>();
        slot(fields).outcome(Ok::<_, String>((content.join(","), read)))
    }

    /// An inner object, read by `read` with its own fields; their names carry this field's name before them.
    pub fn object<T>(self, read: impl FnOnce(&mut Fields<'a>) -> Option<T>) -> Option<T> {
        let Slot { fields, name, value, is_required, about, .. } = self;
        let inner = match value {
            _ if fields.description.is_some() => &NOTHING,
            None => return None,
            Some(Json::Object(inner)) => inner,
            Some(_) => {
                return Slot { fields, name, value, is_required, about, example: None }
                    .fail("must be an object");
            }
        };
        let outer_description = fields.description.as_mut().map(std::mem::take);
        let value = fields.within(inner, &format!("{name}."), read);
        if let Some(mut outer) = outer_description {
            let inner = fields.description.take().unwrap_or_default();
            outer.add(Property {
                name,
                is_required,
                about,
                schema: inner.schema(about),
                named: inner.named(),
            });
            fields.description = Some(outer);
        }
        value
    }

    /// Any JSON of at most `max_bytes` in its canonical form, such as a partner's metadata.
    pub fn json(mut self, max_bytes: usize) -> Option<&'a Json<'a>> {
        self.describe(|| ObjectBuilder::new().schema_type(Type::Object));
        let value = self.value?;
        let canonical = value.canonical();
        if canonical.len() > max_bytes {
            return self.fail(format!("can have at most {max_bytes} bytes"));
        }
        self.outcome(Ok::<_, String>((canonical, value)))
    }

    fn describe(&mut self, schema: impl FnOnce() -> ObjectBuilder) {
        self.describe_as(None, schema);
    }

    pub(super) fn describe_as(
        &mut self,
        component: Option<&'static str>,
        schema: impl FnOnce() -> ObjectBuilder,
    ) {
        let (about, example) = (self.about, self.example);
        if self.fields.description.is_none() {
            return;
        }
        match component {
            Some(component) => self.describe_named(component, || schema().into()),
            None => {
                let schema = schema().description(Some(about));
                let schema = if let Some(example) = example { schema.examples([example]) } else { schema };
                self.add(Schema::from(schema), None);
            }
        }
    }

    /// A component says what all of its kind have in common; where nothing is said of the field itself, this is it.
    fn describe_named(&mut self, component: &'static str, schema: impl FnOnce() -> Schema) {
        if self.fields.description.is_some() {
            let schema = schema();
            self.add(schema, Some(component));
        }
    }

    pub(super) fn add(&mut self, schema: Schema, component: Option<&'static str>) {
        let (name, is_required, about) = (self.name, self.is_required, self.about);
        if let Some(description) = &mut self.fields.description {
            let property = Property::new(name, is_required, about, schema, component);
            description.add(property);
        }
    }

    pub(super) fn string(&mut self) -> Option<&'a str> {
        match self.value? {
            Json::String(text) => Some(text.as_ref()),
            _ => self.failure("must be a string"),
        }
    }

    pub(super) fn outcome<T, E: Display>(self, parsed: Result<(String, T), E>) -> Option<T> {
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

fn is_empty_text(value: &Json<'_>) -> bool {
    matches!(value, Json::String(text) if text.is_empty())
}

/// What a client sent, cut to what fits a message.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN_NAME).collect()
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;

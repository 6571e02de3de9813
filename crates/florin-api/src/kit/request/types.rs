//! What a field's text can be: each type says how it is read, how it is spelt for idempotency, and its schema.
//!
//! Closed sets of words (`enum`s that are kept, read and shown) are declared by `words!` and nothing
//! else.

use florin_types::{Country, Date, Email, ExternalUserId, Iban, Phone, Text, Timestamp};
use std::convert::Infallible;
use std::fmt::Display;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use uuid::Uuid;

/// A type that a field of a request can have.
pub trait FieldType: Sized {
    /// What is wrong with a text, as it follows the field's name in a message.
    type Error: Display;

    /// The schema's name among the components of the OpenAPI document, where it is shown by reference.
    const NAME: Option<&'static str> = None;

    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong.
    fn parse(text: &str) -> Result<Self, Self::Error>;

    /// One text for all spellings of the value: by it an idempotency key tells the same request from another.
    fn canonical(&self) -> String;

    /// The schema of the texts that are accepted.
    fn schema() -> ObjectBuilder;
}

/// One visible character or more, and none that controls: `florin_types::Text` says which those are.
const PLAIN_TEXT: &str = concat!(
    r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*",
    r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\s]",
    r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
);

/// A schema of texts.
pub fn text_schema() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A schema of addresses.
pub fn uri_schema() -> ObjectBuilder {
    text_schema().format(Some(SchemaFormat::Custom("uri".to_owned())))
}

/// A schema of texts of a known format.
pub fn formatted(format: KnownFormat) -> ObjectBuilder {
    text_schema().format(Some(SchemaFormat::KnownFormat(format)))
}

/// "must be one of the following values: …".
pub fn not_one_of<'v>(values: impl Iterator<Item = &'v str>) -> String {
    format!("must be one of the following values: {}", values.collect::<Vec<_>>().join(", "))
}

macro_rules! field_types {
    ($($type:ty, $error:ty, $canonical:ident, $schema:expr;)+) => {
        $(impl FieldType for $type {
            type Error = $error;

            fn parse(text: &str) -> Result<Self, Self::Error> {
                Self::parse(text)
            }

            fn canonical(&self) -> String {
                self.$canonical().to_owned()
            }

            fn schema() -> ObjectBuilder {
                $schema
            }
        })+
    };
}

field_types! {
    Email, florin_types::EmailError, as_str,
        formatted(KnownFormat::Email).max_length(Some(254)).examples(["ada@example.com"]);
    Phone, florin_types::PhoneError, as_str,
        text_schema().pattern(Some(r"^\+?[1-9]([ ().-]*[0-9]){7,14}$")).examples(["+447700900123"]);
    Country, florin_types::CountryError, as_str,
        text_schema().pattern(Some("^[A-Za-z]{2}$")).examples(["GB"]);
    ExternalUserId, florin_types::ExternalUserIdError, as_str,
        text_schema().pattern(Some("^[A-Za-z0-9._:@-]+$")).min_length(Some(1)).max_length(Some(64))
            .examples(["customer-1001"]);
    Iban, florin_types::IbanError, as_str,
        text_schema().pattern(Some("^[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]{11,40}$")).examples(["DE89370400440532013000"]);
    Timestamp, florin_types::TimeError, to_string,
        formatted(KnownFormat::DateTime).examples(["2026-01-31T09:30:00.000Z"]);
    Date, florin_types::TimeError, to_string, formatted(KnownFormat::Date).examples(["1990-12-10"]);
}

impl<const MAX: usize> FieldType for Text<MAX> {
    type Error = florin_types::TextError;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        Self::parse(text)
    }

    fn canonical(&self) -> String {
        self.as_str().to_owned()
    }

    fn schema() -> ObjectBuilder {
        text_schema().min_length(Some(1)).max_length(Some(MAX)).pattern(Some(PLAIN_TEXT))
    }
}

impl FieldType for Uuid {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        // With hyphens, in any letter case (RFC 9562, section 4).
        let id = Uuid::try_parse(text).ok();
        let id = id.filter(|id| id.hyphenated().to_string().eq_ignore_ascii_case(text));
        id.ok_or("must be a UUID")
    }

    fn canonical(&self) -> String {
        self.to_string()
    }

    fn schema() -> ObjectBuilder {
        formatted(KnownFormat::Uuid)
    }
}

/// Where a list goes on: what the page before gave as `nextCursor`, unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

impl FieldType for Cursor {
    type Error = Infallible;

    fn parse(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }

    fn canonical(&self) -> String {
        self.0.clone()
    }

    fn schema() -> ObjectBuilder {
        // The shortest holds the proof alone: 16 bytes.
        text_schema().pattern(Some("^[A-Za-z0-9_-]{22,}$"))
    }
}

/// Declares an enum of words: how they are spelt on the wire and in the database, read, and described.
///
/// ```ignore
/// words! {
///     /// What a person is identified by.
///     pub enum DocumentType {
///         /// A national identity card.
///         IdCard = "ID_CARD",
///         /// A passport.
///         Passport = "PASSPORT",
///     }
/// }
/// ```
///
/// The doc comments are the texts of the OpenAPI document, where the enum is a component of its own name.
macro_rules! words {
    ($(#[doc = $about:literal])+ $vis:vis enum $type:ident {
        $($(#[doc = $meaning:literal])+ $case:ident = $word:literal,)+
    }) => {
        $(#[doc = $about])+
        #[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
        $vis enum $type {
            $($(#[doc = $meaning])+ $case,)+
        }

        impl $type {
            /// All of them, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$case),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$case => $word),+ }
            }

            /// What a word means, if it is one of these, spelt exactly so.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|case| case.as_str() == word)
            }

            /// What the documentation says of it.
            fn about() -> String {
                let cases = [$(concat!("- `", $word, "`:", $($meaning),+)),+];
                format!("{}\n\n{}", concat!($($about, "\n"),+).trim(), cases.join("\n"))
            }
        }

        impl $crate::kit::request::types::FieldType for $type {
            type Error = String;
            const NAME: Option<&'static str> = Some(stringify!($type));

            fn parse(text: &str) -> Result<Self, String> {
                Self::of_word(text).ok_or_else(|| {
                    $crate::kit::request::types::not_one_of(Self::ALL.iter().map(|case| case.as_str()))
                })
            }

            fn canonical(&self) -> String {
                self.as_str().to_owned()
            }

            fn schema() -> utoipa::openapi::schema::ObjectBuilder {
                $crate::kit::request::types::text_schema()
                    .enum_values(Some(Self::ALL.iter().map(|case| case.as_str())))
                    .description(Some(Self::about()))
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::of_word(&word).ok_or_else(|| serde::de::Error::custom(concat!("no ", stringify!($type))))
            }
        }

        impl From<$type> for florin_store::Value {
            fn from(case: $type) -> Self {
                Self::from(case.as_str())
            }
        }

        impl florin_store::FromValue for $type {
            fn from_value(value: &florin_store::Value) -> Option<Self> {
                if let florin_store::Value::Text(word) = value { Self::of_word(word) } else { None }
            }
        }

        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                <Self as $crate::kit::request::types::FieldType>::schema().into()
            }
        }

        impl utoipa::ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($type))
            }
        }
    };
}

pub(crate) use words;

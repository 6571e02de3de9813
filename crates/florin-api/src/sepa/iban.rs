//! An IBAN as a request gives it: what has the form of one but wrong check digits is P462 in its turn, not P403.

use crate::kit::endpoint::codes::P462;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::types::FieldType;
use florin_types::{Iban, IbanError};
use utoipa::openapi::schema::ObjectBuilder;

/// A text in the form of an IBAN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenIban {
    /// One that can be right.
    Right(Iban),
    /// One that cannot, in the electronic format, and why.
    Wrong(String, IbanError),
}

impl GivenIban {
    /// The IBAN.
    ///
    /// # Errors
    /// P462 where it cannot be right.
    pub fn known(&self, field: &str) -> Result<&Iban, Refusal> {
        match self {
            Self::Right(iban) => Ok(iban),
            Self::Wrong(_, why) => Err(Refusal::because(&P462, format_args!("{field} {why}"))),
        }
    }

    /// The IBAN, where it can be right.
    pub fn right(&self) -> Option<&Iban> {
        if let Self::Right(iban) = self { Some(iban) } else { None }
    }
}

impl FieldType for GivenIban {
    type Error = IbanError;

    fn parse(text: &str) -> Result<Self, IbanError> {
        match Iban::parse(text) {
            Ok(iban) => Ok(Self::Right(iban)),
            Err(IbanError::Malformed) => Err(IbanError::Malformed),
            Err(why) => Ok(Self::Wrong(text.replace(' ', "").to_ascii_uppercase(), why)),
        }
    }

    fn canonical(&self) -> String {
        match self {
            Self::Right(iban) => iban.as_str().to_owned(),
            Self::Wrong(text, _) => text.clone(),
        }
    }

    fn schema() -> ObjectBuilder {
        Iban::schema()
    }
}

//! The PIN of a card.

use super::pin_block::Pin;
use crate::kit::request::types::{FieldType, text_schema};
use utoipa::openapi::schema::ObjectBuilder;

/// A PIN as a request gives it.
#[derive(Clone)]
pub struct GivenPin(pub Pin);

impl FieldType for GivenPin {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, &'static str> {
        Pin::parse(text).map(Self).ok_or("must be exactly 4 digits")
    }

    fn canonical(&self) -> String {
        self.0.as_str().to_owned()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^[0-9]{4}$")).examples(["4829"])
    }
}

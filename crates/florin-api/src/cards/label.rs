//! What a partner calls a card.

use crate::kit::request::types::{FieldType, text_schema};
use florin_types::{Text, TextError};
use thiserror::Error;
use utoipa::openapi::schema::ObjectBuilder;

/// Characters of a label: the contract's.
const FEWEST: usize = 3;
const MOST: usize = 30;

/// A text of 3 to 30 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct CardLabel(Text<MOST>);

/// Why a text is no label.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CardLabelError {
    /// As for every text.
    #[error("{0}")]
    Text(TextError),
    /// Fewer characters than a label has.
    #[error("must have at least {FEWEST} characters")]
    TooShort,
}

impl CardLabel {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FieldType for CardLabel {
    type Error = CardLabelError;

    fn parse(text: &str) -> Result<Self, CardLabelError> {
        let text = Text::parse(text).map_err(CardLabelError::Text)?;
        match text.as_str().chars().nth(FEWEST - 1) {
            Some(_) => Ok(Self(text)),
            None => Err(CardLabelError::TooShort),
        }
    }

    fn canonical(&self) -> String {
        self.as_str().to_owned()
    }

    fn schema() -> ObjectBuilder {
        text_schema().min_length(Some(FEWEST)).max_length(Some(MOST)).examples(["Travel"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_three_to_thirty_characters() {
        for text in ["Taxi", "abc", "  abc ", "äöü", &"x".repeat(30)] {
            assert_eq!(CardLabel::parse(text).unwrap().as_str(), text.trim(), "{text}");
        }
        for text in ["", "ab", " ab ", "é", "a\tb", &"x".repeat(31)] {
            assert!(CardLabel::parse(text).is_err(), "{text}");
        }
    }
}

//! A limit as a field of a request: an amount of EUR that may be zero.

use super::describe::MAX_DECIMAL_CHARACTERS;
use super::fields::Slot;
use super::json::canonical_number;
use super::types::text_schema;
use florin_types::{Decimal, format_number};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};

/// Digits with a point, from zero on; not `007`, `.5`, `5.` or an exponent.
const PATTERN: &str = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$";

impl Slot<'_, '_> {
    /// A limit from zero to so many cents.
    pub fn limit(mut self, most: i64) -> Option<i64> {
        let about = self.about;
        self.add(schema(most).description(Some(about)).into(), None);
        let limit = |text: &str| {
            let decimal = Decimal::parse(text).map_err(|error| error.to_string())?;
            let cents = decimal.minor_units(2).map_err(|error| error.to_string())?;
            match cents <= most {
                true => Ok((canonical_number(text).to_owned(), cents)),
                false => Err(format!("must be at most {}", format_number(most, 2))),
            }
        };
        self.exact(limit)
    }
}

fn schema(most: i64) -> OneOfBuilder {
    let text = text_schema().pattern(Some(PATTERN)).max_length(Some(MAX_DECIMAL_CHARACTERS));
    let number = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0)).maximum(Some(most / 100));
    OneOfBuilder::new().item(number).item(text)
}

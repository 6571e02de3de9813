//! Colours of a branding, as requests have them.

use crate::kit::request::types::{FieldType, text_schema};
use florin_pages::Colour;
use utoipa::openapi::schema::ObjectBuilder;

impl FieldType for Colour {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        Self::parse(text).ok_or("must be a colour such as #0b5fff")
    }

    fn canonical(&self) -> String {
        self.to_string()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^#[0-9A-Fa-f]{6}$")).examples(["#0b5fff"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn contrasts_are_those_of_wcag() {
        let color = |text: &str| Colour::parse(text).unwrap();
        assert_eq!(Colour::WHITE.contrast(Colour::BLACK), 2_100);
        assert_eq!(Colour::WHITE.contrast(Colour::WHITE), 100);
        // The lightest grey that can be read on white, and the one after it.
        assert!(color("#767676").is_readable_on(Colour::WHITE));
        assert!(!color("#777777").is_readable_on(Colour::WHITE));
        assert_eq!(color("#ffcc00").text(), Colour::BLACK);
        assert_eq!(color("#0B5FFF").text(), Colour::WHITE);
        assert_eq!(color("#0B5FFF").to_string(), "#0b5fff");
        for wrong in ["0b5fff", "#0b5ff", "#0b5fffa", "#0b5ffg", "#+b5fff", "blue", "#0b5f\u{e9}"] {
            assert!(<Colour as FieldType>::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn white_or_black_can_be_read_on_every_colour([red, green, blue]: [u8; 3]) {
            let color = Colour::parse(&format!("#{red:02x}{green:02x}{blue:02x}")).unwrap();
            prop_assert!(color.text().is_readable_on(color));
        }
    }
}

//! What people are reached by and called: email address, phone number, short text.
//!
//! All three are personal data: `Debug` never shows the content, and there is no `Display` to print it by accident.

use std::fmt;

use email_address::{EmailAddress, Options};
use thiserror::Error;

/// The longest address that fits a mail's envelope: RFC 5321 allows a path of 256 octets, two of them the brackets.
const MAX_EMAIL_CHARACTERS: usize = 254;

/// Why a text is no [`Email`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum EmailError {
    /// No address, or one that mail between strangers cannot use.
    #[error("must be an email: an address such as ada@example.com")]
    Malformed,
    /// More than 254 characters.
    #[error("can have at most {MAX_EMAIL_CHARACTERS} characters")]
    TooLong,
}

/// An email address (RFC 5322 `addr-spec`) of visible ASCII, to 254 characters, letter case kept.
///
/// No display name, no IP address in place of a domain, and a domain of at least two labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// Takes the text as it is, or refuses it.
    ///
    /// # Errors
    /// [`EmailError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(EmailError::Malformed);
        }
        if text.len() > MAX_EMAIL_CHARACTERS {
            return Err(EmailError::TooLong);
        }
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        match EmailAddress::parse_with_options(text, options) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(EmailError::Malformed),
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// Why a text is no [`Phone`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum PhoneError {
    /// Not 8 to 15 digits after an optional `+`, a first digit of 0, or something else between them than separators.
    #[error(
        "must be a phone number with country code, 8 to 15 digits: such as +447700900123, without 00 or 0 in front"
    )]
    Malformed,
}

/// Digits of a phone number, country code included.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// What people write between the digits of a phone number.
const SEPARATORS: &[u8] = b" -.()";

/// A phone number with country code, kept as its digits.
///
/// Source: ITU-T E.164, which allows 15 digits at most and gives no country code that begins with 0. Its least is
/// ours: no country has international numbers under 8 digits that a person is reached by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads digits after an optional `+`. Spaces, hyphens, dots and brackets between digits are dropped.
    ///
    /// # Errors
    /// [`PhoneError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let written = text.strip_prefix('+').unwrap_or(text);
        let is_allowed = |byte: u8| byte.is_ascii_digit() || SEPARATORS.contains(&byte);
        let ends_in_digits = [written.bytes().next(), written.bytes().last()]
            .iter()
            .all(|end| end.is_some_and(|byte| byte.is_ascii_digit()));
        if !ends_in_digits || !written.bytes().all(is_allowed) || written.starts_with('0') {
            return Err(PhoneError::Malformed);
        }
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        if DIGITS.contains(&digits.len()) { Ok(Self(digits)) } else { Err(PhoneError::Malformed) }
    }

    /// The digits, without the `+`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

/// Why a text is no [`Text`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing that can be seen.
    #[error("must not be empty")]
    Empty,
    /// Too many characters.
    #[error("can have at most {max} characters")]
    TooLong {
        /// How many there may be.
        max: usize,
    },
    /// NUL, a line break, a tab or another control character, at either end included.
    #[error("must not contain the control character U+{:04X}", u32::from(*.0))]
    ControlCharacter(char),
    /// A character that turns the direction of what follows, by which a text can look like another.
    #[error("must not contain the text-direction character U+{:04X}", u32::from(*.0))]
    TextDirection(char),
}

/// One line of free text, such as a name or a street: trimmed, not empty, at most `MAX` characters (Unicode scalar
/// values), without control characters and without characters that override the text direction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Takes the text without the spaces around it.
    ///
    /// # Errors
    /// [`TextError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        for character in text.chars() {
            if is_control(character) {
                return Err(TextError::ControlCharacter(character));
            }
            if is_text_direction(character) {
                return Err(TextError::TextDirection(character));
            }
        }
        let text = text.trim();
        if text.chars().all(is_invisible) {
            Err(TextError::Empty)
        } else if text.chars().nth(MAX).is_some() {
            Err(TextError::TooLong { max: MAX })
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(…)")
    }
}

/// Unicode's control characters (Cc), and its line and paragraph separators, which are line breaks too.
fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// The embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9, sections 2.1 to 2.5), paired
/// or not. The plain marks (U+200E, U+200F, U+061C) turn nothing but themselves and stay allowed.
fn is_text_direction(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_invisible(character: char) -> bool {
    let zero_width =
        matches!(character, '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}');
    zero_width || character.is_whitespace()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn email_addresses() {
        let longest = format!("{}@{}.{}.{}", "a".repeat(64), "b".repeat(63), "c".repeat(63), "d".repeat(61));
        assert_eq!(longest.len(), MAX_EMAIL_CHARACTERS);
        for email in
            ["jane@example.com", "Jane.Doe+tag@mail.example.co.uk", "o'brien@example.com", "a@b.cd", &longest]
        {
            assert_eq!(Email::parse(email).map(Email::into_string), Ok(email.to_owned()));
        }
        for text in [
            "",
            "jane",
            "@example.com",
            "jane@",
            "jane@localhost",
            "jane@[127.0.0.1]",
            "Jane <jane@example.com>",
            "<jane@example.com>",
            " jane@example.com",
            "jane@example.com\n",
            "jane@exam ple.com",
            "jane@@example.com",
            "jane@example..com",
            "jané@example.com",
            "jane@exämple.com",
            "jane\0@example.com",
        ] {
            assert_eq!(Email::parse(text), Err(EmailError::Malformed), "{text:?}");
        }
        assert_eq!(Email::parse(&format!("{longest}d")), Err(EmailError::TooLong));
    }

    #[test]
    fn phone_numbers() {
        for (text, digits) in [
            ("+37061234567", "37061234567"),
            ("37061234567", "37061234567"),
            ("12345678", "12345678"),
            ("+123456789012345", "123456789012345"),
            ("+370 612 34567", "37061234567"),
            ("370-61234567", "37061234567"),
            ("+49 (0151) 123.45-67", "4901511234567"),
            ("1 (212) 555-0100", "12125550100"),
            ("+1 2 3 4 5 6 7 8 9 0 1 2 3 4 5", "123456789012345"),
        ] {
            assert_eq!(Phone::parse(text).map(Phone::into_string), Ok(digits.to_owned()));
        }
        for text in [
            "",
            "+",
            "1234567",
            "+1234567",
            "1234567890123456",
            "0037061234567",
            "+0037061234567",
            "++37061234567",
            "+1 2 3 4 5 6 7",
            "+1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6",
            " 37061234567",
            "37061234567 ",
            "+ 37061234567",
            "+(370)61234567",
            "37061234567+",
            "370+61234567",
            "370/61234567",
            "370_61234567",
            "370 612 34567 ext. 8",
            "370\t61234567",
            "370\u{a0}61234567",
            "３７０６１２３４５６７",
        ] {
            assert_eq!(Phone::parse(text), Err(PhoneError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn texts() {
        for (text, kept) in [
            ("Jane", Ok("Jane")),
            ("  Jane  ", Ok("Jane")),
            ("\u{A0}Jane", Ok("Jane")),
            ("Ægir Þór", Ok("Ægir Þór")),
            ("שלום", Ok("שלום")),
            ("12345678", Ok("12345678")),
            ("éééééééé", Ok("éééééééé")),
            ("  12345678  ", Ok("12345678")),
            ("", Err("must not be empty")),
            ("   ", Err("must not be empty")),
            ("\u{200B}\u{FEFF}", Err("must not be empty")),
            ("123456789", Err("can have at most 8 characters")),
            ("a\0", Err("must not contain the control character U+0000")),
            ("Jane\n", Err("must not contain the control character U+000A")),
            ("a\tb", Err("must not contain the control character U+0009")),
            ("a\u{7F}", Err("must not contain the control character U+007F")),
            ("a\u{9B}", Err("must not contain the control character U+009B")),
            ("a\u{2028}b", Err("must not contain the control character U+2028")),
            ("a\u{202E}b", Err("must not contain the text-direction character U+202E")),
            ("a\u{2066}b\u{2069}", Err("must not contain the text-direction character U+2066")),
        ] {
            let parsed = Text::<8>::parse(text).map(Text::into_string).map_err(|error| error.to_string());
            assert_eq!(parsed, kept.map(str::to_owned).map_err(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Email::parse("jane@example.com")), "Ok(Email(…))");
        assert_eq!(format!("{:?}", Phone::parse("37061234567")), "Ok(Phone(…))");
        assert_eq!(format!("{:?}", Text::<8>::parse("Jane")), "Ok(Text(…))");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), near in "[a-z.\"()<>@\\[\\]:é -]{0,30}@?[a-z.\\[\\]()<>-]{0,12}") {
            for text in [text, near] {
                let _ = Email::parse(&text);
                let _ = Phone::parse(&text);
                let _ = Text::<8>::parse(&text);
            }
        }

        #[test]
        fn what_is_kept_parses_to_itself(text in "\\PC{0,12}") {
            if let Ok(kept) = Text::<8>::parse(&text) {
                prop_assert_eq!(Text::<8>::parse(kept.as_str()), Ok(kept));
            }
        }
    }
}

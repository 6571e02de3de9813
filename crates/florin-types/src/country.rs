//! Countries: the codes of ISO 3166-1 alpha-2, officially assigned ones only, and `XK`, the code that banks and
//! passports use for Kosovo, which ISO has assigned none.
//!
//! Which of them are served, and which overseas regions count as their parent, is configuration and not here.

use std::fmt;

use thiserror::Error;

/// Why a text is no [`Country`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum CountryError {
    /// Not two letters, or not assigned.
    #[error("must be an ISO 3166-1 alpha-2 country code: two letters such as DE")]
    Unknown,
    /// What is often taken for the code of the United Kingdom.
    #[error("must be an ISO 3166-1 alpha-2 country code: the United Kingdom is GB")]
    UnitedKingdom,
}

/// Kosovo: a code that ISO leaves to its users, and its name.
const KOSOVO: (&str, &str) = ("XK", "Kosovo");

/// The country whose name follows it: Kuwait.
const AFTER_KOSOVO: &str = "KW";

/// A country or territory of ISO 3166-1, or Kosovo; sorts by code.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads a code in any letter case.
    ///
    /// # Errors
    /// [`CountryError`] for anything that is no assigned two-letter code.
    pub fn parse(text: &str) -> Result<Self, CountryError> {
        let &[first, second] = text.as_bytes() else {
            return Err(CountryError::Unknown);
        };
        let country = Self([first.to_ascii_uppercase(), second.to_ascii_uppercase()]);
        match country.known_name() {
            Some(_) => Ok(country),
            None if country.0 == *b"UK" => Err(CountryError::UnitedKingdom),
            None => Err(CountryError::Unknown),
        }
    }

    /// The code, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The English short name, as ISO writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.known_name().expect("a country is in the table that it was parsed by")
    }

    /// All of them, in the order of their English names.
    pub fn all() -> impl Iterator<Item = Self> {
        let codes = rust_iso3166::ALL.iter().flat_map(|entry| {
            let before = (entry.alpha2 == AFTER_KOSOVO).then_some(KOSOVO.0);
            before.into_iter().chain([entry.alpha2])
        });
        codes.filter_map(|code| Self::parse(code).ok())
    }

    fn known_name(&self) -> Option<&'static str> {
        match self.as_str() {
            code if code == KOSOVO.0 => Some(KOSOVO.1),
            code => rust_iso3166::from_alpha2(code).map(|entry| entry.name),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The contract, section 7: residences that get an IBAN, denied ones and overseas regions.
    const CONTRACT: &str = "AM AT AZ BE BG CH CY CZ DE DK EE ES FI FR GB GE GR HR HU IE IL IN IS IT LI LT LU LV MD MT \
        NL NO PL PT RO SE SI SK UA AF BY CU IR KP MM RU SD SY GP GF MQ RE MF AR";

    #[test]
    fn codes_are_read_in_any_letter_case_and_written_in_upper() {
        for (text, code, name) in [
            ("LT", "LT", "Lithuania"),
            ("lt", "LT", "Lithuania"),
            ("dE", "DE", "Germany"),
            ("AX", "AX", "Åland Islands"),
            ("xk", "XK", "Kosovo"),
        ] {
            let country = Country::parse(text).unwrap();
            assert_eq!((country.as_str(), country.name()), (code, name));
        }
        for text in ["", "L", "LTU", "XX", "EU", "AN", "L1", " L", "é", "٣", "\0\0"] {
            assert_eq!(Country::parse(text), Err(CountryError::Unknown), "{text:?}");
        }
        assert_eq!(Country::parse("uk"), Err(CountryError::UnitedKingdom));
    }

    #[test]
    fn every_country_of_the_contract_is_known() {
        for code in CONTRACT.split_whitespace() {
            assert!(Country::parse(code).is_ok(), "{code}");
        }
    }

    #[test]
    fn all_are_the_249_of_iso_3166_and_kosovo() {
        let codes: BTreeSet<_> = Country::all().collect();
        assert_eq!(codes.len(), 250);
        assert_eq!(Country::all().count(), 250);
        let all: Vec<_> = Country::all().collect();
        let kosovo = all.iter().position(|country| country.name() == "Kosovo").unwrap();
        assert_eq!(all[kosovo + 1].name(), "Kuwait");
        assert!(Country::all().all(|country| !country.name().is_empty()));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), two in "[\\PC]{2}") {
            for text in [text, two] {
                if let Ok(country) = Country::parse(&text) {
                    prop_assert_eq!(country.as_str(), text.to_ascii_uppercase());
                }
            }
        }
    }
}

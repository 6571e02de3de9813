//! Countries: the codes of ISO 3166-1 alpha-2, officially assigned ones only.
//!
//! Which of them are served, and which overseas regions count as their parent, is configuration and not here.

use std::fmt;

use thiserror::Error;

/// Why a text is no [`Country`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum CountryError {
    /// Not two letters, or not assigned.
    #[error("must be an ISO 3166-1 alpha-2 country code")]
    Unknown,
}

/// A country or territory of ISO 3166-1; sorts by code.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads a code in any letter case.
    ///
    /// # Errors
    /// [`CountryError::Unknown`] for anything that is no assigned two-letter code.
    pub fn parse(text: &str) -> Result<Self, CountryError> {
        let &[first, second] = text.as_bytes() else {
            return Err(CountryError::Unknown);
        };
        let country = Self([first.to_ascii_uppercase(), second.to_ascii_uppercase()]);
        country.entry().map(|_| country).ok_or(CountryError::Unknown)
    }

    /// The code, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The English short name, as ISO writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.entry().expect("a country is in the table that it was parsed by").name
    }

    /// All of them, in the order of their English names.
    pub fn all() -> impl Iterator<Item = Self> {
        rust_iso3166::ALL.iter().filter_map(|entry| Self::parse(entry.alpha2).ok())
    }

    fn entry(&self) -> Option<rust_iso3166::CountryCode> {
        rust_iso3166::from_alpha2(self.as_str())
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
        ] {
            let country = Country::parse(text).unwrap();
            assert_eq!((country.as_str(), country.name()), (code, name));
        }
        for text in ["", "L", "LTU", "XX", "EU", "UK", "XK", "AN", "L1", " L", "é", "٣", "\0\0"] {
            assert_eq!(Country::parse(text), Err(CountryError::Unknown), "{text:?}");
        }
    }

    #[test]
    fn every_country_of_the_contract_is_known() {
        for code in CONTRACT.split_whitespace() {
            assert!(Country::parse(code).is_ok(), "{code}");
        }
    }

    #[test]
    fn all_are_the_249_of_iso_3166() {
        let codes: BTreeSet<_> = Country::all().collect();
        assert_eq!(codes.len(), 249);
        assert_eq!(Country::all().count(), 249);
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

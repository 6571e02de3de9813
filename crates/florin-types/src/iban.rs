//! IBANs (ISO 13616): read with all checks, and made of their parts.

use std::fmt;

use ::iban::ParseIbanError;
use thiserror::Error;

/// Why a text is no [`Iban`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum IbanError {
    /// Not two letters, two digits and up to 30 letters or digits.
    #[error("must be an IBAN")]
    Malformed,
    /// The check digits do not fit the rest.
    #[error("has wrong check digits")]
    CheckDigits,
    /// No country with that code is in the IBAN registry.
    #[error("begins with a country code that has no IBANs")]
    UnknownCountry,
    /// Length or kind of characters are not those of the country.
    #[error("does not have the IBAN structure of its country")]
    Structure,
}

/// An IBAN in the electronic format: upper case, no spaces, check digits and country structure right.
///
/// `Debug` shows the country and the last four characters only, for the number is personal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iban(String);

impl Iban {
    /// Reads an IBAN in any letter case, with or without spaces.
    ///
    /// # Errors
    /// [`IbanError`] says which check failed.
    pub fn parse(text: &str) -> Result<Self, IbanError> {
        let electronic: String = text.chars().filter(|&c| c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        match electronic.parse::<::iban::Iban>() {
            Ok(_) => Ok(Self(electronic)),
            Err(ParseIbanError::InvalidBaseIban { source: ::iban::ParseBaseIbanError::InvalidChecksum }) => {
                Err(IbanError::CheckDigits)
            }
            Err(ParseIbanError::InvalidBaseIban { .. }) => Err(IbanError::Malformed),
            Err(ParseIbanError::UnknownCountry(_)) => Err(IbanError::UnknownCountry),
            Err(ParseIbanError::InvalidBban(_)) => Err(IbanError::Structure),
        }
    }

    /// The IBAN of what comes behind country and check digits: letters and digits in the country's structure. Check
    /// digits by ISO 13616 (ISO 7064, mod 97-10): the rest followed by the country and `00`, letters from A as 10,
    /// modulo 97, taken from 98.
    pub(crate) fn of_bban(country: &str, bban: &str) -> Self {
        let rest = bban.chars().chain(country.chars()).chain("00".chars()).fold(0, |rest, character| {
            let value = character.to_digit(36).unwrap_or_default();
            (rest * if value < 10 { 10 } else { 100 } + value) % 97
        });
        Self(format!("{country}{:02}{bban}", 98 - rest))
    }

    /// The electronic format.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The electronic format, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iban({}…{})", &self.0[..2], &self.0[self.0.len() - 4..])
    }
}

/// The Lithuanian IBAN of an account: `LT`, two check digits, five digits of bank code, eleven of account number.
///
/// # Panics
/// When the bank code has more than 5 digits or the account more than 11: both come from our own configuration and
/// numbering, and a shortened one could be another user's account.
#[must_use]
pub fn lithuanian(bank_code: u32, account: u64) -> Iban {
    assert!(bank_code <= 99_999, "a Lithuanian bank code has 5 digits");
    assert!(account <= 99_999_999_999, "a Lithuanian account number has 11 digits");
    Iban::of_bban("LT", &format!("{bank_code:05}{account:011}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of the IBAN registry (SWIFT), in the electronic format.
    const EXAMPLES: [&str; 12] = [
        "LT121000011101001000",
        "DE89370400440532013000",
        "GB29NWBK60161331926819",
        "FR1420041010050500013M02606",
        "ES9121000418450200051332",
        "NL91ABNA0417164300",
        "BE68539007547034",
        "NO9386011117947",
        "PL61109010140000071219812874",
        "MT84MALT011000012345MTLCAST001S",
        "CH9300762011623852957",
        "IT60X0542811101000000123456",
    ];

    #[test]
    fn examples_of_the_registry() {
        for example in EXAMPLES {
            assert_eq!(Iban::parse(example).map(Iban::into_string), Ok(example.to_owned()));
            let spaced = format!(" {} {}  {} ", &example[..3], &example[3..9], &example[9..]).to_lowercase();
            assert_eq!(Iban::parse(&spaced).as_ref().map(Iban::as_str), Ok(example), "{spaced}");
        }
    }

    #[test]
    fn each_check_has_its_error() {
        for (text, error) in [
            ("", IbanError::Malformed),
            ("    ", IbanError::Malformed),
            ("LT12", IbanError::CheckDigits),
            ("LT12-1000-0111-0100-1000", IbanError::Malformed),
            ("LT12\t1000011101001000", IbanError::Malformed),
            ("1234100001110100100", IbanError::Malformed),
            ("LT121000011101001001", IbanError::CheckDigits),
            ("LT211000011101001000", IbanError::CheckDigits),
            ("XX861000011101001000", IbanError::UnknownCountry),
            ("LT35100001110100100", IbanError::Structure),
            ("LT12100001110100100010000111010010001000", IbanError::Malformed),
            ("LTé21000011101001000", IbanError::Malformed),
            ("ＬＴ121000011101001000", IbanError::Malformed),
        ] {
            assert_eq!(Iban::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn lithuanian_accounts() {
        assert_eq!(lithuanian(10_000, 11_101_001_000).as_str(), "LT121000011101001000");
        // Made by hand: the BBAN of all zeros leaves 212900 mod 97 = 82.
        assert_eq!(lithuanian(0, 0).as_str(), "LT160000000000000000");
        assert!(std::panic::catch_unwind(|| lithuanian(100_000, 0)).is_err());
        assert!(std::panic::catch_unwind(|| lithuanian(0, 100_000_000_000)).is_err());
    }

    #[test]
    fn debug_keeps_the_number_back() {
        assert_eq!(format!("{:?}", lithuanian(10_000, 11_101_001_000)), "Iban(LT…1000)");
    }

    proptest! {
        #[test]
        fn what_we_make_passes_all_checks(bank_code in 0_u32..100_000, account in 0_u64..100_000_000_000) {
            let iban = lithuanian(bank_code, account);
            prop_assert_eq!(Iban::parse(iban.as_str()), Ok(iban));
        }

        #[test]
        fn one_wrong_digit_is_noticed(account in 0_u64..100_000_000_000, at in 2_usize..20, by in 1_u8..10) {
            let mut bytes = lithuanian(35_900, account).into_string().into_bytes();
            bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
            prop_assert!(Iban::parse(&String::from_utf8(bytes).unwrap()).is_err());
        }

        #[test]
        fn no_text_panics(text in any::<String>(), near in "[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 é]{0,40}") {
            for text in [text, near] {
                if let Ok(iban) = Iban::parse(&text) {
                    let _ = format!("{iban:?}");
                }
            }
        }
    }
}

//! BICs (ISO 9362): the code of a bank in a payment message.

use thiserror::Error;

use crate::Country;

/// Why a text is no [`Bic`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum BicError {
    /// Not 8 or 11 letters and digits, or a letter that must be one is not.
    #[error("must be a BIC: 8 or 11 letters and digits such as HABALT22")]
    Malformed,
    /// Characters 5 and 6 are no country.
    #[error("has no country code as its characters 5 and 6")]
    UnknownCountry,
}

/// The branch code of the head office, which means the same as none.
const HEAD_OFFICE: &str = "XXX";

/// The BIC of a bank or of a branch, in upper case.
///
/// A BIC of 11 characters that ends in `XXX` is that of the head office and is kept as its first 8: the two are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bic(String);

impl Bic {
    /// Reads a BIC in any letter case.
    ///
    /// # Errors
    /// [`BicError`] says what is wrong. The first four characters may be digits too, as in the schemas of ISO 20022.
    pub fn parse(text: &str) -> Result<Self, BicError> {
        let is_bic = matches!(text.len(), 8 | 11) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_bic {
            return Err(BicError::Malformed);
        }
        let upper = text.to_ascii_uppercase();
        if !upper.as_bytes()[4..6].iter().all(u8::is_ascii_uppercase) {
            return Err(BicError::Malformed);
        }
        Country::parse(&upper[4..6]).map_err(|_| BicError::UnknownCountry)?;
        Ok(Self(match upper.strip_suffix(HEAD_OFFICE) {
            Some(head_office) if head_office.len() == 8 => head_office.to_owned(),
            _ => upper,
        }))
    }

    /// The code: 8 characters, or 11 for a branch.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country of the bank or branch.
    ///
    /// # Panics
    /// Never: the country was checked when the BIC was read.
    #[must_use]
    pub fn country(&self) -> Country {
        Country::parse(&self.0[4..6]).expect("a BIC has a country")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bics() {
        for (text, code, country) in [
            ("HABALT22", "HABALT22", "LT"),
            ("habalt22xxx", "HABALT22", "LT"),
            ("DEUTDEFF500", "DEUTDEFF500", "DE"),
            ("NBKOXKPR", "NBKOXKPR", "XK"),
            ("A1B2FRPP", "A1B2FRPP", "FR"),
            ("ABNANLXXX00", "ABNANLXXX00", "NL"),
            ("ABCDDEXX", "ABCDDEXX", "DE"),
        ] {
            let bic = Bic::parse(text).unwrap();
            assert_eq!((bic.as_str(), bic.country().as_str()), (code, country));
        }
    }

    #[test]
    fn what_is_no_bic() {
        for (text, error) in [
            ("", BicError::Malformed),
            ("HABALT2", BicError::Malformed),
            ("HABALT22X", BicError::Malformed),
            ("HABALT22XXXX", BicError::Malformed),
            ("HABA LT22", BicError::Malformed),
            ("HABAL122", BicError::Malformed),
            ("HABAéT2", BicError::Malformed),
            ("HABAZZ22", BicError::UnknownCountry),
            ("HABAEU22", BicError::UnknownCountry),
        ] {
            assert_eq!(Bic::parse(text), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), near in "[A-Za-z0-9é]{6,12}") {
            for text in [text, near] {
                if let Ok(bic) = Bic::parse(&text) {
                    prop_assert_eq!(Bic::parse(bic.as_str()), Ok(bic.clone()));
                    let _ = bic.country();
                }
            }
        }
    }
}

//! The bank in which the accounts are: the section `sepa` of the configuration file.
//!
//! ```toml
//! [sepa]
//! country = "LT"                           # of the IBANs that are given out
//! bank_code = "99999"                      # in that country's form, with the branch where IBANs have one
//! former_banks = []                        # country and bank code of IBANs given out before, such as "LT99999"
//! bic = "FLORLT2X"
//! holder_name = "Example Payments UAB"     # who holds the account of the house, and those of partners
//! bank_address = "Gedimino pr. 1, Vilnius"
//! ```
//!
//! A change of country and bank code is for new IBANs: those that were given out stay, as long as `former_banks` has
//! theirs.

use crate::Failed;
use crate::sections::{list, not_set, quoted};
use florin_api::kit::settings::Sepa;
use florin_types::{Bic, IbanSeries, Text};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// The country of IBANs, where none is set.
const COUNTRY: &str = "LT";

/// Longest name or address that is shown to payers.
const MAX_TEXT: usize = 70;

/// A bank code: a text, or a number where it does not begin with a zero.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Code {
    Text(String),
    Number(u64),
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// The section `sepa`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    country: Option<String>,
    bank_code: Option<Code>,
    former_banks: Option<Vec<String>>,
    bic: Option<String>,
    bank_address: Option<String>,
    holder_name: Option<String>,
}

impl Section {
    /// The bank. One that is simulated takes so long over a payment.
    ///
    /// # Errors
    /// Says which setting is wrong or missing.
    pub fn bank(&self, settle: Duration) -> Result<Sepa, Failed> {
        let usual = Sepa::simulated(settle);
        Ok(Sepa {
            series: self.series()?.unwrap_or(usual.series),
            former_series: self.former_series()?,
            bic: self.bic()?.map_or(usual.bic, |bic| bic.as_str().to_owned()),
            bank_address: self.text("bank_address", &self.bank_address)?.unwrap_or(usual.bank_address),
            holder_name: self.text("holder_name", &self.holder_name)?.unwrap_or(usual.holder_name),
            ..usual
        })
    }

    /// What `florin config` shows: the settings that are not set, and the section.
    pub fn shown(&self) -> (String, String) {
        let lines = [
            ("country", self.country.as_ref().map(quoted)),
            ("bank_code", self.bank_code.as_ref().map(quoted)),
            ("former_banks", self.former_banks.as_ref().map(list)),
            ("bic", self.bic.as_ref().map(quoted)),
            ("holder_name", self.holder_name.as_ref().map(quoted)),
            ("bank_address", self.bank_address.as_ref().map(quoted)),
        ];
        let (mut unset, mut shown) = (String::new(), String::new());
        for (name, value) in lines {
            match value {
                None => unset += &format!("\n{}", not_set(&format!("sepa.{name}"))),
                Some(value) if shown.is_empty() => shown = format!("[sepa]\n{name} = {value}"),
                Some(value) => shown += &format!("\n{name} = {value}"),
            }
        }
        (unset, shown)
    }

    /// The IBANs that are given out, if they are set.
    fn series(&self) -> Result<Option<IbanSeries>, Failed> {
        let country = self.country.as_deref().unwrap_or(COUNTRY);
        let Some(code) = &self.bank_code else {
            return match country {
                COUNTRY => Ok(None),
                _ => Err("sepa.country needs sepa.bank_code in the form of that country".into()),
            };
        };
        if !IbanSeries::countries().any(|known| known == country) {
            return Err(format!("sepa.country {}", florin_types::BankCodeError::Country).into());
        }
        let series = IbanSeries::parse(country, &code.to_string());
        series.map(Some).map_err(|error| format!("sepa.bank_code {error}").into())
    }

    fn former_series(&self) -> Result<Vec<IbanSeries>, Failed> {
        let read = |text: &String| {
            let (country, code) = text.split_at_checked(2).unwrap_or(("", text));
            IbanSeries::parse(country, code).map_err(|error| format!("sepa.former_banks: {text:?} {error}"))
        };
        Ok(self.former_banks.iter().flatten().map(read).collect::<Result<_, _>>()?)
    }

    fn bic(&self) -> Result<Option<Bic>, Failed> {
        let bic = self.bic.as_ref().map(|text| Bic::parse(text)).transpose();
        bic.map_err(|error| format!("sepa.bic {error}").into())
    }

    fn text(&self, name: &str, text: &Option<String>) -> Result<Option<String>, Failed> {
        let text = text.as_ref().map(|text| Text::<MAX_TEXT>::parse(text)).transpose();
        let text = text.map_err(|error| format!("sepa.{name} {error}"))?;
        Ok(text.map(|text| text.as_str().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use figment::Figment;
    use figment::providers::{Format, Toml};

    fn bank(text: &str) -> Result<Sepa, String> {
        let section: Section =
            Figment::from(Toml::string(text)).extract().map_err(|error| error.to_string())?;
        section.bank(Duration::from_millis(7)).map_err(|error| error.to_string())
    }

    #[test]
    fn ibans_are_of_the_country_and_the_bank_that_are_set() {
        let usual = bank("").expect("a bank");
        assert_eq!((usual.rail.name(), usual.house_iban().as_str()), ("simulated", "LT299999900000000000"));
        for (text, house) in [
            ("bank_code = 10000", "LT621000000000000000"),
            ("bank_code = \"00001\"", "LT750000100000000000"),
            ("country = \"DE\"\nbank_code = 37040044", "DE68370400440000000000"),
            ("country = \"NL\"\nbank_code = \"ABNA\"", "NL85ABNA0000000000"),
        ] {
            assert_eq!(bank(text).expect(text).house_iban().as_str(), house, "{text}");
        }
        let moved =
            bank("country = \"DE\"\nbank_code = 37040044\nformer_banks = [\"LT99999\"]").expect("a bank");
        assert!(moved.is_ours(usual.house_iban().as_str()) && moved.is_ours(moved.house_iban().as_str()));
        assert!(!usual.is_ours(moved.house_iban().as_str()));
    }

    #[test]
    fn what_is_shown_is_read_again() {
        let read = |text: &str| {
            let section: Section = Figment::from(Toml::string(text)).extract().expect("a section");
            section.shown()
        };
        let (unset, shown) = read("bank_code = 10000\nformer_banks = [\"LT99999\"]\nbic = \"FLORLT2X\"");
        assert!(unset.contains("sepa.country = (none)") && !unset.contains("bank_code"), "{unset}");
        let lines = shown.strip_prefix("[sepa]\n").expect("a section");
        assert!(lines.contains("bank_code = \"10000\""), "{shown}");
        assert_eq!(read(lines), (unset, shown.clone()));
        assert_eq!(read("").1, "", "an empty section is not shown");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, said) in [
            ("country = \"GB\"\nbank_code = 1", "sepa.country is none of the countries"),
            ("country = \"DE\"", "sepa.country needs sepa.bank_code"),
            ("bank_code = 359", "sepa.bank_code must be five digits, as in IBANs of LT"),
            ("country = \"PL\"\nbank_code = \"10901015\"", "sepa.bank_code has a wrong check digit"),
            ("former_banks = [\"LT9999\"]", "sepa.former_banks: \"LT9999\" must be five digits"),
            ("former_banks = [\"é\"]", "sepa.former_banks"),
            ("bic = \"FLOR\"", "sepa.bic must be a BIC"),
            ("holder_name = \"\"", "sepa.holder_name"),
            ("bank_codes = 1", "bank_codes"),
        ] {
            let error = bank(text).expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}

//! The bank in which the accounts are: the section `sepa` of the configuration file.
//!
//! ```toml
//! [sepa]
//! rail = "files"
//! folder = "/srv/florin/sepa"              # of the files; docs/sepa.md says what is in it
//! account = "DE02120300000000202051"       # our account at the bank
//! bic = "BYLADEM1001"
//! holder_name = "Example Payments GmbH"    # who holds the account
//! bank_address = "Main Street 1, Berlin"
//! country = "DE"                           # of the IBANs that are given out
//! bank_code = "12030000"                   # in that country's form, with the branch where IBANs have one
//! former_banks = []                        # country and bank code of IBANs given out before, such as "LT99999"
//! cut_offs = ["08:00", "12:00", "15:00"]   # on business days of T2, in Central European time
//! # book_from = "camt.053"                 # the messages that book money; camt.054 if omitted
//! # own_funds = "1000.00"                  # your own money that was on the account before the first file
//! # unmatched_partner = "…"                # whose book keeps money that is nobody's; the oldest partner's if omitted
//! # test_bank = true                       # required in a sandbox: the bank at the other end moves no real money
//! ```
//!
//! A change of country and bank code is for new IBANs: those that were given out stay, as long as `former_banks` has
//! theirs.

use crate::Failed;
use crate::sections::{list, not_set, quoted};
use florin_api::kit::settings::{Environment, Sepa};
use florin_rails::sepa::SimulatedBank;
use florin_rails::sepa::files::{BookKind, CutOffs, FileRail, Folder};
use florin_types::{Bic, Decimal, Iban, IbanSeries, Text};
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// When payments go by default: before the last cut-offs of most banks for the same day.
const CUT_OFFS: [&str; 3] = ["08:00", "12:00", "15:00"];

/// Why live does not start on a simulated bank.
pub const NOT_MEANT: &str = "live on a simulated bank: no money moves, and users get simulated IBANs. Set sepa.rail = \
                             \"files\" for a real one. If this is meant, set simulated_rails = true \
                             (FLORIN_SIMULATED_RAILS)";

/// Why a sandbox does not start on a real bank.
pub const NO_TEST_BANK: &str = "a sandbox whose payments go in files: partners would pay with made-up money. If the \
                                bank at the other end is a test system, set sepa.test_bank = true";

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

/// How payments go.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RailName {
    /// To a bank that is simulated.
    #[default]
    Simulated,
    /// To a bank that takes and gives files.
    Files,
}

/// The section `sepa`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    rail: RailName,
    folder: Option<PathBuf>,
    country: Option<String>,
    bank_code: Option<Code>,
    former_banks: Option<Vec<String>>,
    bic: Option<String>,
    bank_address: Option<String>,
    holder_name: Option<String>,
    account: Option<String>,
    cut_offs: Option<Vec<String>>,
    book_from: Option<String>,
    own_funds: Option<String>,
    unmatched_partner: Option<Uuid>,
    test_bank: Option<bool>,
}

impl Section {
    /// Whether the bank is simulated.
    pub fn is_simulated(&self) -> bool {
        self.rail == RailName::Simulated
    }

    /// Refuses a sandbox on a real bank.
    ///
    /// # Errors
    /// Nobody has said that the bank is a test system; or it is one, and this is live.
    pub fn check(&self, environment: Environment) -> Result<(), Failed> {
        let is_test_bank = self.test_bank == Some(true);
        match environment {
            Environment::Sandbox if !self.is_simulated() && !is_test_bank => Err(NO_TEST_BANK.into()),
            Environment::Live if is_test_bank => Err("sepa.test_bank is for a sandbox".into()),
            Environment::Sandbox | Environment::Live => Ok(()),
        }
    }

    /// The bank. One that is simulated takes so long over a payment.
    ///
    /// # Errors
    /// Says which setting is wrong or missing.
    pub fn bank(&self, settle: Duration) -> Result<Sepa, Failed> {
        let bank = match self.rail {
            RailName::Simulated => self.simulated(settle)?,
            RailName::Files => self.over_files()?,
        };
        Ok(Sepa { former_series: self.former_series()?, ..bank })
    }

    /// What `florin config` shows: the settings that are not set, and the section.
    pub fn shown(&self) -> (String, String) {
        let rail = if self.is_simulated() { "simulated" } else { "files" };
        let lines = [
            ("rail", Some(quoted(rail))),
            ("folder", self.folder.as_ref().map(|folder| quoted(folder.display()))),
            ("account", self.account.as_ref().map(quoted)),
            ("bic", self.bic.as_ref().map(quoted)),
            ("holder_name", self.holder_name.as_ref().map(quoted)),
            ("bank_address", self.bank_address.as_ref().map(quoted)),
            ("country", self.country.as_ref().map(quoted)),
            ("bank_code", self.bank_code.as_ref().map(quoted)),
            ("former_banks", self.former_banks.as_ref().map(list)),
            ("cut_offs", self.cut_offs.as_ref().map(list)),
            ("book_from", self.book_from.as_ref().map(quoted)),
            ("own_funds", self.own_funds.as_ref().map(quoted)),
            ("unmatched_partner", self.unmatched_partner.map(quoted)),
            ("test_bank", self.test_bank.map(|is_set| is_set.to_string())),
        ];
        let (mut unset, mut shown) = (String::new(), "[sepa]".to_owned());
        for (name, value) in lines {
            match value {
                None => unset += &format!("\n{}", not_set(&format!("sepa.{name}"))),
                Some(value) => shown += &format!("\n{name} = {value}"),
            }
        }
        (unset, shown)
    }

    fn simulated(&self, settle: Duration) -> Result<Sepa, Failed> {
        let of_files = [
            ("folder", self.folder.is_some()),
            ("account", self.account.is_some()),
            ("cut_offs", self.cut_offs.is_some()),
            ("book_from", self.book_from.is_some()),
            ("own_funds", self.own_funds.is_some()),
            ("unmatched_partner", self.unmatched_partner.is_some()),
            ("test_bank", self.test_bank.is_some()),
        ];
        if let Some((name, _)) = of_files.iter().find(|(_, is_set)| *is_set) {
            return Err(format!("sepa.{name} is for sepa.rail = \"files\"").into());
        }
        let usual = Sepa::simulated(settle);
        Ok(Sepa {
            series: self.series()?.unwrap_or(usual.series),
            bic: self.bic()?.map_or(usual.bic, |bic| bic.as_str().to_owned()),
            bank_address: self.text("bank_address", &self.bank_address)?.unwrap_or(usual.bank_address),
            holder_name: self.text("holder_name", &self.holder_name)?.unwrap_or(usual.holder_name),
            rail: Arc::new(SimulatedBank { settle }),
            ..usual
        })
    }

    fn over_files(&self) -> Result<Sepa, Failed> {
        let needed = |name: &str| format!("sepa.rail = \"files\" needs sepa.{name}");
        let cut_offs = match &self.cut_offs {
            Some(texts) => CutOffs::parse(texts),
            None => CutOffs::parse(&CUT_OFFS),
        };
        let account = self.account.as_ref().ok_or_else(|| needed("account"))?;
        let rail = FileRail {
            folder: Folder::at(self.folder.as_ref().ok_or_else(|| needed("folder"))?),
            cut_offs: cut_offs.map_err(|error| format!("sepa.cut_offs {error}"))?,
            account: Iban::parse(account).map_err(|error| format!("sepa.account {error}"))?,
            bic: self.bic()?.ok_or_else(|| needed("bic"))?,
            holder: self.text("holder_name", &self.holder_name)?.ok_or_else(|| needed("holder_name"))?,
            book_from: self.book_from()?,
            own_funds: self.own_funds()?,
        };
        let series = self.series()?.ok_or_else(|| needed("bank_code"))?;
        let address = self.text("bank_address", &self.bank_address)?.ok_or_else(|| needed("bank_address"))?;
        Ok(Sepa::over_files(series, address, rail, self.unmatched_partner))
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

    fn book_from(&self) -> Result<BookKind, Failed> {
        let Some(name) = &self.book_from else { return Ok(BookKind::Notification) };
        BookKind::parse(name).ok_or_else(|| "sepa.book_from must be \"camt.054\" or \"camt.053\"".into())
    }

    /// In cents.
    fn own_funds(&self) -> Result<i64, Failed> {
        let Some(text) = &self.own_funds else { return Ok(0) };
        let wrong = |error: &dyn std::fmt::Display| Failed::from(format!("sepa.own_funds {error}"));
        let amount = Decimal::parse(text).map_err(|error| wrong(&error))?;
        amount.minor_units(2).map_err(|error| wrong(&error))
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

    const FILES: &str = "rail = \"files\"\nfolder = \"/srv/sepa\"\naccount = \"DE02120300000000202051\"\n\
        bic = \"BYLADEM1001\"\nholder_name = \"Example\"\nbank_address = \"Berlin\"\nbank_code = 12345\n";

    fn bank(text: &str) -> Result<Sepa, String> {
        let section: Section =
            Figment::from(Toml::string(text)).extract().map_err(|error| error.to_string())?;
        section.bank(Duration::from_millis(7)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_bank_is_simulated_unless_files_are_set() {
        let simulated = bank("").expect("a bank");
        assert_eq!(simulated.rail.name(), "simulated");
        let renamed = bank("holder_name = \"Example\"\nbank_code = 10000").expect("a bank");
        assert_eq!(&*renamed.holder_name, "Example");
        let files = bank(FILES).expect("a bank");
        assert_eq!((files.rail.name(), files.house_iban().as_str()), ("files", "DE02120300000000202051"));
        assert!(files.rail.gathers() && !simulated.rail.gathers());
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
        assert!(unset.contains("# sepa.country = (not set)") && !unset.contains("bank_code"), "{unset}");
        let lines = shown.strip_prefix("[sepa]\n").expect("a section");
        assert!(lines.contains("bank_code = \"10000\""), "{shown}");
        assert_eq!(read(lines), (unset, shown.clone()));
        assert_eq!(read("").1, "[sepa]\nrail = \"simulated\"");
    }

    #[test]
    fn a_sandbox_pays_no_real_money() {
        let check = |text: &str, environment| {
            let section: Section = Figment::from(Toml::string(text)).extract().expect("a section");
            section.check(environment).map_err(|error| error.to_string())
        };
        let said = check(FILES, Environment::Sandbox).expect_err("made-up money");
        assert!(said.contains("set sepa.test_bank = true"), "{said}");
        let tested = format!("{FILES}test_bank = true\n");
        assert_eq!(check(&tested, Environment::Sandbox), Ok(()));
        assert!(check(&tested, Environment::Live).expect_err("it moves no money").contains("for a sandbox"));
        assert_eq!(check(FILES, Environment::Live), Ok(()));
        assert_eq!(check("", Environment::Sandbox), Ok(()));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for line in FILES.lines().skip(1) {
            let name = line.split(' ').next().expect("a name");
            let said = bank(&FILES.replace(line, "")).expect_err(name);
            assert!(said.contains(&format!("needs sepa.{name}")), "{said}");
        }
        for (more, name) in [
            ("cut_offs = [\"8\"]", "sepa.cut_offs"),
            ("cut_offs = []", "sepa.cut_offs"),
            ("book_from = \"camt.052\"", "sepa.book_from"),
            ("own_funds = \"1.005\"", "sepa.own_funds"),
            ("unmatched_partner = \"x\"", "unmatched_partner"),
            ("folders = 1", "folders"),
        ] {
            let said = bank(&format!("{FILES}{more}\n")).expect_err(more);
            assert!(said.contains(name), "{said}");
        }
        assert!(bank(&FILES.replace("2051", "2052")).expect_err("an IBAN").contains("sepa.account"));
        assert!(bank(&FILES.replace("12345", "123456")).expect_err("a code").contains("sepa.bank_code"));
        assert!(bank("folder = \"/srv/sepa\"").expect_err("files").contains("sepa.rail = \"files\""));
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

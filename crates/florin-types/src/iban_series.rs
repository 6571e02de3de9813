//! The IBANs that one bank gives out: as many as its country's form has account numbers, with the check digits that the
//! country itself demands.
//!
//! The structures are those of SWIFT's IBAN registry (ISO 13616). The registry does not say how national check digits
//! are made; each rule below is tested with the registry's example of its country and with a second way of counting.
//! German account numbers are made without a check of their own (method 09 of the Bundesbank): there, each bank has
//! another one.

use crate::Iban;
use thiserror::Error;

/// Why a bank code is none.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum BankCodeError {
    /// Not one of [`IbanSeries::countries`].
    #[error(
        "is none of the countries whose IBANs can be given out: AT, BE, DE, EE, ES, FI, FR, IE, IT, LT, LU, LV, NL, \
         PL, PT, SI, SK"
    )]
    Country,
    /// Not in the form of the country.
    #[error("must be {1}, as in IBANs of {0}")]
    Form(&'static str, &'static str),
    /// Its own check digit is wrong.
    #[error("has a wrong check digit")]
    CheckDigit,
}

/// How the IBANs of a country are made.
#[derive(Debug)]
struct Form {
    country: &'static str,
    /// Letters and digits that a bank code begins with.
    letters: usize,
    digits: usize,
    /// The same for people.
    code: &'static str,
    /// Where the bank code is, behind country and check digits.
    code_at: usize,
    /// Digits of an account number that can be chosen freely.
    free: u32,
    /// What comes behind country and check digits: of a bank code, and of an account number in so many digits.
    bban: fn(&str, &str) -> String,
}

const fn form(
    country: &'static str,
    (letters, digits): (usize, usize),
    code: &'static str,
    free: u32,
    bban: fn(&str, &str) -> String,
) -> Form {
    Form { country, letters, digits, code, code_at: 0, free, bban }
}

/// Nothing but bank code and account number.
fn plain(code: &str, account: &str) -> String {
    format!("{code}{account}")
}

/// Lithuania's place among them.
const LITHUANIA: usize = 9;

static FORMS: [Form; 17] = [
    form("AT", (0, 5), "five digits (Bankleitzahl)", 11, plain),
    form("BE", (0, 3), "three digits", 7, belgian),
    form("DE", (0, 8), "eight digits (Bankleitzahl)", 10, plain),
    form("EE", (0, 2), "two digits", 11, estonian),
    form("ES", (0, 8), "eight digits: four of the bank, four of the branch", 10, spanish),
    form("FI", (0, 3), "three digits", 10, finnish),
    form("FR", (0, 10), "ten digits: five of the bank, five of the branch", 11, french),
    form("IE", (4, 6), "the four letters of the BIC and the six digits of the sort code", 8, plain),
    Form {
        code_at: 1,
        ..form("IT", (0, 10), "ten digits: five of the bank (ABI), five of the branch (CAB)", 12, italian)
    },
    form("LT", (0, 5), "five digits", 11, plain),
    form("LU", (0, 3), "three digits", 13, plain),
    form("LV", (4, 0), "the four letters of the BIC", 13, plain),
    form("NL", (4, 0), "the four letters of the BIC", 8, dutch),
    form("PL", (0, 8), "eight digits (numer rozliczeniowy)", 16, plain),
    form("PT", (0, 8), "eight digits: four of the bank, four of the branch", 11, portuguese),
    form("SI", (0, 5), "five digits: two of the bank, three of the branch", 8, slovenian),
    form("SK", (0, 4), "four digits", 8, slovak),
];

/// The IBANs of one bank, by account number.
#[derive(Clone, Debug)]
pub struct IbanSeries {
    form: &'static Form,
    code: String,
}

impl PartialEq for IbanSeries {
    fn eq(&self, other: &Self) -> bool {
        self.country() == other.country() && self.code == other.code
    }
}

impl IbanSeries {
    /// The countries that there are forms of.
    pub fn countries() -> impl Iterator<Item = &'static str> {
        FORMS.iter().map(|form| form.country)
    }

    /// The series of a bank code, with the code of the branch where the country has branches in its IBANs.
    ///
    /// # Errors
    /// [`BankCodeError`] says which check failed.
    pub fn parse(country: &str, code: &str) -> Result<Self, BankCodeError> {
        let form = FORMS.iter().find(|form| form.country == country).ok_or(BankCodeError::Country)?;
        let is_code = code.len() == form.letters + form.digits
            && code.bytes().take(form.letters).all(|byte| byte.is_ascii_uppercase())
            && code.bytes().skip(form.letters).all(|byte| byte.is_ascii_digit());
        if !is_code {
            return Err(BankCodeError::Form(form.country, form.code));
        }
        // The last of the eight digits checks the others.
        if form.country == "PL" && !weighted(code, &[3, 9, 7, 1, 3, 9, 7, 1]).is_multiple_of(10) {
            return Err(BankCodeError::CheckDigit);
        }
        Ok(Self { form, code: code.to_owned() })
    }

    /// The Lithuanian bank code 99999, which no bank has: for a sandbox.
    #[must_use]
    pub fn of_no_bank() -> Self {
        Self { form: &FORMS[LITHUANIA], code: "99999".to_owned() }
    }

    /// The country's code.
    #[must_use]
    pub fn country(&self) -> &'static str {
        self.form.country
    }

    /// The bank code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// How many accounts there are: their numbers are below.
    #[must_use]
    pub fn accounts(&self) -> u64 {
        10_u64.pow(self.form.free)
    }

    /// The IBAN of an account. No two accounts have the same.
    ///
    /// # Panics
    /// When there is no such account: a shortened number could be another user's.
    #[must_use]
    pub fn iban(&self, account: u64) -> Iban {
        assert!(account < self.accounts(), "an account number has {} digits here", self.form.free);
        let width = self.form.free as usize;
        Iban::of_bban(self.form.country, &(self.form.bban)(&self.code, &format!("{account:0width$}")))
    }

    /// Whether an IBAN is of this bank.
    #[must_use]
    pub fn has(&self, iban: &str) -> bool {
        let bban = iban.get(4 + self.form.code_at..);
        iban.starts_with(self.form.country) && bban.is_some_and(|bban| bban.starts_with(&self.code))
    }
}

/// The digits of a text, each multiplied by its weight, and summed up.
fn weighted(digits: &str, weights: &[u32]) -> u32 {
    digits.bytes().zip(weights).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum()
}

/// A number of digits modulo another.
fn modulo(digits: &str, by: u32) -> u32 {
    digits.bytes().fold(0, |rest, byte| (rest * 10 + u32::from(byte - b'0')) % by)
}

/// Belgium: the last two digits are the ten before them modulo 97, with 97 for 0.
fn belgian(code: &str, account: &str) -> String {
    let rest = modulo(&format!("{code}{account}"), 97);
    format!("{code}{account}{:02}", if rest == 0 { 97 } else { rest })
}

/// Estonia: no branch; the last digit fills up the sum with weights 7, 3, 1 from the right.
fn estonian(code: &str, account: &str) -> String {
    let sum = weighted(account, &[3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7]);
    format!("{code}00{account}{}", (10 - sum % 10) % 10)
}

/// Spain: one digit checks bank and branch, one the account; modulo 11, with 1 for 10.
fn spanish(code: &str, account: &str) -> String {
    let check = |digits: &str| match 11 - weighted(digits, &[1, 2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 {
        10 => 1,
        11 => 0,
        digit => digit,
    };
    format!("{code}{}{}{account}", check(&format!("00{code}")), check(account))
}

/// Finland: the last digit is Luhn's.
fn finnish(code: &str, account: &str) -> String {
    let digits = format!("{code}{account}");
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            let doubled = if place % 2 == 0 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// France: the last two digits make the whole a multiple of 97.
fn french(code: &str, account: &str) -> String {
    let key = 97 - modulo(&format!("{code}{account}00"), 97);
    format!("{code}{account}{key:02}")
}

/// What a digit counts at an odd place in Italy; at an even one it counts itself.
const ODD_PLACES: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];

/// Italy: a letter in front, the sum of all digits modulo 26.
fn italian(code: &str, account: &str) -> String {
    let digits = format!("{code}{account}");
    let of_place = |(place, byte): (usize, u8)| {
        let digit = byte - b'0';
        if place % 2 == 0 { ODD_PLACES[usize::from(digit)] } else { u32::from(digit) }
    };
    let sum: u32 = digits.bytes().enumerate().map(of_place).sum();
    let letter = char::from_u32(u32::from(b'A') + sum % 26).unwrap_or('A');
    format!("{letter}{digits}")
}

/// Portugal: the last two digits leave 1 modulo 97.
fn portuguese(code: &str, account: &str) -> String {
    let digits = format!("{code}{account}");
    format!("{digits}{:02}", 98 - modulo(&format!("{digits}00"), 97))
}

/// Slovenia: the same.
fn slovenian(code: &str, account: &str) -> String {
    portuguese(code, account)
}

/// A digit and another behind it, by which a sum becomes a multiple of 11. A single one cannot always do it, for it
/// would have to be 10; of `fills`, the first is taken with which it can. `weight` is that of the first; the second's
/// is 1.
fn fill_up(sum: u32, weight: u32, mut fills: std::ops::Range<u32>) -> (u32, u32) {
    let check = |fill: u32| (11 - (sum + fill * weight) % 11) % 11;
    let fill = fills.find(|fill| check(*fill) != 10).unwrap_or_default();
    (fill, check(fill))
}

/// The Netherlands: the elfproef of account numbers, though a few banks gave it up.
fn dutch(code: &str, account: &str) -> String {
    let (fill, check) = fill_up(weighted(account, &[10, 9, 8, 7, 6, 5, 4, 3]), 2, 0..10);
    format!("{code}{account}{fill}{check}")
}

/// Slovakia: no prefix; the ten digits of the number are a multiple of 11, and two of them at least are not 0.
fn slovak(code: &str, account: &str) -> String {
    let (fill, check) = fill_up(weighted(account, &[3, 7, 9, 10, 5, 8, 4, 2]), 6, 1..10);
    format!("{code}000000{fill}{account}{check}")
}

#[cfg(test)]
#[path = "iban_series_tests.rs"]
mod tests;

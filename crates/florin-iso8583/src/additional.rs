//! Fields that hold a list: additional data (48) and additional amounts (54).

use zeroize::Zeroizing;

use crate::secret::is_digits;
use crate::values::{Parsed, is_printable, number};
use crate::{Currency, Money, Problem, VerificationValue};

/// Whether the holder showed who it is, in a web shop (EMV 3-D Secure).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Yes: 05.
    Full,
    /// It was tried, and the issuer did not take part: 06.
    Attempted,
    /// No: 07.
    None,
}

const AUTHENTICATIONS: [(&str, Authentication); 3] =
    [("05", Authentication::Full), ("06", Authentication::Attempted), ("07", Authentication::None)];

/// Field 48: elements of two digits that name them, two that say how long they are, and a value. Processors agree on
/// nothing more here than that it is theirs; the numbers are near to those of Mastercard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdditionalData {
    /// 42: how the holder was authenticated.
    pub authentication: Option<Authentication>,
    /// 61: whether the merchant takes an approval for a part of the amount.
    pub takes_part: bool,
    /// 92: the verification value that was typed in.
    pub verification: Option<VerificationValue>,
}

const AUTHENTICATION: &str = "42";
const TAKES_PART: &str = "61";
const VERIFICATION: &str = "92";

impl AdditionalData {
    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let mut found = Self::default();
        let (mut rest, mut seen) = (text, Vec::new());
        while !rest.is_empty() {
            let (name, value, after) = element(rest).ok_or(Problem::Value("a list of elements"))?;
            if seen.contains(&name) {
                return Err(Problem::Value("a list of elements, each there once"));
            }
            seen.push(name);
            rest = after;
            match name {
                AUTHENTICATION => {
                    let row = AUTHENTICATIONS.iter().find(|(code, _)| *code == value);
                    found.authentication = Some(row.ok_or(Problem::Value("an authentication"))?.1);
                }
                TAKES_PART => found.takes_part = flag(value)?,
                VERIFICATION => found.verification = Some(VerificationValue::parse(value)?),
                _ => {}
            }
        }
        Ok(found)
    }

    /// None: there is nothing to say.
    pub(crate) fn text(&self) -> Option<Zeroizing<String>> {
        // All that there can be has 26 characters: it does not grow and leave a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(64));
        let mut add = |name: &str, value: &str| {
            text.push_str(name);
            text.push_str(&format!("{:02}", value.len()));
            text.push_str(value);
        };
        let authentication = AUTHENTICATIONS.iter().find(|(_, known)| Some(*known) == self.authentication);
        authentication.into_iter().for_each(|(code, _)| add(AUTHENTICATION, code));
        self.takes_part.then(|| add(TAKES_PART, "1"));
        self.verification.iter().for_each(|value| add(VERIFICATION, value.expose()));
        (!text.is_empty()).then_some(text)
    }
}

fn flag(text: &str) -> Parsed<bool> {
    match text {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(Problem::Value("0 or 1")),
    }
}

/// The first element of a list: its name, its value, and what follows.
fn element(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_at_checked(2)?;
    let (length, rest) = rest.split_at_checked(2)?;
    let length = (is_digits(name) && is_digits(length)).then(|| length.parse().ok()).flatten()?;
    let (value, rest) = rest.split_at_checked(length)?;
    is_printable(value).then_some((name, value, rest))
}

/// What an additional amount is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum AmountKind {
    /// Cash, as a part of a purchase: 40.
    Cash,
    /// What was asked, where a part was approved: 57.
    Asked,
    /// Any other; never one of those above.
    Other(OtherAmount),
}

/// The two digits of an amount that has no name here.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct OtherAmount(u8);

const CASH: u8 = 40;
const ASKED: u8 = 57;

/// One of the additional amounts.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct AdditionalAmount {
    /// What it is.
    pub kind: AmountKind,
    /// How much.
    pub money: Money,
    /// Whether it is taken from the holder.
    pub is_debit: bool,
}

/// Characters of one amount: kind of account, kind of amount, currency, sign, digits.
const AMOUNT: usize = 20;

pub(crate) fn parse_amounts(text: &str) -> Parsed<Vec<AdditionalAmount>> {
    let whole = Problem::Value("a list of amounts");
    let mut rest = text;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (amount, after) = rest.split_at_checked(AMOUNT).ok_or(whole)?;
        rest = after;
        found.push(parse_amount(amount).ok_or(whole)?);
    }
    Ok(found)
}

fn parse_amount(text: &str) -> Option<AdditionalAmount> {
    let (_account, rest) = text.split_at_checked(2)?;
    let (kind, rest) = rest.split_at_checked(2)?;
    let (currency, rest) = rest.split_at_checked(3)?;
    let (sign, digits) = rest.split_at_checked(1)?;
    let kind = match number(kind).ok()? {
        CASH => AmountKind::Cash,
        ASKED => AmountKind::Asked,
        other => AmountKind::Other(OtherAmount(other)),
    };
    let is_debit = match sign {
        "D" => true,
        "C" => false,
        _ => return None,
    };
    let money = Money::parse(digits, Currency::parse(currency).ok()?).ok()?;
    Some(AdditionalAmount { kind, money, is_debit })
}

pub(crate) fn amounts_text(amounts: &[AdditionalAmount]) -> Option<String> {
    let one = |amount: &AdditionalAmount| {
        let kind = match amount.kind {
            AmountKind::Cash => CASH,
            AmountKind::Asked => ASKED,
            AmountKind::Other(OtherAmount(other)) => other,
        };
        let sign = if amount.is_debit { 'D' } else { 'C' };
        format!("00{kind:02}{}{sign}{}", amount.money.currency().digits(), amount.money.digits())
    };
    (!amounts.is_empty()).then(|| amounts.iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_and_others_skipped() {
        let found = AdditionalData::parse("420205610119902xx9203123").unwrap();
        assert_eq!(found.authentication, Some(Authentication::Full));
        assert!(found.takes_part && found.verification.as_ref().is_some_and(|value| value.is("123")));
        assert_eq!(found.text().as_deref().map(String::as_str), Some("420205610119203123"));
        assert_eq!(AdditionalData::parse(""), Ok(AdditionalData::default()));
        assert_eq!(AdditionalData::default().text(), None);
    }

    #[test]
    fn lists_that_are_none() {
        for text in [
            "4",
            "42",
            "4202",
            "42020",
            "4a0205",
            "420a05",
            "42+105",
            "61012",
            "610142",
            "420208",
            "6101161011",
            "920212",
            "92051234x",
        ] {
            assert!(AdditionalData::parse(text).is_err(), "{text}");
        }
        for text in [
            "0",
            "0040978D00000000100",
            "0040978X000000001000",
            "0040000D000000001000",
            "00a0978D000000001000",
            "0040978D00000000100a",
        ] {
            assert!(parse_amounts(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_are_read_and_written() {
        let text = "0040978D0000000010000057392C0000000005001099978C000000000000";
        let found = parse_amounts(text).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(
            (found[0].kind, found[0].money.minor(), found[0].is_debit),
            (AmountKind::Cash, 1_000, true)
        );
        assert_eq!((found[1].kind, found[1].money.currency().code()), (AmountKind::Asked, "JPY"));
        // The kind of account is not kept.
        assert_eq!(amounts_text(&found), Some(text.replace("1099", "0099")));
    }
}

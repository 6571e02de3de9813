//! Values of elements: amounts and identifiers strictly, texts leniently.
//!
//! An identifier that is too long is refused: cut, it could be that of another payment. A text that is too long is cut,
//! for money has arrived whatever its title is, and refusing the file would keep that money from its owner.

use florin_types::{Bic, Date, Iban, Text, Timestamp};
use uuid::Uuid;

use crate::cursor::{Cursor, Read, shown};
use crate::{AccountNumber, Coded, Party, Problem, StatusReason};

/// Digits before the point of an amount: more do not fit into 64 bits of cents with room for sums.
const MAX_EURO_DIGITS: usize = 15;

/// What stands where the sender of a payment gave no reference.
pub(crate) const NOT_PROVIDED: &str = "NOTPROVIDED";

/// What banks write where they have no reference.
const NO_REFERENCE: [&str; 3] = ["NONREF", NOT_PROVIDED, "NOREF"];

/// Whether a bank's reference is one. Some banks fill the element with a word that says that there is none.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    !NO_REFERENCE.iter().any(|none| none.eq_ignore_ascii_case(text))
}

/// Euros with up to two decimals, in cents.
pub(crate) fn cents(text: &str) -> Result<i64, Problem> {
    let wrong = || Problem::Amount(shown(text));
    let (euros, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(wrong()),
        Some((euros, fraction)) => (euros, fraction),
        None => (text, ""),
    };
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=MAX_EURO_DIGITS).contains(&euros.len()) && fraction.len() <= 2;
    if !fits || !is_number(euros) || !is_number(fraction) {
        return Err(wrong());
    }
    format!("{euros}{fraction:0<2}").parse().map_err(|_| wrong())
}

impl Cursor<'_> {
    /// An amount of euros with its currency, in cents.
    pub fn amount(&mut self) -> Read<i64> {
        match self.attribute("Ccy")? {
            Some(currency) if currency == "EUR" => self.value(cents),
            Some(currency) => Err(self.error(Problem::Currency(shown(&currency)))),
            None => Err(self.error(Problem::Missing("the attribute Ccy"))),
        }
    }

    /// An amount that is not zero.
    pub fn positive_amount(&mut self) -> Read<i64> {
        let error = self.error(Problem::Amount("0".to_owned()));
        match self.amount()? {
            0 => Err(error),
            cents => Ok(cents),
        }
    }

    /// A sum of amounts, which has no currency, in cents.
    pub fn sum(&mut self) -> Read<i64> {
        self.value(cents)
    }

    /// A currency, which must be EUR.
    pub fn euro(&mut self) -> Read<()> {
        self.value(|text| match text {
            "EUR" => Ok(()),
            other => Err(Problem::Currency(shown(other))),
        })
    }

    /// A whole number.
    pub fn number(&mut self) -> Read<u64> {
        self.value(|text| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = is_number.then(|| text.parse().ok()).flatten();
            number.ok_or(Problem::Value("a whole number"))
        })
    }

    /// `true` or `false`.
    pub fn flag(&mut self) -> Read<bool> {
        self.value(|text| match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(Problem::Value("true or false")),
        })
    }

    /// True for a credit.
    pub fn is_credit(&mut self) -> Read<bool> {
        self.value(|text| match text {
            "CRDT" => Ok(true),
            "DBIT" => Ok(false),
            _ => Err(Problem::Value("CRDT or DBIT")),
        })
    }

    /// An identifier or a code; none when the element is empty.
    pub fn id(&mut self) -> Read<Option<String>> {
        self.value(|text| {
            if text.chars().any(char::is_control) {
                return Err(Problem::ControlCharacter);
            }
            match text.chars().nth(MAX_ID) {
                Some(_) => Err(Problem::TooLong(MAX_ID)),
                None => Ok((!text.is_empty()).then(|| text.to_owned())),
            }
        })
    }

    /// A reference of the sender of a payment; none when there was none.
    pub fn end_to_end_id(&mut self) -> Read<Option<String>> {
        Ok(self.id()?.filter(|id| id != NOT_PROVIDED))
    }

    /// One line of free text, cut to its length; none when nothing can be seen of it.
    pub fn free_text<const MAX: usize>(&mut self) -> Read<Option<Text<MAX>>> {
        self.value(|text| Ok(one_line(text)))
    }

    /// A date, whose time zone is dropped.
    pub fn date(&mut self) -> Read<Date> {
        self.value(|text| {
            let (date, zone) = text.split_at_checked(10).unwrap_or((text, ""));
            match Date::parse(date) {
                Ok(date) if zone.is_empty() || zone == "Z" || is_offset(zone) => Ok(date),
                _ => Err(Problem::Value("a date")),
            }
        })
    }

    /// A time; without an offset it is taken for UTC.
    pub fn date_time(&mut self) -> Read<Timestamp> {
        Ok(self.local_date_time()?.1)
    }

    /// The day as it is written, and the time.
    pub fn local_date_time(&mut self) -> Read<(Date, Timestamp)> {
        self.value(|text| date_time(text).ok_or(Problem::Value("a date and time")))
    }

    /// An IBAN that must be one.
    pub fn iban(&mut self) -> Read<Iban> {
        self.value(|text| Iban::parse(text).map_err(|_| Problem::Value("an IBAN")))
    }

    /// A bank's code, if it is one: nothing depends on a wrong one.
    pub fn bic(&mut self) -> Read<Option<Bic>> {
        self.value(|text| Ok(Bic::parse(text).ok()))
    }

    /// The unique end-to-end transaction reference.
    pub fn uetr(&mut self) -> Read<Uuid> {
        self.value(|text| Uuid::try_parse(text).map_err(|_| Problem::Value("a UUID")))
    }

    /// A choice of `Cd` and `Prtry`.
    pub fn coded(&mut self) -> Read<Option<Coded>> {
        let mut found = None;
        self.children(&[], |cursor, name| {
            match name {
                "Cd" => found = cursor.id()?.map(Coded::Code).or(found.take()),
                "Prtry" => found = found.take().or(cursor.id()?.map(Coded::Proprietary)),
                _ => {}
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// A reason with its texts.
    pub fn status_reason(&mut self) -> Read<StatusReason> {
        let (mut reason, mut lines) = (None, Vec::new());
        self.children(&["AddtlInf"], |cursor, name| {
            match name {
                "Rsn" => reason = cursor.coded()?,
                "AddtlInf" => lines.extend(cursor.free_text::<MAX_INFO>()?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(StatusReason { reason, info: joined(&lines) })
    }

    /// `Dt` or `DtTm`: the day as it is written, and the time if there is one.
    pub fn day(&mut self) -> Read<(Date, Option<Timestamp>)> {
        let mut found = None;
        self.children(&[], |cursor, name| {
            match name {
                "Dt" => found = Some((cursor.date()?, None)),
                "DtTm" => {
                    let (date, time) = cursor.local_date_time()?;
                    found = Some((date, Some(time)));
                }
                _ => {}
            }
            Ok(())
        })?;
        self.required(found, "a date")
    }

    /// The account of a party: what is no IBAN stays as text.
    pub fn account(&mut self) -> Read<Option<AccountNumber>> {
        let mut found = None;
        self.children(&[], |cursor, name| {
            if name == "Id" {
                cursor.children(&[], |cursor, name| {
                    match name {
                        "IBAN" => found = cursor.value(|text| Ok(account_number(text)))?,
                        "Othr" => cursor.children(&[], |cursor, name| {
                            if name == "Id" {
                                found = cursor.free_text()?.map(AccountNumber::Other);
                            }
                            Ok(())
                        })?,
                        _ => {}
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The IBAN of an account that must have one, in euros.
    pub fn own_account(&mut self) -> Read<Iban> {
        let mut found = None;
        self.children(&[], |cursor, name| match name {
            "Id" => cursor.children(&[], |cursor, name| {
                if name == "IBAN" {
                    found = Some(cursor.iban()?);
                }
                Ok(())
            }),
            "Ccy" => cursor.euro(),
            _ => Ok(()),
        })?;
        self.required(found, "an account with Id/IBAN")
    }

    /// The BIC of an agent (`FinInstnId/BICFI`).
    pub fn agent(&mut self) -> Read<Option<Bic>> {
        let mut found = None;
        self.children(&[], |cursor, name| match name {
            "FinInstnId" => cursor.children(&[], |cursor, name| {
                if name == "BICFI" {
                    found = cursor.bic()?;
                }
                Ok(())
            }),
            _ => Ok(()),
        })?;
        Ok(found)
    }

    /// The name of a party, which is directly in it.
    pub fn party_name(&mut self) -> Read<Option<Text<MAX_NAME>>> {
        let mut found = None;
        self.children(&[], |cursor, name| {
            if name == "Nm" {
                found = cursor.free_text()?;
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// A party that is a person, a company or a bank (`Pty` or `Agt`).
    pub fn party_choice(&mut self, party: &mut Party) -> Read<()> {
        self.children(&[], |cursor, name| {
            match name {
                "Pty" => party.name = cursor.party_name()?,
                "Agt" => party.bic = cursor.agent()?,
                _ => {}
            }
            Ok(())
        })
    }

    /// Titles: the lines of free text, and the creditor's reference.
    pub fn remittance(&mut self) -> Read<(Option<Text<MAX_REMITTANCE>>, Option<String>)> {
        let (mut lines, mut reference): (Vec<Text<MAX_REMITTANCE>>, _) = (Vec::new(), None);
        self.children(&["Ustrd", "Strd"], |cursor, name| {
            match name {
                "Ustrd" => lines.extend(cursor.free_text()?),
                "Strd" => cursor.children(&[], |cursor, name| match name {
                    "CdtrRefInf" => cursor.children(&[], |cursor, name| {
                        if name == "Ref" {
                            reference = reference.take().or(cursor.id()?);
                        }
                        Ok(())
                    }),
                    _ => Ok(()),
                })?,
                _ => {}
            }
            Ok(())
        })?;
        Ok((joined(&lines), reference))
    }

    /// Makes sure that a number or sum is that of its parts.
    pub fn check_sum(&self, said: Option<i128>, found: i128) -> Read<()> {
        match said {
            Some(said) if said != found => Err(self.error(Problem::Sum { said, found })),
            _ => Ok(()),
        }
    }
}

/// `Max35Text`, which all identifiers of the messages are.
pub(crate) const MAX_ID: usize = 35;

/// `Max140Text`, which names are.
pub const MAX_NAME: usize = 140;

/// A SEPA payment has one line of 140 characters. Banks that fold it into several lines stay below four.
pub const MAX_REMITTANCE: usize = 560;

/// `Max105Text`, five lines of which say more than any bank does.
pub const MAX_INFO: usize = 525;

/// The text on one line, without what overrides its direction, cut.
fn one_line<const MAX: usize>(text: &str) -> Option<Text<MAX>> {
    let visible = text.chars().filter(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'));
    let spaced: String = visible.map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c }).collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    let cut: String = words.join(" ").chars().take(MAX).collect();
    Text::parse(&cut).ok()
}

/// Lines as one, cut.
fn joined<const MAX: usize>(lines: &[Text<MAX>]) -> Option<Text<MAX>> {
    let lines: Vec<&str> = lines.iter().map(Text::as_str).collect();
    one_line(&lines.join(" "))
}

fn account_number(text: &str) -> Option<AccountNumber> {
    match Iban::parse(text) {
        Ok(iban) => Some(AccountNumber::Iban(iban)),
        Err(_) => one_line(text).map(AccountNumber::Other),
    }
}

/// `+01:00`.
fn is_offset(text: &str) -> bool {
    matches!(text.as_bytes(), [b'+' | b'-', h1, h2, b':', m1, m2]
        if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()))
}

/// An `xs:dateTime`: the offset may be absent, and 24:00:00 is the next day's midnight.
fn date_time(text: &str) -> Option<(Date, Timestamp)> {
    let date = Date::parse(text.get(..10)?).ok()?;
    let time = text.get(10..)?;
    let has_offset = time.ends_with('Z') || time.get(time.len().saturating_sub(6)..).is_some_and(is_offset);
    let whole = if has_offset { text.to_owned() } else { format!("{text}Z") };
    if let Some(rest) = whole.get(10..)?.strip_prefix("T24:00:00") {
        let date = date.tomorrow()?;
        return Some((date, Timestamp::parse(&format!("{date}T00:00:00{rest}")).ok()?));
    }
    let time = Timestamp::parse(&whole).ok()?;
    Some((date, time))
}

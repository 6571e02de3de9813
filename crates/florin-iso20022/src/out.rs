//! Writing: elements in the order of the schema, values checked on the way.
//!
//! Identifiers are written as they are or refused; free texts are written in the SEPA character set and cut.

use florin_types::{Bic, Date, Text, Timestamp, sepa_text};
use quick_xml::escape::escape;
use uuid::Uuid;

use crate::values::MAX_ID;
use crate::{AccountNumber, Coded, Kind, Party, StatusReason, WriteError, WriteProblem};

/// Characters of a reason's text: `Max105Text`.
const INFO_CHARACTERS: usize = 105;

/// Characters of an account that has no IBAN: `Max34Text`.
const ACCOUNT_CHARACTERS: usize = 34;

/// The largest amount of a SEPA credit transfer (EPC implementation guidelines, AT-T002).
const MAX_CENTS: i64 = 99_999_999_999;

/// The largest balance that we write: as many digits as we read.
const MAX_BALANCE_CENTS: i64 = 99_999_999_999_999_999;

/// The result of writing.
pub(crate) type Write = Result<(), WriteError>;

/// A document being written.
pub(crate) struct Out {
    xml: String,
    depth: usize,
}

/// Writes a whole document: `inside` writes what is in the root's only child.
pub(crate) fn document(kind: Kind, inside: impl FnOnce(&mut Out) -> Write) -> Result<Vec<u8>, WriteError> {
    let mut out = Out { xml: r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned(), depth: 0 };
    let root = format!(r#"<Document xmlns="{}">"#, kind.namespace());
    out.line(&root);
    out.depth += 1;
    out.element(kind.root(), inside)?;
    out.depth -= 1;
    out.line("</Document>");
    out.xml.push('\n');
    Ok(out.xml.into_bytes())
}

/// An error about an element.
pub(crate) fn refused(element: &'static str, problem: WriteProblem) -> WriteError {
    WriteError { element, problem }
}

/// Cents as euros with two decimals.
pub(crate) fn euros(cents: i64) -> String {
    let cents = cents.unsigned_abs();
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The sum of amounts; none beyond 64 bits.
pub(crate) fn total(cents: impl IntoIterator<Item = i64>) -> Option<i64> {
    cents.into_iter().try_fold(0, i64::checked_add)
}

impl Out {
    fn line(&mut self, text: &str) {
        self.xml.push('\n');
        self.xml.extend(std::iter::repeat_n("  ", self.depth));
        self.xml.push_str(text);
    }

    /// An element with others inside.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> Write) -> Write {
        self.nested(&[name], inside)
    }

    /// Elements inside each other.
    pub fn nested(&mut self, names: &[&str], inside: impl FnOnce(&mut Self) -> Write) -> Write {
        for name in names {
            self.line("<");
            self.xml.extend([name, ">"]);
            self.depth += 1;
        }
        inside(self)?;
        for name in names.iter().rev() {
            self.depth -= 1;
            self.line("</");
            self.xml.extend([name, ">"]);
        }
        Ok(())
    }

    /// An element with a value that needs no check.
    pub fn leaf(&mut self, name: &str, value: &str) {
        self.line("<");
        self.xml.extend([name, ">", &escape(value), "</", name, ">"]);
    }

    /// A number of things.
    pub fn count(&mut self, name: &str, count: usize) {
        self.leaf(name, &count.to_string());
    }

    /// An amount of a payment.
    pub fn payment_amount(&mut self, name: &'static str, cents: i64) -> Write {
        if !(1..=MAX_CENTS).contains(&cents) {
            return Err(refused(name, WriteProblem::Amount));
        }
        self.amount(name, cents)
    }

    /// An amount that may be zero; its sign is written elsewhere.
    pub fn amount(&mut self, name: &'static str, cents: i64) -> Write {
        if !(-MAX_BALANCE_CENTS..=MAX_BALANCE_CENTS).contains(&cents) {
            return Err(refused(name, WriteProblem::Amount));
        }
        self.line("<");
        self.xml.extend([name, r#" Ccy="EUR">"#, &euros(cents), "</", name, ">"]);
        Ok(())
    }

    /// Whether a signed amount is a credit.
    pub fn direction(&mut self, is_credit: bool) {
        self.leaf("CdtDbtInd", if is_credit { "CRDT" } else { "DBIT" });
    }

    /// An identifier.
    pub fn id(&mut self, name: &'static str, value: &str) -> Write {
        self.limited_id(name, value, MAX_ID)
    }

    /// An identifier that may be absent.
    pub fn optional_id(&mut self, name: &'static str, value: Option<&str>) -> Write {
        value.map_or(Ok(()), |value| self.id(name, value))
    }

    /// An identifier or a code of so many characters.
    pub fn limited_id(&mut self, name: &'static str, value: &str, max: usize) -> Write {
        if value.is_empty() || sepa_text(value, max) != value {
            return Err(refused(name, WriteProblem::Identifier(max)));
        }
        self.leaf(name, value);
        Ok(())
    }

    /// A text that must not be empty.
    pub fn text<const MAX: usize>(&mut self, name: &'static str, text: &Text<MAX>, max: usize) -> Write {
        match sepa_text(text.as_str(), max).as_str() {
            "" => Err(refused(name, WriteProblem::Empty)),
            text => {
                self.leaf(name, text);
                Ok(())
            }
        }
    }

    /// A text that may be absent, or have nothing in it that can be written.
    pub fn optional_text<const MAX: usize>(&mut self, name: &str, text: Option<&Text<MAX>>, max: usize) {
        let text = text.map(|text| sepa_text(text.as_str(), max)).filter(|text| !text.is_empty());
        if let Some(text) = text {
            self.leaf(name, &text);
        }
    }

    /// A time in UTC.
    pub fn date_time(&mut self, name: &str, time: Timestamp) {
        self.leaf(name, &time.to_string());
    }

    /// A day, with its time if that is on the same day in UTC.
    pub fn day(&mut self, name: &str, date: Date, time: Option<Timestamp>) -> Write {
        self.element(name, |out| {
            match time.filter(|time| time.date() == date) {
                Some(time) => out.date_time("DtTm", time),
                None => out.leaf("Dt", &date.to_string()),
            }
            Ok(())
        })
    }

    /// The unique end-to-end transaction reference.
    pub fn uetr(&mut self, name: &'static str, uetr: Option<Uuid>) -> Write {
        match uetr {
            Some(uetr) if uetr.get_version_num() != 4 || uetr.get_variant() != uuid::Variant::RFC4122 => {
                Err(refused(name, WriteProblem::Uetr))
            }
            Some(uetr) => {
                self.leaf(name, &uetr.hyphenated().to_string());
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A bank.
    pub fn agent(&mut self, name: &str, bic: &Bic) -> Write {
        self.nested(&[name, "FinInstnId"], |out| {
            out.leaf("BICFI", bic.as_str());
            Ok(())
        })
    }

    /// A bank as the sender or receiver of an investigation.
    pub fn assigned_agent(&mut self, name: &str, bic: &Bic) -> Write {
        self.element(name, |out| out.agent("Agt", bic))
    }

    /// An account.
    pub fn account(&mut self, name: &str, account: &AccountNumber) -> Write {
        self.nested(&[name, "Id"], |out| match account {
            AccountNumber::Iban(iban) => {
                out.leaf("IBAN", iban.as_str());
                Ok(())
            }
            AccountNumber::Other(number) => {
                out.element("Othr", |out| out.text("Id", number, ACCOUNT_CHARACTERS))
            }
        })
    }

    /// `Cd` or `Prtry` within an element.
    pub fn coded(&mut self, name: &str, coded: &Coded) -> Write {
        self.element(name, |out| match coded {
            Coded::Code(code) => out.limited_id("Cd", code, 4),
            Coded::Proprietary(text) => out.id("Prtry", text),
        })
    }

    /// A reason; `originator` says which bank gives it, where the scheme wants that.
    pub fn reason(&mut self, name: &str, reason: &StatusReason, originator: Option<&Bic>) -> Write {
        self.element(name, |out| {
            if let Some(bic) = originator {
                out.nested(&["Orgtr", "Id", "OrgId"], |out| {
                    out.leaf("AnyBIC", bic.as_str());
                    Ok(())
                })?;
            }
            if let Some(coded) = &reason.reason {
                out.coded("Rsn", coded)?;
            }
            out.optional_text("AddtlInf", reason.info.as_ref(), INFO_CHARACTERS);
            Ok(())
        })
    }

    /// A party of a transaction: its name.
    pub fn party(&mut self, name: &str, party: &Party) -> Write {
        let Some(text) = &party.name else { return Ok(()) };
        self.nested(&[name, "Pty"], |out| out.text("Nm", text, crate::MAX_NAME))
    }
}

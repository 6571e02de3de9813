//! camt.053.001.08 and camt.054.001.08: what a bank booked on an account.
//!
//! The two differ in their balances only: a statement has them, a notification does not.

use std::collections::HashMap;

use florin_types::{Bic, Date, Iban, Timestamp};

use crate::cursor::{Cursor, Read};
use crate::entry::{Entry, EntryStatus};
use crate::out::{Out, Write, document, refused};
use crate::values::is_reference;
use crate::{Kind, Problem, WriteError, WriteProblem};

/// Entries of one reference that are compared with each other: banks use one for a few, and all pairs of a hostile file
/// would take minutes.
const MAX_NAMESAKES: usize = 100;

/// Which of the two messages it is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// camt.054: single bookings, soon after they were made. It has no balances.
    Notification,
    /// camt.053: all bookings of a period, between two balances.
    Statement,
}

/// A message about one or more accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankReport {
    /// Which message it is.
    pub kind: ReportKind,
    /// Its identifier.
    pub message_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// A report for each account: at least one.
    pub accounts: Vec<AccountReport>,
}

/// What was booked on one account, in euros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountReport {
    /// The identifier of the notification or statement.
    pub id: String,
    /// The bank's electronic number of it, without gaps in a year at most banks.
    pub sequence: Option<u64>,
    /// The number of the statement by law.
    pub legal_sequence: Option<u64>,
    /// Which page of it this is.
    pub page: Option<Page>,
    /// Whether the bank says that it sent the same before (`DUPL` or `CODU`).
    pub is_duplicate: bool,
    /// The period that it covers.
    pub period: Option<(Timestamp, Timestamp)>,
    /// The account.
    pub iban: Iban,
    /// The bank.
    pub bic: Option<Bic>,
    /// The booked balance before the first entry (`OPBD`, else `PRCD`).
    pub opening: Option<Balance>,
    /// The booked balance after the last entry (`CLBD`).
    pub closing: Option<Balance>,
    /// What was booked or is expected.
    pub entries: Vec<Entry>,
}

/// A page of a report that comes in several messages.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its number, from 1.
    pub number: u64,
    /// Whether no other follows.
    pub is_last: bool,
}

/// A balance.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// In cents; negative when the account is overdrawn.
    pub cents: i64,
    /// Its day.
    pub date: Date,
}

impl AccountReport {
    /// Credits less debits of all booked entries, in cents.
    #[must_use]
    pub fn booked_cents(&self) -> i128 {
        let booked = self.entries.iter().filter(|entry| entry.status == EntryStatus::Booked);
        booked.map(|entry| i128::from(entry.signed_cents())).sum()
    }

    /// How much the closing balance is above the opening balance and the booked entries: zero in a right statement.
    /// None without both balances.
    #[must_use]
    pub fn unexplained_cents(&self) -> Option<i128> {
        let (opening, closing) = (self.opening?, self.closing?);
        Some(i128::from(closing.cents) - i128::from(opening.cents) - self.booked_cents())
    }

    fn has_first_page(&self) -> bool {
        self.page.is_none_or(|page| page.number == 1)
    }

    fn has_last_page(&self) -> bool {
        self.page.is_none_or(|page| page.is_last)
    }
}

impl BankReport {
    /// Writes the message.
    ///
    /// # Errors
    /// [`WriteError`] names the element that has a value which nobody would take.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteError> {
        let kind = match self.kind {
            ReportKind::Notification => Kind::Notification,
            ReportKind::Statement => Kind::Statement,
        };
        if self.accounts.is_empty() {
            return Err(refused(self.kind.element(), WriteProblem::Missing));
        }
        document(kind, |out| {
            out.element("GrpHdr", |out| {
                out.id("MsgId", &self.message_id)?;
                out.date_time("CreDtTm", self.created_at);
                Ok(())
            })?;
            for account in &self.accounts {
                out.element(self.kind.element(), |out| account.write(out, self.kind))?;
            }
            Ok(())
        })
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>, kind: ReportKind) -> Read<Self> {
        let (mut message_id, mut created_at, mut accounts) = (None, None, Vec::new());
        cursor.children(&[kind.element()], |cursor, name| {
            match name {
                "GrpHdr" => cursor.children(&[], |cursor, name| {
                    match name {
                        "MsgId" => message_id = cursor.id()?,
                        "CreDtTm" => created_at = Some(cursor.date_time()?),
                        _ => {}
                    }
                    Ok(())
                })?,
                name if name == kind.element() => accounts.push(AccountReport::read(cursor, kind)?),
                _ => {}
            }
            Ok(())
        })?;
        if accounts.is_empty() {
            return Err(cursor.error(Problem::Missing(kind.element())));
        }
        Ok(Self {
            kind,
            message_id: cursor.required(message_id, "GrpHdr/MsgId")?,
            created_at: cursor.required(created_at, "GrpHdr/CreDtTm")?,
            accounts,
        })
    }
}

impl ReportKind {
    fn element(self) -> &'static str {
        match self {
            Self::Notification => "Ntfctn",
            Self::Statement => "Stmt",
        }
    }

    fn pagination(self) -> &'static str {
        match self {
            Self::Notification => "NtfctnPgntn",
            Self::Statement => "StmtPgntn",
        }
    }
}

impl AccountReport {
    fn write(&self, out: &mut Out, kind: ReportKind) -> Write {
        out.id("Id", &self.id)?;
        if let Some(page) = self.page {
            out.element(kind.pagination(), |out| {
                out.leaf("PgNb", &page.number.to_string());
                out.leaf("LastPgInd", if page.is_last { "true" } else { "false" });
                Ok(())
            })?;
        }
        for (name, number) in [("ElctrncSeqNb", self.sequence), ("LglSeqNb", self.legal_sequence)] {
            if let Some(number) = number {
                out.leaf(name, &number.to_string());
            }
        }
        if let Some((from, to)) = self.period {
            out.element("FrToDt", |out| {
                out.date_time("FrDtTm", from);
                out.date_time("ToDtTm", to);
                Ok(())
            })?;
        }
        if self.is_duplicate {
            out.leaf("CpyDplctInd", "DUPL");
        }
        out.element("Acct", |out| {
            out.element("Id", |out| {
                out.leaf("IBAN", self.iban.as_str());
                Ok(())
            })?;
            out.leaf("Ccy", "EUR");
            self.bic.as_ref().map_or(Ok(()), |bic| out.agent("Svcr", bic))
        })?;
        if kind == ReportKind::Statement {
            self.write_balances(out)?;
        }
        for entry in &self.entries {
            out.element("Ntry", |out| entry.write(out))?;
        }
        Ok(())
    }

    fn write_balances(&self, out: &mut Out) -> Write {
        let missing = (self.has_first_page() && self.opening.is_none())
            || (self.has_last_page() && self.closing.is_none())
            || (self.opening.is_none() && self.closing.is_none());
        if missing {
            return Err(refused("Bal", WriteProblem::Missing));
        }
        for (code, balance) in [("OPBD", self.opening), ("CLBD", self.closing)] {
            let Some(balance) = balance else { continue };
            out.element("Bal", |out| {
                out.nested(&["Tp", "CdOrPrtry"], |out| out.limited_id("Cd", code, 4))?;
                out.amount("Amt", balance.cents)?;
                out.direction(balance.cents >= 0);
                out.day("Dt", balance.date, None)
            })?;
        }
        Ok(())
    }

    fn read(cursor: &mut Cursor<'_>, kind: ReportKind) -> Read<Self> {
        let mut parts = Parts::default();
        cursor.children(&["Bal", "Ntry"], |cursor, name| {
            match name {
                "Id" => parts.id = cursor.id()?,
                name if name == kind.pagination() => parts.page = Some(Page::read(cursor)?),
                "ElctrncSeqNb" => parts.sequence = Some(cursor.number()?),
                "LglSeqNb" => parts.legal_sequence = Some(cursor.number()?),
                "CpyDplctInd" => {
                    parts.is_duplicate = cursor.value(|text| Ok(matches!(text, "DUPL" | "CODU")))?
                }
                "FrToDt" => parts.period = Some(read_period(cursor)?),
                "Acct" => parts.account = Some(read_account(cursor)?),
                "Bal" if kind == ReportKind::Statement => parts.balances.read(cursor)?,
                "Ntry" => {
                    let entry = Entry::read(cursor)?;
                    parts.add(cursor, entry)?;
                }
                _ => {}
            }
            Ok(())
        })?;
        let (iban, bic) = cursor.required(parts.account, "Acct")?;
        let report = Self {
            id: cursor.required(parts.id, "Id")?,
            sequence: parts.sequence,
            legal_sequence: parts.legal_sequence,
            page: parts.page,
            is_duplicate: parts.is_duplicate,
            period: parts.period,
            iban,
            bic,
            opening: parts.balances.opening.or(parts.balances.previous),
            closing: parts.balances.closing,
            entries: parts.entries,
        };
        if kind == ReportKind::Statement {
            if report.has_first_page() {
                cursor.required(report.opening, "Bal of type OPBD or PRCD")?;
            }
            if report.has_last_page() {
                cursor.required(report.closing, "Bal of type CLBD")?;
            }
        }
        Ok(report)
    }
}

/// A report, partly read.
#[derive(Default)]
struct Parts {
    id: Option<String>,
    sequence: Option<u64>,
    legal_sequence: Option<u64>,
    page: Option<Page>,
    is_duplicate: bool,
    period: Option<(Timestamp, Timestamp)>,
    account: Option<(Iban, Option<Bic>)>,
    balances: Balances,
    entries: Vec<Entry>,
    /// The numbers of booked entries by their references.
    references: HashMap<String, Vec<usize>>,
}

impl Parts {
    /// An entry that is there twice, with one reference, is refused: it cannot be told whether the bank means two.
    fn add(&mut self, cursor: &Cursor<'_>, entry: Entry) -> Read<()> {
        let reference = entry.account_servicer_reference.clone().filter(|text| is_reference(text));
        if let (EntryStatus::Booked, Some(reference)) = (entry.status, reference) {
            let namesakes = self.references.entry(reference.clone()).or_default();
            let mut compared = namesakes.iter().take(MAX_NAMESAKES);
            if compared.any(|number| self.entries.get(*number) == Some(&entry)) {
                return Err(cursor.error(Problem::DuplicateReference(reference)));
            }
            namesakes.push(self.entries.len());
        }
        self.entries.push(entry);
        Ok(())
    }
}

#[derive(Default)]
struct Balances {
    opening: Option<Balance>,
    previous: Option<Balance>,
    closing: Option<Balance>,
}

impl Balances {
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        let (mut code, mut cents, mut is_credit, mut date) = (None, None, None, None);
        // Credit lines have amounts of their own and are skipped.
        cursor.children(&[], |cursor, name| {
            match name {
                "Tp" => cursor.children(&[], |cursor, name| {
                    if name == "CdOrPrtry" {
                        code = cursor.coded()?;
                    }
                    Ok(())
                })?,
                "Amt" => cents = Some(cursor.amount()?),
                "CdtDbtInd" => is_credit = Some(cursor.is_credit()?),
                "Dt" => date = Some(cursor.day()?.0),
                _ => {}
            }
            Ok(())
        })?;
        let cents = cursor.required(cents, "Bal/Amt")?;
        let is_credit = cursor.required(is_credit, "Bal/CdtDbtInd")?;
        let date = cursor.required(date, "Bal/Dt")?;
        let balance = Balance { cents: if is_credit { cents } else { -cents }, date };
        let code = cursor.required(code, "Bal/Tp/CdOrPrtry")?;
        let place = match code.as_str() {
            "OPBD" => &mut self.opening,
            "PRCD" => &mut self.previous,
            "CLBD" => &mut self.closing,
            _ => return Ok(()),
        };
        match place.replace(balance) {
            None => Ok(()),
            Some(_) => Err(cursor.error_in("Bal", Problem::Duplicate)),
        }
    }
}

impl Page {
    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let (mut number, mut is_last) = (None, None);
        cursor.children(&[], |cursor, name| {
            match name {
                "PgNb" => number = Some(cursor.number()?),
                "LastPgInd" => is_last = Some(cursor.flag()?),
                _ => {}
            }
            Ok(())
        })?;
        let number = cursor.required(number, "PgNb")?;
        Ok(Self { number, is_last: cursor.required(is_last, "LastPgInd")? })
    }
}

fn read_period(cursor: &mut Cursor<'_>) -> Read<(Timestamp, Timestamp)> {
    let (mut from, mut to) = (None, None);
    cursor.children(&[], |cursor, name| {
        match name {
            "FrDtTm" => from = Some(cursor.date_time()?),
            "ToDtTm" => to = Some(cursor.date_time()?),
            _ => {}
        }
        Ok(())
    })?;
    let from = cursor.required(from, "FrToDt/FrDtTm")?;
    Ok((from, cursor.required(to, "FrToDt/ToDtTm")?))
}

fn read_account(cursor: &mut Cursor<'_>) -> Read<(Iban, Option<Bic>)> {
    let (mut iban, mut bic) = (None, None);
    cursor.children(&[], |cursor, name| {
        match name {
            "Id" => cursor.children(&[], |cursor, name| {
                if name == "IBAN" {
                    iban = Some(cursor.iban()?);
                }
                Ok(())
            })?,
            "Ccy" => cursor.euro()?,
            "Svcr" => bic = cursor.agent()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((cursor.required(iban, "Acct/Id/IBAN")?, bic))
}

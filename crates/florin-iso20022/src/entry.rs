//! An entry of a statement or notification, and its transactions.

use florin_types::{Date, Text, Timestamp};
use uuid::Uuid;

use crate::cursor::{Cursor, Read};
use crate::out::{self, Out, Write, refused};
use crate::{MAX_REMITTANCE, Party, Problem, StatusReason, WriteProblem};

/// One booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The amount in cents, never negative.
    pub cents: i64,
    /// Whether the account gains it. For a reversal this says the direction of the reversal itself.
    pub is_credit: bool,
    /// Whether it takes back an earlier entry.
    pub is_reversal: bool,
    /// Whether it is booked.
    pub status: EntryStatus,
    /// The day of booking as the bank writes it, and the time if it gives one.
    pub booked: Option<(Date, Option<Timestamp>)>,
    /// The day from which it counts for interest.
    pub value_date: Option<Date>,
    /// The bank's reference: unique for the account.
    pub account_servicer_reference: Option<String>,
    /// What kind of booking it is.
    pub code: TransactionCode,
    /// Its transactions: one, or many of a batch, whose amounts are then the entry's. None for what has no other side,
    /// such as fees.
    pub transactions: Vec<Transaction>,
}

/// Whether money moved.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum EntryStatus {
    /// BOOK: it did.
    Booked,
    /// PDNG: it will, or not.
    Pending,
    /// INFO: it did not.
    Information,
    /// FUTR: it will, on a later day.
    Future,
}

const STATUSES: [(&str, EntryStatus); 4] = [
    ("BOOK", EntryStatus::Booked),
    ("PDNG", EntryStatus::Pending),
    ("INFO", EntryStatus::Information),
    ("FUTR", EntryStatus::Future),
];

/// What kind of booking it is: by ISO's codes, by the bank's own, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionCode {
    /// Domain, family and subfamily, such as `PMNT`, `RCDT`, `ESCT`.
    pub iso: Option<IsoCode>,
    /// The bank's own code.
    pub proprietary: Option<String>,
}

/// A bank transaction code of ISO's external list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsoCode {
    /// `PMNT` for payments.
    pub domain: String,
    /// `RCDT` for received, `ICDT` for issued credit transfers; `RRCT` and `IRCT` for instant ones.
    pub family: String,
    /// `ESCT` for SEPA credit transfers, `RRTN` for returns.
    pub sub_family: String,
}

impl TransactionCode {
    /// ISO's code by its three parts.
    #[must_use]
    pub fn iso(domain: &str, family: &str, sub_family: &str) -> Self {
        let [domain, family, sub_family] = [domain, family, sub_family].map(str::to_owned);
        Self { iso: Some(IsoCode { domain, family, sub_family }), proprietary: None }
    }

    /// Whether a payment of ours came back, or one to us went back.
    #[must_use]
    pub fn is_return(&self) -> bool {
        self.iso.as_ref().is_some_and(|iso| iso.domain == "PMNT" && iso.sub_family == "RRTN")
    }
}

/// One transaction of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The amount in cents, in the direction of the entry.
    pub cents: i64,
    /// The payer's reference; for a return that of the payment which came back. None where the payer gave none.
    pub end_to_end_id: Option<String>,
    /// The reference between the debtor and its bank; in our debits that of our file.
    pub instruction_id: Option<String>,
    /// The first bank's reference.
    pub transaction_id: Option<String>,
    /// The unique reference of instant payments.
    pub uetr: Option<Uuid>,
    /// The bank's reference for this transaction.
    pub account_servicer_reference: Option<String>,
    /// What kind of transaction it is, where that is said apart from the entry.
    pub code: Option<TransactionCode>,
    /// Who paid.
    pub debtor: Party,
    /// Who was paid.
    pub creditor: Party,
    /// The title.
    pub remittance: Option<Text<MAX_REMITTANCE>>,
    /// The creditor's own reference (ISO 11649, `RF…`), when the title is a structured one.
    pub creditor_reference: Option<String>,
    /// Why a payment came back.
    pub return_reason: Option<StatusReason>,
}

impl Transaction {
    /// One of this amount, of which nothing else is known.
    #[must_use]
    pub fn new(cents: i64) -> Self {
        Self {
            cents,
            end_to_end_id: None,
            instruction_id: None,
            transaction_id: None,
            uetr: None,
            account_servicer_reference: None,
            code: None,
            debtor: Party::default(),
            creditor: Party::default(),
            remittance: None,
            creditor_reference: None,
            return_reason: None,
        }
    }
}

impl Entry {
    /// What the account gains, in cents: negative for a debit.
    #[must_use]
    pub fn signed_cents(&self) -> i64 {
        if self.is_credit { self.cents } else { -self.cents }
    }

    pub(crate) fn write(&self, out: &mut Out) -> Write {
        if self.cents < 0 || self.transactions.iter().any(|one| one.cents < 0) {
            return Err(refused("Amt", WriteProblem::Amount));
        }
        let total = out::total(self.transactions.iter().map(|one| one.cents));
        if !self.transactions.is_empty() && total != Some(self.cents) {
            return Err(refused("TxDtls", WriteProblem::Sum));
        }
        out.amount("Amt", self.cents)?;
        out.direction(self.is_credit);
        if self.is_reversal {
            out.leaf("RvslInd", "true");
        }
        let status = STATUSES.iter().find(|(_, status)| *status == self.status).map_or("", |(code, _)| code);
        out.element("Sts", |out| out.limited_id("Cd", status, 4))?;
        if let Some((date, time)) = self.booked {
            out.day("BookgDt", date, time)?;
        }
        if let Some(date) = self.value_date {
            out.day("ValDt", date, None)?;
        }
        out.optional_id("AcctSvcrRef", self.account_servicer_reference.as_deref())?;
        self.code.write(out)?;
        if self.transactions.is_empty() {
            return Ok(());
        }
        out.element("NtryDtls", |out| {
            for transaction in &self.transactions {
                out.element("TxDtls", |out| transaction.write(out, self.is_credit))?;
            }
            Ok(())
        })
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        cursor.count_transaction()?;
        let mut parts = Parts::default();
        cursor.children(&["NtryDtls"], |cursor, name| {
            match name {
                "Amt" => parts.cents = Some(cursor.amount()?),
                "CdtDbtInd" => parts.is_credit = Some(cursor.is_credit()?),
                "RvslInd" => parts.is_reversal = cursor.flag()?,
                "Sts" => parts.status = Some(read_status(cursor)?),
                "BookgDt" => parts.booked = Some(cursor.day()?),
                "ValDt" => parts.value_date = Some(cursor.day()?.0),
                "AcctSvcrRef" => parts.account_servicer_reference = cursor.id()?,
                "BkTxCd" => parts.code = TransactionCode::read(cursor)?,
                "NtryDtls" => parts.read_details(cursor)?,
                _ => {}
            }
            Ok(())
        })?;
        parts.finish(cursor)
    }
}

/// An entry, partly read.
#[derive(Default)]
struct Parts {
    cents: Option<i64>,
    is_credit: Option<bool>,
    is_reversal: bool,
    status: Option<EntryStatus>,
    booked: Option<(Date, Option<Timestamp>)>,
    value_date: Option<Date>,
    account_servicer_reference: Option<String>,
    code: TransactionCode,
    details: Vec<Detail>,
}

/// A transaction, with what must fit its entry.
struct Detail {
    transaction: Transaction,
    cents: Option<i64>,
    is_credit: Option<bool>,
}

impl Parts {
    fn read_details(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        let (mut said, mut total) = (None, None);
        let before = self.details.len();
        cursor.children(&["TxDtls"], |cursor, name| {
            match name {
                "Btch" => cursor.children(&[], |cursor, name| {
                    match name {
                        "NbOfTxs" => said = Some(cursor.number()?),
                        "TtlAmt" => total = Some(cursor.amount()?),
                        _ => {}
                    }
                    Ok(())
                })?,
                "TxDtls" => self.details.push(Detail::read(cursor)?),
                _ => {}
            }
            Ok(())
        })?;
        // A bank may name a batch's size without listing it.
        let new = self.details.get(before..).unwrap_or_default();
        if new.is_empty() {
            return Ok(());
        }
        cursor.check_sum(said.map(i128::from), i128::try_from(new.len()).unwrap_or(i128::MAX))?;
        match new.iter().map(|detail| detail.cents.map(i128::from)).sum::<Option<i128>>() {
            Some(found) => cursor.check_sum(total.map(i128::from), found),
            None => Ok(()),
        }
    }

    fn finish(self, cursor: &Cursor<'_>) -> Read<Entry> {
        let cents = cursor.required(self.cents, "Ntry/Amt")?;
        let is_credit = cursor.required(self.is_credit, "Ntry/CdtDbtInd")?;
        let single = self.details.len() == 1;
        let mut transactions = Vec::with_capacity(self.details.len());
        for detail in self.details {
            if detail.is_credit.is_some_and(|direction| direction != is_credit) {
                return Err(cursor.error(Problem::Value("an entry whose transactions have its direction")));
            }
            // Alone in its entry, a transaction needs no amount of its own.
            let amount = detail.cents.or(single.then_some(cents));
            let amount = cursor.required(amount, "Ntry/NtryDtls/TxDtls/Amt")?;
            transactions.push(Transaction { cents: amount, ..detail.transaction });
        }
        if !transactions.is_empty() {
            let total = transactions.iter().map(|one| i128::from(one.cents)).sum();
            cursor.check_sum(Some(i128::from(cents)), total)?;
        }
        Ok(Entry {
            cents,
            is_credit,
            is_reversal: self.is_reversal,
            status: cursor.required(self.status, "Ntry/Sts")?,
            booked: self.booked,
            value_date: self.value_date,
            account_servicer_reference: self.account_servicer_reference,
            code: self.code,
            transactions,
        })
    }
}

/// `Sts`, whose code decides whether money moved.
fn read_status(cursor: &mut Cursor<'_>) -> Read<EntryStatus> {
    let mut found = None;
    cursor.children(&[], |cursor, name| {
        if name == "Cd" {
            found = Some(cursor.value(|text| {
                let known = STATUSES.iter().find(|(code, _)| *code == text);
                known.map(|(_, status)| *status).ok_or(Problem::Value("BOOK, PDNG, INFO or FUTR"))
            })?);
        }
        Ok(())
    })?;
    cursor.required(found, "Sts/Cd")
}

impl TransactionCode {
    fn write(&self, out: &mut Out) -> Write {
        out.element("BkTxCd", |out| {
            if let Some(iso) = &self.iso {
                out.element("Domn", |out| {
                    out.limited_id("Cd", &iso.domain, 4)?;
                    out.element("Fmly", |out| {
                        out.limited_id("Cd", &iso.family, 4)?;
                        out.limited_id("SubFmlyCd", &iso.sub_family, 4)
                    })
                })?;
            }
            match &self.proprietary {
                Some(code) => out.element("Prtry", |out| out.id("Cd", code)),
                None => Ok(()),
            }
        })
    }

    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let (mut domain, mut family, mut sub_family, mut proprietary) = (None, None, None, None);
        cursor.children(&[], |cursor, name| match name {
            "Domn" => cursor.children(&[], |cursor, name| match name {
                "Cd" => {
                    domain = cursor.id()?;
                    Ok(())
                }
                "Fmly" => cursor.children(&[], |cursor, name| {
                    match name {
                        "Cd" => family = cursor.id()?,
                        "SubFmlyCd" => sub_family = cursor.id()?,
                        _ => {}
                    }
                    Ok(())
                }),
                _ => Ok(()),
            }),
            "Prtry" => cursor.children(&[], |cursor, name| {
                if name == "Cd" {
                    proprietary = cursor.id()?;
                }
                Ok(())
            }),
            _ => Ok(()),
        })?;
        let iso = match (domain, family, sub_family) {
            (Some(domain), Some(family), Some(sub_family)) => Some(IsoCode { domain, family, sub_family }),
            _ => None,
        };
        Ok(Self { iso, proprietary })
    }
}

impl Transaction {
    fn write(&self, out: &mut Out, is_credit: bool) -> Write {
        out.element("Refs", |out| {
            out.optional_id("AcctSvcrRef", self.account_servicer_reference.as_deref())?;
            out.optional_id("InstrId", self.instruction_id.as_deref())?;
            out.optional_id("EndToEndId", self.end_to_end_id.as_deref())?;
            out.uetr("UETR", self.uetr)?;
            out.optional_id("TxId", self.transaction_id.as_deref())
        })?;
        out.amount("Amt", self.cents)?;
        out.direction(is_credit);
        self.code.as_ref().map_or(Ok(()), |code| code.write(out))?;
        self.write_parties(out)?;
        let has_title = self.remittance.is_some() || self.creditor_reference.is_some();
        if has_title {
            out.element("RmtInf", |out| {
                out.optional_text("Ustrd", self.remittance.as_ref(), 140);
                match self.creditor_reference.as_deref() {
                    Some(reference) => out.nested(&["Strd", "CdtrRefInf"], |out| out.id("Ref", reference)),
                    None => Ok(()),
                }
            })?;
        }
        self.return_reason.as_ref().map_or(Ok(()), |reason| out.reason("RtrInf", reason, None))
    }

    fn write_parties(&self, out: &mut Out) -> Write {
        out.element("RltdPties", |out| {
            out.party("Dbtr", &self.debtor)?;
            self.debtor.account.as_ref().map_or(Ok(()), |account| out.account("DbtrAcct", account))?;
            out.party("Cdtr", &self.creditor)?;
            self.creditor.account.as_ref().map_or(Ok(()), |account| out.account("CdtrAcct", account))
        })?;
        out.element("RltdAgts", |out| {
            self.debtor.bic.as_ref().map_or(Ok(()), |bic| out.agent("DbtrAgt", bic))?;
            self.creditor.bic.as_ref().map_or(Ok(()), |bic| out.agent("CdtrAgt", bic))
        })
    }
}

impl Detail {
    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        cursor.count_transaction()?;
        let mut one = Transaction::new(0);
        let (mut cents, mut transferred, mut is_credit) = (None, None, None);
        cursor.children(&[], |cursor, name| {
            match name {
                "Refs" => one.read_references(cursor)?,
                "Amt" => cents = Some(cursor.amount()?),
                "CdtDbtInd" => is_credit = Some(cursor.is_credit()?),
                "AmtDtls" => transferred = read_transaction_amount(cursor)?,
                "BkTxCd" => one.code = Some(TransactionCode::read(cursor)?),
                "RltdPties" => one.read_parties(cursor)?,
                "RltdAgts" => one.read_agents(cursor)?,
                "RmtInf" => (one.remittance, one.creditor_reference) = cursor.remittance()?,
                "RtrInf" => one.return_reason = Some(cursor.status_reason()?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self { transaction: one, cents: cents.or(transferred), is_credit })
    }
}

/// `AmtDtls/TxAmt/Amt`, where older guidelines put a transaction's amount.
fn read_transaction_amount(cursor: &mut Cursor<'_>) -> Read<Option<i64>> {
    let mut found = None;
    cursor.children(&[], |cursor, name| match name {
        "TxAmt" => cursor.children(&[], |cursor, name| {
            if name == "Amt" {
                found = Some(cursor.amount()?);
            }
            Ok(())
        }),
        _ => Ok(()),
    })?;
    Ok(found)
}

impl Transaction {
    fn read_references(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        cursor.children(&[], |cursor, name| {
            match name {
                "AcctSvcrRef" => self.account_servicer_reference = cursor.id()?,
                "InstrId" => self.instruction_id = cursor.id()?,
                "EndToEndId" => self.end_to_end_id = cursor.end_to_end_id()?,
                "UETR" => self.uetr = Some(cursor.uetr()?),
                "TxId" => self.transaction_id = cursor.id()?,
                _ => {}
            }
            Ok(())
        })
    }

    fn read_parties(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        cursor.children(&[], |cursor, name| {
            match name {
                "Dbtr" => cursor.party_choice(&mut self.debtor)?,
                "DbtrAcct" => self.debtor.account = cursor.account()?,
                "Cdtr" => cursor.party_choice(&mut self.creditor)?,
                "CdtrAcct" => self.creditor.account = cursor.account()?,
                _ => {}
            }
            Ok(())
        })
    }

    fn read_agents(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        cursor.children(&[], |cursor, name| {
            match name {
                "DbtrAgt" => self.debtor.bic = cursor.agent()?.or(self.debtor.bic.take()),
                "CdtrAgt" => self.creditor.bic = cursor.agent()?.or(self.creditor.bic.take()),
                _ => {}
            }
            Ok(())
        })
    }
}

//! pain.001.001.09: payments from one account, for the bank to make.
//!
//! The subset is that of the EPC's customer-to-bank guidelines: one payment information, SEPA credit transfers in euros
//! at shared charges, standard or instant.

use florin_types::{Bic, Date, Iban, Text, Timestamp};

use crate::cursor::{Cursor, Read};
use crate::out::{self, Out, Write, document, euros, refused};
use crate::values::NOT_PROVIDED;
use crate::{Kind, MAX_NAME, Party, Problem, WriteError, WriteProblem};

/// Characters of a name that a SEPA credit transfer passes on.
const NAME_CHARACTERS: usize = 70;

/// Characters of a title that a SEPA credit transfer passes on.
const REMITTANCE_CHARACTERS: usize = 140;

/// A file of payments from one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditTransferFile {
    /// The file's identifier, which the bank uses in its status report. It is also the payment information's.
    pub message_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The day on which the bank shall make the payments.
    pub requested_date: Date,
    /// Whether the payments are instant ones.
    pub instant: bool,
    /// Who pays.
    pub debtor: Debtor,
    /// The payments: at least one.
    pub payments: Vec<CreditTransfer>,
}

/// The account that is paid from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debtor {
    /// The name of its owner, of which 70 characters are passed on.
    pub name: Text<MAX_NAME>,
    /// The account.
    pub iban: Iban,
    /// Its bank.
    pub bic: Bic,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditTransfer {
    /// The reference that goes to the creditor and comes back with a return; none if there is none.
    pub end_to_end_id: Option<String>,
    /// The reference between the bank and us.
    pub instruction_id: Option<String>,
    /// The amount in cents, at most 999,999,999.99 euros.
    pub cents: i64,
    /// Who is paid, of which 70 characters are passed on.
    pub creditor_name: Text<MAX_NAME>,
    /// The account that is paid to.
    pub creditor_iban: Iban,
    /// Its bank; the IBAN is enough.
    pub creditor_bic: Option<Bic>,
    /// The title, of which 140 characters are passed on.
    pub remittance: Option<Text<{ crate::MAX_REMITTANCE }>>,
}

impl CreditTransferFile {
    /// The sum of the payments in cents; none beyond 64 bits.
    #[must_use]
    pub fn total(&self) -> Option<i64> {
        out::total(self.payments.iter().map(|payment| payment.cents))
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`WriteError`] names the element that has a value which no bank would take.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteError> {
        if self.payments.is_empty() {
            return Err(refused("CdtTrfTxInf", WriteProblem::Missing));
        }
        let total = self.total().ok_or_else(|| refused("CtrlSum", WriteProblem::Amount))?;
        document(Kind::CreditTransfer, |out| {
            out.element("GrpHdr", |out| {
                out.id("MsgId", &self.message_id)?;
                out.date_time("CreDtTm", self.created_at);
                out.count("NbOfTxs", self.payments.len());
                out.leaf("CtrlSum", &euros(total));
                out.element("InitgPty", |out| out.text("Nm", &self.debtor.name, NAME_CHARACTERS))
            })?;
            out.element("PmtInf", |out| self.write_payments(out, total))
        })
    }

    fn write_payments(&self, out: &mut Out, total: i64) -> Write {
        out.id("PmtInfId", &self.message_id)?;
        out.leaf("PmtMtd", "TRF");
        // Each payment is an entry of its own on the statement, so that each can be told apart there.
        out.leaf("BtchBookg", "false");
        out.count("NbOfTxs", self.payments.len());
        out.leaf("CtrlSum", &euros(total));
        out.element("PmtTpInf", |out| {
            out.element("SvcLvl", |out| out.limited_id("Cd", "SEPA", 4))?;
            match self.instant {
                true => out.element("LclInstrm", |out| out.limited_id("Cd", "INST", 4)),
                false => Ok(()),
            }
        })?;
        out.day("ReqdExctnDt", self.requested_date, None)?;
        out.element("Dbtr", |out| out.text("Nm", &self.debtor.name, NAME_CHARACTERS))?;
        write_iban(out, "DbtrAcct", &self.debtor.iban)?;
        out.agent("DbtrAgt", &self.debtor.bic)?;
        out.leaf("ChrgBr", "SLEV");
        for payment in &self.payments {
            out.element("CdtTrfTxInf", |out| payment.write(out))?;
        }
        Ok(())
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut header = Header::default();
        let mut information = None;
        cursor.children(&[], |cursor, name| {
            match name {
                "GrpHdr" => header = Header::read(cursor)?,
                "PmtInf" => information = Some(Information::read(cursor)?),
                _ => {}
            }
            Ok(())
        })?;
        let information = cursor.required(information, "PmtInf")?;
        let file = Self {
            message_id: cursor.required(header.message_id, "GrpHdr/MsgId")?,
            created_at: cursor.required(header.created_at, "GrpHdr/CreDtTm")?,
            requested_date: information.requested_date,
            instant: information.instant,
            debtor: information.debtor,
            payments: information.payments,
        };
        header.sums.check(cursor, &file.payments)?;
        Ok(file)
    }
}

fn write_iban(out: &mut Out, name: &str, iban: &Iban) -> Write {
    out.nested(&[name, "Id"], |out| {
        out.leaf("IBAN", iban.as_str());
        Ok(())
    })
}

/// What the message says about the number and the sum of its payments.
#[derive(Default)]
struct Sums {
    count: Option<u64>,
    total: Option<i64>,
}

impl Sums {
    fn check(&self, cursor: &Cursor<'_>, payments: &[CreditTransfer]) -> Read<()> {
        cursor.check_sum(self.count.map(i128::from), i128::try_from(payments.len()).unwrap_or(i128::MAX))?;
        let found = payments.iter().map(|payment| i128::from(payment.cents)).sum();
        cursor.check_sum(self.total.map(i128::from), found)
    }
}

#[derive(Default)]
struct Header {
    message_id: Option<String>,
    created_at: Option<Timestamp>,
    sums: Sums,
}

impl Header {
    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut header = Self::default();
        cursor.children(&[], |cursor, name| {
            match name {
                "MsgId" => header.message_id = cursor.id()?,
                "CreDtTm" => header.created_at = Some(cursor.date_time()?),
                "NbOfTxs" => header.sums.count = Some(cursor.number()?),
                "CtrlSum" => header.sums.total = Some(cursor.sum()?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(header)
    }
}

/// `PmtInf`, read.
struct Information {
    requested_date: Date,
    instant: bool,
    debtor: Debtor,
    payments: Vec<CreditTransfer>,
}

impl Information {
    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let (mut date, mut instant, mut sums) = (None, false, Sums::default());
        let (mut name_of_debtor, mut iban, mut bic) = (None, None, None);
        let mut payments = Vec::new();
        cursor.children(&["CdtTrfTxInf"], |cursor, name| {
            match name {
                "PmtMtd" => cursor.value(|text| match text {
                    "TRF" => Ok(()),
                    _ => Err(Problem::Value("TRF")),
                })?,
                "NbOfTxs" => sums.count = Some(cursor.number()?),
                "CtrlSum" => sums.total = Some(cursor.sum()?),
                "PmtTpInf" => instant = is_instant(cursor)?,
                "ReqdExctnDt" => date = Some(cursor.day()?.0),
                "Dbtr" => name_of_debtor = cursor.party_name()?,
                "DbtrAcct" => iban = Some(cursor.own_account()?),
                "DbtrAgt" => bic = cursor.agent()?,
                "CdtTrfTxInf" => payments.push(CreditTransfer::read(cursor)?),
                _ => {}
            }
            Ok(())
        })?;
        sums.check(cursor, &payments)?;
        if payments.is_empty() {
            return Err(cursor.error(Problem::Missing("PmtInf/CdtTrfTxInf")));
        }
        let debtor = Debtor {
            name: cursor.required(name_of_debtor, "PmtInf/Dbtr/Nm")?,
            iban: cursor.required(iban, "PmtInf/DbtrAcct")?,
            bic: cursor.required(bic, "PmtInf/DbtrAgt/FinInstnId/BICFI")?,
        };
        Ok(Self { requested_date: cursor.required(date, "PmtInf/ReqdExctnDt")?, instant, debtor, payments })
    }
}

fn is_instant(cursor: &mut Cursor<'_>) -> Read<bool> {
    let mut instrument = None;
    cursor.children(&[], |cursor, name| {
        if name == "LclInstrm" {
            instrument = cursor.coded()?;
        }
        Ok(())
    })?;
    Ok(instrument.is_some_and(|coded| coded.as_str() == "INST"))
}

impl CreditTransfer {
    fn write(&self, out: &mut Out) -> Write {
        out.element("PmtId", |out| {
            out.optional_id("InstrId", self.instruction_id.as_deref())?;
            out.id("EndToEndId", self.end_to_end_id.as_deref().unwrap_or(NOT_PROVIDED))
        })?;
        out.element("Amt", |out| out.payment_amount("InstdAmt", self.cents))?;
        if let Some(bic) = &self.creditor_bic {
            out.agent("CdtrAgt", bic)?;
        }
        out.element("Cdtr", |out| out.text("Nm", &self.creditor_name, NAME_CHARACTERS))?;
        write_iban(out, "CdtrAcct", &self.creditor_iban)?;
        let title = self
            .remittance
            .as_ref()
            .map(|text| florin_types::sepa_text(text.as_str(), REMITTANCE_CHARACTERS));
        match title.filter(|title| !title.is_empty()) {
            Some(title) => out.element("RmtInf", |out| {
                out.leaf("Ustrd", &title);
                Ok(())
            }),
            None => Ok(()),
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        cursor.count_transaction()?;
        let (mut end_to_end_id, mut instruction_id, mut cents, mut remittance) = (None, None, None, None);
        let (mut creditor, mut iban) = (Party::default(), None);
        cursor.children(&[], |cursor, name| {
            match name {
                "PmtId" => cursor.children(&[], |cursor, name| {
                    match name {
                        "InstrId" => instruction_id = cursor.id()?,
                        "EndToEndId" => end_to_end_id = cursor.end_to_end_id()?,
                        _ => {}
                    }
                    Ok(())
                })?,
                "Amt" => cursor.children(&[], |cursor, name| {
                    if name == "InstdAmt" {
                        cents = Some(cursor.positive_amount()?);
                    }
                    Ok(())
                })?,
                "CdtrAgt" => creditor.bic = cursor.agent()?,
                "Cdtr" => creditor.name = cursor.party_name()?,
                "CdtrAcct" => iban = Some(cursor.own_account()?),
                "RmtInf" => remittance = cursor.remittance()?.0,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            end_to_end_id,
            instruction_id,
            cents: cursor.required(cents, "CdtTrfTxInf/Amt/InstdAmt")?,
            creditor_name: cursor.required(creditor.name, "CdtTrfTxInf/Cdtr/Nm")?,
            creditor_iban: cursor.required(iban, "CdtTrfTxInf/CdtrAcct")?,
            creditor_bic: creditor.bic,
            remittance,
        })
    }
}

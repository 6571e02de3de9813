//! pain.002.001.10: what became of the payments of a pain.001.
//!
//! A bank may report on the whole file, on a payment information or on single payments; a status above counts for
//! all payments below that have none of their own.

use florin_types::Timestamp;

use crate::cursor::{Cursor, Read};
use crate::out::{Out, Write, document};
use crate::{Kind, StatusReason, WriteError};

/// A report on one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// The report's identifier.
    pub message_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The file's identifier.
    pub original_message_id: String,
    /// Which message the file was, such as `pain.001.001.09`.
    pub original_message_name: String,
    /// The status of the whole file.
    pub status: Option<TransactionStatus>,
    /// Why.
    pub reason: Option<StatusReason>,
    /// The payment informations.
    pub groups: Vec<GroupStatus>,
}

/// The status of one payment information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupStatus {
    /// Its identifier; in our files that of the file.
    pub original_id: String,
    /// The status of all its payments.
    pub status: Option<TransactionStatus>,
    /// Why.
    pub reason: Option<StatusReason>,
    /// Payments with a status of their own.
    pub payments: Vec<PaymentStatus>,
}

/// The status of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentStatus {
    /// The reference between the bank and us.
    pub original_instruction_id: Option<String>,
    /// The reference that goes to the creditor.
    pub original_end_to_end_id: Option<String>,
    /// The status, if it has one of its own.
    pub status: Option<TransactionStatus>,
    /// Why.
    pub reason: Option<StatusReason>,
    /// When the bank accepted it.
    pub accepted_at: Option<Timestamp>,
    /// The bank's reference.
    pub account_servicer_reference: Option<String>,
}

/// How far a file or a payment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// RCVD: received, not yet checked.
    Received,
    /// ACTC: its form is right.
    AcceptedTechnically,
    /// ACCP: the customer may pay this.
    AcceptedProfile,
    /// ACFC: the funds are there.
    AcceptedFunds,
    /// ACWC: accepted with a change, such as of the date.
    AcceptedWithChange,
    /// ACWP: accepted, and not yet credited to the creditor.
    AcceptedNotPosted,
    /// ACSP: accepted, settlement is under way.
    SettlementInProcess,
    /// ACSC: settled on the debtor's account.
    SettledForDebtor,
    /// ACCC: settled on the creditor's account.
    SettledForCreditor,
    /// PART: some of the payments are accepted. For groups.
    PartiallyAccepted,
    /// PDNG: waits for more checks.
    Pending,
    /// RJCT: refused.
    Rejected,
    /// CANC: cancelled before it was made.
    Cancelled,
    /// Another code. It changes nothing: the payment goes on until a known status comes.
    Other(String),
}

/// Each status with its code.
const STATUSES: [(&str, TransactionStatus); 13] = [
    ("RCVD", TransactionStatus::Received),
    ("ACTC", TransactionStatus::AcceptedTechnically),
    ("ACCP", TransactionStatus::AcceptedProfile),
    ("ACFC", TransactionStatus::AcceptedFunds),
    ("ACWC", TransactionStatus::AcceptedWithChange),
    ("ACWP", TransactionStatus::AcceptedNotPosted),
    ("ACSP", TransactionStatus::SettlementInProcess),
    ("ACSC", TransactionStatus::SettledForDebtor),
    ("ACCC", TransactionStatus::SettledForCreditor),
    ("PART", TransactionStatus::PartiallyAccepted),
    ("PDNG", TransactionStatus::Pending),
    ("RJCT", TransactionStatus::Rejected),
    ("CANC", TransactionStatus::Cancelled),
];

impl TransactionStatus {
    /// The status of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        let known = STATUSES.iter().find(|(known, _)| *known == code);
        known.map_or_else(|| Self::Other(code.to_owned()), |(_, status)| status.clone())
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &str {
        if let Self::Other(code) = self {
            return code;
        }
        STATUSES.iter().find(|(_, status)| status == self).map_or("", |(code, _)| code)
    }
}

impl StatusReport {
    /// Writes the message.
    ///
    /// # Errors
    /// [`WriteError`] names the element that has a value which nobody would take.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteError> {
        document(Kind::StatusReport, |out| {
            out.element("GrpHdr", |out| {
                out.id("MsgId", &self.message_id)?;
                out.date_time("CreDtTm", self.created_at);
                Ok(())
            })?;
            out.element("OrgnlGrpInfAndSts", |out| {
                out.id("OrgnlMsgId", &self.original_message_id)?;
                out.id("OrgnlMsgNmId", &self.original_message_name)?;
                write_status(out, "GrpSts", self.status.as_ref(), self.reason.as_ref())
            })?;
            for group in &self.groups {
                out.element("OrgnlPmtInfAndSts", |out| {
                    out.id("OrgnlPmtInfId", &group.original_id)?;
                    write_status(out, "PmtInfSts", group.status.as_ref(), group.reason.as_ref())?;
                    for payment in &group.payments {
                        out.element("TxInfAndSts", |out| payment.write(out))?;
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let (mut message_id, mut created_at) = (None, None);
        let (mut original_id, mut original_name, mut status, mut reason) = (None, None, None, None);
        let mut groups = Vec::new();
        cursor.children(&["OrgnlPmtInfAndSts"], |cursor, name| {
            match name {
                "GrpHdr" => cursor.children(&[], |cursor, name| {
                    match name {
                        "MsgId" => message_id = cursor.id()?,
                        "CreDtTm" => created_at = Some(cursor.date_time()?),
                        _ => {}
                    }
                    Ok(())
                })?,
                "OrgnlGrpInfAndSts" => cursor.children(&["StsRsnInf"], |cursor, name| {
                    match name {
                        "OrgnlMsgId" => original_id = cursor.id()?,
                        "OrgnlMsgNmId" => original_name = cursor.id()?,
                        "GrpSts" => status = cursor.status()?,
                        "StsRsnInf" => cursor.first_reason(&mut reason)?,
                        _ => {}
                    }
                    Ok(())
                })?,
                "OrgnlPmtInfAndSts" => groups.push(GroupStatus::read(cursor)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            message_id: cursor.required(message_id, "GrpHdr/MsgId")?,
            created_at: cursor.required(created_at, "GrpHdr/CreDtTm")?,
            original_message_id: cursor.required(original_id, "OrgnlGrpInfAndSts/OrgnlMsgId")?,
            original_message_name: cursor.required(original_name, "OrgnlGrpInfAndSts/OrgnlMsgNmId")?,
            status,
            reason,
            groups,
        })
    }
}

fn write_status(
    out: &mut Out,
    name: &'static str,
    status: Option<&TransactionStatus>,
    reason: Option<&StatusReason>,
) -> Write {
    if let Some(status) = status {
        out.limited_id(name, status.code(), 4)?;
    }
    reason.map_or(Ok(()), |reason| out.reason("StsRsnInf", reason, None))
}

impl Cursor<'_> {
    fn status(&mut self) -> Read<Option<TransactionStatus>> {
        Ok(self.id()?.map(|code| TransactionStatus::from_code(&code)))
    }

    /// Keeps the first reason; the others are read for their form only.
    pub(crate) fn first_reason(&mut self, reason: &mut Option<StatusReason>) -> Read<()> {
        let read = self.status_reason()?;
        reason.get_or_insert(read);
        Ok(())
    }
}

impl GroupStatus {
    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let (mut id, mut status, mut reason, mut payments) = (None, None, None, Vec::new());
        cursor.children(&["StsRsnInf", "TxInfAndSts"], |cursor, name| {
            match name {
                "OrgnlPmtInfId" => id = cursor.id()?,
                "PmtInfSts" => status = cursor.status()?,
                "StsRsnInf" => cursor.first_reason(&mut reason)?,
                "TxInfAndSts" => payments.push(PaymentStatus::read(cursor)?),
                _ => {}
            }
            Ok(())
        })?;
        let original_id = cursor.required(id, "OrgnlPmtInfAndSts/OrgnlPmtInfId")?;
        Ok(Self { original_id, status, reason, payments })
    }
}

impl PaymentStatus {
    fn write(&self, out: &mut Out) -> Write {
        out.optional_id("OrgnlInstrId", self.original_instruction_id.as_deref())?;
        out.optional_id("OrgnlEndToEndId", self.original_end_to_end_id.as_deref())?;
        write_status(out, "TxSts", self.status.as_ref(), self.reason.as_ref())?;
        if let Some(time) = self.accepted_at {
            out.date_time("AccptncDtTm", time);
        }
        out.optional_id("AcctSvcrRef", self.account_servicer_reference.as_deref())
    }

    fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        cursor.count_transaction()?;
        let mut payment = Self {
            original_instruction_id: None,
            original_end_to_end_id: None,
            status: None,
            reason: None,
            accepted_at: None,
            account_servicer_reference: None,
        };
        cursor.children(&["StsRsnInf"], |cursor, name| {
            match name {
                "OrgnlInstrId" => payment.original_instruction_id = cursor.id()?,
                "OrgnlEndToEndId" => payment.original_end_to_end_id = cursor.end_to_end_id()?,
                "TxSts" => payment.status = cursor.status()?,
                "StsRsnInf" => cursor.first_reason(&mut payment.reason)?,
                "AccptncDtTm" => payment.accepted_at = Some(cursor.date_time()?),
                "AcctSvcrRef" => payment.account_servicer_reference = cursor.id()?,
                _ => {}
            }
            Ok(())
        })?;
        if payment.original_instruction_id.is_none() && payment.original_end_to_end_id.is_none() {
            return Err(cursor.error(crate::Problem::Missing("TxInfAndSts/OrgnlEndToEndId")));
        }
        Ok(payment)
    }
}

//! The ISO 20022 messages of the SEPA file rail: what we send to a bank, and what it sends to us.
//!
//! The types are written by hand, one small structure a message in the field's terms, and not generated from the
//! schemas. Generated types are 17,000 lines that name everything a message may hold and check none of what matters
//! here (euros, cents, sums, what may be there once), so a hand-written layer over them would be as large as this
//! crate. The schemas keep us honest instead: the tests validate every message that we write with xmllint.
//!
//! # Reading
//!
//! [`read`] takes the bytes of one document and gives a [`Document`], or a [`ReadError`] that names the element and the
//! line. Elements that we do not know, and those of other namespaces, are skipped: banks add what they like. What
//! carries money is strict: only euros with up to two decimals, no element twice that may be there once, and sums and
//! numbers of transactions must be right.
//!
//! A document may be hostile. [`Limits`] bound its bytes, depth, elements and transactions; a document type
//! declaration, where entities would be declared, is refused, and so is every encoding but UTF-8.
//!
//! # Writing
//!
//! Each message has `to_xml`. Texts are written in the SEPA character set; identifiers must be in it already. Nothing
//! here is a clock: times and identifiers are the caller's.
//!
//! Source of the subset: the EPC's implementation guidelines of the SCT and SCT Inst rulebooks 2025, which stand on
//! these versions of the messages.
#![deny(missing_docs)]

mod account_report;
mod credit_transfer;
mod cursor;
mod entry;
mod error;
mod limits;
mod original;
mod out;
mod party;
mod payment_return;
mod reasons;
mod recall;
mod recall_answer;
mod status_report;
mod values;

pub use account_report::{AccountReport, Balance, BankReport, Page, ReportKind};
pub use credit_transfer::{CreditTransfer, CreditTransferFile, Debtor};
pub use entry::{Entry, EntryStatus, IsoCode, Transaction, TransactionCode};
pub use error::{Problem, ReadError, WriteError, WriteProblem};
pub use limits::Limits;
pub use original::Original;
pub use party::{AccountNumber, Party};
pub use payment_return::{PaymentReturn, ReturnedPayment};
pub use reasons::{Coded, StatusReason, reason_text};
pub use recall::{RecallRequest, RecalledPayment};
pub use recall_answer::{RecallAnswer, RecallDecision, RecallOutcome};
pub use status_report::{GroupStatus, PaymentStatus, StatusReport, TransactionStatus};
pub use values::{MAX_INFO, MAX_NAME, MAX_REMITTANCE, is_reference};

use cursor::Cursor;

/// A document that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// pain.001.001.09: payments that a bank shall make.
    CreditTransfer(CreditTransferFile),
    /// pain.002.001.10: what became of them.
    StatusReport(StatusReport),
    /// camt.054.001.08: what was booked just now.
    Notification(BankReport),
    /// camt.053.001.08: what was booked in a day, with balances.
    Statement(BankReport),
    /// camt.056.001.08: a bank asks for payments back.
    RecallRequest(RecallRequest),
    /// camt.029.001.09: the answer to it.
    RecallAnswer(RecallAnswer),
    /// pacs.004.001.09: payments that come back.
    PaymentReturn(PaymentReturn),
}

/// The messages by their names.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    CreditTransfer,
    StatusReport,
    Notification,
    Statement,
    RecallRequest,
    RecallAnswer,
    PaymentReturn,
}

/// Each message: its namespace, and the root's only child.
const KINDS: [(Kind, &str, &str); 7] = [
    (Kind::CreditTransfer, "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09", "CstmrCdtTrfInitn"),
    (Kind::StatusReport, "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10", "CstmrPmtStsRpt"),
    (Kind::Notification, "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08", "BkToCstmrDbtCdtNtfctn"),
    (Kind::Statement, "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", "BkToCstmrStmt"),
    (Kind::RecallRequest, "urn:iso:std:iso:20022:tech:xsd:camt.056.001.08", "FIToFIPmtCxlReq"),
    (Kind::RecallAnswer, "urn:iso:std:iso:20022:tech:xsd:camt.029.001.09", "RsltnOfInvstgtn"),
    (Kind::PaymentReturn, "urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09", "PmtRtr"),
];

impl Kind {
    fn of_namespace(namespace: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known, _)| *known == namespace).map(|(kind, ..)| *kind)
    }

    fn row(self) -> (&'static str, &'static str) {
        let row = KINDS.iter().find(|(kind, ..)| *kind == self);
        row.map(|(_, namespace, root)| (*namespace, *root)).expect("every message is in the table")
    }

    fn namespace(self) -> &'static str {
        self.row().0
    }

    fn root(self) -> &'static str {
        self.row().1
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one document.
///
/// # Errors
/// [`ReadError`] says what is wrong, and where. Nothing of such a document may be used.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Document, ReadError> {
    let at_start = |problem, offset| ReadError { problem, path: String::new(), line: 1, offset };
    if bytes.len() > limits.bytes {
        return Err(at_start(Problem::TooLarge(limits.bytes), 0));
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
            return Err(ReadError { line, ..at_start(Problem::Encoding, valid.len()) });
        }
    };
    let mut cursor = Cursor::new(text, limits);
    let kind = cursor.open_root()?;
    let mut found = None;
    cursor.children(&[], |cursor, name| {
        if name != kind.root() {
            return Err(cursor.error(Problem::Root(kind.root())));
        }
        found = Some(match kind {
            Kind::CreditTransfer => Document::CreditTransfer(CreditTransferFile::read(cursor)?),
            Kind::StatusReport => Document::StatusReport(StatusReport::read(cursor)?),
            Kind::Notification => Document::Notification(BankReport::read(cursor, ReportKind::Notification)?),
            Kind::Statement => Document::Statement(BankReport::read(cursor, ReportKind::Statement)?),
            Kind::RecallRequest => Document::RecallRequest(RecallRequest::read(cursor)?),
            Kind::RecallAnswer => Document::RecallAnswer(RecallAnswer::read(cursor)?),
            Kind::PaymentReturn => Document::PaymentReturn(PaymentReturn::read(cursor)?),
        });
        Ok(())
    })?;
    let document = cursor.required(found, kind.root())?;
    cursor.end()?;
    Ok(document)
}

impl Document {
    /// Writes the document.
    ///
    /// # Errors
    /// [`WriteError`] names the element that has a value which no bank would take.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteError> {
        match self {
            Self::CreditTransfer(message) => message.to_xml(),
            Self::StatusReport(message) => message.to_xml(),
            Self::Notification(message) | Self::Statement(message) => message.to_xml(),
            Self::RecallRequest(message) => message.to_xml(),
            Self::RecallAnswer(message) => message.to_xml(),
            Self::PaymentReturn(message) => message.to_xml(),
        }
    }
}

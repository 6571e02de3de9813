//! A file of payments out (pain.001.001.09): what it is called, and its bytes, which depend on nothing but the payments
//! and the time that is noted with its number.

use super::FileRail;
use super::messages::payment_of;
use crate::sepa::Reason;
use florin_iso20022::{
    CreditTransfer, CreditTransferFile, Debtor, Document, Limits, MAX_NAME, MAX_REMITTANCE, ReadError,
    WriteError, WriteProblem, read,
};
use florin_types::{Iban, Text, Timestamp, sepa_text};
use thiserror::Error;
use uuid::Uuid;

/// A payment of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id: the end-to-end id.
    pub id: Uuid,
    /// Cents.
    pub amount: i64,
    /// Who is paid.
    pub name: String,
    /// The account that is paid to.
    pub iban: Iban,
    /// What the payee reads.
    pub title: String,
}

/// Why a payment, or a file, cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unwritable {
    /// A name or title that has nothing of the SEPA character set.
    #[error("a name or title is empty")]
    Text,
    /// A value that no bank would take.
    #[error(transparent)]
    Value(#[from] WriteError),
}

impl Unwritable {
    /// What a bank would say about the payment.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Value(WriteError { problem: WriteProblem::Amount, .. }) => Reason::new(*b"AM02"),
            Self::Text | Self::Value(_) => Reason::new(*b"FF01"),
        }
    }
}

/// What a file of payments is called.
#[must_use]
pub fn file_name(number: i64) -> String {
    format!("florin-pain001-{number:06}.xml")
}

/// The message id of a file. It has eight characters of the installation's id, so that a test system and a live one
/// can pay from one account.
#[must_use]
pub fn message_id(installation: Uuid, number: i64) -> String {
    format!("{}{number:06}", prefix(installation))
}

/// The number of the file that has a message id.
#[must_use]
pub fn number_of(installation: Uuid, message_id: &str) -> Option<i64> {
    let number = message_id.strip_prefix(&prefix(installation))?;
    let is_number = number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse().ok()).flatten().filter(|number| *number > 0)
}

fn prefix(installation: Uuid) -> String {
    let id = installation.simple().to_string().to_ascii_uppercase();
    format!("FLORIN-{}-", &id[..8])
}

/// Whether a payment can be in a file.
///
/// # Errors
/// Says why not.
pub fn check(rail: &FileRail, payment: &Payment) -> Result<(), Unwritable> {
    render(rail, "CHECK", Timestamp::from_micros(0), std::slice::from_ref(payment)).map(drop)
}

/// The bytes of a file.
///
/// # Errors
/// One of the payments cannot be in a file: see [`check`].
pub fn render(
    rail: &FileRail,
    message_id: &str,
    created_at: Timestamp,
    payments: &[Payment],
) -> Result<Vec<u8>, Unwritable> {
    let transfer = |payment: &Payment| {
        Ok(CreditTransfer {
            end_to_end_id: Some(payment.id.simple().to_string()),
            instruction_id: None,
            cents: payment.amount,
            creditor_name: text::<MAX_NAME>(&payment.name)?,
            creditor_iban: payment.iban.clone(),
            creditor_bic: None,
            remittance: Some(text::<MAX_REMITTANCE>(&payment.title)?),
        })
    };
    let file = CreditTransferFile {
        message_id: message_id.to_owned(),
        created_at,
        requested_date: created_at.day_of_t2().add_business_days(0),
        instant: false,
        debtor: Debtor { name: text(&rail.holder)?, iban: rail.account.clone(), bic: rail.bic.clone() },
        payments: payments.iter().map(transfer).collect::<Result<_, Unwritable>>()?,
    };
    Ok(file.to_xml()?)
}

/// A payment file as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFile {
    /// Its number.
    pub number: i64,
    /// The time that its content depends on.
    pub created_at: Timestamp,
    /// Its payments: each with its id, where it has one in the form of ours, and its amount in cents.
    pub payments: Vec<(Option<Uuid>, i64)>,
}

/// Why a file is no payment file of this installation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotSent {
    /// It is no message.
    #[error("{0}")]
    Unreadable(#[from] ReadError),
    /// It is a message, but not one that we send.
    #[error("it is no pain.001")]
    Kind,
    /// Another installation has made it.
    #[error("its message id is none of this installation")]
    NotOurs,
    /// It pays from another account.
    #[error("it pays from another account than the one that is set as sepa.account")]
    Account,
}

/// Reads a payment file that this installation has sent.
///
/// # Errors
/// Says why it is none.
pub fn read_sent(rail: &FileRail, installation: Uuid, bytes: &[u8]) -> Result<SentFile, NotSent> {
    let Document::CreditTransfer(file) = read(bytes, Limits::default())? else { return Err(NotSent::Kind) };
    let number = number_of(installation, &file.message_id).ok_or(NotSent::NotOurs)?;
    if file.debtor.iban != rail.account {
        return Err(NotSent::Account);
    }
    let payment = |payment: &CreditTransfer| (payment_of(payment.end_to_end_id.as_deref()), payment.cents);
    let payments = file.payments.iter().map(payment).collect();
    Ok(SentFile { number, created_at: file.created_at, payments })
}

fn text<const MAX: usize>(text: &str) -> Result<Text<MAX>, Unwritable> {
    Text::parse(&sepa_text(text, MAX)).map_err(|_| Unwritable::Text)
}

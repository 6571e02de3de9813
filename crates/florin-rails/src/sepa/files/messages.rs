//! What a file of the bank says: a status report (pain.002), a notification (camt.054), a statement (camt.053), a
//! recall (camt.056), or the answer to one of ours (camt.029). Pure.

use super::bookings::{Bookings, bookings};
use super::recalls::{Answered, AskedFor, answered, asked_for};
use super::statuses::{Statuses, statuses};
use florin_iso20022::{Document, Limits, read};
use florin_types::Iban;
use thiserror::Error;
use uuid::Uuid;

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A pain.002: how far the payments of one of our files are.
    Statuses(Statuses),
    /// A camt.054 or camt.053: what was booked on our account.
    Bookings(Bookings),
    /// A camt.056: a bank asks for payments back.
    Recalls(Vec<AskedFor>),
    /// A camt.029: a bank answers recalls of ours.
    Answers(Vec<Answered>),
}

impl Heard {
    /// Which message it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Statuses(_) => "pain.002",
            Self::Bookings(bookings) => bookings.kind.name(),
            Self::Recalls(_) => "camt.056",
            Self::Answers(_) => "camt.029",
        }
    }
}

/// Why a file was not understood: for logs, so without names, accounts and titles.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotHeard {
    /// It is no message that a bank sends here.
    #[error("{0}")]
    Unreadable(#[from] florin_iso20022::ReadError),
    /// It is a message of a kind that has no meaning here.
    #[error("it is no pain.002, camt.054, camt.053, camt.056 or camt.029")]
    Kind,
    /// It is about an account of somebody else.
    #[error("it is about another account than the one that is set as sepa.account")]
    Account,
    /// A status of payments that the file does not have.
    #[error("it is about a payment information that is not in our file")]
    Group,
}

/// Reads a file of the bank about our account. `key` keys the hashes in ids of bookings and recalls.
///
/// # Errors
/// Says why it was not understood; then nothing of it may be used.
pub fn hear(bytes: &[u8], account: &Iban, key: &[u8; 32]) -> Result<Heard, NotHeard> {
    match read(bytes, Limits::default())? {
        Document::StatusReport(report) => Ok(Heard::Statuses(statuses(&report)?)),
        Document::Notification(report) | Document::Statement(report) => {
            if report.accounts.iter().any(|one| one.iban != *account) {
                return Err(NotHeard::Account);
            }
            Ok(Heard::Bookings(bookings(&report, key)))
        }
        Document::RecallRequest(request) => Ok(Heard::Recalls(asked_for(&request, key))),
        Document::RecallAnswer(answer) => Ok(Heard::Answers(answered(&answer, key))),
        Document::CreditTransfer(_) | Document::PaymentReturn(_) => Err(NotHeard::Kind),
    }
}

/// The id of a payment or a recall of ours, as our files have it.
pub(super) fn payment_of(text: Option<&str>) -> Option<Uuid> {
    let text = text.filter(|text| text.len() == 32)?;
    Uuid::try_parse(text).ok()
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;

//! What a file of the bank says: a status report (pain.002), a notification (camt.054) or a statement (camt.053). Pure.
//!
//! The bank tells of one booking twice, in a notification and in the statement of the day, and perhaps again in copies.
//! So a message about a booking has the id of the booking, and not of the file: the bank's reference
//! (`AcctSvcrRef`) of the transaction, else of the entry that has this one transaction only, with direction and
//! amount. What has no such reference of its own is told apart by a hash over its fields.

use crate::sepa::{Credit, Message, Reason, Said, Status};
use florin_iso20022::{
    AccountNumber, AccountReport, Balance, BankReport, Document, Entry, EntryStatus, Limits, StatusReason,
    StatusReport, Transaction, TransactionStatus, read,
};
use florin_types::{Date, Iban, Timestamp};
use std::collections::HashMap;
use thiserror::Error;
use uuid::Uuid;

/// Why a payment was refused or came back, where the bank's reason is no code.
const NO_REASON: Reason = Reason::new(*b"MS03");

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Which message it is: `pain.002`, `camt.054` or `camt.053`.
    pub kind: &'static str,
    /// What it says, in its order.
    pub notices: Vec<Notice>,
}

/// One thing that a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// About a payment of ours, or money that came in.
    Said(Said),
    /// A payment of ours came back, if there is one of this id; else money came in.
    CameBack(Said, Credit),
    /// About all payments of a file of ours, but for those that have a status of their own.
    File {
        /// The message id of our file.
        file: String,
        /// What the bank's report is called.
        report: String,
        /// The status.
        status: Status,
        /// The payments with one of their own.
        but: Vec<Uuid>,
    },
    /// A booking of the bank's own, such as its fees. Cents; negative where the account lost them.
    Other(String, i64),
}

/// Why a file was not understood: for logs, so without names, accounts and titles.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotHeard {
    /// It is no message that a bank sends here.
    #[error("{0}")]
    Unreadable(#[from] florin_iso20022::ReadError),
    /// It is a message, but of a kind that means nothing to this rail.
    #[error("it is no pain.002, camt.054 or camt.053")]
    Kind,
    /// It asks for money back, or answers such a question: this rail has no recalls.
    #[error("it is a recall or the answer to one (camt.056, camt.029): deal with it at the bank")]
    Recall,
    /// It is about an account of somebody else.
    #[error("it is about another account than the one that is set as sepa.account")]
    Account,
}

/// Reads a file of the bank about our account.
///
/// # Errors
/// Says why it was not understood; then nothing of it may be used.
pub fn hear(bytes: &[u8], account: &Iban) -> Result<Heard, NotHeard> {
    match read(bytes, Limits::default())? {
        Document::StatusReport(report) => Ok(Heard { kind: "pain.002", notices: statuses(&report) }),
        Document::Notification(report) => bookings("camt.054", &report, account),
        Document::Statement(report) => bookings("camt.053", &report, account),
        Document::RecallRequest(_) | Document::RecallAnswer(_) => Err(NotHeard::Recall),
        Document::CreditTransfer(_) | Document::PaymentReturn(_) => Err(NotHeard::Kind),
    }
}

/// The id of a payment of ours, as an end-to-end id has it.
fn payment_of(end_to_end_id: Option<&str>) -> Option<Uuid> {
    let text = end_to_end_id.filter(|text| text.len() == 32)?;
    Uuid::try_parse(text).ok()
}

fn statuses(report: &StatusReport) -> Vec<Notice> {
    let mut notices = Vec::new();
    for group in &report.groups {
        let mut but = Vec::new();
        for payment in &group.payments {
            let id = payment.original_end_to_end_id.as_deref();
            let id = payment_of(id.or(payment.original_instruction_id.as_deref()));
            let (Some(id), Some(code)) = (id, &payment.status) else { continue };
            but.push(id);
            if let Some(status) = status_of(code, payment.reason.as_ref()) {
                let said = format!("S/{}/{}/{}", report.message_id, id.simple(), code.code());
                notices.push(Notice::Said(Said { id: said, message: Message::Payment(id, status) }));
            }
        }
        // A status above counts for those below that have none of their own.
        let above = group.status.as_ref().map(|status| (status, group.reason.as_ref()));
        notices.extend(of_all(report, above.or(of_report(report)), but));
    }
    if report.groups.is_empty() {
        notices.extend(of_all(report, of_report(report), Vec::new()));
    }
    notices
}

fn of_report(report: &StatusReport) -> Option<(&TransactionStatus, Option<&StatusReason>)> {
    report.status.as_ref().map(|status| (status, report.reason.as_ref()))
}

fn of_all(
    report: &StatusReport,
    status: Option<(&TransactionStatus, Option<&StatusReason>)>,
    but: Vec<Uuid>,
) -> Option<Notice> {
    // That the bank works on a file is known when it was sent.
    let status = status
        .and_then(|(code, reason)| status_of(code, reason))
        .filter(|status| *status != Status::Accepted);
    status.map(|status| Notice::File {
        file: report.original_message_id.clone(),
        report: report.message_id.clone(),
        status,
        but,
    })
}

/// What a code means for a payment. None: it is not decided yet, or not for all.
fn status_of(code: &TransactionStatus, reason: Option<&StatusReason>) -> Option<Status> {
    use TransactionStatus as S;
    match code {
        S::Rejected | S::Cancelled => Some(Status::Rejected(reason_of(reason))),
        S::SettledForDebtor | S::SettledForCreditor => Some(Status::Settled),
        S::AcceptedTechnically
        | S::AcceptedProfile
        | S::AcceptedFunds
        | S::AcceptedWithChange
        | S::AcceptedNotPosted
        | S::SettlementInProcess => Some(Status::Accepted),
        S::Received | S::PartiallyAccepted | S::Pending | S::Other(_) => None,
    }
}

fn reason_of(reason: Option<&StatusReason>) -> Reason {
    let code = reason.and_then(|reason| reason.reason.as_ref());
    code.and_then(|code| Reason::parse(code.as_str()).ok()).unwrap_or(NO_REASON)
}

fn bookings(kind: &'static str, report: &BankReport, account: &Iban) -> Result<Heard, NotHeard> {
    if report.accounts.iter().any(|one| one.iban != *account) {
        return Err(NotHeard::Account);
    }
    let notices = report.accounts.iter().flat_map(of_account).map(|booking| booking.notice).collect();
    Ok(Heard { kind, notices })
}

/// A booking of the bank's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// What it says.
    pub notice: Notice,
    /// What the account gained, in cents.
    pub cents: i64,
    /// The day of booking.
    pub day: Option<Date>,
}

/// What was booked, by a notification or a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookings {
    /// What the bank calls the statement; none of a notification.
    pub statement: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The balance before, of a statement.
    pub opening: Option<Balance>,
    /// The balance after, of a statement.
    pub closing: Option<Balance>,
    /// The bookings.
    pub all: Vec<Booking>,
}

/// The bookings that a file tells of; none of a status report.
///
/// # Errors
/// Says why the file was not understood.
pub fn bookings_of(bytes: &[u8], account: &Iban) -> Result<Option<Bookings>, NotHeard> {
    let (report, is_statement) = match read(bytes, Limits::default())? {
        Document::StatusReport(_) => return Ok(None),
        Document::Notification(report) => (report, false),
        Document::Statement(report) => (report, true),
        _ => return Err(NotHeard::Kind),
    };
    if report.accounts.iter().any(|one| one.iban != *account) {
        return Err(NotHeard::Account);
    }
    let first = report.accounts.iter().find_map(|one| one.opening);
    let last = report.accounts.iter().rev().find_map(|one| one.closing);
    Ok(Some(Bookings {
        statement: report.accounts.first().filter(|_| is_statement).map(|one| one.id.clone()),
        created_at: report.created_at,
        opening: first,
        closing: last,
        all: report.accounts.iter().flat_map(of_account).collect(),
    }))
}

/// What a report says of the bookings of an account.
fn of_account(report: &AccountReport) -> Vec<Booking> {
    let (mut notices, mut hashed) = (Vec::new(), HashMap::new());
    let mut push = |entry: &Entry, cents: i64, notice| {
        let (cents, day) = (if entry.is_credit { cents } else { -cents }, entry.booked.map(|(day, _)| day));
        notices.push(Booking { notice, cents, day });
    };
    for entry in report.entries.iter().filter(|entry| entry.status == EntryStatus::Booked && entry.cents > 0)
    {
        if entry.transactions.is_empty() {
            let id = id_of(entry, &Transaction::new(entry.cents), &mut hashed);
            push(entry, entry.cents, whole(report, entry, id));
        }
        for one in entry.transactions.iter().filter(|one| one.cents > 0) {
            let id = id_of(entry, one, &mut hashed);
            push(entry, one.cents, booking(report, entry, one, id));
        }
    }
    notices
}

/// A booking without a transaction: who paid is not told.
fn whole(report: &AccountReport, entry: &Entry, id: String) -> Notice {
    match entry.is_credit && !entry.is_reversal {
        true => Notice::Said(Said {
            id,
            message: Message::Credit(credit(report, &Transaction::new(entry.cents))),
        }),
        false => Notice::Other(id, entry.signed_cents()),
    }
}

fn booking(report: &AccountReport, entry: &Entry, one: &Transaction, id: String) -> Notice {
    let payment = payment_of(one.end_to_end_id.as_deref());
    if !entry.is_credit {
        return match payment.filter(|_| !entry.is_reversal) {
            Some(payment) => Notice::Said(Said { id, message: Message::Payment(payment, Status::Settled) }),
            None => Notice::Other(id, -one.cents),
        };
    }
    let is_return = entry.is_reversal
        || one.return_reason.is_some()
        || one.code.as_ref().unwrap_or(&entry.code).is_return()
        || entry.code.is_return();
    let credit = credit(report, one);
    match payment.filter(|_| is_return) {
        Some(payment) => {
            let status = Status::Returned(one.cents, reason_of(one.return_reason.as_ref()));
            Notice::CameBack(Said { id, message: Message::Payment(payment, status) }, credit)
        }
        None => Notice::Said(Said { id, message: Message::Credit(credit) }),
    }
}

fn credit(report: &AccountReport, one: &Transaction) -> Credit {
    let iban = match &one.creditor.account {
        Some(AccountNumber::Iban(iban)) => iban,
        Some(AccountNumber::Other(_)) | None => &report.iban,
    };
    let sender_iban = match &one.debtor.account {
        Some(AccountNumber::Iban(iban)) => iban.as_str(),
        Some(AccountNumber::Other(text)) => text.as_str(),
        None => "",
    };
    let title = one.remittance.as_ref().map(|title| title.as_str()).or(one.creditor_reference.as_deref());
    Credit {
        iban: iban.as_str().to_owned(),
        amount: one.cents,
        sender_name: one.debtor.name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default(),
        sender_iban: sender_iban.to_owned(),
        title: title.unwrap_or_default().to_owned(),
    }
}

/// The id of a booking: the same in every message that tells of it.
fn id_of(entry: &Entry, one: &Transaction, hashed: &mut HashMap<String, usize>) -> String {
    let head = format!("{}{}", if entry.is_credit { 'C' } else { 'D' }, one.cents);
    let of_one = one.account_servicer_reference.as_deref();
    let of_entry = entry.account_servicer_reference.as_deref();
    let namesakes =
        entry.transactions.iter().filter(|other| other.account_servicer_reference.as_deref() == of_one);
    let is_single = entry.transactions.len() <= 1;
    match of_one.filter(|_| namesakes.count() <= 1).or(of_entry.filter(|_| is_single)) {
        Some(reference) => format!("{head}/{reference}"),
        None => {
            let id = format!("{head}/{}/{}", of_entry.unwrap_or_default(), hash_of(entry, one));
            // Two bookings that differ in nothing are two.
            let count = hashed.entry(id.clone()).and_modify(|count| *count += 1).or_insert(1);
            if *count == 1 { id } else { format!("{id}/{count}") }
        }
    }
}

/// What a booking without a reference is told by.
fn hash_of(entry: &Entry, one: &Transaction) -> String {
    let account = match &one.debtor.account {
        Some(AccountNumber::Iban(iban)) => iban.as_str(),
        Some(AccountNumber::Other(text)) => text.as_str(),
        None => "",
    };
    let fields = [
        one.end_to_end_id.clone().unwrap_or_default(),
        one.transaction_id.clone().unwrap_or_default(),
        one.uetr.map(|uetr| uetr.to_string()).unwrap_or_default(),
        one.debtor.name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default(),
        account.to_owned(),
        one.remittance.as_ref().map(|title| title.as_str().to_owned()).unwrap_or_default(),
        entry.booked.map(|(day, _)| day.to_string()).unwrap_or_default(),
    ];
    let mut hasher = blake3::Hasher::new();
    for field in fields {
        // No field has a zero byte, so no two lists of fields are one text.
        hasher.update(field.as_bytes()).update(&[0]);
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;

//! What a notification (camt.054) or a statement (camt.053) says was booked on our account. Pure.
//!
//! Each booking has an id, which is the same in every message of its kind that has the booking: direction, amount, day,
//! the bank's reference (`AcctSvcrRef`) and a hash of account, end-to-end id, parties and title. The two kinds of
//! message often give a booking different details, so an id is good within its kind only.
//!
//! A booking whose reference is its own is told apart from every other: two with one id are one booking, told twice.
//! One without such a reference is not: another message with the same id may repeat it, or tell of a second equal
//! booking. Two in one message are two.

use super::messages::payment_of;
use super::recalls::Names;
use super::statuses::reason_of;
use crate::sepa::{Credit, Reason};
use florin_iso20022::{
    AccountNumber, AccountReport, Balance, BankReport, Entry, EntryStatus, Page, Party, ReportKind,
    Transaction, is_reference,
};
use florin_types::{Date, Timestamp};
use std::collections::HashMap;
use uuid::Uuid;

/// Which messages book money. The other kind is compared with the books.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum BookKind {
    /// camt.054: single bookings, soon after they were made.
    Notification,
    /// camt.053: all bookings of a day.
    Statement,
}

impl BookKind {
    /// The name of the message.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notification => "camt.054",
            Self::Statement => "camt.053",
        }
    }

    /// The kind of a message's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Notification, Self::Statement].into_iter().find(|kind| kind.name() == name)
    }

    /// The other kind.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Notification => Self::Statement,
            Self::Statement => Self::Notification,
        }
    }
}

/// What a message says was booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookings {
    /// Which message it is.
    pub kind: BookKind,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its notifications or statements.
    pub reports: Vec<Report>,
}

/// A notification, a statement, or one page of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What the bank calls it.
    pub id: String,
    /// The bank's number of it.
    pub sequence: Option<u64>,
    /// Which page it is, where it has several.
    pub page: Option<Page>,
    /// The days that it covers, where it says so.
    pub days: Option<(Date, Date)>,
    /// The balance before, of a statement.
    pub opening: Option<Balance>,
    /// The balance after, of a statement.
    pub closing: Option<Balance>,
    /// The bookings.
    pub bookings: Vec<Booking>,
}

/// A booking of the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Its id within its kind of message.
    pub id: String,
    /// Whether another message with this id has the same booking for certain.
    pub is_told_apart: bool,
    /// What the account gained, in cents.
    pub cents: i64,
    /// The day of booking.
    pub day: Date,
    /// The number of its entry within the message: a batch is one entry with several bookings.
    pub entry: usize,
    /// The bank's reference of the booking itself.
    pub reference: Option<String>,
    /// The bank's reference of the entry.
    pub entry_reference: Option<String>,
    /// What else it is recognized by.
    pub marks: Marks,
    /// By what a recall names it.
    pub names: Names,
    /// What it is about.
    pub what: What,
}

/// Keyed hashes of what both kinds of message say about a booking; none of what a message does not say.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Of the end-to-end id.
    pub end_to_end_id: Option<[u8; 8]>,
    /// Of the sender's account.
    pub sender: Option<[u8; 8]>,
    /// Of the title.
    pub title: Option<[u8; 8]>,
}

/// What a booking is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A payment of ours left the account.
    Paid(Uuid),
    /// A payment of ours came back, if there is one of this id; else money came in.
    CameBack(Uuid, Reason, Credit),
    /// Money came in.
    Credit(Credit),
    /// A debit that names no payment of ours: a fee of the bank, or a batch.
    Other,
}

impl Marks {
    /// The three in their order, zeros for what is not said.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let Self { end_to_end_id, sender, title } = self;
        [end_to_end_id, sender, title].map(Option::unwrap_or_default).concat()
    }

    /// The marks of 24 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (parts, []) = bytes.as_chunks::<8>() else { return None };
        let &[end_to_end_id, sender, title] = parts else { return None };
        let [end_to_end_id, sender, title] =
            [end_to_end_id, sender, title].map(|mark| (mark != [0; 8]).then_some(mark));
        Some(Self { end_to_end_id, sender, title })
    }

    /// Whether both say something that is the same.
    #[must_use]
    pub fn agree(self, other: Self) -> bool {
        let same = |one: Option<[u8; 8]>, other: Option<[u8; 8]>| one.is_some() && one == other;
        same(self.end_to_end_id, other.end_to_end_id)
            || same(self.sender, other.sender)
            || same(self.title, other.title)
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

pub(super) fn bookings(report: &BankReport, key: &[u8; 32]) -> Bookings {
    let kind = match report.kind {
        ReportKind::Notification => BookKind::Notification,
        ReportKind::Statement => BookKind::Statement,
    };
    let mut reader = Reader { key, created_at: report.created_at, counts: HashMap::new(), entries: 0 };
    let reports = report.accounts.iter().map(|account| reader.report(account)).collect();
    Bookings { kind, created_at: report.created_at, reports }
}

/// Reads the bookings of a message one after the other.
struct Reader<'a> {
    key: &'a [u8; 32],
    created_at: Timestamp,
    /// How often each id was there.
    counts: HashMap<String, usize>,
    entries: usize,
}

impl Reader<'_> {
    fn report(&mut self, report: &AccountReport) -> Report {
        let mut bookings = Vec::new();
        for entry in report.entries.iter().filter(|entry| entry.status == EntryStatus::Booked) {
            self.entries += 1;
            if entry.transactions.is_empty() && entry.cents > 0 {
                bookings.push(self.booking(report, entry, &Transaction::new(entry.cents)));
            }
            let transactions = entry.transactions.iter().filter(|one| one.cents > 0);
            bookings.extend(transactions.map(|one| self.booking(report, entry, one)));
        }
        Report {
            id: report.id.clone(),
            sequence: report.sequence,
            page: report.page,
            days: report.period.map(|(from, to)| (from.day_of_t2(), to.day_of_t2())),
            opening: report.opening,
            closing: report.closing,
            bookings,
        }
    }

    fn booking(&mut self, report: &AccountReport, entry: &Entry, one: &Transaction) -> Booking {
        let own = reference(one.account_servicer_reference.as_deref());
        let of_entry = reference(entry.account_servicer_reference.as_deref());
        let same = |other: &&Transaction| reference(other.account_servicer_reference.as_deref()) == own;
        let is_own = own.is_some() && entry.transactions.iter().filter(same).count() <= 1;
        let is_single = of_entry.is_some() && entry.transactions.len() <= 1;
        let day = entry.booked.map(|(day, _)| day).or(entry.value_date);
        let day = day.unwrap_or_else(|| self.created_at.day_of_t2());
        let what = what(report, entry, one);
        let (direction, cents) = if entry.is_credit { ('C', one.cents) } else { ('D', -one.cents) };
        let shown = own.or(of_entry).unwrap_or("-");
        let content = self.content(report, one);
        let mut id = format!("{direction}{}/{day}/{shown}/{content}", one.cents);
        let count = self.counts.entry(id.clone()).and_modify(|count| *count += 1).or_insert(1);
        if *count > 1 {
            id = format!("{id}/{count}");
        }
        let account = |party: &Party| party.account.as_ref().map(|account| account_text(account).to_owned());
        let references = [one.end_to_end_id.as_deref(), one.transaction_id.as_deref()];
        let names = Names::of(self.key, references, one.uetr);
        Booking {
            id,
            // A copy repeats what was told before, and a payment of ours is paid once.
            is_told_apart: is_own || is_single || report.is_duplicate || matches!(what, What::Paid(_)),
            cents,
            day,
            entry: self.entries,
            reference: own.map(str::to_owned),
            entry_reference: of_entry.map(str::to_owned),
            marks: Marks {
                end_to_end_id: names.end_to_end_id,
                sender: mark(self.key, 2, account(&one.debtor).as_deref()),
                title: mark(self.key, 3, title(one).as_deref()),
            },
            names,
            what,
        }
    }

    /// A hash of what a booking says, in hexadecimal digits.
    fn content(&self, report: &AccountReport, one: &Transaction) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let party = |party: &Party| {
            let name = party.name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default();
            let account = party.account.as_ref().map(|account| account_text(account).to_owned());
            [name, account.unwrap_or_default()]
        };
        let ([debtor, debtor_account], [creditor, creditor_account]) =
            (party(&one.debtor), party(&one.creditor));
        let fields = [
            report.iban.as_str().to_owned(),
            text(&one.end_to_end_id),
            text(&one.transaction_id),
            one.uetr.map(|uetr| uetr.to_string()).unwrap_or_default(),
            debtor,
            debtor_account,
            creditor,
            creditor_account,
            title(one).unwrap_or_default(),
        ];
        let mut hasher = blake3::Hasher::new_keyed(self.key);
        for field in fields {
            // No field has a zero byte, so no two lists of fields are one text.
            hasher.update(field.as_bytes()).update(&[0]);
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

/// A keyed hash of something of a kind.
pub(super) fn mark(key: &[u8; 32], kind: u8, text: Option<&str>) -> Option<[u8; 8]> {
    let text = text.filter(|text| !text.is_empty())?;
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&[kind]).update(text.as_bytes());
    let mut mark = [0; 8];
    mark.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    Some(mark)
}

/// A reference that is one.
pub(super) fn reference(text: Option<&str>) -> Option<&str> {
    text.filter(|text| is_reference(text))
}

fn account_text(account: &AccountNumber) -> &str {
    match account {
        AccountNumber::Iban(iban) => iban.as_str(),
        AccountNumber::Other(text) => text.as_str(),
    }
}

fn title(one: &Transaction) -> Option<String> {
    let title = one.remittance.as_ref().map(|title| title.as_str().to_owned());
    title.or_else(|| one.creditor_reference.clone())
}

fn what(report: &AccountReport, entry: &Entry, one: &Transaction) -> What {
    let payment = payment_of(one.end_to_end_id.as_deref());
    if !entry.is_credit {
        let of_payment = payment.filter(|_| !entry.is_reversal);
        return of_payment.map_or(What::Other, What::Paid);
    }
    let is_return = entry.is_reversal
        || one.return_reason.is_some()
        || one.code.as_ref().unwrap_or(&entry.code).is_return()
        || entry.code.is_return();
    let credit = credit(report, one);
    match payment.filter(|_| is_return) {
        Some(payment) => What::CameBack(payment, reason_of(one.return_reason.as_ref()), credit),
        None => What::Credit(credit),
    }
}

fn credit(report: &AccountReport, one: &Transaction) -> Credit {
    let iban = match &one.creditor.account {
        Some(AccountNumber::Iban(iban)) => iban,
        Some(AccountNumber::Other(_)) | None => &report.iban,
    };
    Credit {
        iban: iban.as_str().to_owned(),
        amount: one.cents,
        sender_name: one.debtor.name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default(),
        sender_iban: one.debtor.account.as_ref().map(account_text).unwrap_or_default().to_owned(),
        title: title(one).unwrap_or_default(),
    }
}

//! The statement of a day against the books, both ways.
//!
//! Each booking of the statement must be in the books, under its id. What is in the books must be in a statement: the
//! credits that were heard between the opening day and the making of the statement, and the settled payments of the
//! files of that time. What a notification of the folder `done` says was booked after the closing day is not missed.
//! And the closing balance is what the settlement accounts of all books say.

use super::{blocking, folder_fault, store};
use crate::kit::app::App;
use crate::kit::book::inbox::InboxState;
use crate::kit::book::registry::partner_books;
use crate::sepa::postings::EUR;
use crate::sepa::transfer::State;
use florin_ledger::AccountKind;
use florin_rails::sepa::files::{Booking, Bookings, FileRail, Notice, bookings_of};
use florin_rails::sepa::{Message, Said, SepaRail, Status};
use florin_store::StoreError;
use florin_types::{Date, Timestamp, format_minor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// Files of the folder `done` that are read: some weeks of a bank that notifies every hour.
const MAX_FILES: usize = 500;

/// Bytes of a file: what the reader of messages takes.
const MAX_BYTES: u64 = 64 << 20;

/// What does not agree. Amounts are in cents, negative where the account lost them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The bank has booked it, and no book has it: its own fees, or a message that waits for a person.
    OnlyInStatement(String, i64),
    /// A book has it, and the bank has not booked it.
    OnlyInBook(String),
    /// Both have it, with other amounts.
    Amount {
        /// The id of the booking.
        id: String,
        /// As the bank says it.
        statement: i64,
        /// As the book has it.
        book: i64,
    },
    /// The closing balance is not what the settlement accounts say.
    Closing {
        /// As the bank says it, with what it has booked since.
        statement: i64,
        /// As the books have it.
        book: i64,
    },
    /// The statement's own bookings do not lead from its opening to its closing balance.
    Statement(i64),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let euros = |cents: &i64| format_minor(*cents, 2);
        match self {
            Self::OnlyInStatement(id, cents) => {
                write!(f, "in the statement and not in the book: {id}, {} eur", euros(cents))
            }
            Self::OnlyInBook(id) => write!(f, "in the book and not in the statement: {id}"),
            Self::Amount { id, statement, book } => {
                let (statement, book) = (euros(statement), euros(book));
                write!(f, "other amount: {id}, in the statement {statement} eur, in the book {book} eur")
            }
            Self::Closing { statement, book } => {
                let by = euros(&statement.saturating_sub(*book));
                let (statement, book) = (euros(statement), euros(book));
                write!(
                    f,
                    "other closing balance: in the statement {statement} eur, in the books {book} eur, by {by} eur"
                )
            }
            Self::Statement(by) => {
                write!(f, "the statement's bookings and balances differ by {} eur", euros(by))
            }
        }
    }
}

/// A statement that was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciled {
    /// What the bank calls it.
    pub statement: String,
    /// How many bookings it has.
    pub bookings: usize,
    /// What does not agree.
    pub differences: Vec<Difference>,
}

/// Compares a statement with the books: the one in a file, or the newest in the folder `done`. None: there is none.
///
/// # Errors
/// Database or folder is away, or the file is no statement of our account.
pub async fn reconcile(app: &App, file: Option<&Path>) -> Result<Option<Reconciled>, StoreError> {
    let rail = app.settings.sepa.files.as_ref();
    let rail = rail.ok_or_else(|| StoreError::unexpected("sepa.rail is not \"files\""))?;
    let (of_read, given) = (Arc::clone(rail), file.map(Path::to_owned));
    let (statement, others) = blocking(move || read_all(&of_read, given.as_deref())).await??;
    let Some(statement) = statement else { return Ok(None) };
    let mut differences = in_books(app, rail, &statement).await?;
    differences.extend(in_statements(app, rail, &statement, &others).await?);
    differences.extend(balances(app, &statement, &others).await?);
    let name = statement.statement.clone().unwrap_or_default();
    Ok(Some(Reconciled { statement: name, bookings: statement.all.len(), differences }))
}

/// The statement to be compared, and all that the folder `done` has.
fn read_all(rail: &FileRail, given: Option<&Path>) -> Result<(Option<Bookings>, Vec<Bookings>), StoreError> {
    let read = |path: &PathBuf| -> Result<Option<Bookings>, StoreError> {
        let is_small = std::fs::metadata(path).map_err(folder_fault)?.len() <= MAX_BYTES;
        let bytes = if is_small { std::fs::read(path).map_err(folder_fault)? } else { Vec::new() };
        let refused = |error| StoreError::unexpected(format!("{}: {error}", path.display()));
        bookings_of(&bytes, &rail.account).map_err(refused)
    };
    let done = rail.folder.read_done().map_err(folder_fault)?;
    // What an older version understood, or another account's, is no reason to stop.
    let others: Vec<_> = done.iter().take(MAX_FILES).filter_map(|path| read(path).ok().flatten()).collect();
    let is_statement = |one: &&Bookings| one.statement.is_some();
    let statement = match given {
        Some(path) => {
            let given = read(&path.to_owned())?.filter(|one| one.statement.is_some());
            Some(given.ok_or_else(|| StoreError::unexpected("the file is no camt.053"))?)
        }
        None => others.iter().rev().filter(is_statement).max_by_key(|one| one.created_at).cloned(),
    };
    Ok((statement, others))
}

/// Each booking of the statement must be in a book.
async fn in_books(app: &App, rail: &FileRail, statement: &Bookings) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    for Booking { notice, cents, .. } in &statement.all {
        let (id, payment) = match notice {
            Notice::Said(Said { id, message: Message::Payment(payment, Status::Settled) }) => {
                (id, Some(*payment))
            }
            Notice::Said(Said { id, .. }) | Notice::CameBack(Said { id, .. }, _) => (id, None),
            Notice::Other(id, _) | Notice::File { report: id, .. } => {
                differences.push(Difference::OnlyInStatement(id.clone(), *cents));
                continue;
            }
        };
        let is_heard = match store::heard(app, rail.name(), id).await? {
            Some(InboxState::Applied | InboxState::Done) => true,
            Some(InboxState::Refused) | None => false,
        };
        if !is_heard {
            differences.push(Difference::OnlyInStatement(id.clone(), *cents));
            continue;
        }
        let Some(payment) = payment else { continue };
        if let Some((_, amount)) = store::payment(app, payment).await?
            && amount != -cents
        {
            differences.push(Difference::Amount { id: id.clone(), statement: *cents, book: -amount });
        }
    }
    Ok(differences)
}

/// What is in the books must be in a statement, unless the bank has booked it after the closing day.
async fn in_statements(
    app: &App,
    rail: &FileRail,
    statement: &Bookings,
    others: &[Bookings],
) -> Result<Vec<Difference>, StoreError> {
    let Some(opening) = statement.opening else { return Ok(Vec::new()) };
    let time: (Timestamp, Timestamp) = (opening.date.midnight(), statement.created_at);
    let (mut ids, mut debited): (BTreeSet<&str>, BTreeSet<Uuid>) = Default::default();
    let all = others.iter().filter(|one| one.statement.is_some()).chain([statement]).flat_map(|one| &one.all);
    for Booking { notice, .. } in all.chain(later(statement, others).into_values()) {
        match notice {
            Notice::Said(Said { id, message }) => {
                ids.insert(id);
                if let Message::Payment(payment, _) = message {
                    debited.insert(*payment);
                }
            }
            Notice::CameBack(Said { id, .. }, _) => drop(ids.insert(id)),
            Notice::Other(..) | Notice::File { .. } => {}
        }
    }
    let credits = store::credits_heard(app, rail.name(), time).await?;
    let missed = credits.into_iter().filter(|id| !ids.contains(&**id)).map(Difference::OnlyInBook);
    let mut differences: Vec<_> = missed.collect();
    for number in store::files_of(app, time).await? {
        for (_, id, state) in store::in_file(app, number).await? {
            if matches!(state, State::Settled | State::Returned) && !debited.contains(&id) {
                differences.push(Difference::OnlyInBook(format!("payment {id}")));
            }
        }
    }
    Ok(differences)
}

/// What notifications and later statements say was booked after the closing day, by id.
fn later<'a>(statement: &Bookings, others: &'a [Bookings]) -> BTreeMap<&'a str, &'a Booking> {
    let Some(closing) = statement.closing else { return BTreeMap::new() };
    let is_later = |booking: &&Booking| booking.day.is_some_and(|day: Date| day > closing.date);
    let id = |booking: &'a Booking| match &booking.notice {
        Notice::Said(said) | Notice::CameBack(said, _) => &*said.id,
        Notice::Other(id, _) | Notice::File { report: id, .. } => &**id,
    };
    others.iter().flat_map(|one| &one.all).filter(is_later).map(|booking| (id(booking), booking)).collect()
}

/// The closing balance must be what the settlement accounts say.
async fn balances(
    app: &App,
    statement: &Bookings,
    others: &[Bookings],
) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    let Some(closing) = statement.closing else { return Ok(differences) };
    if let Some(opening) = statement.opening {
        let by = closing.cents.saturating_sub(opening.cents).saturating_sub(sum(&statement.all));
        if by != 0 {
            differences.push(Difference::Statement(by));
        }
    }
    let (since, mut book) = (sum(later(statement, others).into_values()), 0_i64);
    for partner in partner_books(&app.store).await? {
        let mut snapshot = app.store.snapshot(partner.book).await?;
        let settlement = snapshot.system_account(EUR, AccountKind::SepaSettlement).await?;
        // What is at the bank is owed to the books.
        book = book.saturating_sub(settlement.map_or(0, |account| account.balance));
    }
    let statement = closing.cents.saturating_add(since);
    if statement != book {
        differences.push(Difference::Closing { statement, book });
    }
    Ok(differences)
}

fn sum<'a>(bookings: impl IntoIterator<Item = &'a Booking>) -> i64 {
    bookings.into_iter().fold(0, |sum, booking| sum.saturating_add(booking.cents))
}

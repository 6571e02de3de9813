//! The statement of a day against the books, both ways.
//!
//! Each booking of the statement must be in the books, and each booking of the books of these days must be in the
//! statement (`matching.rs` says which are the same). The closing balance must be the house's own funds and the
//! settlement accounts of all books, without what was booked after the closing day.

use super::booking::{self, BookingRow};
use super::matching::pair;
use super::statement::{self, Statement};
use super::store::{self, InFile};
use super::{blocking, booking_key};
use crate::kit::app::App;
use crate::kit::book::registry::partner_books;
use crate::sepa::postings::EUR;
use florin_ledger::AccountKind;
use florin_rails::sepa::files::{Booking, FileRail, What};
use florin_store::StoreError;
use florin_types::{Date, format_minor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Days around a statement in which its bookings are looked for in the books: a notification may give another day of
/// booking, across a weekend and a holiday.
const AROUND: Duration = Duration::from_secs(7 * 86_400);

/// What does not agree. Amounts are in cents, negative where the account lost them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The bank has booked it, and no book has it: its own fees, or what no message has told yet.
    OnlyInStatement(String, i64),
    /// A book has it, and the bank has not booked it.
    OnlyInBook(String),
    /// Both have it, with other amounts.
    Amount {
        /// The id of the booking.
        id: String,
        /// In the statement.
        statement: i64,
        /// In the book.
        book: i64,
    },
    /// The closing balance does not agree.
    Closing {
        /// In the statement, with what the bank has booked since.
        statement: i64,
        /// By the books.
        book: i64,
    },
    /// The statement's own bookings do not lead from its opening to its closing balance.
    Statement(i64),
    /// A page of the statement has not come.
    MissingPage(u64),
    /// It does not begin where the statement before it ends: one between them has not come.
    Gap {
        /// The statement before it.
        before: String,
        /// Where that one ends.
        closed: i64,
        /// Where this one begins.
        opened: i64,
    },
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
            Self::MissingPage(number) => write!(f, "page {number} of the statement has not come"),
            Self::Gap { before, closed, opened } => write!(
                f,
                "a statement is missing: {before} ends at {} eur, this one begins at {} eur",
                euros(closed),
                euros(opened)
            ),
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
    let Some(compared) = compare(app, file).await? else { return Ok(None) };
    let Compared { statement, differences, .. } = compared;
    Ok(Some(Reconciled { statement: statement.name, bookings: statement.bookings.len(), differences }))
}

/// A statement with what is in it alone.
pub(super) struct Compared {
    pub statement: Statement,
    pub differences: Vec<Difference>,
    /// The places of the bookings that no book has.
    pub unknown: Vec<usize>,
}

/// The same, for who books what only the statement has.
pub(super) async fn compare(app: &App, file: Option<&Path>) -> Result<Option<Compared>, StoreError> {
    let rail = app.settings.sepa.files.as_ref();
    let rail = rail.ok_or_else(|| StoreError::unexpected("sepa.rail is not \"files\""))?;
    let (of_read, given, key) = (Arc::clone(rail), file.map(Path::to_owned), booking_key(app));
    let load = move || statement::load(&of_read, &key, given.as_deref());
    let Some(statement) = blocking(load).await?? else { return Ok(None) };
    let mut books = Books::load(app, &statement).await?;
    let mut differences = statement.problems.clone();
    let unknown = bookings(app, &statement, &mut books, &mut differences).await?;
    differences.extend(unknown.iter().filter_map(|place| {
        let one = statement.bookings.get(*place)?;
        Some(Difference::OnlyInStatement(one.id.clone(), one.cents))
    }));
    only_in_books(app, &statement, &books, &mut differences).await?;
    balances(app, rail, (&statement, &books), &mut differences).await?;
    Ok(Some(Compared { statement, differences, unknown }))
}

/// What the books have since some days before a statement.
struct Books {
    /// Bookings.
    rows: Vec<BookingRow>,
    /// Which of them are in the statement, by place.
    paired: BTreeSet<usize>,
    /// Payments that were paid though no booking of theirs has been read, with the days and numbers of their files.
    unbooked: Vec<(Date, i64, InFile)>,
    /// Payments that the statement has.
    debited: BTreeSet<Uuid>,
}

impl Books {
    async fn load(app: &App, statement: &Statement) -> Result<Self, StoreError> {
        let from = statement.days.0.midnight().saturating_sub(AROUND);
        let last_day = Date::new(9999, 12, 31).unwrap_or(statement.days.1);
        let rows = booking::between(app, from.date(), last_day).await?;
        let booked: BTreeSet<Uuid> =
            rows.iter().filter(|row| is_debit(row)).filter_map(|row| row.payment).collect();
        let mut unbooked = Vec::new();
        for (number, written_at) in store::files_since(app, from).await? {
            let paid = store::in_file(app, number).await?.into_iter().filter(InFile::was_paid);
            let paid = paid.filter(|payment| !booked.contains(&payment.id));
            unbooked.extend(paid.map(|payment| (written_at.day_of_t2(), number, payment)));
        }
        Ok(Self { rows, paired: BTreeSet::new(), unbooked, debited: BTreeSet::new() })
    }
}

/// Whether a row is of a payment of ours that left.
fn is_debit(row: &BookingRow) -> bool {
    row.payment.is_some() && row.amount < 0
}

/// Pairs the bookings of a statement with those of the books. Answers the places of those that no book has.
async fn bookings(
    app: &App,
    statement: &Statement,
    books: &mut Books,
    differences: &mut Vec<Difference>,
) -> Result<Vec<usize>, StoreError> {
    let (mut unknown, mut others) = (Vec::new(), Vec::new());
    for (place, one) in statement.bookings.iter().enumerate() {
        let What::Paid(payment) = one.what else {
            others.push((place, one));
            continue;
        };
        match store::payment(app, payment).await? {
            Some((found, _)) if found.was_paid() => {
                books.debited.insert(payment);
                if found.amount != -one.cents {
                    let (id, statement, book) = (one.id.clone(), one.cents, -found.amount);
                    differences.push(Difference::Amount { id, statement, book });
                }
            }
            Some(_) | None => unknown.push(place),
        }
    }
    let end = statement.days.1.midnight().saturating_add(AROUND).date();
    let near = |row: &&BookingRow| !is_debit(row) && row.day <= end;
    let places: Vec<usize> =
        books.rows.iter().enumerate().filter(|(_, row)| near(row)).map(|(place, _)| place).collect();
    let of_books: Vec<&BookingRow> = places.iter().filter_map(|place| books.rows.get(*place)).collect();
    let of_statement: Vec<&Booking> = others.iter().map(|(_, one)| *one).collect();
    let unpaired = pair(&of_statement, &of_books);
    for (one, row) in unpaired.amounts {
        let (Some((_, one)), Some(row)) = (others.get(one), of_books.get(row)) else { continue };
        let (id, statement, book) = (one.id.clone(), one.cents, row.amount);
        differences.push(Difference::Amount { id, statement, book });
    }
    let alone: BTreeSet<usize> =
        unpaired.books.into_iter().filter_map(|row| places.get(row).copied()).collect();
    books.paired = places.into_iter().filter(|place| !alone.contains(place)).collect();
    for (place, one) in unpaired.statement.into_iter().filter_map(|one| others.get(one).copied()) {
        if !is_batch(one, books) {
            unknown.push(place);
        }
    }
    unknown.sort_unstable();
    Ok(unknown)
}

/// Whether a debit is the sum of the payments of a file, or of all files of a day: a bank may book them as one. Then
/// these are in the statement.
fn is_batch(one: &Booking, books: &mut Books) -> bool {
    if one.what != What::Other {
        return false;
    }
    let open =
        |(day, _, payment): &&(Date, i64, InFile)| *day <= one.day && !books.debited.contains(&payment.id);
    let mut batches: BTreeMap<(Date, Option<i64>), Vec<InFile>> = BTreeMap::new();
    for (day, number, payment) in books.unbooked.iter().filter(open) {
        batches.entry((*day, Some(*number))).or_default().push(*payment);
        batches.entry((*day, None)).or_default().push(*payment);
    }
    let sum = |batch: &[InFile]| batch.iter().fold(0_i64, |sum, payment| sum.saturating_add(payment.amount));
    let batch = batches.into_values().find(|batch| sum(batch) == -one.cents);
    let is_batch = batch.is_some();
    books.debited.extend(batch.into_iter().flatten().map(|payment| payment.id));
    is_batch
}

/// What the books have of the days of a statement, and the statement has not.
async fn only_in_books(
    app: &App,
    statement: &Statement,
    books: &Books,
    differences: &mut Vec<Difference>,
) -> Result<(), StoreError> {
    let (first, last) = statement.days;
    let mut payments = BTreeSet::new();
    for (place, row) in books.rows.iter().enumerate() {
        if row.day < first || row.day > last {
            continue;
        }
        if let Some(payment) = row.payment.filter(|_| is_debit(row)) {
            payments.extend(Some(payment).filter(|payment| !books.debited.contains(payment)));
        } else if !books.paired.contains(&place) {
            let said = store::message(app, row.id).await?.map(|(_, said, _)| said);
            differences.push(Difference::OnlyInBook(said.unwrap_or_else(|| row.id.to_string())));
        }
    }
    let of_days = books.unbooked.iter().filter(|(day, ..)| *day >= first && *day <= last);
    payments.extend(of_days.map(|(.., payment)| payment.id).filter(|id| !books.debited.contains(id)));
    differences.extend(payments.into_iter().map(|id| Difference::OnlyInBook(format!("payment {id}"))));
    Ok(())
}

/// The closing balance must be what the settlement accounts say.
async fn balances(
    app: &App,
    rail: &FileRail,
    (statement, books): (&Statement, &Books),
    differences: &mut Vec<Difference>,
) -> Result<(), StoreError> {
    let Some(closing) = statement.closing else { return Ok(()) };
    let is_whole = !statement.problems.iter().any(|problem| matches!(problem, Difference::MissingPage(_)));
    if let Some(opening) = statement.opening.filter(|_| is_whole) {
        let sum = statement.bookings.iter().fold(0_i64, |sum, one| sum.saturating_add(one.cents));
        let by = closing.cents.saturating_sub(opening.cents).saturating_sub(sum);
        if by != 0 {
            differences.push(Difference::Statement(by));
        }
    }
    let last = statement.days.1;
    let booked_later = books.rows.iter().filter(|row| row.day > last).map(|row| row.amount);
    let paid_later =
        books.unbooked.iter().filter(|(day, _, payment)| *day > last && !books.debited.contains(&payment.id));
    let later = booked_later.chain(paid_later.map(|(.., payment)| -payment.amount));
    let since = later.fold(0_i64, i64::saturating_add);
    let mut book = rail.own_funds;
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
    Ok(())
}

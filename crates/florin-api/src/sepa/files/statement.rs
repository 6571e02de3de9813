//! A statement of the bank (camt.053), put together from its pages, as it is compared with the books.

use super::incoming::{MAX_BYTES, file_hash};
use super::reconcile::Difference;
use super::{booking::FileHash, folder_fault};
use florin_rails::sepa::files::iso20022::Balance;
use florin_rails::sepa::files::{BookKind, Booking, FileRail, Heard, Report, hear, read_up_to};
use florin_store::StoreError;
use florin_types::{Date, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;

/// Files of the folder `done` that are read: some weeks of a bank that notifies every hour.
const MAX_FILES: usize = 500;

/// Pages of a statement: 1,000 with some thousand bookings each are more than a bank sends for a day.
const MAX_PAGES: u64 = 1_000;

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What the bank calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first and the last day that it covers.
    pub days: (Date, Date),
    /// The balance before.
    pub opening: Option<Balance>,
    /// The balance after.
    pub closing: Option<Balance>,
    /// The bookings.
    pub bookings: Vec<Booking>,
    /// A hash of its first page.
    pub file: FileHash,
    /// What is wrong with it.
    pub problems: Vec<Difference>,
}

/// A statement or a page of one, as a file has it.
struct Page {
    report: Report,
    created_at: Timestamp,
    file: FileHash,
}

impl Page {
    fn number(&self) -> u64 {
        self.report.page.map_or(1, |page| page.number)
    }

    fn is_last(&self) -> bool {
        self.report.page.is_none_or(|page| page.is_last)
    }

    /// Pages of one statement have the same.
    fn of(&self) -> (&str, Option<u64>) {
        (&self.report.id, self.report.sequence)
    }

    /// By which the newest is known.
    fn age(&self) -> (Option<Date>, Timestamp) {
        (self.report.closing.map(|balance| balance.date), self.created_at)
    }
}

/// The statement in a file, or the newest one in the folder `done`. None: there is none.
///
/// # Errors
/// The folder is away, or the file is no statement of our account.
pub fn load(rail: &FileRail, key: &[u8; 32], given: Option<&Path>) -> Result<Option<Statement>, StoreError> {
    let mut pages = Vec::new();
    for path in rail.folder.read_done().map_err(folder_fault)?.iter().take(MAX_FILES) {
        // What an older version understood, or another account's, is no reason to stop.
        pages.extend(read(rail, key, path).unwrap_or_default());
    }
    let newest = match given {
        Some(path) => {
            let given = read(rail, key, path)?;
            let first = given.first().map(|page| (page.report.id.clone(), page.report.sequence));
            let first = first.ok_or_else(|| StoreError::unexpected("the file is no camt.053"))?;
            // What the file has goes before a copy of it.
            pages.splice(0..0, given);
            Some(first)
        }
        None => {
            let newest = pages.iter().max_by_key(|page| page.age());
            newest.map(|page| (page.report.id.clone(), page.report.sequence))
        }
    };
    Ok(newest.and_then(|(id, sequence)| put_together(pages, (&id, sequence))))
}

/// The statements of a file; none if it is something else.
fn read(rail: &FileRail, key: &[u8; 32], path: &Path) -> Result<Vec<Page>, StoreError> {
    let bytes = read_up_to(path, MAX_BYTES).map_err(folder_fault)?.unwrap_or_default();
    let refused = |error| StoreError::unexpected(format!("{}: {error}", path.display()));
    let Heard::Bookings(bookings) = hear(&bytes, &rail.account, key).map_err(refused)? else {
        return Ok(Vec::new());
    };
    if bookings.kind != BookKind::Statement {
        return Ok(Vec::new());
    }
    let (created_at, file) = (bookings.created_at, file_hash(&bytes));
    Ok(bookings.reports.into_iter().map(|report| Page { report, created_at, file }).collect())
}

fn put_together(all: Vec<Page>, key: (&str, Option<u64>)) -> Option<Statement> {
    let (of_it, others): (Vec<Page>, Vec<Page>) = all.into_iter().partition(|page| page.of() == key);
    let mut pages: BTreeMap<u64, Page> = BTreeMap::new();
    for page in of_it {
        pages.entry(page.number()).or_insert(page);
    }
    let (first, last) = (pages.values().next()?, pages.values().next_back()?);
    let mut problems: Vec<Difference> = (1..=last.number().min(MAX_PAGES))
        .filter(|number| !pages.contains_key(number))
        .map(Difference::MissingPage)
        .collect();
    if !last.is_last() {
        problems.push(Difference::MissingPage(last.number().saturating_add(1)));
    }
    let (opening, closing) = (first.report.opening, last.report.closing);
    if let (Some(opening), Some(closing)) = (opening, closing) {
        let is_before = |page: &&Page| page.report.closing.is_some_and(|balance| balance.date < closing.date);
        let before = others.iter().filter(is_before).max_by_key(|page| page.age());
        let has_gap =
            |page: &&Page| page.report.closing.is_some_and(|balance| balance.cents != opening.cents);
        if let Some(before) = before.filter(has_gap) {
            let closed = before.report.closing.map_or(0, |balance| balance.cents);
            problems.push(Difference::Gap {
                before: before.report.id.clone(),
                closed,
                opened: opening.cents,
            });
        }
    }
    let (name, created_at, file) = (first.report.id.clone(), last.created_at, first.file);
    let said = first.report.days;
    let bookings: Vec<Booking> = pages.into_values().flat_map(|page| page.report.bookings).collect();
    let booked = || bookings.iter().map(|booking| booking.day);
    // Some banks let a period end at the midnight after it.
    let end = closing.map(|balance| balance.date).or(said.map(|(_, last)| last)).or(booked().max());
    let begin = said.map(|(first, _)| first).or(booked().min()).or(end);
    let days = begin.zip(end).map(|(begin, end)| (begin.min(end), end))?;
    Some(Statement { name, created_at, days, opening, closing, bookings, file, problems })
}

//! Reading everything back: does each book say what its journal says? Goes through the same `fold` as the live path.

use crate::book::{Book, READ_BOOKS};
use crate::db::Db;
use crate::event::{READ_EVENTS, StoredEvent};
use crate::holder::account_of_row;
use crate::installation::sealed_tables;
use crate::journal::{READ_RECORDS, record_of_row};
use crate::seal::{Pages, RowSeals, SealedTable};
use crate::{BookId, StoreError, params};
use florin_ledger::{Account, AccountKey, Chain, ChainKey, Leg, Position, Record, fold, marks};
use florin_types::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Findings kept; what is wrong after these is only counted.
const MAX_FINDINGS: usize = 100;

/// Rows read at a time.
const PAGE: i64 = 1_000;

pub(crate) const READ_ACCOUNTS: &str = "SELECT holder, currency, kind, balance, held, last, entries FROM account \
     WHERE book = $1 AND (currency, kind, holder) > ($2, $3, $4) ORDER BY currency, kind, holder LIMIT 1000";
pub(crate) const READ_MARKS: &str = "SELECT holder, currency, kind, ordinal, position, at FROM mark \
     WHERE (holder, currency, kind, ordinal) > ($1, $2, $3, $4) AND holder < $5 \
     ORDER BY holder, currency, kind, ordinal LIMIT 1000";

/// The newest of what a book numbers besides records and events. Parameters: the book's first position, the next one's.
pub(crate) const NEWEST: [(&str, &str); 3] = [
    ("holder", "SELECT COALESCE(MAX(id), 0) FROM holder WHERE id > $1 AND id < $2"),
    ("command", "SELECT COALESCE(MAX(position), 0) FROM command WHERE position > $1 AND position < $2"),
    ("job", "SELECT COALESCE(MAX(position), 0) FROM job WHERE position > $1 AND position < $2"),
];

/// How many holders a book has, which are numbered without gaps and never taken away.
pub(crate) const HOLDERS: &str = "SELECT COUNT(*) FROM holder WHERE id > $1 AND id < $2";

/// Rows of no book: whatever stands outside every book that there is.
pub(crate) const STRAYS: [(&str, &str); 3] = [
    ("journal", "SELECT COUNT(*) FROM journal"),
    ("event", "SELECT COUNT(*) FROM event"),
    ("account", "SELECT COUNT(*) FROM account"),
];

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many books were read.
    pub books: u64,
    /// How many ledger transactions.
    pub records: u64,
    /// How many events.
    pub events: u64,
    /// How many accounts.
    pub accounts: u64,
    /// How many rows with a seal of their own.
    pub sealed: u64,
    /// What could not be looked at, and why.
    pub notes: Vec<String>,
    /// What is wrong, in words, with the table and the place.
    pub findings: Vec<String>,
    /// How much is wrong in all.
    pub faults: u64,
}

impl Report {
    pub(crate) fn find(&mut self, finding: String) {
        self.faults += 1;
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Whether all is well.
    pub fn is_clean(&self) -> bool {
        self.faults == 0
    }
}

/// What rows are sealed with, and the tables that have such.
pub(crate) type Sealed<'a> = (&'a RowSeals, &'a [&'static SealedTable]);

/// Reads everything into the report. `seals` is none for data from before seals.
pub(crate) async fn verify(
    db: &mut Db,
    key: &ChainKey,
    seals: Option<Sealed<'_>>,
    mut report: Report,
) -> Result<Report, StoreError> {
    let mut after = BookId(0);
    loop {
        let rows = db.query(READ_BOOKS, &params![after]).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let book = Book::from_row(row)?;
            after = book.id;
            report.books += 1;
            let seal = match seals {
                Some((seals, _)) => book.seal_of_heads(seals),
                None => book.old_seal_of_heads(key),
            };
            if book.seal != seal {
                report.find(format!("book: where book {} ends was changed", book.id.0));
            }
            let (accounts, marked) = read_journal(db, key, &book, &mut report).await?;
            compare_accounts(db, &book, accounts, &mut report).await?;
            compare_marks(db, &book, marked, &mut report).await?;
            read_events(db, key, &book, &mut report).await?;
            compare_heads(db, &book, &mut report).await?;
        }
    }
    read_seals(db, seals, &mut report).await?;
    let read = [report.records, report.events, report.accounts];
    for ((table, count), read) in STRAYS.into_iter().zip(read) {
        let rows: i64 = db.query_one(count, &[]).await?.map_or(Ok(0), |row| row.get(0))?;
        if u64::try_from(rows) != Ok(read) {
            report.find(format!("{table}: {rows} rows, but {read} belong to books"));
        }
    }
    Ok(report)
}

/// Every row of a sealed table fits its seal.
async fn read_seals(db: &mut Db, seals: Option<Sealed<'_>>, report: &mut Report) -> Result<(), StoreError> {
    let Some((seals, of_families)) = seals else {
        let note =
            "the rows are not sealed yet, as a version before seals wrote them last: start the server once";
        report.notes.push(note.to_owned());
        return Ok(());
    };
    for table in sealed_tables(of_families) {
        let mut pages = Pages::of(table);
        loop {
            let rows = pages.next(db).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                report.sealed += 1;
                if let Err(error) = seals.check(table, &row.0) {
                    report.find(error.to_string());
                }
            }
        }
    }
    Ok(())
}

type Accounts = BTreeMap<AccountKey, Account>;
type Marked = Vec<(AccountKey, i64, Position, Timestamp)>;

/// Folds the journal from its first record to its last.
async fn read_journal(
    db: &mut Db,
    key: &ChainKey,
    book: &Book,
    report: &mut Report,
) -> Result<(Accounts, Marked), StoreError> {
    let mut state = JournalState {
        key,
        accounts: BTreeMap::new(),
        holds: BTreeMap::new(),
        marked: Vec::new(),
        chain: Chain::START,
        sequence: 0,
    };
    let mut after = book.id.start();
    loop {
        let rows = db.query(READ_RECORDS, &params![after, book.id.end()]).await?;
        for row in &rows {
            after = row.get(0)?;
            report.records += 1;
            match record_of_row(row) {
                Ok((record, chain, legs)) => state.take(&record, chain, &legs, report),
                Err(error) => {
                    report.find(format!("journal: record {} cannot be read: {error}", place(after)));
                    state.sequence = after.sequence();
                    state.chain = row.get::<[u8; 32]>(7).map_or(Chain::START, Chain);
                }
            }
        }
        if (rows.len() as i64) < PAGE {
            break;
        }
    }
    if state.sequence != book.journal_head || state.chain != book.journal_chain {
        report.find(format!(
            "journal: book {} should end at record {} but ends at {}, or its last record was changed",
            book.id.0, book.journal_head, state.sequence
        ));
    }
    state.compare_holds(report);
    let mut marked = state.marked;
    marked.sort_unstable_by_key(|m| (m.0, m.1));
    Ok((state.accounts, marked))
}

struct JournalState<'a> {
    key: &'a ChainKey,
    accounts: Accounts,
    /// What is held on an account for an object, while it is not zero: as many entries as there are open holds.
    holds: BTreeMap<(AccountKey, Uuid), i128>,
    marked: Marked,
    chain: Chain,
    sequence: i64,
}

impl JournalState<'_> {
    fn take(&mut self, record: &Record, chain: Chain, legs: &[u8], report: &mut Report) {
        let at = place(record.position);
        self.sequence += 1;
        if record.position.sequence() != self.sequence {
            report.find(format!("journal: record {at} stands where number {} should", self.sequence));
            self.sequence = record.position.sequence();
        }
        if self.chain.next_record(self.key, record, legs) != chain {
            report.find(format!("journal: the chain breaks at record {at}"));
        }
        // Goes on from what the row says, so that one break is one finding.
        self.chain = chain;
        if let Err(error) = record.check_balanced() {
            report.find(format!("journal: record {at}: {error}"));
        }
        for leg in &record.legs {
            let account = self.accounts.entry(leg.account).or_insert_with(|| Account::new(leg.account));
            if let Err(error) = fold(account, leg, record.position) {
                report.find(format!("journal: record {at}: {error}"));
            }
            if leg.account.kind.is_bounded() && account.available() < 0 {
                report.find(format!("journal: record {at} leaves {:?} overdrawn", leg.account));
            }
            self.take_hold(record, leg, report);
            if marks(leg) {
                self.marked.push((leg.account, leg.ordinal, record.position, record.at));
            }
        }
    }

    /// Adds to what is held for the record's object. A release must find there what it releases: else it has released
    /// what is held for another object.
    fn take_hold(&mut self, record: &Record, leg: &Leg, report: &mut Report) {
        if leg.hold == 0 {
            return;
        }
        let key = (leg.account, record.object);
        let held = self.holds.entry(key).or_default();
        *held += i128::from(leg.hold);
        if *held < 0 && leg.hold < 0 {
            report.find(format!(
                "journal: record {} releases {} more of {:?} than was held for object {}",
                place(record.position),
                -*held,
                leg.account,
                record.object
            ));
        }
        if *held == 0 {
            self.holds.remove(&key);
        }
    }

    /// What is held for all objects together is what is held on the account.
    fn compare_holds(&self, report: &mut Report) {
        let mut by_account: BTreeMap<AccountKey, i128> = BTreeMap::new();
        self.holds.iter().for_each(|((account, _), held)| *by_account.entry(*account).or_default() += held);
        for account in self.accounts.values() {
            let of_objects = by_account.remove(&account.key).unwrap_or_default();
            if of_objects != i128::from(account.held) {
                report.find(format!(
                    "journal: {} is held on {:?}, but {of_objects} for its objects",
                    account.held, account.key
                ));
            }
        }
    }
}

/// Every account row says what the journal says; rows that the journal does not know are at zero.
async fn compare_accounts(
    db: &mut Db,
    book: &Book,
    mut folded: Accounts,
    report: &mut Report,
) -> Result<(), StoreError> {
    let (mut holder, mut currency, mut kind) = (0_i64, String::new(), 0_i64);
    loop {
        let rows = db.query(READ_ACCOUNTS, &params![book.id, currency.as_str(), kind, holder]).await?;
        for row in &rows {
            report.accounts += 1;
            (holder, currency, kind) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let Ok(account) = account_of_row(row, 0) else {
                report.find(format!("account: {holder}/{currency}/{kind} cannot be read"));
                continue;
            };
            let expected = folded.remove(&account.key).unwrap_or_else(|| Account::new(account.key));
            if account != expected {
                report.find(format!("account: {account:?} is not what the journal says: {expected:?}"));
            }
        }
        if (rows.len() as i64) < PAGE {
            break;
        }
    }
    for key in folded.keys() {
        report.find(format!("account: {key:?} is in the journal but has no row"));
    }
    Ok(())
}

async fn compare_marks(
    db: &mut Db,
    book: &Book,
    expected: Marked,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut expected = expected.into_iter();
    let (mut holder, mut currency, mut kind, mut ordinal) = (book.id.start().0, String::new(), 0_i64, 0_i64);
    loop {
        let rows =
            db.query(READ_MARKS, &params![holder, currency.as_str(), kind, ordinal, book.id.end()]).await?;
        for row in &rows {
            (holder, currency, kind, ordinal) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let (position, time): (Position, Timestamp) = (row.get(4)?, row.get(5)?);
            let stands = expected.next().is_some_and(|(account, expected, at, marked_at)| {
                (
                    account.holder.0,
                    account.currency.as_str(),
                    account.kind as u8 as i64,
                    expected,
                    at,
                    marked_at,
                ) == (holder, currency.as_str(), kind, ordinal, position, time)
            });
            if !stands {
                report.find(format!("mark: {holder}/{currency}/{kind}/{ordinal} is not the journal's"));
                return Ok(());
            }
        }
        if (rows.len() as i64) < PAGE {
            break;
        }
    }
    if expected.next().is_some() {
        report.find(format!("mark: the marks of book {} are not all there", book.id.0));
    }
    Ok(())
}

/// No holder, command or job stands past the number that the book would give next; holders are never taken away.
async fn compare_heads(db: &mut Db, book: &Book, report: &mut Report) -> Result<(), StoreError> {
    let range = params![book.id.start(), book.id.end()];
    let heads = [book.holder_head, book.command_head, book.job_head];
    for ((table, newest), head) in NEWEST.into_iter().zip(heads) {
        let newest: i64 = db.query_one(newest, &range).await?.map_or(Ok(0), |row| row.get(0))?;
        let newest = Position(newest).sequence();
        if newest > head || (table == "holder" && newest != head) {
            report.find(format!("{table}: book {} should end at {head}, but {newest} is there", book.id.0));
        }
    }
    let holders: i64 = db.query_one(HOLDERS, &range).await?.map_or(Ok(0), |row| row.get(0))?;
    if holders != book.holder_head {
        report
            .find(format!("holder: book {} should have {}, but has {holders}", book.id.0, book.holder_head));
    }
    Ok(())
}

/// Events are numbered without gaps and chained to the head in the book's row.
async fn read_events(
    db: &mut Db,
    key: &ChainKey,
    book: &Book,
    report: &mut Report,
) -> Result<(), StoreError> {
    let (mut chain, mut sequence, mut after) = (Chain::START, 0, book.id.start());
    loop {
        let rows = db.query(READ_EVENTS, &params![after, book.id.end(), PAGE]).await?;
        for row in &rows {
            after = row.get(0)?;
            report.events += 1;
            sequence += 1;
            let Ok((event, link)) = StoredEvent::from_row(row) else {
                report.find(format!("event: {} cannot be read", place(after)));
                continue;
            };
            if event.position.sequence() != sequence {
                report.find(format!("event: {} stands where number {sequence} should", place(after)));
                sequence = event.position.sequence();
            }
            if event.journal.is_some_and(|at| !(book.id.start() < at && at.sequence() <= book.journal_head)) {
                report.find(format!("event: {} tells of a record that is not there", place(after)));
            }
            if event.link(chain, key) != link {
                report.find(format!("event: the chain breaks at {}", place(after)));
            }
            chain = link;
        }
        if (rows.len() as i64) < PAGE {
            break;
        }
    }
    if sequence != book.event_head || chain != book.event_chain {
        report.find(format!(
            "event: book {} should end at event {} but ends at {sequence}, or its last event was changed",
            book.id.0, book.event_head
        ));
    }
    Ok(())
}

fn place(position: Position) -> String {
    format!("{}/{}", position.book().0, position.sequence())
}

//! The rows of payment files, and what is looked up over all books.

use crate::kit::app::App;
use crate::kit::book::inbox::{self, InboxState};
use crate::kit::request::types::words;
use crate::sepa::transfer::State;
use florin_store::{BookId, Scope, SetStatement, Statement, StoreError, Type, params};
use florin_types::Timestamp;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

words! {
    /// Where a file stands.
    pub enum FileState {
        /// Payments are put into it.
        Gathering = "GATHERING",
        /// Its bytes are in the staging folder, and from now on it is the same file.
        Written = "WRITTEN",
        /// The bank has it.
        Sent = "SENT",
        /// The bank has it, and all its payments know.
        Done = "DONE",
        /// No payment was left to be in it: its number is used, and it was never sent.
        Empty = "EMPTY",
    }
}

/// A file of payments out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFile {
    /// Its number.
    pub number: i64,
    /// Where it stands.
    pub state: FileState,
    /// The time that its content depends on.
    pub created_at: Timestamp,
    /// Its name in the staging folder.
    pub staged: Option<String>,
}

const OPEN_FILE: Statement = "SELECT number, state, created_at, staged FROM sepa_file \
     WHERE state IN ('GATHERING', 'WRITTEN', 'SENT') ORDER BY number LIMIT 1";
const LAST_NUMBER: Statement = "SELECT COALESCE(MAX(number), 0) FROM sepa_file";
const WAS_WRITTEN: Statement =
    "SELECT number FROM sepa_file WHERE state IN ('WRITTEN', 'SENT', 'DONE') LIMIT 1";
/// A file that is noted as written, or that was.
const KNOWS: Statement =
    "SELECT number FROM sepa_file WHERE number = $1 AND state IN ('WRITTEN', 'SENT', 'DONE')";
const INSERT_FILE: Statement = "INSERT INTO sepa_file (number, state, created_at, staged, payments, amount) \
     VALUES ($1, 'GATHERING', $2, NULL, 0, 0)";
const NOTE_WRITTEN: Statement = "UPDATE sepa_file SET state = 'WRITTEN', staged = $2, payments = $3, amount = $4 \
     WHERE number = $1 AND state = 'GATHERING'";
const NOTE_STATE: Statement = "UPDATE sepa_file SET state = $3 WHERE number = $1 AND state = $2";
const TAKE_LEASE: Statement =
    "UPDATE sepa_lease SET owner = $1, until = $3 WHERE id = 1 AND (owner = $1 OR until < $2)";
const END_LEASE: Statement = "UPDATE sepa_lease SET until = 0 WHERE id = 1 AND owner = $1";
const FREE_LEASE: Statement = "UPDATE sepa_lease SET until = 0 WHERE id = 1";

/// Partners' books with payments that wait for a file.
const WAITING_BOOKS: Statement = "SELECT DISTINCT t.book FROM sepa_transfer t \
     JOIN partner p ON p.book = t.book WHERE t.file = 0 AND t.state = 'HELD' ORDER BY t.book";
/// Payments of a book that wait for a file, oldest first, as many as a command takes.
const WAITING_IN: Statement = "SELECT id FROM sepa_transfer WHERE book = $1 AND file = 0 AND state = 'HELD' \
     AND created_at < $2 ORDER BY created_at, id LIMIT 500";
const IN_FILE: Statement =
    "SELECT book, id, state FROM sepa_transfer WHERE file = $1 AND file > 0 ORDER BY book, id";
/// Of all books: the book that is bound for every statement of a book only has to be one.
static BOOKS_OF_PAYMENTS: SetStatement = SetStatement::Find {
    row: "SELECT id, book FROM sepa_transfer WHERE id = $2 AND file >= 0 AND CAST($1 AS BIGINT) > 0",
    set: "SELECT t.id, t.book FROM unnest($1::bigint[], $2::bytea[]) AS v(book, id) \
          JOIN sepa_transfer t ON t.id = v.id AND t.file >= 0 AND v.book > 0",
    parameters: &[Type::Int, Type::Bytes],
};
const IS_PARTNERS: Statement = "SELECT book FROM partner WHERE book = $1";
/// What became of a message, of all books.
const HEARD: Statement = "SELECT state FROM inbox WHERE id = $1";
/// Credits that were heard in a time, of all books. An operator asks now and then: it needs no index.
const CREDITS_HEARD: Statement = "SELECT external_id FROM inbox WHERE rail = $1 AND at >= $2 AND at < $3 \
     AND state = 'APPLIED' AND external_id >= 'C' AND external_id < 'D' ORDER BY external_id";
const FILES_OF: Statement = "SELECT number FROM sepa_file WHERE created_at >= $1 AND created_at < $2 \
     AND state IN ('SENT', 'DONE') ORDER BY number";
const PAYMENT: Statement = "SELECT state, amount FROM sepa_transfer WHERE id = $1 AND file >= 0";

/// Every statement here, for the test that prepares and runs them all.
pub const STATEMENTS: &[Statement] = &[
    OPEN_FILE,
    LAST_NUMBER,
    WAS_WRITTEN,
    KNOWS,
    INSERT_FILE,
    NOTE_WRITTEN,
    NOTE_STATE,
    TAKE_LEASE,
    END_LEASE,
    FREE_LEASE,
    WAITING_BOOKS,
    WAITING_IN,
    IN_FILE,
    IS_PARTNERS,
    HEARD,
    CREDITS_HEARD,
    FILES_OF,
    PAYMENT,
];

/// The look-up by sets, for the same test.
pub static SET: &SetStatement = &BOOKS_OF_PAYMENTS;

/// The file that is not done yet: there is one at most.
pub async fn open_file(app: &App) -> Result<Option<PaymentFile>, StoreError> {
    let rows = app.store.look(OPEN_FILE, &[]).await?;
    let file = rows.first().map(|row| {
        Ok(PaymentFile {
            number: row.get(0)?,
            state: row.get(1)?,
            created_at: row.get(2)?,
            staged: row.get(3)?,
        })
    });
    file.transpose()
}

/// Whether any file was written so far: then its folder has the installation's mark.
pub async fn was_written(app: &App) -> Result<bool, StoreError> {
    Ok(!app.store.look(WAS_WRITTEN, &[]).await?.is_empty())
}

/// Whether a file that the folder has sent last is known as one; there is none of number 0.
pub async fn knows(app: &App, number: i64) -> Result<bool, StoreError> {
    Ok(number == 0 || !app.store.look(KNOWS, &params![number]).await?.is_empty())
}

/// Begins a file, under the next number, unless there is one that is not done.
pub async fn begin(app: &App) -> Result<(), StoreError> {
    let mut administration = app.store.administer().await?;
    // What is read here stays so until the commit.
    if administration.query(OPEN_FILE, &[]).await?.is_empty() {
        let rows = administration.query(LAST_NUMBER, &[]).await?;
        let last: i64 = rows.first().map(|row| row.get(0)).transpose()?.unwrap_or_default();
        administration.execute(INSERT_FILE, &params![last + 1, app.wall()]).await?;
    }
    administration.commit().await
}

/// Notes that a file's bytes are in the staging folder. False: another process was faster.
pub async fn note_written(
    app: &App,
    number: i64,
    staged: &str,
    (payments, amount): (i64, i64),
) -> Result<bool, StoreError> {
    change(app, NOTE_WRITTEN, &params![number, staged, payments, amount]).await
}

/// Notes where a file stands. False: another process was faster.
pub async fn note(app: &App, number: i64, from: FileState, to: FileState) -> Result<bool, StoreError> {
    change(app, NOTE_STATE, &params![number, from, to]).await
}

/// Takes the lease, or keeps it, until then. False: another process has it.
pub async fn lease(app: &App, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
    change(app, TAKE_LEASE, &params![app.outgoing.owner.to_vec(), now, until]).await
}

/// Lets another process take the lease.
pub async fn end_lease(app: &App) -> Result<(), StoreError> {
    change(app, END_LEASE, &params![app.outgoing.owner.to_vec()]).await.map(drop)
}

/// Ends the lease of whoever has it.
pub async fn free_lease(app: &App) -> Result<(), StoreError> {
    change(app, FREE_LEASE, &[]).await.map(drop)
}

async fn change(app: &App, sql: Statement, parameters: &[florin_store::Value]) -> Result<bool, StoreError> {
    let mut administration = app.store.administer().await?;
    let changed = administration.execute(sql, parameters).await?;
    administration.commit().await?;
    Ok(changed == 1)
}

/// The books in which payments wait for a file.
pub async fn waiting_books(app: &App) -> Result<Vec<BookId>, StoreError> {
    app.store.look(WAITING_BOOKS, &[]).await?.iter().map(|row| row.get(0)).collect()
}

/// The payments of a book that were made before a time and wait for a file: some at a time.
pub async fn waiting_in(scope: &mut Scope, before: Timestamp) -> Result<Vec<Uuid>, StoreError> {
    scope.query(WAITING_IN, &params![before]).await?.iter().map(|row| row.get(0)).collect()
}

/// A payment of a file: its book, its id and its state.
pub type InFile = (BookId, Uuid, State);

/// The payments of a file, in an order that does not change.
pub async fn in_file(app: &App, number: i64) -> Result<Vec<InFile>, StoreError> {
    let rows = app.store.look(IN_FILE, &params![number]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// The books of payments that go in files, whosever they are.
pub async fn books_of_payments(
    scope: &mut Scope,
    ids: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, BookId>, StoreError> {
    let ids: BTreeSet<_> = ids.collect();
    let keys = ids.into_iter().map(|id| params![id].to_vec()).collect();
    let rows = scope.find_set(&BOOKS_OF_PAYMENTS, keys).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Whether a book is a partner's.
pub async fn is_partners(app: &App, book: BookId) -> Result<bool, StoreError> {
    Ok(!app.store.look(IS_PARTNERS, &params![book]).await?.is_empty())
}

/// What became of a message: its state's word. None: it was not heard.
pub async fn heard(app: &App, rail: &str, external_id: &str) -> Result<Option<InboxState>, StoreError> {
    let rows = app.store.look(HEARD, &params![inbox::id_of(app, rail, external_id)]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// The ids of credits that were heard in a time.
pub async fn credits_heard(
    app: &App,
    rail: &str,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<String>, StoreError> {
    let rows = app.store.look(CREDITS_HEARD, &params![rail, from, to]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The numbers of the files that were made in a time and sent.
pub async fn files_of(app: &App, (from, to): (Timestamp, Timestamp)) -> Result<Vec<i64>, StoreError> {
    app.store.look(FILES_OF, &params![from, to]).await?.iter().map(|row| row.get(0)).collect()
}

/// State and amount of a payment that goes in files.
pub async fn payment(app: &App, id: Uuid) -> Result<Option<(State, i64)>, StoreError> {
    let rows = app.store.look(PAYMENT, &params![id]).await?;
    rows.first().map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

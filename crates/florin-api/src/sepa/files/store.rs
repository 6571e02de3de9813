//! The rows of payment files, and what is looked up over all books.

use crate::kit::app::App;
use crate::kit::book::inbox::{self, InboxState};
use crate::kit::request::types::words;
use crate::sepa::transfer::State;
use florin_store::{BookId, Scope, SetStatement, Statement, StoreError, Type, Value, params};
use florin_types::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use uuid::Uuid;

words! {
    /// Where a file stands.
    pub enum FileState {
        /// Payments are put into it.
        Gathering = "GATHERING",
        /// Its bytes are in the staging folder, and do not change any more.
        Written = "WRITTEN",
        /// The bank has it.
        Sent = "SENT",
        /// The bank has it, and its payments are marked as submitted.
        Done = "DONE",
    }
}

/// A file of payments out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFile {
    /// Its number.
    pub number: i64,
    /// Where it stands.
    pub state: FileState,
    /// When it was written.
    pub created_at: Timestamp,
    /// Its name in the staging folder.
    pub staged: Option<String>,
    /// How many payments were put into it.
    pub payments: i64,
    /// Their sum in cents.
    pub amount: i64,
}

const OPEN_FILE: Statement = "SELECT number, state, created_at, staged, payments, amount FROM sepa_file \
     WHERE state IN ('GATHERING', 'WRITTEN', 'SENT') ORDER BY number LIMIT 1";
const FILE: Statement =
    "SELECT number, state, created_at, staged, payments, amount FROM sepa_file WHERE number = $1";
const FILES: Statement = "SELECT number, state, created_at, staged, payments, amount FROM sepa_file \
     ORDER BY number DESC LIMIT 200";
const LAST_NUMBER: Statement = "SELECT COALESCE(MAX(number), 0) FROM sepa_file";
/// Files that were written, up to a number: numbers have no gaps, so the count says whether one is missing.
const WRITTEN_UP_TO: Statement =
    "SELECT COUNT(*) FROM sepa_file WHERE number <= $1 AND state IN ('WRITTEN', 'SENT', 'DONE')";
const INSERT_FILE: Statement = "INSERT INTO sepa_file (number, state, created_at, staged, payments, amount) \
     VALUES ($1, $2, $3, NULL, $4, $5)";
const NOTE_WRITTEN: Statement = "UPDATE sepa_file SET state = 'WRITTEN', staged = $2, created_at = $3, \
     payments = $6, amount = $7 WHERE number = $1 AND state = 'GATHERING' AND payments = $4 AND amount = $5";
const NOTE_STATE: Statement = "UPDATE sepa_file SET state = $3 WHERE number = $1 AND state = $2";
const ADOPT_FILE: Statement = "UPDATE sepa_file SET state = 'DONE', created_at = $2, payments = $3, amount = $4 \
     WHERE number = $1 AND state = 'GATHERING'";
/// Run in the command that puts payments into a file, or takes one out of it. `$1` is the book of the command.
pub const CHANGE_FILE: Statement = "UPDATE sepa_file SET payments = payments + $3, amount = amount + $4 \
     WHERE number = $2 AND state = 'GATHERING' AND CAST($1 AS BIGINT) > 0";
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
/// Of a file that is not written yet. Nothing else is read: a row may be broken.
const GATHERED: Statement = "SELECT t.book, t.id FROM sepa_transfer t JOIN partner p ON p.book = t.book \
     WHERE t.file = $1 AND t.file > 0 ORDER BY t.book, t.id";
const IN_FILE: Statement = "SELECT t.book, t.id, t.state, t.amount FROM sepa_transfer t \
     JOIN partner p ON p.book = t.book WHERE t.file = $1 AND t.file > 0 AND NOT EXISTS \
     (SELECT 1 FROM sepa_left_out o WHERE o.book = t.book AND o.payment = t.id AND o.file = t.file) \
     ORDER BY t.book, t.id";
const PENDING: Statement = "SELECT t.file, COUNT(*) FROM sepa_transfer t JOIN partner p ON p.book = t.book \
     WHERE t.file > 0 AND t.state IN ('SUBMITTING', 'SUBMITTED') AND NOT EXISTS \
     (SELECT 1 FROM sepa_left_out o WHERE o.book = t.book AND o.payment = t.id AND o.file = t.file) GROUP BY t.file";
const LEAVE_OUT: Statement = "INSERT INTO sepa_left_out (book, payment, file) VALUES ($1, $2, $3)";
/// Those that have not ended.
const LEFT_OUT: Statement = "SELECT o.file, o.payment FROM sepa_left_out o JOIN partner p ON p.book = o.book \
     JOIN sepa_transfer t ON t.book = o.book AND t.id = o.payment AND t.file = o.file \
     WHERE t.state NOT IN ('SETTLED', 'RETURNED', 'FAILED') ORDER BY o.file, o.payment";
/// Of all books: the book that is bound for every statement of a book only has to be one.
static BOOKS_OF_PAYMENTS: SetStatement = SetStatement::Find {
    row: "SELECT id, book FROM sepa_transfer WHERE id = $2 AND file >= 0 AND CAST($1 AS BIGINT) > 0",
    set: "SELECT t.id, t.book FROM unnest($1::bigint[], $2::bytea[]) AS v(book, id) \
          JOIN sepa_transfer t ON t.id = v.id AND t.file >= 0 AND v.book > 0",
    parameters: &[Type::Int, Type::Bytes],
};
/// Of all books too: a message that was heard is heard, though its account is another book's by now.
static HEARD_BY: SetStatement = SetStatement::Find {
    row: "SELECT id, book FROM inbox WHERE id = $2 AND CAST($1 AS BIGINT) > 0",
    set: "SELECT i.id, i.book FROM unnest($1::bigint[], $2::bytea[]) AS v(book, id) \
          JOIN inbox i ON i.id = v.id AND v.book > 0",
    parameters: &[Type::Int, Type::Bytes],
};
const MESSAGE: Statement = "SELECT book, external_id, state FROM inbox WHERE id = $1";
const FILES_OF: Statement = "SELECT number, created_at FROM sepa_file WHERE created_at >= $1 \
     AND state IN ('SENT', 'DONE') ORDER BY number";
const PAYMENT: Statement = "SELECT book, state, amount, file FROM sepa_transfer WHERE id = $1 AND file >= 0";
const RECALLS_OF: Statement = "SELECT t.book, t.recall, r.id FROM sepa_transfer t LEFT JOIN sepa_recall r \
     ON r.book = t.book AND r.holder = t.holder AND r.payment = t.id AND r.direction = 'OUTGOING' \
     WHERE t.id = $1 AND t.file >= 0";

/// Run when a book is replaced: what of it is in a file that is not written yet is in none. A replaced book is no
/// partner's, so its payments wait for no file.
pub const FORGET: Statement = "UPDATE sepa_file SET payments = payments - \
     (SELECT COUNT(*) FROM sepa_transfer t WHERE t.book = $1 AND t.file = sepa_file.number), amount = amount - \
     (SELECT CAST(COALESCE(SUM(t.amount), 0) AS BIGINT) FROM sepa_transfer t \
     WHERE t.book = $1 AND t.file = sepa_file.number) WHERE state = 'GATHERING'";

/// Every statement here, for the test that prepares and runs them all.
pub const STATEMENTS: &[Statement] = &[
    OPEN_FILE,
    FILE,
    FILES,
    LAST_NUMBER,
    WRITTEN_UP_TO,
    INSERT_FILE,
    NOTE_WRITTEN,
    NOTE_STATE,
    ADOPT_FILE,
    CHANGE_FILE,
    TAKE_LEASE,
    END_LEASE,
    FREE_LEASE,
    WAITING_BOOKS,
    WAITING_IN,
    GATHERED,
    IN_FILE,
    LEAVE_OUT,
    LEFT_OUT,
    PENDING,
    MESSAGE,
    FILES_OF,
    PAYMENT,
    RECALLS_OF,
];

/// The look-ups by sets, for the same test.
pub static SETS: [&SetStatement; 2] = [&BOOKS_OF_PAYMENTS, &HEARD_BY];

fn file_of(row: &florin_store::Row) -> Result<PaymentFile, StoreError> {
    Ok(PaymentFile {
        number: row.get(0)?,
        state: row.get(1)?,
        created_at: row.get(2)?,
        staged: row.get(3)?,
        payments: row.get(4)?,
        amount: row.get(5)?,
    })
}

/// The file that is not done yet: there is one at most.
pub async fn open_file(app: &App) -> Result<Option<PaymentFile>, StoreError> {
    app.store.look(OPEN_FILE, &[]).await?.first().map(file_of).transpose()
}

/// A file by its number.
pub async fn file(app: &App, number: i64) -> Result<Option<PaymentFile>, StoreError> {
    app.store.look(FILE, &params![number]).await?.first().map(file_of).transpose()
}

/// The newest files, with how many payments of each have not ended.
pub async fn files(app: &App) -> Result<Vec<(PaymentFile, i64)>, StoreError> {
    let rows = app.store.look(PENDING, &[]).await?;
    let pending = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, StoreError>>()?;
    let pending: HashMap<i64, i64> = pending;
    let rows = app.store.look(FILES, &[]).await?;
    let with_pending = |file: PaymentFile| {
        let count = pending.get(&file.number).copied().unwrap_or_default();
        (file, count)
    };
    rows.iter().map(|row| file_of(row).map(with_pending)).collect()
}

/// Whether any file was written so far: then its folder has the installation's mark.
pub async fn was_written(app: &App) -> Result<bool, StoreError> {
    Ok(written_up_to(app, i64::MAX).await? > 0)
}

/// How many files were written, of those up to a number.
pub async fn written_up_to(app: &App, number: i64) -> Result<i64, StoreError> {
    let rows = app.store.look(WRITTEN_UP_TO, &params![number]).await?;
    Ok(rows.first().map(|row| row.get(0)).transpose()?.unwrap_or_default())
}

/// Begins a file, under the next number, unless there is one that is not done.
pub async fn begin(app: &App) -> Result<(), StoreError> {
    let mut administration = app.store.administer().await?;
    // What is read here stays so until the commit.
    if administration.query(OPEN_FILE, &[]).await?.is_empty() {
        let rows = administration.query(LAST_NUMBER, &[]).await?;
        let last: i64 = rows.first().map(|row| row.get(0)).transpose()?.unwrap_or_default();
        let row = params![last + 1, FileState::Gathering, app.wall(), 0_i64, 0_i64];
        administration.execute(INSERT_FILE, &row).await?;
    }
    administration.commit().await
}

/// Notes that a file was sent which this database did not know. Its payments must be marked before. False: it is
/// known.
pub async fn adopt(
    app: &App,
    number: i64,
    created_at: Timestamp,
    (payments, amount): (i64, i64),
) -> Result<bool, StoreError> {
    let mut administration = app.store.administer().await?;
    let mut changed =
        administration.execute(ADOPT_FILE, &params![number, created_at, payments, amount]).await?;
    if changed == 0 && administration.query(FILE, &params![number]).await?.is_empty() {
        let row = params![number, FileState::Done, created_at, payments, amount];
        changed = administration.execute(INSERT_FILE, &row).await?;
    }
    administration.commit().await?;
    Ok(changed == 1)
}

/// What was written of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its name in the staging folder.
    pub staged: String,
    /// The time that its content depends on.
    pub created_at: Timestamp,
    /// How many payments it has.
    pub payments: i64,
    /// Their sum in cents.
    pub amount: i64,
    /// The payments that were put into it, and that it does not have.
    pub left_out: Vec<(BookId, Uuid)>,
}

/// Notes that a file's bytes are in the staging folder. False: other payments than those of `file` were put into it by
/// now, or another process was faster.
pub async fn note_written(app: &App, file: &PaymentFile, written: &Written) -> Result<bool, StoreError> {
    let Written { staged, created_at, payments, amount, left_out } = written;
    let mut administration = app.store.administer().await?;
    let row =
        params![file.number, staged.as_str(), *created_at, file.payments, file.amount, *payments, *amount];
    let changed = administration.execute(NOTE_WRITTEN, &row).await?;
    if changed == 1 {
        for (book, payment) in left_out {
            administration.execute(LEAVE_OUT, &params![*book, *payment, file.number]).await?;
        }
    }
    administration.commit().await?;
    Ok(changed == 1)
}

/// Payments that were put into a file that does not have them, with its number, and that have not ended.
pub async fn left_out(app: &App) -> Result<Vec<(i64, Uuid)>, StoreError> {
    app.store.look(LEFT_OUT, &[]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The payments that were put into a file which is not written yet, in an order that does not change.
pub async fn gathered(app: &App, number: i64) -> Result<Vec<(BookId, Uuid)>, StoreError> {
    let rows = app.store.look(GATHERED, &params![number]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Notes where a file stands. False: another process was faster.
pub async fn note(app: &App, number: i64, from: FileState, to: FileState) -> Result<bool, StoreError> {
    change(app, NOTE_STATE, &params![number, from, to]).await
}

/// Takes the lease, or keeps it, for so long by the database's clock. False: another process has it.
pub async fn lease(app: &App, time: Duration) -> Result<bool, StoreError> {
    let mut administration = app.store.administer().await?;
    let now = administration.clock().await?;
    let row = params![app.outgoing.owner.to_vec(), now, now.saturating_add(time)];
    let changed = administration.execute(TAKE_LEASE, &row).await?;
    administration.commit().await?;
    Ok(changed == 1)
}

/// Lets another process take the lease.
pub async fn end_lease(app: &App) -> Result<(), StoreError> {
    change(app, END_LEASE, &params![app.outgoing.owner.to_vec()]).await.map(drop)
}

/// Ends the lease of whoever has it.
pub async fn free_lease(app: &App) -> Result<(), StoreError> {
    change(app, FREE_LEASE, &[]).await.map(drop)
}

async fn change(app: &App, sql: Statement, parameters: &[Value]) -> Result<bool, StoreError> {
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

/// A payment of a file.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct InFile {
    /// Its book.
    pub book: BookId,
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub state: State,
    /// Cents.
    pub amount: i64,
}

impl InFile {
    /// Whether the bank has not ended it.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Submitting | State::Submitted)
    }

    /// Whether its money has left.
    pub fn was_paid(&self) -> bool {
        matches!(self.state, State::Settled | State::Returned)
    }
}

/// The payments of a file, in an order that does not change; without those that it does not have.
pub async fn in_file(app: &App, number: i64) -> Result<Vec<InFile>, StoreError> {
    let rows = app.store.look(IN_FILE, &params![number]).await?;
    let payment = |row: &florin_store::Row| {
        Ok(InFile { book: row.get(0)?, id: row.get(1)?, state: row.get(2)?, amount: row.get(3)? })
    };
    rows.iter().map(payment).collect()
}

/// The books of payments that go in files, whosever they are.
pub async fn books_of_payments(
    scope: &mut Scope,
    ids: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, BookId>, StoreError> {
    books(scope, &BOOKS_OF_PAYMENTS, ids).await
}

/// The books that have heard messages, by the id in the inbox.
pub async fn heard_by(
    scope: &mut Scope,
    ids: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, BookId>, StoreError> {
    books(scope, &HEARD_BY, ids).await
}

async fn books(
    scope: &mut Scope,
    statement: &'static SetStatement,
    ids: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, BookId>, StoreError> {
    let ids: BTreeSet<_> = ids.collect();
    let keys = ids.into_iter().map(|id| params![id].to_vec()).collect();
    let rows = scope.find_set(statement, keys).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// A message of the inbox: its book, what the bank calls it, and what became of it. None: it was not heard.
pub async fn message(app: &App, id: Uuid) -> Result<Option<(BookId, String, InboxState)>, StoreError> {
    let rows = app.store.look(MESSAGE, &params![id]).await?;
    rows.first().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).transpose()
}

/// The id in the inbox of a message.
pub fn message_id(app: &App, external_id: &str) -> Uuid {
    inbox::id_of(app, app.settings.sepa.rail.name(), external_id)
}

/// The numbers of the files that were written since a time and sent, with that time.
pub async fn files_since(app: &App, from: Timestamp) -> Result<Vec<(i64, Timestamp)>, StoreError> {
    let rows = app.store.look(FILES_OF, &params![from]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// A payment that goes in files, with the number of its file.
pub async fn payment(app: &App, id: Uuid) -> Result<Option<(InFile, i64)>, StoreError> {
    let rows = app.store.look(PAYMENT, &params![id]).await?;
    let payment = |row: &florin_store::Row| {
        let payment = InFile { book: row.get(0)?, id, state: row.get(1)?, amount: row.get(2)? };
        Ok((payment, row.get(3)?))
    };
    rows.first().map(payment).transpose()
}

/// The recalls of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecallsOf {
    /// The payment's book.
    pub book: BookId,
    /// The newest one.
    pub newest: Option<Uuid>,
    /// All of them.
    pub all: Vec<Uuid>,
}

/// Our recalls of a payment that goes in files. None: there is no such payment.
pub async fn recalls_of(app: &App, payment: Uuid) -> Result<Option<RecallsOf>, StoreError> {
    let rows = app.store.look(RECALLS_OF, &params![payment]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let recall = |row: &florin_store::Row| row.get::<Option<Uuid>>(2).transpose();
    let all = rows.iter().filter_map(recall).collect::<Result<_, _>>()?;
    Ok(Some(RecallsOf { book: first.get(0)?, newest: first.get(1)?, all }))
}

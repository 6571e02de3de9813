//! What a command sees: typed reads, the batch's accounts, and buffered writes. A command reads, decides in memory,
//! then writes; it awaits nothing but this.

use crate::batch::{BatchState, UndoPoint};
use crate::book::{LAST_BOOK, LOCK_BOOK_NUMBERS, NewBook};
use crate::db::Db;
use crate::dialect::{SetStatement, Statement};
use crate::event::NewEvent;
use crate::holder::Holder;
use crate::idempotency::KeyIndex;
use crate::job::{
    DELETE_JOB, DELETE_JOBS_OF_BOOK, LEASE_JOB, NOBODY, NewJob, PUT_OFF_JOB, RENEW_JOB, RETURN_JOB,
    SHIFT_JOBS,
};
use crate::object::Object;
use crate::scope::Scope;
use crate::seal::RowSeals;
use crate::touch::{FIXED_LOOK_UPS, Touch, Touched};
use crate::{Row, StoreError, Value, params};
use florin_ledger::{Account, AccountKey, BookId, HolderId, Position, Posting, PostingError, RecordKind};
use florin_types::Timestamp;
use std::time::Duration;
use uuid::Uuid;

/// The number under which making a book is locked: any constant of our own.
const BOOK_NUMBERS_LOCK: i64 = 0x666c_6f72_696e;

/// The open transaction of a batch, as one command sees it. It can't commit.
#[derive(Debug)]
pub struct Tx {
    pub(crate) scope: Scope,
    pub(crate) batch: BatchState,
}

/// How far a batch was when a command began.
#[derive(Debug)]
pub(crate) struct CommandStart {
    batch: UndoPoint,
    objects: usize,
}

impl Tx {
    pub(crate) fn new(scope: Scope, batch: BatchState) -> Self {
        Self { scope, batch }
    }

    pub(crate) fn into_parts(self) -> (Scope, BatchState) {
        (self.scope, self.batch)
    }

    /// The book of this command.
    pub fn book(&self) -> BookId {
        self.batch.book.id
    }

    /// Business time: the same for the whole command, never before that of the command before.
    pub fn now(&self) -> Timestamp {
        self.batch.book.last_at
    }

    /// For finders, which read within the book.
    pub fn scope(&mut self) -> &mut Scope {
        &mut self.scope
    }

    /// Seals rows, and checks those that were read.
    pub fn seals(&self) -> &RowSeals {
        self.scope.seals()
    }

    /// Reads what was not named as a touch when the command came to the door. Costs a round trip on PostgreSQL.
    pub async fn load(&mut self, touches: &[Touch]) -> Result<(), StoreError> {
        let book = self.book();
        let mut touched = Touched::of(book, touches.iter());
        self.batch.retain_unknown(&mut touched);
        self.scope.buffered().retain_unknown(&mut touched);
        let found = self.scope.db().find_sets(touched.look_ups(book)).await?;
        self.batch.absorb(&touched, &found)?;
        self.scope.absorb_objects(&touched, found.get(FIXED_LOOK_UPS..).unwrap_or_default())
    }

    /// A user by handle. It must have been touched or loaded.
    pub fn holder(&self, handle: &str) -> Option<&Holder> {
        self.batch.user(handle)
    }

    /// A holder by number: a user or the partner. It must have been touched or loaded, by number or by handle.
    pub fn holder_by_id(&self, id: HolderId) -> Option<&Holder> {
        self.batch.holder(id)
    }

    /// The partner as a holder. It must have been touched or loaded.
    pub fn partner_holder(&self) -> Option<&Holder> {
        self.batch.holder(self.book().partner())
    }

    /// An account as this batch has left it. It must have been touched or loaded.
    pub fn account(&self, key: AccountKey) -> Option<Account> {
        self.batch.account(key)
    }

    /// An object as this batch has left it; none where there is no such object.
    ///
    /// # Errors
    /// It was neither touched nor loaded nor put.
    pub fn object<T: Object>(&self, id: Uuid) -> Result<Option<T>, StoreError> {
        let row = self.scope.object_row(T::TABLE, id)?;
        row.map(|row| T::from_row(id, &row)).transpose()
    }

    /// Puts an object in the place of the one that was touched, or makes it. One that was not touched is taken for new:
    /// if there is such a row all the same, the batch cannot be written and the command fails.
    ///
    /// # Errors
    /// The row has not a value for each column.
    pub fn put<T: Object>(&mut self, object: &T) -> Result<(), StoreError> {
        self.scope.buffered().put(T::TABLE, object.id(), object.to_row())
    }

    /// Removes an object.
    ///
    /// # Errors
    /// There is none, or it was not touched.
    pub fn remove<T: Object>(&mut self, id: Uuid) -> Result<(), StoreError> {
        self.scope.buffered().remove(T::TABLE, id)
    }

    /// A new holder; its handle must have been loaded and found free.
    pub fn open_holder(&mut self, uuid: Uuid, handle: &str, gate: i64, secret: Vec<u8>) -> HolderId {
        self.batch.open_holder(uuid, handle.to_owned(), gate, secret)
    }

    /// Changes what must be known of a user before money moves.
    pub fn set_gate(&mut self, handle: &str, gate: i64) -> Result<(), StoreError> {
        let id = self.user_id(handle)?;
        self.batch.change_holder(id, |holder| holder.gate = gate)
    }

    /// Destroys a user's own key, and with it all that is encrypted under it.
    pub fn destroy_secret(&mut self, handle: &str) -> Result<(), StoreError> {
        let id = self.user_id(handle)?;
        self.batch.change_holder(id, |holder| holder.secret = None)
    }

    /// Gives a holder a key of its own, wrapped. It must have none: what is sealed under a key is lost without it.
    pub fn set_secret(&mut self, id: HolderId, wrapped: Vec<u8>) -> Result<(), StoreError> {
        if self.batch.holder(id).is_some_and(|holder| holder.secret.is_some()) {
            return Err(StoreError::unexpected("a holder that has a key cannot be given another"));
        }
        self.batch.change_holder(id, |holder| holder.secret = Some(wrapped))
    }

    /// Wraps a holder's key anew: the key stays the same.
    pub fn rewrap_secret(&mut self, id: HolderId, wrapped: Vec<u8>) -> Result<(), StoreError> {
        if self.batch.holder(id).is_none_or(|holder| holder.secret.is_none()) {
            return Err(StoreError::unexpected("a holder without a key has nothing to wrap"));
        }
        self.batch.change_holder(id, |holder| holder.secret = Some(wrapped))
    }

    fn user_id(&self, handle: &str) -> Result<HolderId, StoreError> {
        let user = self.batch.user(handle).map(|holder| holder.id);
        user.ok_or_else(|| StoreError::unexpected("a user to be changed is not there, or not touched"))
    }

    /// A new account at zero.
    pub fn open_account(&mut self, key: AccountKey) {
        self.batch.open_account(key);
    }

    /// Posts a ledger transaction. All of its accounts must have been touched or loaded.
    pub fn post(
        &mut self,
        kind: RecordKind,
        object: Uuid,
        posting: &Posting,
        memo: Vec<u8>,
    ) -> Result<(), PostingError> {
        self.batch.post(kind, object, posting, memo)
    }

    /// Tells the partner something.
    pub fn emit(&mut self, event: NewEvent) {
        self.batch.emit(event);
    }

    /// Leaves work for later.
    pub fn enqueue(&mut self, job: NewJob) {
        self.batch.enqueue(job);
    }

    /// The rows that a statement answers; `$1` is the book. It sees object rows as the batch has left them: those of
    /// the tables that it names are written first, for which the command gets a savepoint if some are its own. A family
    /// reads the objects that it knows by id with [`Self::object`] instead.
    pub async fn query(&mut self, sql: Statement, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.scope.query(sql, parameters).await
    }

    /// Writes rows directly; `$1` is the book. How many rows changed. Costs a savepoint per command, and a round
    /// trip per statement on PostgreSQL: for what neither an [`Object`] nor a posting can say.
    pub async fn execute(&mut self, sql: Statement, parameters: &[Value]) -> Result<u64, StoreError> {
        self.scope.execute(sql, parameters).await
    }

    /// Writes a set of rows directly, as [`Self::execute`] does: one statement on PostgreSQL, however many there are.
    /// The rows must be of this book: their keys are positions or begin with the book.
    pub async fn write_set(
        &mut self,
        statement: &'static SetStatement,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        match rows.is_empty() {
            true => Ok(()),
            false => self.scope.write_set(statement, rows).await,
        }
    }

    /// The number of the newest event, those of this batch included.
    pub fn last_event(&self) -> i64 {
        self.batch.last_event()
    }

    /// Takes a job away and answers the business time at which it came due. None: somebody else carried it out; then
    /// this command has nothing to do.
    pub async fn finish_job(&mut self, job: Position) -> Result<Option<Timestamp>, StoreError> {
        self.scope.before_direct_write().await?;
        let rows = self.scope.db().query(DELETE_JOB, &params![job]).await?;
        let run_at = rows.first().map(|row| row.get(0)).transpose()?;
        Ok(run_at.map(|run_at| self.batch.book.at_wall(run_at).min(self.now())))
    }

    /// Takes a job for a process, to work on it until a time, wall clock as `now` is; this counts an open attempt.
    /// False: it is done, or somebody else works on it.
    pub async fn lease_job(
        &mut self,
        job: Position,
        owner: [u8; 16],
        (now, until): (Timestamp, Timestamp),
    ) -> Result<bool, StoreError> {
        self.scope.before_direct_write().await?;
        Ok(self.scope.db().execute(LEASE_JOB, &params![job, now, until, owner]).await? == 1)
    }

    /// Keeps a leased job until a later time, wall clock. Where it is another process's by now, nothing happens.
    pub async fn renew_job(
        &mut self,
        job: Position,
        owner: [u8; 16],
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.scope.before_direct_write().await?;
        self.scope.db().execute(RENEW_JOB, &params![job, owner, until]).await.map(drop)
    }

    /// Gives a leased job back without a result: it is due as before, and the attempt does not count.
    pub async fn return_job(&mut self, job: Position, owner: [u8; 16]) -> Result<(), StoreError> {
        self.scope.before_direct_write().await?;
        self.scope.db().execute(RETURN_JOB, &params![job, owner, NOBODY]).await.map(drop)
    }

    /// Leaves a job whose attempt has ended for a later time, wall clock; `owner` is the process that leased it.
    pub async fn put_off_job(
        &mut self,
        job: Position,
        owner: Option<[u8; 16]>,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.scope.before_direct_write().await?;
        let row = params![job, until, owner.unwrap_or(NOBODY), NOBODY];
        self.scope.db().execute(PUT_OFF_JOB, &row).await.map(drop)
    }

    /// Moves the book's clock forward, and with it the jobs that wait.
    pub async fn advance_clock(&mut self, by: Duration) -> Result<(), StoreError> {
        self.scope.before_direct_write().await?;
        let micros = i64::try_from(by.as_micros()).map_err(StoreError::unexpected)?;
        let book = self.book();
        self.scope.db().execute(SHIFT_JOBS, &params![book.start(), book.end(), micros]).await?;
        self.batch.shift_jobs(micros);
        self.batch.book.advance(by);
        Ok(())
    }

    /// Takes the book's time back to a wall-clock time, after a false one: what is written from here on has it. What
    /// was dated before stays as it is.
    pub fn set_time_back(&mut self, wall: Timestamp) {
        self.batch.book.set_back(wall);
    }

    /// Closes this book and opens a fresh one in its place.
    pub async fn succeed_book(&mut self, new: NewBook) -> Result<BookId, StoreError> {
        self.scope.before_direct_write().await?;
        let book = self.book();
        let id = next_book_id(self.scope.db()).await?;
        self.scope.db().execute(DELETE_JOBS_OF_BOOK, &params![book.start(), book.end()]).await?;
        let carried = KeyIndex::carry(self.scope.db(), book, id).await?;
        self.batch.succeed(id, new, carried);
        Ok(id)
    }

    /// Drops answers that were kept long enough, a bounded number at a time; how many went.
    pub async fn prune_keys(&mut self) -> Result<usize, StoreError> {
        self.scope.before_direct_write().await?;
        let (book, now) = (self.book(), self.now());
        KeyIndex::prune(self.scope.db(), book, now).await
    }

    /// Begins a command.
    pub(crate) fn begin_command(&mut self) -> CommandStart {
        CommandStart { batch: self.batch.undo_point(), objects: self.scope.buffered().begin_command() }
    }

    /// Keeps what the command did.
    pub(crate) async fn keep(&mut self) -> Result<(), StoreError> {
        self.scope.keep().await
    }

    /// Takes back what the command did.
    pub(crate) async fn undo(&mut self, start: &CommandStart) -> Result<(), StoreError> {
        self.batch.undo_to(&start.batch);
        self.scope.undo(start.objects).await
    }
}

/// The number of a book to be made; held against others until the transaction ends.
pub(crate) async fn next_book_id(db: &mut Db) -> Result<BookId, StoreError> {
    db.find_set(&LOCK_BOOK_NUMBERS, vec![params![BOOK_NUMBERS_LOCK].to_vec()]).await?;
    let last: i64 = db.query_one(LAST_BOOK, &[]).await?.map(|row| row.get(0)).transpose()?.unwrap_or(0);
    Ok(BookId(last + 1))
}

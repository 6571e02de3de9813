//! Opening a store: migrations, the workers, the readers.

use crate::batch::push_new_book;
use crate::book::{Book, CLOCK, LOCK_BOOK_NUMBERS, NEWEST_TIME, NewBook, READ_BOOK};
use crate::db::{Db, Mode};
use crate::dialect::{Engine, Statement};
use crate::door::Door;
use crate::idempotency::DigestKey;
use crate::installation::{
    self, KNOWN_TIME, KeptKey, OpenError, READ_SETTING, REPAIRED_TIME, REPLACE_SETTING, Rows, SET_SETTING,
    VAULT_MARK,
};
use crate::integrity::{self, Integrity};
use crate::job::{Due, FREE_JOBS, Job, NOBODY};
use crate::migration::{Migration, migrate};
use crate::queue::Queue;
use crate::seal::{RowSeals, SealedTable};
use crate::source::{Readers, Snapshot, Source};
use crate::tx::next_book_id;
use crate::verify::{Report, Sealed, verify};
use crate::watch::Watchers;
use crate::writer::{Shared, work};
use crate::{BookId, Row, StoreError, Value, params};
use florin_ledger::ChainKey;
use florin_types::{Clock, Entropy, Timestamp, VaultMark};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::Notify;

/// Books of a batch on SQLite, whose one writer serves all of them.
const ALL_BOOKS: usize = usize::MAX;

/// Writers of a process on PostgreSQL: with more than three connections on two cores the rate falls.
const POSTGRES_WRITERS: usize = 3;

/// Where the data is.
#[derive(Clone, Debug)]
pub enum Place {
    /// An embedded database in this file, made where it is missing.
    File(PathBuf),
    /// A PostgreSQL server, by URL.
    Server(String),
}

/// How a store is opened.
pub struct Options {
    /// Where the data is.
    pub place: Place,
    /// What the installation is for: `sandbox` or `live`. Data of one is never opened as the other.
    pub environment: &'static str,
    /// The key from which all others are derived. The data keep a check of it, never the key.
    pub master_key: [u8; 32],
    /// The families' tables.
    pub migrations: &'static [Migration],
    /// Those of the families' tables whose rows are sealed.
    pub sealed: &'static [&'static SealedTable],
    /// Whether rows from before seals are sealed: by a server that has the data to itself, and by no other command.
    pub may_seal: bool,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness of the operating system.
    pub entropy: Arc<dyn Entropy>,
}

/// An open store.
pub struct Store {
    door: Door,
    readers: Readers,
    source: Source,
    queue: Arc<Queue>,
    watchers: Watchers,
    workers: Mutex<Vec<JoinHandle<()>>>,
    /// The connection of health checks.
    health: tokio::sync::Mutex<Option<Db>>,
    seals: RowSeals,
    sealed: &'static [&'static SealedTable],
    master_key: [u8; 32],
}

/// The number under which administration is locked on PostgreSQL; on SQLite the transaction is the lock.
pub(crate) const ADMINISTRATION_LOCK: i64 = 0x0061_646d_696e;

impl Store {
    /// Opens the database, brings its tables up to date and starts the workers.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let source = Source::of(&options.place)?;
        let mut db = source.connect(Mode::Create).await?;
        if !options.may_seal && installation::is_from_before(&mut db, &options.master_key).await? {
            return Err(OpenError::NotSealed);
        }
        migrate(&mut db, options.migrations).await?;
        let seals = installation::settle(&mut db, &options).await?;
        drop(db);
        let master_key = options.master_key;
        let (queue, watchers) = (Arc::new(Queue::default()), Watchers::default());
        let shared = Arc::new(Shared {
            queue: Arc::clone(&queue),
            source: source.clone(),
            clock: Arc::clone(&options.clock),
            entropy: options.entropy,
            chain_key: chain_key(&master_key),
            seals: seals.clone(),
            watchers: watchers.clone(),
        });
        let workers = match source.engine() {
            Engine::Sqlite => vec![start_worker(&shared, ALL_BOOKS)?],
            Engine::Postgres => {
                (0..POSTGRES_WRITERS).map(|_| start_worker(&shared, 1)).collect::<Result<_, _>>()?
            }
        };
        let digest_key =
            DigestKey::new(blake3::derive_key("florin 2026 idempotency digests v1", &master_key));
        Ok(Self {
            door: Door::new(Arc::clone(&queue), options.clock, digest_key),
            readers: Readers::new(source.clone(), seals.clone()),
            source,
            queue,
            watchers,
            workers: Mutex::new(workers),
            health: tokio::sync::Mutex::new(None),
            seals,
            sealed: options.sealed,
            master_key,
        })
    }

    /// The one door for writes.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        self.source.engine()
    }

    /// A key of the installation for one purpose, named in the way of BLAKE3's `derive_key`.
    pub fn derive_key(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.master_key)
    }

    /// Checks rows that [`Self::look`] answered.
    pub fn seals(&self) -> &RowSeals {
        &self.seals
    }

    /// A consistent state of a book, or of the one that took its place at a reset.
    pub async fn snapshot(&self, book: BookId) -> Result<Snapshot, StoreError> {
        self.readers.snapshot(book).await
    }

    /// One statement outside of any book: for keys and partners, which come before a book is known.
    pub async fn look(&self, sql: Statement, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.readers.look(sql, parameters).await
    }

    /// Whether the database answers. Over a connection of its own: that all readers are busy is no reason to be taken
    /// out of service.
    pub async fn is_there(&self) -> Result<(), StoreError> {
        let mut health = self.health.lock().await;
        let mut db = match health.take().filter(Db::is_usable) {
            Some(db) => db,
            None => self.source.connect(Mode::Read).await?,
        };
        db.query(READ_SETTING, &params!["environment"]).await?;
        *health = Some(db);
        Ok(())
    }

    /// The newest time in the data: of what was written, or what a process has noted since.
    pub async fn newest_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.look(NEWEST_TIME, &[]).await?;
        let written: Option<Timestamp> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
        let noted = self.time_setting(KNOWN_TIME).await?;
        // A book in which nothing was written yet says 1970.
        Ok(written.filter(|at| at.micros() > 0).max(noted))
    }

    /// Notes that this is the time: a process that starts later knows that it is later.
    pub async fn note_time(&self, now: Timestamp) -> Result<(), StoreError> {
        self.set_times(&[(KNOWN_TIME, now)]).await
    }

    /// The time to which an operator set the clock right, if one did.
    pub async fn repaired_time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.time_setting(REPAIRED_TIME).await
    }

    /// Notes that an operator says that this is the time. Processes that doubt it look here.
    pub async fn repair_time(&self, now: Timestamp) -> Result<(), StoreError> {
        self.set_times(&[(KNOWN_TIME, now), (REPAIRED_TIME, now)]).await
    }

    async fn time_setting(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.look(READ_SETTING, &params![name]).await?;
        let bytes: Option<Vec<u8>> = rows.first().map(|row| row.get(0)).transpose()?;
        let Some(bytes) = bytes else { return Ok(None) };
        let micros = bytes.try_into().map(i64::from_be_bytes);
        let damaged = |_| StoreError::unexpected(format!("the setting {name} is damaged"));
        micros.map(|micros| Some(Timestamp::from_micros(micros))).map_err(damaged)
    }

    async fn set_times(&self, times: &[(&str, Timestamp)]) -> Result<(), StoreError> {
        let mut administration = self.administer().await?;
        for (name, time) in times {
            let value = time.micros().to_be_bytes().to_vec();
            administration.execute(SET_SETTING, &params![*name, value]).await?;
        }
        administration.commit().await
    }

    /// The mark of the vault that is this database's.
    pub async fn vault_mark(&self) -> Result<VaultMark, StoreError> {
        let rows = self.look(READ_SETTING, &params![VAULT_MARK]).await?;
        let text: Option<Vec<u8>> = rows.first().map(|row| row.get(0)).transpose()?;
        let mark = text.and_then(|text| VaultMark::parse(&String::from_utf8_lossy(&text)));
        mark.ok_or_else(|| StoreError::unexpected("the database has no mark of its vault"))
    }

    /// Raises the mark. False: another process has raised it meanwhile.
    pub async fn raise_vault_mark(&self, from: &VaultMark, to: &VaultMark) -> Result<bool, StoreError> {
        let [from, to] = [from, to].map(|mark| mark.to_string().into_bytes());
        let mut administration = self.administer().await?;
        let raised = administration.execute(REPLACE_SETTING, &params![VAULT_MARK, to, from]).await?;
        administration.commit().await?;
        Ok(raised == 1)
    }

    /// A transaction outside of any book, for the few things that an operator or the start of a server writes. One at a
    /// time: what it reads stays so until it commits.
    pub async fn administer(&self) -> Result<Administration, StoreError> {
        let mut db = self.source.connect(Mode::Write).await?;
        db.begin(Mode::Write).await?;
        db.find_set(&LOCK_BOOK_NUMBERS, vec![params![ADMINISTRATION_LOCK].to_vec()]).await?;
        Ok(Administration { db, seals: self.seals.clone() })
    }

    /// Rings when this process has written events of a book. Take it before looking, so that nothing is missed.
    pub fn event_bell(&self, book: BookId) -> Arc<Notify> {
        self.watchers.bell(book)
    }

    /// Jobs that are due.
    pub async fn due_jobs(&self, wall: Timestamp, which: Due) -> Result<Vec<Job>, StoreError> {
        crate::job::due(&self.readers, wall, which).await
    }

    /// Ends the leases of all jobs: for the start of a process that has the database to itself.
    pub async fn free_jobs(&self) -> Result<(), StoreError> {
        let mut administration = self.administer().await?;
        administration.execute(FREE_JOBS, &params![NOBODY]).await?;
        administration.commit().await
    }

    /// Reads everything and says what is wrong with it.
    pub async fn verify(&self) -> Result<Report, StoreError> {
        verify_all(&self.source, Mode::Read, &self.master_key, Some((&self.seals, self.sealed))).await
    }

    /// The same of data that this process has not opened, changing no file: no table is made or brought up to date, and
    /// the log of an embedded database stays.
    pub async fn verify_at(
        place: &Place,
        master_key: &[u8; 32],
        sealed: &[&'static SealedTable],
    ) -> Result<Report, OpenError> {
        let source = Source::of(place)?;
        let mut db = source.connect(Mode::Inspect).await?;
        let rows = installation::check_master_key(&mut db, master_key).await?;
        drop(db);
        let sealed = match &rows {
            Rows::Sealed(seals) => Some((seals, sealed)),
            Rows::FromBefore => None,
        };
        Ok(verify_all(&source, Mode::Inspect, master_key, sealed).await?)
    }

    /// What data tell of the key that they were made with, before they are opened with it. Changes nothing.
    pub async fn kept_master_key(place: &Place) -> Result<KeptKey, StoreError> {
        if let Place::File(file) = place
            && !file.try_exists().map_err(StoreError::unavailable)?
        {
            return Ok(KeptKey::Nothing);
        }
        let mut db = Source::of(place)?.connect(Mode::Inspect).await?;
        installation::kept_master_key(&mut db).await
    }

    /// A connection of its own, for tests of statements.
    pub async fn connect_for_tests(&self) -> Result<Db, StoreError> {
        self.source.connect(Mode::Write).await
    }

    /// Finishes what was accepted and ends the workers.
    pub fn close(&self) {
        self.queue.close();
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        // The last to let go may be a command that a worker has just run, and nobody can wait for itself.
        let this = std::thread::current().id();
        for worker in workers.into_iter().filter(|worker| worker.thread().id() != this) {
            if worker.join().is_err() {
                tracing::error!("a writer ended in a panic");
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

/// An open transaction outside of any book. Committing consumes it; dropping it gives it up.
pub struct Administration {
    db: Db,
    seals: RowSeals,
}

impl Administration {
    /// Seals rows, and checks those that were read.
    pub fn seals(&self) -> &RowSeals {
        &self.seals
    }

    /// The rows that a statement answers.
    pub async fn query(&mut self, sql: Statement, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.db.query(sql, parameters).await
    }

    /// Writes rows; how many.
    pub async fn execute(&mut self, sql: Statement, parameters: &[Value]) -> Result<u64, StoreError> {
        self.db.execute(sql, parameters).await
    }

    /// The time by the database's clock, which is the same for all processes: for leases.
    pub async fn clock(&mut self) -> Result<Timestamp, StoreError> {
        let rows = self.db.find_set(&CLOCK, vec![params![0_i64].to_vec()]).await?;
        let row = rows.first().ok_or_else(|| StoreError::unexpected("the database has no clock"))?;
        row.get(0)
    }

    /// Business time of a book at a wall-clock time.
    pub async fn time_of(&mut self, book: BookId, wall: Timestamp) -> Result<Timestamp, StoreError> {
        let row = self.db.query_one(READ_BOOK, &params![book]).await?;
        let row = row.ok_or_else(|| StoreError::unexpected("there is no such book"))?;
        Ok(Book::from_row(&row)?.now(wall))
    }

    /// A first book.
    pub async fn open_book(&mut self, new: &NewBook) -> Result<BookId, StoreError> {
        let id = next_book_id(&mut self.db).await?;
        let mut sets = Vec::new();
        push_new_book(&mut sets, &Book::fresh(id), new, &self.seals);
        self.db.write_sets(sets).await?;
        Ok(id)
    }

    /// Commits.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.db.commit().await
    }
}

pub(crate) fn chain_key(master_key: &[u8; 32]) -> ChainKey {
    ChainKey::new(blake3::derive_key("florin 2026 journal and event chains v1", master_key))
}

async fn verify_all(
    source: &Source,
    mode: Mode,
    master_key: &[u8; 32],
    seals: Option<Sealed<'_>>,
) -> Result<Report, StoreError> {
    let mut db = source.connect(mode).await?;
    let Integrity { findings, notes } = integrity::check(&mut db, mode).await?;
    let mut report = Report { notes, ..Report::default() };
    findings.iter().for_each(|finding| report.find(format!("the database itself: {finding}")));
    db.begin(mode).await?;
    db.lift_time_limit().await?;
    let read = verify(&mut db, &chain_key(master_key), seals, report.clone()).await;
    db.rollback().await;
    match read {
        // What the engine says of a damaged file explains why it could not be read.
        Err(error @ StoreError::Unexpected(_)) if !report.is_clean() => {
            report.find(error.to_string());
            Ok(report)
        }
        read => read,
    }
}

fn start_worker(shared: &Arc<Shared>, max_books: usize) -> Result<JoinHandle<()>, StoreError> {
    let shared = Arc::clone(shared);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StoreError::unexpected)?;
    std::thread::Builder::new()
        .name("florin-writer".to_owned())
        .spawn(move || runtime.block_on(work(shared, max_books)))
        .map_err(StoreError::unexpected)
}

//! Where connections come from, and the pool of those that read.

use crate::db::{Db, Mode, PostgresConfig};
use crate::dialect::Engine;
use crate::objects::Objects;
use crate::scope::Scope;
use crate::seal::RowSeals;
use crate::{Book, BookId, Place, Row, StoreError, Value};
use futures_util::FutureExt;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Readers at a time: more than cores, as a page of history on PostgreSQL waits for round trips, and few enough that
/// several processes stay far below a server's usual 100 connections.
const MAX_READERS: usize = 12;

/// Books that may stand in a row of resets before a reader gives up following them.
const MAX_SUCCESSIONS: usize = 1_000;

/// Which database, and where.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Sqlite(PathBuf),
    Postgres(Box<PostgresConfig>),
}

impl Source {
    pub(crate) fn of(place: &Place) -> Result<Self, StoreError> {
        Ok(match place {
            Place::File(file) => Self::Sqlite(file.clone()),
            Place::Server(url) => Self::Postgres(Box::new(PostgresConfig::parse(url)?)),
        })
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    pub(crate) async fn connect(&self, mode: Mode) -> Result<Db, StoreError> {
        match self {
            Self::Sqlite(file) => Db::open_sqlite(file, mode),
            Self::Postgres(config) => Db::open_postgres(config).await,
        }
    }
}

/// Connections that read.
#[derive(Clone)]
pub(crate) struct Readers {
    source: Source,
    seals: RowSeals,
    idle: Arc<Mutex<Vec<Db>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(source: Source, seals: RowSeals) -> Self {
        Self { source, seals, idle: Arc::default(), permits: Arc::new(Semaphore::new(MAX_READERS)) }
    }

    async fn take(&self) -> Result<(Db, OwnedSemaphorePermit), StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(StoreError::unexpected)?;
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(Db::is_usable);
            idle.pop()
        };
        match idle {
            Some(db) => Ok((db, permit)),
            None => Ok((self.source.connect(Mode::Read).await?, permit)),
        }
    }

    fn give_back(&self, db: Db) {
        if db.is_usable() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
        }
    }

    /// The rows that one statement answers, outside of any book.
    pub(crate) async fn look(&self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let (mut db, _permit) = self.take().await?;
        let rows = db.query(sql, parameters).await;
        self.give_back(db);
        rows
    }

    /// A consistent state of a book, or of the one that took its place.
    pub(crate) async fn snapshot(&self, mut book: BookId) -> Result<Snapshot, StoreError> {
        let (mut db, permit) = self.take().await?;
        db.begin(Mode::Read).await?;
        for _ in 0..MAX_SUCCESSIONS {
            let row = db.query_one(crate::book::READ_BOOK, &crate::params![book]).await;
            let row = match row {
                Ok(Some(row)) => Book::from_row(&row)?,
                Ok(None) => return Err(StoreError::unexpected("there is no such book")),
                Err(error) => return Err(error),
            };
            match row.successor {
                Some(successor) => book = successor,
                None => {
                    let scope = Some(Scope::new(db, book, self.seals.clone(), Objects::default()));
                    return Ok(Snapshot { scope, book: row, readers: self.clone(), permit: Some(permit) });
                }
            }
        }
        Err(StoreError::unexpected("the book was replaced too often"))
    }
}

/// A consistent state of one book. Ends when dropped.
pub struct Snapshot {
    scope: Option<Scope>,
    book: Book,
    readers: Readers,
    permit: Option<OwnedSemaphorePermit>,
}

impl Snapshot {
    /// The book's row as of this state.
    pub fn book_row(&self) -> &Book {
        &self.book
    }
}

impl Deref for Snapshot {
    type Target = Scope;

    #[expect(clippy::expect_used, reason = "the scope is taken out only by drop")]
    fn deref(&self) -> &Scope {
        self.scope.as_ref().expect("a snapshot has its scope until it is dropped")
    }
}

impl DerefMut for Snapshot {
    #[expect(clippy::expect_used, reason = "the scope is taken out only by drop")]
    fn deref_mut(&mut self) -> &mut Scope {
        self.scope.as_mut().expect("a snapshot has its scope until it is dropped")
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let Some(scope) = self.scope.take() else { return };
        let mut db = scope.into_db();
        let readers = self.readers.clone();
        if self.readers.source.engine() == Engine::Sqlite {
            // Ready at once on this engine.
            if db.rollback().now_or_never().is_some() {
                readers.give_back(db);
            }
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // The place is free once the connection is.
            let permit = self.permit.take();
            runtime.spawn(async move {
                db.rollback().await;
                readers.give_back(db);
                drop(permit);
            });
        }
    }
}

//! One connection to either engine, behind the few calls that the rest needs. Statements are prepared once per
//! connection. On SQLite every call is ready at once; on PostgreSQL it is a round trip, and calls that are polled
//! together travel together.

mod postgres;
mod sqlite;

pub use sqlite::{ReservedLog, reserve_log};

pub(crate) use postgres::PostgresConfig;
use postgres::PostgresConnection;
use sqlite::SqliteConnection;

use crate::dialect::{Engine, SetStatement, Statement};
use crate::recorder::{note, note_round_trip, note_savepoint};
use crate::{Row, StoreError, Value};
use std::path::Path;

/// A connection.
#[derive(Debug)]
pub struct Db {
    connection: Connection,
    /// A statement failed since the transaction began. Whoever swallows the error can't commit all the same.
    failed: bool,
    /// Between `begin` and its end, as we see it: an engine may have ended the transaction on its own.
    in_transaction: bool,
}

#[derive(Debug)]
enum Connection {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PostgresConnection>),
}

/// A statement and the rows of parameters that it is run for.
pub(crate) type SetRows = (&'static SetStatement, Vec<Vec<Value>>);

/// The outcome of writing, and of committing where that was asked for.
#[derive(Debug)]
pub(crate) enum WriteOutcome {
    /// It is done.
    Done,
    /// It is certain that nothing was.
    Failed(StoreError),
    /// It may or may not be.
    Unknown(StoreError),
}

/// How a transaction is opened.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// To read a consistent state.
    Read,
    /// To write.
    Write,
    /// To write, and to make the database where it is missing.
    Create,
    /// To read a consistent state, maybe beside a server, and to change no file: neither the database nor its log.
    Inspect,
}

impl Db {
    pub(crate) fn open_sqlite(file: &Path, mode: Mode) -> Result<Self, StoreError> {
        let connection = SqliteConnection::open(file, mode)?;
        Ok(Self {
            connection: Connection::Sqlite(Box::new(connection)),
            failed: false,
            in_transaction: false,
        })
    }

    pub(crate) async fn open_postgres(config: &PostgresConfig) -> Result<Self, StoreError> {
        let connection = PostgresConnection::open(config).await?;
        Ok(Self {
            connection: Connection::Postgres(Box::new(connection)),
            failed: false,
            in_transaction: false,
        })
    }

    /// Which engine this speaks to.
    pub fn engine(&self) -> Engine {
        match &self.connection {
            Connection::Sqlite(_) => Engine::Sqlite,
            Connection::Postgres(_) => Engine::Postgres,
        }
    }

    /// Whether the connection can be used for another transaction.
    pub(crate) fn is_usable(&self) -> bool {
        match &self.connection {
            Connection::Sqlite(_) => true,
            Connection::Postgres(pg) => !pg.is_closed(),
        }
    }

    /// Whether a statement failed since the transaction began, or the engine ended the transaction on its own.
    pub(crate) fn transaction_is_lost(&self) -> bool {
        match &self.connection {
            Connection::Sqlite(sqlite) => self.failed || sqlite.is_autocommit(),
            Connection::Postgres(pg) => self.failed || pg.is_closed(),
        }
    }

    /// Whether a statement failed since the last savepoint was rolled back.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// The rows that a statement answers.
    pub async fn query(&mut self, sql: Statement, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.check_not_lost()?;
        note_round_trip();
        note(|| sql.to_owned());
        let result = match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlite.query(sql, parameters),
            Connection::Postgres(pg) => pg.query(sql, parameters).await,
        };
        self.noted(result)
    }

    /// The one row that a statement answers, or none.
    pub async fn query_one(
        &mut self,
        sql: Statement,
        parameters: &[Value],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, parameters).await?.pop())
    }

    /// Runs a statement that answers no rows; how many it changed.
    pub(crate) async fn execute(&mut self, sql: Statement, parameters: &[Value]) -> Result<u64, StoreError> {
        self.check_not_lost()?;
        note_round_trip();
        note(|| sql.to_owned());
        let result = match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlite.execute(sql, parameters),
            Connection::Postgres(pg) => pg.execute(sql, parameters).await,
        };
        self.noted(result)
    }

    /// All rows that a look-up answers for a set of keys.
    pub async fn find_set(
        &mut self,
        statement: &'static SetStatement,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.check_not_lost()?;
        note_round_trip();
        note(|| statement.set_sql());
        let result = match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlite.find_set(statement, &rows),
            Connection::Postgres(pg) => pg.find_set(statement, rows).await,
        };
        self.noted(result)
    }

    /// The rows of several look-ups in order, in one round trip where there are round trips.
    pub(crate) async fn find_sets(&mut self, sets: Vec<SetRows>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.check_not_lost()?;
        note_round_trip();
        sets.iter().filter(|(_, rows)| !rows.is_empty()).for_each(|(set, _)| note(|| set.set_sql()));
        let result = match &mut self.connection {
            Connection::Sqlite(sqlite) => {
                sets.iter().map(|(statement, rows)| sqlite.find_set(statement, rows)).collect()
            }
            Connection::Postgres(pg) => pg.find_sets(sets).await,
        };
        self.noted(result)
    }

    /// Writes several sets in order.
    pub(crate) async fn write_sets(&mut self, sets: Vec<SetRows>) -> Result<(), StoreError> {
        self.check_not_lost()?;
        note_round_trip();
        let sets = noted_sets(sets);
        let result = match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlite.write_sets(&sets),
            Connection::Postgres(pg) => pg.write_sets(sets).await,
        };
        self.noted(result)
    }

    /// Writes several sets in order and commits, in one round trip where there are round trips.
    pub(crate) async fn write_sets_and_commit(&mut self, sets: Vec<SetRows>) -> WriteOutcome {
        if self.transaction_is_lost() {
            return WriteOutcome::Failed(StoreError::unexpected(
                "the transaction had failed before its commit",
            ));
        }
        note_round_trip();
        let sets = noted_sets(sets);
        let ended = match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlite.write_sets_and_commit(&sets),
            Connection::Postgres(pg) => pg.write_sets_and_commit(sets).await,
        };
        match ended {
            WriteOutcome::Done => self.in_transaction = false,
            WriteOutcome::Failed(_) | WriteOutcome::Unknown(_) => self.failed = true,
        }
        ended
    }

    /// Lets the statements of this transaction take as long as they need: for one that reads everything.
    pub(crate) async fn lift_time_limit(&mut self) -> Result<(), StoreError> {
        match self.engine() {
            Engine::Sqlite => Ok(()),
            Engine::Postgres => self.run_script("SET LOCAL statement_timeout = 0").await,
        }
    }

    /// The lines that a question about the engine itself answers; none on PostgreSQL.
    pub(crate) fn ask_sqlite(&mut self, sql: &'static str) -> Result<Vec<String>, StoreError> {
        match &mut self.connection {
            Connection::Sqlite(sqlite) => {
                sqlite.query(sql, &[])?.iter().map(|row| row.get::<String>(0)).collect()
            }
            Connection::Postgres(_) => Ok(Vec::new()),
        }
    }

    /// The same of PostgreSQL, as text; none on SQLite.
    pub(crate) async fn ask_postgres(&mut self, sql: &'static str) -> Result<Vec<String>, StoreError> {
        let result = match &mut self.connection {
            Connection::Sqlite(_) => Ok(Vec::new()),
            Connection::Postgres(pg) => pg.lines(sql).await,
        };
        self.noted(result)
    }

    /// Several statements without parameters, as a migration has them.
    pub(crate) async fn run_script(&mut self, sql: &str) -> Result<(), StoreError> {
        let result = match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlite.run_script(sql),
            Connection::Postgres(pg) => pg.run_script(sql).await,
        };
        self.noted(result)
    }

    /// Prepares a statement without running it: the test that all statements are right on this engine.
    pub async fn prepare(&mut self, sql: &str) -> Result<(), StoreError> {
        match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlite.prepare(sql),
            Connection::Postgres(pg) => pg.prepare(sql).await,
        }
    }

    /// Opens a transaction: on PostgreSQL together with the first statement, so that it costs no round trip.
    pub(crate) async fn begin(&mut self, mode: Mode) -> Result<(), StoreError> {
        self.failed = false;
        match (&mut self.connection, mode) {
            (Connection::Sqlite(sqlite), Mode::Read | Mode::Inspect) => sqlite.run_script("BEGIN")?,
            (Connection::Sqlite(sqlite), Mode::Write | Mode::Create) => {
                sqlite.run_script("BEGIN IMMEDIATE")?
            }
            (Connection::Postgres(pg), Mode::Read | Mode::Inspect) => {
                pg.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            }
            (Connection::Postgres(pg), Mode::Write | Mode::Create) => pg.begin("BEGIN"),
        }
        self.in_transaction = true;
        Ok(())
    }

    /// Commits, unless a statement has failed.
    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        if self.transaction_is_lost() {
            self.rollback().await;
            return Err(StoreError::unexpected("the transaction had failed before its commit"));
        }
        self.run_script("COMMIT").await?;
        self.in_transaction = false;
        Ok(())
    }

    /// Gives the transaction up. An error here means that it is gone anyway.
    pub(crate) async fn rollback(&mut self) {
        let open = match &mut self.connection {
            Connection::Sqlite(sqlite) => !sqlite.is_autocommit(),
            Connection::Postgres(pg) => !pg.forget_frame() && !pg.is_closed(),
        };
        if open && let Err(error) = self.run_script("ROLLBACK").await {
            tracing::debug!(%error, "rolled back a transaction that was gone");
        }
        (self.failed, self.in_transaction) = (false, false);
    }

    /// Opens a savepoint; on PostgreSQL together with the next statement.
    pub(crate) async fn savepoint(&mut self) -> Result<(), StoreError> {
        note_savepoint();
        match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlite.run_script("SAVEPOINT command"),
            Connection::Postgres(pg) => {
                pg.savepoint();
                Ok(())
            }
        }
    }

    /// Keeps what was done since the savepoint; on PostgreSQL together with the next statement.
    pub(crate) async fn release_savepoint(&mut self) -> Result<(), StoreError> {
        match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlite.run_script("RELEASE SAVEPOINT command"),
            Connection::Postgres(pg) => {
                pg.release_savepoint();
                Ok(())
            }
        }
    }

    /// Takes back what was done since the savepoint, and closes it. A failure that it does not cover stays one.
    pub(crate) async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        match &mut self.connection {
            Connection::Sqlite(sqlite) => {
                sqlite.run_script("ROLLBACK TO SAVEPOINT command")?;
                self.failed = false;
                self.release_savepoint().await
            }
            Connection::Postgres(pg) => {
                self.failed &= !pg.rollback_to_savepoint().await?;
                Ok(())
            }
        }
    }

    /// Nothing runs after a failed statement, as PostgreSQL has it anyway: where SQLite has ended the transaction on
    /// its own, a write would otherwise commit by itself.
    fn check_not_lost(&self) -> Result<(), StoreError> {
        match self.in_transaction && self.transaction_is_lost() {
            true => {
                Err(StoreError::unexpected("a statement before this one failed, and with it the transaction"))
            }
            false => Ok(()),
        }
    }

    fn noted<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.failed |= result.is_err();
        result
    }
}

/// The sets that have rows, each told to the recorder of statements.
fn noted_sets(sets: Vec<SetRows>) -> Vec<SetRows> {
    let sets: Vec<_> = sets.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
    sets.iter().for_each(|(set, _)| note(|| set.set_sql()));
    sets
}

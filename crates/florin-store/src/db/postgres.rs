//! The server engine. Parameters go as binary, sets as arrays.

use super::{SetRows, WriteOutcome};
use crate::dialect::{SetStatement, transpose};
use crate::error::cause_of;
use crate::{Row, StoreError, Type, Value};
use futures_util::future::{join, join_all, join3, try_join_all};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_postgres::error::Severity;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type as PgType, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Statement};

/// How long one statement may take: far over any of ours, so that only a sick database meets it.
const STATEMENT_TIMEOUT_MS: u32 = 10_000;

/// How long to wait for a book that another process writes: a batch takes milliseconds; a process that vanished with
/// the lock is put out after [`IDLE_IN_TRANSACTION_TIMEOUT_MS`].
const LOCK_TIMEOUT_MS: u32 = 8_000;

/// How long a transaction may sit idle before the server ends it and frees its lock.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: u32 = 5_000;

/// Every statement finds its rows by an index, a few at a time. A planner without statistics (a new database) takes the
/// growing tables for empty and keeps the plan that reads them whole: 40 ms a batch instead of 2. So the other ways
/// are ruled out, plans are made once, and nothing is compiled for a plan that looks costly because of it.
const PLANS: &str = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
     -c plan_cache_mode=force_generic_plan -c jit=off";

/// How long a peer that has gone silent is believed to be there: a host without power answers nothing at all.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to try to reach the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the database is.
#[derive(Clone, Debug)]
pub(crate) struct PostgresConfig(Config);

impl PostgresConfig {
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        // What is no URL is read as words, and a fault would quote them, a password among them.
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(StoreError::unexpected("the database URL must begin with postgres://"));
        }
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            StoreError::unexpected(format!("the database URL: {}", cause_of(&error)))
        })?;
        config.tcp_user_timeout(SILENCE_TIMEOUT).keepalives_idle(SILENCE_TIMEOUT);
        config.connect_timeout(CONNECT_TIMEOUT).application_name("florin").options(format!(
            "-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS} \
             -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS} -c client_min_messages=warning \
             {PLANS}"
        ));
        Ok(Self(config))
    }
}

#[derive(Debug)]
pub(super) struct PostgresConnection {
    client: Client,
    /// Of the transaction's frame, what is not sent yet: it goes with the next statement.
    frame: Mutex<Frame>,
    prepared: Mutex<HashMap<String, Statement>>,
}

/// Statements that answer nothing: the transaction's opening, savepoints and their release. Waiting for each would be a
/// round trip, with the book's row locked.
#[derive(Debug, Default)]
struct Frame {
    /// What is not sent yet, in order.
    unsent: Vec<&'static str>,
    /// Some were refused: which savepoint the server is in is not known any more.
    has_failed: bool,
}

impl Frame {
    fn take(&mut self) -> Option<String> {
        let statements = std::mem::take(&mut self.unsent);
        (!statements.is_empty()).then(|| statements.join("; "))
    }
}

const SAVEPOINT: &str = "SAVEPOINT command";
const RELEASE_SAVEPOINT: &str = "RELEASE SAVEPOINT command";
const ROLLBACK_TO_SAVEPOINT: &str = "ROLLBACK TO SAVEPOINT command; RELEASE SAVEPOINT command";

impl PostgresConnection {
    pub(super) async fn open(config: &PostgresConfig) -> Result<Self, StoreError> {
        let connected = config.0.connect(NoTls).await;
        let away = |error| StoreError::unavailable(format!("the database: {}", cause_of(&error)));
        let (client, connection) = connected.map_err(away)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = cause_of(&error), "a database connection ended");
            }
        });
        Ok(Self { client, frame: Mutex::default(), prepared: Mutex::default() })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(super) fn begin(&mut self, sql: &'static str) {
        *self.frame() = Frame { unsent: vec![sql], has_failed: false };
    }

    /// True when a transaction was to be opened but nothing was sent: then there is nothing to roll back.
    pub(super) fn forget_frame(&mut self) -> bool {
        let forgotten = std::mem::take(self.frame());
        forgotten.unsent.first().is_some_and(|first| first.starts_with("BEGIN"))
    }

    pub(super) fn savepoint(&mut self) {
        self.frame().unsent.push(SAVEPOINT);
    }

    pub(super) fn release_savepoint(&mut self) {
        self.frame().unsent.push(RELEASE_SAVEPOINT);
    }

    /// False: the server was not asked, since it has not heard of the savepoint or may be in another one. A statement
    /// that failed since had none to fall back on, and the transaction is lost with it.
    pub(super) async fn rollback_to_savepoint(&mut self) -> Result<bool, StoreError> {
        let frame = self.frame();
        // After a refused release the server would go back to the savepoint of the command before.
        if frame.has_failed || frame.unsent.pop_if(|last| *last == SAVEPOINT).is_some() {
            return Ok(false);
        }
        self.run_script(ROLLBACK_TO_SAVEPOINT).await?;
        Ok(true)
    }

    fn frame(&mut self) -> &mut Frame {
        self.frame.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what of the frame is still to be sent.
    async fn send_frame(&self) -> Result<(), tokio_postgres::Error> {
        let frame = || self.frame.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(statements) = frame().take() else { return Ok(()) };
        let sent = self.client.batch_execute(&statements).await;
        frame().has_failed |= sent.is_err();
        sent
    }

    /// Sends what of the frame is still to be sent before `statement`, without waiting in between: futures that are
    /// polled together go out together, in their order.
    async fn framed<T>(
        &self,
        statement: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (framed, result) = join(self.send_frame(), statement).await;
        framed?;
        result
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, StoreError> {
        let known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(super) async fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.framed(async {
            let statement = self.prepared(sql).await?;
            let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|p| p as _).collect();
            let rows = self.client.query(&statement, &parameters).await?;
            rows.iter().map(row_of).collect()
        })
        .await
    }

    pub(super) async fn execute(&self, sql: &str, parameters: &[Value]) -> Result<u64, StoreError> {
        self.framed(async {
            let statement = self.prepared(sql).await?;
            let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|p| p as _).collect();
            Ok(self.client.execute(&statement, &parameters).await?)
        })
        .await
    }

    pub(super) async fn find_set(
        &self,
        set: &'static SetStatement,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.find_sets(vec![(set, rows)]).await?.pop().unwrap_or_default())
    }

    /// Look-ups without keys answer nothing and are not sent.
    pub(super) async fn find_sets(&self, sets: Vec<SetRows>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.framed(async {
            let mut ready = Vec::with_capacity(sets.len());
            for (set, rows) in sets {
                ready.push(match rows.is_empty() {
                    true => None,
                    false => Some((self.prepared(&set.set_sql()).await?, arrays(&set.parameters(), rows)?)),
                });
            }
            let sent = ready.iter().map(async |look_up| {
                let Some((statement, arrays)) = look_up else { return Ok(Vec::new()) };
                let parameters: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|a| a as _).collect();
                let rows = self.client.query(statement, &parameters).await?;
                rows.iter().map(row_of).collect()
            });
            try_join_all(sent).await
        })
        .await
    }

    pub(super) async fn write_sets(&self, sets: Vec<SetRows>) -> Result<(), StoreError> {
        match self.write(sets, false).await {
            WriteOutcome::Done => Ok(()),
            WriteOutcome::Failed(error) | WriteOutcome::Unknown(error) => Err(error),
        }
    }

    pub(super) async fn write_sets_and_commit(&self, sets: Vec<SetRows>) -> WriteOutcome {
        self.write(sets, true).await
    }

    async fn write(&self, sets: Vec<SetRows>, commits: bool) -> WriteOutcome {
        let is_commit_sent = AtomicBool::new(false);
        let result = self.try_write(sets, commits, &is_commit_sent).await;
        match result {
            Ok(()) => WriteOutcome::Done,
            // The server said no in so many words, or it was never asked to commit: nothing has come through. Anything
            // else (the connection broke, the server is going down) leaves it open.
            Err((error, said_no)) if said_no || !is_commit_sent.load(Ordering::Relaxed) => {
                WriteOutcome::Failed(error)
            }
            Err((error, _)) => WriteOutcome::Unknown(error),
        }
    }

    /// The error tells whether the server refused the statement and went on living.
    async fn try_write(
        &self,
        sets: Vec<SetRows>,
        commits: bool,
        is_commit_sent: &AtomicBool,
    ) -> Result<(), (StoreError, bool)> {
        let said_no = |error: tokio_postgres::Error| {
            let severity = error.as_db_error().and_then(tokio_postgres::error::DbError::parsed_severity);
            (StoreError::from(error), severity == Some(Severity::Error))
        };
        let mut ready = Vec::with_capacity(sets.len());
        for (set, rows) in sets {
            let arrays = arrays(&set.parameters(), rows).map_err(|error| (error, false))?;
            ready.push((self.prepared(&set.set_sql()).await.map_err(|error| (error, false))?, arrays));
        }
        let has_failed = AtomicBool::new(false);
        let framed = async {
            let result = self.send_frame().await;
            has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
            result
        };
        let sent = ready.iter().map(async |(statement, arrays)| {
            let parameters: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|a| a as _).collect();
            let result = self.client.execute(statement, &parameters).await;
            has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
            result
        });
        // Polled after the statements: what failed before it could be sent keeps COMMIT back. After a statement that
        // the server refused, it takes COMMIT for ROLLBACK, and the refusal is answered first.
        let committed = async {
            if !commits || has_failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            is_commit_sent.store(true, Ordering::Relaxed);
            self.client.batch_execute("COMMIT").await
        };
        let (framed, written, committed) = join3(framed, join_all(sent), committed).await;
        framed.map_err(said_no)?;
        for result in written {
            result.map_err(said_no)?;
        }
        committed.map_err(said_no)
    }

    pub(super) async fn run_script(&self, sql: &str) -> Result<(), StoreError> {
        self.framed(async { Ok(self.client.batch_execute(sql).await?) }).await
    }

    /// The first column of each row that a statement answers, as text.
    pub(super) async fn lines(&self, sql: &str) -> Result<Vec<String>, StoreError> {
        self.framed(async {
            let messages = self.client.simple_query(sql).await?;
            let rows = messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            });
            Ok(rows.collect())
        })
        .await
    }

    pub(super) async fn prepare(&self, sql: &str) -> Result<(), StoreError> {
        self.client.prepare(sql).await?;
        Ok(())
    }
}

fn row_of(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let values: Result<Vec<_>, StoreError> = row
        .columns()
        .iter()
        .enumerate()
        .map(|(index, column)| {
            Ok(match *column.type_() {
                PgType::INT8 => row.try_get::<_, Option<i64>>(index)?.map_or(Value::Null, Value::Int),
                PgType::TEXT => row.try_get::<_, Option<String>>(index)?.map_or(Value::Null, Value::Text),
                PgType::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.map_or(Value::Null, Value::Bytes),
                ref other => return Err(StoreError::unexpected(format!("a column is of type {other}"))),
            })
        })
        .collect();
    Ok(Row(values?))
}

/// A column of parameters for `unnest`.
#[derive(Debug)]
enum Array {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

fn arrays(types: &[Type], rows: Vec<Vec<Value>>) -> Result<Vec<Array>, StoreError> {
    let columns = transpose(types, rows);
    types.iter().zip(columns).map(|(kind, column)| array(*kind, column)).collect()
}

fn array(kind: Type, column: Vec<Value>) -> Result<Array, StoreError> {
    let mismatch = || StoreError::unexpected("a parameter is not of its column's type");
    macro_rules! collect {
        ($variant:path, $array:path) => {{
            let values = column.into_iter().map(|value| match value {
                Value::Null => Ok(None),
                $variant(value) => Ok(Some(value)),
                _ => Err(mismatch()),
            });
            $array(values.collect::<Result<_, _>>()?)
        }};
    }
    Ok(match kind {
        Type::Int => collect!(Value::Int, Array::Ints),
        Type::Text => collect!(Value::Text, Array::Texts),
        Type::Bytes => collect!(Value::Bytes, Array::Bytes),
    })
}

type ToSqlResult = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for Array {
    fn to_sql(&self, ty: &PgType, out: &mut BytesMut) -> ToSqlResult {
        match self {
            Self::Ints(values) => values.to_sql(ty, out),
            Self::Texts(values) => values.to_sql(ty, out),
            Self::Bytes(values) => values.to_sql(ty, out),
        }
    }

    fn accepts(ty: &PgType) -> bool {
        matches!(*ty, PgType::INT8_ARRAY | PgType::TEXT_ARRAY | PgType::BYTEA_ARRAY)
    }

    to_sql_checked!();
}

impl ToSql for Value {
    fn to_sql(&self, ty: &PgType, out: &mut BytesMut) -> ToSqlResult {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *ty == PgType::INT8 => number.to_sql(ty, out),
            Self::Text(text) if *ty == PgType::TEXT => text.to_sql(ty, out),
            Self::Bytes(bytes) if *ty == PgType::BYTEA => bytes.to_sql(ty, out),
            _ => Err(format!("a parameter is not of type {ty}").into()),
        }
    }

    fn accepts(ty: &PgType) -> bool {
        matches!(*ty, PgType::INT8 | PgType::TEXT | PgType::BYTEA)
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::super::{Connection, Db, Mode};
    use super::PostgresConfig;
    use florin_testing::skip;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A server that refuses every connection with this message.
    async fn refusing(code: &str, message: &str) -> String {
        let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
        let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
        let answer = [&b"E"[..], &length, fields.as_bytes()].concat();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut hello = [0; 1_024];
                let greeted = stream.read(&mut hello).await.unwrap();
                assert!(greeted > 0);
                stream.write_all(&answer).await.unwrap();
            }
        });
        format!("postgres://florin:secret@{address}/books")
    }

    #[tokio::test]
    async fn a_refused_connection_says_why() {
        let said = async |url: &str| {
            Db::open_postgres(&PostgresConfig::parse(url).unwrap()).await.unwrap_err().to_string()
        };
        for (code, message) in [
            ("3D000", "database \"books\" does not exist"),
            ("28P01", "password authentication failed for user \"florin\""),
            ("53300", "sorry, too many clients already"),
            ("57P03", "the database system is starting up"),
        ] {
            let said = said(&refusing(code, message).await).await;
            assert_eq!(said, format!("not available: the database: {message} ({code})"));
        }
        // Nobody listens at port 1 of this machine.
        let nobody = said("postgres://florin:secret@127.0.0.1:1/books").await;
        assert!(nobody.contains("Connection refused") && !nobody.contains("secret"), "{nobody}");
        let wrong = PostgresConfig::parse("postgres://h:p/d").unwrap_err().to_string();
        assert!(wrong.contains("port"), "{wrong}");
        let no_url = PostgresConfig::parse("florin:secret@host/books").unwrap_err().to_string();
        assert_eq!(no_url, "the database URL must begin with postgres://");
    }

    #[tokio::test]
    async fn a_refused_release_loses_the_transaction_and_not_the_rows_before_it() {
        if std::env::var("FLORIN_TEST_ENGINE").as_deref() != Ok("postgres") {
            return skip("for PostgreSQL only");
        }
        let url =
            std::env::var("FLORIN_TEST_POSTGRES_URL").expect("FLORIN_TEST_POSTGRES_URL names a cluster");
        let mut db = Db::open_postgres(&PostgresConfig::parse(&url).unwrap()).await.unwrap();
        db.run_script("CREATE TEMPORARY TABLE kept (number bigint)").await.unwrap();
        db.begin(Mode::Write).await.unwrap();
        db.savepoint().await.unwrap();
        db.execute("INSERT INTO kept VALUES (1)", &[]).await.unwrap();
        let Connection::Postgres(pg) = &mut db.connection else { panic!("{db:?}") };
        // In the place of a release that the server refuses: no statement of ours makes it do so.
        pg.frame().unsent.push("SELECT 1 / 0");
        db.savepoint().await.unwrap();
        db.execute("INSERT INTO kept VALUES (2)", &[]).await.unwrap_err();
        db.rollback_to_savepoint().await.unwrap();
        assert!(db.transaction_is_lost(), "it would go on without the first row, which was kept");
        db.rollback().await;
        db.begin(Mode::Write).await.unwrap();
        db.execute("INSERT INTO kept VALUES (3)", &[]).await.unwrap();
        db.commit().await.unwrap();
    }
}

//! The engine of this run, and a database per test: a copy of the template, removed at the end.

use super::template::{Seeds, apart, template};
use florin_store::Place;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// What the platform stores in.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The engine of this run.
pub fn engine() -> Engine {
    match std::env::var("FLORIN_TEST_ENGINE").as_deref() {
        Err(_) | Ok("" | "sqlite") => Engine::Sqlite,
        Ok("postgres") => Engine::Postgres,
        Ok(other) => panic!("FLORIN_TEST_ENGINE is sqlite or postgres, not {other}"),
    }
}

/// The throw-away cluster of this run, by the URL of its first database.
pub fn cluster() -> String {
    std::env::var("FLORIN_TEST_POSTGRES_URL").expect("FLORIN_TEST_POSTGRES_URL names a PostgreSQL cluster")
}

/// The URL of another database of the cluster.
pub fn url_of(database: &str) -> String {
    let cluster = cluster();
    let (server, query) = cluster.split_once('?').unwrap_or((&cluster, ""));
    let (server, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{database}?{query}")
}

/// A connection of the test's own.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL answers");
    tokio::spawn(connection);
    client
}

/// A test's database.
pub enum Database {
    Sqlite { folder: TempDir },
    Postgres { name: String },
}

/// A lock held on all books from outside, until dropped.
pub enum Held {
    Sqlite { _connection: rusqlite::Connection },
    Postgres { _connection: Client },
}

impl Database {
    /// A copy of the template, with two partners in it.
    pub async fn seeded() -> (Self, Seeds) {
        let template = template();
        let database = match engine() {
            Engine::Sqlite => {
                let folder = TempDir::new().expect("a folder");
                std::fs::copy(&template.place, folder.path().join("florin.db"))
                    .expect("the template is copied");
                Self::Sqlite { folder }
            }
            Engine::Postgres => Self::make(&format!("TEMPLATE {}", template.place.display())).await,
        };
        (database, template.seeds.clone())
    }

    /// An empty one.
    pub async fn empty() -> Self {
        match engine() {
            Engine::Sqlite => Self::Sqlite { folder: TempDir::new().expect("a folder") },
            Engine::Postgres => Self::make("").await,
        }
    }

    /// A copy as a dump would be, restored. No platform may be open on it on PostgreSQL.
    pub async fn copy(&self) -> Self {
        match self {
            Self::Sqlite { .. } => {
                let folder = TempDir::new().expect("a folder");
                let to = folder.path().join("florin.db");
                self.tamper(&format!("VACUUM INTO '{}'", to.display())).await;
                Self::Sqlite { folder }
            }
            Self::Postgres { name } => {
                // Readers that a closed store leaves behind.
                let end = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                );
                connect(&cluster()).await.batch_execute(&end).await.expect("nobody else is connected");
                Self::make(&format!("TEMPLATE {name}")).await
            }
        }
    }

    async fn make(how: &str) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("florin_api_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} {how}");
        connect(&cluster()).await.batch_execute(&create).await.expect("a database can be made");
        Self::Postgres { name }
    }

    /// Where it is, for the store.
    pub fn place(&self) -> Place {
        match self {
            Self::Sqlite { .. } => Place::File(self.file()),
            Self::Postgres { name } => Place::Server(url_of(name)),
        }
    }

    fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite { folder } => folder.path().join("florin.db"),
            Self::Postgres { .. } => unreachable!("only SQLite is a file"),
        }
    }

    /// A connection of the test's own to this database of PostgreSQL.
    pub async fn connect(&self) -> Client {
        match self {
            Self::Sqlite { .. } => unreachable!("only PostgreSQL is a server"),
            Self::Postgres { name } => connect(&url_of(name)).await,
        }
    }

    /// Statements of the test's own, past the platform.
    pub async fn tamper(&self, sql: &str) {
        match self {
            Self::Sqlite { .. } => {
                let connection = rusqlite::Connection::open(self.file()).expect("the file opens");
                connection.execute_batch(sql).expect("the statements run");
            }
            Self::Postgres { .. } => {
                self.connect().await.batch_execute(sql).await.expect("the statements run")
            }
        }
    }

    /// One column of bytes, by a statement of the test's own.
    pub async fn bytes(&self, sql: &str) -> Vec<Vec<u8>> {
        match self {
            Self::Sqlite { .. } => {
                let connection = rusqlite::Connection::open(self.file()).expect("the file opens");
                let mut statement = connection.prepare(sql).expect("a statement");
                let rows = statement.query_map([], |row| row.get(0)).expect("rows");
                rows.collect::<Result<_, _>>().expect("bytes")
            }
            Self::Postgres { .. } => {
                let rows = self.connect().await.query(sql, &[]).await.expect("rows");
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// What is on disk of the database, its log included, though nobody may find it there by a statement.
    pub async fn on_disk(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Sqlite { folder } => {
                let files = ["florin.db", "florin.db-wal"].map(|name| folder.path().join(name));
                files.iter().filter_map(|file| std::fs::read(file).ok()).collect()
            }
            Self::Postgres { .. } => {
                self.tamper("CHECKPOINT").await;
                let tables = "SELECT pg_read_binary_file(pg_relation_filepath(oid::regclass)) FROM pg_class \
                              WHERE relkind = 'r' AND relname IN ('holder', 'end_user', 'card', 'command', 'event')";
                let log = "SELECT pg_read_binary_file('pg_wal/' || pg_walfile_name(pg_current_wal_lsn()))";
                [self.bytes(tables).await, self.bytes(log).await].concat()
            }
        }
    }

    /// One number, by a statement of the test's own.
    pub async fn count(&self, sql: &str) -> i64 {
        match self {
            Self::Sqlite { .. } => {
                let connection = rusqlite::Connection::open(self.file()).expect("the file opens");
                connection.query_row(sql, [], |row| row.get(0)).expect("one row")
            }
            Self::Postgres { .. } => self.connect().await.query_one(sql, &[]).await.expect("one row").get(0),
        }
    }

    /// The server processes that serve this database of PostgreSQL, but for the one asked.
    pub async fn backends(&self) -> BTreeSet<i32> {
        let sql =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let rows = self.connect().await.query(sql, &[]).await.expect("rows");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Takes every book from the platform until the answer is dropped: what is sent meanwhile stays in flight.
    pub async fn hold_books(&self) -> Held {
        match self {
            Self::Sqlite { .. } => {
                let connection = rusqlite::Connection::open(self.file()).expect("the file opens");
                connection.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
                Held::Sqlite { _connection: connection }
            }
            Self::Postgres { .. } => {
                let client = self.connect().await;
                client
                    .batch_execute("BEGIN; SELECT id FROM book FOR UPDATE")
                    .await
                    .expect("the books are locked");
                Held::Postgres { _connection: client }
            }
        }
    }

    /// Stops the database. On SQLite, which has no server to stop, a folder stands where the file was.
    pub async fn stop(&self) {
        match self {
            Self::Sqlite { folder } => {
                for name in ["florin.db", "florin.db-wal", "florin.db-shm"] {
                    let (from, to) = (folder.path().join(name), folder.path().join(format!("away-{name}")));
                    if from.exists() {
                        std::fs::rename(from, to).expect("the file is moved away");
                    }
                }
                std::fs::create_dir(self.file()).expect("a folder in its place");
            }
            Self::Postgres { name } => {
                let stop = format!(
                    "ALTER DATABASE {name} ALLOW_CONNECTIONS false; \
                     SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                );
                connect(&cluster()).await.batch_execute(&stop).await.expect("the database is stopped");
            }
        }
    }

    /// Starts it again.
    pub async fn start_again(&self) {
        match self {
            Self::Sqlite { folder } => {
                std::fs::remove_dir(self.file()).expect("the folder goes");
                for name in ["florin.db", "florin.db-wal", "florin.db-shm"] {
                    let (from, to) = (folder.path().join(format!("away-{name}")), folder.path().join(name));
                    if from.exists() {
                        std::fs::rename(from, to).expect("the file is moved back");
                    }
                }
            }
            Self::Postgres { name } => {
                let start = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
                connect(&cluster()).await.batch_execute(&start).await.expect("the database is started");
            }
        }
    }

    /// Removes it, whoever is connected.
    pub async fn remove(mut self) {
        if let Self::Postgres { name } = &mut self {
            drop_database(&std::mem::take(name)).await;
        }
    }
}

async fn drop_database(name: &str) {
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    connect(&cluster()).await.batch_execute(&drop).await.expect("the database is dropped");
}

/// A test that fails does not come to remove its database: it goes all the same.
impl Drop for Database {
    fn drop(&mut self) {
        let Self::Postgres { name } = self else { return };
        if name.is_empty() {
            return;
        }
        let name = std::mem::take(name);
        let removed = std::thread::spawn(move || apart(drop_database(&name))).join();
        if removed.is_err() {
            eprintln!("a test database is left behind");
        }
    }
}

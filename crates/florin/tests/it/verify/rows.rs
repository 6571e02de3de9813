//! A stopped server's database, copied, looked at and changed as somebody with a database shell could.

use crate::support::{Database, Engine, Outcome, Place, Server, engine};
use rusqlite::types::ValueRef;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio_postgres::SimpleQueryMessage;

/// One value, as far as tampering needs to know it.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// A column and the type the engine gave it, in lower case.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub kind: String,
    pub in_key: bool,
}

/// A copy of a server's data that can be spoilt.
pub struct Copy {
    directory: TempDir,
    database: Option<Database>,
}

impl Copy {
    /// Of a server that is stopped.
    pub async fn of(server: &Server) -> Self {
        let directory = tempfile::Builder::new().prefix("florin-copy-").tempdir().expect("a directory");
        copy_files(&server.data_dir(), directory.path());
        let database = match server.database() {
            Some(database) => Some(database.copy().await),
            None => None,
        };
        Self { directory, database }
    }

    /// `florin verify` on the copy.
    pub fn verify(&self) -> Outcome {
        let place = Place { data_dir: self.directory.path(), database: self.database.as_ref() };
        place.command(&["verify"], &[], self.directory.path())
    }

    pub async fn remove(self) {
        if let Some(database) = self.database {
            database.remove().await;
        }
    }

    /// Runs statements one after another, past triggers, checks and foreign keys. Why it was refused, if it
    /// was.
    pub async fn change(&self, table: &str, statements: &[String]) -> Result<(), String> {
        match &self.database {
            None => self.change_sqlite(table, statements).map_err(|error| error.to_string()),
            Some(database) => {
                let client = database.connect().await;
                let all = ["SET session_replication_role = replica".to_owned()];
                for statement in all.iter().chain(statements) {
                    client.batch_execute(statement).await.map_err(|error| format!("{error:?}"))?;
                }
                Ok(())
            }
        }
    }

    fn change_sqlite(&self, table: &str, statements: &[String]) -> rusqlite::Result<()> {
        let database = self.open_sqlite();
        database.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")?;
        let mut triggers =
            database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1")?;
        let names: Vec<String> = triggers.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for name in names {
            database.execute_batch(&format!("DROP TRIGGER \"{name}\""))?;
        }
        statements.iter().try_for_each(|statement| database.execute_batch(statement))
    }

    fn open_sqlite(&self) -> rusqlite::Connection {
        let file = database_file(self.directory.path()).expect("an SQLite database with a journal");
        rusqlite::Connection::open(file).expect("the database opens")
    }

    /// The columns of a table.
    pub async fn columns(&self, table: &str) -> Vec<Column> {
        let query = match engine() {
            Engine::Sqlite => format!("SELECT name, lower(type), pk FROM pragma_table_info('{table}')"),
            Engine::Postgres => format!(
                "SELECT a.attname, format_type(a.atttypid, NULL),
                        coalesce(array_position(i.indkey::int[], a.attnum), -1)
                 FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
                 WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped
                 ORDER BY a.attnum"
            ),
        };
        let none = if engine() == Engine::Sqlite { "0" } else { "-1" };
        let text = |cell: &Cell| match cell {
            Cell::Text(text) => text.clone(),
            Cell::Integer(number) => number.to_string(),
            other => panic!("{other:?} in the catalogue"),
        };
        let column = |row: &Vec<Cell>| {
            let in_key = text(&row[2]) != none;
            Column { name: text(&row[0]), kind: text(&row[1]), in_key }
        };
        let columns: Vec<Column> = self.query(&query).await.iter().map(column).collect();
        assert!(!columns.is_empty(), "there is no table {table}");
        columns
    }

    /// The rows of these columns, in the order of `order`.
    pub async fn rows(&self, table: &str, columns: &[Column], order: &str) -> Vec<Vec<Cell>> {
        let names: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let mut rows =
            self.query(&format!("SELECT {} FROM {table} ORDER BY {order}", names.join(", "))).await;
        for row in &mut rows {
            for (cell, column) in row.iter_mut().zip(columns) {
                *cell = typed(std::mem::replace(cell, Cell::Null), &column.kind);
            }
        }
        rows
    }

    async fn query(&self, query: &str) -> Vec<Vec<Cell>> {
        match &self.database {
            None => self.query_sqlite(query).expect("the query runs"),
            Some(database) => {
                let messages = database.connect().await.simple_query(query).await.expect("the query runs");
                let row = |message: &SimpleQueryMessage| match message {
                    SimpleQueryMessage::Row(row) => {
                        let cell = |place: usize| {
                            row.get(place).map_or(Cell::Null, |text| Cell::Text(text.to_owned()))
                        };
                        Some((0..row.len()).map(cell).collect())
                    }
                    _ => None,
                };
                messages.iter().filter_map(row).collect()
            }
        }
    }

    fn query_sqlite(&self, query: &str) -> rusqlite::Result<Vec<Vec<Cell>>> {
        let database = self.open_sqlite();
        let mut statement = database.prepare(query)?;
        let width = statement.column_count();
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let cell = |place: usize| {
                Ok::<Cell, rusqlite::Error>(match row.get_ref(place)? {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(number) => Cell::Integer(number),
                    ValueRef::Real(number) => Cell::Text(number.to_string()),
                    ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
                })
            };
            found.push((0..width).map(cell).collect::<Result<_, _>>()?);
        }
        Ok(found)
    }
}

/// PostgreSQL answers a simple query in text; this gives it its type back.
fn typed(cell: Cell, kind: &str) -> Cell {
    match cell {
        Cell::Text(text) if kind.contains("int") => Cell::Integer(text.parse().expect("a whole number")),
        Cell::Text(text) if kind == "bytea" => {
            Cell::Blob(hex::decode(text.trim_start_matches("\\x")).expect("bytes in hex"))
        }
        other => other,
    }
}

impl Cell {
    /// As an SQL literal.
    pub fn literal(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Blob(bytes) if engine() == Engine::Sqlite => format!("x'{}'", hex::encode(bytes)),
            Self::Blob(bytes) => format!("'\\x{}'::bytea", hex::encode(bytes)),
        }
    }

    /// Something else of the same type, as close as can be.
    pub fn changed(&self, kind: &str) -> Self {
        match self {
            Self::Null if kind.contains("int") => Self::Integer(1),
            Self::Null if kind.contains("blob") || kind == "bytea" => Self::Blob(vec![0]),
            Self::Null => Self::Text("t".to_owned()),
            Self::Integer(number) => Self::Integer(number ^ 1),
            Self::Text(text) if kind == "boolean" => {
                Self::Text(if text == "t" { "f" } else { "t" }.to_owned())
            }
            Self::Text(text) => {
                let middle = text.chars().count() / 2;
                let other = |letter: char| if letter == 'a' { 'b' } else { 'a' };
                let letters = text.chars().enumerate();
                let text: String = letters
                    .map(|(place, letter)| if place == middle { other(letter) } else { letter })
                    .collect();
                Self::Text(if text.is_empty() { "a".to_owned() } else { text })
            }
            Self::Blob(bytes) if bytes.is_empty() => Self::Blob(vec![0]),
            Self::Blob(bytes) => {
                let mut bytes = bytes.clone();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                Self::Blob(bytes)
            }
        }
    }
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            std::fs::create_dir(&target).expect("a directory");
            copy_files(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// The database among the files of a data directory: the one that has a table `journal`.
pub fn database_file(directory: &Path) -> Option<PathBuf> {
    let has_journal = |path: &PathBuf| {
        let Ok(database) = rusqlite::Connection::open(path) else { return false };
        database.prepare("SELECT 1 FROM journal").is_ok()
    };
    let entries = std::fs::read_dir(directory).expect("a directory").filter_map(Result::ok);
    let mut files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
    files.find(|path| {
        std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0")) && has_journal(path)
    })
}

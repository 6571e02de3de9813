//! The embedded engine. Every call is a plain function; nothing waits but for the file.

use super::{Mode, SetRows, WriteOutcome};
use crate::dialect::{SetStatement, for_sqlite, not_there};
use crate::{Row, StoreError, Value};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, params_from_iter};
use std::collections::HashMap;
use std::fs::{OpenOptions, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// How long to wait for another process that writes (a `florin` command beside the server): longer than any batch of
/// ours takes, shorter than a client's patience.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection: more than there are in the whole program.
const STATEMENT_CACHE: usize = 512;

/// Pages of log before they are copied back into the file (4 KiB each): 40 MiB, so that a steady load checkpoints
/// every few seconds and not in the middle of every batch.
const WAL_CHECKPOINT_PAGES: u32 = 10_000;

/// The length of a log of so many pages, with a header for each, one for all, and room for the batch that goes beyond.
const LOG_BYTES: u64 = 32 + (WAL_CHECKPOINT_PAGES as u64 + 500) * (4096 + 24);

/// Page cache of a connection that writes, in KiB, negative as SQLite wants it: 48 MiB, which it fills only as far as
/// it reads; the writer touches the account pages again and again, and all of a server shall stay below 100 MB.
const CACHE_KIB: i64 = -49_152;

/// That of one that reads: 4 MiB. There are up to a dozen, what they read is mostly read once, and the system keeps the
/// file's pages anyhow.
const READ_CACHE_KIB: i64 = -4_096;

#[derive(Debug)]
pub(super) struct SqliteConnection {
    connection: Connection,
    /// Statements as SQLite spells them, by the address and length of ours (all are constants).
    spelt: HashMap<(usize, usize), String>,
    sets: HashMap<usize, String>,
}

impl SqliteConnection {
    pub(super) fn open(file: &Path, mode: Mode) -> Result<Self, StoreError> {
        let flags = match mode {
            Mode::Inspect => return Self::inspect(file),
            Mode::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            // Opened for writing as well, because the log's index is shared memory; `query_only` forbids the rest.
            Mode::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        if mode == Mode::Create {
            keep_private(file)
                .map_err(|error| StoreError::unavailable(format!("{}: {error}", file.display())))?;
        }
        let connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.pragma_update(None, "wal_autocheckpoint", WAL_CHECKPOINT_PAGES)?;
        let cache = if mode == Mode::Read { READ_CACHE_KIB } else { CACHE_KIB };
        connection.pragma_update(None, "cache_size", cache)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        // Plans never depend on the values bound: else this build of SQLite (STAT4) prepares a statement again whenever
        // one changes, which was measured to cost more than running it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        if mode == Mode::Read {
            connection.pragma_update(None, "query_only", "ON")?;
        }
        Ok(Self { connection, spelt: HashMap::new(), sets: HashMap::new() })
    }

    /// Opens the database for reading without changing a file.
    ///
    /// A shared memory file means that another process has the database open, or was killed: SQLite reads beside it.
    /// Without one nobody has it open, and SQLite would create the files of the log, or fail where it may not. So then
    /// it takes no locks, and reads the log, if there is one, with an index in its own memory.
    fn inspect(file: &Path) -> Result<Self, StoreError> {
        let file = file.canonicalize().map_err(StoreError::unavailable)?;
        let beside = |end: &str| {
            let mut path = file.clone().into_os_string();
            path.push(end);
            std::fs::metadata(path).ok()
        };
        let has_log = beside("-wal").is_some_and(|log| log.len() > 0);
        let (query, is_alone) = match (beside("-shm").is_some(), has_log) {
            (true, _) => ("mode=ro", false),
            (false, true) => ("mode=ro&vfs=unix-none", true),
            (false, false) => ("mode=ro&immutable=1", false),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(format!("{}?{query}", uri_of(&file)), flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        if is_alone {
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        }
        connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(Self { connection, spelt: HashMap::new(), sets: HashMap::new() })
    }

    pub(super) fn is_autocommit(&self) -> bool {
        self.connection.is_autocommit()
    }

    pub(super) fn query(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let sql = spell(&mut self.spelt, sql);
        let mut rows = Vec::new();
        query_into(&self.connection, sql, parameters, &mut rows)?;
        Ok(rows)
    }

    pub(super) fn execute(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, StoreError> {
        let sql = spell(&mut self.spelt, sql);
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.execute(params_from_iter(parameters))? as u64)
    }

    pub(super) fn find_set(
        &mut self,
        set: &'static SetStatement,
        keys: &[Vec<Value>],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = spell_set(&mut self.sets, set);
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            query_into(&self.connection, sql, key, &mut rows)?;
        }
        Ok(rows)
    }

    pub(super) fn write_sets(&mut self, sets: &[SetRows]) -> Result<(), StoreError> {
        for (set, rows) in sets {
            let sql = spell_set(&mut self.sets, set);
            let mut statement = self.connection.prepare_cached(sql)?;
            for row in rows {
                let changed = statement.execute(params_from_iter(row))?;
                if let Some(table) = set.must_change_each()
                    && changed != 1
                {
                    return Err(StoreError::unexpected(not_there(table)));
                }
            }
        }
        Ok(())
    }

    pub(super) fn write_sets_and_commit(&mut self, sets: &[SetRows]) -> WriteOutcome {
        if let Err(error) = self.write_sets(sets) {
            return WriteOutcome::Failed(error);
        }
        match self.run_script("COMMIT") {
            Ok(()) => WriteOutcome::Done,
            // Still open: nothing has come through. Closed with an error: the file has to be asked.
            Err(error) if !self.is_autocommit() => WriteOutcome::Failed(error),
            Err(error) => WriteOutcome::Unknown(error),
        }
    }

    pub(super) fn run_script(&mut self, sql: &str) -> Result<(), StoreError> {
        // The few statements of a transaction's frame are prepared once; a migration is a script of several.
        if sql.contains(';') {
            return Ok(self.connection.execute_batch(sql)?);
        }
        match self.connection.prepare_cached(sql)?.execute([]) {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Err(StoreError::unavailable(format!("{sql}: another process is writing")))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn prepare(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare(&for_sqlite(sql))?;
        Ok(())
    }
}

/// The log of a database at its full length, until this is dropped: the last connection that closes removes it.
#[derive(Debug)]
#[must_use = "without it the log is removed again"]
pub struct ReservedLog(#[expect(dead_code, reason = "it only has to be open")] SqliteConnection);

/// Makes the log beside this database as long as it gets before it is copied back, where it is shorter.
///
/// A commit then writes into a file that does not grow, and its sync (`fdatasync`, which
/// `.cargo/config.toml` has SQLite use) has no change of the file system's own to wait for. Of a log that grows, ext4
/// syncs its journal, and with that whatever any other program is writing: photos, for one.
///
/// # Errors
/// No room, or another process that writes and does not end; the log is as it was.
pub fn reserve_log(file: &Path) -> Result<ReservedLog, StoreError> {
    let mut connection = SqliteConnection::open(file, Mode::Write)?;
    // SQLite keeps it beside the file that a link leads to.
    let mut log = file.canonicalize().map_err(StoreError::unavailable)?.into_os_string();
    log.push("-wal");
    // Nobody else appends to it meanwhile. What follows the frames in use is no frame, so that it is never read.
    connection.run_script("BEGIN IMMEDIATE")?;
    let lengthened = lengthen(Path::new(&log), LOG_BYTES);
    connection.run_script("ROLLBACK")?;
    lengthened.map_err(StoreError::unavailable)?;
    Ok(ReservedLog(connection))
}

/// The mode of the database's files.
const OWNER_ONLY: u32 = 0o600;

/// Lets the owner alone access the database, its log and its shared memory: the file is created so, and SQLite creates
/// the others with its mode. Files of an older version are changed. A file that cannot be changed belongs to somebody
/// else, who decides.
fn keep_private(file: &Path) -> std::io::Result<()> {
    // An existing file is not opened: closing it would release the locks that this process has on the database.
    match OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let file = file.canonicalize()?;
    for end in ["", "-wal", "-shm"] {
        let mut path = file.clone().into_os_string();
        path.push(end);
        match std::fs::set_permissions(&path, Permissions::from_mode(OWNER_ONLY)) {
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Appends zeros up to this length, durably: a hole would have to be filled at each write.
fn lengthen(file: &Path, length: u64) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(file)?;
    let found = file.metadata()?.len();
    let missing = length.saturating_sub(found);
    let written =
        std::io::copy(&mut std::io::repeat(0).take(missing), &mut file).and_then(|_| file.sync_all());
    if written.is_err() {
        file.set_len(found)?;
    }
    written
}

/// The URI of a file, as SQLite reads it: `%`, `?` and `#` would end the path.
fn uri_of(file: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in file.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'_' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn spell<'a>(spelt: &'a mut HashMap<(usize, usize), String>, sql: &'static str) -> &'a str {
    spelt.entry((sql.as_ptr() as usize, sql.len())).or_insert_with(|| for_sqlite(sql))
}

fn spell_set<'a>(spelt: &'a mut HashMap<usize, String>, set: &'static SetStatement) -> &'a str {
    let address = std::ptr::from_ref(set) as usize;
    spelt.entry(address).or_insert_with(|| for_sqlite(&set.row_sql()))
}

fn query_into(
    connection: &Connection,
    sql: &str,
    parameters: &[Value],
    out: &mut Vec<Row>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(parameters))?;
    while let Some(row) = rows.next()? {
        let values: Result<Vec<_>, StoreError> = (0..columns).map(|c| value_of(row.get_ref(c)?)).collect();
        out.push(Row(values?));
    }
    Ok(())
}

fn value_of(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(str::from_utf8(text).map_err(StoreError::unexpected)?.to_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(StoreError::unexpected("a column holds a floating-point number")),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

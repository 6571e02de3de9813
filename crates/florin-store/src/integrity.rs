//! What the engine itself can say of its files, for `florin verify`: whether pages and indexes agree. A changed row
//! that agrees with its indexes is none of its business: that is what chains and seals are for.

use crate::StoreError;
use crate::db::{Db, Mode};
use crate::dialect::Engine;

/// What the engine found.
#[derive(Debug, Default)]
pub(crate) struct Integrity {
    /// What is wrong, in the engine's words.
    pub(crate) findings: Vec<String>,
    /// What could not be looked at.
    pub(crate) notes: Vec<String>,
}

/// SQLite's own check, over all pages, rows and indexes.
const SQLITE_CHECK: &str = "PRAGMA integrity_check(100)";

/// Reads every row of every table whole, long values included: what cannot be read ends it with an error that names the
/// table. `statement_timeout` is lifted before.
const READ_ALL: &str = "DO $$ DECLARE name text; BEGIN \
     FOR name IN SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' \
     AND c.relnamespace = current_schema()::regnamespace ORDER BY 1 LOOP BEGIN \
     EXECUTE format('SELECT COALESCE(SUM(octet_length(t::text)), 0) FROM %I t', name); \
     EXCEPTION WHEN OTHERS THEN RAISE EXCEPTION '%: %', name, SQLERRM; END; END LOOP; END $$";

const HAS_AMCHECK: &str = "SELECT COUNT(*) FROM pg_extension WHERE extname = 'amcheck'";

/// Compares each index of ours with its table. An index that is damaged is an error that names it.
const CHECK_INDEXES: &str = "SELECT COUNT(bt_index_check(i.indexrelid::regclass, true)::text) FROM pg_index i \
     JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree' \
     WHERE c.relnamespace = current_schema()::regnamespace AND i.indisvalid AND i.indisready";

/// Checks the pages of each table of ours.
const CHECK_TABLES: &str = "SELECT (c.relname || ': block ' || v.blkno || ': ' || v.msg)::text FROM pg_class c, \
     LATERAL verify_heapam(c.oid::regclass) v \
     WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace LIMIT 100";

/// Asks the engine. `db` has no open transaction.
pub(crate) async fn check(db: &mut Db, mode: Mode) -> Result<Integrity, StoreError> {
    match db.engine() {
        Engine::Sqlite => sqlite(db),
        Engine::Postgres => postgres(db, mode).await,
    }
}

fn sqlite(db: &mut Db) -> Result<Integrity, StoreError> {
    let mut found = Integrity::default();
    match db.ask_sqlite(SQLITE_CHECK) {
        Ok(lines) => found.findings.extend(lines.into_iter().filter(|line| line != "ok")),
        Err(error) => found.findings.push(error.to_string()),
    }
    Ok(found)
}

async fn postgres(db: &mut Db, mode: Mode) -> Result<Integrity, StoreError> {
    let mut found = Integrity::default();
    if let Err(error) = in_transaction(db, mode, READ_ALL).await {
        refused(error, &mut found)?;
    }
    let rows = in_transaction(db, mode, HAS_AMCHECK).await?;
    if rows.first().is_none_or(|row| row == "0") {
        let note = "the server has no extension amcheck here, so its indexes were not compared with its tables; \
                    CREATE EXTENSION amcheck lets this command do so";
        found.notes.push(note.to_owned());
        return Ok(found);
    }
    for sql in [CHECK_INDEXES, CHECK_TABLES] {
        match in_transaction(db, mode, sql).await {
            Ok(rows) if sql == CHECK_TABLES => found.findings.extend(rows),
            Ok(_) => {}
            Err(error) if error.to_string().contains(MAY_NOT) => {
                found.notes.push(format!("amcheck could not be used: {error}"));
            }
            Err(error) => refused(error, &mut found)?,
        }
    }
    Ok(found)
}

/// SQLSTATE of what the user of the database has no right to.
const MAY_NOT: &str = "(42501)";

/// An error that another try may not meet ends the command; any other is what the engine found.
fn refused(error: StoreError, found: &mut Integrity) -> Result<(), StoreError> {
    match error {
        StoreError::Unavailable(_) => Err(error),
        StoreError::Unexpected(cause) => {
            found.findings.push(cause);
            Ok(())
        }
    }
}

/// The first column of what a statement answers, as text, in a transaction of its own: an error ends it.
async fn in_transaction(db: &mut Db, mode: Mode, sql: &'static str) -> Result<Vec<String>, StoreError> {
    db.begin(mode).await?;
    db.lift_time_limit().await?;
    let lines = db.ask_postgres(sql).await;
    db.rollback().await;
    lines
}

//! Tables, brought up to date at start. Two folders of scripts with the same numbers and names, one per engine; a
//! test holds that both end in the same tables. Each script runs once, in its own transaction, under a lock.

use crate::db::{Db, Mode};
use crate::dialect::{Engine, SetStatement};
use crate::{StoreError, Type, params};

/// A step in the tables' history. Never changed once released.
#[derive(Copy, Clone, Debug)]
pub struct Migration {
    /// Its place in the order: the store's own from 1, the families' from 1001.
    pub number: i64,
    /// Its file, which says what it is about.
    pub name: &'static str,
    /// The script for SQLite.
    pub sqlite: &'static str,
    /// The script for PostgreSQL.
    pub postgres: &'static str,
}

/// A [`Migration`] from the files `migrations/{sqlite,postgres}/NNNN_name.sql` of the calling crate.
#[macro_export]
macro_rules! migration {
    ($number:literal, $file:literal) => {
        $crate::Migration {
            number: $number,
            name: $file,
            sqlite: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite/", $file, ".sql")),
            postgres: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/migrations/postgres/",
                $file,
                ".sql"
            )),
        }
    };
}

/// The store's own.
pub(crate) const OWN: &[Migration] = &[
    migration!(1, "0001_foundation"),
    migration!(2, "0002_job_lanes"),
    migration!(3, "0003_job_attempts"),
    migration!(4, "0004_holder_seals"),
];

/// Makes the table of what has run. Types are spelt per engine, so that both know the same statement.
const HISTORY: (&str, &str) = (
    "CREATE TABLE IF NOT EXISTS migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS migration (number BIGINT NOT NULL PRIMARY KEY, name TEXT COLLATE \"C\" NOT NULL)",
);

pub(crate) const APPLIED: &str = "SELECT number FROM migration ORDER BY number";
pub(crate) const APPLY: &str = "INSERT INTO migration (number, name) VALUES ($1, $2)";

/// The number under which migrating is locked on PostgreSQL; on SQLite the transaction is the lock.
const LOCK_NUMBER: i64 = 0x006d_6967_7261_7465;
pub(crate) static LOCK: SetStatement = SetStatement::Find {
    row: "SELECT $1",
    set: "SELECT 0::bigint FROM unnest($1::bigint[]) AS v(n), pg_advisory_xact_lock(v.n)",
    parameters: &[Type::Int],
};

/// Runs what has not run yet: several processes may start at once.
pub(crate) async fn migrate(db: &mut Db, of_families: &[Migration]) -> Result<(), StoreError> {
    db.begin(Mode::Write).await?;
    db.find_set(&LOCK, vec![params![LOCK_NUMBER].to_vec()]).await?;
    let engine = db.engine();
    db.run_script(if engine == Engine::Sqlite { HISTORY.0 } else { HISTORY.1 }).await?;
    let rows = db.query(APPLIED, &[]).await?;
    let applied: Vec<i64> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    let known: Vec<&Migration> = OWN.iter().chain(of_families).collect();
    if let Some(unknown) = applied.iter().find(|number| known.iter().all(|m| m.number != **number)) {
        return Err(StoreError::unexpected(format!(
            "the data was written by a newer version (migration {unknown} is unknown here): upgrade this one"
        )));
    }
    for migration in known.into_iter().filter(|m| !applied.contains(&m.number)) {
        tracing::info!(number = migration.number, name = migration.name, "migrating the tables");
        db.run_script(if engine == Engine::Sqlite { migration.sqlite } else { migration.postgres }).await?;
        db.execute(APPLY, &params![migration.number, migration.name]).await?;
    }
    db.commit().await
}

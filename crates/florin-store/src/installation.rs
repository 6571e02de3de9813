//! What the data say of the installation that they belong to: what it is for, and a check of its master key. The key
//! itself is never kept with the data, so that the database alone opens nothing that is sealed in it.
//!
//! The check tells too whether rows are sealed (see `seal`), and so does the seal of each book. Rows from before seals
//! are sealed once, and only where the check and every book are from before: who has not the master key can make
//! neither. Who has them from an old backup gains nothing by putting them back: each sealing has an id of its own,
//! which the check covers, so what one sealed does not fit another's books and rows.

use crate::book::{Book, LAST_BOOK, LOCK_BOOK_NUMBERS, READ_BOOKS, RESEAL_BOOK};
use crate::db::{Db, Mode};
use crate::dialect::{Engine, SetStatement};
use crate::seal::{RowSeals, SealedTable, seal_rows};
use crate::store::{ADMINISTRATION_LOCK, chain_key};
use crate::{BookId, Options, StoreError, Type, params};
use florin_ledger::ChainKey;
use florin_types::{VaultMark, uuid_v7};

pub(crate) const READ_SETTING: &str = "SELECT value FROM installation WHERE name = $1";
pub(crate) const WRITE_SETTING: &str = "INSERT INTO installation (name, value) VALUES ($1, $2)";
pub(crate) const CHANGE_SETTING: &str = "UPDATE installation SET value = $2 WHERE name = $1";
pub(crate) const DELETE_SETTING: &str = "DELETE FROM installation WHERE name = $1";
pub(crate) const SET_SETTING: &str = "INSERT INTO installation (name, value) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value";
pub(crate) const REPLACE_SETTING: &str = "UPDATE installation SET value = $2 WHERE name = $1 AND value = $3";

/// The setting that holds the [`VaultMark`].
pub(crate) const VAULT_MARK: &str = "vault_mark";

/// The setting that holds the newest time that a process believed.
pub(crate) const KNOWN_TIME: &str = "known_time";

/// The setting that holds the time to which an operator set the clock right.
pub(crate) const REPAIRED_TIME: &str = "repaired_time";

/// The setting that holds a check of the master key.
const MASTER_KEY_CHECK: &str = "master_key_check";

/// Which of these tables are there.
pub(crate) static FIND_TABLES: SetStatement = SetStatement::Find {
    row: "SELECT name FROM sqlite_master WHERE type = 'table' AND name = $1",
    set: "SELECT v.name FROM unnest($1::text[]) AS v(name) WHERE to_regclass(v.name) IS NOT NULL",
    parameters: &[Type::Text],
};

/// What data tell of the master key that they were made with.
#[derive(Clone, PartialEq, Eq)]
pub enum KeptKey {
    /// Nothing: no key was ever used here.
    Nothing,
    /// A check, by which another key is refused.
    Check,
    /// The key itself, as older versions kept it in a sandbox. Opening the data with it removes it there.
    Whole([u8; 32]),
}

/// Why data could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// They were made with another key.
    #[error("this data was made with another master key")]
    WrongMasterKey,
    /// A version before seals wrote them last, and this process may not seal their rows.
    #[error(
        "an older version wrote this database last: start the server of this version once, which seals its rows"
    )]
    NotSealed,
    /// Anything else.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks that the data are of this environment and key, or makes them so when they are new.
pub(crate) async fn settle(db: &mut Db, options: &Options) -> Result<RowSeals, OpenError> {
    db.begin(Mode::Write).await?;
    match settle_in_transaction(db, options).await {
        Ok(seals) => {
            db.commit().await?;
            Ok(seals)
        }
        Err(error) => {
            db.rollback().await;
            Err(error)
        }
    }
}

async fn settle_in_transaction(db: &mut Db, options: &Options) -> Result<RowSeals, OpenError> {
    // Several processes may start at once on an empty database.
    db.find_set(&LOCK_BOOK_NUMBERS, vec![params![ADMINISTRATION_LOCK].to_vec()]).await?;
    let environment = options.environment;
    match setting(db, "environment").await? {
        Some(found) if found != environment.as_bytes() => {
            let found = String::from_utf8_lossy(&found);
            let said =
                format!("this data belongs to a {found} installation and can't be opened as {environment}");
            return Err(StoreError::Unexpected(said).into());
        }
        Some(_) => {}
        None => {
            db.execute(WRITE_SETTING, &params!["environment", environment.as_bytes()]).await?;
        }
    }
    let seals = match (key_of(db, &options.master_key).await?, setting(db, MASTER_KEY_CHECK).await?) {
        (None, Some(_)) => return Err(OpenError::WrongMasterKey),
        (None, None) => start_anew(db, options).await?,
        (Some(Rows::Sealed(seals)), _) => seals,
        (Some(Rows::FromBefore), _) if !options.may_seal => return Err(OpenError::NotSealed),
        (Some(Rows::FromBefore), _) => {
            let (check, seals) = new_seals(options);
            reseal_books(db, &chain_key(&options.master_key), &seals).await?;
            seal_all(db, &seals, options.sealed).await?;
            db.execute(CHANGE_SETTING, &params![MASTER_KEY_CHECK, check]).await?;
            seals
        }
    };
    if setting(db, VAULT_MARK).await?.is_none() {
        let draw = || uuid_v7(options.clock.now(), &*options.entropy);
        let raised_at = options.clock.now();
        let mark = VaultMark { installation: draw(), epoch: 0, draw: draw(), raised_at };
        db.execute(WRITE_SETTING, &params![VAULT_MARK, mark.to_string().into_bytes()]).await?;
    }
    forget_master_key(db).await?;
    Ok(seals)
}

/// The check and the seals of a new sealing.
fn new_seals(options: &Options) -> (Vec<u8>, RowSeals) {
    let mut sealing = [0; 16];
    options.entropy.fill(&mut sealing);
    (sealed_check(&options.master_key, &sealing), RowSeals::new(&options.master_key, &sealing))
}

/// Writes the check of new data. Data that have books but no check are no new ones: somebody took it away.
async fn start_anew(db: &mut Db, options: &Options) -> Result<RowSeals, OpenError> {
    let books: i64 = db.query_one(LAST_BOOK, &[]).await?.map_or(Ok(0), |row| row.get(0))?;
    if books > 0 {
        let said = "the check of the master key is missing from this data: restore it from a backup";
        return Err(StoreError::unexpected(said).into());
    }
    let (check, seals) = new_seals(options);
    db.execute(WRITE_SETTING, &params![MASTER_KEY_CHECK, check]).await?;
    Ok(seals)
}

/// Seals the books of a database from before seals as those of a sealed one.
async fn reseal_books(db: &mut Db, old: &ChainKey, seals: &RowSeals) -> Result<(), StoreError> {
    let mut after = BookId(0);
    loop {
        let rows = db.query(READ_BOOKS, &params![after]).await?;
        let books = rows.iter().map(Book::from_row).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = books.last() else { return Ok(()) };
        after = last.id;
        if let Some(other) = books.iter().find(|book| book.seal != book.old_seal_of_heads(old)) {
            let book = other.id.0;
            let said = format!(
                "the check of the master key says that rows are from before seals, but book {book} does not: \
                 somebody changed this database; restore it from a backup"
            );
            return Err(StoreError::Unexpected(said));
        }
        let sealed = books.iter().map(|book| params![book.id, book.seal_of_heads(seals)].to_vec());
        db.write_sets(vec![(&RESEAL_BOOK, sealed.collect())]).await?;
    }
}

/// Seals every row of a database from before seals.
async fn seal_all(
    db: &mut Db,
    seals: &RowSeals,
    of_families: &[&'static SealedTable],
) -> Result<(), StoreError> {
    for table in sealed_tables(of_families) {
        let rows = seal_rows(db, seals, table).await?;
        if rows > 0 {
            tracing::warn!(table = table.name, rows, "sealed the rows of a database from before seals");
        }
    }
    Ok(())
}

/// All tables with seals: the store's own, then those of the families.
pub(crate) fn sealed_tables(
    of_families: &[&'static SealedTable],
) -> impl Iterator<Item = &'static SealedTable> {
    [&crate::holder::SEALED].into_iter().chain(of_families.iter().copied())
}

/// Whether the rows of some data are sealed.
pub(crate) enum Rows {
    Sealed(RowSeals),
    /// A version before seals wrote them last.
    FromBefore,
}

/// Whether a version before seals wrote the data last. Data of another key are not looked at.
pub(crate) async fn is_from_before(db: &mut Db, key: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(has_settings(db).await? && matches!(key_of(db, key).await?, Some(Rows::FromBefore)))
}

/// Whether this is the key that the data were made with, and whether their rows are sealed.
async fn key_of(db: &mut Db, key: &[u8; 32]) -> Result<Option<Rows>, StoreError> {
    let Some(check) = setting(db, MASTER_KEY_CHECK).await? else { return Ok(None) };
    if check == master_key_check(key) {
        return Ok(Some(Rows::FromBefore));
    }
    let sealing = check.first_chunk().filter(|sealing| check == sealed_check(key, sealing));
    Ok(sealing.map(|sealing| Rows::Sealed(RowSeals::new(key, sealing))))
}

/// Who opens the data has the key from elsewhere: what a version before kept of it goes.
async fn forget_master_key(db: &mut Db) -> Result<(), StoreError> {
    if db.engine() == Engine::Sqlite {
        // Else the bytes stay in the file, in what counts as free.
        db.run_script("PRAGMA secure_delete = ON;").await?;
    }
    if db.execute(DELETE_SETTING, &params!["master_key"]).await? > 0 {
        tracing::warn!("the database no longer holds the master key; copies of it made before still do");
    }
    Ok(())
}

/// What the data tell of their key, changing nothing. An empty database tells nothing.
pub(crate) async fn kept_master_key(db: &mut Db) -> Result<KeptKey, StoreError> {
    if !has_settings(db).await? {
        return Ok(KeptKey::Nothing);
    }
    if let Some(key) = setting(db, "master_key").await? {
        let key = key.try_into().map_err(|_| StoreError::unexpected("the kept master key is damaged"))?;
        return Ok(KeptKey::Whole(key));
    }
    Ok(match setting(db, MASTER_KEY_CHECK).await? {
        Some(_) => KeptKey::Check,
        None => KeptKey::Nothing,
    })
}

/// Checks that this is the key that the data were made with; whether their rows are sealed.
pub(crate) async fn check_master_key(db: &mut Db, key: &[u8; 32]) -> Result<Rows, OpenError> {
    if !has_settings(db).await? {
        return Err(StoreError::unexpected("there is no Florin data here").into());
    }
    key_of(db, key).await?.ok_or(OpenError::WrongMasterKey)
}

/// Tells keys apart without keeping the key, in data from before seals.
fn master_key_check(key: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("florin 2026 master key check v1", key)
}

/// The same in data whose rows are sealed: the id of the sealing, then a hash over it.
fn sealed_check(key: &[u8; 32], sealing: &[u8; 16]) -> Vec<u8> {
    let secret = [&key[..], sealing].concat();
    let hash = blake3::derive_key("florin 2026 master key check v2, rows are sealed", &secret);
    [&sealing[..], &hash].concat()
}

async fn has_settings(db: &mut Db) -> Result<bool, StoreError> {
    Ok(!db.find_set(&FIND_TABLES, vec![params!["installation"].to_vec()]).await?.is_empty())
}

async fn setting(db: &mut Db, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    db.query_one(READ_SETTING, &params![name]).await?.map(|row| row.get(0)).transpose()
}

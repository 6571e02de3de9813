//! What the data say of the installation that they belong to: what it is for, and a check of its master key. The key
//! itself is never kept with the data, so that the database alone opens nothing that is sealed in it.

use crate::book::LOCK_BOOK_NUMBERS;
use crate::db::{Db, Mode};
use crate::dialect::{Engine, SetStatement};
use crate::store::ADMINISTRATION_LOCK;
use crate::{Options, StoreError, Type, params};
use florin_types::{VaultMark, uuid_v7};

pub(crate) const READ_SETTING: &str = "SELECT value FROM installation WHERE name = $1";
pub(crate) const WRITE_SETTING: &str = "INSERT INTO installation (name, value) VALUES ($1, $2)";
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
    /// Anything else.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks that the data are of this environment and key, or makes them so when they are new.
pub(crate) async fn settle(db: &mut Db, options: &Options) -> Result<(), OpenError> {
    db.begin(Mode::Write).await?;
    match settle_in_transaction(db, options).await {
        Ok(()) => Ok(db.commit().await?),
        Err(error) => {
            db.rollback().await;
            Err(error)
        }
    }
}

async fn settle_in_transaction(db: &mut Db, options: &Options) -> Result<(), OpenError> {
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
    let check = master_key_check(&options.master_key);
    match setting(db, "master_key_check").await? {
        Some(found) if found != check => return Err(OpenError::WrongMasterKey),
        Some(_) => {}
        None => {
            db.execute(WRITE_SETTING, &params!["master_key_check", check]).await?;
        }
    }
    if setting(db, VAULT_MARK).await?.is_none() {
        let draw = || uuid_v7(options.clock.now(), &*options.entropy);
        let raised_at = options.clock.now();
        let mark = VaultMark { installation: draw(), epoch: 0, draw: draw(), raised_at };
        db.execute(WRITE_SETTING, &params![VAULT_MARK, mark.to_string().into_bytes()]).await?;
    }
    Ok(forget_master_key(db).await?)
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
    Ok(match setting(db, "master_key_check").await? {
        Some(_) => KeptKey::Check,
        None => KeptKey::Nothing,
    })
}

/// Whether this is the key that the data were made with.
pub(crate) async fn check_master_key(db: &mut Db, key: &[u8; 32]) -> Result<(), OpenError> {
    if !has_settings(db).await? {
        return Err(StoreError::unexpected("there is no Florin data here").into());
    }
    match setting(db, "master_key_check").await? {
        Some(check) if check == master_key_check(key) => Ok(()),
        _ => Err(OpenError::WrongMasterKey),
    }
}

/// Tells keys apart without keeping the key.
fn master_key_check(key: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("florin 2026 master key check v1", key)
}

async fn has_settings(db: &mut Db) -> Result<bool, StoreError> {
    Ok(!db.find_set(&FIND_TABLES, vec![params!["installation"].to_vec()]).await?.is_empty())
}

async fn setting(db: &mut Db, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    db.query_one(READ_SETTING, &params![name]).await?.map(|row| row.get(0)).transpose()
}

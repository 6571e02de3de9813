//! Objects of the vault that no row knows are removed: what crashed between the file and its row leaves one, and what
//! failed to be removed at its time.

use super::ownership::{is_known, is_older, raise, require};
use crate::kit::app::App;
use crate::kit::request::upload::vault_fault;
use florin_store::{Row, StoreError};
use florin_vault::ObjectName;
use futures_util::TryStreamExt;
use std::pin::pin;
use std::time::Duration;
use uuid::Uuid;

/// How often. Nothing waits for it.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// How old an object must be. An upload and its command take ten minutes at the very most: an object that has no row
/// after an hour never gets one, even if another process's clock is off by half of that.
pub const SWEEP_AGE: Duration = Duration::from_secs(60 * 60);

/// How long before the database raised the vault's epoch last an object must have been made. A copy of a database
/// raises nothing, so that what the original stored since, and half an hour before, is never swept by the copy. An
/// upload takes no longer (see `receive.rs`).
const BEFORE_RAISE: Duration = Duration::from_secs(30 * 60);

/// Objects removed at a time.
const BATCH: usize = 100;

/// What a sweep did.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects looked at.
    pub objects: u64,
    /// Objects that no row knew, and that are gone now.
    pub removed: u64,
}

/// Sweeps until dropped.
pub async fn work(app: App) {
    let mut ticks = tokio::time::interval(INTERVAL);
    // Not at the start: nothing that crashed just now is old enough.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match sweep(&app, SWEEP_AGE).await {
            Ok(Swept { removed: 0, .. }) => {}
            Ok(Swept { objects, removed }) => {
                tracing::info!(objects, removed, "removed files that no row knew")
            }
            Err(error) => tracing::warn!(%error, "could not sweep the vault"),
        }
    }
}

/// Removes objects of at least this age that no row knows, if the vault is this database's.
///
/// An age below [`SWEEP_AGE`] says that no server runs: then the epoch is raised first, and all that is old enough
/// goes.
///
/// # Errors
/// When vault or database is away, or the vault is not this database's.
pub async fn sweep(app: &App, age: Duration) -> Result<Swept, StoreError> {
    let mut mark = require(app).await?;
    if age < SWEEP_AGE {
        raise(app, &mark).await?;
        mark = require(app).await?;
    }
    let made_before = mark.raised_at.saturating_sub(age.min(BEFORE_RAISE));
    let mut swept = Swept::default();
    let mut unknown = Vec::new();
    let mut objects = pin!(app.vault.list());
    while let Some(name) = objects.try_next().await.map_err(vault_fault)? {
        swept.objects += 1;
        let is_old = name.made_at() <= made_before && is_older(app, name, age);
        if is_old && !is_known(app, name).await? {
            unknown.push(name);
        }
    }
    swept.removed = unknown.len() as u64;
    for names in unknown.chunks(BATCH) {
        app.vault.remove(names).await.map_err(vault_fault)?;
    }
    Ok(swept)
}

/// Removes the objects of a user that was erased: rows of `store::NAMES`.
pub async fn remove_objects(app: &App, rows: &[Row]) -> Result<(), StoreError> {
    let names: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    let names: Vec<_> = names.into_iter().filter_map(ObjectName::new).collect();
    discard(app, &names).await;
    Ok(())
}

/// Removes objects that no row knows any more. What fails here is left to the sweep.
pub(super) async fn discard(app: &App, names: &[ObjectName]) {
    if names.is_empty() {
        return;
    }
    if let Err(error) = app.vault.remove(names).await {
        tracing::warn!(%error, "could not remove files; the sweep will");
    }
}

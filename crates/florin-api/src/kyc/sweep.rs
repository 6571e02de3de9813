//! Objects of the vault that no row knows are removed: what crashed between the file and its row leaves one, and what
//! failed to be removed at its time. And the other way round, for operators: rows whose object is gone or damaged.

use super::store;
use crate::kit::app::App;
use crate::kit::request::upload::vault_fault;
use florin_store::{Row, StoreError, params};
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

/// Unknown objects that crashes explain: some of each of a few dozen, even in a bad week.
const MANY: u64 = 100;

/// How many more they may be than the known ones, when they are many.
const MANY_TIMES: u64 = 10;

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
    // Not at the start: who mistook one database or vault for another has an hour to notice.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match sweep(&app, SWEEP_AGE, false).await {
            Ok(Swept { removed: 0, .. }) => {}
            Ok(Swept { objects, removed }) => {
                tracing::info!(objects, removed, "removed files that no row knew")
            }
            Err(error) => tracing::warn!(%error, "could not sweep the vault"),
        }
    }
}

/// Removes objects of at least this age that no row knows. Where they are many and little is known, the database and
/// the vault may not belong together: then nothing is removed, unless `even_many`.
pub async fn sweep(app: &App, age: Duration, even_many: bool) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    let mut unknown = Vec::new();
    let mut objects = pin!(app.vault.list());
    while let Some(name) = objects.try_next().await.map_err(vault_fault)? {
        swept.objects += 1;
        let is_old = app.wall().saturating_since(name.made_at()) >= age;
        if is_old && app.store.look(store::IS_KNOWN, &params![name.uuid()]).await?.is_empty() {
            unknown.push(name);
        }
    }
    swept.removed = unknown.len() as u64;
    let known = swept.objects - swept.removed;
    if !even_many && swept.removed > MANY && swept.removed > MANY_TIMES * known {
        return Err(StoreError::unexpected(format!(
            "{} of the vault's {} files are unknown to this database: does it belong to another? Nothing was removed; \
             if it is right, run florin vault sweep --even-many",
            swept.removed, swept.objects
        )));
    }
    for names in unknown.chunks(BATCH) {
        app.vault.remove(names).await.map_err(vault_fault)?;
    }
    Ok(swept)
}

/// Removes the objects of a user that was erased: rows of [`store::NAMES`].
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

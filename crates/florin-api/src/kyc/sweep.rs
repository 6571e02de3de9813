//! Objects of the vault that no row knows are removed: what crashed between the file and its row leaves one, and what
//! failed to be removed at its time. And the other way round, for operators: rows whose object is gone or damaged.

use super::receive::discard;
use super::store;
use crate::kit::app::App;
use crate::kit::upload::vault_fault;
use florin_store::{Job, StoreError, params};
use florin_vault::ObjectName;
use futures_util::TryStreamExt;
use std::pin::pin;
use std::time::Duration;

/// How often. Nothing waits for it.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// How old an object must be. An upload and its command take ten minutes at the very most: an object that has no row
/// after an hour never gets one, even if another process's clock is off by half of that.
pub const SWEEP_AGE: Duration = Duration::from_secs(60 * 60);

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

/// Removes objects of at least this age that no row knows.
pub async fn sweep(app: &App, age: Duration) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    let mut unknown = Vec::new();
    let mut objects = pin!(app.vault.list());
    while let Some(name) = objects.try_next().await.map_err(vault_fault)? {
        swept.objects += 1;
        let is_old = app.wall().saturating_since(name.made_at()) >= age;
        if is_old && app.store.look(store::IS_KNOWN, &params![name.uuid()]).await?.is_empty() {
            unknown.push(name);
            swept.removed += 1;
        }
        if unknown.len() >= BATCH {
            app.vault.remove(&std::mem::take(&mut unknown)).await.map_err(vault_fault)?;
        }
    }
    app.vault.remove(&unknown).await.map_err(vault_fault)?;
    Ok(swept)
}

/// The objects of a user that is being erased, before the rows that name them go.
pub async fn objects_of(app: &App, job: &Job) -> Result<Vec<ObjectName>, StoreError> {
    // An erasure's job carries the handle alone.
    let handle = String::from_utf8_lossy(&job.payload).into_owned();
    let mut snapshot = app.store.snapshot(job.position.book()).await?;
    let Some(holder) = snapshot.holder(&handle).await? else { return Ok(Vec::new()) };
    Ok(store::files(&mut snapshot, holder.id).await?.into_iter().map(|file| file.name).collect())
}

/// Removes them after those rows went.
pub async fn remove_objects(app: &App, names: &[ObjectName]) {
    discard(app, names).await;
}

//! What is done now and then: in every book, answers that were kept long enough are dropped, and rows of families that
//! nobody needs any more; of every key, its last use is noted.

use crate::kit::app::App;
use crate::kit::book::api_keys;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::registry::BOOKS;
use crate::kit::book::work::Work;
use florin_store::{BookId, StoreError, params};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often. Keys live for 30 days: some minutes more do not matter.
const INTERVAL: Duration = Duration::from_secs(600);

/// How often it is looked whether a key was used for the first time: as soon as an operator looks again.
const FIRST_USES: Duration = Duration::from_secs(5);

/// How long families keep rows that have ended: whoever looks into a refusal finds, for a day, what it was about.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Keeps house until dropped.
pub async fn work(app: App) {
    let (mut ticks, mut first_uses) = (tokio::time::interval(INTERVAL), tokio::time::interval(FIRST_USES));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = first_uses.tick() => {
                note_first_uses(&app).await;
                continue;
            }
        }
        if let Err(error) = prune(&app).await {
            tracing::warn!(%error, "could not drop what is outlived");
        }
        note_uses(&app).await;
    }
}

/// Notes when keys were used last, since this was done before: a write per key and `INTERVAL`. Uses that cannot be
/// noted are forgotten.
pub async fn note_uses(app: &App) {
    note(app, false).await;
}

/// The same for keys that have no use noted alone: a write per key.
pub async fn note_first_uses(app: &App) {
    note(app, true).await;
}

async fn note(app: &App, only_first: bool) {
    if let Err(error) = api_keys::note_uses(&app.store, &app.keys.take_uses(only_first)).await {
        tracing::warn!(%error, "could not note when keys were used");
    }
}

/// Drops what is outlived in every partner's book, a bounded number of rows per transaction.
pub async fn prune(app: &App) -> Result<(), StoreError> {
    let mut after = BookId(0);
    loop {
        let rows = app.store.look(BOOKS, &params![after]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            after = row.get(0)?;
            while prune_book(app, after).await? {}
        }
    }
}

/// Whether there was anything to drop.
async fn prune_book(app: &App, book: BookId) -> Result<bool, StoreError> {
    let pruned = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&pruned);
    let command = async move |work: &mut Work<'_>| {
        let mut dropped = u64::try_from(work.prune_keys().await?).unwrap_or(u64::MAX);
        let before = work.now().saturating_sub(KEPT);
        for statement in work.app().families().iter().flat_map(|family| family.outlived) {
            dropped = dropped.saturating_add(work.execute(statement, &params![before]).await?);
        }
        seen.store(dropped > 0, Ordering::Relaxed);
        Ok(())
    };
    run_inside(app, book, Vec::new(), command).await?;
    Ok(pruned.load(Ordering::Relaxed))
}

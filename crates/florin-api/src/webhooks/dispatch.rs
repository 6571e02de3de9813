//! Which endpoints have something to be sent, and a courier for each. Every process looks; an endpoint's lease says who
//! delivers.

use super::courier::{self, Courier};
use super::store::{has_unattempted, with_work};
use crate::kit::app::App;
use florin_store::{BookId, StoreError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often endpoints are looked for: far below the second within which a first attempt is wanted.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// How long a courier without work stays: whoever pays once is likely to pay again.
const LINGER: Duration = Duration::from_secs(5);

/// How long an endpoint is left alone after something went wrong with it here: long enough that a fault that stays is
/// no load, below what a partner would notice of one that does not.
const PAUSE: Duration = Duration::from_secs(1);

/// How often [`attempt_due`] looks whether what is due was attempted: below the time that it takes to settle an
/// attempt.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// A courier's name in the list of those that are out.
struct Out {
    app: App,
    book: BookId,
}

impl Out {
    /// None: there is one out already.
    fn of(app: &App, book: BookId) -> Option<Self> {
        app.outgoing.enter(book).then(|| Self { app: app.clone(), book })
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        self.app.outgoing.leave(self.book);
    }
}

/// Delivers until the server stops; then what is under way is settled and the endpoints are let go.
pub async fn work(app: App) {
    let mut couriers = JoinSet::new();
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !app.is_stopping() {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stopped() => break,
        }
        while couriers.try_join_next().is_some() {}
        if !app.may_write() {
            // An attempt could not be settled, and would be made again and again.
            continue;
        }
        match with_work(&app.store, app.wall(), app.outgoing.owner).await {
            Ok(books) => {
                for out in books.into_iter().filter_map(|book| Out::of(&app, book)) {
                    couriers.spawn(async move {
                        if !run(&out, LINGER).await {
                            let _ = tokio::time::timeout(PAUSE, out.app.stopped()).await;
                        }
                    });
                }
            }
            Err(error) => tracing::warn!(%error, "could not look for webhooks to deliver"),
        }
    }
    while couriers.join_next().await.is_some() {}
    // Those of `attempt_due` too.
    app.outgoing.all_left().await;
}

/// False: it went wrong, and may soon again.
async fn run(out: &Out, linger: Duration) -> bool {
    let result = match Courier::claim(out.app.clone(), out.book).await {
        Ok(Some(courier)) => courier::deliver(courier, linger).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    result
        .inspect_err(|error| tracing::warn!(%error, book = out.book.0, "gave up delivering for now"))
        .is_ok()
}

/// Attempts each webhook of a book once that is due: every event until now, and every retry whose time has come. It
/// returns when the attempts are settled, or after the operator's `webhook_patience`; then they go on without it.
pub async fn attempt_due(app: &App, book: BookId) -> Result<(), StoreError> {
    let last_event = app.store.snapshot(book).await?.book_row().last_event();
    let attempts = async {
        while !app.is_stopping() {
            let mut snapshot = app.store.snapshot(book).await?;
            let now = snapshot.book_row().now(app.wall());
            // A reset has taken the endpoint to another book meanwhile.
            if snapshot.book() != book || !has_unattempted(&mut snapshot, last_event, now).await? {
                break;
            }
            drop(snapshot);
            match Out::of(app, book) {
                // A task of its own: it ends in good order even if nobody waits for it any more.
                Some(out) => {
                    let courier = tokio::spawn(async move { run(&out, Duration::ZERO).await });
                    courier.await.map_err(StoreError::unexpected)?;
                }
                None => app.store.event_bell(book).notify_waiters(),
            }
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
        Ok(())
    };
    tokio::time::timeout(app.settings.webhook_patience, attempts).await.unwrap_or(Ok(()))
}

/// Delivers what is due now, and returns when nothing is left: for tests and single commands.
pub async fn deliver_now(app: &App) -> Result<(), StoreError> {
    for book in with_work(&app.store, app.wall(), app.outgoing.owner).await? {
        if let Some(out) = Out::of(app, book) {
            run(&out, Duration::ZERO).await;
        }
    }
    Ok(())
}

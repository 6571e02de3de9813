//! Which endpoints have something to be sent, and a courier for each. Every process looks; an endpoint's lease says who
//! delivers.

use super::courier::{self, Courier};
use super::store::with_work;
use crate::kit::app::App;
use florin_store::{BookId, StoreError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often endpoints are looked for: far below the second within which a first attempt is wanted.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// How long a courier without work stays: whoever pays once is likely to pay again.
const LINGER: Duration = Duration::from_secs(5);

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
        match with_work(&app.store, app.wall(), app.outgoing.owner).await {
            Ok(books) => {
                for out in books.into_iter().filter_map(|book| Out::of(&app, book)) {
                    couriers.spawn(run(out, LINGER));
                }
            }
            Err(error) => tracing::warn!(%error, "could not look for webhooks to deliver"),
        }
    }
    while couriers.join_next().await.is_some() {}
}

async fn run(out: Out, linger: Duration) {
    let (app, book) = (out.app.clone(), out.book);
    match Courier::claim(app, book).await {
        Ok(Some(courier)) => courier::deliver(courier, linger).await,
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, book = book.0, "could not take over an endpoint"),
    }
}

/// Delivers what is due now, and returns when nothing is left: for tests and single commands.
pub async fn deliver_now(app: &App) -> Result<(), StoreError> {
    for book in with_work(&app.store, app.wall(), app.outgoing.owner).await? {
        if let Some(out) = Out::of(app, book) {
            run(out, Duration::ZERO).await;
        }
    }
    Ok(())
}

//! Calls that wait until there is something to answer.

use super::app::App;
use super::shares::Place;
use florin_store::BookId;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Sleep, sleep, timeout};

/// How often a waiting call looks for what other processes wrote; its own process rings a bell.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// One call's wait.
pub struct LongPoll<'a> {
    app: &'a App,
    book: BookId,
    wait: Duration,
    patience: Pin<Box<Sleep>>,
    place: Option<Place>,
}

impl<'a> LongPoll<'a> {
    /// From now on, for so long; `book` is the partner whose share of the places it takes.
    pub fn new(app: &'a App, book: BookId, wait: Duration) -> Self {
        Self { app, book, wait, patience: Box::pin(sleep(wait)), place: None }
    }

    /// Whether what there is must be answered, even if it is nothing.
    pub fn is_over(&self) -> bool {
        self.wait.is_zero() || self.patience.is_elapsed() || self.app.is_stopping()
    }

    /// Until it is worth looking again. Who has no place yet waits for that first, then looks once more. Only the bell
    /// is ever given up, never a read: that would cost its connection.
    pub async fn until_next_look(&mut self, rung: impl Future) {
        if self.place.is_none() {
            tokio::select! {
                taken = self.app.polls.take(self.book) => self.place = Some(taken),
                () = &mut self.patience => {}
                () = self.app.stopped() => {}
            }
            return;
        }
        tokio::select! {
            _ = timeout(LOOK_INTERVAL, rung) => {}
            () = &mut self.patience => {}
            () = self.app.stopped() => {}
        }
    }
}

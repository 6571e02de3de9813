//! Calls that wait until there is something to answer.

use super::app::App;
use super::context::Context;
use super::edge::partner::check_again;
use super::endpoint::failure::Failure;
use super::shares::Place;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::time::{Sleep, sleep, timeout};

/// How often a waiting call looks for what other processes wrote; its own process rings a bell.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// How often a waiting call looks at its key: well below the second within which a revoked key must end it.
const KEY_LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// One call's wait. It takes a place of its partner's share, and ends when the key of the call does.
pub struct LongPoll<'a> {
    context: &'a Context,
    wait: Duration,
    patience: Pin<Box<Sleep>>,
    next_key_look: Pin<Box<Sleep>>,
    place: Option<Place>,
}

impl<'a> LongPoll<'a> {
    /// From now on, for so long.
    pub fn new(context: &'a Context, wait: Duration) -> Self {
        let (patience, next_key_look) = (Box::pin(sleep(wait)), Box::pin(sleep(KEY_LOOK_INTERVAL)));
        Self { context, wait, patience, next_key_look, place: None }
    }

    fn app(&self) -> &'a App {
        &self.context.app
    }

    /// Whether what there is must be answered, even if it is nothing.
    pub fn is_over(&self) -> bool {
        self.wait.is_zero() || self.patience.is_elapsed() || self.app().is_stopping()
    }

    /// Until it is worth looking again. Who has no place yet waits for that first, then looks once more. Only the bell
    /// and the wait for a place are ever given up, never a read: that would cost its connection.
    ///
    /// # Errors
    /// P401 when the key of the call was revoked or has ended.
    pub async fn until_next_look(&mut self, rung: impl Future) -> Result<(), Failure> {
        let app = self.app();
        if self.place.is_none() {
            let mut turn = pin!(app.polls.take(self.context.partner.book));
            loop {
                tokio::select! {
                    taken = &mut turn => self.place = Some(taken),
                    () = &mut self.patience => {}
                    () = app.stopped() => {}
                    // The turn goes on meanwhile: its rank in the queue is kept.
                    () = &mut self.next_key_look => {
                        self.look_at_key().await?;
                        continue;
                    }
                }
                return Ok(());
            }
        }
        tokio::select! {
            _ = timeout(LOOK_INTERVAL, rung) => {}
            () = &mut self.patience => {}
            () = app.stopped() => {}
            () = &mut self.next_key_look => {}
        }
        if self.next_key_look.is_elapsed() {
            self.look_at_key().await?;
        }
        Ok(())
    }

    async fn look_at_key(&mut self) -> Result<(), Failure> {
        if let Some(key) = self.context.key() {
            check_again(self.app(), key).await?;
        }
        self.next_key_look = Box::pin(sleep(KEY_LOOK_INTERVAL));
        Ok(())
    }
}

//! Who waits for a book's next event in this process. Events of other processes are found by looking again.

use crate::BookId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// One bell per book that somebody waits for.
#[derive(Clone, Default)]
pub(crate) struct Watchers(Arc<Mutex<HashMap<BookId, Arc<Notify>>>>);

impl Watchers {
    /// The bell of a book. Bells that nobody holds any more are taken down on the way.
    pub(crate) fn bell(&self, book: BookId) -> Arc<Notify> {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bells.retain(|_, bell| Arc::strong_count(bell) > 1);
        Arc::clone(bells.entry(book).or_default())
    }

    /// Rings.
    pub(crate) fn tell(&self, book: BookId) {
        if let Some(bell) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&book) {
            bell.notify_waiters();
        }
    }
}

//! What a process needs to send webhooks: the sender, its name among the processes that deliver, places for requests,
//! and which books it delivers for at the moment.

use super::shares::{Limits, Shares};
use florin_ledger::BookId;
use florin_types::Entropy;
use florin_webhook::Sender;
use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Requests at once over all endpoints of a process: a connection each. One that hangs holds few of them (see
/// `webhooks/window.rs`), and none for more than 15 s. A quarter is kept for endpoints with hardly any under way: slow
/// ones, however many, do not hold up the others.
const LIMITS: Limits = Limits { total: 1_024, share: 64, kept: 256 };

/// The sending side of a process.
pub struct Outgoing {
    /// Sends.
    pub sender: Sender,
    /// This process, among those that deliver.
    pub owner: [u8; 16],
    /// Places for requests.
    pub places: Shares,
    /// Proves ids of deliveries.
    pub id_key: [u8; 32],
    active: Mutex<HashSet<BookId>>,
    left: Notify,
}

impl Outgoing {
    /// For a process.
    pub fn new(sender: Sender, entropy: &dyn Entropy, id_key: [u8; 32]) -> Self {
        let mut owner = [0; 16];
        entropy.fill(&mut owner);
        Self {
            sender,
            owner,
            places: Shares::new(LIMITS),
            id_key,
            active: Mutex::default(),
            left: Notify::new(),
        }
    }

    /// Notes that a book is delivered for. False: it is already.
    pub fn enter(&self, book: BookId) -> bool {
        self.active.lock().unwrap_or_else(PoisonError::into_inner).insert(book)
    }

    /// Notes that it is no more.
    pub fn leave(&self, book: BookId) {
        self.active.lock().unwrap_or_else(PoisonError::into_inner).remove(&book);
        self.left.notify_waiters();
    }

    /// Ready when no book is delivered for.
    pub async fn all_left(&self) {
        loop {
            let mut left = pin!(self.left.notified());
            left.as_mut().enable();
            if self.active.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return;
            }
            left.await;
        }
    }
}

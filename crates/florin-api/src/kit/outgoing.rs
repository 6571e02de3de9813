//! What a process needs to send webhooks: the sender, its name among the processes that deliver, places for requests,
//! and which books it delivers for at the moment.

use super::shares::{Limits, Shares};
use florin_ledger::BookId;
use florin_types::Entropy;
use florin_webhook::Sender;
use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;
use uuid::Uuid;

/// Requests at once over all endpoints of a process: a connection each. One that hangs holds few of them (see
/// `webhooks/window.rs`), and none for more than 15 s. A quarter is kept for endpoints with hardly any under way: slow
/// ones, however many, do not hold up the others.
const LIMITS: Limits = Limits { total: 1_024, share: 64, kept: 256 };

/// Registrations of an endpoint at once, per partner. Each waits for name servers, and for the endpoint's health,
/// which the partner chooses; one at a time is usual.
const MAX_REGISTRATIONS: usize = 4;

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
    registrations: Mutex<HashMap<Uuid, usize>>,
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
            registrations: Mutex::default(),
            active: Mutex::default(),
            left: Notify::new(),
        }
    }

    /// Begins a registration of this partner's endpoint. None: too many are under way.
    pub fn begin_registration(&self, partner: Uuid) -> Option<Registering<'_>> {
        let mut all = self.registrations.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = all.entry(partner).or_default();
        (*under_way < MAX_REGISTRATIONS).then(|| {
            *under_way += 1;
            Registering { all: &self.registrations, partner }
        })
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

/// A registration under way, until it is dropped.
pub struct Registering<'outgoing> {
    all: &'outgoing Mutex<HashMap<Uuid, usize>>,
    partner: Uuid,
}

impl Drop for Registering<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = all.get_mut(&self.partner) {
            *under_way -= 1;
            if *under_way == 0 {
                all.remove(&self.partner);
            }
        }
    }
}

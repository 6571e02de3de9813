//! A queue per book, and who may take from it: one worker at a time for a book, so that its commands run in order.

use crate::door::Queued;
use crate::{BookId, StoreError};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Commands that may wait in a book. At the rate of a slow disk (1,000/s) that is the patience of a client; past it
/// the answer is "unavailable" at once.
const MAX_WAITING: usize = 10_000;

/// Commands in one batch: a bound on the transaction and on how long the first waits for the last. Measured gains end
/// far below it.
const MAX_BATCH: usize = 1_000;

/// Commands of one book, taken together.
pub(crate) struct Group {
    pub(crate) book: BookId,
    pub(crate) commands: Vec<Queued>,
}

#[derive(Default)]
struct Waiting {
    books: HashMap<BookId, VecDeque<Queued>>,
    /// Books with commands and without a worker, in the order of arrival.
    ready: VecDeque<BookId>,
    busy: HashSet<BookId>,
    closed: bool,
}

/// The queues.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

impl Queue {
    /// Puts a command at the end of its book's queue, or gives it back with the reason why not.
    pub(crate) fn push(&self, command: Queued) -> Result<(), (Box<Queued>, StoreError)> {
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.closed {
                return Err((Box::new(command), StoreError::unavailable("the server is stopping")));
            }
            let book = command.book;
            let queue = waiting.books.entry(book).or_default();
            if queue.len() >= MAX_WAITING {
                let error = StoreError::unavailable("too many commands are waiting");
                return Err((Box::new(command), error));
            }
            queue.push_back(command);
            if queue.len() > 1 || waiting.busy.contains(&book) {
                return Ok(());
            }
            waiting.ready.push_back(book);
        }
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for commands and takes those of up to `max_books` books; none once the queue is closed and empty.
    pub(crate) async fn take(&self, max_books: usize) -> Option<Vec<Group>> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let groups = waiting.take(max_books);
                if !groups.is_empty() {
                    if !waiting.ready.is_empty() {
                        self.arrived.notify_one();
                    }
                    return Some(groups);
                }
                if waiting.closed {
                    self.arrived.notify_waiters();
                    self.arrived.notify_one();
                    return None;
                }
            }
            arrived.await;
        }
    }

    /// The worker is done with these books; what has queued meanwhile may be taken.
    pub(crate) fn done(&self, books: &[BookId]) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for book in books {
            waiting.busy.remove(book);
            match waiting.books.get(book) {
                Some(queue) if !queue.is_empty() => waiting.ready.push_back(*book),
                _ => drop(waiting.books.remove(book)),
            }
        }
        if !waiting.ready.is_empty() {
            self.arrived.notify_one();
        }
    }

    /// No more commands; the workers end when what was accepted is done.
    pub(crate) fn close(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.arrived.notify_waiters();
        self.arrived.notify_one();
    }
}

impl Waiting {
    fn take(&mut self, max_books: usize) -> Vec<Group> {
        let mut groups = Vec::new();
        let mut room = MAX_BATCH;
        while groups.len() < max_books && room > 0 {
            let Some(book) = self.ready.pop_front() else { break };
            let Some(queue) = self.books.get_mut(&book) else { continue };
            let commands: Vec<_> = queue.drain(..queue.len().min(room)).collect();
            room -= commands.len();
            self.busy.insert(book);
            groups.push(Group { book, commands });
        }
        groups
    }
}

//! Turns at the processor: how many deposits may compute at once.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// A counting gate for threads.
///
/// Low priority alone does not protect the threads that answer calls: a thread at nice 10 weighs a ninth of one at
/// nice 0, so sixty-four of them outweigh it sevenfold. With turns at most [`Turns::new`]'s number of them want a
/// processor at the same time, however many uploads there are; the rest wait here, or for the disk.
pub(crate) struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A turn, until it is dropped.
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    /// One less than there are processors, and at least one: one is left to those who answer.
    pub(crate) fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self { free: Mutex::new(processors.saturating_sub(1).max(1)), freed: Condvar::new() }
    }

    /// Waits for a turn.
    pub(crate) fn take(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_while(free, |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

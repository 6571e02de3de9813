//! Turns at the processor: how many deposits may compute at once.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// A counting gate for threads.
///
/// Low priority alone does not protect the threads that answer calls: a thread at nice 10 weighs a ninth of one at
/// nice 0, so sixty-four of them outweigh one sevenfold. With turns, each processor has at most one of them that wants
/// it, however many uploads there are; the rest wait here, or for the disk.
pub(crate) struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A turn, until it is dropped.
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    /// As many as there are processors. One less was tried: on two processors it halves what sixteen deposits at once
    /// reach, since each hand-over leaves the only turn unused, and a thread at nice 10 gives way at once anyhow.
    pub(crate) fn new() -> Self {
        Self::of(thread::available_parallelism().map_or(1, usize::from))
    }

    /// So many.
    pub(crate) fn of(count: usize) -> Self {
        Self { free: Mutex::new(count), freed: Condvar::new() }
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

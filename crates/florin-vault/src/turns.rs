//! Turns: how many deposits may compute at once, or keep the disk busy.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A counting gate for threads.
///
/// Low priority alone does not protect the threads that answer calls: a thread at nice 10 weighs a ninth of one at
/// nice 0, so sixty-four of them outweigh one sevenfold. With turns, each processor has at most one of them that wants
/// it, however many uploads there are; the rest wait here, or for the disk.
pub(crate) struct Turns {
    all: usize,
    free: Mutex<usize>,
    freed: Condvar,
    /// All are free.
    quiet: Condvar,
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
        Self { all: count, free: Mutex::new(count), freed: Condvar::new(), quiet: Condvar::new() }
    }

    /// Waits for a turn.
    pub(crate) fn take(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_while(free, |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn(self)
    }

    /// Waits until nobody has a turn, and no longer than this; whether it is so.
    pub(crate) fn await_quiet(&self, at_most: Duration) -> bool {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.quiet.wait_timeout_while(free, at_most, |free| *free < self.all);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free += 1;
        self.0.freed.notify_one();
        if *free == self.0.all {
            self.0.quiet.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_is_when_the_last_turn_is_given_back() {
        let turns = Turns::of(2);
        assert!(turns.await_quiet(Duration::ZERO));
        let (one, other) = (turns.take(), turns.take());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| turns.await_quiet(Duration::from_secs(600)));
            drop(one);
            assert!(!turns.await_quiet(Duration::ZERO));
            drop(other);
            assert!(waiting.join().unwrap());
        });
    }
}

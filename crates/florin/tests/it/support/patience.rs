//! Waiting with a limit: the one place that reads a clock or waits.

use std::time::{Duration, Instant};

/// A moment until which something is waited for.
#[derive(Clone, Copy)]
pub struct Deadline(Instant);

#[expect(clippy::disallowed_methods, reason = "a test that waits has no clock but the real one")]
fn now() -> Instant {
    Instant::now()
}

impl Deadline {
    /// The moment `duration` from now.
    pub fn after(duration: Duration) -> Self {
        Self(now() + duration)
    }

    /// Has it passed?
    pub fn passed(&self) -> bool {
        self.left().is_zero()
    }

    /// How long it is until then.
    pub fn left(&self) -> Duration {
        self.0.saturating_duration_since(now())
    }

    /// Waits a little before the next look, and fails when the time is over.
    pub fn pause(&self, waiting_for: &str) {
        assert!(!self.passed(), "waited too long for {waiting_for}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

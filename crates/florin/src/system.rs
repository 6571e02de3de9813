//! The system's clock and randomness. Only this file reads them; all other code gets them as arguments.

use florin_types::{Clock, Entropy, Timestamp};
use rand::Rng;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The wall clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Randomness of the operating system, for secrets and ids: a generator per thread, seeded by the system and made for
/// cryptography (ChaCha), so that an id costs no system call.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// Microseconds of a clock that only goes forward.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
pub fn monotonic_micros() -> std::sync::Arc<dyn Fn() -> u64 + Send + Sync> {
    let start = Instant::now();
    std::sync::Arc::new(move || u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX))
}

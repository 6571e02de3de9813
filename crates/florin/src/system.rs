//! The system's clocks and randomness. Only this file reads them; all other code gets them as arguments.
//!
//! The wall clock is not believed when it jumps (`florin_types::clock_guard`); a process has one judgement of it.

use florin_types::{Clock, ClockDoubt, Entropy, GuardedClock, Known, Reading, Timestamp};
use rand::Rng;
use rustix::time::{ClockId, clock_gettime};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often a clock that is not believed is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

static CLOCK: LazyLock<GuardedClock<fn() -> Reading>> =
    LazyLock::new(|| GuardedClock::new(read_system, None));

/// Seconds on the monotonic clock from which the next doubt is logged; 0 while there is none.
static NEXT_LOG: AtomicU64 = AtomicU64::new(0);

/// The clock of this process.
pub struct SystemClock;

impl SystemClock {
    /// Judges the wall clock anew, by what the data say.
    pub fn restart(known: Option<Known>) {
        CLOCK.restart(known);
    }

    /// What the system says, believed or not.
    pub fn wall() -> Timestamp {
        read_system().wall
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let (now, doubt) = CLOCK.read();
        if doubt.is_some() || NEXT_LOG.load(Ordering::Relaxed) != 0 {
            log(doubt);
        }
        now
    }

    fn doubt(&self) -> Option<ClockDoubt> {
        CLOCK.doubt()
    }
}

/// Logs a doubt once a minute, and its end.
fn log(doubt: Option<ClockDoubt>) {
    let (now, next) = (monotonic().as_secs() + 1, NEXT_LOG.load(Ordering::Relaxed));
    let then = if doubt.is_some() { now + LOG_INTERVAL.as_secs() } else { 0 };
    if doubt.is_some() && now < next {
        return;
    }
    // One of several threads logs it.
    if NEXT_LOG.compare_exchange(next, then, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        match doubt {
            Some(doubt) => tracing::error!("{doubt}"),
            None => tracing::warn!("the system clock is believed again"),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
fn read_system() -> Reading {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let wall = Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
    Reading { wall, monotonic: monotonic() }
}

/// A clock that nobody sets and that counts while the machine sleeps. On Linux the usual one does not.
fn monotonic() -> Duration {
    #[cfg(target_os = "linux")]
    let now = clock_gettime(ClockId::Boottime);
    #[cfg(not(target_os = "linux"))]
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
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

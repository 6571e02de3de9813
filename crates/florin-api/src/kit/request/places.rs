//! The places for uploads of a process.

use crate::kit::endpoint::codes::P501;
use crate::kit::endpoint::refusal::Refusal;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Uploads at a time in one process. Each takes a thread and some 1 MiB at its largest, 64 MiB together; at 1 MB a
/// second each they fill a gigabit line's half, and few disks sync more files at once.
pub const MAX_UPLOADS: usize = 64;

/// How long an upload waits for a place before it is told to come again. A file over a good line takes a second or two:
/// by then a place is free, or the crowd is one that waiting does not help.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// What the client is asked to wait before it comes again: longer than the usual second, as it has to send its files
/// anew.
pub(crate) const RETRY_AFTER_SECS: u32 = 5;

/// The places for uploads of a process.
#[derive(Debug)]
pub(crate) struct Uploads(pub(crate) Semaphore);

impl Default for Uploads {
    fn default() -> Self {
        Self(Semaphore::new(MAX_UPLOADS))
    }
}

impl Uploads {
    /// A place, or P501 after a while.
    pub(crate) async fn place(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        let place = tokio::time::timeout(MAX_WAIT, self.0.acquire()).await;
        place.ok().and_then(Result::ok).ok_or_else(|| Refusal::of(&P501).retry_after(RETRY_AFTER_SECS))
    }
}

//! The places for uploads of a process.

use crate::kit::endpoint::codes::P501;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::shares::{Limits, Place, Shares};
use florin_ledger::BookId;
use std::time::Duration;

/// Uploads at a time in one process. Each takes a thread and some 1 MiB at its largest, 64 MiB together; at 1 MB a
/// second each they fill a gigabit line's half, and few disks sync more files at once.
pub const MAX_UPLOADS: usize = 64;

/// How long an upload waits for a place before it is told to come again. A file over a good line takes a second or two:
/// by then a place is free, or the crowd is one that waiting does not help.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// What the client is asked to wait before it comes again: longer than the usual second, as it has to send its files
/// anew.
pub(crate) const RETRY_AFTER_SECS: u32 = 5;

/// Of these one partner has half, and a quarter is kept for partners that hold hardly any: slow uploads of a few do not
/// keep another's waiting.
const LIMITS: Limits = Limits { total: MAX_UPLOADS, share: MAX_UPLOADS / 2, kept: MAX_UPLOADS / 4 };

/// The places for uploads of a process.
#[derive(Debug)]
pub(crate) struct Uploads(pub(crate) Shares);

impl Default for Uploads {
    fn default() -> Self {
        Self(Shares::new(LIMITS))
    }
}

impl Uploads {
    /// A place for a partner's upload, or P501 after a while.
    pub(crate) async fn place(&self, book: BookId) -> Result<Place, Refusal> {
        let place = tokio::time::timeout(MAX_WAIT, self.0.take(book)).await;
        place.map_err(|_| Refusal::of(&P501).retry_after(RETRY_AFTER_SECS))
    }
}

//! What unit tests share.

use florin_types::Entropy;
use std::sync::atomic::{AtomicU64, Ordering};

/// Randomness that is the same at every run, and each time other.
#[derive(Debug, Default)]
pub(crate) struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let draw = self.0.fetch_add(1, Ordering::Relaxed);
        blake3::Hasher::new().update(&draw.to_be_bytes()).finalize_xof().fill(bytes);
    }
}

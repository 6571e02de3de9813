//! Randomness that is the same in every run and never the same twice in one.

use florin_types::Entropy;
use std::sync::atomic::{AtomicU64, Ordering};

/// The `n`-th draw is a hash of the seed and `n`.
pub struct Counted {
    seed: u64,
    drawn: AtomicU64,
}

impl Counted {
    /// A source of its own; sources with different seeds never agree.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let draw = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_be_bytes()).update(&draw.to_be_bytes());
        hasher.finalize_xof().fill(bytes);
    }
}

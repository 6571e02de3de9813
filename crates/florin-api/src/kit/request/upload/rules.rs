//! What a call takes as files.

use florin_document::Kind;

/// A part that takes files.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Its name.
    pub name: &'static str,
    /// What a file may be.
    pub kinds: &'static [Kind],
    /// How often it can be given.
    pub max_count: usize,
}

/// What a call takes.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The parts; others are ignored, and named in the answer.
    pub parts: &'static [Wanted],
    /// Longest file, in bytes.
    pub max_bytes: u64,
    /// Largest picture.
    pub max_pixels: u64,
}

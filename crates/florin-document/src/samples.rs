//! Files for tests: valid ones of every kind, of any dimensions and any length, and [`hostile`] ones.
//!
//! The same arguments give the same bytes.

mod exif;
mod heic;
mod hostile;
mod jpeg;
mod pdf;
mod png;
mod webp;

pub use exif::PLANTED;
pub use heic::heic;
pub use hostile::{Expected, Hostile, hostile};
pub use jpeg::{jpeg, jpeg_of_size, jpeg_progressive};
pub use pdf::{pdf, pdf_encrypted, pdf_with_object_stream};
pub use png::png;
pub use webp::{webp, webp_lossy};

use crate::kind::Kind;

/// A valid file of the kind; `width` and `height` are those of its image, a PDF ignores them.
#[must_use]
pub fn valid(kind: Kind, width: u32, height: u32) -> Vec<u8> {
    match kind {
        Kind::Jpeg => jpeg(width, height),
        Kind::Png => png(width, height),
        Kind::Webp => webp(width, height),
        Kind::Heic => heic(width, height),
        Kind::Pdf => pdf(1),
    }
}

/// A valid file of exactly so many bytes (at least 4,096).
///
/// # Panics
/// When `bytes` is less.
#[must_use]
pub fn of_size(kind: Kind, bytes: usize) -> Vec<u8> {
    assert!(bytes >= 4096, "too short to be a whole file of any kind");
    match kind {
        Kind::Jpeg => jpeg_of_size(bytes),
        Kind::Png => png::png_of_size(bytes),
        Kind::Webp => webp::webp_of_size(bytes),
        Kind::Heic => heic::heic_of_size(bytes),
        Kind::Pdf => pdf::pdf_of_size(bytes),
    }
}

/// A valid file that carries a place on Earth and [`PLANTED`] wherever its kind has room for it, its image turned
/// by a quarter (64 × 48 as stored, so 48 × 64 upright).
#[must_use]
pub fn with_location(kind: Kind) -> Vec<u8> {
    match kind {
        Kind::Jpeg => jpeg::with_location(),
        Kind::Png => png::with_location(),
        Kind::Webp => webp::with_location(),
        Kind::Heic => heic::with_location(),
        Kind::Pdf => pdf::with_location(),
    }
}

/// Numbers that look like chance and are always the same (xorshift).
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next()).collect()
    }
}

//! The full decode, after the request: every pixel of an image is read, every object of a PDF.
//!
//! A file may be made to exhaust whoever reads it. So its structure is checked again first, what its decoder will
//! need is computed from the headers before it begins ([`crate::MAX_DECODE_MEMORY`]), and a time limit is asked for
//! in between. A panic of a library is an [`Unreadable::Fault`], not ours.
//!
//! What the check of the request takes is readable here unless its content is damaged: both ask the same questions of
//! the same headers ([`crate::jpeg`], [`crate::heif`]). Images within a PDF are not decoded.

mod heic;
mod jpeg;
mod orientation;
mod pdf;
mod png;
mod vp8l;
mod watch;
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;

use crate::check::{self, Rejected};
use crate::cost::MAX_DECODE_MEMORY;
use crate::kind::{Kind, MAX_PIXELS, Size};

pub(crate) use orientation::Orientation;
pub(crate) use pdf::streams as pdf_streams;
use watch::Watch;

/// How much a file may cost.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Width times height.
    pub max_pixels: u64,
    /// Bytes that a decoder may take, beside the file.
    pub max_memory: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { max_pixels: MAX_PIXELS, max_memory: MAX_DECODE_MEMORY }
    }
}

/// What the full decode found.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The image as it is to be shown, with EXIF orientation or `irot` applied; none for a PDF.
    pub size: Option<Size>,
    /// How many pages; only for a PDF.
    pub pages: Option<u32>,
}

/// Why a file can't be read. The texts are for our log and hold nothing of the file.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It does not even pass the check of the request, or is of another kind than was said.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// It would need more memory than allowed.
    #[error("needs more memory than allowed")]
    Memory,
    /// The caller's time was over.
    #[error("took too long")]
    TimeOver,
    /// Its content is broken.
    #[error("broken: {0}")]
    Broken(&'static str),
    /// It runs something when it is opened.
    #[error("has active content")]
    Active,
    /// A decoder failed in a way that it should not.
    #[error("fault in a decoder")]
    Fault,
}

/// Reads a whole file.
///
/// `is_over` is asked every 64 KiB of input and every few rows of output where the decoder lets us; the last
/// stretch of a lossy WebP, after its input is read, and a coded image of a HEIC can't be interrupted and take a few
/// seconds at most.
///
/// # Errors
/// [`Unreadable`], whatever the bytes are.
pub fn decode(
    kind: Kind,
    bytes: &[u8],
    limits: &DecodeLimits,
    is_over: &dyn Fn() -> bool,
) -> Result<Decoded, Unreadable> {
    let structure = check::structure(bytes, limits.max_pixels)?;
    if structure.facts.kind != kind {
        return Err(Rejected::NotAllowed(structure.facts.kind).into());
    }
    if structure.memory > limits.max_memory {
        return Err(Unreadable::Memory);
    }
    // What stands before the file and behind it is no part of it.
    let bytes = bytes.get(structure.extent.clone()).unwrap_or_default();
    let watch = Watch::new(is_over);
    watch.ask()?;
    let read = AssertUnwindSafe(|| {
        match kind {
            Kind::Jpeg => jpeg::read(bytes, &watch),
            Kind::Png => png::read(bytes, limits, &watch),
            Kind::Webp => webp::read(bytes, &watch),
            Kind::Heic => heic::read(bytes, limits, &watch),
            Kind::Pdf => {
                return pdf::read(bytes, &watch).map(|pages| Decoded { size: None, pages: Some(pages) });
            }
        }
        .map(|turned| Decoded { size: structure.facts.size.map(|size| turned.apply(size)), pages: None })
    });
    let result = catch_unwind(read).unwrap_or(Err(Unreadable::Fault));
    // What a library makes of a reader that fails is anything; the reason is known here.
    if watch.was_over() { Err(Unreadable::TimeOver) } else { result }
}

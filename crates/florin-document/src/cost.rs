//! What a decoder will need, computed from the headers before anything is decoded.

use crate::jpeg::Frame;
use crate::kind::Size;

/// The most memory that decoding one file may take, beside the file itself.
///
/// The server is to stay under 150 MB with one decoder at work; a file is at most 10 MB and is in memory while it
/// is decoded, and the rest of the server needs some 40 MB. These 88 MiB let through every JPEG, WebP and HEIC within
/// [`crate::MAX_PIXELS`], and every PNG of a photo's shape. What would need more is refused in the request, for a
/// sender learns nothing from a refusal that comes later.
pub const MAX_DECODE_MEMORY: u64 = 88 * 1024 * 1024;

/// A baseline JPEG is read block by block. Of a progressive one a bit is kept per coefficient, whether it is zero:
/// eight bytes a block, 25 MiB for the largest picture in four colours.
pub(crate) fn jpeg(frame: &Frame) -> u64 {
    if frame.is_progressive { frame.all_blocks() * 8 } else { 0 }
}

/// Eight rows: the one before, the one under way, what is unpacked ahead, what comes out, and room to grow for each;
/// seven were measured.
pub(crate) fn png(width: u32, bits_per_pixel: u8) -> u64 {
    (u64::from(width) * u64::from(bits_per_pixel)).div_ceil(8) * 8
}

/// Luma and chroma planes of whole macroblocks: 1.5 bytes per pixel.
pub(crate) fn webp_lossy(size: Size) -> u64 {
    let padded = u64::from(size.width).next_multiple_of(16) * u64::from(size.height).next_multiple_of(16);
    padded.div_ceil(2) * 3
}

/// What is kept of each square of 4 × 4 pixels while a coded image of a HEIC is read, 8 bytes, and half as much again
/// for the tables of its largest blocks.
pub(crate) fn heic(size: Size) -> u64 {
    padded_to(size, 64) * 3 / 4
}

/// The same when its pixels are made too: planes of two bytes a sample, of the luma another while edges are smoothed,
/// and what the filters need of each square.
pub(crate) fn heic_pixels(size: Size, samples_per_4_pixels: u64) -> u64 {
    padded_to(size, 64) * (samples_per_4_pixels * 2 / 4 + 2 + 1) + heic(size)
}

fn padded_to(size: Size, step: u64) -> u64 {
    u64::from(size.width).next_multiple_of(step) * u64::from(size.height).next_multiple_of(step)
}

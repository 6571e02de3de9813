//! What a decoder will need, computed from the headers before anything is decoded.

use crate::kind::Size;

/// The most memory that decoding one file may take, beside the file itself.
///
/// The server is to stay under 150 MB with one decoder at work; a file is at most 10 MB and is in memory while it
/// is decoded, and the rest of the server needs some 40 MB. These 88 MiB let through every baseline JPEG, every
/// WebP and every PNG of a photo's shape within [`crate::MAX_PIXELS`], and progressive JPEG of the usual 4:2:0
/// sampling up to 23 megapixels, of 4:4:4 up to 13 (a phone's 12 are inside). What would need more is refused in
/// the request, for a sender learns nothing from a refusal that comes later.
pub const MAX_DECODE_MEMORY: u64 = 88 * 1024 * 1024;

/// A JPEG frame, as far as memory goes.
#[derive(Copy, Clone, Debug)]
pub(crate) struct JpegFrame {
    pub(crate) size: Size,
    /// Samples per pixel over all components, in 64ths rounded up: 64 for grey, 96 for 4:2:0, 192 for 4:4:4.
    pub(crate) samples: u64,
    /// 1, 3 or 4.
    pub(crate) components: u8,
    /// Whether all coefficients must be kept until the last scan.
    pub(crate) buffered: bool,
}

/// One byte of grey per pixel comes out, of four components three of colour; progressive files, and those whose
/// components come in scans of their own, keep two bytes per coefficient until the last scan.
pub(crate) fn jpeg(frame: JpegFrame) -> u64 {
    /// 16 rows of a component, two bytes each, several times over while they are scaled up.
    const ROW_BYTES: u64 = 16 * 2 * 4;

    // Dimensions are rounded up to whole blocks of at most 32 pixels (sampling 4).
    let padded =
        u64::from(frame.size.width).next_multiple_of(32) * u64::from(frame.size.height).next_multiple_of(32);
    let coefficients = if frame.buffered { (padded * frame.samples).div_ceil(64) * 2 } else { 0 };
    let rows = u64::from(frame.size.width) * u64::from(frame.components) * ROW_BYTES;
    let out = if frame.components == 4 { 3 } else { 1 };
    frame.size.pixels() * out + coefficients + rows
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

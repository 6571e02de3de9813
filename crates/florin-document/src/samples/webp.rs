//! WebP files.

use image_webp::{ColorType, WebPEncoder};

use super::{Noise, exif};

/// A lossless file of RGB.
///
/// # Panics
/// When a dimension is 0 or more than 16,384.
#[must_use]
pub fn webp(width: u32, height: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width as usize * height as usize * 3).map(|at| (at / 5) as u8).collect();
    encode(&pixels, width, height)
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    WebPEncoder::new(&mut bytes)
        .encode(pixels, width, height, ColorType::Rgb8)
        .expect("pixels can be encoded");
    bytes
}

/// Noise, and behind it a chunk that nobody knows.
pub(super) fn webp_of_size(bytes: usize) -> Vec<u8> {
    // Lossless noise takes a little more than three bytes per pixel; half of the file is enough to be a real one.
    let side = ((bytes / 8) as u64).isqrt().clamp(4, 1024) as usize;
    let image = encode(&Noise::new(2).bytes(side * side * 3), side as u32, side as u32);
    // A RIFF file has an even length; an odd one is not to be had.
    let left = (bytes & !1).saturating_sub(image.len() + 8);
    let mut file = with_chunks(&image, &[chunk(b"flRn", &vec![0; left])]);
    file.truncate(bytes);
    file
}

pub(super) fn with_location() -> Vec<u8> {
    let image = webp(64, 48);
    let canvas = extended(64, 48, 0x0C);
    let body =
        [&canvas, &image[12..], &chunk(b"EXIF", &exif::exif()), &chunk(b"XMP ", &exif::xmp())].concat();
    riff(&body)
}

/// A chunk, padded.
pub(super) fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = [&name[..], &(body.len() as u32).to_le_bytes(), body].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// The chunk `VP8X`.
pub(super) fn extended(width: u32, height: u32, flags: u8) -> Vec<u8> {
    let (width, height) = ((width - 1).to_le_bytes(), (height - 1).to_le_bytes());
    chunk(b"VP8X", &[&[flags, 0, 0, 0], &width[..3], &height[..3]].concat())
}

/// A file of these chunks.
pub(super) fn riff(chunks: &[u8]) -> Vec<u8> {
    [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunks].concat()
}

pub(super) fn with_chunks(file: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    riff(&[&file[12..], &chunks.concat()].concat())
}

/// A lossy file of 64 × 48.
#[must_use]
pub fn webp_lossy() -> Vec<u8> {
    include_bytes!("lossy.webp").to_vec()
}

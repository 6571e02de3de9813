//! PNG files.

use png::{BitDepth, ColorType, Compression, Encoder};

use super::{Noise, exif};

/// A file of 8-bit RGB.
///
/// # Panics
/// When a dimension is 0.
#[must_use]
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let pixels: Vec<u8> = (0..width as usize * height as usize * 3).map(|at| (at / 7) as u8).collect();
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("as many bytes as pixels");
    writer.finish().expect("an end");
    bytes
}

/// Grey noise, not compressed, then a private chunk that fills up what no row would fit into.
pub(super) fn png_of_size(bytes: usize) -> Vec<u8> {
    /// Signature, header, end, and the chunks' and deflate's own bytes, rounded up.
    const AROUND: usize = 512;
    let width = ((bytes as u64).isqrt() as usize).max(16);
    // Stored deflate blocks add 5 bytes to at most 65,535, and each row has one byte of filter.
    let rows = (bytes - AROUND - bytes / 8192) / (width + 1);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width as u32, rows as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::NoCompression);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&Noise::new(1).bytes(width * rows)).expect("as many bytes as pixels");
    writer.finish().expect("an end");
    let left = bytes - file.len() - 12;
    insert(file, &chunk(b"flRn", &vec![0; left]))
}

pub(super) fn with_location() -> Vec<u8> {
    let texts = [
        chunk(b"eXIf", &exif::exif()),
        chunk(b"tEXt", &[b"Comment\0", exif::PLANTED.as_bytes()].concat()),
        chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", exif::xmp().as_slice()].concat()),
    ];
    insert(png(64, 48), &texts.concat())
}

/// A chunk with its checksum.
pub(super) fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let named = [&name[..], body].concat();
    let checksum = crc32fast::hash(&named);
    [&(body.len() as u32).to_be_bytes()[..], &named, &checksum.to_be_bytes()].concat()
}

/// Chunks put behind the header.
pub(super) fn insert(mut file: Vec<u8>, chunks: &[u8]) -> Vec<u8> {
    const HEADER_END: usize = 8 + 12 + 13;
    file.splice(HEADER_END..HEADER_END, chunks.iter().copied());
    file
}

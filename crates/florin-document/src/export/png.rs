//! PNG: the chunks that say how it looks.

use super::exif;
use crate::decode::Orientation;
use crate::segments::{png_chunk, png_chunks};

/// Beside the critical chunks: transparency, colours, and the shape of a pixel.
const KEPT: [&[u8; 4]; 9] = [b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP", b"bKGD", b"pHYs"];

pub(super) fn copy(bytes: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(bytes.len());
    copy.extend_from_slice(&bytes[..8]);
    let mut orientation = png_chunk(bytes, *b"eXIf").map(Orientation::from_exif).and_then(exif);
    for chunk in png_chunks(bytes) {
        if &chunk.name == b"IDAT"
            && let Some(body) = orientation.take()
        {
            copy.extend((body.len() as u32).to_be_bytes());
            let named = [b"eXIf", body.as_slice()].concat();
            copy.extend_from_slice(&named);
            copy.extend(crc32fast::hash(&named).to_be_bytes());
        }
        if chunk.name[0].is_ascii_uppercase() || KEPT.contains(&&chunk.name) {
            copy.extend_from_slice(chunk.whole);
        }
    }
    copy
}

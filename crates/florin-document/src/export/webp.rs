//! WebP: the image, its alpha plane and its colour profile.

use super::exif;
use crate::decode::Orientation;
use crate::segments::{webp_chunk, webp_chunks};

/// Flags of `VP8X`.
const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;

pub(super) fn copy(bytes: &[u8]) -> Vec<u8> {
    // Without `VP8X` there is nothing but an image.
    let extended = webp_chunk(bytes, *b"VP8X").is_some();
    let said = webp_chunk(bytes, *b"EXIF").filter(|_| extended);
    let orientation = said
        .map(|body| Orientation::from_exif(body.strip_prefix(b"Exif\0\0").unwrap_or(body)))
        .and_then(exif);
    let mut copy = b"RIFF\0\0\0\0WEBP".to_vec();
    copy.reserve(bytes.len());
    for chunk in webp_chunks(bytes) {
        match &chunk.name {
            b"VP8X" => {
                let mut whole = chunk.whole.to_vec();
                whole[8] = whole[8] & (ICC | ALPHA) | if orientation.is_some() { EXIF } else { 0 };
                // Behind the dimensions there is nothing.
                whole.truncate(18);
                whole[4..8].copy_from_slice(&10u32.to_le_bytes());
                copy.extend(whole);
            }
            b"VP8 " | b"VP8L" | b"ALPH" => copy.extend_from_slice(chunk.whole),
            b"ICCP" if extended => copy.extend_from_slice(chunk.whole),
            _ => {}
        }
    }
    if let Some(body) = orientation {
        copy.extend(b"EXIF");
        copy.extend((body.len() as u32).to_le_bytes());
        copy.extend(body);
    }
    let length = (copy.len() - 8) as u32;
    copy[4..8].copy_from_slice(&length.to_le_bytes());
    copy
}

//! WebP: lossy images through image-webp, to luma and chroma only; lossless ones by our own reading of them.
//!
//! image-webp's lossless decoder holds the tables of up to 65,536 groups of codes at once, 20 KiB each, which a
//! file of some MB can ask for. The alpha plane of a lossy image is not read: without it the picture is whole.

use image_webp::vp8::Vp8Decoder;

use super::watch::{Stream, Watch};
use super::{Orientation, Unreadable, vp8l};
use crate::segments::webp_chunk;

pub(super) fn read(bytes: &[u8], watch: &Watch<'_>) -> Result<Orientation, Unreadable> {
    if let Some(lossless) = webp_chunk(bytes, *b"VP8L") {
        vp8l::read(lossless, watch)?;
    } else {
        let lossy = webp_chunk(bytes, *b"VP8 ").ok_or(Unreadable::Broken("WebP image"))?;
        Vp8Decoder::decode_frame(Stream::new(lossy, watch)).map_err(|_| Unreadable::Broken("WebP data"))?;
    }
    Ok(webp_chunk(bytes, *b"EXIF").map_or(Orientation::UPRIGHT, |exif| {
        // Some writers put JPEG's prefix before it.
        Orientation::from_exif(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
    }))
}

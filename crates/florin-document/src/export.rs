//! The copy of a file that may leave the vault: the same picture, bit for bit, without what a camera or a phone says
//! beside it.

mod heic;
mod jpeg;
mod pdf;
mod png;
mod webp;

use crate::check::{self, Rejected};
use crate::decode::{Orientation, Unreadable};
use crate::kind::Kind;

/// A lossless copy that holds no EXIF, XMP, IPTC, comments, texts, previews or trailers, and nothing that stood before
/// the file or behind it; only the orientation is kept.
///
/// Kept pieces are named one by one, so that a piece that nobody knows is left out. Colour profiles stay: without
/// them the picture is another.
///
/// - HEIC: the copy is as long as the file; what is left out is overwritten in place. Thumbnails stay, which are images
///   of the same picture.
/// - PDF: the copy is as long as the file; XMP packets, and the EXIF, XMP, IPTC and comments of JPEG images inside
///   are overwritten in place. **The document's own words stay**: the Info dictionary (title, author, program),
///   attachments, annotations, text on pages, and whatever an image in another coding carries.
///
/// # Errors
/// [`Unreadable`] when the file does not pass the check of its structure, or is of another kind.
pub fn for_export(kind: Kind, bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let structure = check::structure(bytes, u64::MAX)?;
    if structure.facts.kind != kind {
        return Err(Rejected::NotAllowed(structure.facts.kind).into());
    }
    let extent = structure.extent;
    let file = bytes.get(extent.clone()).unwrap_or_default();
    if kind == Kind::Pdf {
        return Ok(pdf::headed(pdf::copy(file)?, bytes.get(..extent.start).unwrap_or_default()));
    }
    let bytes = file;
    match kind {
        Kind::Jpeg => Ok(jpeg::copy(bytes)),
        Kind::Png => Ok(png::copy(bytes)),
        Kind::Webp => Ok(webp::copy(bytes)),
        Kind::Heic => heic::copy(bytes),
        Kind::Pdf => pdf::copy(bytes),
    }
}

/// An EXIF body that says nothing but the orientation; none where the image is upright as it is stored.
fn exif(orientation: Orientation) -> Option<Vec<u8>> {
    if orientation == Orientation::UPRIGHT {
        return None;
    }
    // A little-endian TIFF file of one directory with one entry: tag 0x0112, a short, one of it.
    let mut body = b"II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    body.extend([orientation.number(), 0, 0, 0]);
    body.extend([0; 4]);
    Some(body)
}

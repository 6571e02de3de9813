//! Finding the pieces of a file that passed the check.

use std::ops::Range;

use memchr::memchr;

use crate::check::is_no_marker;

/// One chunk, with its name and where it is.
pub(crate) struct Piece<'a> {
    pub(crate) name: [u8; 4],
    pub(crate) body: &'a [u8],
    /// The chunk with its header, padding and checksum.
    pub(crate) whole: &'a [u8],
}

/// A segment of a JPEG, or the coded data behind a scan's header.
pub(crate) enum JpegPart {
    /// The marker's second byte, and the segment from its marker on.
    Segment {
        name: u8,
        whole: Range<usize>,
    },
    Coded(Range<usize>),
}

/// The parts of a JPEG from behind SOI to before EOI; up to where it breaks, when it does. Bytes between segments are
/// passed over.
pub(crate) fn jpeg_parts(bytes: &[u8]) -> impl Iterator<Item = JpegPart> {
    let mut at = 2;
    let mut scan = false;
    std::iter::from_fn(move || {
        if std::mem::take(&mut scan) {
            let start = at;
            at = next_marker(bytes, start);
            return Some(JpegPart::Coded(start..at));
        }
        at = next_marker(bytes, at);
        let &[0xFF, name, high, low] = bytes.get(at..at + 4)? else { return None };
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        if name == JPEG_END || end < at + 4 || end > bytes.len() {
            return None;
        }
        scan = name == 0xDA;
        let whole = at..end;
        at = end;
        Some(JpegPart::Segment { name, whole })
    })
}

const JPEG_END: u8 = 0xD9;

/// Where the next marker is that means something, without fill bytes before it.
fn next_marker(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr(0xFF, rest)) {
        match bytes.get(at + found + 1) {
            Some(0xFF) => at += found + 1,
            Some(&code) if is_no_marker(code) => at += found + 2,
            _ => return at + found,
        }
    }
    bytes.len()
}

/// The EXIF body of a JPEG: APP1 with a prefix.
pub(crate) fn jpeg_exif(bytes: &[u8]) -> Option<&[u8]> {
    jpeg_parts(bytes).find_map(|part| match part {
        JpegPart::Segment { name: 0xE1, whole } => bytes[whole].get(4..)?.strip_prefix(b"Exif\0\0"),
        _ => None,
    })
}

/// The chunks of a PNG.
pub(crate) fn png_chunks(bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (&[a, b, c, d, n0, n1, n2, n3], behind) = rest.split_first_chunk()?;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let whole = rest.get(..length.checked_add(12)?)?;
        rest = &rest[whole.len()..];
        Some(Piece { name: [n0, n1, n2, n3], body: &behind[..length], whole })
    })
}

pub(crate) fn png_chunk(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    png_chunks(bytes).find(|piece| piece.name == name).map(|piece| piece.body)
}

/// The chunks of a WebP.
pub(crate) fn webp_chunks(bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (&[n0, n1, n2, n3, a, b, c, d], behind) = rest.split_first_chunk()?;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let whole = rest.get(..length.checked_add(8 + length % 2)?)?;
        rest = &rest[whole.len()..];
        Some(Piece { name: [n0, n1, n2, n3], body: &behind[..length], whole })
    })
}

pub(crate) fn webp_chunk(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    webp_chunks(bytes).find(|piece| piece.name == name).map(|piece| piece.body)
}

/// One box at the top of a HEIF file, as positions.
pub(crate) struct TopBox {
    pub(crate) name: [u8; 4],
    /// Where the name stands.
    pub(crate) name_at: usize,
    pub(crate) body: Range<usize>,
}

impl TopBox {
    /// Whether it is image data and has all of `range` in it.
    pub(crate) fn is_data_of(&self, range: Range<u64>) -> bool {
        &self.name == b"mdat" && self.body.start as u64 <= range.start && range.end <= self.body.end as u64
    }
}

/// The boxes at the top of a HEIF file.
pub(crate) fn top_boxes(bytes: &[u8]) -> Vec<TopBox> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&[a, b, c, d, n0, n1, n2, n3]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let (head, length) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (8, Some(bytes.len() - at)),
            1 => {
                let long = bytes.get(at + 8..).and_then(|rest| rest.first_chunk());
                (16, long.and_then(|&long| usize::try_from(u64::from_be_bytes(long)).ok()))
            }
            length => (8, Some(length as usize)),
        };
        let Some(end) = length.and_then(|length| at.checked_add(length)) else { break };
        if end < at + head || end > bytes.len() {
            break;
        }
        found.push(TopBox { name: [n0, n1, n2, n3], name_at: at + 4, body: at + head..end });
        at = end;
    }
    found
}

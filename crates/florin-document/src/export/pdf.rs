//! PDF: XMP packets, and what JPEG images carry beside their picture, overwritten where they are.

use super::jpeg;
use crate::decode::{Unreadable, pdf_streams};

pub(super) fn copy(bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut copy = bytes.to_vec();
    for stream in pdf_streams(bytes)? {
        let filters: Vec<&[u8]> = stream.filters.iter().map(Vec::as_slice).collect();
        match (stream.kind.as_deref(), &filters[..]) {
            // White space is an empty packet; a compressed one is broken, and shown by nobody.
            (Some(b"Metadata"), _) => copy[stream.content].fill(b' '),
            (_, [b"DCTDecode" | b"DCT"]) => {
                let start = stream.content.start;
                for range in jpeg::left_out(&bytes[stream.content]) {
                    copy[start + range.start..start + range.end].fill(0);
                }
            }
            _ => {}
        }
    }
    Ok(copy)
}

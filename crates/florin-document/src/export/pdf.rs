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

/// The copy as a file of its own, which stood behind `head`.
///
/// Its table counts positions from its header, or from where the bytes began. In the second case what stood there
/// becomes white space behind the header, so that they stay right.
pub(super) fn headed(copy: Vec<u8>, head: &[u8]) -> Vec<u8> {
    let start = start_of_table(&copy).unwrap_or_default();
    let counts_head = start.checked_sub(head.len()).is_some_and(|start| is_table(&copy, start));
    if head.is_empty() || is_table(&copy, start) || (start < copy.len() && !counts_head) {
        return copy;
    }
    let (header, rest) = copy.split_at(HEADER.min(copy.len()));
    [header, &b" ".repeat(head.len()), rest].concat()
}

/// `%PDF-1.7`.
const HEADER: usize = 8;

/// The position that the last `startxref` names.
fn start_of_table(copy: &[u8]) -> Option<usize> {
    let word = b"startxref";
    let digits = copy[memchr::memmem::rfind(copy, word)? + word.len()..].trim_ascii_start();
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&digits[..length]).ok()?.parse().ok()
}

/// Whether a table, or the object that holds one, begins there.
fn is_table(copy: &[u8], at: usize) -> bool {
    let place = copy.get(at..).unwrap_or_default().trim_ascii_start();
    place.starts_with(b"xref") || place.first().is_some_and(u8::is_ascii_digit)
}

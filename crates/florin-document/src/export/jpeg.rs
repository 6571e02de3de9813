//! JPEG: the segments that a decoder needs, and the coded data.

use std::ops::Range;

use super::exif;
use crate::decode::Orientation;
use crate::segments::{JpegPart, jpeg_exif, jpeg_parts};

pub(super) fn copy(bytes: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(bytes.len());
    copy.extend([0xFF, 0xD8]);
    let mut orientation = jpeg_exif(bytes).map(Orientation::from_exif).and_then(exif);
    for part in jpeg_parts(bytes) {
        let body = match part {
            JpegPart::Coded(range) => {
                copy.extend_from_slice(&bytes[range]);
                continue;
            }
            JpegPart::Segment { name, whole } => {
                // JFIF comes first where it is; EXIF follows.
                if name != 0xE0
                    && let Some(body) = orientation.take()
                {
                    copy.extend([0xFF, 0xE1, 0, body.len() as u8 + 8]);
                    copy.extend(b"Exif\0\0");
                    copy.extend(body);
                }
                if !is_kept(name, &bytes[whole.clone()]) {
                    continue;
                }
                &bytes[whole]
            }
        };
        if body[1] == 0xE0 {
            // Version, density, and no preview.
            copy.extend([0xFF, 0xE0, 0, 16]);
            copy.extend_from_slice(&body[4..16]);
            copy.extend([0, 0]);
        } else {
            copy.extend_from_slice(body);
        }
    }
    copy.extend([0xFF, 0xD9]);
    copy
}

/// Where the segments are that [`copy`] leaves out, without their markers and lengths.
pub(super) fn left_out(bytes: &[u8]) -> Vec<Range<usize>> {
    let gone = jpeg_parts(bytes).filter_map(|part| match part {
        JpegPart::Segment { name, whole } if !is_kept(name, &bytes[whole.clone()]) => {
            Some(whole.start + 4..whole.end)
        }
        _ => None,
    });
    gone.collect()
}

/// Tables, frame and scans; of the applications' segments JFIF, colour profiles, and Adobe's, which says how colours
/// are coded.
fn is_kept(name: u8, whole: &[u8]) -> bool {
    let body = whole.get(4..).unwrap_or_default();
    match name {
        0xE0 => body.starts_with(b"JFIF\0") && body.len() >= 14,
        0xE2 => body.starts_with(b"ICC_PROFILE\0"),
        0xEE => body.starts_with(b"Adobe"),
        0xE1..=0xEF | 0xFE => false,
        _ => true,
    }
}

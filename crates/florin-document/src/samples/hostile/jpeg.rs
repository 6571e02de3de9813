//! Hostile JPEG.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::super::jpeg::{encode, noise, segment};
use super::{Hostile, accepted, appended, find, patched, rejected, unreadable, zip};

const FRAME: &[u8] = &[0xFF, 0xC0];
const SCAN: &[u8] = &[0xFF, 0xDA];

pub(super) fn rows() -> Vec<Hostile> {
    let plain = crate::samples::jpeg(64, 48);
    [
        cut(&plain),
        lengths(&plain),
        frames(&plain),
        scans(&plain),
        between(&plain),
        behind(&plain),
        harmless(&plain),
    ]
    .concat()
}

fn cut(plain: &[u8]) -> Vec<Hostile> {
    let (frame, scan) = (find(plain, FRAME), find(plain, SCAN));
    vec![
        rejected("JPEG: only magic", plain[..3].to_vec()),
        rejected("JPEG: cut in its first segment", plain[..10].to_vec()),
        rejected("JPEG: cut in its frame", plain[..frame + 6].to_vec()),
        rejected("JPEG: cut before its scan", plain[..scan].to_vec()),
        rejected("JPEG: cut in its scan's header", plain[..scan + 5].to_vec()),
        rejected("JPEG: cut in its data", plain[..plain.len() * 3 / 4].to_vec()),
        rejected("JPEG: cut before its last byte", plain[..plain.len() - 1].to_vec()),
    ]
}

fn lengths(plain: &[u8]) -> Vec<Hostile> {
    let frame = find(plain, FRAME);
    vec![
        rejected("JPEG: segment of length 0", patched(plain, 4, &[0, 0])),
        rejected("JPEG: segment of length 1", patched(plain, 4, &[0, 1])),
        accepted("JPEG: segment longer than it says", patched(plain, 4, &[0, 9])),
        rejected("JPEG: segment past the end", patched(plain, 4, &[0xFF, 0xFF])),
        rejected("JPEG: frame too short", patched(plain, frame + 2, &[0, 8])),
        rejected("JPEG: frame too long", patched(plain, frame + 2, &[0, 18])),
    ]
}

fn frames(plain: &[u8]) -> Vec<Hostile> {
    let frame = find(plain, FRAME);
    let second = plain[frame..frame + 19].to_vec();
    let mut twice = plain.to_vec();
    twice.splice(frame..frame, second);
    vec![
        rejected("JPEG: 65,535 × 65,535", patched(plain, frame + 5, &[0xFF; 4])),
        rejected("JPEG: no width", patched(plain, frame + 7, &[0, 0])),
        rejected("JPEG: no height", patched(plain, frame + 5, &[0, 0])),
        rejected("JPEG: two frames", twice),
        rejected("JPEG: lossless", patched(plain, frame + 1, &[0xC3])),
        rejected("JPEG: arithmetic coding", patched(plain, frame + 1, &[0xC9])),
        rejected("JPEG: 12 bits", patched(plain, frame + 4, &[12])),
        rejected("JPEG: sampling 0", patched(plain, frame + 11, &[0])),
        rejected("JPEG: five components", patched(plain, frame + 9, &[5])),
        rejected("JPEG: sampling by fractions", patched(plain, frame + 11, &[0x31, 0, 2, 0x21])),
        rejected("JPEG: unit of 18 blocks", patched(plain, frame + 11, &[0x44])),
        // 47 megapixels, of which some bits per coefficient are kept.
        unreadable("JPEG: progressive picture of more pixels than its data has", {
            let progressive = crate::samples::jpeg_progressive(64, 48);
            let frame = find(&progressive, &[0xFF, 0xC2]);
            patched(&progressive, frame + 5, &[0x1B, 0x00, 0x1B, 0x00])
        }),
    ]
}

fn scans(plain: &[u8]) -> Vec<Hostile> {
    let (frame, scan) = (find(plain, FRAME), find(plain, SCAN));
    let without = |marker: u8| {
        let mut bytes = plain.to_vec();
        while let Some(at) = memchr::memmem::find(&bytes[..scan.min(bytes.len())], &[0xFF, marker]) {
            let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
            bytes.drain(at..at + 2 + length);
        }
        bytes
    };
    let data = scan + 14;
    let many = segment(0xDA, &[1, 1, 0, 0, 63, 0]).repeat(200);
    vec![
        rejected("JPEG: scan before its frame", [&plain[..frame], &plain[scan..]].concat()),
        rejected("JPEG: no scan", appended(&plain[..scan], &[0xFF, 0xD9])),
        rejected("JPEG: 200 scans", [&plain[..plain.len() - 2], &many, &[0xFF, 0xD9]].concat()),
        rejected("JPEG: marker out of place", patched(plain, data + 40, &[0xFF, 0xD8])),
        rejected("JPEG: scan of a component that is not there", patched(plain, scan + 5, &[9])),
        rejected("JPEG: scan of one component twice", patched(plain, scan + 7, &[plain[scan + 5]])),
        rejected("JPEG: scan with a fifth code table", patched(plain, scan + 6, &[0x40])),
        unreadable("JPEG: code table of too many codes", {
            let table = [&[0][..], &[255; 16], &[0; 255 * 16]].concat();
            insert(plain, &segment(0xC4, &table))
        }),
        unreadable("JPEG: no quantization table", without(0xDB)),
        accepted("JPEG: no code table, as in a film's frames", without(0xC4)),
        unreadable(
            "JPEG: half of its data",
            appended(&plain[..data + (plain.len() - data) / 2], &[0xFF, 0xD9]),
        ),
        unreadable("JPEG: no data", appended(&plain[..data], &[0xFF, 0xD9])),
        unreadable("JPEG: data that is no code", patched(plain, data, &[0xFF, 0].repeat(100))),
    ]
}

/// With something before the frame.
fn insert(plain: &[u8], more: &[u8]) -> Vec<u8> {
    let frame = find(plain, FRAME);
    [&plain[..frame], more, &plain[frame..]].concat()
}

fn between(plain: &[u8]) -> Vec<Hostile> {
    let comment = segment(0xFE, b"a comment that lost its first byte");
    vec![
        accepted("JPEG: bytes between segments", insert(plain, b"\0\0\0abc\xFF\0\xFF\xD0\x01")),
        accepted("JPEG: 70,000 bytes between segments", insert(plain, &[7; 70_000])),
        accepted("JPEG: marker without its 0xFF", insert(plain, &comment[1..])),
        accepted("JPEG: bytes behind its data", {
            let end = plain.len() - 2;
            [&plain[..end], b"abc", &plain[end..]].concat()
        }),
        rejected("JPEG: HTML between segments", insert(plain, b"<html><script>alert(1)</script></html>")),
        rejected("JPEG: PDF between segments", insert(plain, b"\n%PDF-1.7\n")),
        rejected("JPEG: picture between segments", insert(plain, &[b"a", plain].concat())),
        rejected("JPEG: nothing but bytes behind its first segment", appended(&plain[..20], &[7; 500])),
    ]
}

fn behind(plain: &[u8]) -> Vec<Hostile> {
    vec![
        rejected("JPEG: ZIP behind it", appended(plain, &zip(plain.len()))),
        rejected("JPEG: HTML behind it", appended(plain, b"<html><script>alert(1)</script></html>")),
        rejected("JPEG: HTML in odd letters behind it", appended(plain, b"\n\n<ScRiPt src=x>")),
        rejected("JPEG: PDF behind it", appended(plain, &crate::samples::pdf(1))),
        accepted("JPEG: second picture behind it", appended(plain, plain)),
        accepted(
            "JPEG: motion photo",
            appended(plain, &[b"\0\0\0\x18ftypmp42\0\0\0\0", &[7; 500][..]].concat()),
        ),
        accepted(
            "JPEG: a phone's blocks behind it",
            appended(plain, b"\0\0\x30\x0A\0\0\0\0Image_UTC_DataSEFHSEFT"),
        ),
    ]
}

fn harmless(plain: &[u8]) -> Vec<Hostile> {
    let mut print = Vec::new();
    let four: Vec<u8> = noise(64, 64)[..64 * 48 * 4].to_vec();
    Encoder::new(&mut print, 60).encode(&four, 64, 48, ColorType::Cmyk).expect("noise can be encoded");
    let adobe = [&plain[..2], &segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01"), &plain[2..]].concat();
    let commented = [&plain[..2], &segment(0xFE, b"<script>alert(1)</script>"), &plain[2..]].concat();
    vec![
        accepted("JPEG: HTML in a comment", commented),
        accepted("JPEG: progressive", encode(64, 48, |encoder| encoder.set_progressive(true))),
        accepted(
            "JPEG: 4:4:0, restarts",
            encode(70, 51, |encoder| {
                encoder.set_sampling_factor(SamplingFactor::F_1_2);
                encoder.set_restart_interval(3);
            }),
        ),
        accepted("JPEG: RGB", patched(&adobe, find(&adobe, b"Adobe") + 11, &[0])),
        accepted("JPEG: print colours", print),
        accepted("JPEG: fill bytes before markers", [&plain[..2], &[0xFF; 9], &plain[2..]].concat()),
        accepted("JPEG: 50 megapixels", crate::samples::jpeg::jpeg_coarse(8160, 6120)),
    ]
}

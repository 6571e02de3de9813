//! Hostile PNG.

use png::{BitDepth, ColorType, Encoder};

use super::super::pdf::deflate;
use super::super::png::{chunk, insert};
use super::{Hostile, accepted, appended, find, patched, rejected, unreadable, zip};

/// Where the header's chunk ends.
const HEADER_END: usize = 33;

pub(super) fn rows() -> Vec<Hostile> {
    let plain = crate::samples::png(64, 48);
    [cut(&plain), lengths(&plain), headers(&plain), order(&plain), data(&plain), bombs(&plain)].concat()
}

/// A file of 64 × 48 grey pixels with this for its data.
fn with_data(chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 0, 64, 0, 0, 0, 48, 8, 0, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n", &header[..], &chunks.concat(), &chunk(b"IEND", &[])].concat()
}

fn header(with: &[u8; 13]) -> Vec<u8> {
    let header = chunk(b"IHDR", with);
    [b"\x89PNG\r\n\x1a\n", &header[..], &chunk(b"IDAT", &deflate([&[0; 65 * 48], &[]])), &chunk(b"IEND", &[])]
        .concat()
}

fn cut(plain: &[u8]) -> Vec<Hostile> {
    let data = find(plain, b"IDAT");
    vec![
        rejected("PNG: only magic", plain[..8].to_vec()),
        rejected("PNG: cut in its header", plain[..20].to_vec()),
        rejected("PNG: cut behind its header", plain[..HEADER_END].to_vec()),
        rejected("PNG: cut in its data", plain[..data + 20].to_vec()),
        rejected("PNG: cut before its end", plain[..plain.len() - 12].to_vec()),
        rejected("PNG: cut in its end", plain[..plain.len() - 1].to_vec()),
    ]
}

fn lengths(plain: &[u8]) -> Vec<Hostile> {
    let data = find(plain, b"IDAT");
    let length = u32::from_be_bytes([plain[data - 4], plain[data - 3], plain[data - 2], plain[data - 1]]);
    let with = |length: u32| patched(plain, data - 4, &length.to_be_bytes());
    vec![
        rejected("PNG: chunk of length 0", with(0)),
        rejected("PNG: chunk too short", with(length - 1)),
        rejected("PNG: chunk too long", with(length + 1)),
        rejected("PNG: chunk of 2^31 bytes", with(1 << 31)),
        rejected("PNG: chunk of 2^32 - 1 bytes", with(u32::MAX)),
        rejected(
            "PNG: wrong checksum of its header",
            patched(plain, HEADER_END - 1, &[plain[HEADER_END - 1] ^ 1]),
        ),
        rejected("PNG: wrong checksum of its data", patched(plain, data + 9, &[plain[data + 9] ^ 1])),
    ]
}

fn headers(plain: &[u8]) -> Vec<Hostile> {
    let twice = plain[8..HEADER_END].to_vec();
    vec![
        rejected(
            "PNG: (2^31 - 1) × (2^31 - 1)",
            header(&[0x7F, 255, 255, 255, 0x7F, 255, 255, 255, 8, 0, 0, 0, 0]),
        ),
        rejected("PNG: no width", header(&[0, 0, 0, 0, 0, 0, 0, 48, 8, 0, 0, 0, 0])),
        rejected("PNG: no height", header(&[0, 0, 0, 64, 0, 0, 0, 0, 8, 0, 0, 0, 0])),
        rejected("PNG: a row of 400 MB", header(&[0x03, 0, 0, 0, 0, 0, 0, 1, 16, 6, 0, 0, 0])),
        rejected("PNG: 3 bits", header(&[0, 0, 0, 64, 0, 0, 0, 48, 3, 0, 0, 0, 0])),
        rejected("PNG: no palette", header(&[0, 0, 0, 64, 0, 0, 0, 48, 8, 3, 0, 0, 0])),
        rejected("PNG: two headers", insert(plain.to_vec(), &twice)),
    ]
}

fn order(plain: &[u8]) -> Vec<Hostile> {
    let packed = deflate([&[0; 65 * 48], &[]]);
    let (first, second) = packed.split_at(10);
    let between = [chunk(b"IDAT", first), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", second)];
    let animated = chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    vec![
        rejected("PNG: no data", with_data(&[])),
        rejected("PNG: data in two places", with_data(&between)),
        rejected("PNG: chunk that nobody knows", insert(plain.to_vec(), &chunk(b"FLRN", b""))),
        rejected("PNG: animated", insert(plain.to_vec(), &animated)),
        accepted("PNG: byte behind its end", appended(plain, &[0])),
        accepted("PNG: zero bytes behind its end", appended(plain, &[0; 4096])),
        accepted("PNG: rest of a longer picture behind its end", appended(plain, &plain[plain.len() / 2..])),
        rejected("PNG: PDF behind its end", appended(plain, &crate::samples::pdf(1))),
        rejected("PNG: ZIP behind its end", appended(plain, &zip(plain.len()))),
        rejected("PNG: HTML behind its end", appended(plain, b"<script>alert(1)</script>")),
        accepted("PNG: data in several chunks", with_data(&[chunk(b"IDAT", first), chunk(b"IDAT", second)])),
    ]
}

fn data(plain: &[u8]) -> Vec<Hostile> {
    let filter = deflate([&[9; 65 * 48], &[]]);
    vec![
        unreadable("PNG: half of its rows", with_data(&[chunk(b"IDAT", &deflate([&[0; 65 * 24], &[]]))])),
        unreadable("PNG: data that is not compressed", with_data(&[chunk(b"IDAT", &[0x5A; 400])])),
        unreadable("PNG: empty data", with_data(&[chunk(b"IDAT", &[])])),
        unreadable("PNG: filter that nobody knows", with_data(&[chunk(b"IDAT", &filter)])),
        accepted(
            "PNG: HTML in a text",
            insert(plain.to_vec(), &chunk(b"tEXt", b"Comment\0<script>alert(1)</script>")),
        ),
        accepted("PNG: two bits of grey", two_bits()),
    ]
}

fn two_bits() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 66, 3);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Two);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[0x1B; 17 * 3]).expect("as many bytes as pixels");
    writer.finish().expect("an end");
    bytes
}

/// What unpacks to much: it is never unpacked at once, or not at all.
fn bombs(plain: &[u8]) -> Vec<Hostile> {
    let zeros = deflate([&vec![0; 16 * 1024 * 1024], &[]]);
    let text = chunk(b"zTXt", &[b"Comment\0\0", zeros.as_slice()].concat());
    let profile = chunk(b"iCCP", &[b"Profile\0\0", zeros.as_slice()].concat());
    let flood = chunk(b"IHDR", &[0, 0, 0x1B, 0x58, 0, 0, 0x1B, 0x58, 1, 0, 0, 0, 0]);
    let rows = deflate([&vec![0; (7000 / 8 + 1) * 7000], &[]]);
    let flood = [b"\x89PNG\r\n\x1a\n", &flood[..], &chunk(b"IDAT", &rows), &chunk(b"IEND", &[])].concat();
    vec![
        accepted("PNG: text bomb", insert(plain.to_vec(), &text)),
        accepted("PNG: profile bomb", insert(plain.to_vec(), &profile)),
        accepted("PNG: data bomb behind its rows", with_data(&[chunk(b"IDAT", &zeros)])),
        accepted("PNG: 49 million pixels in a few KiB", flood),
    ]
}

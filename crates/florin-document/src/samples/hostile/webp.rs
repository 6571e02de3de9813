//! Hostile WebP.

use super::super::webp::{chunk, extended, riff, with_chunks};
use super::{Hostile, accepted, appended, patched, rejected, unreadable, zip};

pub(super) fn rows() -> Vec<Hostile> {
    let (lossless, lossy) = (crate::samples::webp(64, 48), crate::samples::webp_lossy());
    [containers(&lossless, &lossy), images(&lossless, &lossy), data(&lossless, &lossy)].concat()
}

fn containers(lossless: &[u8], lossy: &[u8]) -> Vec<Hostile> {
    let length = lossless.len() as u32 - 8;
    let with = |length: u32| patched(lossless, 4, &length.to_le_bytes());
    vec![
        rejected("WebP: only magic", lossless[..12].to_vec()),
        rejected("WebP: cut in its first chunk's header", lossless[..17].to_vec()),
        rejected("WebP: cut in its image's header", lossy[..24].to_vec()),
        rejected("WebP: cut in its data", lossless[..lossless.len() - 2].to_vec()),
        rejected("WebP: file length 0", with(0)),
        rejected("WebP: file length too short", with(length - 2)),
        rejected("WebP: file length too long", with(length + 2)),
        rejected("WebP: file length 2^32 - 1", with(u32::MAX)),
        rejected("WebP: chunk length 0", patched(lossless, 16, &[0; 4])),
        rejected("WebP: chunk length 2^32 - 1", patched(lossless, 16, &[0xFF; 4])),
        accepted("WebP: byte behind it", appended(lossless, &[0])),
        accepted("WebP: zero bytes behind it", appended(lossy, &[0; 4096])),
        accepted("WebP: rest of a longer picture behind it", appended(lossless, &lossy[lossy.len() / 2..])),
        rejected("WebP: HTML behind it", appended(lossless, b"<html><script>alert(1)</script>")),
        rejected("WebP: ZIP behind it", appended(lossless, &zip(lossless.len()))),
        rejected("WebP: no image", riff(&extended(64, 48, 0))),
        rejected(
            "WebP: begins with a strange chunk",
            riff(&[&chunk(b"flRn", b""), &lossless[12..]].concat()),
        ),
    ]
}

fn images(lossless: &[u8], lossy: &[u8]) -> Vec<Hostile> {
    let frame = chunk(b"ANMF", &[&[0; 16], &lossless[12..]].concat());
    vec![
        rejected("WebP: 16,383 × 16,383", patched(lossy, 26, &[0xFF, 0x3F, 0xFF, 0x3F])),
        rejected("WebP: no width", patched(lossy, 26, &[0, 0])),
        rejected("WebP: lossless, 16,384 × 16,384", patched(lossless, 21, &[0xFF, 0xFF, 0xFF, 0x0F])),
        rejected(
            "WebP: canvas of 2^24 × 2^24",
            riff(&[&extended(1 << 24, 1 << 24, 0), &lossless[12..]].concat()),
        ),
        rejected("WebP: canvas of another size", riff(&[&extended(65, 48, 0), &lossless[12..]].concat())),
        rejected("WebP: animated by its flag", riff(&[&extended(64, 48, 2), &lossless[12..]].concat())),
        rejected("WebP: animated by its frames", riff(&[extended(64, 48, 0), frame].concat())),
        rejected("WebP: two images", with_chunks(lossless, &[lossy[12..].to_vec()])),
        rejected("WebP: not a key frame", patched(lossy, 20, &[lossy[20] | 1])),
        rejected("WebP: no start code", patched(lossy, 23, &[0])),
        rejected("WebP: lossless of a later version", patched(lossless, 24, &[lossless[24] | 0xE0])),
    ]
}

fn data(lossless: &[u8], lossy: &[u8]) -> Vec<Hostile> {
    let half = |file: &[u8], name: &[u8; 4]| riff(&chunk(name, &file[20..20 + (file.len() - 20) / 2]));
    // One group of codes, each with one symbol: pixels take no bits at all.
    let wide = [0x2F, 0x57, 0x1B, 0xD6, 0x06, 0x88, 0x88, 0x08, 0x00, 0x00];
    vec![
        unreadable("WebP: half of its lossless data", half(lossless, b"VP8L")),
        unreadable("WebP: half of its lossy data", half(lossy, b"VP8 ")),
        unreadable(
            "WebP: lossless data that is no code",
            riff(&chunk(b"VP8L", &[&lossless[20..25], &[0xFF; 80]].concat())),
        ),
        unreadable("WebP: bomb of codes", riff(&chunk(b"VP8L", &codes()))),
        accepted("WebP: 49 million pixels in a few bytes", riff(&chunk(b"VP8L", &wide))),
        accepted(
            "WebP: a script in a strange chunk",
            riff(&[&extended(64, 48, 0), &lossless[12..], &chunk(b"flRn", b"<script>")].concat()),
        ),
    ]
}

/// 1024 × 1024 pixels with 65,536 groups of codes, each of 1,025 symbols in 27 bytes: a decoder that makes
/// tables of all takes hundreds of MB for 3 MB. Here it ends after a part of them.
fn codes() -> Vec<u8> {
    let mut bits = Bits { bytes: vec![0x2F], held: 0, count: 0 };
    bits.push(1023, 14);
    bits.push(1023, 14);
    // No alpha, version 0, no transform, no cache; groups by blocks of 4 × 4.
    bits.push(0, 1 + 3 + 1 + 1);
    bits.push(1, 1);
    bits.push(0, 3);
    // Their image: no cache, every pixel of the one colour that stands for group 65,535.
    bits.push(0, 1);
    for symbol in [255, 255, 0, 0, 0] {
        bits.push(0b101, 3);
        bits.push(symbol, 8);
    }
    for code in 0..15_000 * 5 {
        if code % 5 == 4 {
            // The distance: one symbol.
            bits.push(0b0001, 4);
            continue;
        }
        // Of the lengths of the code for lengths, twelve, the last for 8: one symbol, which takes no bits.
        bits.push(0, 1);
        bits.push(8, 4);
        bits.push(0, 11 * 3);
        bits.push(1, 3);
        // 256 symbols have that length.
        bits.push(1, 1);
        bits.push(3, 3);
        bits.push(256 - 2, 8);
    }
    bits.bytes
}

/// Bits, the lowest of a byte first.
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u64, width: u32) {
        self.held |= value << self.count;
        self.count += width;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }
}

//! Hostile HEIC.

use super::super::heic::{Builder, SLICE, atom};
use super::{Hostile, accepted, appended, find, patched, rejected, unreadable};

pub(super) fn rows() -> Vec<Hostile> {
    let plain = crate::samples::heic(64, 48);
    [cut(&plain), lengths(&plain), tables(&plain), data(&plain)].concat()
}

fn cut(plain: &[u8]) -> Vec<Hostile> {
    let (meta, data) = (find(plain, b"meta"), find(plain, b"mdat"));
    vec![
        rejected("HEIC: only magic", plain[..12].to_vec()),
        rejected("HEIC: only its file type", plain[..meta - 4].to_vec()),
        rejected("HEIC: cut in its tables", plain[..meta + 100].to_vec()),
        rejected("HEIC: cut before its data", plain[..data - 4].to_vec()),
        rejected("HEIC: cut in its data", plain[..plain.len() - 1].to_vec()),
    ]
}

fn lengths(plain: &[u8]) -> Vec<Hostile> {
    let (meta, data, items) = (find(plain, b"meta") - 4, find(plain, b"mdat") - 4, find(plain, b"iinf") - 4);
    let long = |length: u64| {
        let body = &plain[data + 8..];
        [&plain[..data], b"\0\0\0\x01mdat", &length.to_be_bytes(), body].concat()
    };
    let body = plain.len() - data - 8;
    vec![
        rejected("HEIC: file type of length 0", patched(plain, 0, &[0; 4])),
        rejected("HEIC: box of length 7", patched(plain, data, &[0, 0, 0, 7])),
        rejected("HEIC: tables to the file's end", patched(plain, meta, &[0; 4])),
        rejected("HEIC: tables of 2^32 - 1 bytes", patched(plain, meta, &[0xFF; 4])),
        rejected("HEIC: table past its box", patched(plain, items, &[0, 1, 0, 0])),
        rejected("HEIC: data of 2^64 - 1 bytes", long(u64::MAX)),
        rejected("HEIC: data of 15 bytes, in 64 bits", long(15)),
        rejected("HEIC: data too long, in 64 bits", long(body as u64 + 17)),
        rejected("HEIC: HTML behind it", appended(plain, b"<script>")),
        rejected("HEIC: HTML behind a zero byte behind it", appended(plain, b"\0<html><body>")),
        rejected("HEIC: HTML in a box that is cut off behind it", {
            appended(plain, b"\0\0\x10\0sefd <script>alert(1)</script>")
        }),
        rejected("HEIC: HTML behind the header of such a box", {
            appended(plain, b"\0\0\0\x01sefd\0\0\0\0\0\0\xFF\xFF<script>alert(1)</script>")
        }),
        accepted("HEIC: byte behind it", appended(plain, &[0])),
        accepted("HEIC: zero bytes behind it", appended(plain, &[0; 4096])),
        accepted("HEIC: rest of a longer picture behind it", appended(plain, &[0xA7; 5000])),
        accepted("HEIC: box that is cut off behind it", appended(plain, b"\0\0\x10\0sefd abc")),
        accepted("HEIC: film behind it", appended(plain, b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")),
        // Eight bytes more in front of the data: the item's place is in them, and its data no longer begins there.
        unreadable("HEIC: data that is moved", long(body as u64 + 16)),
        accepted("HEIC: data to the file's end", patched(plain, data, &[0; 4])),
    ]
}

fn tables(plain: &[u8]) -> Vec<Hostile> {
    let (size, place, item) = (find(plain, b"ispe"), find(plain, b"iloc"), find(plain, b"infe"));
    let meta = find(plain, b"meta") - 4;
    let data = find(plain, b"mdat") - 4;
    vec![
        rejected("HEIC: 65,535 × 65,535", patched(plain, size + 8, &[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF])),
        rejected("HEIC: (2^32 - 1) × (2^32 - 1)", patched(plain, size + 8, &[0xFF; 8])),
        rejected("HEIC: no width", patched(plain, size + 8, &[0; 4])),
        rejected("HEIC: no primary item", patched(plain, find(plain, b"pitm") + 8, &[0, 9])),
        rejected("HEIC: item behind the file's end", patched(plain, place + 18, &[0x7F, 0xFF, 0xFF, 0xFF])),
        rejected("HEIC: item longer than the file", patched(plain, place + 22, &[0xFF; 4])),
        rejected("HEIC: locations of 3 bytes", patched(plain, place + 8, &[0x33])),
        rejected("HEIC: 65,535 items", patched(plain, find(plain, b"iinf") + 8, &[0xFF; 2])),
        rejected("HEIC: image in another file", patched(plain, place + 14, &[0, 1])),
        rejected("HEIC: protected image", patched(plain, item + 10, &[0, 1])),
        rejected("HEIC: two tables", [&plain[..data], &plain[meta..data], &plain[data..]].concat()),
        rejected("HEIC: no tables", [&plain[..meta], &plain[data..]].concat()),
    ]
}

fn data(plain: &[u8]) -> Vec<Hostile> {
    let (configuration, data) = (find(plain, b"hvcC"), find(plain, b"mdat"));
    vec![
        unreadable(
            "HEIC: parameter sets of another size",
            Builder { named: 4096, ..Builder::new(64, 48) }.build(),
        ),
        unreadable("HEIC: slice of noise", {
            let noise = [&SLICE[..6], &[0x5A; 400]].concat();
            Builder { slice: noise, ..Builder::new(64, 48) }.build()
        }),
        unreadable("HEIC: half of a slice", {
            Builder { slice: SLICE[..SLICE.len() / 2].to_vec(), ..Builder::new(64, 48) }.build()
        }),
        unreadable("HEIC: slice of a film", {
            let mut slice = SLICE.to_vec();
            slice[0] = 1 << 1;
            Builder { slice, ..Builder::new(64, 48) }.build()
        }),
        unreadable("HEIC: fewer tiles than it says", {
            let grid = find(plain, &[0, 1, 0, 0, 0, 0, 0, 64, 0, 0, 0, 48]);
            patched(plain, grid + 3, &[1])
        }),
        unreadable("HEIC: no parameter sets", patched(plain, configuration, b"hvcX")),
        unreadable("HEIC: data in a strange box", patched(plain, data, b"mdit")),
        unreadable("HEIC: unit past its item", patched(plain, data + 4, &[0xFF; 4])),
        unreadable("HEIC: no slice to begin with", patched(plain, data + 8, &[1 << 1])),
        accepted("HEIC: strange box", appended(plain, &atom(b"sefd", b"<script>alert(1)</script>"))),
    ]
}

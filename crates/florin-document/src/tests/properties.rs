//! Over all samples: how bytes are cut makes no difference, and nothing panics whatever is changed in a file.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{check, read};
use crate::samples::{self, Noise};
use crate::{Checker, Facts, Kind, MAX_PIXELS, Rejected, for_export};

/// Files that are short enough to be tried many times.
static SHORT: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let valid =
        Kind::ALL.iter().flat_map(|&kind| [samples::valid(kind, 70, 51), samples::with_location(kind)]);
    let hostile = samples::hostile().into_iter().map(|row| row.bytes);
    valid.chain(hostile).filter(|bytes| bytes.len() < 20_000).collect()
});

/// The check of bytes that come in pieces as long as `lengths` says, over and over.
fn check_in_pieces(mut bytes: &[u8], lengths: &[usize]) -> Result<Facts, Rejected> {
    let mut checker = Checker::new(Kind::ALL, MAX_PIXELS);
    for &length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(length.min(bytes.len()));
        checker.push(piece)?;
        bytes = rest;
    }
    checker.finish()
}

#[test]
fn single_bytes_give_the_same_answer() {
    for bytes in SHORT.iter() {
        assert_eq!(check_in_pieces(bytes, &[1]), check(bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_any_length_give_the_same_answer(lengths in prop::collection::vec(1usize..300, 1..40)) {
        for bytes in SHORT.iter() {
            prop_assert_eq!(check_in_pieces(bytes, &lengths), check(bytes));
        }
    }
}

#[test]
fn a_refusal_is_final() {
    let mut checker = Checker::new(&[Kind::Pdf], MAX_PIXELS);
    let refused = Err(Rejected::NotAllowed(Kind::Jpeg));
    assert_eq!(checker.push(&samples::jpeg(64, 48)), refused);
    assert_eq!(checker.push(b"%PDF-1.7"), refused);
    assert_eq!(checker.finish().map(|_| ()), refused);
}

/// Changes some bytes, cuts, or repeats a stretch: what a fuzzer does, but the same each time.
fn changed(bytes: &[u8], noise: &mut Noise) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut place =
        |length: usize| (usize::from(noise.next()) << 8 | usize::from(noise.next())) % length.max(1);
    let edges = [0, 1, 0x7F, 0x80, 0xFE, 0xFF];
    for _ in 0..1 + place(4) {
        let (at, other, new) = (place(bytes.len()), place(bytes.len()), place(256) as u8);
        match place(8) {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_within(at.min(other)..at.max(other)),
            2 => drop(bytes.drain(at.min(other)..at.max(other))),
            3 | 4 => bytes[at..].iter_mut().take(1).for_each(|byte| *byte = edges[place(6)]),
            _ => bytes[at..].iter_mut().take(1).for_each(|byte| *byte = new),
        }
    }
    bytes
}

#[test]
fn nothing_panics_whatever_is_changed() {
    let mut noise = Noise::new(11);
    for bytes in SHORT.iter().filter(|bytes| !bytes.is_empty()) {
        for _ in 0..20 {
            let bytes = changed(bytes, &mut noise);
            let checked = check(&bytes);
            assert_eq!(check_in_pieces(&bytes, &[7, 1, 61]), checked);
            let Ok(Facts { kind, .. }) = checked else { continue };
            let decoded = read(kind, &bytes);
            assert_ne!(decoded, Err(crate::Unreadable::Fault));
            if let (Ok(decoded), Ok(copy)) = (decoded, for_export(kind, &bytes)) {
                assert_eq!(read(kind, &copy), Ok(decoded), "the copy is as readable");
            }
        }
    }
}

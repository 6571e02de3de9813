//! Whatever bytes are uploaded: cut into pieces they are what they are whole; neither check nor decode nor the copy
//! panics; what decodes decodes as a copy too, to the same.
//!
//! A panic inside a library is no finding, for `decode` turns it into `Unreadable::Fault`.

#![no_main]

use std::panic;

use florin_document::{Checker, DecodeLimits, Facts, Kind, MAX_PIXELS, Rejected, decode, for_export};
use libfuzzer_sys::fuzz_target;

/// The fuzzer is for the code, not for patience: large images only make it slow.
const PIXELS: u64 = 1_000_000;

fn check(mut bytes: &[u8], lengths: &[usize]) -> Result<Facts, Rejected> {
    let mut checker = Checker::new(Kind::ALL, MAX_PIXELS);
    for length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(bytes.len().min(*length));
        checker.push(piece)?;
        bytes = rest;
    }
    checker.finish()
}

/// The fuzzer ends the process at any panic; a library's shall unwind, as it does in the server.
fn let_libraries_panic() {
    let end = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let ours = |file: &str| file.contains("florin-document") || file.contains("fuzz_targets");
        if info.location().is_none_or(|location| ours(location.file())) {
            end(info);
        }
    }));
}

fuzz_target!(init: let_libraries_panic(), |bytes: &[u8]| {
    let whole = check(bytes, &[usize::MAX]);
    let odd = 1 + bytes.len() % 61;
    assert_eq!(check(bytes, &[odd, 1, 4 * odd, 2]), whole);
    let Ok(Facts { kind, .. }) = whole else { return };
    let limits = DecodeLimits { max_pixels: PIXELS, ..DecodeLimits::default() };
    let decoded = decode(kind, bytes, &limits, &|| false);
    let copy = for_export(kind, bytes);
    if let (Ok(decoded), Ok(copy)) = (decoded, copy) {
        assert_eq!(decode(kind, &copy, &limits, &|| false), Ok(decoded));
    }
});

//! Whatever a bank's file holds: reading it does not panic, and what is read and can be written is read again the same.

#![no_main]

use florin_iso20022::{Limits, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = read(bytes, Limits::default()) else { return };
    // Not everything that is read can be written: identifiers may have other characters than SEPA's.
    let Ok(written) = document.to_xml() else { return };
    // Writing is lossy once, for texts are cut and transliterated; what it gives is not changed any more.
    let again = read(&written, Limits::default()).expect("what we write is read");
    let written_again = again.to_xml().expect("what we wrote is written");
    assert_eq!(written, written_again);
});

//! Whatever comes over the link of a card network: reading it does not panic, what is understood is written and read
//! again the same, and what is not understood can be refused.
//!
//! The first byte chooses the dialect.

#![no_main]

use florin_iso8583::{Decline, Dialect, Fields, Match, Message};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*first) % Dialect::ALL.len()];
    let Ok(fields) = Fields::read(bytes, dialect) else { return };
    let read = |fields: &Fields| {
        let bytes = fields.write(dialect).expect("what we write fits its fields");
        Fields::read(&bytes, dialect).expect("what we write is read")
    };
    if let Some(refusal) = fields.refusal(Decline::FormatError) {
        assert!(read(&refusal) == refusal && Match::of(&refusal) == Match::of(&fields));
    }
    let Ok(message) = Message::from_fields(&fields) else { return };
    let Some(again) = message.to_fields() else { return };
    assert_eq!(Message::from_fields(&read(&again)).as_ref(), Ok(&message));
});

//! The frame of multipart bodies: a `Content-Type` up to the first line break, then the length of frames, then the
//! body. Cut into frames it must be what it is whole.

#![no_main]

use florin_api::kit::request::upload::take_apart;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (content_type, rest) = data.split_at(end);
    let [_, length, body @ ..] = rest else { return };
    assert_eq!(take_apart(content_type, body, usize::from(*length)), take_apart(content_type, body, body.len()));
});

//! What a refused upload is told: the stable text of its code first, then which part, and why. Of the client's own
//! words only names of parts and its content type are repeated, and only their beginning.

use super::rules::{Rules, Wanted};
use crate::kit::endpoint::codes::{Code, P426, P439, P440};
use crate::kit::endpoint::refusal::Refusal;
use florin_document::{Kind, Rejected};

/// How much of a client's own word is repeated: the contract's.
const SHOWN: usize = 64;

/// A file as short as that is probably not one: a path where its content was meant.
const NO_FILE: u64 = 300;

/// The beginning of a client's own word, as it can be shown.
pub(super) fn shown(word: &[u8]) -> String {
    let word = String::from_utf8_lossy(word);
    word.chars().filter(|one| !one.is_control()).take(SHOWN).collect()
}

fn because(code: &'static Code, why: &str) -> Refusal {
    Refusal::with(code, format!("{}: {why}", code.message))
}

/// P426. `bytes` is how long the file is, where it came to its end.
pub(super) fn not_a_file(wanted: &Wanted, rejected: Rejected, bytes: Option<u64>) -> Refusal {
    let name = wanted.name;
    let why = match rejected {
        Rejected::UnknownType => {
            let hint = match bytes {
                Some(bytes) if bytes < NO_FILE => {
                    format!(" ({bytes} bytes; with curl write @ before the file's name)")
                }
                _ => String::new(),
            };
            format!("{name} is none of {}{hint}", list(wanted.kinds))
        }
        Rejected::NotAllowed(kind) => format!("{name} is {kind}, and must be one of {}", list(wanted.kinds)),
        rejected => format!("{name} {rejected}"),
    };
    because(&P426, &why)
}

fn list(kinds: &[Kind]) -> String {
    kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// P440.
pub(super) fn too_long(wanted: &Wanted, max_bytes: u64) -> Refusal {
    because(&P440, &format!("{} is larger than {}", wanted.name, length(max_bytes)))
}

/// `10 MB (10,485,760 bytes)`.
fn length(bytes: u64) -> String {
    const MB: u64 = 1024 * 1024;
    let digits = bytes.to_string();
    let mut exact = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            exact.push(',');
        }
        exact.push(digit);
    }
    match bytes {
        MB.. if bytes.is_multiple_of(MB) => format!("{} MB ({exact} bytes)", bytes / MB),
        _ => format!("{exact} bytes"),
    }
}

/// P439 of a body that is not multipart. `content_type` is what it is instead.
pub(super) fn no_multipart(rules: &Rules, content_type: Option<&[u8]>) -> Refusal {
    let got = match content_type.map(|value| value.split(|byte| *byte == b';').next().unwrap_or_default()) {
        Some(kind) => shown(kind.trim_ascii()),
        None => "no Content-Type".to_owned(),
    };
    because(&P439, &format!("send multipart/form-data with {}; got {got}", parts(rules)))
}

/// P439 of a body in which no part that is wanted has content.
pub(super) fn no_parts(rules: &Rules) -> Refusal {
    because(&P439, &format!("send a file in {}; there is no content in any part of that name", parts(rules)))
}

fn parts(rules: &Rules) -> String {
    match rules.parts {
        [only] => format!("the part {}", only.name),
        several => {
            format!("the parts {}", several.iter().map(|part| part.name).collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        const FRONT: Wanted =
            Wanted { name: "front_id", kinds: &[Kind::Jpeg, Kind::Png, Kind::Pdf], max_count: 1 };
        const SELFIE: Wanted = Wanted { name: "selfie", ..FRONT };
        let wanted = FRONT;
        let rules = Rules { parts: &[FRONT], max_bytes: 10_485_760, max_pixels: 1 };
        let both = Rules { parts: &[FRONT, SELFIE], ..rules };
        let table = [
            (
                not_a_file(&wanted, Rejected::UnknownType, Some(9)),
                "Invalid file type: front_id is none of JPEG, PNG, PDF (9 bytes; with curl write @ before the file's \
                 name)",
            ),
            (
                not_a_file(&wanted, Rejected::UnknownType, None),
                "Invalid file type: front_id is none of JPEG, PNG, PDF",
            ),
            (
                not_a_file(&wanted, Rejected::UnknownType, Some(300)),
                "Invalid file type: front_id is none of JPEG, PNG, PDF",
            ),
            (
                not_a_file(&wanted, Rejected::NotAllowed(Kind::Heic), None),
                "Invalid file type: front_id is HEIC, and must be one of JPEG, PNG, PDF",
            ),
            (
                not_a_file(&wanted, Rejected::Broken("PNG cut off"), None),
                "Invalid file type: front_id is broken: PNG cut off",
            ),
            (not_a_file(&wanted, Rejected::Encrypted, None), "Invalid file type: front_id is encrypted"),
            (not_a_file(&wanted, Rejected::Animated, None), "Invalid file type: front_id is animated"),
            (
                not_a_file(&wanted, Rejected::TooManyPixels(52_000_000), None),
                "Invalid file type: front_id has more than 52000000 pixels",
            ),
            (
                not_a_file(&wanted, Rejected::TooLong(65_535), None),
                "Invalid file type: front_id is more than 65535 pixels wide or high",
            ),
            (
                not_a_file(&wanted, Rejected::Memory, None),
                "Invalid file type: front_id has rows that are too long to be decoded",
            ),
            (
                not_a_file(&wanted, Rejected::Polyglot, None),
                "Invalid file type: front_id carries a second format around the picture or document",
            ),
            (
                too_long(&wanted, 10_485_760),
                "File too large: front_id is larger than 10 MB (10,485,760 bytes)",
            ),
            (too_long(&wanted, 999), "File too large: front_id is larger than 999 bytes"),
            (
                no_multipart(&both, Some(b"application/json; charset=utf-8")),
                "No KYC files: send multipart/form-data with the parts front_id, selfie; got application/json",
            ),
            (
                no_multipart(&rules, None),
                "No KYC files: send multipart/form-data with the part front_id; got no Content-Type",
            ),
            (
                no_parts(&both),
                "No KYC files: send a file in the parts front_id, selfie; there is no content in any part of that name",
            ),
        ];
        for (refusal, message) in table {
            assert_eq!(refusal.message, message);
        }
        assert_eq!(shown("ä\u{1}b".repeat(100).as_bytes()).chars().count(), SHOWN);
    }
}

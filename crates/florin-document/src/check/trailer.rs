//! What may stand behind the end of a file, and between its pieces: anything that no other program would open as a
//! file of another kind.
//!
//! Phones write behind a JPEG's end (a second picture, a film, blocks of their own), editors leave the rest of a
//! longer file behind a PNG, transports add zero bytes. No viewer looks at that and [`crate::for_export`] drops it.
//! Markup, a PDF or a ZIP archive there would make the same bytes another document for another program: refused.

use memchr::memchr3;

use super::Rejected;
use super::overlap::Overlap;

/// What is refused, in any letter case of its second letter and on. The ZIP word is the record at an archive's end
/// with its disk numbers, which is all that readers look for; four bytes alone would meet one motion photo in a
/// thousand by chance.
const FOREIGN: [&[u8]; 7] =
    [b"<script", b"<html", b"<!doctype", b"<svg", b"<?php", b"%PDF-", b"PK\x05\x06\0\0\0\0"];

/// The longest of [`FOREIGN`].
const LONGEST: usize = 9;

/// A search for [`FOREIGN`] over bytes that come in pieces.
#[derive(Debug, Default)]
pub(super) struct Trailer(Overlap);

impl Trailer {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Rejected> {
        self.0.push(bytes, LONGEST, foreign)
    }
}

/// Looks for [`FOREIGN`] in a part of a trailer; tells how much of it is decided.
fn foreign(part: &[u8]) -> Result<usize, Rejected> {
    let mut at = 0;
    while let Some(found) = memchr3(b'<', b'%', b'P', &part[at..]) {
        at += found;
        let rest = &part[at..part.len().min(at + LONGEST)];
        let meets = |word: &&[u8]| {
            let common = rest.len().min(word.len());
            rest[..common].eq_ignore_ascii_case(&word[..common])
        };
        match FOREIGN.iter().find(|word| meets(word)) {
            Some(word) if word.len() <= rest.len() => return Err(Rejected::Polyglot),
            Some(_) => return Ok(at),
            None => at += 1,
        }
    }
    Ok(part.len())
}

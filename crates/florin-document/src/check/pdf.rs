//! PDF (ISO 32000): the header first, the end last, and no encryption. The rest is for the full decode.

use memchr::{memchr2, memmem};

use super::overlap::Overlap;
use super::walk::{Need, Walk};
use super::{Found, Rejected};

/// How far before the file's end `startxref` is looked for: as far as the readers in use look for `%%EOF`.
const TAIL: usize = 1024;

/// The longest of the words that are looked for, with what must stand before and behind.
const LONGEST: usize = 12;

const END: &[u8] = b"endstream";

/// The scan from header to end.
#[derive(Debug)]
pub(super) struct Pdf {
    begun: bool,
    place: Place,
    overlap: Overlap,
    tail: Vec<u8>,
}

/// Where in the file the search is.
#[derive(Copy, Clone, Debug, Default)]
struct Place {
    /// Between `stream` and `endstream`: content, in which words mean nothing.
    within: bool,
    /// The last byte that is decided.
    before: u8,
}

impl Pdf {
    pub(super) fn new() -> Self {
        Self {
            begun: false,
            place: Place::default(),
            overlap: Overlap::default(),
            tail: Vec::with_capacity(2 * TAIL),
        }
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        let last = &bytes[bytes.len().saturating_sub(TAIL)..];
        self.tail.extend_from_slice(last);
        if self.tail.len() > TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }
}

/// Follows streams and looks for `/Encrypt` outside of them; tells how much is decided.
///
/// Strings and comments are not told apart: a text that says `/Encrypt` outside of a stream is so rare that
/// refusing it does no harm. A name written with `#` escapes is left to the full decode.
fn search(place: &mut Place, part: &[u8]) -> Result<usize, Rejected> {
    let done = decide(place, part)?;
    if let Some(last) = done.checked_sub(1) {
        place.before = part[last];
    }
    Ok(done)
}

fn decide(place: &mut Place, part: &[u8]) -> Result<usize, Rejected> {
    let mut at = 0;
    loop {
        let rest = &part[at..];
        if place.within {
            let Some(found) = memmem::find(rest, END) else {
                return Ok(at + rest.len().saturating_sub(END.len() - 1));
            };
            at += found + END.len();
            place.within = false;
            continue;
        }
        let Some(found) = memchr2(b'/', b's', rest) else { return Ok(part.len()) };
        at += found;
        let rest = &part[at..];
        let before = at.checked_sub(1).map_or(place.before, |last| part[last]);
        match (begins(rest, b"/Encrypt"), begins(rest, b"stream")) {
            (Some(next), _) if !next.is_ascii_alphanumeric() => return Err(Rejected::Encrypted),
            // Not the end of `endstream`, and a line's end behind.
            (_, Some(b'\r' | b'\n')) if !before.is_ascii_alphanumeric() => {
                place.within = true;
                at += b"stream".len();
            }
            (None, None) if is_part(rest, b"/Encrypt") || is_part(rest, b"stream") => return Ok(at),
            _ => at += 1,
        }
    }
}

/// The byte behind the word with which `rest` begins.
fn begins(rest: &[u8], word: &[u8]) -> Option<u8> {
    rest.strip_prefix(word).and_then(|behind| behind.first()).copied()
}

/// Whether `rest` is the beginning of the word, or all of it, with nothing behind.
fn is_part(rest: &[u8], word: &[u8]) -> bool {
    word.starts_with(rest)
}

/// PDF's own white space, which has the zero byte in it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0C' | b'\r' | b' ')
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let kept = bytes.iter().rposition(|&byte| !is_space(byte)).map_or(0, |last| last + 1);
    &bytes[..kept]
}

/// The position that the last `startxref` names.
fn start_of_table(tail: &[u8]) -> Option<u64> {
    let before = trim_end(trim_end(tail).strip_suffix(b"%%EOF")?);
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, number) = before.split_at(before.len() - digits);
    trim_end(before).strip_suffix(b"startxref")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

impl Walk for Pdf {
    const FIRST: Need = Need::Gather(8);

    fn gathered(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        match bytes {
            [b'%', b'P', b'D', b'F', b'-', b'1' | b'2', b'.', b'0'..=b'9'] => {
                self.begun = true;
                Ok(Need::Scan)
            }
            _ => Err(Rejected::Broken("PDF version")),
        }
    }

    fn skipped(&mut self) -> Result<Need, Rejected> {
        Err(Rejected::Broken("PDF cut off"))
    }

    fn scan(&mut self, bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected> {
        self.keep_tail(bytes);
        let place = &mut self.place;
        self.overlap.push(bytes, LONGEST, |part| search(place, part))?;
        Ok((bytes.len(), None))
    }

    fn finish(self, length: u64, _whole: bool) -> Result<Found, Rejected> {
        if !self.begun {
            return Err(Rejected::Broken("PDF cut off"));
        }
        match start_of_table(&self.tail) {
            None => Err(Rejected::Broken("PDF without its end")),
            Some(start) if start == 0 || start >= length => {
                Err(Rejected::Broken("PDF table outside of the file"))
            }
            Some(_) => Ok(Found::default()),
        }
    }
}

//! PDF (ISO 32000): a header, an end, and no encryption. The rest is for the full decode.
//!
//! The file is followed token by token, as the full decode does it, so that words in a text, in a comment or in the
//! content of a stream mean nothing. It ends behind the last `startxref`, position, `%%EOF`; what comes behind that
//! (a Ctrl-Z, another `%%EOF`, a printer's commands, the page of a web server) is no part of it, unless it holds
//! objects: then it is an update that was cut off.

use memchr::{memchr, memmem};

use super::overlap::Overlap;
use super::walk::{Ended, Need, Walk};
use super::{Found, Rejected};

/// How far into the bytes the header may begin: as far as Acrobat looks.
pub(super) const HEAD_MAX: usize = 1024;

const MAGIC: &[u8] = b"%PDF-";
/// `Universal Exit Language`, with which printer data begins.
const EXIT: &[u8] = b"\x1B%-12345X";
const PRINTER: &[u8] = b"@PJL";
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// How much of the end is kept: `startxref`, a position and `%%EOF` take forty bytes, blanks behind them come in
/// hundreds.
const TAIL: usize = 1024;

const STREAM_END: &[u8] = b"endstream";
const EOF: &[u8] = b"%%EOF";

/// The record at an archive's end, for which ZIP programs look from behind.
const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0";

/// The longest word or name that is compared with anything; of longer ones the rest is not kept.
const WORD_MAX: usize = 24;

/// What stands before a PDF.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// So many bytes.
    Length(usize),
    /// It can't be told yet.
    More,
    /// It is no PDF.
    None,
}

/// Finds the header behind a byte order mark, white space and a printer's commands. Anything else is another format.
pub(super) fn head(bytes: &[u8]) -> Head {
    let mut at = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
    loop {
        at += bytes[at..].iter().take_while(|byte| is_space(**byte)).count();
        let rest = &bytes[at..];
        if at > HEAD_MAX {
            return Head::None;
        } else if rest.starts_with(MAGIC) {
            return Head::Length(at);
        } else if rest.starts_with(EXIT) {
            at += EXIT.len();
        } else if rest.starts_with(PRINTER) {
            match memchr(b'\n', rest) {
                Some(line) => at += line,
                None if bytes.len() > HEAD_MAX => return Head::None,
                None => return Head::More,
            }
        } else if [MAGIC, EXIT, PRINTER].iter().any(|word| word.starts_with(rest)) {
            return Head::More;
        } else {
            return Head::None;
        }
    }
}

/// The scan from header to end.
#[derive(Debug)]
pub(super) struct Pdf {
    head: usize,
    begun: bool,
    /// How many bytes were scanned, the head and the header included.
    at: u64,
    place: Place,
    word: Word,
    /// What came last, as far as an end or an object needs it.
    last: Last,
    /// Behind the last whole end.
    end: Option<u64>,
    /// An object was begun behind it.
    is_cut: bool,
    /// A ZIP archive ends behind it.
    zip: Overlap,
    is_zip: bool,
    /// The last bytes, at most [`TAIL`].
    tail: Vec<u8>,
}

/// Where in the file the scan is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Place {
    Plain,
    /// So much of `%%EOF` has been met; more than that: it is another comment.
    Comment(usize),
    /// How deep the parentheses are, and whether a backslash came last.
    Text {
        depth: u32,
        escaped: bool,
    },
    /// So much of `endstream` has been met.
    Stream(usize),
    /// Behind `%%EOF`; whether a carriage return has come, whose line feed belongs to it.
    Ended {
        returned: bool,
    },
}

/// A word or a name under way.
#[derive(Debug, Default)]
struct Word {
    bytes: Vec<u8>,
    is_name: bool,
    is_open: bool,
    is_long: bool,
}

/// The tokens before this one.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Last {
    Other,
    Number,
    TwoNumbers,
    Start,
    /// `startxref` and a position.
    Position(u64),
    /// `>`, and the second one, with which a dictionary ends.
    Angle,
    Dictionary,
}

impl Pdf {
    pub(super) fn new(head: usize) -> Self {
        Self {
            head,
            begun: false,
            at: head as u64 + 8,
            place: Place::Plain,
            word: Word::default(),
            last: Last::Other,
            end: None,
            is_cut: false,
            zip: Overlap::default(),
            is_zip: false,
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

    /// Where the file ends when the last thing in it is an end, whatever stands before: a stream that holds another
    /// PDF can make the scan lose its way.
    fn plain_end(&self, length: u64) -> Option<u64> {
        let text = trim_end(&self.tail);
        let position = start_of_table(text)?;
        let blank = &self.tail[text.len()..];
        let line_break = match blank {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        let end = length - blank.len() as u64 + line_break;
        (position > 0 && position < end).then_some(end)
    }

    fn byte(&mut self, byte: u8) -> Result<(), Rejected> {
        self.at += 1;
        match self.place {
            Place::Plain => self.plain(byte)?,
            Place::Comment(met) => self.comment(met, byte),
            Place::Text { depth, escaped: true } => self.place = Place::Text { depth, escaped: false },
            Place::Text { depth, .. } => self.text(depth, byte),
            Place::Stream(met) => self.stream(met, byte),
            Place::Ended { returned } => self.ended(returned, byte)?,
        }
        Ok(())
    }

    fn plain(&mut self, byte: u8) -> Result<(), Rejected> {
        if is_regular(byte) {
            self.word.push(byte);
            return Ok(());
        }
        self.close()?;
        match byte {
            _ if self.place != Place::Plain => {}
            b'%' => self.place = Place::Comment(1),
            b'(' => {
                self.last = Last::Other;
                self.place = Place::Text { depth: 1, escaped: false };
            }
            b'/' => self.word = Word { is_name: true, is_open: true, ..Word::default() },
            b'>' if self.last == Last::Angle => self.last = Last::Dictionary,
            b'>' => self.last = Last::Angle,
            _ if is_space(byte) => {}
            _ => self.last = Last::Other,
        }
        Ok(())
    }

    /// The word under way is at its end.
    fn close(&mut self) -> Result<(), Rejected> {
        let word = std::mem::take(&mut self.word);
        if !word.is_open {
            return Ok(());
        }
        let text = if word.is_long { &[] } else { &word.bytes[..] };
        if word.is_name {
            self.last = Last::Other;
            return if text == b"Encrypt" { Err(Rejected::Encrypted) } else { Ok(()) };
        }
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok());
        self.last = match (number, self.last) {
            (Some(number), Last::Start) => Last::Position(number),
            (Some(_), Last::Number | Last::TwoNumbers) => Last::TwoNumbers,
            (Some(_), _) => Last::Number,
            (None, Last::TwoNumbers) if text == b"obj" => {
                self.is_cut = self.end.is_some();
                Last::Other
            }
            (None, _) if text == b"startxref" => Last::Start,
            (None, Last::Dictionary) if text == b"stream" => {
                self.place = Place::Stream(0);
                Last::Other
            }
            (None, _) => Last::Other,
        };
        Ok(())
    }

    fn comment(&mut self, met: usize, byte: u8) {
        if EOF.get(met) == Some(&byte) {
            self.place = Place::Comment(met + 1);
            if met + 1 == EOF.len() {
                self.found_end();
            }
        } else if matches!(byte, b'\r' | b'\n') {
            self.place = Place::Plain;
        } else {
            self.place = Place::Comment(EOF.len());
        }
    }

    /// `%%EOF`. It is an end where `startxref` and a position within the file stand before it.
    fn found_end(&mut self) {
        let Last::Position(position) = self.last else { return };
        if position == 0 || position >= self.at {
            return;
        }
        self.last = Last::Other;
        self.end = Some(self.at);
        self.is_cut = false;
        self.is_zip = false;
        self.zip = Overlap::default();
        self.place = Place::Ended { returned: false };
    }

    /// The line break behind `%%EOF` belongs to it; whatever else is on its line is a comment.
    fn ended(&mut self, returned: bool, byte: u8) -> Result<(), Rejected> {
        match byte {
            b'\r' if !returned => {
                self.end = Some(self.at);
                self.place = Place::Ended { returned: true };
            }
            b'\n' => {
                self.end = Some(self.at);
                self.place = Place::Plain;
            }
            _ if returned => {
                self.place = Place::Plain;
                self.plain(byte)?;
            }
            _ => self.place = Place::Comment(EOF.len()),
        }
        Ok(())
    }

    fn text(&mut self, depth: u32, byte: u8) {
        self.place = match byte {
            b'\\' => Place::Text { depth, escaped: true },
            b'(' => Place::Text { depth: depth.saturating_add(1), escaped: false },
            b')' if depth == 1 => Place::Plain,
            b')' => Place::Text { depth: depth - 1, escaped: false },
            _ => return,
        };
    }

    fn stream(&mut self, met: usize, byte: u8) {
        let met = if STREAM_END[met] == byte {
            met + 1
        } else {
            // Of what was met the end may be a beginning: `e`, and the `en` of `endstren`.
            match byte {
                b'n' if met == 7 => 2,
                b'e' => 1,
                _ => 0,
            }
        };
        self.place = if met == STREAM_END.len() { Place::Plain } else { Place::Stream(met) };
    }

    /// How many of the bytes are the content of a stream for certain.
    fn skippable(&self, bytes: &[u8]) -> usize {
        match self.place {
            Place::Stream(0) => memchr(b'e', bytes).unwrap_or(bytes.len()),
            _ => 0,
        }
    }
}

impl Word {
    fn push(&mut self, byte: u8) {
        self.is_open = true;
        if self.bytes.len() < WORD_MAX {
            self.bytes.push(byte);
        } else {
            self.is_long = true;
        }
    }
}

/// PDF's own white space, which has the zero byte in it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0C' | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let kept = bytes.iter().rposition(|&byte| !is_space(byte)).map_or(0, |last| last + 1);
    &bytes[..kept]
}

/// The position that `startxref` names, where a text ends with it and `%%EOF`.
fn start_of_table(text: &[u8]) -> Option<u64> {
    let before = trim_end(text.strip_suffix(EOF)?);
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, number) = before.split_at(before.len() - digits);
    trim_end(before).strip_suffix(b"startxref")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

impl Walk for Pdf {
    fn first(&self) -> Need {
        Need::Gather(self.head + 8)
    }

    fn gathered(&mut self, bytes: &[u8], _at: u64) -> Result<Need, Rejected> {
        match bytes[self.head..] {
            [b'%', b'P', b'D', b'F', b'-', b'1' | b'2', b'.', b'0'..=b'9'] => {
                self.begun = true;
                // The rest of the header's line.
                self.place = Place::Comment(EOF.len());
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
        let mut at = 0;
        // Only what stands behind the last end counts, and an end forgets what was found before it.
        let mut behind = self.end.map(|_| 0);
        while at < bytes.len() {
            let skipped = self.skippable(&bytes[at..]);
            self.at += skipped as u64;
            at += skipped;
            let Some(&byte) = bytes.get(at) else { break };
            at += 1;
            let before = self.end;
            self.byte(byte)?;
            if self.end != before {
                behind = Some(at);
            }
        }
        if let Some(behind) = behind {
            let found = &mut self.is_zip;
            let search = |part: &[u8]| {
                *found |= memmem::find(part, ZIP).is_some();
                Ok::<_, Rejected>(part.len().saturating_sub(ZIP.len() - 1))
            };
            self.zip.push(&bytes[behind..], ZIP.len(), search)?;
        }
        Ok((bytes.len(), None))
    }

    fn finish(self, ended: Ended<'_>) -> Result<Found, Rejected> {
        let found = |end| Ok(Found { extent: self.head as u64..end, ..Found::default() });
        if let Some(end) = self.plain_end(ended.length) {
            return found(end);
        }
        match self.end {
            _ if !self.begun => Err(Rejected::Broken("PDF cut off")),
            None => Err(Rejected::Broken("PDF without its end")),
            Some(_) if self.is_cut => Err(Rejected::Broken("PDF whose update is cut off")),
            Some(_) if self.is_zip => Err(Rejected::Polyglot),
            Some(end) => found(end),
        }
    }
}

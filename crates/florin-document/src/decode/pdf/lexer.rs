//! PDF's tokens (ISO 32000, section 7.2 and 7.3), each byte read once, nothing nested.

use std::borrow::Cow;

use super::Unreadable;

/// One token.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<<`, `>>`, `[`, `]`.
    Open,
    Close,
    OpenArray,
    CloseArray,
    /// Without its `/`, escapes as they stand.
    Name(&'a [u8]),
    Integer(i64),
    /// A word that is no number: `obj`, `R`, `true`.
    Word(&'a [u8]),
    /// A string with its parentheses or angle brackets, escapes as they stand.
    Text(&'a [u8]),
    /// A number with a point, or a sign that stands for nothing.
    Other,
}

/// A place in a file, between tokens.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn go(&mut self, at: usize) {
        self.at = at;
    }

    /// The next token; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, Unreadable> {
        self.skip_space();
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (length, token) = match rest {
            [] => return Ok(None),
            [b'<', b'<', ..] => (2, Token::Open),
            [b'>', b'>', ..] => (2, Token::Close),
            [b'[', ..] => (1, Token::OpenArray),
            [b']', ..] => (1, Token::CloseArray),
            [b'(', ..] => {
                let length = string(rest).ok_or(Unreadable::Broken("PDF string"))?;
                (length, Token::Text(&rest[..length]))
            }
            [b'<', ..] => {
                let end = memchr::memchr(b'>', rest).ok_or(Unreadable::Broken("PDF string"))?;
                (end + 1, Token::Text(&rest[..=end]))
            }
            [b'/', name @ ..] => {
                let length = regular(name);
                (length + 1, Token::Name(&name[..length]))
            }
            [b'>' | b')' | b'{' | b'}', ..] => (1, Token::Other),
            _ => {
                let length = regular(rest);
                (length, word(&rest[..length]))
            }
        };
        self.at += length;
        Ok(Some(token))
    }

    /// White space and comments.
    fn skip_space(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\0' | b'\t' | b'\n' | b'\x0C' | b'\r' | b' ' => self.at += 1,
                b'%' => {
                    let rest = &self.bytes[self.at..];
                    self.at += memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }
}

/// How many bytes are neither white space nor delimiters.
fn regular(bytes: &[u8]) -> usize {
    let ends = |byte: &u8| {
        matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0C' | b'\r' | b' ')
            || matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
    };
    bytes.iter().position(ends).unwrap_or(bytes.len())
}

/// The length of a string in parentheses, which may have balanced ones inside.
fn string(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0u64;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(at),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn word(bytes: &[u8]) -> Token<'_> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if let Ok(number) = text.parse() {
        Token::Integer(number)
    } else if bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.')) {
        Token::Other
    } else {
        Token::Word(bytes)
    }
}

/// A name with its `#` escapes undone.
pub(super) fn plain(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.contains(&b'#') {
        return name.into();
    }
    let digit = |at: usize| name.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut plain = Vec::with_capacity(name.len());
    let mut at = 0;
    while at < name.len() {
        match (name[at], digit(at + 1), digit(at + 2)) {
            (b'#', Some(high), Some(low)) => {
                plain.push((high << 4 | low) as u8);
                at += 3;
            }
            (byte, ..) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    plain.into()
}

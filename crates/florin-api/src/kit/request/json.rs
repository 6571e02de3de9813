//! Strict JSON, for request bodies only.
//!
//! A hand-written recursive-descent reader instead of serde_json's values, because a body here must be read
//! more strictly, and kept more exactly, than those can:
//!
//! - numbers stay the text they were sent as, never a float;
//! - a key given twice, at any depth and in unknown fields too, is an error (compared after unescaping);
//! - control characters (U+0000 to U+001F, U+007F to U+009F), written plainly or escaped, are errors in every
//!   string;
//! - lone surrogates, a byte order mark and anything after the value are errors;
//! - every error says where it is, in words meant for the client.
//!
//! Cost: one pass, no copy of any string without an escape, memory proportional to the input; the key check
//! is pairwise for small objects and by sorting above, so that 10,000 keys cost no more than a sort. Depth is
//! bounded by [`MAX_DEPTH`], length by the caller. The grammar is RFC 8259.

use std::borrow::Cow;

/// Arrays and objects inside one another, the body itself included. The deepest request of the API has three
/// levels; 32 leaves room for metadata of the partner's own and keeps the recursion far from any thread's
/// stack.
pub const MAX_DEPTH: usize = 32;

/// Up to this many keys are compared with each other, which beats sorting while they fit in a cache line or
/// two.
const PAIRWISE_KEYS: usize = 16;

/// Characters of a client's own key that an error message repeats.
const SHOWN_KEY_CHARS: usize = 64;

/// The fields of an object, in the order they were sent; no key twice.
pub type Object<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// A JSON value that borrows from the text it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, exactly as sent.
    Number(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// Reads a whole body whose top level must be an object.
///
/// # Errors
/// A sentence for the client that says what is wrong and where.
pub fn parse_object(bytes: &[u8]) -> Result<Object<'_>, String> {
    if bytes.is_empty() {
        return Err("body is empty".to_owned());
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err("body is not valid JSON: not UTF-8".to_owned());
    };
    if text.starts_with('\u{feff}') {
        return Err("body is not valid JSON: starts with a byte order mark".to_owned());
    }
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    let value = reader.document().map_err(|fault| fault.describe(text))?;
    match value {
        Json::Object(object) => Ok(object),
        _ => Err("body must be a JSON object".to_owned()),
    }
}

impl Json<'_> {
    /// One text for all equal values: keys sorted, no spaces, numbers without trailing zeros after the point.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.write_canonical(&mut out);
        out
    }

    fn write_canonical(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(canonical_number(text)),
            Self::String(text) => write_canonical_text(out, text),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_canonical(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                let mut sorted: Vec<_> = fields.iter().collect();
                sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
                out.push('{');
                for (index, (key, value)) in sorted.into_iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_canonical_text(out, key);
                    out.push(':');
                    value.write_canonical(out);
                }
                out.push('}');
            }
        }
    }
}

/// Quoted, with the two characters escaped that a string without controls can need.
fn write_canonical_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

/// A plain decimal without trailing zeros after the point (`12.500` is `12.5`, `10.00` is `10`); any other
/// text as is.
#[must_use]
pub fn canonical_number(text: &str) -> &str {
    if !text.contains('.') || text.contains(['e', 'E']) {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.')
}

/// What went wrong, before it is put into words.
enum Fault {
    /// Not JSON: what was expected or found, and at which byte.
    Syntax(&'static str, usize),
    /// Too many levels, at which byte.
    Depth(usize),
    /// A key that stands twice in one object; the path to it.
    Twice(String),
    /// A control character in the field at this path, or in a key (empty path: in a key of the body itself).
    Control(String),
}

impl Fault {
    /// Puts the key of the enclosing object before the path.
    fn inside(self, key: &str) -> Self {
        let join = |path: String| match path.as_str() {
            "" => shown(key),
            path => format!("{}.{path}", shown(key)),
        };
        match self {
            Self::Twice(path) => Self::Twice(join(path)),
            Self::Control(path) => Self::Control(join(path)),
            other => other,
        }
    }

    fn describe(self, text: &str) -> String {
        match self {
            Self::Syntax(what, at) => format!("body is not valid JSON: {what} {}", position(text, at)),
            Self::Depth(at) => {
                format!("body is nested deeper than {MAX_DEPTH} levels {}", position(text, at))
            }
            Self::Twice(path) => format!("field {path} is given twice"),
            Self::Control(path) if path.is_empty() => {
                "body has a control character in a field name".to_owned()
            }
            Self::Control(path) => format!("field {path} contains a control character"),
        }
    }
}

/// `at line 1 column 5`, in characters, from one.
fn position(text: &str, at: usize) -> String {
    let before = &text[..text.floor_char_boundary(at)];
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let column = before.chars().rev().take_while(|&character| character != '\n').count() + 1;
    format!("at line {line} column {column}")
}

/// A client's own key, cut to what fits a message.
fn shown(key: &str) -> String {
    key.chars().take(SHOWN_KEY_CHARS).collect()
}

/// Bytes that a string may hold without a second look; not the quote, the backslash, controls, and C2, which
/// may begin one.
static PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = !(byte < 0x20 || byte == 0x22 || byte == 0x5c || byte == 0x7f || byte == 0xc2);
        byte += 1;
    }
    plain
};

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Json<'a>, Fault> {
        let value = self.value(1)?;
        self.skip_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(Fault::Syntax("nothing may follow the value", self.at)),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// A value; `depth` is the level an array or object starting here would have.
    fn value(&mut self, depth: usize) -> Result<Json<'a>, Fault> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Ok(Json::Number(self.number()?)),
            Some(b'{' | b'[') if depth > MAX_DEPTH => Err(Fault::Depth(self.at)),
            Some(b'{') => Ok(Json::Object(self.object(depth)?)),
            Some(b'[') => Ok(Json::Array(self.array(depth)?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(Fault::Syntax("expected a value", self.at)),
            None => Err(Fault::Syntax("ends where a value is expected", self.at)),
        }
    }

    fn word(&mut self, word: &'static str, value: Json<'a>) -> Result<Json<'a>, Fault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(Fault::Syntax("expected a value", self.at));
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Object<'a>, Fault> {
        self.at += 1;
        let mut fields = Object::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(fields);
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(Fault::Syntax("expected a field name in double quotes", self.at));
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(Fault::Syntax("expected `:`", self.at));
            }
            self.at += 1;
            let value = self.value(depth + 1).map_err(|fault| fault.inside(&key))?;
            if fields.is_empty() {
                // What most requests have; saves the steps of growth.
                fields.reserve(8);
            }
            fields.push((key, value));
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(Fault::Syntax("expected `,` or `}`", self.at)),
            }
        }
        self.at += 1;
        match twice(&fields) {
            Some(key) => Err(Fault::Twice(shown(key))),
            None => Ok(fields),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Json<'a>>, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(Fault::Syntax("expected `,` or `]`", self.at)),
            }
        }
        self.at += 1;
        Ok(items)
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits()?;
        if leading_zero && whole > 1 {
            return Err(Fault::Syntax("a number has a leading zero", start));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// One or more digits; how many.
    fn digits(&mut self) -> Result<usize, Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.at - start {
            0 => Err(Fault::Syntax("expected a digit", self.at)),
            count => Ok(count),
        }
    }

    /// A string, borrowed unless it has an escape.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let start = self.at;
        let end = self.plain_run()?;
        if self.bytes[end] == b'"' {
            self.at = end + 1;
            return Ok(Cow::Borrowed(&self.text[start..end]));
        }
        let mut owned = self.text[start..end].to_owned();
        self.at = end;
        loop {
            if self.bytes[self.at] == b'"' {
                self.at += 1;
                return Ok(Cow::Owned(owned));
            }
            owned.push(self.escape()?);
            let from = self.at;
            self.at = self.plain_run()?;
            owned.push_str(&self.text[from..self.at]);
        }
    }

    /// Where the next quote or backslash stands; everything before it is checked.
    fn plain_run(&self) -> Result<usize, Fault> {
        let mut at = self.at;
        loop {
            while self.bytes.get(at).is_some_and(|&byte| PLAIN[usize::from(byte)]) {
                at += 1;
            }
            match self.bytes.get(at) {
                None => return Err(Fault::Syntax("ends inside a string", at)),
                Some(b'"' | b'\\') => return Ok(at),
                // U+0080 to U+009F are C2 80 to C2 9F in UTF-8.
                Some(0xc2) if !matches!(self.bytes.get(at + 1), Some(0x80..=0x9f)) => at += 1,
                Some(_) => return Err(Fault::Control(String::new())),
            }
        }
    }

    /// The character an escape stands for; `self.at` is at the backslash and ends after the escape.
    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let letter = self.bytes.get(start + 1).copied();
        self.at += 2;
        match letter {
            Some(b'"') => Ok('"'),
            Some(b'\\') => Ok('\\'),
            Some(b'/') => Ok('/'),
            Some(b'b' | b'f' | b'n' | b'r' | b't') => Err(Fault::Control(String::new())),
            Some(b'u') => self.unicode_escape(start),
            _ => Err(Fault::Syntax("unknown escape", start)),
        }
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, Fault> {
        let first = self.hex4(start)?;
        let code = match first {
            0xd800..=0xdbff => {
                if !self.bytes[self.at..].starts_with(b"\\u") {
                    return Err(Fault::Syntax("lone surrogate", start));
                }
                self.at += 2;
                let second = self.hex4(start)?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(Fault::Syntax("lone surrogate", start));
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            _ => first,
        };
        match char::from_u32(code) {
            None => Err(Fault::Syntax("lone surrogate", start)),
            Some(character) if character.is_control() => Err(Fault::Control(String::new())),
            Some(character) => Ok(character),
        }
    }

    fn hex4(&mut self, start: usize) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(Fault::Syntax("expected four hexadecimal digits", start));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

/// The first key that stands a second time.
fn twice<'o>(fields: &'o Object<'_>) -> Option<&'o str> {
    if fields.len() <= PAIRWISE_KEYS {
        let seen_before = |index: usize| fields[..index].iter().any(|(key, _)| *key == fields[index].0);
        return (1..fields.len()).find(|&index| seen_before(index)).map(|index| fields[index].0.as_ref());
    }
    let mut order: Vec<usize> = (0..fields.len()).collect();
    order.sort_unstable_by(|&a, &b| fields[a].0.cmp(&fields[b].0).then(a.cmp(&b)));
    let repeats = order.windows(2).filter(|pair| fields[pair[0]].0 == fields[pair[1]].0);
    repeats.map(|pair| pair[1]).min().map(|index| fields[index].0.as_ref())
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;

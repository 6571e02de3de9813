//! A Rust file without what is not code: a scanner that knows comments, strings and characters, and nothing else.
//!
//! What is taken out becomes spaces, so that lines and columns stay. A real parser would know more and make every
//! `cargo xtask` wait for its build; no rule needs more than this.

/// The two views of a file that rules look at.
pub struct Code {
    /// Without comments: names and strings (SQL, routes) are still there.
    pub without_comments: String,
    /// Without comments, strings and characters: every brace left is a brace of the program.
    pub bare: String,
}

/// What a piece of the file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

impl Code {
    /// Scans a file from its start to its end.
    pub fn read(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut without_comments, mut bare) =
            (Vec::with_capacity(bytes.len()), Vec::with_capacity(bytes.len()));
        let mut at = 0;
        while at < bytes.len() {
            let (kind, length) = piece(bytes, at);
            let end = (at + length.max(1)).min(bytes.len());
            for byte in bytes.get(at..end).unwrap_or_default() {
                let blank = if *byte == b'\n' { b'\n' } else { b' ' };
                without_comments.push(if kind == Kind::Comment { blank } else { *byte });
                bare.push(if kind == Kind::Code { *byte } else { blank });
            }
            at = end;
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { without_comments: text(without_comments), bare: text(bare) }
    }
}

/// The piece that begins at `at`, and its length.
fn piece(bytes: &[u8], at: usize) -> (Kind, usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.starts_with(b"//") {
        return (Kind::Comment, rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return (Kind::Comment, block_comment(rest));
    }
    let first = rest.first().copied().unwrap_or_default();
    if first == b'"' {
        return (Kind::Literal, quoted(rest, b'"'));
    }
    if first == b'\''
        && let Some(length) = character(rest)
    {
        return (Kind::Literal, length);
    }
    let in_word = at > 0 && bytes.get(at - 1).copied().is_some_and(is_word);
    if !in_word && let Some(length) = raw_string(rest) {
        return (Kind::Literal, length);
    }
    (Kind::Code, 1)
}

/// Block comments nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = rest.get(at..).unwrap_or_default();
        if here.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// A string or character with backslash escapes, its quotes included.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match *byte {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A character; nothing when the quote begins a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return Some(quoted(rest, b'\''));
    }
    // One character is one to four bytes; a lifetime has no closing quote right after its first.
    let text = rest.get(1..rest.len().min(5))?;
    let width = match text.first()? {
        0x00..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

/// `r"…"`, `r#"…"#` and the same with `b` or `c` before; a raw identifier (`r#type`) is none.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let prefix = usize::from(matches!(rest.first()?, b'b' | b'c'));
    if rest.get(prefix) != Some(&b'r') {
        return None;
    }
    let hashes = rest.get(prefix + 1..)?.iter().take_while(|byte| **byte == b'#').count();
    let opened = prefix + 1 + hashes;
    if rest.get(opened) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let body = rest.get(opened + 1..)?;
    let end = body.windows(close.len()).position(|window| window == close);
    Some(end.map_or(rest.len(), |end| opened + 1 + end + close.len()))
}

/// True for what can be in a name.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The places where `word` stands in `text`, not as a part of a longer name.
pub fn whole_words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = text.as_bytes();
    let joins = |edge: Option<u8>, beside: Option<&u8>| {
        edge.is_some_and(is_word) && beside.copied().is_some_and(is_word)
    };
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        !joins(word.bytes().next(), before) && !joins(word.bytes().last(), bytes.get(at + word.len()))
    })
}

/// The number of the line in which this place is, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_strings_stay_or_go() {
        let code = Code::read("a(); // b \"c\n/* d /* e */ f */ g(\"// h\");\n");
        assert_eq!(code.without_comments, "a();        \n                  g(\"// h\");\n");
        assert_eq!(code.bare, "a();        \n                  g(      );\n");
    }

    #[test]
    fn lifetimes_are_code_and_characters_are_not() {
        let code = Code::read("fn a<'a>(x: &'a str) { x == '{' || x == '\\'' || x == 'é' || x == b'\"' }");
        assert_eq!(code.bare.matches(['{', '}']).count(), 2);
        assert!(code.bare.contains("<'a>"));
        assert!(!code.bare.contains('é'));
    }

    #[test]
    fn raw_strings_end_at_their_own_mark() {
        let code = Code::read("let r#type = r#\"a \" } b\"#; var\"{\"");
        assert_eq!(code.bare, "let r#type =             ; var   ");
    }

    #[test]
    fn an_escaped_quote_does_not_end_a_string() {
        assert_eq!(Code::read(r#""a\"b" c"#).bare, "       c");
    }

    #[test]
    fn a_word_is_no_part_of_a_name() {
        assert_eq!(whole_words("card discard card_id xcard (card)", "card").collect::<Vec<_>>(), [0, 28]);
        assert_eq!(whole_words("brand::x rand::y", "rand::").collect::<Vec<_>>(), [9]);
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!((line_of("a\nb", 0), line_of("a\nb", 2)), (1, 2));
    }
}

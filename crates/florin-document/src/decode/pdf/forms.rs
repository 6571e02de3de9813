//! The scripts that Acrobat itself writes into a form's fields: a call or two of its built-in formats, with nothing but
//! constants. They show a number or a date in a way, and can do nothing else.

/// Acrobat's built-in functions of a field.
const BUILT_IN: [&str; 17] = [
    "AFDate_Format",
    "AFDate_FormatEx",
    "AFDate_Keystroke",
    "AFDate_KeystrokeEx",
    "AFNumber_Format",
    "AFNumber_Keystroke",
    "AFPercent_Format",
    "AFPercent_Keystroke",
    "AFRange_Validate",
    "AFSimple_Calculate",
    "AFSpecial_Format",
    "AFSpecial_Keystroke",
    "AFSpecial_KeystrokeEx",
    "AFTime_Format",
    "AFTime_FormatEx",
    "AFTime_Keystroke",
    "AFTime_KeystrokeEx",
];

/// The longest that is looked at: a sum over some hundred fields.
const SCRIPT_MAX: usize = 16 * 1024;

/// Whether a string of a PDF, with what stands around it, is such a script.
pub(super) fn is_format(string: &[u8]) -> bool {
    if string.len() > SCRIPT_MAX {
        return false;
    }
    let Some(text) = text(&plain(string)) else { return false };
    let mut script = Script { rest: text.trim_ascii() };
    if script.rest.is_empty() {
        return false;
    }
    while !script.rest.is_empty() {
        if script.call().is_none() {
            return false;
        }
    }
    true
}

/// The content of a string, escapes undone.
fn plain(string: &[u8]) -> Vec<u8> {
    match string {
        [b'<', digits @ ..] => {
            let digits: Vec<u8> = digits
                .iter()
                .filter_map(|&digit| char::from(digit).to_digit(16))
                .map(|digit| digit as u8)
                .collect();
            digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
        }
        [b'(', inner @ .., b')'] => unescaped(inner),
        _ => Vec::new(),
    }
}

fn unescaped(mut inner: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(inner.len());
    while let [first, rest @ ..] = inner {
        inner = rest;
        if *first != b'\\' {
            plain.push(*first);
            continue;
        }
        let octal = rest.iter().take(3).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
        if octal > 0 {
            let value = rest[..octal].iter().fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            plain.push(value as u8);
            inner = &rest[octal..];
            continue;
        }
        let Some((&escaped, rest)) = rest.split_first() else { break };
        inner = rest;
        match escaped {
            b'n' => plain.push(b'\n'),
            b'r' => plain.push(b'\r'),
            b't' => plain.push(b'\t'),
            b'b' | b'f' => plain.push(b' '),
            // A line goes on.
            b'\r' | b'\n' => {}
            other => plain.push(other),
        }
    }
    plain
}

/// As text: UTF-16 behind its mark, else a byte a character.
fn text(bytes: &[u8]) -> Option<String> {
    if let Some(wide) = bytes.strip_prefix(b"\xFE\xFF") {
        let units: Vec<u16> =
            wide.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16(&units).ok();
    }
    Some(bytes.iter().map(|&byte| char::from(byte)).collect())
}

/// A script, read call by call.
struct Script<'a> {
    rest: &'a str,
}

impl<'a> Script<'a> {
    /// `AFNumber_Format(2, 0, 0, 0, "", true);`
    fn call(&mut self) -> Option<()> {
        let name = self.word();
        BUILT_IN.contains(&name).then_some(())?;
        self.list('(', ')', 0)?;
        while self.takes(';') {}
        Some(())
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn word(&mut self) -> &'a str {
        self.space();
        let is_part = |one: char| one.is_ascii_alphanumeric() || one == '_';
        let (word, rest) = self.rest.split_at(self.rest.find(|one| !is_part(one)).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn takes(&mut self, sign: char) -> bool {
        self.space();
        let taken = self.rest.strip_prefix(sign);
        self.rest = taken.unwrap_or(self.rest);
        taken.is_some()
    }

    fn list(&mut self, open: char, close: char, depth: u32) -> Option<()> {
        if !self.takes(open) || depth > 2 {
            return None;
        }
        if self.takes(close) {
            return Some(());
        }
        loop {
            self.constant(depth)?;
            if self.takes(close) {
                return Some(());
            }
            if !self.takes(',') {
                return None;
            }
        }
    }

    fn constant(&mut self, depth: u32) -> Option<()> {
        self.space();
        match self.rest.chars().next()? {
            '[' => self.list('[', ']', depth + 1),
            quote @ ('"' | '\'') => self.quoted(quote),
            '-' | '+' | '0'..='9' | '.' => {
                let is_part = |one: char| matches!(one, '-' | '+' | '.' | '0'..='9');
                self.rest = self.rest.trim_start_matches(is_part);
                Some(())
            }
            _ => match self.word() {
                "true" | "false" => Some(()),
                "new" if self.word() == "Array" => self.list('(', ')', depth + 1),
                _ => None,
            },
        }
    }

    fn quoted(&mut self, quote: char) -> Option<()> {
        let mut escaped = false;
        for (at, one) in self.rest.char_indices().skip(1) {
            match one {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\r' | '\n' => return None,
                _ if one == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Some(());
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::is_format;

    #[test]
    fn formats_of_acrobat_and_nothing_else() {
        let formats: [&[u8]; 9] = [
            br#"(AFNumber_Format\(2, 0, 0, 0, "", true\);)"#,
            br#"(AFNumber_Keystroke(2, 0, 0, 0, "\\u20ac", true);)"#,
            br#"(AFDate_FormatEx("dd.mm.yyyy"))"#,
            br#"(AFSpecial_Format\(0\);)"#,
            br#"(AFRange_Validate(true, -1.5, false, 100);)"#,
            br#"(AFSimple_Calculate("SUM", new Array ("a", 'b'));)"#,
            br#"(AFSimple_Calculate("SUM", ["a"]);AFPercent_Format(2,0);)"#,
            b"<41464461 74655F466F726D617428 3129>",
            b"(\xFE\xFF\0A\0F\0D\0a\0t\0e\0_\0F\0o\0r\0m\0a\0t\0(\x001\0))",
        ];
        for script in formats {
            assert!(is_format(script), "{}", String::from_utf8_lossy(script));
        }
        let others: [&[u8]; 12] = [
            b"()",
            b"(app.alert(1))",
            b"(AFNumber_Format)",
            b"(AFNumber_Format(app.alert(1)))",
            b"(AFNumber_Format(2);app.alert(1))",
            b"(AFNumber_Format(2)\napp.alert(1))",
            b"(AFNumber_Format(2).x)",
            b"(AFNumber_Format(\"a\" + b))",
            b"(AFNumber_Format(\"a\nb\"))",
            b"(AFNumber_Format(new Date()))",
            b"(AFNumber_Format(2)=x)",
            b"(AFMergeChange(event))",
        ];
        for script in others {
            assert!(!is_format(script), "{}", String::from_utf8_lossy(script));
        }
    }
}

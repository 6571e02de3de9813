//! How long functions are.

use super::code::{line_of, whole_words};
use super::{SourceFile, Violation};

/// A longer one has a part that wants a name.
const LINES: usize = 70;

/// A function with a body: its name, its first line, and its length to the closing brace.
#[derive(Debug, PartialEq, Eq)]
struct Function<'a> {
    name: &'a str,
    line: usize,
    lines: usize,
}

/// Rule `function-length`.
pub fn length(file: &SourceFile) -> Vec<Violation> {
    let Some(code) = &file.code else { return Vec::new() };
    let long = functions(&code.bare).into_iter().filter(|function| function.lines > LINES);
    let told = long.map(|Function { name, line, lines }| {
        file.violation(
            "function-length",
            line,
            name,
            format!("`{name}` has {lines} lines, more than {LINES}"),
        )
    });
    told.collect()
}

/// The functions of a file without comments and strings.
fn functions(bare: &str) -> Vec<Function<'_>> {
    whole_words(bare, "fn").filter_map(|at| function(bare, at)).collect()
}

/// Nothing for a type (`fn(u8)`) and for a declaration without a body.
fn function(bare: &str, at: usize) -> Option<Function<'_>> {
    let rest = bare.get(at + 2..)?.trim_start();
    let name = rest.split(|character: char| !(character.is_alphanumeric() || character == '_')).next()?;
    if name.is_empty() {
        return None;
    }
    let (mut depth, mut open) = (0_i32, false);
    for (index, character) in bare.get(at..)?.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ';' if depth == 0 => return None,
            _ => continue,
        }
        open |= character == '{' && depth == 1;
        if open && depth == 0 {
            let line = line_of(bare, at);
            return Some(Function { name, line, lines: line_of(bare, at + index) - line + 1 });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(lines: usize) -> SourceFile {
        SourceFile::new("a.rs", &format!("fn a() {{\n{}}}\n", "    b();\n".repeat(lines - 2)))
    }

    #[test]
    fn seventy_lines_pass_and_one_more_does_not() {
        assert_eq!(length(&long(70)), []);
        let found = length(&long(71));
        assert_eq!((found.len(), found[0].item.as_str()), (1, "a"));
    }

    #[test]
    fn finds_bodies_and_only_bodies() {
        let types = "type F = fn(u8) -> u8;\ntrait T { fn a(&self, b: [u8; 4]); }\n";
        let text = format!("{types}fn c(x: [u8; 2])\n{{\n  if d {{ e }}\n}}\n");
        assert_eq!(functions(&text), [Function { name: "c", line: 3, lines: 4 }]);
    }
}

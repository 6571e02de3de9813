//! How files are named, begun and laid out.

use super::{SourceFile, Violation};

/// Names under which anything gathers.
const DRAWERS: [&str; 6] = ["utils", "util", "helpers", "helper", "common", "misc"];

/// A file of more lines is two files.
const FILE_LINES: usize = 600;

/// What rustfmt can't break (strings, comments) may pass its 110 by a little.
const COLUMNS: usize = 120;

/// Files written by hand in which a tab or a trailing space is an accident.
const PLAIN: [&str; 6] = [".rs", ".toml", ".sql", ".md", ".sh", ".yml"];

/// Rule `file-name`, for folders too.
pub fn file_name(file: &SourceFile) -> Vec<Violation> {
    let drawer = |part: &str| DRAWERS.contains(&part.split('.').next().unwrap_or_default());
    let found = file
        .path
        .split('/')
        .find(|part| drawer(part))
        .map(|part| file.violation("file-name", 0, "", format!("{part} says nothing of what is in it")));
    found.into_iter().collect()
}

/// Rule `header`.
pub fn header(file: &SourceFile) -> Vec<Violation> {
    if !is_rust(file) || file.text.starts_with("//!") {
        return Vec::new();
    }
    vec![file.violation("header", 1, "", "the file does not begin with a `//!` header".to_owned())]
}

/// Rule `file-length`.
pub fn file_length(file: &SourceFile) -> Vec<Violation> {
    let lines = file.text.lines().count();
    if !is_rust(file) || lines <= FILE_LINES {
        return Vec::new();
    }
    vec![file.violation("file-length", 0, "", format!("{lines} lines, more than {FILE_LINES}"))]
}

/// Rule `line-length`.
pub fn line_length(file: &SourceFile) -> Vec<Violation> {
    if !is_rust(file) {
        return Vec::new();
    }
    let long = file.text.lines().enumerate().filter(|(_, line)| line.chars().count() > COLUMNS);
    let told = long.map(|(index, line)| {
        let message = format!("{} columns, more than {COLUMNS}", line.chars().count());
        file.violation("line-length", index + 1, "", message)
    });
    told.collect()
}

/// Rule `whitespace`.
pub fn whitespace(file: &SourceFile) -> Vec<Violation> {
    if !PLAIN.iter().any(|ending| file.path.ends_with(ending)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in file.text.split('\n').enumerate() {
        if line.contains('\t') {
            found.push(file.violation("whitespace", index + 1, "", "a tab".to_owned()));
        } else if line.ends_with([' ', '\r']) {
            found.push(file.violation(
                "whitespace",
                index + 1,
                "",
                "a space at the end of the line".to_owned(),
            ));
        }
    }
    found
}

fn is_rust(file: &SourceFile) -> bool {
    file.path.ends_with(".rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rule = fn(&SourceFile) -> Vec<Violation>;

    fn count(rule: Rule, path: &str, text: &str) -> usize {
        rule(&SourceFile::new(path, text)).len()
    }

    #[test]
    fn no_drawers() {
        assert_eq!(count(file_name, "crates/florin-api/src/kit/utils.rs", ""), 1);
        assert_eq!(count(file_name, "crates/florin-api/tests/common/mod.rs", ""), 1);
        assert_eq!(count(file_name, "crates/florin-api/src/kit/auth.rs", ""), 0);
    }

    #[test]
    fn a_rust_file_begins_with_its_header() {
        assert_eq!(count(header, "a.rs", "use b;\n"), 1);
        assert_eq!(count(header, "a.rs", "//! What it is.\n"), 0);
        assert_eq!(count(header, "a.md", "# A\n"), 0);
    }

    #[test]
    fn a_file_has_at_most_600_lines() {
        assert_eq!(count(file_length, "a.rs", &"\n".repeat(600)), 0);
        assert_eq!(count(file_length, "a.rs", &"\n".repeat(601)), 1);
        assert_eq!(count(file_length, "docs/openapi.json", &"\n".repeat(9000)), 0);
    }

    #[test]
    fn a_line_has_at_most_120_columns() {
        assert_eq!(count(line_length, "a.rs", &"é".repeat(120)), 0);
        assert_eq!(count(line_length, "a.rs", &"é".repeat(121)), 1);
        assert_eq!(count(line_length, "a.md", &"é".repeat(121)), 0);
    }

    #[test]
    fn no_tab_and_no_trailing_space() {
        assert_eq!(count(whitespace, "a.sql", "a \n\tb\nc\r\n"), 3);
        assert_eq!(count(whitespace, "a.sql", "a\n  b\n"), 0);
        assert_eq!(count(whitespace, "a.snap", "a \n"), 0);
    }
}

//! The server's own words: shown when a test fails, and searched for what must not be there.

use std::path::Path;

const TAIL: usize = 60;

/// The last lines, for the output of a failed test.
pub fn print_tail(path: &Path) {
    let text = read(path);
    let lines: Vec<&str> = text.lines().collect();
    eprintln!("--- the end of {} ---", path.display());
    for line in &lines[lines.len().saturating_sub(TAIL)..] {
        eprintln!("{line}");
    }
    eprintln!("--- end of log ---");
}

/// Fails on a panic, and on an error that no test announced.
pub fn check(path: &Path, expected_errors: &[String]) {
    for line in read(path).lines() {
        assert!(!line.contains("panicked"), "the server panicked: {line}");
        let announced = expected_errors.iter().any(|text| line.contains(text));
        assert!(announced || !is_error(line), "the server logged an error: {line}");
    }
}

/// `ERROR` as a word of its own, in a text line or as a JSON level.
fn is_error(line: &str) -> bool {
    line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == "ERROR")
}

fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn an_error_line_is_recognised_in_both_forms() {
    assert!(is_error("2026-01-01T00:00:00Z ERROR florin: disk"));
    assert!(is_error(r#"{"level":"ERROR","message":"disk"}"#));
    assert!(!is_error("INFO no ERRORS seen, SOME_ERROR_CODE 5"));
}

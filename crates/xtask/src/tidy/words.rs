//! What a crate may not say: the table "may never contain" of the design, as words.
//!
//! A crate that can't name a thing can't come to lean on it. Comments may.

use super::code::{line_of, whole_words};
use super::{SourceFile, Violation};

/// The words one crate's source may not have.
struct Forbidden {
    /// A folder, with its closing `/`.
    folder: &'static str,
    words: &'static [&'static str],
    /// Whether `Card` and `CARD` are the word `card`.
    any_case: bool,
    why: &'static str,
}

/// Each row with the words that the design's table means for that crate.
const FORBIDDEN: &[Forbidden] = &[
    Forbidden {
        folder: "crates/florin-types/src/",
        words: &[
            "async",
            "await",
            "tokio",
            "axum",
            "hyper",
            "http::",
            "rusqlite",
            "postgres",
            "tokio_postgres",
            "sqlite",
            "std::fs",
            "std::net",
            "std::io",
        ],
        any_case: false,
        why: "florin-types is pure: no I/O, no async, no word of a database or of HTTP",
    },
    Forbidden {
        folder: "crates/florin-ledger/src/",
        words: &[
            "async",
            "await",
            "tokio",
            "axum",
            "http::",
            "rusqlite",
            "postgres",
            "tokio_postgres",
            "sqlite",
            "SystemTime::now",
            "Instant::now",
        ],
        any_case: false,
        why: "florin-ledger is pure: no async, no clock, no word of a database",
    },
    Forbidden {
        folder: "crates/florin-iso8583/src/",
        words: &[
            "async",
            "await",
            "tokio",
            "std::fs",
            "std::net",
            "std::io",
            "SystemTime::now",
            "Instant::now",
        ],
        any_case: false,
        why: "florin-iso8583 is pure: no I/O, no async, no clock",
    },
    Forbidden {
        folder: "crates/florin-store/src/",
        words: &["transfer", "transfers", "card", "cards", "sepa", "kyc"],
        any_case: true,
        why: "florin-store knows no family and no business rule",
    },
    Forbidden {
        folder: "crates/florin-api/src/",
        words: &[
            "rusqlite",
            "tokio_postgres",
            "SystemTime::now",
            "Instant::now",
            "rand::",
            "getrandom",
            "Uuid::now_v7",
            "Uuid::new_v4",
        ],
        any_case: false,
        why: "florin-api has no driver type, no ambient clock and no ambient randomness",
    },
];

/// What only belongs into code that nobody else sees yet.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];

/// Rule `forbidden-word`.
pub fn forbidden(file: &SourceFile) -> Vec<Violation> {
    let rows = FORBIDDEN.iter().filter(|row| file.path.starts_with(row.folder));
    rows.flat_map(|row| in_file(file, row)).collect()
}

fn in_file(file: &SourceFile, row: &Forbidden) -> Vec<Violation> {
    let Some(code) = &file.code else { return Vec::new() };
    let text =
        if row.any_case { code.without_comments.to_ascii_lowercase() } else { code.without_comments.clone() };
    let mut found = Vec::new();
    for word in row.words {
        for at in whole_words(&text, word) {
            let message = format!("`{word}` does not belong here: {}", row.why);
            found.push(file.violation("forbidden-word", line_of(&text, at), word, message));
        }
    }
    found
}

/// Rule `unfinished`, for every Rust file.
pub fn unfinished(file: &SourceFile) -> Vec<Violation> {
    let Some(code) = &file.code else { return Vec::new() };
    let mut found = Vec::new();
    for word in UNFINISHED {
        for at in whole_words(&code.bare, word) {
            found.push(file.violation(
                "unfinished",
                line_of(&code.bare, at),
                word,
                format!("`{word}` is left"),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str, text: &str) -> Vec<String> {
        forbidden(&SourceFile::new(path, text)).into_iter().map(|violation| violation.item).collect()
    }

    #[test]
    fn a_pure_crate_may_only_talk_of_async() {
        assert_eq!(words("crates/florin-ledger/src/a.rs", "// async\nfn asynchronous() {}"), [""; 0]);
        assert_eq!(words("crates/florin-ledger/src/a.rs", "async fn a() {}"), ["async"]);
        assert_eq!(words("crates/florin-types/src/a.rs", "use http::Uri;"), ["http::"]);
    }

    #[test]
    fn the_store_knows_no_family_in_names_or_in_sql() {
        assert_eq!(words("crates/florin-store/src/a.rs", "let discard = card_number; // a card"), [""; 0]);
        assert_eq!(
            words("crates/florin-store/src/a.rs", "struct Card;\nlet s = \"SELECT 1 FROM transfers\";"),
            ["transfers", "card"]
        );
    }

    #[test]
    fn the_api_draws_no_time_and_no_chance() {
        assert_eq!(
            words("crates/florin-api/src/kit/a.rs", "let now = clock.now(); let b = brand::a();"),
            [""; 0]
        );
        assert_eq!(
            words("crates/florin-api/src/kit/a.rs", "std::time::SystemTime::now(); rand::rng()"),
            ["SystemTime::now", "rand::"]
        );
    }

    #[test]
    fn other_crates_may_say_it() {
        assert_eq!(words("crates/florin/src/main.rs", "async fn a() { rand::rng() }"), [""; 0]);
    }

    #[test]
    fn unfinished_code_is_found_and_its_mention_is_not() {
        let found = unfinished(&SourceFile::new("a.rs", "fn a() {\n    todo!()\n}"));
        assert_eq!((found.len(), found[0].line), (1, 2));
        assert_eq!(unfinished(&SourceFile::new("a.rs", "// todo!\nlet a = \"dbg!\";")), []);
    }
}

//! `cargo xtask tidy`: the architecture and the style, as tests.
//!
//! Each rule is a pure function from what it looks at to [`Violation`]s, in a module of its own; this file gathers
//! what they look at and reports. `crates/xtask/tidy-exceptions.txt` lists what is let pass; see [`exceptions`].
//!
//! | rule | what it wants |
//! | --- | --- |
//! | `crate-edge` | a crate depends on those of ours below it, no other ([`edges`]) |
//! | `forbidden-word` | a crate does not say what it may not know ([`words`]) |
//! | `family-order` | an API family uses only families before it ([`families`]) |
//! | `file-name`, `header`, `file-length`, `line-length`, `whitespace` | [`layout`] |
//! | `unfinished` | no `todo!`, `unimplemented!`, `dbg!` ([`words`]) |
//! | `function-length` | no function over 70 lines ([`functions`]) |
//! | `migration` | migrations are numbered without gaps or doubles, the same for both engines ([`migrations`]) |
//! | `machine-path` | no path that exists on one machine only ([`machine`]) |

mod code;
mod edges;
mod exceptions;
mod families;
mod functions;
mod layout;
mod machine;
mod migrations;
mod words;

use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

use code::Code;
use exceptions::Exceptions;
use xtask::workspace;

/// Where the exceptions are.
const EXCEPTIONS: &str = "crates/xtask/tidy-exceptions.txt";

/// Check architecture and style: allowed crate edges, words, family order, lengths, names.
///
/// What has to be let pass for now stands in crates/xtask/tidy-exceptions.txt, one line each, as the
/// report prints it. The list may only shrink: an exception no longer needed is a failure too.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {}

/// A text file of the tree.
pub struct SourceFile {
    /// From the root of the workspace, with `/`.
    path: String,
    text: String,
    /// For Rust files, the text without comments and the like.
    code: Option<Code>,
}

impl SourceFile {
    fn new(path: &str, text: &str) -> Self {
        let code = path.ends_with(".rs").then(|| Code::read(text));
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    fn violation(&self, rule: &'static str, line: usize, item: &str, message: String) -> Violation {
        Violation { rule, path: self.path.clone(), line, item: item.to_owned(), message }
    }
}

/// Something a rule does not want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    rule: &'static str,
    path: String,
    /// 0 where no line is meant.
    line: usize,
    /// What in the file, for the exception: a word, a function; empty for the file as a whole.
    item: String,
    message: String,
}

impl Violation {
    /// The line in the list of exceptions that would let it pass.
    fn exception(&self) -> String {
        format!("{} {} {}", self.rule, self.path, self.item).trim_end().to_owned()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.path)?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        write!(out, ": {} [{}]", self.message, self.exception())
    }
}

/// Runs the command.
pub fn run(_: &Arguments) -> Result<()> {
    if is_clean()? { Ok(()) } else { bail!("the tree is not tidy") }
}

/// Reports everything that is wrong; true when nothing is.
pub fn is_clean() -> Result<bool> {
    let files = read_files()?;
    let mut found = edges::check(&workspace::packages()?);
    found.extend(files.iter().flat_map(check_file));
    found.extend(migrations::check(&files));
    let list = fs::read_to_string(workspace::root().join(EXCEPTIONS));
    let exceptions = Exceptions::parse(&list.with_context(|| format!("cannot read {EXCEPTIONS}"))?);
    let verdict = exceptions.judge(found);
    verdict.violations.iter().for_each(|violation| println!("{violation}"));
    verdict.complaints.iter().for_each(|complaint| println!("{EXCEPTIONS}: {complaint}"));
    println!(
        "tidy: {} files, {} violations, {} excepted",
        files.len(),
        verdict.violations.len(),
        verdict.excepted
    );
    Ok(verdict.violations.is_empty() && verdict.complaints.is_empty())
}

/// Every rule that looks at one file.
fn check_file(file: &SourceFile) -> Vec<Violation> {
    let rules = [
        words::forbidden,
        words::unfinished,
        families::order,
        layout::file_name,
        layout::header,
        layout::file_length,
        layout::line_length,
        layout::whitespace,
        functions::length,
        machine::paths,
    ];
    rules.iter().flat_map(|rule| rule(file)).collect()
}

/// The text files of the tree; pictures and the like are left out.
fn read_files() -> Result<Vec<SourceFile>> {
    let root = workspace::root();
    let mut files = Vec::new();
    for path in workspace::files()? {
        // A file deleted but not yet committed so is listed and not there.
        if let Ok(text) = fs::read_to_string(root.join(&path)) {
            files.push(SourceFile::new(&path.to_string_lossy(), &text));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_prints_the_exception_that_would_let_it_pass() {
        let file = SourceFile::new("a/b.rs", "");
        let violation = file.violation("function-length", 7, "long", "too long".to_owned());
        assert_eq!(violation.to_string(), "a/b.rs:7: too long [function-length a/b.rs long]");
        let violation = file.violation("header", 0, "", "no header".to_owned());
        assert_eq!(violation.to_string(), "a/b.rs: no header [header a/b.rs]");
    }
}

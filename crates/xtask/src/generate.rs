//! `cargo xtask generate`: the files that the program itself writes into the tree.
//!
//! A new one is one line in [`GENERATED`] and a hidden command of `florin` that prints it. `cargo xtask check` makes
//! them again beside the tree and compares.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use xtask::{process, workspace};

/// The command that mends a file that is out of date.
pub const MEND: &str = "cargo xtask generate";

/// A file of the tree and the arguments with which `florin` prints it.
struct Generated {
    path: &'static str,
    arguments: &'static [&'static str],
}

/// Every generated file that is checked in.
const GENERATED: &[Generated] = &[
    Generated { path: "docs/openapi.json", arguments: &["openapi"] },
    Generated { path: "docs/asyncapi.json", arguments: &["asyncapi"] },
];

/// Write the files that are made from the code (docs/openapi.json, docs/asyncapi.json).
///
/// Run it after a change of an endpoint or an event, and commit the result: `cargo xtask check` fails while it
/// differs.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_: &Arguments) -> Result<()> {
    into(&workspace::root(), |path, changed| {
        println!("{path}: {}", if changed { "written" } else { "unchanged" });
    })
}

/// What differs between the tree and what the code makes now, a line for each file.
pub fn outdated() -> Result<Vec<String>> {
    let fresh = tempfile::tempdir().context("cannot make a temporary folder")?;
    into(fresh.path(), |_, _| ())?;
    let mut complaints = Vec::new();
    for file in GENERATED {
        let made =
            fs::read(fresh.path().join(file.path)).with_context(|| format!("cannot read {}", file.path))?;
        let kept = fs::read(workspace::root().join(file.path)).ok();
        complaints.extend(difference(file.path, kept.as_deref(), &made));
    }
    Ok(complaints)
}

/// Makes every file below `root`; tells of each whether it changed.
fn into(root: &Path, told: impl Fn(&str, bool)) -> Result<()> {
    for file in GENERATED {
        let made = workspace::output(&mut florin(file.arguments))?;
        if made.is_empty() {
            bail!("`florin {}` prints nothing: {} is not made", file.arguments.join(" "), file.path);
        }
        let path = root.join(file.path);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        let changed = fs::read(&path).ok().as_deref() != Some(made.as_slice());
        if changed {
            fs::write(&path, made).with_context(|| format!("cannot write {}", file.path))?;
        }
        told(file.path, changed);
    }
    Ok(())
}

/// The product's own program, built as needed.
fn florin(arguments: &[&str]) -> Command {
    let mut cargo = workspace::cargo();
    workspace::without_settings(&mut cargo);
    cargo.args(["run", "--quiet", "--package", "florin", "--"]).args(arguments);
    process::announce(&cargo);
    cargo
}

/// A sentence for a file that is not what the code makes.
fn difference(path: &str, kept: Option<&[u8]>, made: &[u8]) -> Option<String> {
    let Some(kept) = kept else { return Some(format!("{path} is missing: `{MEND}`")) };
    if kept == made {
        return None;
    }
    let same = kept.split(|byte| *byte == b'\n').zip(made.split(|byte| *byte == b'\n'));
    let line = same.take_while(|(kept, made)| kept == made).count() + 1;
    Some(format!("{path} is out of date from line {line} on: `{MEND}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_is_no_difference() {
        assert_eq!(difference("a", Some(b"1\n2\n"), b"1\n2\n"), None);
    }

    #[test]
    fn a_difference_names_the_file_the_line_and_the_command() {
        let changed = difference("docs/a", Some(b"1\n2\n"), b"1\n3\n").unwrap();
        assert_eq!(changed, "docs/a is out of date from line 2 on: `cargo xtask generate`");
        let missing = difference("docs/a", None, b"1\n").unwrap();
        assert_eq!(missing, "docs/a is missing: `cargo xtask generate`");
    }
}

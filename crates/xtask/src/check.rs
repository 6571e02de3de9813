//! `cargo xtask check`: everything that can be said of the code without running its tests.
//!
//! All checks run, whatever fails; the failed ones are listed at the end with what mends them.

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use xtask::{interrupt, process, workspace};

use crate::{dependencies, generate, program, tidy};

/// Tidy, format, dependencies, clippy, documentation, generated files, and the release program's size.
///
/// All of them run, and what failed is listed at the end with the command that mends it. The last
/// line is `<n> checks passed, <n> failed`.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Leave out the release program, the longest of them
    #[arg(long)]
    without_program: bool,
}

/// The check that `--without-program` leaves out.
const PROGRAM: &str = "release program";

/// One thing that is checked.
struct Check {
    name: &'static str,
    /// Tells what is wrong as it goes; false when something is.
    run: fn() -> Result<bool>,
    /// How to look at it alone, or mend it.
    mend: &'static str,
}

/// The checks, the quickest first.
const CHECKS: &[Check] = &[
    Check { name: "tidy", run: tidy::is_clean, mend: "cargo xtask tidy says where and why" },
    Check { name: "format", run: format, mend: "cargo fmt --all" },
    Check {
        name: "dependencies",
        run: dependencies::are_allowed,
        mend: "cargo xtask dependencies says which; deny.toml",
    },
    Check { name: "clippy", run: clippy, mend: "cargo clippy --workspace --all-targets" },
    Check { name: "documentation", run: documentation, mend: "cargo doc --workspace --no-deps" },
    Check { name: "generated files", run: generated, mend: generate::MEND },
    Check { name: PROGRAM, run: program::is_small, mend: "cargo tree, cargo bloat: what has been added" },
];

/// What became of a check.
struct Outcome {
    check: &'static Check,
    passed: bool,
    took: Duration,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut outcomes = Vec::new();
    for check in CHECKS.iter().filter(|check| check.name != PROGRAM || !arguments.without_program) {
        eprintln!("── {} ──", check.name);
        let started = Instant::now();
        let passed = (check.run)().unwrap_or_else(|error| {
            eprintln!("{}: {error:#}", check.name);
            false
        });
        interrupt::check()?;
        outcomes.push(Outcome { check, passed, took: started.elapsed() });
    }
    print!("\n{}", summary(&outcomes));
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    if failed > 0 {
        bail!("{failed} of {} checks failed", outcomes.len());
    }
    Ok(())
}

fn format() -> Result<bool> {
    process::succeeds(workspace::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<bool> {
    process::succeeds(workspace::cargo().args("clippy --workspace --all-targets -- -D warnings".split(' ')))
}

fn documentation() -> Result<bool> {
    let mut cargo = workspace::cargo();
    cargo.args("doc --workspace --no-deps --document-private-items".split(' '));
    process::succeeds(cargo.env("RUSTDOCFLAGS", "-D warnings"))
}

fn generated() -> Result<bool> {
    let outdated = generate::outdated()?;
    outdated.iter().for_each(|complaint| println!("{complaint}"));
    Ok(outdated.is_empty())
}

/// A line per check, what mends the failed, and the closing line.
fn summary(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for Outcome { check, passed, took } in outcomes {
        let seconds = took.as_secs_f64();
        let verdict = if *passed { "ok".to_owned() } else { format!("FAILED: `{}`", check.mend) };
        let _ = writeln!(text, "{:18}{seconds:>7.1} s  {verdict}", check.name);
    }
    let passed = outcomes.iter().filter(|outcome| outcome.passed).count();
    let _ = writeln!(text, "{passed} checks passed, {} failed", outcomes.len() - passed);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_what_mends_a_failed_check() {
        let outcome =
            |index: usize, passed| Outcome { check: &CHECKS[index], passed, took: Duration::from_secs(2) };
        let text = summary(&[outcome(0, true), outcome(1, false)]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "tidy                  2.0 s  ok");
        assert_eq!(lines[1], "format                2.0 s  FAILED: `cargo fmt --all`");
        assert_eq!(lines[2], "1 checks passed, 1 failed");
    }
}

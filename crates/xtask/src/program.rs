//! The release program, as a new user builds it: that it builds at all by itself, and its size.
//!
//! It is built in every `cargo xtask check`. Where products are kept, as CI keeps them, only our own crates are built
//! again, and link-time optimisation is not part of the profile. In return nothing that only the whole workspace
//! switches on (a feature of a package, say) can be missing from `cargo run --release` unseen.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;
use xtask::{process, workspace};

/// The largest release program without debug information, in bytes. It is 48 MB today, without symbols: cards with
/// their processor took 2, payment links with their pages 2. A program that small is fetched in seconds and starts from
/// a cold disk in one.
const MOST: u64 = 52_000_000;

/// Builds the program; reports its size, and false when that is too much.
pub fn is_small() -> Result<bool> {
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--release", "--package", "florin"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    process::announce(&cargo);
    let program = program(&workspace::output(&mut cargo)?).context("cargo built no program of florin")?;
    let size = fs::metadata(&program).with_context(|| format!("cannot see {}", program.display()))?.len();
    println!("{}", verdict(size));
    Ok(size <= MOST)
}

/// The program that the last of cargo's messages names.
fn program(messages: &[u8]) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    let messages = messages.split(|byte| *byte == b'\n');
    messages.filter_map(|line| serde_json::from_slice::<Message>(line).ok()?.executable).next_back()
}

fn verdict(size: u64) -> String {
    let [size, most] = [size, MOST].map(|bytes| bytes.div_ceil(100_000));
    let megabytes = |tenths: u64| format!("{}.{} MB", tenths / 10, tenths % 10);
    format!("release program: {} of at most {}", megabytes(size), megabytes(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_messages() {
        let messages = br#"{"reason":"compiler-artifact","executable":null}
{"reason":"compiler-artifact","executable":"/target/release/florin"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(program(messages), Some(PathBuf::from("/target/release/florin")));
        assert_eq!(program(b"{}\n"), None);
    }

    #[test]
    fn the_verdict_rounds_up() {
        assert_eq!(verdict(31_200_001), "release program: 31.3 MB of at most 52.0 MB");
        assert_eq!(verdict(52_000_001), "release program: 52.1 MB of at most 52.0 MB");
    }
}

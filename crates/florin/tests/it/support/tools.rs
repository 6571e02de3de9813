//! Programs in other languages, by the tools that `cargo xtask test` finds or installs.

use super::database::{Engine, engine};
use std::process::Command;

/// Where a tool is: `FLORIN_TEST_` and its name. Without it the test is skipped and has nothing to do. What needs a
/// tool does not depend on the database, so it runs on SQLite alone.
pub fn tool(name: &str) -> Option<String> {
    if engine() != Engine::Sqlite {
        florin_testing::skip("runs with SQLite, once is enough");
        return None;
    }
    let value = std::env::var(format!("FLORIN_TEST_{name}")).ok();
    if value.is_none() {
        let reason = format!("FLORIN_TEST_{name} names no tool; `cargo xtask test --install` installs it");
        florin_testing::skip(&reason);
    }
    value
}

/// Runs a command to its end, which must be a good one. What it wrote to its standard output.
pub fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    out
}

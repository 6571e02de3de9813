//! `cargo xtask bench`: builds the benchmarks (`crates/bench`) as packages are built, and becomes them.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};
use xtask::{MEASUREMENTS, process, workspace};

/// Measure the product against the floor: a bare server that does only what can't be left out.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = measurements())]
pub struct Arguments {
    /// What to measure, and how: `cargo xtask bench transfers --help` has the options of one
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// What can be measured: said here, since the benchmarks are built only to be run.
fn measurements() -> String {
    let lines = MEASUREMENTS.map(|(name, about)| format!("  {name:<15} {about}"));
    format!("What can be measured:\n{}", lines.join("\n"))
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut cargo = workspace::cargo();
    let is_help = arguments.arguments.iter().any(|argument| argument == "--help" || argument == "-h");
    // Nobody waits for link-time optimisation to read a text.
    let profile = if is_help { "dev" } else { "dist" };
    cargo
        .args(["run", "--quiet", "--profile", profile, "--package", "bench", "--"])
        .args(&arguments.arguments);
    process::announce(&cargo);
    Err(cargo.exec()).context("cannot run cargo")
}

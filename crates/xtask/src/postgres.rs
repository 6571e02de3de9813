//! `cargo xtask postgres`, and the throw-away PostgreSQL clusters that tests and benches use.
//!
//! 1. [`binaries`] finds the server's programs, `install` installs them where it may.
//! 2. [`supervisor`], a process of its own (see [`crate::supervised`]), makes a cluster in a fresh folder and owns it.
//! 3. [`Cluster`] is our end of the pipe to it.
//!
//! An existing cluster is never touched: ours has its own folder, socket and port, and runs the programs directly,
//! not through Debian's cluster tools.

pub mod binaries;
mod install;
pub mod supervisor;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::supervised::Supervised;
use crate::{interrupt, permission};

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
    /// Install Debian's package where the server's programs are missing
    #[arg(long)]
    install: bool,
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
    let binaries = binaries::require(permission::may_install(arguments.install))?;
    let cluster = Cluster::start(&binaries, arguments.durability, &std::env::temp_dir())?;
    println!("{}", cluster.url());
    eprintln!("PostgreSQL is up; Ctrl-C ends it and removes it");
    while !interrupt::wait(Duration::from_secs(3600)) {}
    Ok(())
}

/// A running cluster; dropping it ends it and removes its folder.
pub struct Cluster {
    port: u16,
    _supervised: Supervised,
}

impl Cluster {
    /// Makes a cluster below `parent` and waits until it accepts connections.
    pub fn start(binaries: &Path, durability: Durability, parent: &Path) -> Result<Self> {
        eprintln!("starting a throw-away PostgreSQL ({}) …", binaries.display());
        let durability = durability.to_possible_value().context("a durability without a name")?;
        let durability = Path::new(durability.get_name());
        let arguments = [("--durability", durability), ("--binaries", binaries), ("--parent", parent)];
        let mut supervised = Supervised::spawn("PostgreSQL", "postgres-supervisor", &arguments)?;
        Ok(Self { port: supervised.port()?, _supervised: supervised })
    }

    /// Where it listens, as its superuser, in the database every cluster has.
    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }
}

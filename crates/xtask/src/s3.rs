//! `cargo xtask s3`, and the throw-away S3 server that the tests of the vault's bucket use.
//!
//! It is SeaweedFS: a store that operators run, which checks signatures and writes conditionally, in one program that
//! a package registry carries. What it does not do, and AWS does: compare a body with its `x-amz-content-sha256`
//! (it does compare `x-amz-checksum-sha256` and `content-md5`).
//!
//! 1. [`install`] finds the program, and installs it where it may.
//! 2. [`supervisor`], a process of its own (see [`xtask::supervised`]), makes a server with a bucket in a fresh
//!    folder, and owns it.
//! 3. [`Server`] is our end of the pipe to it.

pub mod install;
pub mod supervisor;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use xtask::supervised::Supervised;
use xtask::{interrupt, permission};

/// Not the region that clients take when none is set: a request that leaves ours out is seen.
const REGION: &str = "eu-central-1";
/// The one bucket, which is all that the key below may touch.
const BUCKET: &str = "florin-test";
/// A key that opens nothing else; the server listens on the loopback alone.
const ACCESS_KEY: &str = "florin";
/// See [`ACCESS_KEY`].
const SECRET_KEY: &str = "florin-throw-away-secret";

/// Where test code finds the server, and how it gets in.
const VARIABLES: [&str; 5] = [
    "FLORIN_TEST_S3_ENDPOINT",
    "FLORIN_TEST_S3_REGION",
    "FLORIN_TEST_S3_BUCKET",
    "FLORIN_TEST_S3_ACCESS_KEY",
    "FLORIN_TEST_S3_SECRET_KEY",
];

/// Start a private, throw-away S3 server with one bucket and print how to reach it, until Ctrl-C.
///
/// The server keeps its data in a temporary folder and listens on free ports of 127.0.0.1 alone.
/// Nothing of it is left afterwards. For work by hand: paste what it prints into another shell, and
///
///   cargo test -p florin-vault
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Install the server (by pip, into the target folder) where it is missing
    #[arg(long)]
    install: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Some(program) = install::find(permission::may_install(arguments.install))? else {
        bail!("the S3 server is missing: `cargo xtask s3 --install` installs it");
    };
    let server = Starting::spawn(&program, &std::env::temp_dir())?.ready()?;
    for (name, value) in server.variables() {
        println!("export {name}={value}");
    }
    eprintln!("the S3 server is up; Ctrl-C ends it and removes it");
    while !interrupt::wait(Duration::from_secs(3600)) {}
    Ok(())
}

/// A server on its way, which takes some seconds in which much else can be done.
pub struct Starting(Supervised);

impl Starting {
    /// Begins to make a server below `parent`.
    pub fn spawn(program: &Path, parent: &Path) -> Result<Self> {
        eprintln!("starting a throw-away S3 server ({}) …", program.display());
        let arguments = [("--program", program), ("--parent", parent)];
        Ok(Self(Supervised::spawn(supervisor::NAME, "s3-supervisor", &arguments)?))
    }

    /// Waits until it answers and has its bucket.
    pub fn ready(mut self) -> Result<Server> {
        Ok(Server { port: self.0.port()?, _supervised: self.0 })
    }
}

/// A running server; dropping it ends it and removes its folder.
pub struct Server {
    port: u16,
    _supervised: Supervised,
}

impl Server {
    /// What test code has to know.
    fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let others = [REGION, BUCKET, ACCESS_KEY, SECRET_KEY].map(str::to_owned);
        VARIABLES.into_iter().zip(std::iter::once(endpoint).chain(others))
    }
}

/// Tells a test command of the server; without one, that there is none.
pub fn tell<'a>(command: &'a mut Command, server: Option<&Server>) -> &'a mut Command {
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.envs(server.into_iter().flat_map(Server::variables))
}

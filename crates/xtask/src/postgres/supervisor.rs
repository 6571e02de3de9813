//! The process that owns a throw-away cluster (hidden command `postgres-supervisor`).
//!
//! 1. A fresh folder, owned by the user the server will run as (PostgreSQL refuses root).
//! 2. `initdb`, then `postgres` on a free port of the loopback; again on another port when someone was faster.
//! 3. The rest is [`crate::supervised`].

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};
use tempfile::TempDir;

use super::{Durability, SUPERUSER};
use crate::supervised::{Ends, Log, Server, Start, TRIES, free_port};

/// Unprivileged accounts a root may run the server as, best first.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// Linux allows 108 bytes for the name of a socket, `/.s.PGSQL.<port>` included.
const SOCKET_FOLDER_BYTES: usize = 90;

/// What the parent process says.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder of the server's programs
    #[arg(long)]
    binaries: PathBuf,
    /// Folder to put the cluster's folder in
    #[arg(long)]
    parent: PathBuf,
    /// What a crash of the machine may cost
    #[arg(long, value_enum)]
    durability: Durability,
}

/// A cluster's folder and how to run its programs.
struct Site {
    folder: TempDir,
    log: Log,
    binaries: PathBuf,
    account: Option<User>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let ends = Ends::watch()?;
    let site = Site::prepare(arguments)?;
    site.initialise(arguments.durability)?;
    match site.start(arguments.durability, &ends)? {
        Some((server, port)) => server.serve(&ends, port),
        None => Ok(()),
    }
}

impl Site {
    fn prepare(arguments: &Arguments) -> Result<Self> {
        let account = account()?;
        let parent = reachable(&arguments.parent, account.is_some());
        let folder = tempfile::Builder::new().prefix("florin-postgres-").tempdir_in(parent);
        let folder = folder.context("cannot make a folder")?;
        let log = Log::at(folder.path().join("log"));
        let site = Self { folder, log, binaries: arguments.binaries.clone(), account };
        site.make_folder("")?;
        site.make_folder("socket")?;
        Ok(site)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder that the server's user alone may enter.
    fn make_folder(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        fs::create_dir_all(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o700))?;
        if let Some(account) = &self.account {
            chown(&path, Some(account.uid.as_raw()), Some(account.gid.as_raw()))?;
        }
        Ok(())
    }

    /// A program of PostgreSQL's, as the unprivileged user, its words going to the log.
    fn program(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(self.binaries.join(name));
        command.current_dir(self.folder.path()).env("LC_ALL", "C").env("TZ", "UTC");
        self.log.attach(&mut command)?;
        for name in ["PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGDATABASE", "PGOPTIONS"] {
            command.env_remove(name);
        }
        if let Some(account) = &self.account {
            command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
        }
        Ok(command)
    }

    fn initialise(&self, durability: Durability) -> Result<()> {
        let mut initdb = self.program("initdb")?;
        initdb.arg("--pgdata").arg(self.path("data")).args(["--username", SUPERUSER, "--auth", "trust"]);
        initdb.args(["--encoding", "UTF8", "--locale", "C"]);
        if durability == Durability::Disposable {
            initdb.arg("--no-sync");
        }
        if !initdb.status().context("cannot run initdb")?.success() {
            bail!("initdb failed:\n{}", self.log.last_lines());
        }
        // No password is asked for, so nobody from elsewhere may ask for anything.
        let access = "local all all trust\nhost all all 127.0.0.1/32 trust\n";
        fs::write(self.path("data/pg_hba.conf"), access).context("cannot write pg_hba.conf")
    }

    /// The running server and its port; nothing when the cluster is no longer wanted.
    fn start(&self, durability: Durability, ends: &Ends) -> Result<Option<(Server, u16)>> {
        for _ in 0..TRIES {
            let port = free_port()?;
            let mut postgres = self.program("postgres")?;
            postgres.arg("-D").arg(self.path("data"));
            for (name, value) in settings(durability, port, &self.path("socket")) {
                postgres.arg("-c").arg(format!("{name}={value}"));
            }
            // An immediate shutdown.
            let mut server = Server::spawn("PostgreSQL", &mut postgres, &self.log, Signal::SIGQUIT)?;
            let lock_file = || fs::read_to_string(self.path("data/postmaster.pid")).unwrap_or_default();
            match server.await_ready(ends, || says_ready(&lock_file()))? {
                Start::Ready => return Ok(Some((server, port))),
                Start::Unwanted => return Ok(None),
                Start::Ended(_) if self.log.last_lines().contains("could not bind") => {}
                Start::Ended(_) => break,
            }
        }
        bail!("PostgreSQL does not start:\n{}", self.log.last_lines())
    }
}

/// Whom to run the server as; nothing: as ourselves.
fn account() -> Result<Option<User>> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    for name in ACCOUNTS {
        if let Some(user) = User::from_name(name).context("cannot read the accounts")? {
            return Ok(Some(user));
        }
    }
    bail!("PostgreSQL does not run as root, and there is no user {} to run it as", ACCOUNTS.join(" or "))
}

/// The folder itself, or /tmp where another user could not get there (root's own TMPDIR often is private).
fn reachable(folder: &Path, by_another: bool) -> PathBuf {
    let open = |folder: &Path| fs::metadata(folder).is_ok_and(|found| found.mode() & 0o001 != 0);
    let full = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    if by_another && !full.ancestors().all(open) { PathBuf::from("/tmp") } else { full }
}

/// The server's settings; everything else is PostgreSQL's default.
fn settings(durability: Durability, port: u16, socket: &Path) -> BTreeSet<(&'static str, String)> {
    let socket = socket.display().to_string();
    let socket = if socket.len() > SOCKET_FOLDER_BYTES { String::new() } else { socket };
    let mut settings = BTreeSet::from([
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("port", port.to_string()),
        ("unix_socket_directories", socket),
        // A test program has a thread per core, each test its database, each database a few pools.
        ("max_connections", "300".to_owned()),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
    ]);
    if durability == Durability::Disposable {
        // Safe from any crash of a process, the server's included; only a crash of the machine could tell the
        // difference, and then the cluster is gone anyway. (`synchronous_commit` off would not be safe like that.)
        settings.extend(["fsync", "full_page_writes"].map(|name| (name, "off".to_owned())));
    }
    settings
}

/// The eighth line of `postmaster.pid` is the server's state (`LOCK_FILE_LINE_PM_STATUS`), padded with spaces;
/// `pg_ctl --wait` reads the same line.
fn says_ready(lock_file: &str) -> bool {
    lock_file.lines().nth(7).is_some_and(|state| state.trim() == "ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_the_eighth_line() {
        assert!(says_ready("1\n/d\n2\n5432\n/s\n127.0.0.1\n 7 8\nready   \n"));
        assert!(!says_ready("1\n/d\n2\n5432\n/s\n127.0.0.1\n 7 8\nstarting\n"));
        assert!(!says_ready("1\n/d\n2\n5432\n"));
    }

    #[test]
    fn only_a_disposable_cluster_goes_without_sync() {
        let off =
            |durability| settings(durability, 1, Path::new("/s")).contains(&("fsync", "off".to_owned()));
        assert!(off(Durability::Disposable));
        assert!(!off(Durability::Durable));
    }

    #[test]
    fn a_socket_name_too_long_for_the_system_is_left_out() {
        let long = "x".repeat(SOCKET_FOLDER_BYTES + 1);
        let none = ("unix_socket_directories", String::new());
        assert!(settings(Durability::Durable, 1, Path::new(&long)).contains(&none));
        assert!(!settings(Durability::Durable, 1, Path::new("/s")).contains(&none));
    }

    #[test]
    fn a_private_folder_is_not_offered_to_another_user() {
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("private");
        fs::create_dir(&private).unwrap();
        fs::set_permissions(&private, Permissions::from_mode(0o700)).unwrap();
        assert_eq!(reachable(&private, true), Path::new("/tmp"));
        assert_eq!(reachable(&private, false), fs::canonicalize(&private).unwrap());
    }
}

//! A throw-away cluster ends with the xtask that wanted it, however that one ends.
//!
//! Runs in the PostgreSQL half of `cargo xtask test`, where the server's programs are sure to be there.
#![expect(clippy::disallowed_methods, reason = "waits for real processes to end")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use florin_testing::skip;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Far more than an immediate shutdown takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// `cargo xtask postgres`, its cluster's port, and the folder the cluster's folder is in.
struct Started {
    xtask: Child,
    port: u16,
    temporary: TempDir,
}

fn wanted() -> bool {
    let wanted = std::env::var("FLORIN_TEST_ENGINE").is_ok_and(|engine| engine == "postgres");
    if !wanted {
        skip("for PostgreSQL only");
    }
    wanted
}

fn start() -> Started {
    let temporary = tempfile::tempdir().unwrap();
    // The unprivileged user that runs the server has to get there.
    fs::set_permissions(temporary.path(), Permissions::from_mode(0o755)).unwrap();
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.arg("postgres").env("TMPDIR", temporary.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut xtask = xtask.spawn().unwrap();
    let mut url = String::new();
    BufReader::new(xtask.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let address = url.trim().strip_prefix("postgres://florin@127.0.0.1:").unwrap();
    let port = address.strip_suffix("/postgres").unwrap().parse().unwrap();
    Started { xtask, port, temporary }
}

impl Started {
    fn accepts(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }

    fn folders(&self) -> usize {
        fs::read_dir(self.temporary.path()).unwrap().count()
    }

    fn end_by(&mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.xtask.id().try_into().unwrap()), signal).unwrap();
        self.xtask.wait().unwrap()
    }
}

#[test]
fn a_signal_ends_the_cluster_before_xtask_ends() {
    if !wanted() {
        return;
    }
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut started = start();
        assert!(started.accepts());
        assert_eq!(started.folders(), 1);
        assert!(started.end_by(signal).success());
        assert!(!started.accepts(), "{signal}");
        assert_eq!(started.folders(), 0, "{signal}");
    }
}

#[test]
fn a_killed_xtask_leaves_no_cluster_behind() {
    if !wanted() {
        return;
    }
    let mut started = start();
    assert!(started.accepts());
    assert!(!started.end_by(Signal::SIGKILL).success());
    let deadline = Instant::now() + PATIENCE;
    while started.accepts() || started.folders() > 0 {
        assert!(Instant::now() < deadline, "the cluster is still there");
        thread::sleep(Duration::from_millis(20));
    }
}

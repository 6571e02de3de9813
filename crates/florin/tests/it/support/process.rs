//! The binary as a process: one server, or one short command.

use super::patience::Deadline;
use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// A debug build on a busy machine starts well within this.
const START: Duration = Duration::from_secs(60);
/// A graceful stop finishes what was accepted; nothing accepted takes this long.
const STOP: Duration = Duration::from_secs(20);
/// `florin verify`, `florin partner create` and the like.
const COMMAND: Duration = Duration::from_secs(120);

/// The binary under test, free of the settings of whoever runs the tests.
pub fn florin() -> Command {
    florin_within(&[])
}

/// The same at the end of this command line.
pub fn florin_within(outer: &[String]) -> Command {
    let words: Vec<&str> = outer.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_florin")]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("FLORIN_") || name == "DATABASE_URL")
    {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// How a short command ended and what it said.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Both streams, for messages and searches.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Runs a short command to its end.
pub fn run_florin(arguments: &[&str], directory: &Path) -> Outcome {
    run_florin_with(arguments, &[], directory)
}

/// The same with settings of its own.
pub fn run_florin_with(arguments: &[&str], variables: &[(String, String)], directory: &Path) -> Outcome {
    let [out, err] = ["out", "err"].map(|name| directory.join(format!("{}.{name}", super::fresh_word())));
    let file = |path: &PathBuf| std::fs::File::create(path).expect("an output file");
    let mut command = florin();
    command.args(arguments).envs(variables.iter().cloned());
    command.current_dir(directory).stdout(file(&out)).stderr(file(&err));
    let mut child = command.spawn().expect("the binary starts");
    let status = wait_for_exit(&mut child, COMMAND, &format!("florin {arguments:?}"));
    let [stdout, stderr] = [&out, &err].map(|path| {
        let bytes = std::fs::read(path).expect("the output");
        std::fs::remove_file(path).expect("the output can be removed");
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Outcome { code: status.code(), stdout, stderr }
}

/// One server process. Killed when dropped while it runs.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// Starts `serve` of this binary with further arguments; its output is appended to `log`.
    pub fn start(
        (mut command, arguments): (Command, &[String]),
        variables: &[(String, String)],
        directory: &Path,
        log: &Path,
    ) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let output = OpenOptions::new().create(true).append(true).open(log).expect("a log file");
        command.args(["serve", "--listen", &address.to_string()]).args(arguments);
        command.envs(variables.iter().cloned()).current_dir(directory);
        command.stdout(output.try_clone().expect("the log twice")).stderr(output);
        Self { child: command.spawn().expect("the binary starts"), address }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Polls `/readyz` until it says 200.
    pub async fn wait_until_ready(&mut self) {
        self.wait_until_ok("/readyz").await;
    }

    /// Polls a health check until it says 200.
    pub async fn wait_until_ok(&mut self, path: &str) {
        let deadline = Deadline::after(START);
        let client =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().expect("a client");
        let url = format!("{}{path}", self.base_url());
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                panic!("the server ended before it was ready: {status}");
            }
            match client.get(&url).send().await {
                Ok(answer) if answer.status() == 200 => return,
                _ => deadline.pause(path),
            }
        }
    }

    /// Dies at once, with nothing flushed.
    pub fn kill9(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }

    /// SIGTERM; must end with 0 in time.
    pub fn stop(&mut self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("kill(1) runs");
        assert!(sent.success(), "the server was gone before SIGTERM");
        let status = wait_for_exit(&mut self.child, STOP, "the server to stop after SIGTERM");
        assert_eq!(status.code(), Some(0), "the server ends with 0 after SIGTERM, not {status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let ended = self.child.kill().and_then(|()| self.child.wait());
            ended.map_or_else(|error| eprintln!("a server is left behind: {error}"), |_| ());
        }
    }
}

fn wait_for_exit(child: &mut Child, limit: Duration, what: &str) -> ExitStatus {
    let deadline = Deadline::after(limit);
    loop {
        if let Some(status) = child.try_wait().expect("the process can be asked") {
            return status;
        }
        if deadline.passed() {
            child.kill().expect("the process can be killed");
        }
        deadline.pause(what);
    }
}

/// A port below the range the kernel gives to outgoing connections, so that no client of ours can sit on it.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let offset = (std::process::id() % 97) as u16 * 100;
    for _ in 0..10_000 {
        let port = 20_000 + (offset + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}

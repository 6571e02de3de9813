//! Throw-away servers, which must not outlive xtask however it ends, be it by `kill -9`.
//!
//! 1. [`Supervised`] is our end: it starts this program once more, as a supervisor (a hidden command), and holds the
//!    pipe to its standard input.
//! 2. The supervisor makes a folder and a [`Server`] in it, and says one line on its standard output, `ready <port>`.
//! 3. It waits for one of the [`Ends`]: the pipe closes (whoever wanted the server has let go of it, or is dead), a
//!    signal comes, or the server ends.
//! 4. It stops the server at once and removes the folder.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How the line begins that tells the port.
const READY: &str = "ready ";

/// A start takes a few seconds; ten times that on a machine that compiles meanwhile.
const START: Duration = Duration::from_secs(60);

/// Nothing of a throw-away server is wanted any more, so its stop writes nothing.
const STOP: Duration = Duration::from_secs(10);

/// Tries to get ports that nobody else takes between our asking and the server's binding.
pub const TRIES: u32 = 5;

/// A supervisor and its server; dropping it ends both and removes the server's folder.
pub struct Supervised {
    /// The server's name, for messages.
    name: &'static str,
    supervisor: Child,
    /// Open for as long as the server is wanted.
    lifeline: Option<ChildStdin>,
    output: Option<ChildStdout>,
}

impl Supervised {
    /// Starts the supervisor by this hidden command; the server itself may take a while, see [`Self::port`].
    pub fn spawn(name: &'static str, command: &str, arguments: &[(&str, &Path)]) -> Result<Self> {
        let mut program = Command::new(crate::process::own_program()?);
        program.arg(command);
        for (option, value) in arguments {
            program.arg(option).arg(value);
        }
        // Ctrl-C is meant for us; the supervisor ends by our closing the pipe.
        program.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut supervisor =
            program.spawn().with_context(|| format!("cannot start the {name} supervisor"))?;
        let (lifeline, output) = (supervisor.stdin.take(), supervisor.stdout.take());
        Ok(Self { name, supervisor, lifeline, output })
    }

    /// Waits until the server is ready; the port it listens on.
    pub fn port(&mut self) -> Result<u16> {
        let name = self.name;
        let output = self.output.take().context("the supervisor has no output")?;
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .with_context(|| format!("cannot hear the {name} supervisor"))?;
        match line.trim().strip_prefix(READY).and_then(|port| port.trim().parse().ok()) {
            Some(port) => Ok(port),
            None => bail!("{name} did not start (its own words are above)"),
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        match self.supervisor.wait() {
            Ok(status) if status.success() => {}
            Ok(status) => eprintln!("xtask: the {} supervisor ended badly ({status})", self.name),
            Err(error) => eprintln!("xtask: cannot wait for the {} supervisor: {error}", self.name),
        }
    }
}

/// What tells a supervisor that its server is no longer wanted.
pub struct Ends(Receiver<()>);

impl Ends {
    /// One message when standard input closes, one for each signal.
    pub fn watch() -> Result<Self> {
        let (closed, ends) = channel();
        let signalled = closed.clone();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot watch for signals")?;
        thread::spawn(move || {
            for _ in signals.forever() {
                let _ = signalled.send(());
            }
        });
        thread::spawn(move || {
            // The parent never writes: this returns when its end is closed, by it or by its death.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            let _ = closed.send(());
        });
        Ok(Self(ends))
    }

    fn came_within(&self, time: Duration) -> bool {
        !matches!(self.0.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}

/// The file that a server's programs write their words into.
#[derive(Debug, Clone)]
pub struct Log(PathBuf);

impl Log {
    /// The log in this file.
    pub fn at(file: PathBuf) -> Self {
        Self(file)
    }

    /// Lets the command write into it and read nothing.
    pub fn attach(&self, command: &mut Command) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.0).context("cannot open the log")?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(())
    }

    /// The last lines the programs wrote.
    pub fn last_lines(&self) -> String {
        let all = fs::read(&self.0).unwrap_or_default();
        let all = String::from_utf8_lossy(&all);
        let lines: Vec<_> = all.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

/// How a start went.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// It can be used.
    Ready,
    /// The process ended first.
    Ended(ExitStatus),
    /// An end came first.
    Unwanted,
}

/// A process of a server; dropping it ends it at once.
pub struct Server {
    name: &'static str,
    child: Child,
    log: Log,
    farewell: Signal,
}

impl Server {
    /// Starts it; `farewell` is the signal that ends it at once.
    pub fn spawn(name: &'static str, command: &mut Command, log: &Log, farewell: Signal) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot run {name}"))?;
        Ok(Self { name, child, log: log.clone(), farewell })
    }

    /// Waits until it is ready by this test.
    pub fn await_ready(&mut self, ends: &Ends, ready: impl Fn() -> bool) -> Result<Start> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if let Some(status) = self.ended()? {
                return Ok(Start::Ended(status));
            }
            if ready() {
                return Ok(Start::Ready);
            }
            if ends.came_within(Duration::from_millis(20)) {
                return Ok(Start::Unwanted);
            }
        }
        bail!("{} is not ready after {START:?}:\n{}", self.name, self.log.last_lines())
    }

    /// Tells whoever wants it that it is ready, and keeps it until one of the ends.
    pub fn serve(self, ends: &Ends, port: u16) -> Result<()> {
        // Nobody may be left to read it; then standard input says so too.
        let _ = writeln!(std::io::stdout(), "{READY}{port}");
        self.keep(ends)
    }

    fn keep(mut self, ends: &Ends) -> Result<()> {
        while !ends.came_within(Duration::from_millis(200)) {
            if let Some(status) = self.ended()? {
                bail!("{} ended by itself ({status}):\n{}", self.name, self.log.last_lines());
            }
        }
        Ok(())
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot ask after {}", self.name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.ended(), Ok(None))
            && let Ok(id) = i32::try_from(self.child.id())
        {
            let _ = kill(Pid::from_raw(id), self.farewell);
        }
        let deadline = Instant::now() + STOP;
        while matches!(self.ended(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A port of the loopback that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let [port] = free_ports()?;
    Ok(port)
}

/// Ports of the loopback that were free a moment ago.
pub fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT]> {
    let mut ports = [0; COUNT];
    // All are held until the last is known: so they differ.
    let mut held = Vec::with_capacity(COUNT);
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on the loopback")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (tempfile::TempDir, Server) {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().join("log"));
        let mut command = Command::new("sh");
        log.attach(&mut command).unwrap();
        let server = Server::spawn("sh", command.args(["-c", script]), &log, Signal::SIGQUIT);
        (folder, server.unwrap())
    }

    fn silent() -> (std::sync::mpsc::Sender<()>, Ends) {
        let (sender, ends) = channel();
        (sender, Ends(ends))
    }

    #[test]
    fn a_start_is_ready_or_ended_or_unwanted() {
        let (sender, ends) = silent();
        let (_folder, mut server) = shell("exec sleep 60");
        assert_eq!(server.await_ready(&ends, || true).unwrap(), Start::Ready);
        sender.send(()).unwrap();
        assert_eq!(server.await_ready(&ends, || false).unwrap(), Start::Unwanted);
        let (_folder, mut server) = shell("exit 3");
        let Start::Ended(status) = server.await_ready(&ends, || false).unwrap() else { panic!("not ended") };
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn a_server_that_ends_by_itself_is_a_failure_with_its_last_words() {
        let (_sender, ends) = silent();
        let (_folder, server) = shell("echo out of paper; exit 4");
        assert!(server.keep(&ends).unwrap_err().to_string().contains("out of paper"));
    }

    #[test]
    fn dropping_ends_the_server() {
        let (_folder, server) = shell("exec sleep 60");
        let id = Pid::from_raw(server.child.id().try_into().unwrap());
        drop(server);
        assert!(kill(id, None).is_err());
    }

    #[test]
    fn free_ports_differ() {
        let ports: [u16; 8] = free_ports().unwrap();
        let different: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(different.len(), ports.len());
    }
}

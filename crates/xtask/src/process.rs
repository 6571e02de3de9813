//! Child processes, each the head of a process group of its own.
//!
//! A group is what lets us end a child together with everything it started: `cargo test` is only the parent of the
//! test programs, and they of servers. Whatever of a group outlives its head is killed, so that no test leaves a
//! server behind and no inherited pipe keeps us waiting.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::interrupt;

/// How long a child may take to end in good order before it is killed; a server finishes what it accepted.
const GRACE: Duration = Duration::from_secs(30);

/// A running child and its group; dropping it ends both.
pub struct Group {
    child: Child,
    id: Pid,
    status: Option<ExitStatus>,
}

impl Group {
    /// Starts the command in a group of its own, without a standard input unless one was set.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let name = shown(command);
        let child = command.process_group(0).spawn().with_context(|| format!("cannot run `{name}`"))?;
        let id = Pid::from_raw(i32::try_from(child.id()).context("a process id out of range")?);
        interrupt::register(id);
        Ok(Self { child, id, status: None })
    }

    /// The child's process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the child, then ends what is left of its group.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let status = self.child.wait().context("cannot wait for a child process")?;
        self.ended(status);
        Ok(status)
    }

    /// The exit status, if the child has ended.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none()
            && let Some(status) = self.child.try_wait().context("cannot ask after a child process")?
        {
            self.ended(status);
        }
        Ok(self.status)
    }

    /// Asks the child to end (SIGTERM), kills it when it takes too long.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        let _ = killpg(self.id, Signal::SIGTERM);
        let deadline = Instant::now() + GRACE;
        while self.try_wait()?.is_none() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        if self.status.is_none() {
            let _ = killpg(self.id, Signal::SIGKILL);
        }
        self.wait()
    }

    /// The first line the child says on its standard output (which must be piped); the rest is not heard.
    pub fn first_line(&mut self) -> Result<String> {
        let output = self.child.stdout.take().context("the child's output is not piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("cannot read the child's output")?;
        Ok(line.trim_end().to_owned())
    }

    /// Hands every line of the child's standard output (which must be piped) to `line`, then waits for it.
    pub fn lines(mut self, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
        let output = self.child.stdout.take().context("the child's output is not piped")?;
        thread::scope(|scope| {
            // Waits beside the reading: only the end of the child lets us end a grandchild that holds the pipe.
            let waiting = scope.spawn(|| self.wait());
            for read in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                line(String::from_utf8_lossy(&read).trim_end_matches('\r'));
            }
            waiting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn ended(&mut self, status: ExitStatus) {
        self.status = Some(status);
        let _ = killpg(self.id, Signal::SIGKILL);
        interrupt::forget(self.id);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.status.is_none()
            && let Err(error) = self.stop()
        {
            eprintln!("xtask: process {} may still be running: {error:#}", self.id);
        }
    }
}

/// Says what it runs, runs it to its end, and tells whether it went well.
pub fn succeeds(command: &mut Command) -> Result<bool> {
    announce(command);
    let success = Group::spawn(command.stdin(Stdio::null()))?.wait()?.success();
    interrupt::check()?;
    Ok(success)
}

/// Prints the command as one would type it.
pub fn announce(command: &Command) {
    eprintln!("$ {}", shown(command));
}

/// Program and arguments, for messages.
pub fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default().to_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// This program, to be started again. A build that runs meanwhile may have put another file in its place, so where the
/// system keeps the running one within reach, that is taken.
pub fn own_program() -> Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    match running.exists() {
        true => Ok(running),
        false => std::env::current_exe().context("cannot find xtask's own program"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    #[test]
    fn hands_over_every_line() {
        let mut seen = Vec::new();
        let status = Group::spawn(&mut shell("echo one; printf two"))
            .unwrap()
            .lines(|line| seen.push(line.to_owned()));
        assert!(status.unwrap().success());
        assert_eq!(seen, ["one", "two"]);
    }

    #[test]
    fn a_grandchild_that_keeps_the_pipe_does_not_keep_us() {
        let started = Instant::now();
        let status = Group::spawn(&mut shell("sleep 60 & exit 3")).unwrap().lines(|_| ()).unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn dropping_ends_the_child() {
        let group = Group::spawn(&mut shell("exec sleep 60")).unwrap();
        let id = group.id;
        drop(group);
        assert!(nix::sys::signal::kill(id, None).is_err());
    }

    #[test]
    fn shows_the_command_without_its_folder() {
        let mut command = Command::new("/usr/bin/cargo");
        assert_eq!(shown(command.args(["fmt", "--all"])), "cargo fmt --all");
    }
}

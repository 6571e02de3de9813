//! The demo's bank: `florin serve` as a separate process, in a temporary folder.
//!
//! A shell script runs between the demo and the server, with two pipes. The script reads the names of signals from its
//! standard input and sends them to the server. If the demo ends in any way (even by `kill -9`), this pipe closes, and
//! the script stops the server and removes the folder. Only the server holds the script's standard output, so the end
//! of that pipe means that the server has ended.

use super::screen::Unprintable;
use crate::Failed;
use crate::credentials::Credentials;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{interval, timeout};

const SUPERVISOR: &str = r#"
folder=$1; shift
"$@" </dev/null &
server=$!
exec >/dev/null 2>&1
while read -r signal; do kill -s "$signal" "$server"; done
kill -s TERM "$server"
wait "$server"
rm -rf -- "$folder"
"#;

/// The addresses to try: one that is easy to remember, then any free port.
const ADDRESSES: [&str; 2] = ["127.0.0.1:8080", "127.0.0.1:0"];

/// How long a start may take. It takes a tenth of a second, more on a machine that is busy compiling.
const START: Duration = Duration::from_secs(30);

/// How often the bank is asked whether it is ready.
const POLL: Duration = Duration::from_millis(20);

/// How long the bank may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// How much of the log is shown when something went wrong.
const TAIL_LINES: usize = 20;

/// The bank, its folder, and the script while it runs.
pub struct Bank {
    folder: TempDir,
    program: PathBuf,
    running: Option<Running>,
}

/// Dropping it closes the pipe, which stops the server.
struct Running {
    supervisor: Child,
    signals: ChildStdin,
    life: ChildStdout,
}

impl Bank {
    /// Makes the folder.
    pub fn prepare() -> Result<Self, Failed> {
        Ok(Self { folder: temporary_folder()?, program: std::env::current_exe()?, running: None })
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(&mut self) -> Result<Credentials, Failed> {
        for address in ADDRESSES {
            if self.running.take().is_some() {
                // The script of the attempt before removes its folder.
                self.folder = temporary_folder()?;
            }
            self.running = Some(self.spawn(address)?);
            match timeout(START, self.ready()).await {
                Ok(Some(credentials)) => return Ok(credentials),
                // The address is taken. Any other reason will fail the next attempt too.
                Ok(None) => {}
                Err(_) => return Err(format!("the bank was not ready within {} s", START.as_secs()).into()),
            }
        }
        Err("the bank stopped before it was ready".into())
    }

    /// Ready when the server has ended, or none was started.
    pub async fn ended(&mut self) {
        if let Some(running) = &mut self.running {
            end_of(&mut running.life).await;
        }
    }

    /// Stops the server, by force if it takes too long, and waits until it has ended.
    pub async fn stop(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        // If the pipe is broken, the script has ended already.
        let _ = running.signals.write_all(b"TERM\n").await;
        if timeout(GRACE, end_of(&mut running.life)).await.is_err() {
            let _ = running.signals.write_all(b"KILL\n").await;
        }
        drop(running.signals);
        let _ = running.supervisor.wait().await;
    }

    /// Runs another command of this program on the bank's data.
    pub async fn run(&self, command: &str) -> Result<Output, Failed> {
        let mut process = self.process(&self.program);
        process.args([command.as_ref(), "--data-dir".as_ref(), self.data().as_os_str()]);
        Ok(process.stdin(Stdio::null()).kill_on_drop(true).output().await?)
    }

    /// Where the data is.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the server logs.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The error, and the last lines of the log, which goes away with the folder.
    pub fn explain(&self, error: Failed) -> Failed {
        if error.is::<Unprintable>() {
            return error;
        }
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
        if tail.is_empty() {
            return format!("{error}; the bank logged nothing").into();
        }
        format!("{error}; the end of the bank's log:\n  {}", tail.join("\n  ")).into()
    }

    fn spawn(&self, address: &str) -> Result<Running, Failed> {
        let mut process = self.process("sh");
        process.args(["-c", SUPERVISOR, "florin-demo"]).arg(self.folder.path()).arg(&self.program);
        process.args(["serve", "--listen", address, "--data-dir"]).arg(self.data());
        // A group of its own: Ctrl-C reaches the demo alone, which then stops the server.
        process
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(self.log())?);
        let mut supervisor = process.spawn().map_err(|error| format!("cannot start the bank: {error}"))?;
        let (signals, life) = (supervisor.stdin.take(), supervisor.stdout.take());
        let (Some(signals), Some(life)) = (signals, life) else { return Err("the bank has no pipes".into()) };
        Ok(Running { supervisor, signals, life })
    }

    /// A process in the folder, where no `florin.toml` is, and without the caller's configuration.
    fn process(&self, program: impl AsRef<OsStr>) -> Command {
        let mut process = Command::new(program);
        process.current_dir(self.folder.path());
        for (name, _) in std::env::vars_os() {
            if name != "FLORIN_LOG" && name.as_encoded_bytes().starts_with(b"FLORIN_") {
                process.env_remove(name);
            }
        }
        process
    }

    /// Polls until the server is ready. `None` if it ends before.
    async fn ready(&mut self) -> Option<Credentials> {
        let file = self.data().join("sandbox-credentials.json");
        let asked = async {
            let http = reqwest::Client::builder().no_proxy().build().ok()?;
            let mut poll = interval(POLL);
            loop {
                poll.tick().await;
                let Some(credentials) = read(&file) else { continue };
                let answer = http.get(format!("{}/readyz", credentials.base_url)).send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    return Some(credentials);
                }
            }
        };
        tokio::select! {
            credentials = asked => credentials,
            () = self.ended() => None,
        }
    }
}

fn temporary_folder() -> Result<TempDir, Failed> {
    let made = tempfile::Builder::new().prefix("florin-demo-").tempdir();
    Ok(made.map_err(|error| format!("cannot create a temporary folder: {error}"))?)
}

fn read(credentials: &Path) -> Option<Credentials> {
    serde_json::from_slice(&std::fs::read(credentials).ok()?).ok()
}

/// Waits until the other end of the pipe is closed, and ignores what comes through it.
async fn end_of(pipe: &mut ChildStdout) {
    let mut buffer = [0; 256];
    while pipe.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
}

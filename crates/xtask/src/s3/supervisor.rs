//! The process that owns a throw-away S3 server (hidden command `s3-supervisor`).
//!
//! 1. A fresh folder, with the identity that may use the bucket.
//! 2. `weed server`, which is four services in one process, on free ports of the loopback; again on other ports when
//!    someone was faster.
//! 3. The bucket, by `weed shell`: the identity itself may make none.
//! 4. The rest is [`xtask::supervised`].

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{ACCESS_KEY, BUCKET, SECRET_KEY};
use xtask::supervised::{Ends, Log, Server, Start, TRIES, free_ports};

/// The server's name, for messages.
pub const NAME: &str = "SeaweedFS";

/// The services of a server, as its options name them; S3 clients talk to the last.
const SERVICES: [&str; 4] = ["master", "volume", "filer", "s3"];

/// Where SeaweedFS puts a socket for each service, whatever TMPDIR says.
const SOCKETS: &str = "/tmp";

/// A refusal needs no disk.
const GREETING: Duration = Duration::from_secs(1);

/// A head and a short refusal.
const GREETING_BYTES: u64 = 16 * 1024;

/// The server's settings beside folders and ports; everything else is its default.
const SETTINGS: [&str; 13] = [
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    // The default reports to its makers.
    "-master.telemetry=false",
    "-filer",
    "-s3",
    // Not wanted, and each would need a port.
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-s3.iam=false",
    // A wrong bucket is refused, as elsewhere.
    "-s3.autoCreateBucket=false",
    // A bucket begins with seven volumes, and a test is done with a few; 64 MB × 100 is more than all tests together
    // upload, and nothing is taken from the disk before it is written.
    "-master.volumeSizeLimitMB=64",
    "-volume.max=100",
    // There is nobody to elect or to warn.
    "-master.electionTimeout=1s",
    "-volume.preStopSeconds=0",
];

/// What the parent process says.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// SeaweedFS
    #[arg(long)]
    program: PathBuf,
    /// Folder to put the server's folder in
    #[arg(long)]
    parent: PathBuf,
}

/// A port for each service's clients, and one for the other services.
struct Ports([[u16; 2]; SERVICES.len()]);

/// A server's folder and how to run its program.
struct Site {
    folder: TempDir,
    log: Log,
    program: PathBuf,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let ends = Ends::watch()?;
    let site = Site::prepare(arguments)?;
    for _ in 0..TRIES {
        let ports = Ports::free()?;
        // A killed server leaves its sockets; declared before the server, they go after it.
        let _sockets = Sockets(ports.sockets());
        let mut server = site.start(&ports)?;
        match server.await_ready(&ends, || ports.answers())? {
            Start::Ready => {
                let wanted = site.make_bucket(&ports, &ends)?;
                return if wanted { server.serve(&ends, ports.s3()) } else { Ok(()) };
            }
            Start::Unwanted => return Ok(()),
            Start::Ended(_) if site.log.last_lines().contains("address already in use") => {}
            Start::Ended(_) => break,
        }
    }
    bail!("{NAME} does not start:\n{}", site.log.last_lines())
}

impl Site {
    fn prepare(arguments: &Arguments) -> Result<Self> {
        // The builder makes it so that nobody else may enter.
        let folder = tempfile::Builder::new().prefix("florin-s3-").tempdir_in(&arguments.parent);
        let folder = folder.context("cannot make a folder")?;
        let log = Log::at(folder.path().join("log"));
        let site = Self { folder, log, program: arguments.program.clone() };
        fs::create_dir(site.path("data"))?;
        fs::write(site.path("identities.json"), identities()).context("cannot write the identities")?;
        fs::write(site.path("commands"), format!("s3.bucket.create -name {BUCKET}\n"))
            .context("cannot write the commands")?;
        Ok(site)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// SeaweedFS in its folder and nothing of our environment: it reads settings and keys there, AWS's too.
    fn weed(&self, command: &str, log: &Log) -> Result<Command> {
        let mut weed = Command::new(&self.program);
        weed.current_dir(self.folder.path()).env_clear();
        weed.env("HOME", self.folder.path()).env("TMPDIR", self.folder.path());
        log.attach(&mut weed)?;
        weed.arg("-logtostderr=true").arg(command);
        Ok(weed)
    }

    fn start(&self, ports: &Ports) -> Result<Server> {
        let mut weed = self.weed("server", &self.log)?;
        weed.args(SETTINGS).args(ports.options());
        for (option, name) in [
            ("-dir", "data"),
            ("-s3.config", "identities.json"),
            ("-s3.localSocket", "s3.socket"),
            ("-filer.localSocket", "filer.socket"),
        ] {
            weed.arg(option).arg(self.path(name));
        }
        // A stop in good order takes ten seconds, for the sake of what is kept here by nobody.
        Server::spawn(NAME, &mut weed, &self.log, Signal::SIGKILL)
    }

    /// Makes the bucket; false when it is no longer wanted.
    fn make_bucket(&self, ports: &Ports, ends: &Ends) -> Result<bool> {
        let log = Log::at(self.path("shell.log"));
        let mut shell = self.weed("shell", &log)?;
        shell.args(ports.shell_options());
        shell.stdin(File::open(self.path("commands")).context("cannot read the commands")?);
        let mut shell = Server::spawn("weed shell", &mut shell, &log, Signal::SIGKILL)?;
        match shell.await_ready(ends, || false)? {
            // The shell ends well also when a command of it did not.
            Start::Ended(_) if log.last_lines().contains("created bucket") => Ok(true),
            Start::Ended(status) => bail!("{NAME} made no bucket ({status}):\n{}", log.last_lines()),
            Start::Ready | Start::Unwanted => Ok(false),
        }
    }
}

impl Ports {
    fn free() -> Result<Self> {
        let free: [u16; 2 * SERVICES.len()] = free_ports()?;
        let mut pairs = [[0; 2]; SERVICES.len()];
        for (pair, free) in pairs.iter_mut().zip(free.chunks_exact(2)) {
            pair.copy_from_slice(free);
        }
        Ok(Self(pairs))
    }

    fn services(&self) -> impl Iterator<Item = (&'static str, [u16; 2])> {
        SERVICES.into_iter().zip(self.0)
    }

    fn options(&self) -> impl Iterator<Item = String> {
        self.services().flat_map(|(service, [public, internal])| {
            [format!("-{service}.port={public}"), format!("-{service}.port.grpc={internal}")]
        })
    }

    fn shell_options(&self) -> impl Iterator<Item = String> {
        let asked = self.services().filter(|(service, _)| ["master", "filer"].contains(service));
        asked.map(|(service, [public, internal])| format!("-{service}=127.0.0.1:{public}.{internal}"))
    }

    fn sockets(&self) -> Vec<PathBuf> {
        self.services()
            .map(|(service, [_, internal])| {
                Path::new(SOCKETS).join(format!("seaweedfs-{service}-grpc-{internal}.sock"))
            })
            .collect()
    }

    /// The port for S3 clients.
    fn s3(&self) -> u16 {
        let [.., [s3, _]] = self.0;
        s3
    }

    /// S3 is the service that starts last; it names itself also to those it refuses, and somebody else who took the
    /// port would not.
    fn answers(&self) -> bool {
        greeting(self.s3()).is_ok_and(|answer| answer.contains("SeaweedFS"))
    }
}

/// What a server says to a request that is not signed.
fn greeting(port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(GREETING))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(GREETING_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Sockets that a killed server leaves; dropping this removes them.
struct Sockets(Vec<PathBuf>);

impl Drop for Sockets {
    fn drop(&mut self) {
        for socket in &self.0 {
            // Where it is missing, so much the better.
            let _ = fs::remove_file(socket);
        }
    }
}

/// One identity, with every right within the bucket and none beyond.
fn identities() -> String {
    let rights = ["Read", "Write", "List", "Tagging"].map(|right| format!("{right}:{BUCKET}"));
    serde_json::json!({"identities": [{
        "name": ACCESS_KEY,
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": rights,
    }]})
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: Ports = Ports([[1, 2], [3, 4], [5, 6], [7, 8]]);

    #[test]
    fn every_service_has_two_ports_of_its_own() {
        let options: Vec<_> = PORTS.options().collect();
        assert_eq!(options.len(), 8);
        assert_eq!(options.first().unwrap(), "-master.port=1");
        assert_eq!(options.last().unwrap(), "-s3.port.grpc=8");
        assert_eq!(PORTS.s3(), 7);
    }

    #[test]
    fn the_shell_asks_master_and_filer() {
        let options: Vec<_> = PORTS.shell_options().collect();
        assert_eq!(options, ["-master=127.0.0.1:1.2", "-filer=127.0.0.1:5.6"]);
    }

    #[test]
    fn nothing_is_reported_to_anybody() {
        assert!(SETTINGS.contains(&"-master.telemetry=false"));
    }

    #[test]
    fn somebody_else_on_the_port_is_not_taken_for_it() {
        let other = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = other.accept().unwrap();
            let _ = stream.read(&mut [0; 64]).unwrap();
            stream.write_all(b"HTTP/1.0 403 Forbidden\r\nServer: another\r\n\r\n").unwrap();
        });
        assert!(!Ports([[0; 2], [0; 2], [0; 2], [port, 0]]).answers());
        answering.join().unwrap();
        assert!(!Ports([[0; 2], [0; 2], [0; 2], [port, 0]]).answers());
    }

    #[test]
    fn sockets_go() {
        let folder = tempfile::tempdir().unwrap();
        let [there, missing] = ["there", "missing"].map(|name| folder.path().join(name));
        fs::write(&there, "").unwrap();
        drop(Sockets(vec![missing, there.clone()]));
        assert!(!there.exists());
    }
}

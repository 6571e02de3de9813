//! The product under measurement: `florin serve`, as an operator would start it, its logs into a file.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tempfile::TempDir;

use super::answer::exchange;
use super::requests::Recipient;
use xtask::postgres::Cluster;
use xtask::process::{Group, shown};
use xtask::supervised::free_port;
use xtask::{interrupt, workspace};

/// A start makes the schema, no more.
const START: Duration = Duration::from_secs(60);

/// A running server; dropping it ends it and removes its data.
pub struct Product {
    server: Group,
    florin: PathBuf,
    address: SocketAddr,
    folder: TempDir,
    cluster: Option<Cluster>,
}

impl Product {
    /// Starts it, on this cluster or on SQLite in a fresh folder below `parent`, and waits until it is ready.
    pub fn start(florin: &Path, parent: &Path, cluster: Option<Cluster>) -> Result<Self> {
        Self::start_with(florin, parent, cluster, |_| None)
    }

    /// The same with a configuration file, whose text may name the folder of its data.
    pub fn start_with(
        florin: &Path,
        parent: &Path,
        cluster: Option<Cluster>,
        configuration: impl FnOnce(&Path) -> Option<String>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("florin-bench-").tempdir_in(parent);
        let folder = folder.with_context(|| format!("cannot make a folder in {}", parent.display()))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let log = File::create(folder.path().join("log")).context("cannot make the log file")?;
        let mut serve = Command::new(florin);
        serve
            .arg("serve")
            .args(["--listen", &address.to_string()])
            .arg("--data-dir")
            .arg(folder.path().join("data"));
        if let Some(text) = configuration(folder.path()) {
            let file = folder.path().join("florin.toml");
            fs::write(&file, text).context("cannot write the configuration")?;
            serve.arg("--config").arg(file);
        }
        if let Some(cluster) = &cluster {
            serve.args(["--database-url", &cluster.url()]);
        }
        workspace::without_settings(&mut serve).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // One process, whose folder is its own: as shared as it needs to be.
        serve.env("FLORIN_VAULT_IS_SHARED", "true");
        // As long as a round of any length: `bench exchanges` collects locks before it uses them.
        serve.env("FLORIN_RATE_LOCK_SECONDS", "3600");
        eprintln!("$ {}", shown(&serve));
        let server = Group::spawn(&mut serve)?;
        let mut product = Self { server, florin: florin.to_path_buf(), address, folder, cluster };
        product.await_ready()?;
        Ok(product)
    }

    fn await_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        let probe = Recipient { address: self.address, api_key: String::new() }.get("/readyz");
        while Instant::now() < deadline {
            interrupt::check()?;
            if let Some(status) = self.server.try_wait()? {
                bail!("`florin serve` ended ({status}):\n{}", self.log());
            }
            if exchange(self.address, &probe).is_ok_and(|(answer, _)| answer.status == 200) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("`florin serve` is not ready after {START:?}:\n{}", self.log())
    }

    /// Where it is and the key it issued for the sandbox.
    pub fn recipient(&self) -> Result<Recipient> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Credentials {
            api_key: String,
        }
        let path = self.folder.path().join("data/sandbox-credentials.json");
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let Credentials { api_key } =
            serde_json::from_slice(&text).context("sandbox-credentials.json is not as agreed")?;
        Ok(Recipient { address: self.address, api_key })
    }

    /// Another partner, with a key of its own.
    pub fn another_partner(&self) -> Result<Recipient> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Issued {
            api_key: String,
        }
        let mut create = Command::new(&self.florin);
        create.args(["partner", "create", "--name", "another", "--operator", "bench"]);
        create.arg("--data-dir").arg(self.folder.path().join("data"));
        if let Some(cluster) = &self.cluster {
            create.args(["--database-url", &cluster.url()]);
        }
        let output = workspace::output(workspace::without_settings(&mut create))?;
        let Issued { api_key } = serde_json::from_slice(&output).context("`florin partner create` said")?;
        Ok(Recipient { address: self.address, api_key })
    }

    /// The folder of its data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// How much it has logged so far.
    pub fn log_bytes(&self) -> u64 {
        fs::metadata(self.folder.path().join("log")).map_or(0, |file| file.len())
    }

    /// Stops it and lets `florin verify` read the books; what that says.
    pub fn verify(mut self) -> Result<String> {
        let status = self.server.stop()?;
        if !status.success() {
            bail!("`florin serve` did not stop in good order ({status}):\n{}", self.log());
        }
        let mut verify = Command::new(&self.florin);
        verify.arg("verify").arg("--data-dir").arg(self.folder.path().join("data"));
        if let Some(cluster) = &self.cluster {
            verify.args(["--database-url", &cluster.url()]);
        }
        workspace::without_settings(&mut verify).stdin(Stdio::null());
        let output = verify.output().with_context(|| format!("cannot run `{}`", shown(&verify)))?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        if !output.status.success() {
            bail!("`florin verify` finds the books wrong ({}):\n{said}", output.status);
        }
        Ok(said)
    }

    /// The last lines it logged.
    fn log(&self) -> String {
        let all = fs::read(self.folder.path().join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&all);
        let lines: Vec<_> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

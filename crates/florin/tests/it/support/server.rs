//! One bank under test: its processes, its data and the proof at the end.

use super::chance::fresh_word;
use super::client::{Call, Client};
use super::database::{Database, Engine, engine};
use super::log;
use super::process::{Outcome, Process, florin_within, run_florin_with};
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How a server is started.
pub struct Options {
    /// `FLORIN_SANDBOX_SETTLE_MS`.
    pub settle_ms: u32,
    /// `--environment`; none leaves the default.
    pub environment: Option<&'static str>,
    /// Where the server finds PostgreSQL, when not at the real address (no meaning on SQLite).
    pub database_address: Option<SocketAddr>,
    /// Further settings by environment; they count over the others.
    pub more: Vec<(&'static str, String)>,
    /// What stands before `florin serve` on its command line.
    pub within: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        let (more, within) = (Vec::new(), Vec::new());
        Self { settle_ms: 10, environment: None, database_address: None, more, within }
    }
}

/// What `sandbox-credentials.json` holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Credentials {
    pub base_url: String,
    pub api_key: String,
    pub partner_id: String,
    pub webhook_token: String,
}

/// The data directories of two processes on one database: each has its own, which only one may serve.
const FOLDERS: [&str; 2] = ["data", "data-2"];

/// A server with a data directory and a database of its own.
pub struct Server {
    options: Options,
    database: Option<Database>,
    process: Option<Process>,
    seconds: Vec<Process>,
    /// The name of the first process's data directory.
    folder: &'static str,
    expected_errors: Vec<String>,
    credentials: Option<Credentials>,
    home: TempDir,
}

impl Server {
    /// A sandbox with an empty book.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub async fn start_with(options: Options) -> Self {
        let mut server = Self::prepare(options).await;
        server.start_again().await;
        server
    }

    /// Two processes started at the same moment on an empty PostgreSQL database, with one `vault.key`, and a
    /// client of the second with a key of its own; none on SQLite, where the test counts as skipped.
    pub async fn start_two() -> Option<(Self, Client)> {
        if engine() == Engine::Sqlite {
            florin_testing::skip("for PostgreSQL only");
            return None;
        }
        let mut server = Self::prepare(Options::default()).await;
        let directories = FOLDERS.map(|folder| server.home.path().join(folder));
        directories.iter().for_each(|directory| write_key(directory, &"5e".repeat(32)));
        let [mut first, mut second] = directories.each_ref().map(|directory| server.spawn(directory));
        first.wait_until_ready().await;
        second.wait_until_ready().await;
        let [ours, theirs] = directories.map(|directory| read_credentials(&directory));
        let key = theirs.map(|credentials| credentials.api_key);
        let client = Client::new(&second.base_url(), key.as_deref());
        (server.process, server.credentials) = (Some(first), ours);
        server.seconds.push(second);
        Some((server, client))
    }

    /// Directories and an empty database; nothing runs yet.
    pub async fn prepare(options: Options) -> Self {
        let home = tempfile::Builder::new().prefix("florin-test-").tempdir().expect("a directory");
        let database = match engine() {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Database::create().await),
        };
        let (seconds, expected_errors) = (Vec::new(), Vec::new());
        let folder = FOLDERS[0];
        Self { options, database, process: None, seconds, folder, expected_errors, credentials: None, home }
    }

    /// Starts the (stopped or killed) server again on the same data.
    pub async fn start_again(&mut self) {
        assert!(self.process.is_none(), "the server runs already");
        let mut process = self.spawn(&self.data_dir());
        process.wait_until_ready().await;
        self.process = Some(process);
        self.credentials = read_credentials(&self.data_dir());
    }

    /// Starts the stopped server, which runs and is not ready.
    pub async fn start_unready(&mut self) {
        let mut process = self.spawn(&self.data_dir());
        process.wait_until_ok("/healthz").await;
        self.process = Some(process);
    }

    /// Another process on the same PostgreSQL database, with a data directory of its own to which the first
    /// one's `vault.key` is copied; none on SQLite.
    pub async fn second(&mut self) -> Option<Client> {
        self.database.as_ref()?;
        let data_dir = self.home.path().join(format!("data-{}", self.seconds.len() + 2));
        if let Ok(key) = std::fs::read_to_string(key_file(&self.data_dir())) {
            write_key(&data_dir, &key);
        }
        let mut process = self.spawn(&data_dir);
        process.wait_until_ready().await;
        let client = Client::new(&process.base_url(), Some(&self.credentials().api_key));
        self.seconds.push(process);
        Some(client)
    }

    /// Clients of every process there can be: one on SQLite, two on PostgreSQL.
    pub async fn everywhere(&mut self) -> Vec<Client> {
        let mut clients = vec![self.client()];
        clients.extend(self.second().await);
        clients
    }

    fn spawn(&self, data_dir: &Path) -> Process {
        let mut arguments = vec!["--data-dir".to_owned(), path_text(data_dir)];
        if let Some(url) = self.database_url() {
            arguments.extend(["--database-url".to_owned(), url]);
        }
        if let Some(environment) = self.options.environment {
            arguments.extend(["--environment".to_owned(), environment.to_owned()]);
        }
        let command = florin_within(&self.options.within);
        Process::start((command, &arguments), &self.variables(), self.home.path(), &self.log_path())
    }

    /// Settings by environment; a live server is given its master key, a sandbox makes one. The processes on
    /// one PostgreSQL database have one folder of files.
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = vec![("FLORIN_SANDBOX_SETTLE_MS", self.options.settle_ms.to_string())];
        // Two looks at the same balances are the same.
        variables.push(("FLORIN_RATE_SOURCE", "fixed".to_owned()));
        if let Some(environment) = self.options.environment {
            variables.push(("FLORIN_ENVIRONMENT", environment.to_owned()));
            variables.push(("FLORIN_MASTER_KEY", "5e".repeat(32)));
            variables.push(("FLORIN_PUBLIC_URL", "https://bank.example".to_owned()));
            variables.push(("FLORIN_SIMULATED_RAILS", "true".to_owned()));
        }
        if self.database.is_some() {
            variables.push(("FLORIN_VAULT", path_text(&self.home.path().join("vault"))));
            variables.push(("FLORIN_VAULT_IS_SHARED", "true".to_owned()));
        }
        variables.extend(self.options.more.iter().cloned());
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The sandbox partner's client.
    pub fn client(&self) -> Client {
        Client::new(&self.base_url(), Some(&self.credentials().api_key))
    }

    /// A client of a new partner, made while the server runs.
    pub fn second_partner(&self, name: &str) -> Client {
        let made = self.command(&["partner", "create", "--name", name, "--operator", "olga"]);
        assert_eq!(made.code, Some(0), "florin partner create: {made:?}");
        let printed: Value =
            serde_json::from_str(&made.stdout).unwrap_or_else(|error| panic!("{error}: {made:?}"));
        Client::new(&self.base_url(), Some(printed["apiKey"].as_str().expect("an apiKey")))
    }

    pub fn credentials(&self) -> &Credentials {
        self.credentials.as_ref().expect("sandbox-credentials.json was written")
    }

    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    pub fn base_url(&self) -> String {
        self.running().base_url()
    }

    pub fn address(&self) -> SocketAddr {
        self.running().address
    }

    /// The number of the running process.
    pub fn process_id(&self) -> u32 {
        self.running().id()
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("the server runs")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join(self.folder)
    }

    /// A directory of the test that the server does not know.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The PostgreSQL database, if that is the engine.
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    fn database_url(&self) -> Option<String> {
        let database = self.database.as_ref()?;
        Some(database.url_at(self.options.database_address))
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("florin.log")
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The folder of files, where it is one.
    pub fn vault_dir(&self) -> PathBuf {
        let set = self.variables().into_iter().rev().find(|(name, _)| name == "FLORIN_VAULT");
        set.map_or_else(|| self.data_dir().join("vault"), |(_, folder)| folder.into())
    }

    /// From now on the log may have errors that contain this.
    pub fn expect_error(&mut self, text: &str) {
        self.expected_errors.push(text.to_owned());
    }

    /// Runs a command of the binary on this server's data.
    pub fn command(&self, arguments: &[&str]) -> Outcome {
        let place = Place { data_dir: &self.data_dir(), database: self.database.as_ref() };
        place.command(arguments, &self.variables(), self.home.path())
    }

    /// SIGKILL, as a power cut would.
    pub fn kill9(&mut self) {
        self.process.take().expect("the server runs").kill9();
    }

    /// Lets the first and the second process change places: what is killed next is the other one.
    pub fn change_places(&mut self) {
        let second = self.seconds.pop().expect("two processes run");
        self.seconds.extend(self.process.replace(second));
        self.folder = if self.folder == FOLDERS[0] { FOLDERS[1] } else { FOLDERS[0] };
    }

    /// SIGTERM; ends with 0.
    pub fn stop(&mut self) {
        for mut process in self.process.take().into_iter().chain(self.seconds.drain(..)) {
            process.stop();
        }
    }

    /// Every test's end: events gapless, a graceful stop, books that are right, a clean log, nothing left
    /// behind.
    pub async fn finish(mut self) {
        if self.process.is_none() {
            self.start_again().await;
        }
        if self.credentials.is_some() {
            self.client().events().await;
            let unknown = format!("/v1/transfer/details/{}", fresh_word());
            self.client().send(&Call::get(unknown)).await.expect_refusal("P437");
        }
        self.stop();
        self.verify();
        log::check(&self.log_path(), &self.expected_errors);
        if let Some(database) = self.database.take() {
            database.remove().await;
        }
    }

    /// `florin verify` finds nothing wrong.
    pub fn verify(&self) {
        let outcome = self.command(&["verify"]);
        assert_eq!(outcome.code, Some(0), "florin verify: {outcome:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            log::print_tail(&self.log_path());
        }
    }
}

/// Where a bank's data are.
pub struct Place<'place> {
    pub data_dir: &'place Path,
    pub database: Option<&'place Database>,
}

impl Place<'_> {
    /// Runs a command of the binary on these data.
    pub fn command(&self, arguments: &[&str], variables: &[(String, String)], directory: &Path) -> Outcome {
        let data_dir = path_text(self.data_dir);
        let mut all = [arguments, &["--data-dir", &data_dir]].concat();
        let url = self.database.map(Database::url);
        all.extend(url.iter().flat_map(|url| ["--database-url", url]));
        run_florin_with(&all, variables, directory)
    }
}

/// Where a sandbox keeps the master key.
pub fn key_file(data_dir: &Path) -> PathBuf {
    data_dir.join("vault.key")
}

/// Writes a master key as an operator would who brings it along.
pub fn write_key(data_dir: &Path, key: &str) {
    std::fs::create_dir_all(data_dir).expect("a directory");
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(key_file(data_dir));
    file.and_then(|mut file| file.write_all(key.as_bytes())).expect("a key file");
}

fn read_credentials(data_dir: &Path) -> Option<Credentials> {
    let text = std::fs::read_to_string(data_dir.join("sandbox-credentials.json")).ok()?;
    let file: Value = serde_json::from_str(&text).expect("sandbox-credentials.json is JSON");
    let field = |name: &str| file[name].as_str().unwrap_or_else(|| panic!("no {name} in {text}")).to_owned();
    Some(Credentials {
        base_url: field("baseUrl"),
        api_key: field("apiKey"),
        partner_id: field("partnerId"),
        webhook_token: field("webhookToken"),
    })
}

fn path_text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

//! The throw-away S3 server is one that a bucket's tests can lean on, and ends with the xtask that wanted it.
//!
//! Runs in the SQLite half of `cargo xtask test`, where the server's program is sure to be there; once is enough.
#![expect(clippy::disallowed_methods, reason = "waits for real processes to end")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use florin_testing::skip;
use futures_util::TryStreamExt;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};
use tempfile::TempDir;

/// Far more than killing a process takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// `cargo xtask s3`, what it printed, and the folder the server's folder is in.
struct Started {
    xtask: Child,
    variables: BTreeMap<String, String>,
    temporary: TempDir,
}

fn wanted() -> bool {
    if std::env::var("FLORIN_TEST_ENGINE").is_ok_and(|engine| engine == "postgres") {
        skip("runs with SQLite, once is enough");
        return false;
    }
    let is_there = std::env::var_os("FLORIN_TEST_S3_ENDPOINT").is_some();
    if !is_there {
        skip("FLORIN_TEST_S3_ENDPOINT names no S3 server");
    }
    is_there
}

fn start() -> Started {
    let temporary = tempfile::tempdir().unwrap();
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.arg("s3").env("TMPDIR", temporary.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut xtask = xtask.spawn().unwrap();
    let lines = BufReader::new(xtask.stdout.take().unwrap()).lines().take(5).map(Result::unwrap);
    let variables = lines.map(|line| {
        let (name, value) = line.strip_prefix("export FLORIN_TEST_S3_").unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    let variables = variables.collect();
    Started { xtask, variables, temporary }
}

impl Started {
    fn accepts(&self) -> bool {
        TcpStream::connect(self.variables["ENDPOINT"].strip_prefix("http://").unwrap()).is_ok()
    }

    fn folder(&self) -> Option<PathBuf> {
        fs::read_dir(self.temporary.path()).unwrap().next().map(|entry| entry.unwrap().path())
    }

    /// What the server put outside its folder, by its own words.
    fn sockets(&self) -> Vec<PathBuf> {
        let log = fs::read_to_string(self.folder().unwrap().join("log")).unwrap();
        let named = log.lines().filter_map(|line| line.split_once("Unix socket /tmp/"));
        named.map(|(_, name)| PathBuf::from("/tmp").join(name.trim())).collect()
    }

    fn end_by(&mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.xtask.id().try_into().unwrap()), signal).unwrap();
        self.xtask.wait().unwrap()
    }

    fn bucket(&self, secret: &str) -> AmazonS3 {
        let builder = AmazonS3Builder::new()
            .with_allow_http(true)
            .with_endpoint(&self.variables["ENDPOINT"])
            .with_region(&self.variables["REGION"])
            .with_bucket_name(&self.variables["BUCKET"])
            .with_access_key_id(&self.variables["ACCESS_KEY"]);
        builder.with_secret_access_key(secret).build().unwrap()
    }
}

#[test]
fn a_signal_ends_the_server_before_xtask_ends() {
    if !wanted() {
        return;
    }
    let mut started = start();
    assert!(started.accepts());
    let sockets = started.sockets();
    assert!(sockets.len() >= 4 && sockets.iter().all(|socket| socket.exists()), "{sockets:?}");
    assert!(started.end_by(Signal::SIGINT).success());
    assert!(!started.accepts());
    assert_eq!(started.folder(), None);
    assert!(!sockets.iter().any(|socket| socket.exists()), "{sockets:?}");
}

#[test]
fn a_killed_xtask_leaves_no_server_behind() {
    if !wanted() {
        return;
    }
    let mut started = start();
    let sockets = started.sockets();
    assert!(!started.end_by(Signal::SIGKILL).success());
    let deadline = Instant::now() + PATIENCE;
    while started.accepts() || started.folder().is_some() || sockets.iter().any(|socket| socket.exists()) {
        assert!(Instant::now() < deadline, "something of the server is still there");
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn it_keeps_lists_and_removes_objects_and_refuses_a_wrong_secret() {
    if !wanted() {
        return;
    }
    let mut started = start();
    let bucket = started.bucket(&started.variables["SECRET_KEY"]);
    let path = |number: u32| Path::from(format!("files/{number:04}"));
    for number in 0..3 {
        bucket.put(&path(number), Bytes::from(number.to_string()).into()).await.unwrap();
    }
    assert_eq!(bucket.get(&path(2)).await.unwrap().bytes().await.unwrap(), "2");
    let again = bucket.put_opts(&path(2), Bytes::from("other").into(), PutMode::Create.into()).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    bucket.delete(&path(1)).await.unwrap();
    assert!(matches!(bucket.get(&path(1)).await, Err(Error::NotFound { .. })));
    let listed: Vec<_> = bucket.list(Some(&Path::from("files"))).try_collect().await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|object| object.location).collect();
    assert_eq!(listed, [path(0), path(2)]);

    let impostor = started.bucket("another secret");
    assert!(impostor.get(&path(0)).await.is_err());
    assert!(impostor.put(&path(9), Bytes::from("9").into()).await.is_err());
    assert!(impostor.delete(&path(0)).await.is_err());
    assert_eq!(bucket.get(&path(0)).await.unwrap().bytes().await.unwrap(), "0");
    assert!(matches!(bucket.head(&path(9)).await, Err(Error::NotFound { .. })));
    assert!(started.end_by(Signal::SIGTERM).success());
}

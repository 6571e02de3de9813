//! A disk that is full or read-only: P501 and nothing left, and all is well once there is room again. The disk is a
//! small one of the server's own, made where the kernel lets us.

use super::kept::{objects, rows};
use super::{PARTS, files_path, form_of, small_form};
use crate::support::{Answer, Call, Client, Engine, Form, Options, Server, engine};
use florin_testing::skip;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// What the disk holds: far more than the folders of a vault take, and some uploads.
const DISK: &str = "size=12m";

/// Mounts it at the first argument and then runs the others.
const SCRIPT: &str = "mount -t tmpfs -o \"$1\" none \"$2\" && shift 2 && exec \"$@\"";

/// A disk that only the process sees that is started `within` it, and who looks there through that process.
struct Disk {
    point: TempDir,
    namespace: &'static [&'static str],
    enter: &'static [&'static str],
}

impl Disk {
    /// As root, or as one who may be root in a namespace of one's own; none where neither works.
    fn make() -> Option<Self> {
        let ways: [(&[&str], &[&str]); 2] = [
            (&["unshare", "--mount"], &["nsenter", "--mount"]),
            (
                &["unshare", "--map-root-user", "--mount"],
                &["nsenter", "--user", "--mount", "--preserve-credentials"],
            ),
        ];
        let point = tempfile::Builder::new().prefix("florin-disk-").tempdir().expect("a directory");
        let is_allowed = |namespace: &[&str]| {
            let path = point.path().to_str().expect("a path in UTF-8");
            let words = [namespace, &["sh", "-c", SCRIPT, "sh", DISK, path, "true"]].concat();
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).stdin(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let Some((namespace, enter)) = ways.into_iter().find(|(namespace, _)| is_allowed(namespace)) else {
            skip("no disk may be mounted here");
            return None;
        };
        Some(Self { point, namespace, enter })
    }

    /// A server with its files there.
    async fn server(&self) -> Server {
        let path = self.point.path().to_str().expect("a path in UTF-8");
        let within = [self.namespace, &["sh", "-c", SCRIPT, "sh", DISK, path]].concat();
        let within = within.into_iter().map(str::to_owned).collect();
        let more = vec![("FLORIN_VAULT", path.to_owned())];
        Server::start_with(Options { more, within, ..Options::default() }).await
    }

    /// The disk as the server sees it.
    fn seen_by(&self, server: &Server) -> PathBuf {
        let path = self.point.path().strip_prefix("/").expect("a path from the root");
        Path::new("/proc").join(server.process_id().to_string()).join("root").join(path)
    }

    fn remount(&self, server: &Server, how: &str) {
        let mut command = Command::new(self.enter[0]);
        command.args(&self.enter[1..]).args(["--target", &server.process_id().to_string()]);
        command.args(["mount", "-o", &format!("remount,{how}")]).arg(self.point.path());
        assert!(command.status().expect("nsenter runs").success(), "remount,{how}");
    }
}

async fn send(client: &Client, user: &str, form: &Form) -> Answer {
    client.try_upload(&files_path(user), Some(&format!("key-{user}")), form).await.expect("an answer")
}

fn is_unavailable(answer: &Answer) {
    answer.expect_refusal("P501");
    assert!(answer.header("retry-after").is_some_and(|wait| wait.parse::<u32>().is_ok()), "{answer:?}");
}

/// No object without a row, no row without an object.
async fn is_even(server: &Server, disk: &Path) {
    let names: BTreeSet<String> = rows(server).await.into_iter().map(|row| row.name).collect();
    assert_eq!(objects(disk), names);
}

/// Writes until nothing more goes.
fn fill(file: &Path) {
    let mut file = std::fs::File::create(file).expect("a file");
    for step in [64 * 1024, 1] {
        while file.write_all(&vec![0; step]).is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_p501_until_there_is_room() {
    let Some(disk) = Disk::make() else { return };
    let mut server = disk.server().await;
    server.expect_error("answered P501");
    let (client, folder) = (server.client(), disk.seen_by(&server));
    let users = ["anna", "bela", "celia", "dora", "emil", "fred"];
    for user in users {
        client.create_user(user).await;
    }
    send(&client, "anna", &small_form()).await.expect(201);
    let filler = folder.join("filler");
    fill(&filler);
    for form in [small_form(), form_of(2_000_000)] {
        is_unavailable(&send(&client, "bela", &form).await);
    }
    let ready = client.send(&Call::get("/readyz")).await;
    assert!(ready.status == 200 && ready.body.starts_with(b"ready, but for uploads: "), "{ready:?}");
    assert_eq!(objects(&folder).len(), PARTS.len() + 1, "of one upload, and what fills the disk");
    std::fs::remove_file(&filler).expect("the filler");
    is_even(&server, &folder).await;
    let answer = send(&client, "bela", &form_of(2_000_000)).await;
    answer.expect(201);
    assert!(!answer.replayed(), "a P501 is not kept");
    // There is room for one or two of these; they come together.
    let mut sending = JoinSet::new();
    for user in users.into_iter().skip(2) {
        let client = client.clone();
        sending.spawn(async move { send(&client, user, &form_of(1_000_000)).await });
    }
    let answers = sending.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    refused.iter().for_each(|answer| is_unavailable(answer));
    is_even(&server, &folder).await;
    assert_eq!(rows(&server).await.len(), (2 + done.len()) * PARTS.len());
    eprintln!("full: of {} uploads at once into the last room {} were done", answers.len(), done.len());
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk_is_p501_until_it_can_be_written() {
    let Some(disk) = Disk::make() else { return };
    let mut server = disk.server().await;
    server.expect_error("answered P501");
    let (client, folder) = (server.client(), disk.seen_by(&server));
    client.create_user("anna").await;
    disk.remount(&server, "ro");
    is_unavailable(&send(&client, "anna", &small_form()).await);
    let ready = client.send(&Call::get("/readyz")).await;
    assert!(ready.status == 200 && ready.body.starts_with(b"ready, but for uploads: "), "{ready:?}");
    disk.remount(&server, "rw");
    is_even(&server, &folder).await;
    send(&client, "anna", &small_form()).await.expect(201);
    is_even(&server, &folder).await;
    server.finish().await;
}

/// Mounts a disk in the place of the data folder, and then runs the command with it.
const UNDER_THE_DATABASE: &str = r#"last=
    for word in "$@"; do [ "$last" = --data-dir ] && folder=$word; last=$word; done
    mkdir -p "$folder" && mount -t tmpfs -o size=96m none "$folder" && exec "$@""#;

/// The disk of an embedded database is full: nothing can be written, so the process gets no requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_the_database_is_not_ready() {
    let Some(disk) = Disk::make() else { return };
    if engine() != Engine::Sqlite {
        return skip("for SQLite only: PostgreSQL has its own disk");
    }
    let within = [disk.namespace, &["sh", "-c", UNDER_THE_DATABASE, "sh"]].concat();
    let within = within.into_iter().map(str::to_owned).collect();
    let mut server = Server::start_with(Options { within, ..Options::default() }).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ready = async || http.get(format!("{}/readyz", server.base_url())).send().await.expect("an answer");
    let seen = Path::new("/proc").join(server.process_id().to_string()).join("root");
    let folder = seen.join(server.data_dir().strip_prefix("/").expect("a path from the root"));
    let filler = folder.join("filler");
    fill(&filler);
    let full = ready().await;
    assert!(full.status() == 503 && full.headers().contains_key("retry-after"), "{full:?}");
    let body: serde_json::Value = full.json().await.expect("JSON");
    assert_eq!(body["errorCode"], "P501");
    std::fs::remove_file(&filler).expect("the filler");
    assert_eq!(ready().await.status(), 200);
    // The disk goes with the process, so the books are checked before.
    let id = server.process_id().to_string();
    let mut verify = Command::new(disk.enter[0]);
    verify.args(&disk.enter[1..]).args([
        "--target",
        &id,
        env!("CARGO_BIN_EXE_florin"),
        "verify",
        "--data-dir",
    ]);
    // What says how the tests run is no setting of the program.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FLORIN_")) {
        verify.env_remove(name);
    }
    assert!(verify.arg(server.data_dir()).status().expect("nsenter runs").success());
    server.stop();
}

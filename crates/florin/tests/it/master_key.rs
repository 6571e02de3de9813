//! The master key: where a sandbox keeps it, and that data are never opened with another one.

use crate::restart::fails_plainly;
use crate::support::{Options, Outcome, Place, Server, key_file, run_florin_with, write_key};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A server that has run once, its key as the file has it, and no server.
async fn stopped() -> (Server, String) {
    let mut server = Server::start().await;
    server.client().create_user("anna").await;
    server.stop();
    let key = read_key(&server.data_dir());
    (server, key)
}

fn read_key(data_dir: &Path) -> String {
    std::fs::read_to_string(key_file(data_dir)).expect("a key file")
}

fn has_key(data_dir: &Path) -> bool {
    key_file(data_dir).exists()
}

fn take_key(data_dir: &Path) {
    std::fs::remove_file(key_file(data_dir)).expect("there was a key file");
}

/// Runs a command on the server's database, from a data directory and with further settings.
fn run(server: &Server, arguments: &[&str], data_dir: &Path, more: &[(&str, &str)]) -> Outcome {
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let variables: Vec<_> = server.variables().into_iter().chain(more).collect();
    Place { data_dir, database: server.database() }.command(arguments, &variables, server.home())
}

/// Neither starts nor verifies, and says why with this word.
fn is_refused(server: &Server, data_dir: &Path, more: &[(&str, &str)], word: &str) {
    let serve: &[&str] = &["serve", "--listen", "127.0.0.1:0"];
    for arguments in [serve, &["verify"], &["partner", "list"]] {
        let outcome = run(server, arguments, data_dir, more);
        fails_plainly(&outcome, &[&word.to_lowercase()]);
        for digits in [&"5e".repeat(32), read_digits(data_dir).as_deref().unwrap_or("no key")] {
            assert!(!outcome.said().contains(digits), "a key is shown: {outcome:?}");
        }
    }
}

fn read_digits(data_dir: &Path) -> Option<String> {
    has_key(data_dir).then(|| read_key(data_dir).trim_end().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_makes_its_key_once() {
    let (mut server, key) = stopped().await;
    let digits = key.strip_suffix('\n').expect("a line");
    assert!(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key:?}");
    let mode = std::fs::metadata(key_file(&server.data_dir())).expect("a file").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    server.start_again().await;
    assert_eq!(read_key(&server.data_dir()), key);
    let shown = server.command(&["config"]);
    for text in [server.log(), shown.said()] {
        assert!(!text.contains(digits), "the key is shown: {text}");
    }
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_that_others_can_read_is_refused() {
    let (server, _) = stopped().await;
    let file = key_file(&server.data_dir());
    let set_mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode));
    set_mode(0o640).expect("a mode");
    is_refused(&server, &server.data_dir(), &[], &format!("chmod 600 {}", file.display()));
    set_mode(0o600).expect("a mode");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_is_refused() {
    let (server, key) = stopped().await;
    let data_dir = server.data_dir();
    let variable = [("FLORIN_MASTER_KEY", &*"5e".repeat(32))];
    is_refused(&server, &data_dir, &variable, "florin_master_key is not the key");
    take_key(&data_dir);
    is_refused(&server, &data_dir, &[], "copy vault.key from the data folder of the process that created it");
    assert!(!has_key(&data_dir), "a key was made for data that have one");
    write_key(&data_dir, &"5e".repeat(32));
    is_refused(&server, &data_dir, &[], "another key than");
    assert_eq!(read_key(&data_dir), "5e".repeat(32), "the file is left as it was");
    take_key(&data_dir);
    // By the variable alone it is the same key.
    let right = [("FLORIN_MASTER_KEY", key.trim_end())];
    let verified = run(&server, &["verify"], &data_dir, &right);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    write_key(&data_dir, &key);
    server.finish().await;
}

/// Data that were made with a key that was set are not opened without it.
#[test]
fn a_set_key_makes_no_file() {
    let home = tempfile::Builder::new().prefix("florin-test-").tempdir().expect("a directory");
    let place = Place { data_dir: &home.path().join("data"), database: None };
    let variables = [("FLORIN_MASTER_KEY".to_owned(), "5e".repeat(32))];
    let made =
        place.command(&["partner", "create", "--name", "A", "--operator", "olga"], &variables, home.path());
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(!has_key(place.data_dir));
    fails_plainly(&place.command(&["verify"], &[], home.path()), &["or set florin_master_key"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_needs_the_first_ones_key() {
    let mut server = Server::start().await;
    if server.database().is_none() {
        florin_testing::skip("for PostgreSQL only");
        return server.finish().await;
    }
    let other = server.home().join("other");
    is_refused(&server, &other, &[], "copy vault.key from the data folder of the process that created it");
    assert!(!has_key(&other), "a key was made for data that have one");
    let second = server.second().await.expect("PostgreSQL");
    second.create_user("anna").await;
    server.finish().await;
}

const KEEP: &str = "INSERT INTO installation (name, value) VALUES ('master_key', ";
const KEPT: &str = "SELECT count(*) FROM installation WHERE name = 'master_key'";

/// Puts the key where older versions kept it.
async fn age(server: &Server, key: &str) {
    let Some(database) = server.database() else {
        return sqlite(server).execute_batch(&format!("{KEEP} x'{key}')")).expect("a row");
    };
    let keep = format!("{KEEP} '\\x{key}')");
    database.connect().await.batch_execute(&keep).await.expect("a row");
}

async fn kept_keys(server: &Server) -> i64 {
    match server.database() {
        None => sqlite(server).query_row(KEPT, [], |row| row.get(0)).expect("a count"),
        Some(database) => database.connect().await.query_one(KEPT, &[]).await.expect("a count").get(0),
    }
}

fn sqlite(server: &Server) -> rusqlite::Connection {
    let file = crate::verify::database_file(&server.data_dir()).expect("a database");
    rusqlite::Connection::open(file).expect("it opens")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_an_older_database_moves_to_the_file() {
    let (mut server, key) = stopped().await;
    let data_dir = server.data_dir();
    age(&server, key.trim_end()).await;
    take_key(&data_dir);
    server.verify();
    assert!(!has_key(&data_dir), "verify makes nothing");
    write_key(&data_dir, &"5e".repeat(32));
    fails_plainly(&run(&server, &["partner", "list"], &data_dir, &[]), &["move that file away"]);
    let variable = [("FLORIN_MASTER_KEY", &*"5e".repeat(32))];
    is_refused(&server, &data_dir, &variable, "florin_master_key is not the key");
    assert_eq!(kept_keys(&server).await, 1, "kept until it is in the file");
    take_key(&data_dir);
    server.start_again().await;
    assert_eq!(read_key(&data_dir), key);
    assert_eq!(kept_keys(&server).await, 0);
    server.finish().await;
}

/// Live never makes a key, and never takes a sandbox's file for one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_needs_its_key_set() {
    let server = Server::start_with(Options { environment: Some("live"), ..Options::default() }).await;
    assert!(!has_key(&server.data_dir()));
    let home = server.home().join("new");
    let data_dir = home.to_str().expect("a path in UTF-8");
    for _ in ["without a file", "with one"] {
        for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["verify"], &["partner", "list"]] {
            let place = ["--environment", "live", "--data-dir", data_dir];
            let url = [
                ("FLORIN_PUBLIC_URL", "https://bank.example"),
                ("FLORIN_SIMULATED_RAILS", "true"),
                ("FLORIN_RATE_SOURCE", "fixed"),
            ];
            let url = url.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let outcome = run_florin_with(&[arguments, &place].concat(), &url, server.home());
            fails_plainly(&outcome, &["set florin_master_key", "there is no database"]);
        }
        if !has_key(&home) {
            write_key(&home, &"5e".repeat(32));
        }
    }
    server.finish().await;
}

//! The place of files is gone, or does not answer: uploads are P501, `/readyz` says so and stays 200, other calls go
//! on, and all is well once it is back.

use super::kept::{all_readable, rows, settle};
use super::{PARTS, bucket, files_path, form_of, small_form};
use crate::restart::fails_plainly;
use crate::support::{Answer, Call, Client, Deadline, Options, Proxy, Server, run_florin_with};
use std::path::Path;
use std::time::Duration;

/// Longer than an upload waits for its object store. Clients give up a connection on which nothing of the body was
/// taken for so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough for the few files of a test to be decoded, those that are tried again too.
const DECODED: Duration = Duration::from_secs(55);
/// More of a body, in each part, than all buffers on its way hold: whoever sends it waits.
const LONG: usize = 8_000_000;
/// Longer than `/readyz` waits.
const PROBE: Duration = Duration::from_secs(9);

fn is_unavailable(answer: &Answer) {
    answer.expect_refusal("P501");
    assert!(answer.header("retry-after").is_some_and(|wait| wait.parse::<u32>().is_ok()), "{answer:?}");
}

async fn send(client: &Client, user: &str) -> Answer {
    send_of(client, user, 200_000).await
}

async fn send_of(client: &Client, user: &str, bytes: usize) -> Answer {
    client.try_upload(&files_path(user), Some(user), &form_of(bytes)).await.expect("an answer")
}

/// Only uploads need the place of files: a balancer must not take the process out.
async fn says_so(client: &Client) {
    let ready = client.send(&Call::get("/readyz")).await;
    let body = String::from_utf8_lossy(&ready.body).into_owned();
    assert!(ready.status == 200 && body.starts_with("ready, but for uploads: "), "{}", ready.summary());
}

/// Without its place of files the server does all but what needs it.
async fn does_the_rest(client: &Client) {
    says_so(client).await;
    is_unavailable(&send(client, "bela").await);
    client.send(&Call::get("/healthz")).await.expect(200);
    client.fund(None, "1", "eur").await;
    // What is refused anyway needs no file to be kept.
    client.upload("nobody", &small_form()).await.expect_refusal("P412");
    client.upload("vera", &small_form()).await.expect_refusal("P448");
}

/// And with it everything, as if nothing had been.
async fn is_back(server: &Server, client: &Client) {
    let answer = send(client, "bela").await;
    answer.expect(201);
    assert!(!answer.replayed(), "a P501 is not kept: {}", answer.summary());
    assert!(send(client, "bela").await.replayed());
    assert_eq!(client.send(&Call::get("/readyz")).await.body, b"ready\n");
    let deadline = Deadline::after(DECODED);
    while rows(server).await.iter().any(|row| row.state != "READABLE") {
        deadline.pause("the files to be decoded");
    }
}

async fn with_users(server: &Server) -> Client {
    let client = server.client();
    client.verified_user("vera").await;
    for user in ["anna", "bela"] {
        client.create_user(user).await;
    }
    send(&client, "anna").await.expect(201);
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_gone_is_p501_until_it_is_back() {
    for replace in [None, Some("no folder")] {
        let mut server = Server::start().await;
        ["answered P501", "it will be tried again"].into_iter().for_each(|text| server.expect_error(text));
        let client = with_users(&server).await;
        let (folder, away) = (server.vault_dir(), server.home().join("away"));
        std::fs::rename(&folder, &away).expect("the folder can be moved");
        if let Some(text) = replace {
            std::fs::write(&folder, text).expect("a file");
        }
        does_the_rest(&client).await;
        put_back(&folder, &away);
        is_back(&server, &client).await;
        assert_eq!(rows(&server).await.len(), 2 * PARTS.len());
        server.stop();
        assert_eq!(settle(&server).await, 0, "objects without a row");
        server.finish().await;
    }
}

fn put_back(folder: &Path, away: &Path) {
    if folder.is_file() {
        std::fs::remove_file(folder).expect("the file that took its place");
    }
    assert!(!folder.exists(), "the server made another folder in its place");
    std::fs::rename(away, folder).expect("the folder can be moved back");
}

/// A server whose bucket is reached through a proxy.
async fn behind_a_proxy() -> Option<(Server, Proxy)> {
    let endpoint = bucket(None)?.into_iter().find(|(name, _)| *name == "FLORIN_VAULT_S3_ENDPOINT");
    let endpoint = endpoint.map(|(_, endpoint)| endpoint).expect("an endpoint");
    let proxy = Proxy::to(endpoint.trim_start_matches("http://").to_owned()).await;
    let more = bucket(Some(&format!("http://{}", proxy.address)))?;
    let mut server = Server::start_with(Options { more, ..Options::default() }).await;
    ["answered P501", "it will be tried again"].into_iter().for_each(|text| server.expect_error(text));
    Some((server, proxy))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_gone_is_p501_until_it_is_back() {
    let Some((mut server, proxy)) = behind_a_proxy().await else { return };
    let client = with_users(&server).await;
    proxy.cut();
    does_the_rest(&client).await;
    let (data_dir, variables) = (server.home().join("other"), server.variables());
    let data_dir = data_dir.to_str().expect("a path in UTF-8");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir];
    fails_plainly(&run_florin_with(&arguments, &variables, server.home()), &["bucket"]);
    proxy.mend();
    is_back(&server, &client).await;
    server.stop();
    settle(&server).await;
    server.finish().await;
}

/// Takes as long as the server's patience.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_never_answers_is_p501_in_time() {
    let Some((mut server, proxy)) = behind_a_proxy().await else { return };
    let client = with_users(&server).await;
    proxy.hang();
    let probed = Deadline::after(PROBE);
    says_so(&client).await;
    assert!(!probed.passed(), "too late for those who ask whether it is ready");
    let uploaded = Deadline::after(PATIENCE);
    is_unavailable(&send_of(&client, "bela", LONG).await);
    assert!(!uploaded.passed(), "too late for anyone who waits");
    client.fund(None, "1", "eur").await;
    proxy.mend();
    is_back(&server, &client).await;
    all_readable(&server).await;
    server.stop();
    settle(&server).await;
    server.finish().await;
}

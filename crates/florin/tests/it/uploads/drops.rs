//! Clients that go away: before anything, in the middle of each part, just before the last boundary, or right after
//! all of it. What was not whole leaves nothing, and the server goes on.

use super::kept::{rows, settle, until_nothing_is_left};
use super::{PARTS, bucket, files_path, form_of, small_form};
use crate::support::{Client, Form, Options, Server};
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Each file: some frames, some chunks of the vault.
const BYTES: usize = 300_000;

/// Uploads that are sent in whole and not waited for.
const UNAWAITED: usize = 16;

/// How a client ends its connection.
#[derive(Clone, Copy, Debug)]
enum Leave {
    /// In good order, as a program that was closed.
    Fin,
    /// At once, as one that crashed.
    Reset,
}

async fn send_and_leave(address: SocketAddr, bytes: Vec<u8>, leave: Leave) {
    send_and_leave_after(address, bytes, leave, async {}).await;
}

/// The same, but something else is done before the connection is ended.
async fn send_and_leave_after(
    address: SocketAddr,
    bytes: Vec<u8>,
    leave: Leave,
    other: impl Future<Output = ()>,
) {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts connections");
    stream.set_nodelay(true).expect("nodelay");
    stream.write_all(&bytes).await.expect("the server reads");
    other.await;
    match leave {
        Leave::Fin => stream.shutdown().await.unwrap_or_default(),
        Leave::Reset => stream.set_zero_linger().expect("a reset"),
    }
}

/// Numbers of bytes after which a client goes away: in the head, around and within each part, and near the end.
fn moments(head: usize, ends: &[usize], whole: usize) -> Vec<usize> {
    let in_head = [1, head / 2, head - 1, head, head + 1, head + 40];
    let in_parts = ends.iter().flat_map(|end| {
        let end = head + end;
        [end - BYTES, end - BYTES + 1, end - BYTES / 2, end - 1, end, end + 1, end + 2, end + 60]
    });
    let all = in_head.into_iter().chain(in_parts).chain([whole - 4, whole - 3, whole - 2, whole - 1]);
    all.filter(|after| *after < whole).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_upload_leaves_nothing_in_a_folder() {
    drop_everywhere(Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_upload_leaves_nothing_in_a_bucket() {
    if let Some(settings) = bucket(None) {
        drop_everywhere(settings).await;
    }
}

async fn drop_everywhere(more: Vec<(&'static str, String)>) {
    let mut server = Server::start_with(Options { more, ..Options::default() }).await;
    let client = server.client();
    client.create_user("anna").await;
    let (form, path) = (form_of(BYTES), files_path("anna"));
    let key = client.api_key().expect("a key");
    let request = form.request(&path, &[("x-api-key", key)]);
    let head = request.len() - form.body().len();
    let mut leaving = JoinSet::new();
    for after in moments(head, form.ends(), request.len()) {
        for leave in [Leave::Fin, Leave::Reset] {
            leaving.spawn(send_and_leave(server.address(), request[..after].to_vec(), leave));
        }
    }
    leaving.spawn(send_and_leave(server.address(), without_last_chunk(&form, &path, key), Leave::Fin));
    let count = leaving.join_all().await.len();
    until_nothing_is_left(&server).await;
    assert_eq!(rows(&server).await, []);
    client.upload("anna", &small_form()).await.expect(201);
    until_nothing_is_left(&server).await;
    assert_eq!(rows(&server).await.len(), PARTS.len());
    server.stop();
    assert_eq!(settle(&server).await, 0, "objects without a row after {count} dropped uploads");
    eprintln!("drops: {count} uploads cut off; nothing left");
    server.finish().await;
}

/// In chunks, the last of which never comes.
fn without_last_chunk(form: &Form, path: &str, key: &str) -> Vec<u8> {
    let body = form.body();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: bank.example\r\nx-api-key: {key}\r\nContent-Type: {}\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        form.content_type(),
        body.len()
    );
    [head.as_bytes(), &body, b"\r\n"].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_nobody_waits_for_is_done_or_not() {
    let mut server = Server::start().await;
    let client = server.client();
    let names: Vec<String> = (0..UNAWAITED).map(|number| format!("user-{number}")).collect();
    let form = form_of(BYTES);
    let mut leaving = JoinSet::new();
    for (number, name) in names.iter().enumerate() {
        client.create_user(name).await;
        let headers = [("x-api-key", client.api_key().expect("a key")), ("idempotency-key", name)];
        let request = form.request(&files_path(name), &headers);
        let leave = if number % 2 == 0 { Leave::Fin } else { Leave::Reset };
        let (address, client) = (server.address(), client.clone());
        // Some leave at once; the others after as many calls, while the server works on what they sent.
        let calls = async move {
            for _ in 0..number * 10 {
                client.get("/v1/partner/balances").await;
            }
        };
        leaving.spawn(send_and_leave_after(address, request, leave, calls));
    }
    leaving.join_all().await;
    until_nothing_is_left(&server).await;
    let mut done = 0;
    for name in &names {
        let count = files_of(&server, name).await;
        assert!(count == 0 || count == PARTS.len(), "{name} has {count} files");
        done += count / PARTS.len();
        again(&client, name, count > 0).await;
        assert_eq!(files_of(&server, name).await, PARTS.len(), "{name}");
    }
    until_nothing_is_left(&server).await;
    server.stop();
    assert_eq!(settle(&server).await, 0);
    eprintln!("drops: {done} of {UNAWAITED} uploads that nobody waited for were done, the others not at all");
    server.finish().await;
}

/// The same request under its key, twice: done now unless it was before, and then answered from what is kept.
async fn again(client: &Client, name: &str, was_done: bool) {
    for was_done in [was_done, true] {
        let answer = client.try_upload(&files_path(name), Some(name), &form_of(BYTES)).await;
        let answer = answer.expect("an answer");
        answer.expect(201);
        assert_eq!(answer.replayed(), was_done, "{name}: {}", answer.summary());
    }
}

async fn files_of(server: &Server, user: &str) -> usize {
    rows(server).await.iter().filter(|row| row.user == user).count()
}

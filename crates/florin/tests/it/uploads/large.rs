//! Bodies far above the limits, and many uploads at once: the client reads its answer, and memory does not grow.

use super::kept::rows;
use super::{PARTS, endless_photo, files_path, form_of};
use crate::support::{Answer, Call, Form, Raw, Server};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinSet;

const MB: usize = 1024 * 1024;

/// Ten times what a file may have.
const FAR_TOO_LARGE: usize = 100 * MB;

/// Longer than all that one body may hold. A client that reads nothing before it has sent that still gets to read.
const TOO_LARGE: usize = 40 * MB;

/// Uploads at once: as many as a process takes.
const UPLOADS: usize = 64;

/// What the server's memory may reach: the product's own promise.
const MOST_MEMORY: usize = 150 * MB;

/// The head and the body of an upload of one file.
fn upload_of(bytes: usize, key: &str, more: &[(&str, &str)]) -> (Vec<u8>, Vec<u8>) {
    let form = Form::new().file("front_id", &endless_photo(bytes));
    let body = form.body();
    (form.head(&files_path("anna"), body.len(), &[&[("x-api-key", key)], more].concat()), body)
}

async fn with_anna() -> (Server, String) {
    let server = Server::start().await;
    let client = server.client();
    client.create_user("anna").await;
    let key = client.api_key().expect("a key").to_owned();
    (server, key)
}

fn is_too_large(answer: Option<Answer>) {
    answer.expect("an answer, not a reset").expect_refusal("P440");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_far_too_large_file_is_p440_and_the_answer_is_read() {
    let (server, key) = with_anna().await;
    for more in [&[][..], &[("idempotency-key", "one")]] {
        let (head, body) = upload_of(FAR_TOO_LARGE, &key, more);
        let mut client = Raw::connect(server.address()).await;
        let writing = client.write_in_background([head, body].concat());
        is_too_large(client.read_answer("POST").await);
        writing.abort();
    }
    assert_eq!(rows(&server).await, []);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_100_continue_gets_an_answer_too() {
    let (server, key) = with_anna().await;
    let (head, body) = upload_of(FAR_TOO_LARGE, &key, &[("expect", "100-continue")]);
    let mut client = Raw::connect(server.address()).await;
    client.write(&head).await;
    let first = client.read_any_answer("POST").await;
    if first.as_ref().is_some_and(|answer| answer.status == 100) {
        let writing = client.write_in_background(body);
        is_too_large(client.read_answer("POST").await);
        writing.abort();
    } else {
        is_too_large(first);
    }
    // What is refused whatever the body holds is refused before any of it is sent.
    let (head, _) = upload_of(MB, "no key", &[("expect", "100-continue")]);
    let mut client = Raw::connect(server.address()).await;
    client.write(&head).await;
    client.read_any_answer("POST").await.expect("an answer").expect_refusal("P401");
    server.finish().await;
}

/// As blocking clients do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_only_after_sending_everything_gets_an_answer_too() {
    let (server, key) = with_anna().await;
    for bytes in [10 * MB + 1, TOO_LARGE] {
        let (head, body) = upload_of(bytes, &key, &[]);
        let mut client = Raw::connect(server.address()).await;
        client.write(&head).await;
        client.write(&body).await;
        is_too_large(client.read_answer("POST").await);
    }
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_uploads_at_once_stay_in_little_memory() {
    let (server, key) = with_anna().await;
    let before = peak_memory(&server);
    let body: Arc<Vec<u8>> = Arc::new(form_of(8 * MB).body());
    let mut sending = JoinSet::new();
    for number in 0..UPLOADS {
        let user = format!("user-{number}");
        server.client().create_user(&user).await;
        let head = Form::new().head(&files_path(&user), body.len(), &[("x-api-key", &key)]);
        sending.spawn(send(server.address(), head, body.clone()));
    }
    for answer in sending.join_all().await {
        answer.expect(201);
    }
    assert_eq!(rows(&server).await.len(), UPLOADS * PARTS.len());
    let peak = peak_memory(&server);
    eprintln!(
        "large: {UPLOADS} uploads at once of 3 x 8 MB: peak memory of the server {} MB ({} MB before)",
        peak / MB,
        before / MB
    );
    assert!(peak < MOST_MEMORY, "{} MB", peak / MB);
    server.client().send(&Call::get("/readyz")).await.expect(200);
    server.finish().await;
}

/// Sends an upload again as long as the server has no place for it, as a client does: on a busy machine those before
/// may take longer than one waits for its turn.
async fn send(address: SocketAddr, head: Vec<u8>, body: Arc<Vec<u8>>) -> Answer {
    loop {
        let mut client = Raw::connect(address).await;
        client.write(&head).await;
        client.write(&body).await;
        let answer = client.read_answer("POST").await.expect("an answer");
        if answer.status == 201 || !answer.text().contains("P501") {
            return answer;
        }
    }
}

/// The most that the server had in memory at any time, in bytes.
fn peak_memory(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id()));
    let status = status.expect("the process can be looked at");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    let kilobytes = line.trim().trim_end_matches(" kB").parse::<usize>();
    kilobytes.expect("a number") * 1024
}

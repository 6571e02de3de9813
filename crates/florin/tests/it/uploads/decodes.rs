//! A process that ends in the middle of a decode, killed or stopped: the next one decodes the files within seconds. A
//! file over which process after process dies is given up.

use super::kept::{open_attempts, rows};
use super::{PARTS, small_form};
use crate::support::{Client, Deadline, Form, Server};
use florin_document::Kind;
use florin_document::samples::valid;
use std::time::Duration;

/// Until a job has begun, or the files of one user are decoded; a killed process's lease included.
const SOON: Duration = Duration::from_secs(60);

/// Pixels along each side of an image whose decode takes long enough to be caught at it.
const SIDE: u32 = 4_000;

fn large_form() -> Form {
    let image = valid(Kind::Jpeg, SIDE, SIDE);
    PARTS.iter().fold(Form::new(), |form, part| form.file(part, &image))
}

async fn upload(client: &Client, user: &str, form: &Form) {
    client.create_user(user).await;
    client.upload(user, form).await.expect(201);
}

/// Waits until the one decode that there is has begun so many attempts that did not end.
async fn until_begun(server: &Server, attempts: i64) {
    let deadline = Deadline::after(SOON);
    while open_attempts(server).await.expect("the decode is not over yet") < attempts {
        deadline.pause("a decode to begin");
    }
}

/// Waits for the event about a user's files; its status.
async fn told(client: &Client, user: &str) -> String {
    let deadline = Deadline::after(SOON);
    loop {
        let events = client.events().await;
        let told = events
            .iter()
            .find(|event| event.kind == "kyc_files.status" && event.payload["externalUserId"] == user);
        if let Some(event) = told {
            return event.payload["status"].as_str().expect("a status").to_owned();
        }
        deadline.pause("files to be decoded");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decode_goes_on_after_a_kill_and_is_given_up_after_three() {
    let mut server = Server::start().await;
    upload(&server.client(), "once", &large_form()).await;
    until_begun(&server, 1).await;
    server.kill9();
    server.start_again().await;
    assert_eq!(told(&server.client(), "once").await, "ADDED");
    upload(&server.client(), "anna", &large_form()).await;
    for attempts in 1..=3 {
        until_begun(&server, attempts).await;
        server.kill9();
        server.start_again().await;
    }
    server.expect_error("the process died while it decoded a file");
    assert_eq!(told(&server.client(), "anna").await, "ERROR");
    let rows = rows(&server).await;
    let states =
        |user: &str| rows.iter().filter(|row| row.user == user).map(|row| &row.state[..]).collect::<Vec<_>>();
    assert_eq!(states("once"), ["READABLE"; 3]);
    assert!(states("anna").contains(&"UNREADABLE") && !states("anna").contains(&"UNCHECKED"), "{rows:?}");
    // Others are decoded as ever, and the user may send again.
    let client = server.client();
    upload(&client, "ben", &small_form()).await;
    assert_eq!(told(&client, "ben").await, "ADDED");
    client.upload("anna", &small_form()).await.expect(201);
    server.finish().await;
}

/// A stop is no death, and the next process need not wait for a lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decode_is_given_back_when_the_server_stops() {
    let mut server = Server::start().await;
    upload(&server.client(), "anna", &large_form()).await;
    until_begun(&server, 1).await;
    server.stop();
    assert_eq!(open_attempts(&server).await.unwrap_or(0), 0);
    server.start_again().await;
    assert_eq!(told(&server.client(), "anna").await, "ADDED");
    server.finish().await;
}

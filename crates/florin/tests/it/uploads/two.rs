//! Two processes on one database with one folder of files: what one takes in the other can use, and no work is done
//! twice.

use super::kept::{Row, rows, settle, until_nothing_is_left};
use super::{PARTS, files_path, form_of, small_form};
use crate::support::{Call, Client, Deadline, Server};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Until files are decoded and the sandbox's reviewer is through.
const REVIEWED: Duration = Duration::from_secs(60);

const USERS: usize = 8;

async fn until_verified(client: &Client, user: &str) {
    let deadline = Deadline::after(REVIEWED);
    while client.get(&format!("/v1/kyc/status/{user}")).await["verificationStatus"] != "VERIFIED" {
        deadline.pause("the sandbox's reviewer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_takes_another_reviews_once() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    let [first, second] = clients.as_slice() else { return server.finish().await };
    let users: Vec<String> = (0..USERS).map(|number| format!("user-{number}")).collect();
    for (number, user) in users.iter().enumerate() {
        let (taker, other) = if number % 2 == 0 { (first, second) } else { (second, first) };
        other.create_user(user).await;
        taker.upload(user, &small_form()).await.expect(201);
        let said = json!({
            "externalUserId": user, "documentType": "ID_CARD", "documentNumber": "L898902C3",
            "documentExpirationDate": "2099-04-15", "documentIssuingCountry": "LT",
        });
        other.send(&Call::post("/v1/user/verification", &said)).await.expect(201);
    }
    for user in &users {
        until_verified(first, user).await;
        until_verified(second, user).await;
    }
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for event in first.events().await.iter().filter(|event| event.kind == "kyc_files.status") {
        assert_eq!(event.payload["status"], "ADDED", "{event:?}");
        *told.entry(event.payload["externalUserId"].as_str().expect("a user").to_owned()).or_default() += 1;
    }
    assert_eq!(told, users.iter().map(|user| (user.clone(), 1)).collect());
    server.stop();
    assert_eq!(settle(&server).await, 0, "objects without a row");
    server.finish().await;
}

/// The same user's files sent to both at the same moment: those of one of them are kept, whole, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_sent_to_both_at_once_are_those_of_one() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    let [first, second] = clients.as_slice() else { return server.finish().await };
    first.create_user("anna").await;
    let path = files_path("anna");
    for round in 0..10 {
        let forms = [form_of(100_000 + round), form_of(200_000 + round)];
        let (one, other) =
            tokio::join!(first.try_upload(&path, None, &forms[0]), second.try_upload(&path, None, &forms[1]));
        [one, other].into_iter().for_each(|answer| drop(answer.expect("an answer").expect(201)));
        until_nothing_is_left(&server).await;
        let kept: Vec<Row> = rows(&server).await;
        assert_eq!(kept.len(), PARTS.len(), "{kept:?}");
        assert!(kept.iter().all(|row| row.bytes == kept[0].bytes), "of both: {kept:?}");
    }
    server.stop();
    assert_eq!(settle(&server).await, 0, "objects without a row");
    server.finish().await;
}

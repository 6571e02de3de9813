//! Section 1's order of refusals: with two things wrong, the earlier code is the answer.

use super::{Stage, plain_request, transfer_text};
use crate::support::Call;
use serde_json::json;

const TRANSFER: &str = "/v1/transfer";
const MASTER: &str = "/v1/partner/transfer-master-balance";

/// Path, changes to a transfer that would work, the code of the two or more that apply.
type Case = (&'static str, &'static [(&'static str, Option<&'static str>)], &'static str);

const NOBODY: Option<&str> = Some("\"nobody\"");
const UNVERIFIED: Option<&str> = Some("\"cili\"");
const SUSPENDED: Option<&str> = Some("\"dora\"");
const SUSPENDED_TOO: Option<&str> = Some("\"emil\"");
const NO_SIDES: [(&str, Option<&str>); 2] =
    [("sourceExternalUserId", None), ("destinationExternalUserId", None)];

const CASES: [Case; 20] = [
    (TRANSFER, &[NO_SIDES[0], NO_SIDES[1]], "P424"),
    (TRANSFER, &[NO_SIDES[0], NO_SIDES[1], ("amount", Some("0"))], "P403"),
    (TRANSFER, &[NO_SIDES[0], NO_SIDES[1], ("currency", Some("\"xyz\""))], "P424"),
    (TRANSFER, &[("sourceExternalUserId", NOBODY), ("amount", Some("1.001"))], "P403"),
    (TRANSFER, &[("sourceExternalUserId", NOBODY), ("currency", Some("\"xyz\""))], "P410"),
    (TRANSFER, &[("sourceExternalUserId", NOBODY), ("destinationExternalUserId", NOBODY)], "P403"),
    (TRANSFER, &[("sourceExternalUserId", NOBODY), ("destinationExternalUserId", UNVERIFIED)], "P412"),
    (TRANSFER, &[("sourceExternalUserId", UNVERIFIED), ("destinationExternalUserId", NOBODY)], "P412"),
    (TRANSFER, &[("sourceExternalUserId", UNVERIFIED), ("amount", Some("5000"))], "P459"),
    (TRANSFER, &[("sourceExternalUserId", UNVERIFIED), ("destinationExternalUserId", SUSPENDED)], "P459"),
    (TRANSFER, &[("sourceExternalUserId", SUSPENDED), ("destinationExternalUserId", UNVERIFIED)], "P459"),
    (TRANSFER, &[("sourceExternalUserId", SUSPENDED), ("destinationExternalUserId", NOBODY)], "P412"),
    (TRANSFER, &[("sourceExternalUserId", SUSPENDED), ("amount", Some("5000"))], "P455"),
    (TRANSFER, &[("destinationExternalUserId", SUSPENDED), ("amount", Some("5000"))], "P455"),
    (TRANSFER, &[("sourceExternalUserId", SUSPENDED), ("destinationExternalUserId", SUSPENDED_TOO)], "P455"),
    (MASTER, &[], "P403"),
    (MASTER, &[NO_SIDES[0], NO_SIDES[1]], "P424"),
    (MASTER, &[NO_SIDES[0], ("destinationExternalUserId", NOBODY), ("currency", Some("\"xyz\""))], "P410"),
    (MASTER, &[NO_SIDES[0], ("destinationExternalUserId", NOBODY), ("amount", Some("5000"))], "P412"),
    (MASTER, &[NO_SIDES[1], ("sourceExternalUserId", SUSPENDED), ("amount", Some("5000"))], "P455"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earlier_code_wins() {
    let mut stage = Stage::set().await;
    for id in ["dora", "emil"] {
        stage.client.verified_user(id).await;
        stage.client.send(&Call::bare("PATCH", format!("/v1/user/suspend/{id}"), None)).await.expect(200);
    }
    stage.client.settled(&["dora", "emil"]).await;
    stage.before = crate::support::Snapshot::take(&stage.client, &super::USERS).await;
    for (path, changes, code) in CASES {
        let body = transfer_text(changes);
        stage.attack_post(&format!("{path} {body}"), path, body.as_bytes(), &[code]).await;
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_no_key_no_body_in_this_order() {
    let stage = Stage::set().await;
    for (method, path, body, code) in [
        ("POST", "/v1/nothing", "{", "P404"),
        ("GET", "/", "", "P404"),
        ("DELETE", "/v1/transfer", "{", "P405"),
        ("POST", TRANSFER, "{", "P401"),
        ("POST", "/v1/sandbox/fund", "", "P401"),
        ("GET", "/v1/user/balances/nobody", "", "P401"),
    ] {
        let request = plain_request(method, path, &["content-type: application/json"], body.as_bytes());
        stage.attack(&format!("{method} {path} without a key"), method, request, &[code]).await;
    }
    stage.end().await;
}

/// A stored answer does not hide a broken request, and another request under its key is P470 before all else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_stands_between_p403_and_p424() {
    let stage = Stage::set().await;
    let send =
        async |body: serde_json::Value| stage.client.send(&Call::post(TRANSFER, &body).keyed("k")).await;
    let first = json!({"sourceExternalUserId": "anna", "amount": "5000", "currency": "eur"});
    send(json!({"amount": "0"})).await.expect_refusal("P403");
    let answer = send(first.clone()).await;
    answer.expect_refusal("P433");
    assert!(!answer.replayed(), "P403 leaves the key free");
    send(json!({"amount": "0"})).await.expect_refusal("P403");
    send(json!({"amount": "5000", "currency": "eur"})).await.expect_refusal("P470");
    send(json!({"sourceExternalUserId": "anna", "amount": "5000", "currency": "xyz"}))
        .await
        .expect_refusal("P470");
    send(json!({"sourceExternalUserId": "nobody", "amount": "5000", "currency": "eur"}))
        .await
        .expect_refusal("P470");
    let again = send(first).await;
    assert!(again.replayed() && again.body == answer.body, "{}", again.summary());
    stage.end().await;
}

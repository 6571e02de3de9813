//! Proof of address: asked for, sent, decided.

use super::told;
use crate::support::{Answer, Client, TestApp, person};
use florin_document::Kind;
use florin_document::samples::{Expected, hostile, of_size, valid};
use http::Method;
use serde_json::json;

async fn send(client: &Client, user: &str, files: &[Vec<u8>]) -> Answer {
    let parts: Vec<(&str, &str, &str, &[u8])> =
        files.iter().map(|bytes| ("files", "bill.pdf", "application/pdf", bytes.as_slice())).collect();
    client.call(Method::POST, &format!("/v1/user/poa-files/{user}")).multipart(&parts).send().await
}

async fn decide(client: &Client, user: &str, decision: &str) -> Answer {
    client.post(&format!("/v1/sandbox/poa/{user}"), &json!({"decision": decision})).send().await
}

async fn is_required(client: &Client, user: &str) -> bool {
    client.balances(Some(user)).await["poaRequired"].as_bool().expect("a flag")
}

fn bill() -> Vec<u8> {
    valid(Kind::Pdf, 0, 0)
}

#[tokio::test]
async fn who_lives_where_it_is_asked_for_sends_it_and_is_approved() {
    let app = TestApp::start().await;
    let a = app.a();
    let mut new = person("anna");
    new["country"] = "UA".into();
    let made = a.post("/v1/user/balances/crypto-and-fiat", &new).send().await.expect(201);
    assert_eq!(made["poaRequiredForExtended"], true);
    assert!(is_required(&a, "anna").await);
    let sent = send(&a, "anna", &[bill(), valid(Kind::Jpeg, 64, 48), valid(Kind::Png, 64, 48)]).await;
    assert_eq!(sent.expect(201), json!({"message": "POA files uploaded successfully"}));
    let again = send(&a, "anna", &[bill()]).await;
    assert_eq!((again.status, again.code().as_str()), (202, "P211"));
    a.settle().await;
    assert!(!is_required(&a, "anna").await);
    send(&a, "anna", &[bill()]).await.is_refused("P447");
    let expected = ["poa_verification.status WAITING", "poa_verification.status APPROVED"];
    assert_eq!(told(&a, "anna").await, expected);
    app.finish().await;
}

/// The rules of a country hold for who moves there as for who was created there.
#[tokio::test]
async fn who_moves_to_where_it_is_asked_for_sends_it_too() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let move_to = async |country: &str| {
        a.patch("/v1/user/anna", &json!({"country": country})).send().await.expect(200);
        is_required(&a, "anna").await
    };
    assert!(!move_to("PL").await);
    send(&a, "anna", &[bill()]).await.is_refused("P460");
    assert!(move_to("UA").await);
    assert!(move_to("PL").await, "what was asked for is not avoided by moving on");
    assert!(move_to("UA").await);
    send(&a, "anna", &[bill()]).await.expect(201);
    a.settle().await;
    assert!(!move_to("UA").await, "the same country again is no move");
    send(&a, "anna", &[bill()]).await.is_refused("P447");
    assert!(move_to("MD").await, "the approved proof is of the home before");
    send(&a, "anna", &[bill()]).await.expect(201);
    a.patch("/v1/user/anna", &json!({"country": "RU"})).send().await.is_refused("P431");
    a.settle().await;
    assert!(!is_required(&a, "anna").await);
    app.finish().await;
}

#[tokio::test]
async fn every_state_can_be_reached() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send(&a, "anna", &[bill()]).await.is_refused("P460");
    for decision in ["APPROVE", "REJECT", "QUESTION"] {
        decide(&a, "anna", decision).await.is_refused("P460");
    }
    decide(&a, "nobody", "REQUIRE").await.is_refused("P412");
    decide(&a, "anna", "REQUIRE").await.expect(200);
    assert!(is_required(&a, "anna").await);
    for decision in ["REJECT", "QUESTION"] {
        send(&a, "anna", &[bill()]).await.expect(201);
        decide(&a, "anna", "REQUIRE").await.is_refused("P211");
        decide(&a, "anna", decision).await.expect(200);
        assert!(is_required(&a, "anna").await);
    }
    send(&a, "anna", &[bill()]).await.expect(201);
    decide(&a, "anna", "APPROVE").await.expect(200);
    decide(&a, "anna", "APPROVE").await.is_refused("P447");
    // Found out later.
    decide(&a, "anna", "QUESTION").await.expect(200);
    assert!(is_required(&a, "anna").await);
    a.settle().await;
    let words: Vec<_> = told(&a, "anna").await;
    let words: Vec<_> = words.iter().map(|line| line.rsplit(' ').next().expect("a word")).collect();
    let expected = ["WAITING", "REJECTED", "WAITING", "QUESTIONED", "WAITING", "APPROVED", "QUESTIONED"];
    assert_eq!(words, expected);
    app.finish().await;
}

#[tokio::test]
async fn files_have_their_own_limits() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    decide(&a, "anna", "REQUIRE").await.expect(200);
    send(&a, "anna", &[]).await.is_refused("P439");
    send(&a, "anna", &[Vec::new()]).await.is_refused("P439");
    send(&a, "anna", &[bill(), bill(), bill(), bill()]).await.is_refused("P403");
    for kind in [Kind::Webp, Kind::Heic] {
        send(&a, "anna", &[valid(kind, 64, 48)]).await.is_refused("P426");
    }
    const MAX: usize = 5 * 1024 * 1024;
    send(&a, "anna", &[of_size(Kind::Pdf, MAX + 1)]).await.is_refused("P440");
    send(&a, "nobody", &[bill()]).await.is_refused("P412");
    send(&a, "anna", &[of_size(Kind::Pdf, MAX)]).await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn what_can_not_be_read_is_rejected() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    decide(&a, "anna", "REQUIRE").await.expect(200);
    let is_late = |file: &florin_document::samples::Hostile| {
        file.expected == Expected::Unreadable && file.bytes.starts_with(b"%PDF")
    };
    let unreadable = hostile().into_iter().find(is_late).expect("a PDF that is found out late");
    send(&a, "anna", &[bill(), unreadable.bytes]).await.expect(201);
    a.settle().await;
    let expected = ["poa_verification.status WAITING", "poa_verification.status REJECTED"];
    assert_eq!(told(&a, "anna").await, expected);
    send(&a, "anna", &[bill()]).await.expect(201);
    app.finish().await;
}

//! `Idempotency-Key`: the same request with the same key has one effect and one answer.

mod lifetime;
mod sameness;

use crate::support::{Client, Ids, TestApp, prepared, request_of, works};
use florin_api::endpoints;
use florin_api::kit::endpoint::table::Endpoint;
use http::Method;
use serde_json::{Value, json};

fn writing() -> impl Iterator<Item = (usize, Endpoint)> {
    endpoints().into_iter().filter(Endpoint::writes).enumerate()
}

/// What the partner and two users can see: the effects of any call.
async fn effects(client: &Client, ids: &Ids) -> Vec<Vec<u8>> {
    let mut seen = Vec::new();
    let reads = |endpoint: &Endpoint| endpoint.method == Method::GET && !endpoint.is_writing_get;
    for endpoint in endpoints().into_iter().filter(reads) {
        seen.push(request_of(client, &endpoint, ids).send().await.comparable_body());
    }
    seen
}

#[tokio::test]
async fn every_writing_call_replays_its_answer_and_has_one_effect() {
    let app = TestApp::start().await;
    let a = app.a();
    for (index, endpoint) in writing() {
        let ids = prepared(&a, &endpoint, &index.to_string()).await;
        let call = || request_of(&a, &endpoint, &ids).keyed(&format!("key-{index}"));
        let first = call().send().await;
        assert!(works(&endpoint, first.status) && !first.is_replayed(), "{}", first.text());
        let after_first = effects(&a, &ids).await;
        for _ in 0..2 {
            let mut again = call().send().await;
            assert!(again.is_replayed(), "{} {}", endpoint.method, endpoint.path);
            again.headers.remove("idempotent-replayed");
            assert_eq!(again.comparable(), first.comparable(), "{} {}", endpoint.method, endpoint.path);
        }
        assert_eq!(effects(&a, &ids).await, after_first, "{} {}", endpoint.method, endpoint.path);
    }
    app.finish().await;
}

#[tokio::test]
async fn every_refusal_of_a_command_is_replayed_too() {
    let app = TestApp::start().await;
    let a = app.a();
    let ids = Ids::unknown();
    for (index, endpoint) in writing() {
        let call = || request_of(&a, &endpoint, &ids).keyed(&format!("key-{index}"));
        let first = call().send().await;
        let again = call().send().await;
        assert!(again.is_replayed(), "{} {}: {}", endpoint.method, endpoint.path, again.text());
        assert_eq!((again.status, again.body), (first.status, first.body));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_is_replayed_even_when_its_cause_is_gone() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let refused = a.transfer(None, Some("anna"), "5").keyed("too-early").send().await;
    refused.is_refused("P433");
    a.fund(None, "100", "eur").await;
    let again = a.transfer(None, Some("anna"), "5").keyed("too-early").send().await;
    assert!(again.is_replayed());
    assert_eq!((again.status, again.body), (refused.status, refused.body));
    a.transfer(None, Some("anna"), "5").keyed("another").send().await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "5.00");
    app.finish().await;
}

/// What was never decided is never kept: the key is free for the request that is meant.
#[tokio::test]
async fn what_no_command_decided_is_not_kept() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(None, "100", "eur").await;
    let bad = json!({"destinationExternalUserId": "anna", "amount": "0", "currency": "eur"});
    a.post("/v1/transfer", &bad).keyed("k").send().await.is_refused("P403");
    a.with_key(None).post("/v1/transfer", &bad).keyed("k").send().await.is_refused("P401");
    a.call(Method::POST, "/v1/nothing").keyed("k").send().await.is_refused("P404");
    a.call(Method::PUT, "/v1/transfer").keyed("k").send().await.is_refused("P405");
    let made = a.transfer(None, Some("anna"), "5").keyed("k").send().await;
    assert!(!made.is_replayed());
    made.expect(201);
    let other = a.transfer(None, Some("anna"), "6").keyed("k").send().await;
    other.is_refused("P470");
    a.transfer(None, Some("anna"), "5").keyed("k").send().await.expect(201);
    app.finish().await;
}

/// Wrong in a way that only the command can see: P403 all the same, and so not kept.
#[tokio::test]
async fn a_validation_error_of_a_command_is_not_kept() {
    let app = TestApp::start().await;
    let a = app.a();
    let mut young = crate::support::person("young");
    young["birthDate"] = "2008-11-24".into();
    let create = || a.post("/v1/user/balances/crypto-and-fiat", &young).keyed("k").send();
    create().await.is_invalid("birthDate must be at least 18 years ago");
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 86_400})).send().await.expect(200);
    let made = create().await;
    assert!(!made.is_replayed());
    made.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn keys_are_scoped_to_the_partner() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for client in [app.a(), app.b()] {
        let body = json!({"amount": 1, "currency": "eur"});
        let answer = client.post("/v1/sandbox/fund", &body).keyed("k").send().await;
        assert!(!answer.is_replayed());
        made.push(answer.expect(201)["transferId"].clone());
        client
            .post("/v1/sandbox/fund", &json!({"amount": 2, "currency": "eur"}))
            .keyed("k")
            .send()
            .await
            .is_refused("P470");
    }
    assert_ne!(made[0], made[1]);
    assert_eq!(app.b().amount(None, "eur").await, "1.00");
    app.finish().await;
}

/// Many at once with one key: one effect, and every answer is that one or "in progress".
#[tokio::test]
async fn many_at_once_with_one_key_have_one_effect() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(None, "100", "eur").await;
    let calls = (0..32).map(|_| a.transfer(None, Some("anna"), "1").keyed("k").send());
    let answers = futures_util::future::join_all(calls).await;
    let made: Vec<Value> =
        answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.json()).collect();
    assert!(!made.is_empty() && made.iter().all(|id| *id == made[0]), "{made:?}");
    assert_eq!(answers.iter().filter(|a| a.status == 201 && !a.is_replayed()).count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.code() == "P471"));
    assert_eq!(a.amount(Some("anna"), "eur").await, "1.00");
    app.finish().await;
}

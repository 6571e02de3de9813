//! The sandbox's controls, section 5.

use crate::support::{Client, TestApp, person};
use http::Method;
use serde_json::{Value, json};
use std::pin::pin;
use std::time::Duration;

async fn decide(client: &Client, id: &str, body: &Value) -> (u16, String) {
    let answer = client.post(&format!("/v1/sandbox/kyc/{id}"), body).send().await;
    (answer.status, answer.text().to_owned())
}

#[tokio::test]
async fn a_verification_is_decided() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    for (body, reason) in [
        (json!({"decision": "REJECT"}), "OTHER"),
        (json!({"decision": "REJECT", "rejectionReason": "NO_FACE_FOUND"}), "NO_FACE_FOUND"),
    ] {
        let rejected = (200, r#"{"message":"User verification rejected"}"#.to_owned());
        assert_eq!(decide(&a, "anna", &body).await, rejected);
        let payload = a.events().await.pop().expect("an event")["payload"].clone();
        let expected = json!({
            "externalUserId": "anna", "verificationStatus": "NOT_VERIFIED",
            "attemptStatus": "REJECTED_BY_PROVIDER", "rejectionReason": reason,
        });
        assert_eq!(payload, expected);
    }
    let approved = (200, r#"{"message":"User verification approved"}"#.to_owned());
    assert_eq!(decide(&a, "anna", &json!({"decision": "APPROVE"})).await, approved);
    for body in [
        json!({}),
        json!({"decision": "approve"}),
        json!({"decision": true}),
        json!({"decision": "REJECT", "rejectionReason": "BAD_HAIR"}),
    ] {
        assert_eq!(decide(&a, "anna", &body).await.0, 400);
    }
    app.finish().await;
}

#[tokio::test]
async fn money_is_made_up_for_the_partner_and_for_users() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(None, "100.5", "EUR").await;
    a.fund(Some("anna"), "0.00000001", "btc").await;
    a.post("/v1/sandbox/fund", &json!({"amount": 12.500, "currency": "usdc"})).send().await.expect(201);
    assert_eq!(a.amount(None, "eur").await, "100.50");
    assert_eq!(a.amount(None, "usdc").await, "12.500000");
    assert_eq!(a.amount(Some("anna"), "btc").await, "0.00000001");
    let entry = &a.history(Some("anna")).await[0];
    assert_eq!((&entry["type"], &entry["counterparty"]), (&json!("ADJUSTMENT"), &Value::Null));
    a.create_user("ben").await;
    for (body, code) in [
        (json!({"amount": "1", "currency": "xyz"}), "P403"),
        (json!({"amount": "1"}), "P403"),
        (json!({"amount": "0", "currency": "eur"}), "P403"),
        (json!({"amount": "1", "currency": "eur", "externalUserId": "nobody"}), "P412"),
        (json!({"amount": "1", "currency": "eur", "externalUserId": "ben"}), "P459"),
        (json!({"amount": "1", "currency": "eur", "externalUserId": "a b"}), "P403"),
    ] {
        a.post("/v1/sandbox/fund", &body).send().await.is_refused(code);
    }
    app.finish().await;
}

#[tokio::test]
async fn the_clock_moves_with_what_waits_for_it() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    a.approve("anna").await;
    let status = async || a.balances(Some("anna")).await["fiatBalances"][0]["status"].clone();
    assert_eq!(status().await, "WAITING_TO_BE_ACTIVATED");
    let advance = |seconds: Value| a.post("/v1/sandbox/clock/advance", &json!({"seconds": seconds})).send();
    let advanced = r#"{"message":"Clock advanced by 1 seconds","now":"2026-11-23T12:00:01.000Z"}"#;
    advance(json!(1)).await.is(200, advanced);
    let clock = async |client: &Client| client.get("/v1/sandbox/clock").await.text().to_owned();
    assert_eq!(clock(&a).await, r#"{"now":"2026-11-23T12:00:01.000Z","offsetSeconds":1}"#);
    assert_eq!(clock(&app.b()).await, r#"{"now":"2026-11-23T12:00:00.000Z","offsetSeconds":0}"#);
    assert_eq!(status().await, "ACTIVE", "what came due had been done when the call answered");
    let events = a.events().await;
    assert_eq!(events[1]["createdAt"], "2026-11-23T12:00:01.000Z");
    advance(json!(316_224_000)).await.expect(200);
    a.fund(None, "1", "eur").await;
    assert_eq!(a.history(None).await[0]["createdAt"], "2036-11-30T12:00:01.000Z");
    app.b().fund(None, "1", "eur").await;
    assert_eq!(app.b().history(None).await[0]["createdAt"], "2026-11-23T12:00:00.000Z");
    for seconds in [json!(0), json!(-1), json!(1.5), json!("1"), json!(316_224_001), json!(true), Value::Null]
    {
        advance(seconds).await.is_refused("P403");
    }
    app.finish().await;
}

/// What comes due by a step starts something else, that again something, and all of it is done.
#[tokio::test]
async fn one_step_of_the_clock_reaches_all_that_it_starts() {
    let app = TestApp::start().await;
    let a = app.a();
    let is_on = json!({"autoVerify": true});
    a.call(Method::PUT, "/v1/sandbox/settings").json(&is_on).send().await.expect(200);
    a.post("/v1/user/balances/crypto-and-fiat", &older("olaf")).send().await.expect(201);
    a.create_user("anna").await;
    crate::kyc::send_passport(&a, "anna").await;
    crate::kyc::submit(&a, &crate::kyc::passport("anna")).await.expect(201);
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 60})).send().await.expect(200);
    let balances = a.balances(Some("anna")).await;
    assert_eq!(balances["fiatBalances"][0]["status"], "ACTIVE");
    assert_eq!(a.balances(Some("olaf")).await["fiatBalances"][0]["status"], "ACTIVE");
    let told: Vec<_> = a.events().await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(told.iter().filter(|kind| *kind == "user.status").count(), 2, "{told:?}");
    // A step that reaches only a part of it leaves the rest.
    a.create_user("ben").await;
    app.clock.advance(Duration::from_millis(600));
    a.approve("ben").await;
    app.clock.advance(Duration::from_millis(400));
    a.run_jobs().await;
    assert_eq!(a.balances(Some("ben")).await["fiatBalances"][0]["status"], "WAITING_TO_BE_ACTIVATED");
    a.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn a_reset_begins_anew_and_keeps_the_key() {
    let app = TestApp::start().await;
    let a = app.a();
    app.b().fund(None, "7", "eur").await;
    a.verified_user("anna").await;
    let transfer = a.fund(Some("anna"), "5", "eur").await;
    a.create_user("waiting").await;
    a.approve("waiting").await;
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 1_000})).send().await.expect(200);
    for _ in 0..3 {
        a.call(Method::POST, "/v1/sandbox/reset").send().await.is(200, r#"{"message":"Sandbox reset"}"#);
    }
    assert_eq!(a.events().await.len(), 0);
    assert_eq!(a.history(None).await.len(), 0);
    assert_eq!(a.amount(None, "eur").await, "0.00");
    a.get("/v1/user/balances/anna").await.is_refused("P412");
    a.get(&format!("/v1/transfer/details/{transfer}")).await.is_refused("P437");
    a.verified_user("anna").await;
    let first = &a.events().await[0];
    assert_eq!((&first["sequence"], &first["createdAt"]), (&json!(1), &json!("2026-11-23T12:00:00.501Z")));
    assert_eq!(app.b().amount(None, "eur").await, "7.00");
    app.finish().await;
}

fn older(id: &str) -> Value {
    let mut body = person(id);
    let fields = body.as_object_mut().expect("an object");
    for name in ["birthDate", "street", "number", "hasAcceptedP100Tc"] {
        fields.remove(name);
    }
    fields.insert("address".to_owned(), json!("ul. Prosta 1"));
    body
}

/// Older clients have no call for a verification: a sandbox can be set to verify their users by itself.
#[tokio::test]
async fn users_of_older_clients_are_verified_by_themselves_where_that_is_set() {
    let app = TestApp::without_wallets().await;
    let a = app.a();
    let create = async |client: &Client, body: &Value| {
        client.post("/v1/user/balances/crypto-and-fiat", body).send().await.expect(201);
    };
    let set = async |body: Value| a.call(Method::PUT, "/v1/sandbox/settings").json(&body).send().await;
    let is_verified = async |client: &Client, user: &str| {
        client.get(&format!("/v1/kyc/status/{user}")).await.json()["verificationStatus"] == "VERIFIED"
    };
    create(&a, &older("before")).await;
    set(json!({"autoVerify": true})).await.is(200, r#"{"message":"Settings saved"}"#);
    for wrong in [json!({}), json!({"autoVerify": "true"}), json!({"autoverify": true})] {
        set(wrong).await.is_refused("P403");
    }
    create(&a, &older("anna")).await;
    create(&a, &person("newer")).await;
    create(&a, &older("decided")).await;
    a.post("/v1/sandbox/kyc/decided", &json!({"decision": "REJECT"})).send().await.expect(200);
    create(&app.b(), &older("anna")).await;
    a.get("/v1/kyc/status/anna").await.is_refused("P445");
    a.settle().await;
    a.settle().await;
    assert!(is_verified(&a, "anna").await);
    for user in ["before", "newer", "decided"] {
        assert!(!is_verified(&a, user).await, "{user}");
    }
    assert!(!is_verified(&app.b(), "anna").await, "another partner's sandbox is set by itself");
    assert_eq!(a.balances(Some("anna")).await["fiatBalances"][0]["status"], "ACTIVE");
    // The same events as after an approval.
    create(&a, &person("approved")).await;
    a.approve("approved").await;
    a.settle().await;
    let events = a.events().await;
    let of = |user: &str| -> Vec<(Value, Value)> {
        let of_user = events.iter().filter(|event| event["payload"]["externalUserId"] == user);
        let without_user = |event: &Value| {
            let mut payload = event["payload"].clone();
            payload["externalUserId"] = Value::Null;
            (event["type"].clone(), payload)
        };
        of_user.map(without_user).collect()
    };
    assert_eq!((of("anna").len(), of("anna")), (2, of("approved")));
    set(json!({"autoVerify": false})).await.expect(200);
    create(&a, &older("after")).await;
    // The birth date that is missing can be added, once; anything else is as of every verified user.
    let patch = async |body: Value| a.patch("/v1/user/anna", &body).send().await;
    patch(json!({"birthDate": "1990-12-10", "lastName": "Byron"})).await.is_refused("P448");
    patch(json!({"birthDate": "2020-12-10"})).await.is_refused("P403");
    patch(json!({"birthDate": "1990-12-10"})).await.expect(200);
    patch(json!({"birthDate": "1990-12-11"})).await.is_refused("P448");
    // Nobody is approved without one.
    let approve = async || decide(&a, "after", &json!({"decision": "APPROVE"})).await;
    let (status, message) = approve().await;
    assert!(
        status == 400 && message.contains("P403") && message.contains("birthDate is required"),
        "{message}"
    );
    a.patch("/v1/user/after", &json!({"birthDate": "1990-12-10"})).send().await.expect(200);
    a.patch("/v1/user/after", &json!({"hasAcceptedP100Tc": true})).send().await.expect(200);
    assert_eq!(approve().await.0, 200);
    set(json!({"autoVerify": true})).await.expect(200);
    a.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    create(&a, &older("forgotten")).await;
    a.settle().await;
    assert!(!is_verified(&a, "forgotten").await, "a reset forgets it");
    app.finish().await;
}

/// The call is done, and its answer does not come: a retry under the same key learns what became of it.
#[tokio::test]
async fn a_lost_or_slow_answer_is_that_of_a_call_that_was_done() {
    let app = TestApp::start().await;
    let a = app.a();
    let fund = || a.post("/v1/sandbox/fund", &json!({"amount": "5", "currency": "eur"}));
    // The server closes the connection in place of this answer (kit/edge/http_tests.rs).
    fund().keyed("lost").header("x-sandbox-fault", "LOST").send().await.expect(201);
    assert_eq!(a.amount(None, "eur").await, "5.00");
    assert!(fund().keyed("lost").send().await.is_replayed());
    fund().header("x-sandbox-fault", "SLOW:0").send().await.expect(201);
    assert_eq!(a.amount(None, "eur").await, "10.00");
    let mut slow = pin!(fund().header("x-sandbox-fault", "SLOW:60").send());
    let is_done = async { while a.amount(None, "eur").await != "15.00" {} };
    tokio::select! {
        answer = &mut slow => panic!("answered at once: {}", answer.text()),
        () = is_done => {}
    }
    // A server that stops does not wait.
    app.app.stop_waiting();
    slow.await.expect(201);
    let scenarios = a.get("/v1/sandbox/scenarios").await.expect(200);
    let listed = scenarios["data"].as_array().expect("a list").iter();
    let listed: Vec<_> =
        listed.filter(|one| one["field"] == "x-sandbox-fault").map(|one| &one["value"]).collect();
    assert_eq!(listed, ["P429", "P500", "P501", "LOST", "SLOW:5"]);
    app.finish().await;
}

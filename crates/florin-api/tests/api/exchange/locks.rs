//! A lock is used once, by its holder, in time.

use super::{exchange, id_of, lock, under, with_anna};
use crate::reference::agree_on_exchange_fee;
use crate::support::TestApp;
use florin_api::kit::book::housekeeping::prune;
use florin_types::Timestamp;
use http::Method;
use serde_json::json;
use std::time::Duration;

const TEN: (&str, &str, &str) = ("10", "eur", "btc");

#[tokio::test]
async fn a_lock_has_the_rates_the_fee_and_its_end() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let answer = a.get("/v1/exchange/get-lock/anna").await;
    let lock = answer.expect(200);
    let at = |field: &str| Timestamp::parse(lock[field].as_str().expect("a time")).expect("a time");
    assert_eq!(at("validUntil"), at("createdAt").saturating_add(Duration::from_secs(40)));
    let expected = format!(
        concat!(
            r#"{{"id":{},"rates":{{"eur":1,"btc":95000.5,"eth":2500.5,"ltc":80,"doge":0.15,"pol":0.4,"#,
            r#""usdc":0.86,"usdt":0.86}},"feePercentage":1.49,"createdAt":{},"validUntil":{}}}"#,
        ),
        lock["id"], lock["createdAt"], lock["validUntil"],
    );
    answer.is(200, &expected);
    assert_ne!(
        a.get("/v1/exchange/get-lock/anna").await.expect(200)["id"],
        lock["id"],
        "each call gives a new one"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_lock_expires_by_business_time() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let advance = |seconds: i64| a.post("/v1/sandbox/clock/advance", &json!({"seconds": seconds})).send();
    let (in_time, late) = (lock(&a, Some("anna")).await, lock(&a, Some("anna")).await);
    advance(39).await.expect(200);
    under(&a, Some("anna"), TEN, &in_time).send().await.expect(201);
    advance(1).await.expect(200);
    let refused = under(&a, Some("anna"), TEN, &late).send().await;
    refused.is_refused("P435");
    let expected =
        format!("Rate lock has expired: it was valid until {}", late["validUntil"].as_str().expect("a time"));
    assert_eq!(refused.json()["errorMessage"], expected);
    app.finish().await;
}

#[tokio::test]
async fn a_lock_is_its_holders_alone() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    a.verified_user("ben").await;
    a.fund(Some("ben"), "100", "eur").await;
    let (of_anna, of_partner) = (lock(&a, Some("anna")).await, lock(&a, None).await);
    under(&a, Some("ben"), TEN, &of_anna).send().await.is_refused("P436");
    under(&a, None, TEN, &of_anna).send().await.is_refused("P436");
    under(&a, Some("anna"), TEN, &of_partner).send().await.is_refused("P436");
    under(&a, Some("anna"), TEN, &json!({"id": "01a00000-0000-7000-8000-000000000001"}))
        .send()
        .await
        .is_refused("P436");
    under(&a, Some("anna"), TEN, &json!({"id": "no-uuid"})).send().await.is_refused("P403");
    under(&a, Some("anna"), TEN, &of_anna).send().await.expect(201);
    under(&a, None, TEN, &of_partner).send().await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn of_many_at_once_one_uses_the_lock() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let lock = lock(&a, Some("anna")).await;
    let calls = (0..16).map(|_| under(&a, Some("anna"), ("1", "eur", "btc"), &lock).send());
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.code() == "P436"));
    assert_eq!(a.amount(Some("anna"), "eur").await, "999.00");
    app.finish().await;
}

/// A repeat under the key answers as the first did, long after the lock has gone.
#[tokio::test]
async fn a_repeat_under_the_key_answers_the_first() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let lock = lock(&a, Some("anna")).await;
    let call = || under(&a, Some("anna"), TEN, &lock).keyed("once").send();
    let first = call().await;
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 3600})).send().await.expect(200);
    let again = call().await;
    assert!(again.is_replayed());
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(a.amount(Some("anna"), "eur").await, "990.00");
    app.finish().await;
}

/// The market moves and the terms change: a lock that was given before does not.
#[tokio::test]
async fn a_lock_holds_against_the_market_and_the_terms() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let before = lock(&a, Some("anna")).await;
    a.post("/v1/sandbox/rates", &json!({"currency": "btc", "rate": 50000})).send().await.expect(200);
    agree_on_exchange_fee(&app, "0", Timestamp::from_micros(0)).await;
    let after = lock(&a, Some("anna")).await;
    assert_eq!((&before["feePercentage"], &after["feePercentage"]), (&json!(1.49), &json!(0)));
    let made = under(&a, Some("anna"), TEN, &before).send().await;
    let details = a.get(&format!("/v1/exchange/details/{}", id_of(&made))).await.expect(200);
    assert_eq!((&details["amountTo"], &details["feePercentage"]), (&json!("0.00010369"), &json!(1.49)));
    let made = under(&a, Some("anna"), TEN, &after).send().await;
    let details = a.get(&format!("/v1/exchange/details/{}", id_of(&made))).await.expect(200);
    assert_eq!((&details["amountTo"], &details["fee"]), (&json!("0.00020000"), &json!("0.00000000")));
    app.finish().await;
}

#[tokio::test]
async fn old_locks_are_forgotten_and_their_exchanges_are_not() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = id_of(&exchange(&a, Some("anna"), TEN).await);
    lock(&a, Some("anna")).await;
    let hours = |hours: i64| a.post("/v1/sandbox/clock/advance", &json!({"seconds": hours * 3600})).send();
    let locks = async || app.database().count("SELECT COUNT(*) FROM exchange_lock").await;
    hours(23).await.expect(200);
    prune(&app.app).await.expect("housekeeping");
    assert_eq!(locks().await, 2);
    hours(2).await.expect(200);
    prune(&app.app).await.expect("housekeeping");
    assert_eq!(locks().await, 0);
    assert_eq!(a.get(&format!("/v1/exchange/details/{id}")).await.expect(200)["amountTo"], "0.00010369");
    app.finish().await;
}

/// A lock dies with the book that it was given in.
#[tokio::test]
async fn a_reset_forgets_the_locks() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let lock = lock(&a, None).await;
    a.post("/v1/sandbox/reset", &json!({})).send().await.expect(200);
    a.fund(None, "100", "eur").await;
    under(&a, None, TEN, &lock).send().await.is_refused("P436");
    assert_eq!(app.database().count("SELECT COUNT(*) FROM exchange_lock").await, 0);
    app.finish().await;
}

/// Each call gives a lock: no cache may answer it, and a HEAD gives none.
#[tokio::test]
async fn a_lock_is_not_cached_and_not_given_to_head() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let path = "/v1/exchange/get-lock/anna";
    assert_eq!(a.get(path).await.header("cache-control"), "no-store");
    let head = a.call(Method::HEAD, path).send().await;
    assert_eq!((head.status, head.header("allow")), (405, "GET"));
    assert_eq!(app.database().count("SELECT COUNT(*) FROM exchange_lock").await, 1);
    app.finish().await;
}

//! The filters of history.

use crate::support::{Client, TestApp};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

async fn count(client: &Client, query: &str) -> usize {
    client.pages(Some("anna"), query).await.concat().len()
}

#[tokio::test]
async fn currency_type_and_status_narrow_the_list() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(Some("anna"), "10", "eur").await;
    a.fund(Some("anna"), "1", "btc").await;
    a.pay(Some("anna"), None, "1").await;
    for (query, expected) in [
        ("", 3),
        ("currency=eur", 2),
        ("currency=EUR", 2),
        ("currency=btc", 1),
        ("currency=doge", 0),
        ("type=ADJUSTMENT", 2),
        ("type=INTERNAL_TRANSFER", 1),
        ("type=INTERNAL_TRANSFER&currency=btc", 0),
        ("type=SEPA_DEPOSIT", 0),
        ("status=SUCCESSFUL", 3),
        ("status=PENDING", 0),
        ("status=FAILED", 0),
        ("unknown=1", 3),
        ("currency=&type=&status=&from=&to=", 3),
    ] {
        assert_eq!(count(&a, query).await, expected, "{query}");
        assert_eq!(count(&a, &format!("{query}&limit=1")).await, expected, "{query}, one by one");
    }
    for query in
        ["currency=xyz", "type=adjustment", "status=DONE", "from=yesterday", "to=2026-13-01T00:00:00Z"]
    {
        a.get(&format!("/v1/user/transactions/anna?{query}")).await.is_refused("P403");
    }
    let answer = a.get("/v1/user/transactions/anna?currency=xyz&status=x&limit=0").await;
    let message = answer.json()["errorMessage"].as_str().expect("a message").to_owned();
    assert!(
        ["currency must", ". status must", ". limit must"].iter().all(|part| message.contains(part)),
        "{message}"
    );
    app.finish().await;
}

/// Five minutes of 60 entries each: more than what stands between two marks.
async fn with_minutes(app: &TestApp) -> Client {
    let a = app.a();
    a.verified_user("anna").await;
    app.clock.set(florin_types::Timestamp::parse("2026-11-24T00:00:00Z").expect("a time"));
    for _ in 0..5 {
        join_all((0..60).map(|_| a.fund(Some("anna"), "1", "eur"))).await;
        app.clock.advance(Duration::from_secs(60));
    }
    a
}

#[tokio::test]
async fn from_is_inclusive_and_to_is_not() {
    let app = TestApp::start().await;
    let a = with_minutes(&app).await;
    let at = |minute: usize, rest: &str| format!("2026-11-24T00:{minute:02}:{rest}Z");
    for minute in 0..=5 {
        let (exact, before) = (at(minute, "00.000"), minute * 60);
        assert_eq!(count(&a, &format!("limit=200&to={exact}")).await, before, "to minute {minute}");
        assert_eq!(count(&a, &format!("limit=200&from={exact}")).await, 300 - before, "from minute {minute}");
        let after = at(minute, "00.001");
        let up_to = (before + 60).min(300);
        assert_eq!(count(&a, &format!("limit=200&to={after}")).await, up_to, "to just after minute {minute}");
        assert_eq!(count(&a, &format!("limit=200&from={after}")).await, 300 - up_to, "from just after it");
    }
    let (from, to) = (at(2, "00"), at(4, "00"));
    assert_eq!(count(&a, &format!("limit=7&from={from}&to={to}")).await, 120);
    assert_eq!(count(&a, &format!("limit=7&from={to}&to={from}")).await, 0);
    assert_eq!(count(&a, "limit=200&to=2000-01-01T00:00:00Z").await, 0);
    assert_eq!(count(&a, "limit=200&from=2100-01-01T00:00:00.000Z").await, 0);
    app.finish().await;
}

/// A page of the past starts near it: the entry after the filter's end is the first that is shown.
#[tokio::test]
async fn the_first_item_is_the_newest_before_to() {
    let app = TestApp::start().await;
    let a = with_minutes(&app).await;
    for minute in 1..=5 {
        let page =
            a.get(&format!("/v1/user/transactions/anna?limit=1&to=2026-11-24T00:{minute:02}:00Z")).await;
        let item = page.expect(200)["data"][0].clone();
        let balance = Value::from(format!("{}.00", minute * 60));
        assert_eq!(item["balanceAfter"], balance, "to minute {minute}");
        assert_eq!(item["createdAt"], json!(format!("2026-11-24T00:{:02}:00.000Z", minute - 1)));
    }
    app.finish().await;
}

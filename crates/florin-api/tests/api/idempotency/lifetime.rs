//! How long a key is kept, and what a reset does to it.

use crate::support::{Client, TestApp};
use florin_api::kit::book::housekeeping::prune;
use http::Method;
use serde_json::json;

const DAY: i64 = 86_400;

async fn advance(client: &Client, seconds: i64) {
    let body = json!({"seconds": seconds});
    client.post("/v1/sandbox/clock/advance", &body).send().await.expect(200);
}

#[tokio::test]
async fn a_key_is_kept_for_30_days_of_business_time() {
    let app = TestApp::start().await;
    let a = app.a();
    let fund = |amount: i64| {
        a.post("/v1/sandbox/fund", &json!({"amount": amount, "currency": "eur"})).keyed("k").send()
    };
    let first = fund(1).await.expect(201);
    advance(&a, 30 * DAY - 1).await;
    assert!(fund(1).await.is_replayed());
    advance(&a, 1).await;
    let anew = fund(2).await;
    assert!(!anew.is_replayed());
    assert_ne!(anew.expect(201), first);
    // The newer use of the key is the one that counts from now on.
    assert!(fund(2).await.is_replayed());
    assert_eq!(a.amount(None, "eur").await, "3.00");
    app.finish().await;
}

#[tokio::test]
async fn what_outlived_itself_is_dropped() {
    let app = TestApp::start().await;
    let a = app.a();
    let rows = async || {
        let database = app.database();
        let commands = database.count("SELECT COUNT(*) FROM command").await;
        (commands, database.count("SELECT COUNT(*) FROM command_key").await)
    };
    let fund =
        |key: String| a.post("/v1/sandbox/fund", &json!({"amount": 1, "currency": "eur"})).keyed(&key).send();
    // More than one transaction of the housekeeping takes.
    let old = (0..600).map(|number| fund(format!("old-{number}")));
    futures_util::future::join_all(old).await;
    advance(&a, 10 * DAY).await;
    fund("young".to_owned()).await.expect(201);
    assert_eq!(rows().await, (601, 601));
    prune(&app.app).await.expect("housekeeping");
    assert_eq!(rows().await, (601, 601), "nothing is old enough");
    advance(&a, 20 * DAY).await;
    prune(&app.app).await.expect("housekeeping");
    assert_eq!(rows().await, (1, 1));
    assert!(fund("young".to_owned()).await.is_replayed());
    assert!(!fund("old-7".to_owned()).await.is_replayed());
    app.finish().await;
}

#[tokio::test]
async fn a_reset_is_replayed_in_the_book_that_it_opened() {
    let app = TestApp::start().await;
    let a = app.a();
    a.fund(None, "1", "eur").await;
    let fund = || a.post("/v1/sandbox/fund", &json!({"amount": 1, "currency": "eur"})).keyed("fund").send();
    fund().await.expect(201);
    let reset = || a.call(Method::POST, "/v1/sandbox/reset").keyed("reset").send();
    let first = reset().await;
    assert!(!first.is_replayed());
    first.expect(200);
    assert!(!fund().await.is_replayed(), "other keys begin anew");
    for _ in 0..2 {
        assert!(reset().await.is_replayed());
    }
    assert_eq!(a.amount(None, "eur").await, "1.00", "the replay has no effect");
    app.finish().await;
}

/// The reset's own answer is as young in the new book as in the old one.
#[tokio::test]
async fn a_reset_far_in_the_future_is_kept_no_longer() {
    let app = TestApp::start().await;
    let a = app.a();
    advance(&a, 3_000 * DAY).await;
    let reset = || a.call(Method::POST, "/v1/sandbox/reset").keyed("reset").send();
    reset().await.expect(200);
    assert!(reset().await.is_replayed());
    advance(&a, 30 * DAY).await;
    assert!(!reset().await.is_replayed(), "30 days after the reset its key is free");
    app.finish().await;
}

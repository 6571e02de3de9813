//! What a false clock has left in a book, and how an operator sets it right.

use crate::support::{Client, TestApp};
use florin_api::kit::book::clock::{ahead_books, repair_time};
use florin_api::kyc::Operator;
use florin_types::{MAX_STEP, Text, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// More entries than stand between two marks of an account.
const MANY: usize = 100;

/// How many entries of the partner's history are from before a time.
async fn before(client: &Client, to: &str) -> usize {
    client.pages(None, &format!("limit=200&to={to}")).await.concat().len()
}

async fn fund(client: &Client, count: usize) {
    futures_util::future::join_all((0..count).map(|_| client.fund(None, "1", "eur"))).await;
}

#[tokio::test]
async fn a_book_that_is_ahead_is_set_back() {
    let app = TestApp::start().await;
    let a = app.a();
    fund(&a, MANY).await;
    let right = app.app.wall();
    app.clock.set(Timestamp::parse("2036-01-01T00:00:00Z").expect("a time"));
    fund(&a, MANY).await;
    app.clock.set(right.saturating_add(Duration::from_secs(60)));
    // Before: what is written is dated 2036 for ten years.
    let last = |history: Vec<Value>| history[0]["createdAt"].as_str().expect("a time").to_owned();
    fund(&a, 1).await;
    assert_eq!(last(a.history(None).await), "2036-01-01T00:00:00.000Z");
    let wall = app.app.wall();
    let ahead = ahead_books(&app.app, wall, MAX_STEP).await.expect("the books are read");
    assert_eq!(ahead.iter().map(|found| found.partner).collect::<Vec<_>>(), [app.partners[0]]);
    // One that is ahead by less than a clock may step is found where that is asked for, and is not repaired.
    let soon = ahead[0].ahead - Duration::from_secs(2);
    let late = wall.saturating_add(soon);
    assert_eq!(ahead_books(&app.app, late, MAX_STEP).await.expect("the books are read"), []);
    let found = ahead_books(&app.app, late, Duration::from_secs(1)).await.expect("the books are read");
    assert!(found.len() == 1 && found[0].ahead == Duration::from_secs(2), "{found:?}");

    let operator = Text::parse("olga").expect("a name");
    assert_eq!(repair_time(&app.app, &operator, wall).await.expect("it is repaired"), ahead);
    assert_eq!(ahead_books(&app.app, wall, MAX_STEP).await.expect("the books are read"), []);
    assert_eq!(app.app.store.repaired_time().await, Ok(Some(wall)));
    fund(&a, MANY).await;
    assert_eq!(last(a.history(None).await), wall.to_string());
    // Entries are found by their time, though those before them are dated later.
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(before(&a, &app.app.wall().to_string()).await, 2 * MANY);
    assert_eq!(before(&a, "2036-01-02T00:00:00Z").await, 3 * MANY + 1);
    let audit = Operator { app: &app.app, name: operator }.audit().await.expect("a list");
    let details: Vec<_> = audit.iter().filter(|(_, entry)| entry.action == "clock.repair").collect();
    assert_eq!(details.len(), 2);
    assert!(details.iter().any(|(_, entry)| entry.detail.ends_with(" s ahead")), "{details:?}");
    app.finish().await;
}

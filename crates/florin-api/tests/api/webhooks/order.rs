//! Events of one object in order, whatever happens meanwhile; and a registration that outlives a late answer.

use super::{advance, deliver, deliveries, enable, ids, of_user, prepared, register, retry, statuses};
use crate::support::{Client, TestApp, expect_errors};
use florin_api::webhooks::deliver_now;
use florin_document::{Kind, samples};
use florin_store::StoreError;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One more event of a user.
async fn another(client: &Client, user: &str) {
    let required = json!({"decision": "REQUIRE"});
    client.post(&format!("/v1/sandbox/poa/{user}"), &required).send().await.expect(200);
    let bill = samples::valid(Kind::Pdf, 0, 0);
    let part = ("files", "bill.pdf", "application/pdf", bill.as_slice());
    client
        .call(Method::POST, &format!("/v1/user/poa-files/{user}"))
        .multipart(&[part])
        .send()
        .await
        .expect(201);
}

/// A request under way, held by the server that it went to.
struct UnderWay {
    stream: TcpStream,
    delivering: JoinHandle<Result<(), StoreError>>,
}

impl UnderWay {
    /// Delivers until the first request is at this address.
    async fn to(server: &TcpListener, app: &TestApp) -> Self {
        let platform = app.app.clone();
        let delivering = tokio::spawn(async move { deliver_now(&platform).await });
        let (mut stream, _) = server.accept().await.expect("a request");
        let mut request = [0; 4_096];
        assert!(stream.read(&mut request).await.expect("a request") > 0);
        Self { stream, delivering }
    }

    /// Answers it, and lets the delivery end.
    async fn answer(mut self, status: &str) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        self.stream.write_all(answer.as_bytes()).await.expect("a connection");
        self.delivering.await.expect("no panic").expect("the database answers");
    }
}

/// As many rounds as an object has events.
async fn deliver_all(app: &TestApp) {
    for _ in 0..4 {
        deliver(app).await;
    }
}

#[tokio::test]
async fn a_new_event_does_not_overtake_those_that_wait_in_rows() {
    let (app, a, receiver, _) = prepared().await;
    receiver.answers(|_| 503);
    a.verified_user("ben").await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1, "the first of several");
    // The next has no row when the first comes back from its own.
    enable(&a, &receiver.url, false).await.expect(200);
    another(&a, "ben").await;
    advance(&a, 8).await;
    receiver.answers(|_| 200);
    enable(&a, &receiver.url, true).await.expect(200);
    receiver.take();
    deliver_all(&app).await;
    let ben = of_user(&a, "ben").await;
    assert!(ben.len() > 2, "teach this test how an object gets several events");
    assert_eq!(ids(&receiver.take()), ben);
    assert!(statuses(&a).await.iter().all(|status| status == "DELIVERED"));
    app.finish().await;
}

#[tokio::test]
async fn one_whose_time_has_come_waits_for_an_earlier_one_that_is_sent_again() {
    let (app, a, receiver, _) = prepared().await;
    a.verified_user("ben").await;
    let ben = of_user(&a, "ben").await;
    let (first, last) = (ben[0].clone(), ben[ben.len() - 1].clone());
    let failing = last.clone();
    receiver.answers(move |got| if got.header("webhook-id") == failing { 503 } else { 200 });
    deliver_all(&app).await;
    assert_eq!(ids(&receiver.take()), ben);
    receiver.answers(|_| 503);
    advance(&a, 5).await;
    let all = deliveries(&a, "").await;
    let of_first = all.iter().find(|delivery| delivery["eventId"] == first).expect("a delivery");
    retry(&a, of_first).await;
    deliver_all(&app).await;
    assert_eq!(ids(&receiver.take()), [first.as_str()]);
    // The last could go, if the first were not before it.
    advance(&a, 3).await;
    deliver_all(&app).await;
    assert!(receiver.take().is_empty());
    receiver.answers(|_| 200);
    advance(&a, 5).await;
    deliver_all(&app).await;
    assert_eq!(ids(&receiver.take()), [first, last]);
    app.finish().await;
}

#[tokio::test]
async fn a_replay_does_not_wait_for_a_pause_between_attempts() {
    let (app, a, receiver, _) = prepared().await;
    receiver.answers(|_| 503);
    a.pay(Some("anna"), None, "1").await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1);
    receiver.answers(|_| 200);
    let replay = json!({"fromSequence": a.events().await.len(), "toSequence": 5_000});
    assert_eq!(a.post("/v1/webhooks/replay", &replay).send().await.expect(200), json!({"deliveries": 1}));
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1);
    app.finish().await;
}

/// A later version of the platform made the first event, and runs beside this one.
#[tokio::test]
async fn an_event_that_cannot_be_rendered_holds_up_no_other() {
    let (app, a, receiver, _) = prepared().await;
    a.pay(Some("anna"), None, "1").await;
    let newest =
        "UPDATE event SET kind = 'card.activation' WHERE position = (SELECT MAX(position) FROM event)";
    app.database().tamper(newest).await;
    a.pay(Some("anna"), None, "2").await;
    deliver(&app).await;
    expect_errors(&["can't be rendered"]);
    assert_eq!(receiver.take().len(), 1);
    let found = statuses(&a).await;
    assert_eq!(found[found.len() - 2..], ["PENDING", "DELIVERED"]);
    app.database().tamper("UPDATE event SET kind = 'transfer' WHERE kind = 'card.activation'").await;
    advance(&a, 8).await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1);
    assert!(statuses(&a).await.iter().all(|status| status == "DELIVERED"));
    app.finish().await;
}

/// What is asked for while an attempt is under way is not undone by what comes of that attempt.
#[tokio::test]
async fn a_retry_during_an_attempt_is_made() {
    let (app, a, receiver, _) = prepared().await;
    receiver.answers(|_| 503);
    a.pay(Some("anna"), None, "1").await;
    deliver(&app).await;
    let sent = ids(&receiver.take());
    receiver.answers(|_| 200);
    let slow = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    register(&a, &format!("http://{}", slow.local_addr().expect("an address"))).await;
    app.clock.advance(Duration::from_secs(8));
    let attempt = UnderWay::to(&slow, &app).await;
    let pending = deliveries(&a, "status=PENDING").await;
    retry(&a, &pending[0]).await;
    register(&a, &receiver.url).await;
    attempt.answer("200 OK").await;
    deliver(&app).await;
    assert_eq!(ids(&receiver.take()), sent);
    assert!(statuses(&a).await.iter().all(|status| status == "DELIVERED"));
    app.finish().await;
}

/// The old address says that it is gone while the partner moves.
#[tokio::test]
async fn a_late_410_of_the_old_address_leaves_the_new_one_enabled() {
    let (app, a, receiver, _) = prepared().await;
    let old = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    register(&a, &format!("http://{}", old.local_addr().expect("an address"))).await;
    a.pay(Some("anna"), None, "1").await;
    let attempt = UnderWay::to(&old, &app).await;
    register(&a, &receiver.url).await;
    attempt.answer("410 Gone").await;
    let endpoint = a.get("/v1/webhooks/endpoint").await.expect(200);
    assert_eq!((&endpoint["enabled"], &endpoint["disabledReason"]), (&json!(true), &Value::Null));
    advance(&a, 8).await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1);
    app.finish().await;
}

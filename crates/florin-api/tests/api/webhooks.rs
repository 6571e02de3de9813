//! Webhooks through the whole platform, to a real server of a partner.

mod calls;
mod order;
pub mod receiver;

use crate::support::{Client, TestApp};
use florin_api::webhooks::deliver_now;
use florin_webhook::{SigningKey, SigningSecret, signatures};
use http::Method;
use receiver::{Got, Receiver};
use serde_json::{Value, json};
use std::time::Duration;

/// Registers, and answers what the call answered.
pub async fn register(client: &Client, url: &str) -> Value {
    let body = json!({"url": url, "token": "the-token"});
    client.call(Method::PUT, "/v1/webhooks/endpoint").json(&body).send().await.expect(200)
}

/// Registers as it was, enabled or not.
pub async fn enable(client: &Client, url: &str, enabled: bool) -> crate::support::Answer {
    let body = json!({"url": url, "enabled": enabled});
    client.call(Method::PUT, "/v1/webhooks/endpoint").json(&body).send().await
}

/// Delivers what is due, in as many rounds as retries and successors take.
pub async fn deliver(app: &TestApp) {
    for _ in 0..3 {
        deliver_now(&app.app).await.expect("the database answers");
    }
}

pub async fn advance(client: &Client, seconds: i64) {
    client.post("/v1/sandbox/clock/advance", &json!({"seconds": seconds})).send().await.expect(200);
}

/// All deliveries, newest first.
pub async fn deliveries(client: &Client, query: &str) -> Vec<Value> {
    let list = client.get(&format!("/v1/webhooks/deliveries?limit=200&{query}")).await.expect(200);
    list["data"].as_array().expect("a list").clone()
}

/// Asks for a delivery to be sent again.
async fn retry(client: &Client, delivery: &Value) {
    let path = format!("/v1/webhooks/deliveries/{}/retry", delivery["id"].as_str().expect("an id"));
    let answer = client.call(Method::POST, &path).send().await.expect(200);
    assert_eq!(answer, json!({"message": "Delivery will be retried"}));
}

/// `status` of each, oldest first.
async fn statuses(client: &Client) -> Vec<String> {
    let all = deliveries(client, "").await;
    all.iter().rev().map(|item| item["status"].as_str().expect("text").to_owned()).collect()
}

/// A partner with a registered server, a user, and money to move.
async fn prepared() -> (TestApp, Client, Receiver, Value) {
    let app = TestApp::without_wallets().await;
    let (a, receiver) = (app.a(), Receiver::start().await);
    a.verified_user("anna").await;
    a.fund(Some("anna"), "100", "eur").await;
    let endpoint = register(&a, &receiver.url).await;
    (app, a, receiver, endpoint)
}

fn ids(got: &[Got]) -> Vec<String> {
    got.iter().map(|got| got.header("webhook-id").to_owned()).collect()
}

/// The ids of a user's events, oldest first.
async fn of_user(client: &Client, user: &str) -> Vec<String> {
    let events = client.events().await;
    let of_user = events.iter().filter(|event| event["payload"]["externalUserId"] == user);
    of_user.map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn an_event_arrives_signed_and_as_it_is_listed() {
    let (app, a, receiver, endpoint) = prepared().await;
    let before = a.events().await.len();
    a.pay(Some("anna"), None, "12.5").await;
    deliver(&app).await;
    let got = receiver.take();
    let events = a.events().await;
    assert_eq!((got.len(), events.len()), (1, before + 1), "events from before the endpoint do not go out");
    let (got, event) = (&got[0], &events[before]);
    assert_eq!((&got.method, got.path.as_str()), (&Method::POST, "/transfer-webhook"));
    assert_eq!(got.header("authorization"), "the-token");
    assert_eq!(got.header("content-type"), "application/json");
    assert!(got.header("user-agent").starts_with("Florin/"));
    assert_eq!(got.header("webhook-id"), event["id"]);
    assert_eq!(got.body(), event["payload"]);
    let timestamp: i64 = got.header("webhook-timestamp").parse().expect("seconds");
    assert_eq!(timestamp, app.app.wall().millis() / 1_000);
    let secret = SigningSecret::parse(endpoint["signingSecret"].as_str().expect("a secret")).expect("one");
    let key = SigningKey::from_seed(&[0; 32]);
    let expected = signatures(got.header("webhook-id"), timestamp, got.text.as_bytes(), &[secret], &key);
    let v1 = |text: &str| text.split(' ').next().expect("a signature").to_owned();
    assert_eq!(v1(got.header("webhook-signature")), v1(&expected));
    assert!(got.header("webhook-signature").contains(" v1a,"));
    let delivery = &deliveries(&a, "").await[0];
    assert_eq!((&delivery["status"], &delivery["eventId"]), (&json!("DELIVERED"), &event["id"]));
    assert_eq!(delivery["attempts"][0]["statusCode"], 200);
    assert_eq!(delivery["attempts"][0]["answer"], "answer 200");
    assert_eq!(delivery["nextAttemptAt"], Value::Null);
    deliver(&app).await;
    assert!(receiver.take().is_empty(), "what was delivered is not sent again");
    app.finish().await;
}

#[tokio::test]
async fn what_fails_is_tried_by_the_schedule_and_then_given_up() {
    let (app, a, receiver, _) = prepared().await;
    receiver.answers(|_| 500);
    a.pay(Some("anna"), None, "1").await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1);
    let gaps = [8, 16, 32, 64, 330, 1_980, 7_920, 23_760, 47_520, 95_040, 95_040];
    for (index, gap) in gaps.into_iter().enumerate() {
        advance(&a, if index < 4 { gap - 1 } else { gap * 10 / 11 - 1 }).await;
        deliver(&app).await;
        assert_eq!(receiver.take().len(), 0, "before the gap of {gap} s is over");
        advance(&a, if index < 4 { 1 } else { gap / 11 + 1 }).await;
        deliver(&app).await;
        assert_eq!(receiver.take().len(), 1, "after the gap of {gap} s");
    }
    let failed = deliveries(&a, "status=FAILED").await;
    assert_eq!((failed.len(), failed[0]["attempts"].as_array().map(Vec::len)), (1, Some(12)));
    assert_eq!(failed[0]["nextAttemptAt"], Value::Null);
    advance(&a, 1_000_000).await;
    deliver(&app).await;
    assert!(receiver.take().is_empty());
    // By hand it begins anew, under the same id.
    receiver.answers(|_| 200);
    retry(&a, &failed[0]).await;
    deliver(&app).await;
    assert_eq!(ids(&receiver.take()), [failed[0]["eventId"].as_str().expect("an id")]);
    assert_eq!(statuses(&a).await, ["DELIVERED"]);
    app.finish().await;
}

/// Events of one object wait for the one before; those of others do not.
#[tokio::test]
async fn the_events_of_an_object_arrive_in_order() {
    let (app, a, receiver, _) = prepared().await;
    receiver.answers(|got| if got.text.contains("ben") { 503 } else { 200 });
    // A verification of ben: several events of one object; carla's and a transfer beside them.
    a.verified_user("ben").await;
    a.verified_user("carla").await;
    a.pay(Some("anna"), None, "1").await;
    deliver(&app).await;
    let (ben, carla) = (of_user(&a, "ben").await, of_user(&a, "carla").await);
    assert!(ben.len() > 1 && carla.len() > 1, "teach this test how an object gets several events");
    let got = receiver.take();
    let to_ben: Vec<String> = ids(&got).into_iter().filter(|id| ben.contains(id)).collect();
    assert_eq!(to_ben, ben[..1], "the first is tried, the others wait");
    let to_carla: Vec<String> = ids(&got).into_iter().filter(|id| carla.contains(id)).collect();
    assert_eq!(to_carla, carla);
    // While it fails, one more happens.
    a.patch("/v1/user/suspend/ben", &json!({})).send().await.expect(200);
    let pending = deliveries(&a, "status=PENDING").await;
    assert_eq!(pending.len(), ben.len());
    assert_eq!(pending.iter().filter(|item| item["nextAttemptAt"].is_string()).count(), 1);
    receiver.answers(|_| 200);
    deliver(&app).await;
    assert!(receiver.take().is_empty(), "its time has not come");
    advance(&a, 8).await;
    deliver(&app).await;
    assert_eq!(ids(&receiver.take()), ben);
    assert!(statuses(&a).await.iter().all(|status| status == "DELIVERED"));
    app.finish().await;
}

#[tokio::test]
async fn a_replay_sends_everything_again_in_order_and_from_before_the_endpoint() {
    let (app, a, receiver, _) = prepared().await;
    for _ in 0..5 {
        a.pay(Some("anna"), None, "1").await;
    }
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 5);
    let all = a.events().await.len();
    let replay = json!({"fromSequence": 1, "toSequence": 5_000});
    let answer = a.post("/v1/webhooks/replay", &replay).send().await.expect(200);
    assert_eq!(answer, json!({"deliveries": all}));
    for _ in 0..all {
        deliver(&app).await;
    }
    let got = ids(&receiver.take());
    assert_eq!(got.len(), all, "each once");
    let anna = of_user(&a, "anna").await;
    let of_anna: Vec<String> = got.into_iter().filter(|id| anna.contains(id)).collect();
    assert_eq!(of_anna, anna);
    assert_eq!(deliveries(&a, "status=DELIVERED").await.len(), all);
    app.finish().await;
}

#[tokio::test]
async fn gone_disables_and_a_probe_enables_again() {
    let (app, a, receiver, _) = prepared().await;
    receiver.answers(|_| 410);
    a.pay(Some("anna"), None, "1").await;
    a.pay(Some("anna"), None, "2").await;
    deliver(&app).await;
    let sent = receiver.take();
    assert!(!sent.is_empty());
    let endpoint = a.get("/v1/webhooks/endpoint").await.expect(200);
    assert_eq!(endpoint["enabled"], false);
    assert_eq!(endpoint["disabledReason"], "The endpoint answered 410 Gone");
    a.pay(Some("anna"), None, "3").await;
    advance(&a, 100_000).await;
    deliver(&app).await;
    assert!(receiver.take().is_empty(), "nothing is sent while it is disabled");
    let refused = enable(&a, &receiver.url, true).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "P468"));
    let probes = receiver.take();
    assert_eq!((probes.len(), &probes[0].method), (1, &Method::GET));
    assert_eq!(probes[0].path, "/webhook/health");
    receiver.answers(|_| 204);
    let endpoint = enable(&a, &receiver.url, true).await.expect(200);
    assert_eq!((&endpoint["enabled"], &endpoint["disabledReason"]), (&json!(true), &Value::Null));
    receiver.take();
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 3, "nothing was lost");
    assert_eq!(statuses(&a).await, ["DELIVERED"; 3]);
    app.finish().await;
}

/// The event that was refused need not wait for its retry's time, and goes first.
#[tokio::test]
async fn an_enabled_endpoint_gets_everything_at_once_and_in_order() {
    let (app, a, receiver, _) = prepared().await;
    receiver.answers(|_| 410);
    // One after the other, of one user.
    a.post("/v1/sandbox/poa/anna", &json!({"decision": "REQUIRE"})).send().await.expect(200);
    for decision in ["QUESTION", "REJECT", "APPROVE"] {
        a.post("/v1/sandbox/poa/anna", &json!({"decision": decision})).send().await.expect(200);
        deliver(&app).await;
        app.clock.advance(Duration::from_millis(1));
    }
    a.pay(Some("anna"), None, "1").await;
    assert_eq!(receiver.take().len(), 1, "the endpoint is disabled by the first answer");
    let first = deliveries(&a, "").await.pop().expect("a delivery");
    assert_eq!(first["attempts"].as_array().map(Vec::len), Some(1));
    receiver.answers(|_| 204);
    enable(&a, &receiver.url, true).await.expect(200);
    let first = deliveries(&a, "").await.pop().expect("a delivery");
    let now = a.get("/v1/sandbox/clock").await.expect(200)["now"].clone();
    assert_eq!(first["nextAttemptAt"], now, "it is due at once");
    receiver.take();
    deliver(&app).await;
    let mut words: Vec<_> = receiver.take().iter().map(|got| got.body()["status"].clone()).collect();
    // The transfer has an order of its own.
    words.retain(|word| word != "SUCCESSFUL");
    assert_eq!(words, ["QUESTIONED", "REJECTED", "APPROVED"]);
    assert_eq!(statuses(&a).await, ["DELIVERED"; 4]);
    app.finish().await;
}

/// Days of deliveries that failed are no one command, for which all others of the book would wait.
#[tokio::test]
async fn many_deliveries_become_due_in_parts() {
    let (app, a, receiver, _) = prepared().await;
    receiver.answers(|_| 503);
    a.pay(Some("anna"), None, "1").await;
    deliver(&app).await;
    enable(&a, &receiver.url, false).await.expect(200);
    let failed = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
        INSERT INTO webhook_delivery SELECT position + 1000 + i, book, object, status, due_at + i, tries, attempts \
        FROM webhook_delivery, n WHERE due_at IS NOT NULL";
    app.database().tamper(failed).await;
    receiver.answers(|_| 204);
    enable(&a, &receiver.url, true).await.expect(200);
    let first =
        "SELECT COUNT(*) FROM webhook_delivery WHERE due_at = (SELECT MIN(due_at) FROM webhook_delivery)";
    assert_eq!(app.database().count(first).await, 1_000);
    a.run_jobs().await;
    let times = "SELECT COUNT(DISTINCT due_at) FROM webhook_delivery";
    assert_eq!(app.database().count(times).await, 1, "all are due at once");
    let copies = "DELETE FROM webhook_delivery \
        WHERE position > (SELECT MIN(position) + 999 FROM webhook_delivery)";
    app.database().tamper(copies).await;
    deliver(&app).await;
    assert_eq!(statuses(&a).await, ["DELIVERED"]);
    app.finish().await;
}

#[tokio::test]
async fn events_wait_while_an_endpoint_is_disabled() {
    let (app, a, receiver, _) = prepared().await;
    enable(&a, &receiver.url, false).await.expect(200);
    for _ in 0..3 {
        a.pay(Some("anna"), None, "1").await;
    }
    deliver(&app).await;
    assert!(receiver.take().is_empty());
    assert_eq!(statuses(&a).await, ["PENDING"; 3]);
    enable(&a, &receiver.url, true).await.expect(200);
    receiver.take();
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 3);
    app.finish().await;
}

#[tokio::test]
async fn both_secrets_sign_for_a_day_after_a_rotation() {
    let (app, a, receiver, endpoint) = prepared().await;
    let body = json!({"url": receiver.url, "rotateSecret": true});
    let rotated = a.call(Method::PUT, "/v1/webhooks/endpoint").json(&body).send().await.expect(200);
    assert_ne!(rotated["signingSecret"], endpoint["signingSecret"]);
    assert_eq!(rotated["publicKey"], endpoint["publicKey"]);
    let secret =
        |item: &Value| SigningSecret::parse(item["signingSecret"].as_str().expect("a secret")).expect("one");
    let (old, new) = (secret(&endpoint), secret(&rotated));
    let signed_by = async |secrets: &[SigningSecret]| {
        a.pay(Some("anna"), None, "1").await;
        deliver(&app).await;
        let got = receiver.take().pop().expect("a webhook");
        let timestamp = got.header("webhook-timestamp").parse().expect("seconds");
        let key = SigningKey::from_seed(&[0; 32]);
        let all = signatures(got.header("webhook-id"), timestamp, got.text.as_bytes(), secrets, &key);
        let v1 = |text: &str| -> Vec<String> {
            text.split(' ').filter(|one| one.starts_with("v1,")).map(str::to_owned).collect()
        };
        assert_eq!(v1(got.header("webhook-signature")), v1(&all));
    };
    signed_by(&[new.clone(), old]).await;
    advance(&a, 24 * 60 * 60).await;
    signed_by(&[new]).await;
    app.finish().await;
}

#[tokio::test]
async fn a_reset_keeps_the_endpoint_and_begins_anew() {
    let (app, a, receiver, _) = prepared().await;
    a.pay(Some("anna"), None, "1").await;
    a.post("/v1/sandbox/reset", &json!({})).send().await.expect(200);
    deliver(&app).await;
    assert!(receiver.take().is_empty(), "the old book is closed");
    assert_eq!(a.get("/v1/webhooks/endpoint").await.expect(200)["url"], receiver.url.as_str());
    a.verified_user("ben").await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), a.events().await.len());
    app.finish().await;
}

/// B's delivery completes while A's are held open.
#[tokio::test]
async fn a_server_that_hangs_delays_nobody_else() {
    let app = TestApp::start().await;
    let (a, b) = (app.a(), app.b());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let hanging = format!("http://{}", listener.local_addr().expect("an address"));
    let (fast, (held, mut holds)) = (Receiver::start().await, tokio::sync::mpsc::unbounded_channel());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            held.send(stream).expect("somebody listens");
        }
    });
    for client in [&a, &b] {
        client.verified_user("anna").await;
        client.fund(Some("anna"), "100", "eur").await;
    }
    register(&a, &hanging).await;
    register(&b, &fast.url).await;
    for _ in 0..50 {
        a.pay(Some("anna"), None, "0.01").await;
    }
    let worker = tokio::spawn(florin_api::webhooks::work(app.app.clone()));
    // Only when A's server has a request that it does not answer does B's event happen.
    let hanging = holds.recv().await.expect("a connection");
    b.pay(Some("anna"), None, "1").await;
    while deliveries(&b, "status=DELIVERED").await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(fast.take().len(), 1);
    assert!(deliveries(&a, "status=DELIVERED").await.is_empty());
    drop((hanging, holds));
    app.app.stop_waiting();
    worker.await.expect("no panic");
    app.finish().await;
}

/// Requests that hang at the former URL are given up, and go to the new one.
#[tokio::test]
async fn a_new_url_does_not_wait_for_the_former_one() {
    let app = TestApp::start().await;
    let (a, fast) = (app.a(), Receiver::start().await);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let hanging = format!("http://{}", listener.local_addr().expect("an address"));
    a.verified_user("anna").await;
    a.fund(Some("anna"), "100", "eur").await;
    register(&a, &hanging).await;
    a.pay(Some("anna"), None, "1").await;
    let worker = tokio::spawn(florin_api::webhooks::work(app.app.clone()));
    let (held, _) = listener.accept().await.expect("a connection");
    let moved = async {
        register(&a, &fast.url).await;
        while deliveries(&a, "status=DELIVERED").await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), moved)
        .await
        .expect("long before the 15 s are over");
    assert_eq!(fast.take().len(), 1);
    let attempts = deliveries(&a, "").await[0]["attempts"].clone();
    assert_eq!(attempts[0]["error"], "given up: the endpoint has another URL");
    assert_eq!(attempts[1]["statusCode"], 200);
    drop(held);
    app.app.stop_waiting();
    worker.await.expect("no panic");
    app.finish().await;
}

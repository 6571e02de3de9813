//! Webhooks that were pending arrive at another receiver, in order, and no other ones.

use super::before::Before;
use crate::support::{Call, Event};
use crate::webhooks::receiver::{Got, Receiver};
use crate::webhooks::{TOKEN, object, put_endpoint, until_delivered};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Ids of the events whose deliveries stand so.
fn of_status<'a>(deliveries: &'a [Value], status: &str) -> BTreeSet<&'a str> {
    let found = deliveries.iter().filter(|delivery| delivery["status"] == status);
    found.map(|delivery| delivery["eventId"].as_str().expect("an id")).collect()
}

/// What was taken, once each, in the order in which it was first taken.
fn taken(receiver: &Receiver) -> Vec<Got> {
    let mut seen = BTreeSet::new();
    receiver.log().into_iter().filter(|got| got.is_taken && seen.insert(got.id.clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pending_webhooks_arrive_in_order() {
    let before = Before::start().await;
    let (client, receiver) = (before.client("first"), Receiver::start().await);
    put_endpoint(&client, &receiver.url, true).await;
    until_delivered(&client, &receiver).await;
    let events: BTreeMap<String, Event> =
        client.events().await.into_iter().map(|event| (event.id.clone(), event)).collect();
    let got = taken(&receiver);
    let ids: BTreeSet<&str> = got.iter().map(|got| got.id.as_str()).collect();
    let pending = of_status(&before.recorded.deliveries, "PENDING");
    assert!(pending.len() > 10 && pending.is_subset(&ids), "{pending:?} and {ids:?}");
    for status in ["DELIVERED", "FAILED"] {
        let old = of_status(&before.recorded.deliveries, status);
        assert!(!old.is_empty() && old.is_disjoint(&ids), "{status}: {old:?} and {ids:?}");
    }
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    for got in &got {
        let event = &events[&got.id];
        let body: Value = serde_json::from_str(&got.body).expect("JSON");
        assert_eq!((&body, got.token.as_str()), (&event.payload, TOKEN));
        let before = newest.insert(object(event), event.sequence);
        assert!(before < Some(event.sequence), "{before:?} before {event:?}");
    }
    let failed = before.recorded.deliveries.iter().find(|delivery| delivery["status"] == "FAILED");
    let failed = failed.expect("one that failed");
    let retry = format!("/v1/webhooks/deliveries/{}/retry", failed["id"].as_str().expect("an id"));
    client.send(&Call::post(retry, &json!({}))).await.expect(200);
    until_delivered(&client, &receiver).await;
    assert!(taken(&receiver).iter().any(|got| got.id == failed["eventId"]));
    before.server.finish().await;
}

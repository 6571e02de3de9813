//! Payment links and checkouts, section 3.2.

mod branding;
mod page;
mod payments;
mod refusals;
mod web;
mod workload;

use crate::orders::{mine, pay};
use crate::support::{Client, TestApp};
use florin_api::payment_links::payer;
use serde_json::{Value, json};

const ACTIVE: &str = "ACTIVE";
const WAITS: &str = "AWAITING_PAYMENT";
const CONFIRMS: &str = "AWAITING_CONFIRMATION";
const PARTLY: &str = "AWAITING_COMPLETION";
const PAID: &str = "PAID";
const EXPIRED: &str = "EXPIRED";
const CANCELLED: &str = "CANCELLED";

/// A link of EUR 100.00.
async fn link(client: &Client) -> String {
    let made = client.post("/v1/payment-link", &json!({"amount": "100"})).send().await.expect(201);
    made["paymentLinkId"].as_str().expect("an id").to_owned()
}

/// The payer chooses; the address, and what is to be paid. One usdc costs EUR 0.86.
async fn choose(client: &Client, id: &str, currency: &str, network: &str) -> (String, Value) {
    let body = json!({"currency": currency, "network": network});
    let path = format!("/v1/sandbox/payment-links/{id}/choose");
    let chosen = client.post(&path, &body).send().await.expect(201);
    client.run_jobs().await;
    (chosen["walletAddress"].as_str().expect("an address").to_owned(), chosen["amount"].clone())
}

async fn details(client: &Client, id: &str) -> Value {
    client.get(&format!("/v1/payment-link/details/{id}")).await.expect(200)
}

async fn advance(client: &Client, seconds: u64) {
    client.post("/v1/sandbox/clock/advance", &json!({"seconds": seconds})).send().await.expect(200);
}

async fn cancel(client: &Client, id: &str) -> crate::support::Answer {
    client.post(&format!("/v1/payment-link/{id}/cancel"), &json!({})).send().await
}

/// Statuses and settled amounts of a link's events.
async fn told(client: &Client, id: &str) -> Vec<(String, String)> {
    let events = client.events().await.into_iter();
    let of_link =
        events.filter(|event| event["type"] == "payment_link" && event["payload"]["paymentLinkId"] == id);
    let told = |event: Value| {
        let payload = &event["payload"];
        (payload["status"].as_str().expect("a status").to_owned(), payload["settledAmount"].to_string())
    };
    of_link.map(told).collect()
}

async fn statuses(client: &Client, id: &str) -> Vec<String> {
    told(client, id).await.into_iter().map(|(status, _)| status).collect()
}

/// The partner's balance in EUR.
async fn eur(client: &Client) -> String {
    client.amount(None, "eur").await
}

/// A link that is paid in part, and one that is cancelled.
pub async fn one_of_each(client: &Client) {
    let id = link(client).await;
    let (to, _) = choose(client, &id, "usdc", "polygon").await;
    pay(client, &to, "6", 32).await;
    cancel(client, &link(client).await).await.expect(200);
    client.run_jobs().await;
}

/// Statements that no other test of a walk runs.
pub async fn every_statement(app: &TestApp) {
    let a = app.a();
    one_of_each(&a).await;
    let id = link(&a).await;
    assert!(payer::view(&app.app, &id).await.expect("a view").is_some());
    for name in ["Bookshop", "Shop"] {
        brand(&a, name).await;
    }
}

/// The partner has a name.
pub async fn brand(client: &Client, name: &str) {
    let body = json!({"name": name});
    client.call(http::Method::PUT, "/v1/partner/branding").json(&body).send().await.expect(200);
}

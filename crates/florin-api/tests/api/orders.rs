//! Orders, section 3.1.

use crate::support::{Call, Client, TestApp};
use serde_json::{Value, json};
use std::time::Duration;

const WAITS: &str = "WAITING_FOR_PAYMENT";
const CONFIRMS: &str = "WAITING_FOR_CONFIRMATION";
const PARTLY: &str = "AWAITING_COMPLETION";
const DONE: &str = "COMPLETED";

fn lock(client: &Client, amount: &str, currency: &str, network: Option<&str>) -> Call {
    let mut body = json!({"currency": currency, "amount": amount});
    if let Some(network) = network {
        body["network"] = json!(network);
    }
    client.post("/v1/order/lock-rate", &body)
}

/// An order of EUR 100.00 in usdc on polygon, with its address. One costs EUR 0.86: 116.279069 must be paid.
async fn ordered(client: &Client) -> (String, String) {
    let lock = lock(client, "100", "usdc", Some("polygon")).send().await.expect(200);
    let made = client.post("/v1/order", &json!({"lockId": lock["lockId"]})).send().await.expect(200);
    let id = made["orderId"].as_str().expect("an id").to_owned();
    client.run_jobs().await;
    let address = details(client, &id).await["walletAddress"].as_str().expect("an address").to_owned();
    (id, address)
}

async fn details(client: &Client, id: &str) -> Value {
    client.get(&format!("/v1/order/details/{id}")).await.expect(200)
}

/// Pays, with so many confirmations.
pub async fn pay(client: &Client, to: &str, amount: &str, confirmations: u64) {
    let body = json!({
        "address": to, "currency": "usdc", "network": "polygon", "amount": amount, "confirmations": confirmations,
    });
    client.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
}

pub async fn mine(client: &Client, blocks: u64) {
    let body = json!({"network": "polygon", "blocks": blocks});
    client.post("/v1/sandbox/chain/mine", &body).send().await.expect(200);
}

/// Statuses and settled amounts of an order's events.
async fn told(client: &Client, id: &str) -> Vec<(String, String)> {
    let events = client.events().await.into_iter();
    let of_order = events.filter(|event| event["type"] == "order" && event["payload"]["orderId"] == id);
    let told = |event: Value| {
        let payload = &event["payload"];
        (payload["status"].as_str().expect("a status").to_owned(), payload["settledAmount"].to_string())
    };
    of_order.map(told).collect()
}

async fn statuses(client: &Client, id: &str) -> Vec<String> {
    told(client, id).await.into_iter().map(|(status, _)| status).collect()
}

#[tokio::test]
async fn an_order_is_paid_exactly() {
    let app = TestApp::start().await;
    let a = app.a();
    let locked = lock(&a, "100.00", "USDC", Some("Polygon")).send().await.expect(200);
    let lock_id = locked["lockId"].clone();
    assert_eq!(
        locked,
        json!({
            "lockId": lock_id, "rate": "0.86", "amount": 116.279069, "expiresAt": "2026-11-23T12:00:40.000Z",
            "currency": "usdc", "destinationCurrency": "eur", "network": "polygon",
        })
    );
    let made = a.post("/v1/order", &json!({"lockId": lock_id})).keyed("k").send().await.expect(200);
    let id = made["orderId"].as_str().expect("an id");
    let new = details(&a, id).await;
    assert_eq!(
        (&new["status"], &new["walletAddress"], &new["expiresAt"]),
        (&json!("WAITING_FOR_WALLET_ADDRESS"), &json!(null), &json!(null))
    );
    a.run_jobs().await;
    let waiting = details(&a, id).await;
    assert_eq!(
        (&waiting["status"], &waiting["expiresAt"]),
        (&json!(WAITS), &json!("2026-11-23T12:15:00.000Z"))
    );
    let to = waiting["walletAddress"].as_str().expect("an address");
    pay(&a, to, "116.279069", 1).await;
    let seen = details(&a, id).await;
    assert_eq!(
        (&seen["status"], &seen["confirmations"], &seen["receivedAmount"]),
        (&json!(CONFIRMS), &json!(1), &json!(0))
    );
    assert_eq!(a.amount(None, "eur").await, "0.00");
    mine(&a, 31).await;
    let paid = details(&a, id).await;
    assert_eq!(
        paid,
        json!({
            "orderId": id, "lockId": lock_id, "status": DONE, "createdAt": "2026-11-23T12:00:00.000Z",
            "expiresAt": "2026-11-23T12:15:00.000Z", "confirmations": 32, "requiredConfirmations": 32,
            "receivedAmount": 116.279069, "totalAmountRequired": 116.279069, "currency": "eur",
            "cryptocurrency": "usdc", "walletAddress": to, "transactionHash": paid["transactionHash"],
            "network": "POLYGON", "settlementAmount": 100, "settledAmount": 100, "overpaidAmount": 0,
            "transactions": [{
                "transactionHash": paid["transactionHash"], "amount": 116.279069, "confirmations": 32,
                "status": "CONFIRMED", "settledAmount": 100, "isLate": false,
            }],
        })
    );
    assert_eq!(a.amount(None, "eur").await, "100.00");
    assert_eq!(a.amount(None, "usdc").await, "0.000000");
    let line = &a.history(None).await[0];
    assert_eq!(
        (&line["type"], &line["amount"], &line["id"]),
        (&json!("ORDER"), &json!("100.00"), &json!(id))
    );
    assert_eq!(statuses(&a, id).await, [WAITS, CONFIRMS, DONE]);
    // The end of its time changes nothing.
    app.clock.advance(Duration::from_secs(3_600));
    a.run_jobs().await;
    assert_eq!(statuses(&a, id).await.len(), 3);
    app.finish().await;
}

#[tokio::test]
async fn an_order_is_paid_in_two_parts_and_over() {
    let app = TestApp::start().await;
    let a = app.a();
    let (id, to) = ordered(&a).await;
    pay(&a, &to, "50", 32).await;
    assert_eq!(a.amount(None, "eur").await, "43.00");
    let partly = details(&a, &id).await;
    assert_eq!((&partly["status"], &partly["receivedAmount"]), (&json!(PARTLY), &json!(50)));
    // The payer has a quarter of an hour from the confirmation on.
    app.clock.advance(Duration::from_secs(14 * 60));
    pay(&a, &to, "70", 32).await;
    let paid = details(&a, &id).await;
    // 66.279069 complete the order; 3.720931 more are sold at the rate of now.
    assert_eq!(a.amount(None, "eur").await, "103.20");
    assert_eq!(
        (&paid["status"], &paid["overpaidAmount"], &paid["settledAmount"]),
        (&json!(DONE), &json!(3.720931), &json!(103.2))
    );
    let told = told(&a, &id).await;
    let told: Vec<_> = told.iter().map(|(status, settled)| (status.as_str(), settled.as_str())).collect();
    assert_eq!(told, [(WAITS, "0"), (PARTLY, "43"), (DONE, "103.2")]);
    // Twice the whole again: nothing is lost.
    pay(&a, &to, "116.279069", 32).await;
    assert_eq!(a.amount(None, "eur").await, "203.19");
    app.finish().await;
}

#[tokio::test]
async fn what_is_paid_late_is_settled_at_the_rate_of_now() {
    let app = TestApp::start().await;
    let a = app.a();
    let (id, to) = ordered(&a).await;
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 901})).send().await.expect(200);
    assert_eq!(details(&a, &id).await["status"], "EXPIRED");
    a.post("/v1/sandbox/rates", &json!({"currency": "usdc", "rate": 0.5})).send().await.expect(200);
    pay(&a, &to, "116.279069", 32).await;
    let paid = details(&a, &id).await;
    assert_eq!((&paid["status"], &paid["settledAmount"]), (&json!(DONE), &json!(58.13)));
    assert_eq!(paid["transactions"][0]["isLate"], true);
    assert_eq!(a.amount(None, "eur").await, "58.13");
    assert_eq!(statuses(&a, &id).await, [WAITS, "EXPIRED", DONE]);
    // Too little, and then nothing more.
    let (id, to) = ordered(&a).await;
    pay(&a, &to, "1", 32).await;
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 901})).send().await.expect(200);
    assert_eq!(statuses(&a, &id).await, [WAITS, PARTLY, "FAILED"]);
    app.finish().await;
}

/// On chains of Ethereum's kind an address is one of all currencies and networks.
#[tokio::test]
async fn what_is_paid_in_another_currency_or_network_is_the_partners() {
    let app = TestApp::start().await;
    let a = app.a();
    let (id, to) = ordered(&a).await;
    for (currency, network, amount) in
        [("pol", "polygon", "1.17"), ("usdc", "ethereum", "116.279069"), ("usdt", "polygon", "7")]
    {
        let body = json!({
            "address": to, "currency": currency, "network": network, "amount": amount, "confirmations": 32,
        });
        a.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
    }
    let order = details(&a, &id).await;
    assert_eq!((&order["status"], &order["transactions"]), (&json!(WAITS), &json!([])));
    let amounts = [a.amount(None, "pol").await, a.amount(None, "usdc").await, a.amount(None, "usdt").await];
    assert_eq!(amounts, ["1.17000000", "116.279069", "7.000000"]);
    assert_eq!(a.amount(None, "eur").await, "0.00");
    pay(&a, &to, "116.279069", 32).await;
    assert_eq!(a.amount(None, "eur").await, "100.00");
    app.finish().await;
}

#[tokio::test]
async fn a_payment_that_leaves_its_chain_is_taken_back() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let (id, to) = ordered(&a).await;
    pay(&a, &to, "116.279069", 32).await;
    a.pay(None, Some("anna"), "30").await;
    let reorganise = json!({"network": "polygon", "depth": 40});
    a.post("/v1/sandbox/chain/reorganise", &reorganise).send().await.expect(200);
    let lost = details(&a, &id).await;
    assert_eq!((&lost["status"], &lost["settledAmount"]), (&json!(WAITS), &json!(0)));
    assert_eq!(a.amount(None, "eur").await, "0.00");
    // The next blocks have it: the debt of 30 is paid first.
    mine(&a, 32).await;
    assert_eq!(a.amount(None, "eur").await, "70.00");
    assert_eq!(details(&a, &id).await["status"], DONE);
    app.finish().await;
}

/// A payment that is worth less than a cent has settled nothing, and there is nothing to take back.
#[tokio::test]
async fn a_payment_worth_no_cent_leaves_its_chain_too() {
    let app = TestApp::start().await;
    let a = app.a();
    let (id, to) = ordered(&a).await;
    pay(&a, &to, "0.001", 32).await;
    pay(&a, &to, "116.278069", 32).await;
    assert_eq!(
        (a.amount(None, "eur").await, details(&a, &id).await["status"].clone()),
        ("100.00".to_owned(), json!(DONE))
    );
    let reorganise = json!({"network": "polygon", "depth": 80});
    a.post("/v1/sandbox/chain/reorganise", &reorganise).send().await.expect(200);
    assert_eq!(
        (a.amount(None, "eur").await, details(&a, &id).await["status"].clone()),
        ("0.00".to_owned(), json!(WAITS))
    );
    mine(&a, 64).await;
    assert_eq!(
        (a.amount(None, "eur").await, details(&a, &id).await["status"].clone()),
        ("100.00".to_owned(), json!(DONE))
    );
    app.finish().await;
}

#[tokio::test]
async fn every_refusal() {
    let app = TestApp::start().await;
    let a = app.a();
    lock(&a, "100", "xyz", None).send().await.is_refused("P410");
    lock(&a, "100", "eur", None).send().await.is_refused("P457");
    let refused = lock(&a, "100", "usdc", Some("btc")).send().await;
    refused.is_refused("P410");
    assert!(refused.text().contains("it is on ethereum and polygon"), "{}", refused.text());
    lock(&a, "0", "usdc", None).send().await.is_refused("P403");
    // usdc on ethereum has a least deposit of 5.
    lock(&a, "4", "usdc", None).send().await.is_refused("P450");
    let locked = lock(&a, "5", "usdc", None).send().await.expect(200);
    assert_eq!(locked["network"], "ethereum");
    let order = |client: &Client, lock: &Value| client.post("/v1/order", &json!({"lockId": lock}));
    order(&a, &json!("0198c5d2-d064-7257-8fb8-91c36e7f80a1")).send().await.is_refused("P436");
    order(&app.b(), &locked["lockId"]).send().await.is_refused("P436");
    order(&a, &locked["lockId"]).send().await.expect(200);
    order(&a, &locked["lockId"]).send().await.is_refused("P436");
    let locked = lock(&a, "5", "btc", None).send().await.expect(200);
    app.clock.advance(Duration::from_secs(40));
    order(&a, &locked["lockId"]).send().await.is_refused("P435");
    for id in ["x", "0198c5d2-d064-7257-8fb8-91c36e7f80a2"] {
        a.get(&format!("/v1/order/details/{id}")).await.is_refused("P443");
    }
    let rates = a.get("/v1/order/rates").await.expect(200);
    assert_eq!(rates["usdc"], json!({"rate": 0.86, "networks": ["ethereum", "polygon"]}));
    assert_eq!(rates["eur"], json!(null));
    a.run_jobs().await;
    app.finish().await;
}

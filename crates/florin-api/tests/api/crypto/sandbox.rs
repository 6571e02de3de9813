//! The simulated chains, by the calls of a sandbox.

use super::*;
use std::time::Duration;

fn pay(client: &Client, to: &str, currency: &str, network: &str, more: &Value) -> crate::support::Call {
    let mut body = json!({"address": to, "currency": currency, "network": network, "amount": "10"});
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    client.post("/v1/sandbox/chain/deposit", &body)
}

async fn statuses(client: &Client, id: &Value) -> Vec<Value> {
    let events = client.events().await.into_iter();
    let of_deposit = events.filter(|event| event["payload"]["cryptoDepositId"] == *id);
    of_deposit.map(|event| event["payload"]["status"].clone()).collect()
}

async fn shown(client: &Client, id: &Value) -> Value {
    client.get(&format!("/v1/crypto-deposit/details/{}", id.as_str().expect("an id"))).await.expect(200)
}

#[tokio::test]
async fn a_deposit_confirms_by_itself_on_every_network() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    for (currency, network, amount) in [
        ("btc", "btc", "0.01000000"),
        ("ltc", "ltc", "0.01000000"),
        ("doge", "doge", "0.01000000"),
        ("eth", "ethereum", "0.01000000"),
        ("pol", "polygon", "0.01000000"),
        ("usdc", "polygon", "0.010000"),
    ] {
        let to = address(&a, Some("anna"), currency, network).await;
        let made = pay(&a, &to, currency, network, &json!({"amount": "0.01"})).send().await.expect(201);
        let id = &made["cryptoDepositId"];
        assert_eq!(a.amount(Some("anna"), currency).await.trim_matches(['0', '.']), "", "not at once");
        app.clock.advance(Duration::from_secs(1));
        a.run_jobs().await;
        app.clock.advance(Duration::from_secs(1));
        a.run_jobs().await;
        assert_eq!(
            statuses(&a, id).await,
            ["WAITING_FOR_VERIFICATION", "SUCCESSFUL"],
            "{currency} {network}"
        );
        assert_eq!(a.amount(Some("anna"), currency).await, amount);
        let shown = shown(&a, id).await;
        assert_eq!(shown["transactionHash"], made["transactionHash"]);
        assert!(shown["confirmations"].as_u64() >= shown["requiredConfirmations"].as_u64(), "{shown}");
    }
    app.finish().await;
}

#[tokio::test]
async fn blocks_are_made_at_once_where_that_is_asked_for() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let to = address(&a, Some("anna"), "usdt", "polygon").await;
    let made = pay(&a, &to, "usdt", "polygon", &json!({"confirmations": 0})).send().await.expect(201);
    let id = &made["cryptoDepositId"];
    a.settle().await;
    a.get(&format!("/v1/crypto-deposit/details/{}", id.as_str().expect("an id"))).await.is_refused("P442");
    let mine =
        |blocks: u64| a.post("/v1/sandbox/chain/mine", &json!({"network": "polygon", "blocks": blocks}));
    mine(3).send().await.expect(200);
    let seen = shown(&a, id).await;
    assert_eq!((&seen["status"], &seen["confirmations"]), (&json!("WAITING_FOR_VERIFICATION"), &json!(3)));
    let reorganise = json!({"network": "polygon", "depth": 3});
    a.post("/v1/sandbox/chain/reorganise", &reorganise).send().await.expect(200);
    assert_eq!(shown(&a, id).await["confirmations"], 0);
    mine(31).send().await.expect(200);
    assert_eq!(shown(&a, id).await["confirmations"], 31);
    assert_eq!(a.amount(Some("anna"), "usdt").await, "0.000000");
    mine(1).send().await.expect(200);
    assert_eq!(a.amount(Some("anna"), "usdt").await, "10.000000");
    assert_eq!(statuses(&a, id).await, ["WAITING_FOR_VERIFICATION", "SUCCESSFUL"]);
    // Several outputs, and with all confirmations at once.
    let made =
        pay(&a, &to, "usdt", "polygon", &json!({"outputs": 3, "confirmations": 32})).send().await.expect(201);
    assert_eq!(statuses(&a, &made["cryptoDepositId"]).await, ["WAITING_FOR_VERIFICATION", "SUCCESSFUL"]);
    assert_eq!(a.amount(Some("anna"), "usdt").await, "40.000000");
    app.finish().await;
}

#[tokio::test]
async fn what_the_chain_loses_is_lost() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let to = address(&a, Some("anna"), "ltc", "ltc").await;
    let made =
        pay(&a, &to, "ltc", "ltc", &json!({"amount": "1", "confirmations": 6})).send().await.expect(201);
    assert_eq!(a.amount(Some("anna"), "ltc").await, "1.00000000");
    let reorganise = json!({"network": "ltc", "depth": 6, "drops": true});
    a.post("/v1/sandbox/chain/reorganise", &reorganise).send().await.expect(200);
    crate::support::expect_errors(&["left its chain and was taken back"]);
    assert_eq!(a.amount(Some("anna"), "ltc").await, "0.00000000");
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 90_000})).send().await.expect(200);
    let shown = shown(&a, &made["cryptoDepositId"]).await;
    assert_eq!((&shown["status"], &shown["error"]["status"]), (&json!("UNSUCCESSFUL"), &json!("GONE")));
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_paid_is_refused() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let to = address(&a, Some("anna"), "btc", "btc").await;
    let none = json!({});
    pay(&a, &to, "btc", "ltc", &none).send().await.is_refused("P410");
    pay(&a, &to, "xyz", "btc", &none).send().await.is_refused("P410");
    pay(&a, "tb1qnobody", "btc", "btc", &none).send().await.is_refused("P458");
    pay(&a, &to, "btc", "btc", &json!({"amount": "0"})).send().await.is_refused("P403");
    pay(&app.b(), &to, "btc", "btc", &none).send().await.is_refused("P458");
    let mine = json!({"network": "solana"});
    a.post("/v1/sandbox/chain/mine", &mine)
        .send()
        .await
        .is_invalid("network must be one whose chain is simulated");
    app.finish().await;
}

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
    let refused = pay(&a, &to, "btc", "ltc", &none).send().await;
    refused.is_refused("P410");
    assert!(refused.text().contains("it is on btc"), "{}", refused.text());
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

/// The addresses that can be paid: of a user, of the partner and of an order, each with what has been made for it.
async fn payable(app: &TestApp) -> Vec<(String, String)> {
    let (a, mut all) = (app.a(), Vec::new());
    for row in app.app.settings.reference.currencies() {
        let currency = row.currency.code.to_string();
        for network in &row.networks {
            for user in [Some("anna"), None] {
                all.push((network.slug.clone(), address(&a, user, &currency, &network.slug).await));
            }
            let lock = json!({"currency": currency, "amount": "100", "network": network.slug});
            let lock = a.post("/v1/order/lock-rate", &lock).send().await.expect(200)["lockId"].clone();
            let order = a.post("/v1/order", &json!({"lockId": lock})).send().await.expect(200);
            a.run_jobs().await;
            let order = format!("/v1/order/details/{}", order["orderId"].as_str().expect("an id"));
            let to = a.get(&order).await.expect(200)["walletAddress"].clone();
            all.push((network.slug.clone(), to.as_str().expect("an address").to_owned()));
        }
    }
    all
}

/// What comes to an address is on the chain of the address, or it could never be there.
#[tokio::test]
async fn an_address_of_another_network_is_refused() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let all = payable(&app).await;
    let kind = |network: &str| if network == "polygon" { "ethereum".to_owned() } else { network.to_owned() };
    let (mut taken, mut events) = (0, a.events().await.len());
    for row in app.app.settings.reference.currencies().to_vec() {
        for network in &row.networks {
            for (of, to) in &all {
                let (currency, slug) = (row.currency.code.as_str(), network.slug.as_str());
                let paid = pay(&a, to, currency, slug, &json!({"amount": "0.05", "confirmations": 50}));
                let answer = paid.send().await;
                if kind(of) == kind(slug) {
                    answer.expect(201);
                    taken += 1;
                    events = a.events().await.len();
                } else {
                    answer.is_refused("P458");
                    let why = answer.json()["errorMessage"].as_str().expect("a message").to_owned();
                    assert!(
                        why.contains("address must be an address of this network, which begins with"),
                        "{why}"
                    );
                    assert_eq!(a.events().await.len(), events, "{currency} {slug} {to}");
                }
            }
        }
    }
    assert!(taken > 50, "{taken}");
    let outcome = florin_api::crypto::reconcile(&app.app).await.expect("books can be read");
    assert!(outcome.is_clean(), "{outcome:#?}");
    app.finish().await;
}

/// Letter case that says nothing is not looked at.
#[tokio::test]
async fn an_address_may_be_written_in_other_ways() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    for (currency, network) in [("eth", "ethereum"), ("btc", "btc")] {
        let to = address(&a, Some("anna"), currency, network).await;
        let to = if network == "btc" { to.to_uppercase() } else { to.to_lowercase() };
        let more = json!({"amount": "0.01", "confirmations": 12});
        let made = pay(&a, &to, currency, network, &more).send().await.expect(201);
        assert_eq!(shown(&a, &made["cryptoDepositId"]).await["status"], "SUCCESSFUL", "{to}");
    }
    app.finish().await;
}

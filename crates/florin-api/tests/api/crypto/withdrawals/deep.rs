//! Reorganisations deeper than the confirmations, after a withdrawal has ended.

use super::stuck::{ALL, forget, settle};
use super::{details, id_of, outside, told, with_anna, withdraw};
use crate::support::{Client, TestApp};
use florin_api::crypto::reconcile;
use serde_json::{Value, json};
use std::time::Duration;

async fn play(a: &Client, what: &str, body: Value) {
    a.post(&format!("/v1/sandbox/chain/{what}"), &body).send().await.expect(200);
    a.run_jobs().await;
}

/// What the books are ahead of the chains by payments.
async fn ahead(app: &TestApp) -> i128 {
    let outcome = reconcile(&app.app).await.expect("books can be read");
    assert!(outcome.is_clean(), "{outcome:?}");
    outcome.currencies.iter().map(|line| line.explained.sent).sum()
}

/// How often the end of a withdrawal was told.
async fn ends(a: &Client, id: &str) -> usize {
    let ends = |one: &&Value| one["id"] == id && one["status"] == "SUCCESSFUL";
    told(a).await.iter().filter(ends).count()
}

/// A withdrawal that has ended, and what its end says of it.
async fn settled(a: &Client, (amount, currency, network): (&str, &str, &str)) -> (String, Value) {
    let made = withdraw(a, Some("anna"), (amount, currency, network), &outside(network));
    let id = id_of(&made.send().await);
    settle(a).await;
    let paid = details(a, &id).await;
    assert_eq!(paid["status"], "SUCCESSFUL", "{paid}");
    (id, paid)
}

/// No transaction waits any more.
async fn finish(app: TestApp) {
    let open = "SELECT COUNT(*) FROM chain_try WHERE state NOT IN ('DONE', 'GONE')";
    assert_eq!(app.database().count(open).await, 0);
    app.finish().await;
}

/// A payment that was settled waits again, is mined again, and nothing is booked or told twice.
#[tokio::test]
async fn a_settled_payment_is_mined_again() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (amount, currency, network) in ALL {
        let (id, paid) = settled(&a, (amount, currency, network)).await;
        let (balance, lines) = (a.amount(Some("anna"), currency).await, a.history(Some("anna")).await.len());
        play(&a, "reorganise", json!({"network": network, "depth": 60})).await;
        assert!(ahead(&app).await > 0, "{network}");
        assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL");
        for _ in 0..3 {
            play(&a, "mine", json!({"network": network, "blocks": 20})).await;
        }
        assert_eq!(ahead(&app).await, 0, "{network}");
        let again = details(&a, &id).await;
        assert_eq!(
            (&again["status"], &again["transactionHash"]),
            (&paid["status"], &paid["transactionHash"])
        );
        assert_eq!(a.amount(Some("anna"), currency).await, balance);
        assert_eq!(a.history(Some("anna")).await.len(), lines);
        assert_eq!(ends(&a, &id).await, 1, "{network}");
    }
    finish(app).await;
}

/// The node has forgotten it too: it is given to it again, or replaced, and what its fee differs is booked.
#[tokio::test]
async fn a_settled_payment_is_replaced() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (amount, currency, network) in ALL {
        let (id, paid) = settled(&a, (amount, currency, network)).await;
        play(&a, "reorganise", json!({"network": network, "depth": 60})).await;
        forget(&app, network, &paid["transactionHash"]).await;
        app.clock.advance(Duration::from_secs(31 * 60));
        settle(&a).await;
        play(&a, "mine", json!({"network": network, "blocks": 40})).await;
        assert_eq!(ahead(&app).await, 0, "{network}");
        let again = details(&a, &id).await;
        assert_eq!(again["status"], "SUCCESSFUL", "{network}");
        assert_eq!(again["transactionHash"] == paid["transactionHash"], network == "ltc", "{network}");
        assert_eq!(ends(&a, &id).await, 1, "{network}");
    }
    finish(app).await;
}

/// What paid it is lost with its block: nothing else is spent in its place, for that could pay twice. The difference is
/// told, and others are paid all the while.
#[tokio::test]
async fn a_payment_of_lost_coins_waits_for_a_person() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (is_settled, currency, left) in [(true, "btc", "SUCCESSFUL"), (false, "doge", "PROCESSING")] {
        // More than any output that the hot wallet has.
        a.fund(Some("anna"), "16000", currency).await;
        let wallet = json!({"currency": currency, "network": currency});
        let wallet = a.post("/v1/partner/wallet", &wallet).send().await;
        let deposit = json!({
            "address": wallet.json()["address"], "currency": currency, "network": currency, "amount": "20000",
            "confirmations": 13,
        });
        a.post("/v1/sandbox/chain/deposit", &deposit).send().await.expect(201);
        let made = withdraw(&a, Some("anna"), ("15000", currency, currency), &outside(currency));
        let id = id_of(&made.send().await);
        a.run_jobs().await;
        if is_settled {
            settle(&a).await;
            assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL");
        }
        play(&a, "reorganise", json!({"network": currency, "depth": 60, "drops": true})).await;
        // In the second round it is that of the first.
        app.clock.advance(Duration::from_secs(31 * 60));
        settle(&a).await;
        play(&a, "mine", json!({"network": currency, "blocks": 40})).await;
        assert!(ahead(&app).await > 0);
        assert_eq!(details(&a, &id).await["status"], left);
        let made = withdraw(&a, None, ("100", "doge", "doge"), &outside("doge"));
        let other = id_of(&made.send().await);
        settle(&a).await;
        assert_eq!(details(&a, &other).await["status"], "SUCCESSFUL");
    }
    let tries = "SELECT COUNT(*) FROM chain_try";
    assert_eq!(app.database().count(tries).await, 4);
    app.finish().await;
}

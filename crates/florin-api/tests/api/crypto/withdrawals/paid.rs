//! Withdrawals that are paid, over the simulated chains.

use super::{details, id_of, network_fee, outside, told, with_anna, withdraw};
use crate::support::TestApp;
use serde_json::json;

const ALL: [(&str, &str, &str); 6] = [
    ("0.25", "btc", "btc"),
    ("1", "ltc", "ltc"),
    ("100", "doge", "doge"),
    ("1", "eth", "ethereum"),
    ("10", "pol", "polygon"),
    ("20", "usdc", "polygon"),
];

/// From the call to the last confirmation, on every network, of a user and of the partner.
#[tokio::test]
async fn each_network_pays() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for user in [Some("anna"), None] {
        for (amount, currency, network) in ALL {
            let what = (amount, currency, network);
            let fee = network_fee(&a, currency, network).await;
            let id = id_of(&withdraw(&a, user, what, &outside(network)).send().await);
            a.run_jobs().await;
            let sent = details(&a, &id).await;
            assert_eq!(sent["status"], "PROCESSING", "{what:?} {sent}");
            assert!(sent["transactionHash"].is_string(), "{sent}");
            for _ in 0..4 {
                a.settle().await;
            }
            let paid = details(&a, &id).await;
            assert_eq!(paid["status"], "SUCCESSFUL", "{what:?} {paid}");
            assert_eq!(paid["transactionHash"], sent["transactionHash"]);
            assert_eq!(paid["confirmations"], paid["requiredConfirmations"]);
            assert_eq!(paid["networkFee"], fee["networkFee"], "it is charged as it was held");
            let line = &a.history(user).await[0];
            assert_eq!((&line["type"], &line["status"]), (&json!("CRYPTO_WITHDRAWAL"), &json!("SUCCESSFUL")));
            let amount: f64 = amount.parse().expect("a number");
            let moved: f64 = line["amount"].as_str().expect("a text").parse().expect("a number");
            assert!((amount + moved).abs() < 1e-9, "{line}");
            let statuses: Vec<_> = told(&a)
                .await
                .into_iter()
                .filter(|payload| payload["id"] == json!(id))
                .map(|payload| (payload["status"].clone(), payload["transactionHash"].clone()))
                .collect();
            let hash = &sent["transactionHash"];
            let told = [(json!("PROCESSING"), hash.clone()), (json!("SUCCESSFUL"), hash.clone())];
            assert_eq!(statuses, told, "{what:?}");
        }
    }
    app.finish().await;
}

/// Many at once: each has a number, or outputs, of its own.
#[tokio::test]
async fn many_at_once_are_all_paid() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        for (_, currency, network) in [ALL[0], ALL[3], ALL[5]] {
            let amount = if currency == "usdc" { "2" } else { "0.01" };
            let made = withdraw(&a, Some("anna"), (amount, currency, network), &outside(network));
            ids.push(id_of(&made.send().await));
        }
    }
    for _ in 0..6 {
        a.settle().await;
    }
    let mut hashes = Vec::new();
    for id in &ids {
        let shown = details(&a, id).await;
        assert_eq!(shown["status"], "SUCCESSFUL", "{shown}");
        hashes.push(shown["transactionHash"].to_string());
    }
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), ids.len());
    app.finish().await;
}

/// What was asked for is done when the clock has moved, or blocks were made: nothing need be waited for.
#[tokio::test]
async fn one_step_of_the_clock_ends_a_withdrawal_that_was_just_made() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let fails = |network: &str| match network {
        "btc" => "tb1qvekx7unfdcazqctvwashjueqveskjmrnkmxale",
        "ltc" => "tltc1qvekx7unfdcazqctvwashjueqveskjmrn0nyr0s",
        "doge" => "ndXj64HFu3p2kKmftAMR8H3xC9GAJawbq8",
        _ => "0x666C6F72696E3A20616c77617973206661696C73",
    };
    for (amount, currency, network) in [
        ("0.1", "btc", "btc"),
        ("0.1", "ltc", "ltc"),
        ("50", "doge", "doge"),
        ("0.1", "eth", "ethereum"),
        ("5", "usdc", "ethereum"),
        ("5", "pol", "polygon"),
        ("5", "usdc", "polygon"),
    ] {
        for (to, status) in [(outside(network), "SUCCESSFUL"), (fails(network).to_owned(), "FAILED")] {
            let withdraw = || withdraw(&a, Some("anna"), (amount, currency, network), &to);
            let id = id_of(&withdraw().send().await);
            a.post("/v1/sandbox/clock/advance", &json!({"seconds": 1})).send().await.expect(200);
            assert_eq!(details(&a, &id).await["status"], status, "{currency} on {network}");
            let id = id_of(&withdraw().send().await);
            let mine = json!({"network": network, "blocks": 32});
            a.post("/v1/sandbox/chain/mine", &mine).send().await.expect(200);
            assert_eq!(details(&a, &id).await["status"], status, "{currency} on {network}, by blocks");
        }
    }
    app.finish().await;
}

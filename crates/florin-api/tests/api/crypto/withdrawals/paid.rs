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

//! Withdrawals whose transactions are forgotten, refused, or leave the chain.

use super::{details, id_of, outside, with_anna, withdraw};
use crate::support::{Client, TestApp};
use florin_api::crypto::Net;
use florin_api::crypto::simulated::drop_waiting;
use florin_api::kit::book::jobs::run_inside;
use florin_api::kit::book::registry::book_of;
use florin_api::kit::book::work::Work;
use florin_rails::chain::MagicAddress;
use florin_wallet::{Chain, ChainKind, Net as Which};
use serde_json::{Value, json};
use std::time::Duration;

pub const ALL: [(&str, &str, &str); 5] = [
    ("0.25", "btc", "btc"),
    ("1", "ltc", "ltc"),
    ("100", "doge", "doge"),
    ("1", "eth", "ethereum"),
    ("20", "usdc", "polygon"),
];

pub async fn settle(a: &Client) {
    for _ in 0..4 {
        a.settle().await;
    }
}

/// Makes the node of a network forget what waits.
pub async fn forget(app: &TestApp, network: &'static str, hash: &Value) {
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let (net, hash) = (Net::of(network).expect("a network"), hash.as_str().expect("a hash").to_owned());
    let forget = async move |work: &mut Work<'_>| {
        assert!(drop_waiting(work, net, &hash).await?);
        Ok(())
    };
    run_inside(&app.app, book, Vec::new(), forget).await.expect("a command");
}

/// What a node forgot is given to it again, and replaced with a higher fee: once, and paid once.
#[tokio::test]
async fn what_waits_too_long_is_replaced() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (amount, currency, network) in ALL {
        let made = withdraw(&a, Some("anna"), (amount, currency, network), &outside(network));
        let id = id_of(&made.send().await);
        a.run_jobs().await;
        let sent = details(&a, &id).await;
        assert_eq!(sent["status"], "PROCESSING", "{sent}");
        forget(&app, network, &sent["transactionHash"]).await;
        settle(&a).await;
        assert_eq!(details(&a, &id).await["status"], "PROCESSING", "{network}");
        app.clock.advance(Duration::from_secs(31 * 60));
        settle(&a).await;
        let paid = details(&a, &id).await;
        assert_eq!(paid["status"], "SUCCESSFUL", "{network} {paid}");
        // Litecoin's nodes take no replacements: a child pays for it.
        let is_same = paid["transactionHash"] == sent["transactionHash"];
        assert_eq!(is_same, network == "ltc", "{network}");
    }
    // Later ones are paid as before: no number is left out, no output spent twice.
    for (amount, currency, network) in ALL {
        let made = withdraw(&a, None, (amount, currency, network), &outside(network));
        let id = id_of(&made.send().await);
        settle(&a).await;
        assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL", "{network}");
    }
    app.finish().await;
}

/// A withdrawal of Anna's that a node has; its id.
async fn sent(client: &Client, what: (&str, &str, &str)) -> String {
    let made = withdraw(client, Some("anna"), what, &outside(what.2));
    let id = id_of(&made.send().await);
    client.run_jobs().await;
    id
}

async fn mine(client: &Client, network: &str, blocks: u64) {
    let body = json!({"network": network, "blocks": blocks});
    client.post("/v1/sandbox/chain/mine", &body).send().await.expect(200);
    client.run_jobs().await;
}

/// A server that was away for long finds what it has paid under more blocks than it remembers.
#[tokio::test]
async fn what_was_paid_long_ago_ends() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (amount, currency, network) in ALL {
        let id = sent(&a, (amount, currency, network)).await;
        assert_eq!(details(&a, &id).await["status"], "PROCESSING");
        mine(&a, network, 300).await;
        assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL", "{network}");
    }
    app.finish().await;
}

/// What leaves the chain waits again, and is counted anew.
#[tokio::test]
async fn what_leaves_the_chain_comes_back() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (amount, currency, network) in ALL {
        let id = sent(&a, (amount, currency, network)).await;
        mine(&a, network, 1).await;
        let included = details(&a, &id).await;
        assert_eq!((&included["status"], &included["confirmations"]), (&json!("PROCESSING"), &json!(1)));
        let body = json!({"network": network, "depth": 1});
        a.post("/v1/sandbox/chain/reorganise", &body).send().await.expect(200);
        a.run_jobs().await;
        let back = details(&a, &id).await;
        assert_eq!((&back["status"], &back["confirmations"]), (&json!("PROCESSING"), &json!(0)), "{back}");
        settle(&a).await;
        let paid = details(&a, &id).await;
        assert_eq!(paid["status"], "SUCCESSFUL", "{network} {paid}");
        assert_eq!(paid["transactionHash"], included["transactionHash"]);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_transaction_that_fails_gives_the_money_back() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (amount, currency, network) in ALL {
        let kind = match network {
            "btc" => ChainKind::Bitcoin,
            "ltc" => ChainKind::Litecoin,
            "doge" => ChainKind::Dogecoin,
            _ => ChainKind::Evm,
        };
        let chain = Chain { kind, net: Which::Test };
        let before = a.amount(Some("anna"), currency).await;
        let address = |magic: MagicAddress| magic.address(chain).expect("an address").into_string();
        let fails = address(MagicAddress::Fails);
        let id = id_of(&withdraw(&a, Some("anna"), (amount, currency, network), &fails).send().await);
        settle(&a).await;
        let failed = details(&a, &id).await;
        let code = if kind == ChainKind::Evm { "TRANSACTION_FAILED" } else { "REJECTED" };
        assert_eq!(
            (&failed["status"], &failed["error"]["status"]),
            (&json!("FAILED"), &json!(code)),
            "{failed}"
        );
        assert_eq!(failed["transactionHash"].is_string(), kind == ChainKind::Evm);
        assert_eq!(a.amount(Some("anna"), currency).await, before);
        let asks = address(MagicAddress::Asks);
        let id = id_of(&withdraw(&a, None, (amount, currency, network), &asks).send().await);
        settle(&a).await;
        assert_eq!(details(&a, &id).await["status"], "PENDING");
    }
    let scenarios = a.get("/v1/sandbox/scenarios").await.expect(200);
    assert!(scenarios.to_string().contains("waits for a person, who approves or rejects it"));
    app.finish().await;
}

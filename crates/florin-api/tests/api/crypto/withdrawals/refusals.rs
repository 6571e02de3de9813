//! What is refused, in the contract's order.

use super::{network_fee, outside, with_anna, withdraw};
use crate::support::TestApp;
use http::Method;
use serde_json::json;

#[tokio::test]
async fn refusals_come_in_the_contracts_order() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    a.create_user("new").await;
    a.verified_user("suspended").await;
    a.call(Method::PATCH, "/v1/user/suspend/suspended").send().await.expect(200);
    let (btc, evm) = (outside("btc"), outside("ethereum"));
    for (user, what, address, code) in [
        (Some("nobody"), ("1", "xyz", "btc"), "x", "P410"),
        (Some("nobody"), ("1", "btc", "polygon"), "x", "P410"),
        (Some("nobody"), ("1", "btc", "btc"), "x", "P412"),
        (Some("nobody"), ("1", "eur", "btc"), "x", "P412"),
        (Some("new"), ("1", "btc", "btc"), "x", "P459"),
        (Some("suspended"), ("1", "btc", "btc"), "x", "P455"),
        (Some("suspended"), ("1", "eur", "btc"), "x", "P455"),
        (Some("anna"), ("1", "eur", "btc"), "x", "P457"),
        (Some("anna"), ("0.0001", "btc", "btc"), "x", "P458"),
        (Some("anna"), ("0.0001", "btc", "btc"), &evm, "P458"),
        (Some("anna"), ("1", "eth", "ethereum"), &btc, "P458"),
        (Some("anna"), ("1", "eth", "ethereum"), "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "P458"),
        (Some("anna"), ("1", "btc", "btc"), "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "P458"),
        (Some("anna"), ("0.00099999", "btc", "btc"), &btc, "P450"),
        (Some("anna"), ("1000", "btc", "btc"), &btc, "P433"),
        // Amount and service fee are there, the network's fee is not.
        (Some("anna"), ("0.9997", "btc", "btc"), &btc, "P433"),
        (None, ("1", "xyz", "btc"), "x", "P410"),
        (None, ("1", "eur", "btc"), "x", "P457"),
        (None, ("1", "btc", "btc"), "x", "P458"),
        (None, ("0.00099999", "btc", "btc"), &btc, "P450"),
        (None, ("1000", "btc", "btc"), &btc, "P433"),
    ] {
        let answer = withdraw(&a, user, what, address).send().await;
        assert_eq!(answer.code(), code, "{user:?} {what:?} {address}: {}", answer.text());
    }
    assert_eq!(a.amount(Some("anna"), "btc").await, "1.00000000");
    // What was there, and what it takes with both fees.
    let fee = network_fee(&a, "btc", "btc").await["networkFee"].as_f64().expect("a number");
    for (user, who) in [(Some("anna"), r#"sourceExternalUserId \"anna\""#), (None, "your master balance")] {
        let refused = withdraw(&a, user, ("1000", "btc", "btc"), &btc).send().await;
        let expected = format!("{who} has 1.00000000 btc, and needs {:.8} btc", 1000.0003 + fee);
        assert!(refused.text().contains(&expected), "{} is not {expected}", refused.text());
    }
    app.finish().await;
}

#[tokio::test]
async fn an_address_of_ours_is_refused() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    a.verified_user("ben").await;
    for (currency, network) in [("btc", "btc"), ("eth", "ethereum")] {
        let body = json!({"currency": currency, "network": network});
        for path in ["/v1/user/wallet/ben", "/v1/partner/wallet"] {
            let wallet = a.post(path, &body).send().await.json();
            let address = wallet["address"].as_str().expect("an address");
            for address in [address.to_owned(), address.to_lowercase()] {
                let refused = withdraw(&a, Some("anna"), ("0.1", currency, network), &address).send().await;
                refused.is_refused("P458");
                assert!(refused.text().contains("POST /v1/transfer"), "{}", refused.text());
            }
        }
    }
    // What is ours on ethereum is on polygon too.
    let body = json!({"currency": "eth", "network": "ethereum"});
    let wallet = a.post("/v1/user/wallet/ben", &body).send().await.json();
    let address = wallet["address"].as_str().expect("an address");
    withdraw(&a, Some("anna"), ("5", "usdc", "polygon"), address).send().await.is_refused("P458");
    app.finish().await;
}

#[tokio::test]
async fn without_keys_nothing_is_withdrawn() {
    let app = TestApp::without_wallets().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(Some("anna"), "1", "btc").await;
    withdraw(&a, Some("anna"), ("0.1", "btc", "btc"), &outside("btc")).send().await.is_refused("P457");
    a.get("/v1/crypto-withdrawal/get-network-fee?currency=btc").await.is_refused("P457");
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_in_form_is_p403() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let good = json!({
        "sourceExternalUserId": "anna", "currency": "btc", "amount": "0.1", "walletAddress": outside("btc"),
        "name": "Ada", "walletType": "OTHER", "receiverType": "LEGAL",
    });
    for (field, value, message) in [
        ("sourceExternalUserId", json!(null), "sourceExternalUserId is required"),
        ("currency", json!(null), "currency is required"),
        ("amount", json!(null), "amount is required"),
        ("amount", json!("-1"), "amount"),
        ("amount", json!("0.000000001"), "amount"),
        ("walletAddress", json!(null), "walletAddress is required"),
        ("name", json!(null), "name is required"),
        ("walletType", json!("SELF_CUSTODY"), "walletType must be one of"),
        ("receiverType", json!("natural"), "receiverType must be one of"),
        ("memo", json!("x".repeat(141)), "memo"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = a.post("/v1/crypto-withdrawal", &body).send().await;
        answer.is_refused("P403");
        assert!(answer.text().contains(message), "{field}: {}", answer.text());
    }
    // A partner's withdrawal names no user.
    a.post("/v1/partner/crypto-withdrawal", &good).send().await.is_refused("P403");
    // The only network of a currency need not be named.
    a.post("/v1/crypto-withdrawal", &good).send().await.expect(200);
    assert_eq!(network_fee(&a, "usdc", "ethereum").await["minWithdrawal"], json!(1));
    app.finish().await;
}

/// Why an address will not do, and what would.
#[tokio::test]
async fn a_refused_address_is_explained() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let lock = json!({"currency": "usdc", "amount": "100", "network": "polygon"});
    let lock = a.post("/v1/order/lock-rate", &lock).send().await.expect(200)["lockId"].clone();
    let order = a.post("/v1/order", &json!({"lockId": lock})).send().await.expect(200)["orderId"].clone();
    a.run_jobs().await;
    let order = a.get(&format!("/v1/order/details/{}", order.as_str().expect("an id"))).await.expect(200);
    let order = order["walletAddress"].as_str().expect("an address").to_owned();
    let status = florin_api::crypto::status(&app.app).await.expect("status");
    let house = status[0].books[0].hot_wallet.clone().expect("an address");
    let zero = "0x0000000000000000000000000000000000000000";
    for (what, address, why) in [
        (("1", "usdc", "polygon"), order.as_str(), "walletAddress is that of an order of yours"),
        (("1", "usdc", "ethereum"), &order, "walletAddress is that of an order of yours"),
        (("0.1", "btc", "btc"), &house, "walletAddress is that of the operator's own wallet"),
        (
            ("0.1", "btc", "btc"),
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "which begins with tb1, m, n or 2",
        ),
        (("0.1", "ltc", "ltc"), &outside("btc"), "which begins with tltc1, m, n, Q or 2"),
        (("1", "eth", "ethereum"), &outside("btc"), "which begins with 0x"),
        (("1", "eth", "ethereum"), zero, "walletAddress must be somebody's"),
        (("1", "usdc", "polygon"), zero, "walletAddress must be somebody's"),
    ] {
        let refused = withdraw(&a, Some("anna"), what, address).send().await;
        refused.is_refused("P458");
        assert!(
            refused.text().contains(why) && !refused.text().contains("/v1/transfer"),
            "{}",
            refused.text()
        );
    }
    app.finish().await;
}

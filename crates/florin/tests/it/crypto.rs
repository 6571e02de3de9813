//! `florin crypto`: what an operator does about withdrawals that wait, and what is said about it.

use crate::restart::fails_plainly;
use crate::support::{Call, Options, Server};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_is_told_what_an_approval_is_worth() {
    let mut server = Server::prepare(Options::default()).await;
    let file = "[chains]\napprove_above = \"1.00\"\n";
    std::fs::write(server.home().join("florin.toml"), file).expect("a file");
    server.start_again().await;
    let client = server.client();
    for user in ["anna", "ben"] {
        client.verified_user(user).await;
        client.settled(&[user]).await;
        client.fund(Some(user), "100", "usdc").await;
    }
    let mut ids = Vec::new();
    for user in ["anna", "ben"] {
        let withdrawal = json!({
            "sourceExternalUserId": user, "currency": "usdc", "amount": "20", "network": "polygon",
            "walletAddress": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "name": "Charles Babbage",
            "walletType": "NON_CUSTODIAL", "receiverType": "NATURAL",
        });
        let made = client.send(&Call::post("/v1/crypto-withdrawal", &withdrawal)).await;
        ids.push(made.expect(200)["withdrawalId"].as_str().expect("an id").to_owned());
    }
    client.send(&Call::bare("PATCH", "/v1/user/suspend/anna", None)).await.expect(200);
    let crypto = |words: &[&str]| server.command(&[&["crypto"], words, &["--operator", "olga"]].concat());
    let approved = crypto(&["approve", &ids[0]]);
    assert_eq!(approved.code, Some(0), "{approved:?}");
    assert!(approved.stdout.starts_with("approved, but its user is suspended"), "{approved:?}");
    let approved = crypto(&["approve", &ids[1]]);
    assert_eq!((approved.code, approved.stdout.as_str()), (Some(0), "approved\n"), "{approved:?}");
    // The sentence alone: codes are for partners.
    let again = crypto(&["approve", &ids[1]]);
    fails_plainly(&again, &["florin: it does not wait for approval"]);
    client.send(&Call::post("/v1/sandbox/clock/advance", &json!({"seconds": 5}))).await.expect(200);
    for (id, status) in ids.iter().zip(["FAILED", "SUCCESSFUL"]) {
        assert_eq!(client.get(&format!("/v1/crypto-withdrawal/details/{id}")).await["status"], status);
    }
    server.finish().await;
}

/// Without polling: what was asked for a moment ago is done when the clock has moved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_is_final_after_one_step_of_the_clock() {
    let server = Server::start_with(Options { settle_ms: 500, ..Options::default() }).await;
    let client = server.client();
    client.fund(None, "1000", "usdc").await;
    for round in 0..10 {
        for (address, status) in [
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "SUCCESSFUL"),
            ("0x666C6F72696E3A20616c77617973206661696C73", "FAILED"),
        ] {
            let withdrawal = json!({
                "currency": "usdc", "amount": "20", "network": "polygon", "walletAddress": address,
                "name": "Charles Babbage", "walletType": "NON_CUSTODIAL", "receiverType": "NATURAL",
            });
            let made = client.send(&Call::post("/v1/partner/crypto-withdrawal", &withdrawal)).await;
            let id = made.expect(200)["withdrawalId"].as_str().expect("an id").to_owned();
            client.send(&Call::post("/v1/sandbox/clock/advance", &json!({"seconds": 2}))).await.expect(200);
            let shown = client.get(&format!("/v1/crypto-withdrawal/details/{id}")).await;
            assert_eq!(shown["status"], status, "round {round}: {shown}");
        }
    }
    server.finish().await;
}

//! What is refused, in the contract's order.

use super::{ask, created, reopen_with};
use crate::support::TestApp;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_not_served_or_not_known_is_refused() {
    let app = TestApp::start().await;
    let (a, b) = (app.a(), app.b());
    a.verified_user("anna").await;
    b.verified_user("ben").await;
    a.create_user("new").await;
    a.verified_user("suspended").await;
    a.call(Method::PATCH, "/v1/user/suspend/suspended").send().await.expect(200);
    for (user, currency, network, code) in [
        // Currency and network come before the user, and the user before what has no wallets.
        (Some("anna"), "xyz", "polygon", "P410"),
        (Some("nobody"), "xyz", "polygon", "P410"),
        (Some("anna"), "btc", "polygon", "P410"),
        (Some("anna"), "usdc", "btc", "P410"),
        (Some("anna"), "usdc", "nowhere", "P410"),
        (Some("nobody"), "usdc", "btc", "P410"),
        (Some("nobody"), "usdc", "polygon", "P412"),
        (Some("nobody"), "eur", "polygon", "P412"),
        (Some("ben"), "usdc", "polygon", "P412"),
        (Some("new"), "usdc", "polygon", "P459"),
        (Some("new"), "eur", "polygon", "P459"),
        (Some("suspended"), "usdc", "polygon", "P455"),
        (Some("suspended"), "eur", "polygon", "P455"),
        (Some("anna"), "eur", "polygon", "P457"),
        (Some("anna"), "eur", "nowhere", "P457"),
        (None, "xyz", "polygon", "P410"),
        (None, "", "polygon", "P410"),
        (None, "btc", "ethereum", "P410"),
        (None, "EUR", "sepa", "P457"),
    ] {
        let answer = ask(&a, user, currency, network).send().await;
        assert_eq!(answer.code(), code, "{user:?} {currency} {network}: {}", answer.text());
    }
    let message = ask(&a, None, "btc", "Polygon").send().await.expect(400)["errorMessage"].clone();
    let expected =
        "Currency or network is not supported: btc is not on the network \\\"polygon\\\": it is on btc";
    assert_eq!(message, expected.replace('\\', ""));
    let of_a: Vec<_> =
        created(&a).await.into_iter().map(|payload| payload["externalUserId"].clone()).collect();
    assert!(of_a.iter().all(|user| *user == "anna" || *user == "suspended"), "{of_a:?}");
    app.finish().await;
}

/// Without keys nothing is made, and all else works.
#[tokio::test]
async fn without_a_seed_there_are_no_wallets() {
    let mut app = TestApp::without_wallets().await;
    let a = app.a();
    a.verified_user("anna").await;
    for user in [None, Some("anna")] {
        for (currency, network) in super::pairs(&app) {
            ask(&a, user, &currency, &network).send().await.is_refused("P457");
        }
    }
    assert_eq!(created(&a).await, Vec::<Value>::new());
    assert_eq!(a.balances(Some("anna")).await["fiatBalances"][0]["status"], "ACTIVE");
    // With a seed, wallets of users from before are made when they are asked for.
    reopen_with(&mut app, Some([1; 32])).await;
    ask(&app.a(), Some("anna"), "ltc", "ltc").send().await.expect(201);
    assert_eq!(created(&app.a()).await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_in_form_is_p403() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    for path in ["/v1/partner/wallet", "/v1/user/wallet/anna", "/v1/user/wallet/nobody"] {
        for (body, message) in [
            (json!({}), "currency is required; network is required"),
            (json!({"currency": "usdc"}), "network is required"),
            (json!({"network": "polygon"}), "currency is required"),
            (json!({"currency": "usdc", "network": null}), "network is required"),
            (json!({"currency": 7, "network": "polygon"}), "currency must be a string"),
            (json!({"currency": "usdc", "network": ["polygon"]}), "network must be a string"),
            (json!({"curency": "usdc", "network": "polygon"}), "curency"),
            (json!({"currency": "usdc", "Network": "polygon"}), "Network"),
        ] {
            let answer = a.post(path, &body).send().await;
            answer.is_refused("P403");
            let said = answer.json()["errorMessage"].as_str().expect("a message").to_owned();
            let parts = message.split("; ");
            assert!(parts.into_iter().all(|part| said.contains(part)), "{body}: {said}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_user_gets_no_wallet() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.delete("/v1/user/anna").await.expect(200);
    ask(&a, Some("anna"), "btc", "btc").send().await.is_refused("P412");
    a.run_jobs().await;
    ask(&a, Some("anna"), "btc", "btc").send().await.is_refused("P412");
    app.finish().await;
}

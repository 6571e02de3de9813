//! The codes of payment links.

use super::own::unknown;
use super::{agrees, declaring, name_of, refusal};
use crate::support::{Ids, TestApp, prepared, request_of};
use serde_json::json;

#[tokio::test]
async fn p444_an_unknown_payment_link() {
    unknown("P444", "payment-link-not-found", "Payment link not found").await;
    let app = TestApp::start().await;
    let made = prepared(&app.a(), &declaring("P444")[0], "x").await;
    let expected = refusal("P444", "payment-link-not-found", "Payment link not found");
    let upper = made.get("$paymentLink").to_uppercase();
    for endpoint in declaring("P444") {
        for id in ["nothing", "%00", "%ff", &upper, &made.get("$paymentLink")[..31]] {
            let ids = Ids::unknown().with("$paymentLink", id);
            let answer = request_of(&app.a(), &endpoint, &ids).send().await;
            assert!(answer.status == 404 && agrees(answer.text(), &expected), "{}", name_of(&endpoint));
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p476_a_link_whose_state_does_not_allow_it() {
    let app = TestApp::start().await;
    let a = app.a();
    let (name, message) = ("invalid-payment-link-state", "Payment link state does not allow this operation");
    let expected = refusal("P476", name, message);
    for (index, endpoint) in declaring("P476").iter().enumerate() {
        let made = prepared(&a, endpoint, &index.to_string()).await;
        let link = made.get("$paymentLink");
        let choice = json!({"currency": "usdc", "network": "polygon"});
        let chosen =
            a.post(&format!("/v1/sandbox/payment-links/{link}/choose"), &choice).send().await.expect(201);
        let body = json!({
            "address": chosen["walletAddress"], "currency": "usdc", "network": "polygon", "amount": "1",
            "confirmations": 1,
        });
        a.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
        let answer = request_of(&a, endpoint, &made).send().await;
        assert!(
            answer.status == 400 && agrees(answer.text(), &expected),
            "{}: {}",
            name_of(endpoint),
            answer.text()
        );
    }
    app.finish().await;
}

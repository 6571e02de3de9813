//! A verification ends with its document: receiving goes on, sending does not.

use super::{passport, send_passport, status, submit, told};
use crate::card_flows::{approved, authorise, card_of, purchase};
use crate::support::TestApp;
use serde_json::json;

#[tokio::test]
async fn an_expired_user_receives_and_does_not_send_until_verified_again() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("bert").await;
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    let mut data = passport("anna");
    data["documentExpirationDate"] = "2026-11-30".into();
    submit(&a, &data).await.expect(201);
    a.settle().await;
    a.settle().await;
    a.fund(Some("anna"), "100", "eur").await;
    a.pay(Some("anna"), Some("bert"), "1").await;
    a.move_to("anna", "DE").await;
    let card = card_of(&a, "anna").await.id;
    approved(&a, &card, "1").await;
    // The clock stands a second after noon of the 23rd: the 30th ends in seven and a half days.
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 7 * 86_400 + 43_000})).send().await.expect(200);
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 300})).send().await.expect(200);
    assert_eq!(status(&a, "anna").await, ["EXPIRED", "SUCCESSFUL", ""]);
    a.transfer(Some("anna"), Some("bert"), "1").send().await.is_refused("P459");
    assert_eq!(authorise(&a, &card, &purchase("1")).await["declineReason"], "USER_SUSPENDED");
    a.transfer(Some("anna"), None, "1").send().await.is_refused("P459");
    a.pay(Some("bert"), Some("anna"), "1").await;
    a.patch("/v1/user/anna", &json!({"firstName": "Anne"})).send().await.is_refused("P448");
    // Another document, another review: the balances are the same.
    submit(&a, &passport("anna")).await.is_refused("P449");
    send_passport(&a, "anna").await;
    assert_eq!(status(&a, "anna").await, ["EXPIRED", "PENDING", ""]);
    submit(&a, &passport("anna")).await.expect(201);
    a.settle().await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    a.pay(Some("anna"), Some("bert"), "1").await;
    let told = told(&a, "anna").await;
    assert_eq!(told.iter().filter(|line| *line == "user.status ACTIVE").count(), 1, "{told:?}");
    assert!(told.contains(&"kyc_verification.status EXPIRED SUCCESSFUL".to_owned()));
    app.finish().await;
}

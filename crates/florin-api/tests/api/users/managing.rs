//! Updating and suspending.

use super::CREATE;
use crate::support::{Client, TestApp, person};
use http::Method;
use serde_json::{Value, json};

async fn patch(client: &Client, id: &str, body: &Value) -> (u16, String) {
    let answer = client.patch(&format!("/v1/user/{id}"), body).send().await;
    (answer.status, answer.text().to_owned())
}

fn updated() -> (u16, String) {
    (200, r#"{"message":"User updated successfully"}"#.to_owned())
}

#[tokio::test]
async fn contact_and_address_can_always_change() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let change = json!({
        "email": "new@example.com", "phone": "48600100200", "street": "Long", "number": "1a", "city": "Paris",
        "postCode": "75001", "country": "FR", "address": null, "hasAcceptedP100Tc": true, "unknown": 1,
    });
    assert_eq!(patch(&a, "anna", &change).await, updated());
    assert_eq!(patch(&a, "anna", &json!({})).await, updated());
    a.fund(Some("anna"), "1", "eur").await;
    let id = a.pay(Some("anna"), None, "1").await;
    let details = a.get(&format!("/v1/transfer/details/{id}")).await.expect(200);
    assert_eq!(details["sourceEmail"], "new@example.com");
    app.finish().await;
}

#[tokio::test]
async fn identity_can_change_only_before_verification() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    a.verified_user("ben").await;
    let identity =
        json!({"firstName": "Eve", "lastName": "New", "birthDate": "1980-01-01", "citizenship": "PL"});
    assert_eq!(patch(&a, "anna", &identity).await, updated());
    a.approve("anna").await;
    a.fund(Some("anna"), "1", "eur").await;
    a.pay(Some("anna"), Some("ben"), "1").await;
    assert_eq!(a.history(Some("ben")).await[0]["counterparty"]["name"], "Eve New");
    let refused =
        a.patch("/v1/user/anna", &json!({"email": "x@example.com", "lastName": "Late"})).send().await;
    refused.is_refused("P448");
    let id = a.history(Some("ben")).await[0]["id"].as_str().expect("an id").to_owned();
    let details = a.get(&format!("/v1/transfer/details/{id}")).await.expect(200);
    assert_eq!(details["sourceEmail"], "anna@example.com", "nothing of a refused change is kept");
    app.finish().await;
}

#[tokio::test]
async fn a_change_is_checked_like_a_creation() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    for (change, code) in [
        (json!({"hasAcceptedP100Tc": false}), "P403"),
        (json!({"email": "no address", "country": 7}), "P403"),
        (json!({"birthDate": "2008-11-24"}), "P403"),
        (json!({"country": "XX"}), "P403"),
        (json!({"country": "RU"}), "P431"),
        (json!({"country": "RU", "firstName": 7}), "P403"),
    ] {
        a.patch("/v1/user/anna", &change).send().await.is_refused(code);
        // What is wrong in form is told before it is looked whether there is such a user.
        let of_nobody = if code == "P431" { "P412" } else { code };
        a.patch("/v1/user/nobody", &change).send().await.is_refused(of_nobody);
    }
    app.finish().await;
}

#[tokio::test]
async fn terms_can_be_accepted_later_and_not_taken_back() {
    let app = TestApp::start().await;
    let a = app.a();
    let mut body = person("anna");
    body["hasAcceptedP100Tc"] = Value::Null;
    a.post(CREATE, &body).send().await.expect(201);
    let approve = || a.post("/v1/sandbox/kyc/anna", &json!({"decision": "APPROVE"})).send();
    approve().await.is_refused("P464");
    assert_eq!(patch(&a, "anna", &json!({"hasAcceptedP100Tc": true})).await, updated());
    assert_eq!(patch(&a, "anna", &json!({"email": "a@example.com"})).await, updated());
    approve().await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn suspension_is_idempotent_and_stops_money_both_ways() {
    let app = TestApp::start().await;
    let a = app.a();
    a.fund(None, "100", "eur").await;
    a.verified_user("anna").await;
    a.verified_user("ben").await;
    a.pay(None, Some("anna"), "10").await;
    a.pay(None, Some("ben"), "10").await;
    let set = |word: &str| a.call(Method::PATCH, &format!("/v1/user/{word}/anna")).send();
    for _ in 0..2 {
        set("suspend").await.is(200, r#"{"message":"User suspended successfully"}"#);
    }
    for (source, destination) in
        [(Some("anna"), Some("ben")), (Some("ben"), Some("anna")), (Some("anna"), None), (None, Some("anna"))]
    {
        a.transfer(source, destination, "1").send().await.is_refused("P455");
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "10.00", "what there is can still be seen");
    assert_eq!(patch(&a, "anna", &json!({"email": "s@example.com"})).await, updated());
    for _ in 0..2 {
        set("unsuspend").await.is(200, r#"{"message":"User unsuspended successfully"}"#);
    }
    a.pay(Some("anna"), Some("ben"), "10").await;
    app.finish().await;
}

/// A body is not needed; an object is let pass, anything else is told.
#[tokio::test]
async fn calls_without_a_body_take_an_empty_one() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    for body in ["", "  \n", "{}", r#"{"any":1}"#] {
        a.call(Method::PATCH, "/v1/user/suspend/anna").body(body).send().await.expect(200);
    }
    for body in ["[]", "1", "{", "null", "x"] {
        a.call(Method::PATCH, "/v1/user/suspend/anna").body(body).send().await.is_refused("P403");
    }
    app.finish().await;
}

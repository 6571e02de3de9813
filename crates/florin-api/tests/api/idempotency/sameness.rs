//! When two requests are the same, and what is said of the difference when they are not.

use crate::support::{Answer, Call, Client, TestApp, person};
use http::Method;
use serde_json::{Value, json};

#[track_caller]
fn differs_in(answer: &Answer, fields: &str) {
    let message =
        format!("Idempotency key was already used with a different request, which differs in: {fields}");
    let expected =
        format!(r#"{{"errorCode":"P470","errorName":"idempotency-key-reused","errorMessage":"{message}"}}"#);
    answer.is(400, &expected);
}

async fn with_anna(app: &TestApp) -> Client {
    let a = app.a();
    a.verified_user("anna").await;
    a.verified_user("ben").await;
    a.fund(None, "100", "eur").await;
    a
}

fn transfer(client: &Client, body: &str) -> Call {
    client.call(Method::POST, "/v1/transfer").body(body)
}

#[tokio::test]
async fn spelling_does_not_count() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let first = r#"{"destinationExternalUserId":"anna","amount":"10","currency":"eur"}"#;
    let first = transfer(&a, first).keyed("k").send().await;
    let same = [
        r#"{"destinationExternalUserId":"anna","amount":10,"currency":"eur"}"#,
        r#"{"destinationExternalUserId":"anna","amount":10.00,"currency":"eur"}"#,
        r#"{"destinationExternalUserId":"anna","amount":"10.0000","currency":"EUR"}"#,
        r#" { "currency" : "Eur", "amount" : "10.00" , "destinationExternalUserId" : "anna" } "#,
        r#"{"destinationExternalUserId":"anna","amount":10,"currency":"eur","colour":"red","amounts":[1]}"#,
        r#"{"destinationExternalUserId":"\u0061nna","amount":10,"currency":"eur","reference":null}"#,
    ];
    for body in same {
        for key in ["k", "\"k\""] {
            let again = transfer(&a, body).keyed(key).send().await;
            assert!(again.is_replayed(), "{body}: {}", again.text());
            assert_eq!(again.body, first.body);
        }
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "10.00");
    app.finish().await;
}

#[tokio::test]
async fn a_quoted_key_is_the_bare_one_and_letter_case_counts() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let pay = |key: &str| a.transfer(None, Some("anna"), "1").keyed(key).send();
    for (first, again) in
        [(r#""q""#, "q"), (r#"a"b"#, r#""a\"b""#), (r"c\d", r#""c\\d""#), (r#"""#, r#""\"""#)]
    {
        assert!(!pay(first).await.is_replayed(), "{first}");
        assert!(pay(again).await.is_replayed(), "{again}");
    }
    assert!(!pay("Q").await.is_replayed());
    assert!(!pay(&"k".repeat(255)).await.is_replayed());
    for key in [&*"k".repeat(256), "", "\"\"", "a b", "\"a\"b\"", "\"a\\n\""] {
        pay(key).await.is_invalid("Idempotency-Key must be 1 to 255 visible ASCII characters");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_differing_fields_are_named_and_no_others() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let base = json!({
        "sourceExternalUserId": null, "destinationExternalUserId": "anna", "amount": "10", "currency": "eur",
        "reference": "rent",
    });
    a.post("/v1/transfer", &base).keyed("k").send().await.expect(201);
    let changes: &[(&[(&str, Value)], &str)] = &[
        (&[("amount", json!("10.01"))], "amount"),
        (&[("currency", json!("btc"))], "currency"),
        (&[("reference", json!("Rent"))], "reference"),
        (&[("reference", Value::Null)], "reference"),
        (&[("destinationExternalUserId", json!("ben"))], "destinationExternalUserId"),
        (&[("sourceExternalUserId", json!("ben"))], "sourceExternalUserId"),
        (&[("amount", json!(1)), ("reference", json!("x"))], "amount, reference"),
        (
            &[("sourceExternalUserId", json!("ben")), ("destinationExternalUserId", Value::Null)],
            "sourceExternalUserId, destinationExternalUserId",
        ),
        // Unknown to us, and so refused: but not before it is seen that the key was for something else.
        (&[("currency", json!("xyz"))], "currency"),
    ];
    for (change, fields) in changes {
        let mut body = base.clone();
        for (name, value) in *change {
            body[*name] = value.clone();
        }
        differs_in(&a.post("/v1/transfer", &body).keyed("k").send().await, fields);
    }
    a.post("/v1/transfer", &base).keyed("k").send().await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn method_and_path_count() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let body = json!({"destinationExternalUserId": "anna", "amount": "10", "currency": "eur"});
    a.post("/v1/transfer", &body).keyed("k").send().await.expect(201);
    differs_in(&a.post("/v1/partner/transfer-master-balance", &body).keyed("k").send().await, "path");
    let suspend = |id: &str, method: Method| a.call(method, &format!("/v1/user/{id}")).keyed("s").send();
    suspend("suspend/anna", Method::PATCH).await.expect(200);
    differs_in(&suspend("suspend/ben", Method::PATCH).await, "path");
    differs_in(&suspend("unsuspend/anna", Method::PATCH).await, "path");
    differs_in(&suspend("anna", Method::DELETE).await, "method, path");
    // The same path in another spelling is the same.
    assert!(suspend("suspend/%61nna", Method::PATCH).await.is_replayed());
    a.call(Method::PATCH, "/v1/user/unsuspend/anna").send().await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn what_is_told_holds_no_values() {
    let app = TestApp::start().await;
    let a = app.a();
    a.post("/v1/user/balances/crypto-and-fiat", &person("anna")).keyed("k").send().await.expect(201);
    let mut other = person("anna");
    (other["email"], other["birthDate"]) = (json!("eve@example.com"), json!("1980-01-01"));
    let answer = a.post("/v1/user/balances/crypto-and-fiat", &other).keyed("k").send().await;
    differs_in(&answer, "email, birthDate");
    app.finish().await;
}

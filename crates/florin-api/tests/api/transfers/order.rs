//! The order of refusals: P403, P470, P424, P410, P412, P459, P455, P433; the source before the destination.

use super::MASTER;
use crate::support::{Client, TestApp};
use http::Method;
use serde_json::{Value, json};

/// Users in every state, each without money.
async fn with_everybody(app: &TestApp) -> Client {
    let a = app.a();
    a.create_user("unverified").await;
    a.create_user("new-and-suspended").await;
    a.verified_user("suspended").await;
    a.verified_user("anna").await;
    for id in ["suspended", "new-and-suspended"] {
        a.call(Method::PATCH, &format!("/v1/user/suspend/{id}")).send().await.expect(200);
    }
    a
}

/// Source, destination, amount, currency, and what comes of it.
type Row = (Option<&'static str>, Option<&'static str>, &'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    (None, None, "0", "xyz", "P403"),
    (Some("nobody"), Some("unverified"), "1.001", "eur", "P403"),
    (Some("a b"), None, "1", "xyz", "P403"),
    (None, None, "1", "xyz", "P424"),
    (Some("nobody"), Some("suspended"), "1", "xyz", "P410"),
    (Some("nobody"), Some("unverified"), "1", "eur", "P412"),
    (Some("unverified"), Some("nobody"), "1", "eur", "P412"),
    (Some("suspended"), Some("nobody"), "1", "eur", "P412"),
    (Some("nobody"), None, "1", "eur", "P412"),
    (None, Some("nobody"), "1", "eur", "P412"),
    (Some("unverified"), Some("suspended"), "1", "eur", "P459"),
    (Some("suspended"), Some("unverified"), "1", "eur", "P459"),
    (Some("new-and-suspended"), None, "1", "eur", "P459"),
    (None, Some("new-and-suspended"), "1", "eur", "P459"),
    (Some("anna"), Some("unverified"), "1", "eur", "P459"),
    (Some("anna"), Some("suspended"), "1", "eur", "P455"),
    (Some("suspended"), Some("anna"), "1", "eur", "P455"),
    (None, Some("suspended"), "1", "eur", "P455"),
    (Some("suspended"), None, "1", "eur", "P455"),
    (Some("anna"), None, "1", "eur", "P433"),
    (None, Some("anna"), "1", "eur", "P433"),
];

#[tokio::test]
async fn the_first_of_many_reasons_is_told() {
    let app = TestApp::start().await;
    let a = with_everybody(&app).await;
    for (source, destination, amount, currency, code) in ROWS {
        let body = json!({
            "sourceExternalUserId": source, "destinationExternalUserId": destination, "amount": amount,
            "currency": currency,
        });
        let answer = a.post("/v1/transfer", &body).send().await;
        assert_eq!(answer.code(), *code, "{body}");
        if source.is_none() || destination.is_none() {
            assert_eq!(a.post(MASTER, &body).send().await.comparable(), answer.comparable(), "{body}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_used_key_is_told_after_what_is_wrong_in_form_and_before_all_else() {
    let app = TestApp::start().await;
    let a = with_everybody(&app).await;
    a.transfer(None, Some("anna"), "2").keyed("k").send().await.is_refused("P433");
    for (source, destination, amount, currency, code) in ROWS {
        let body = json!({
            "sourceExternalUserId": source, "destinationExternalUserId": destination, "amount": amount,
            "currency": currency,
        });
        let expected = if *code == "P403" { "P403" } else { "P470" };
        assert_eq!(a.post("/v1/transfer", &body).keyed("k").send().await.code(), expected, "{body}");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_key_comes_before_the_form() {
    let app = TestApp::start().await;
    let stranger = app.a().with_key(None);
    stranger.call(Method::POST, "/v1/transfer").body("{").send().await.is_refused("P401");
    stranger.call(Method::POST, "/v1/transfer").keyed("a b").send().await.is_refused("P401");
    stranger.get("/v1/partner/transactions?limit=0").await.is_refused("P401");
    app.a().post("/v1/transfer", &Value::Null).send().await.is_refused("P403");
    app.finish().await;
}

//! What messages say after their stable text: which field, which side, what is allowed; and of the client's own words
//! no more than their beginning.

use crate::support::{Answer, Client, TestApp, person};
use http::Method;
use serde_json::{Value, json};

fn message(answer: &Answer) -> String {
    answer.json()["errorMessage"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_denied_key_says_where_the_key_goes() {
    let app = TestApp::start().await;
    let path = "/v1/partner/balances";
    let header = "Access Denied. xo1: send your key in the header x-api-key; Authorization is not read";
    let none = app.a().with_key(None);
    assert_eq!(message(&none.get(path).await), header);
    let bearer = none.call(Method::GET, path).header("authorization", "Bearer florin_sandbox_x").send().await;
    assert_eq!(message(&bearer), header);
    let unknown = "Access Denied. xo2: this server does not know the key in x-api-key; the sandbox's own is in \
                   sandbox-credentials.json";
    assert_eq!(message(&app.a().with_key(Some("wrong")).get(path).await), unknown);
    let alone = "Access Denied. xo2: send the key alone in x-api-key, without a prefix or quotes";
    for key in ["Bearer florin_sandbox_x", "\"florin_sandbox_x\""] {
        assert_eq!(message(&app.a().with_key(Some(key)).get(path).await), alone);
    }
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_path_names_the_nearest_and_a_wrong_method_the_right_ones() {
    let app = TestApp::start().await;
    for (path, expected) in [
        ("/partner/balances", "No such path: /partner/balances; did you mean /v1/partner/balances?"),
        ("/v1/Transfer?x=1", "No such path: /v1/Transfer; did you mean /v1/transfer?"),
        (
            "/api/v1/user/balances/anna",
            "No such path: /api/v1/user/balances/anna; did you mean /v1/user/balances/{externalUserId}?",
        ),
        ("/nothing/like/it", "No such path: /nothing/like/it"),
    ] {
        assert_eq!(message(&app.a().get(path).await), expected);
    }
    let long = message(&app.a().get(&format!("/{}", "x".repeat(200))).await);
    assert_eq!(long, format!("No such path: /{}", "x".repeat(63)));
    let put = app.a().call(Method::PUT, "/v1/user/anna").send().await;
    assert_eq!(
        message(&put),
        format!("Method not allowed on this path: PUT; allowed: {}", put.header("allow"))
    );
    app.finish().await;
}

#[tokio::test]
async fn a_refused_side_is_named() {
    let app = TestApp::start().await;
    let a = app.a();
    let (anna, id) = ("anna", a.create_user("carl").await["userId"].as_str().expect("an id").to_owned());
    a.verified_user(anna).await;
    a.verified_user("susi").await;
    a.call(Method::PATCH, "/v1/user/suspend/susi").send().await.expect(200);
    let refused = async |source: Option<&str>, destination: Option<&str>| {
        message(&a.transfer(source, destination, "1").send().await)
    };
    for (source, destination, expected) in [
        (Some(anna), Some("x9"), r#"User does not exist: destinationExternalUserId "x9""#),
        (Some("x8"), Some("x9"), r#"User does not exist: sourceExternalUserId "x8""#),
        (Some(anna), Some("carl"), r#"User is not verified: destinationExternalUserId "carl""#),
        (Some("carl"), None, r#"User is not verified: sourceExternalUserId "carl""#),
        (Some(anna), Some("susi"), r#"User is suspended: destinationExternalUserId "susi""#),
        (
            Some(anna),
            None,
            r#"Insufficient funds: sourceExternalUserId "anna" has 0.00 eur, and needs 1.00 eur"#,
        ),
        (
            None,
            Some(anna),
            "Insufficient funds: your master balance pays, since no sourceExternalUserId was given: it has 0.00 eur, \
             and needs 1.00 eur",
        ),
    ] {
        assert_eq!(refused(source, destination).await, expected);
    }
    let ours = format!(r#"externalUserId "{id}"; use the externalUserId that you gave, not our userId"#);
    assert_eq!(
        message(&a.get(&format!("/v1/user/balances/{id}")).await),
        format!("User does not exist: {ours}")
    );
    let fund = json!({"amount": "1", "currency": "eur", "externalUserId": id});
    let funded = a.post("/v1/sandbox/fund", &fund).send().await;
    assert_eq!(message(&funded), format!("User does not exist: {ours}"));
    let details = message(&a.get("/v1/transfer/details/123").await);
    assert_eq!(details, "Transfer not found: transferId must be a UUID, as POST /v1/transfer answers");
    let unknown =
        json!({"destinationExternalUserId": anna, "amount": "1", "currency": "\u{20ac}".repeat(100)});
    let unknown = message(&a.post("/v1/transfer", &unknown).send().await);
    let expected = format!("Currency or network is not supported: \"{}\"", "\u{20ac}".repeat(64));
    assert_eq!(unknown, expected);
    app.finish().await;
}

async fn created(a: &Client, field: &str, value: &str) -> String {
    let mut body = person("anna");
    body[field] = value.into();
    message(&a.post("/v1/user/balances/crypto-and-fiat", &body).send().await)
}

#[tokio::test]
async fn a_refused_value_shows_how_it_is_written() {
    let app = TestApp::start().await;
    let a = app.a();
    let plain = "amount must be a positive decimal number: digits and a point, such as 12.50, without comma, sign or \
                 symbol";
    let exponent = "amount must be a positive decimal number: without an exponent, such as 0.00000001";
    let tiny: Value = serde_json::from_str("1e-8").expect("a number");
    for (amount, expected) in
        [(json!("1,50"), plain), (json!("\u{20ac}1.50"), plain), (json!("+5"), plain), (tiny, exponent)]
    {
        let body = json!({"amount": amount, "currency": "btc"});
        assert_eq!(message(&a.post("/v1/sandbox/fund", &body).send().await), expected);
    }
    for (field, value, expected) in [
        (
            "phone",
            "0049151123456",
            "phone must be a phone number with country code, 8 to 15 digits: such as +447700900123, without 00 or 0 \
             in front",
        ),
        ("country", "UK", "country must be an ISO 3166-1 alpha-2 country code: the United Kingdom is GB"),
        ("country", "Germany", "country must be an ISO 3166-1 alpha-2 country code: two letters such as DE"),
        ("email", "ada", "email must be an email: an address such as ada@example.com"),
    ] {
        assert_eq!(created(&a, field, value).await, expected);
    }
    let from = message(&a.get("/v1/partner/transactions?from=2026-11-23T12:00:00+00:00").await);
    let expected = "from must be a date or an ISO 8601 time with a time zone, such as 2026-11-23T17:26:57Z: in an \
                    address a + is written %2B";
    assert_eq!(from, expected);
    a.get("/v1/partner/transactions?from=2026-11-23T12:00:00%2B00:00").await.expect(200);
    let paths = json!({"url": "http://localhost:1", "token": "t", "paths": {"transfers": "/t"}});
    let paths = message(&a.call(Method::PUT, "/v1/webhooks/endpoint").json(&paths).send().await);
    assert!(paths.starts_with("paths.transfers is no event type; event types: user.status, "), "{paths}");
    app.finish().await;
}

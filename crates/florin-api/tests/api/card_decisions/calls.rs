//! What the registration takes, shows and refuses.

use super::*;
use florin_api::kit::settings::{Names, WebhookTargets};
use florin_webhook::Resolver;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

async fn put(client: &Client, body: Value) -> crate::support::Answer {
    client.call(Method::PUT, "/v1/card/decisions").json(&body).send().await
}

#[tokio::test]
async fn a_registration_is_shown_and_outlives_a_reset() {
    let app = TestApp::start().await;
    let a = app.a();
    let nothing = json!({"url": null, "enabled": false, "onTimeout": "DECLINE", "onError": "DECLINE",
        "createdAt": null, "updatedAt": null});
    assert_eq!(a.get("/v1/card/decisions").await.expect(200), nothing);
    put(&a, json!({"url": "http://127.0.0.1:9/"})).await.is_refused("P467");
    register(&a, "http://127.0.0.1:9").await;
    let made = put(&a, json!({"url": "http://127.0.0.1:9/x/", "onTimeout": "APPROVE"})).await.expect(200);
    let expected = json!({"url": "http://127.0.0.1:9/x", "enabled": true, "onTimeout": "APPROVE",
        "onError": "DECLINE", "createdAt": made["createdAt"], "updatedAt": made["updatedAt"]});
    assert_eq!(made, expected);
    assert_eq!(a.get("/v1/card/decisions").await.expect(200), made);
    assert_eq!(app.b().get("/v1/card/decisions").await.expect(200), nothing);
    a.post("/v1/sandbox/reset", &json!({})).send().await.expect(200);
    assert_eq!(a.get("/v1/card/decisions").await.expect(200), made);
    let refused = put(&a, json!({"url": "ftp://a.b", "onError": "MAYBE"})).await;
    refused.is_refused("P403");
    let message = refused.json()["errorMessage"].as_str().expect("a text").to_owned();
    let values = "must be one of the following values: APPROVE, DECLINE";
    assert_eq!(message, format!("url must begin with http:// or https://. onError {values}"));
    app.finish().await;
}

#[tokio::test]
async fn who_is_not_enabled_is_not_asked() {
    let app = TestApp::start().await;
    let (a, card, decider) = decided(&app).await;
    put(&a, json!({"url": decider.url, "enabled": false})).await.expect(200);
    approved(&a, &card, "1").await;
    let item = newest(&a, &card).await;
    assert_eq!((&item["decidedBy"], item.get("partnerDecision")), (&json!("RULES"), None));
    assert!(decider.take().is_empty());
    app.finish().await;
}

struct Fixed;

impl Resolver for Fixed {
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let ip = if host == "public.test" { [8, 8, 8, 8] } else { [10, 0, 0, 7] };
        async move { Ok(vec![ip.into()]) }.boxed()
    }
}

#[tokio::test]
async fn in_live_only_public_https_addresses_are_taken() {
    let settings = Settings { resolver: Names(Arc::new(Fixed)), rate_limit: None, ..Settings::live() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let a = app.a();
    register(&a, "https://public.test").await;
    for (url, message) in [
        ("http://public.test", "url must begin with https://"),
        ("https://inside.test", "url has a host that does not resolve to public addresses only"),
        ("https://127.0.0.1", "url must not lead to an address that is not public"),
        ("https://[::ffff:169.254.169.254]", "url must not lead to an address that is not public"),
    ] {
        let answer = put(&a, json!({"url": url})).await;
        assert_eq!(
            (answer.code().as_str(), &answer.json()["errorMessage"]),
            ("P403", &json!(message)),
            "{url}"
        );
    }
    put(&a, json!({"url": "https://public.test/x"})).await.expect(200);
    app.finish().await;
}

/// An endpoint that was registered when it was allowed is not called any more.
#[tokio::test]
async fn a_forbidden_address_is_not_called() {
    let mut app = TestApp::start().await;
    let (_, card, decider) = decided(&app).await;
    let settings = Settings { webhook_targets: WebhookTargets::Public, ..Settings::sandbox() };
    app.reopen(Setup { settings, ..Setup::default() }).await;
    let a = app.a();
    let answer = authorise(&a, &card, &purchase("1")).await;
    assert_eq!(answer["declineReason"], "PARTNER_ERROR");
    let said = newest(&a, &card).await["partnerDecision"]["error"].clone();
    assert_eq!(said, "not sent: the address must not lead to an address that is not public");
    assert!(decider.take().is_empty());
    app.finish().await;
}

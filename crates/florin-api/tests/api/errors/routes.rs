//! Unknown paths and methods, and where they stand in the order of refusals.

use super::{agrees, name_of, refusal};
use crate::support::{Setup, TestApp};
use florin_api::endpoints;
use florin_api::kit::settings::{RateLimit, Settings};
use http::Method;
use std::collections::BTreeMap;

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

#[tokio::test]
async fn an_unknown_path_is_p404_with_or_without_a_key() {
    let app = TestApp::start().await;
    let expected = refusal("P404", "not-found", "No such path");
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/transfer",
        "/v1/transfer/",
        "/v1/Transfer",
        "/v1//transfer",
        "/v1/user/a/b/c",
    ] {
        for client in [app.a(), app.a().with_key(None)] {
            for method in METHODS {
                let answer = client.call(method.clone(), path).keyed("not-kept").send().await;
                let text = answer.text();
                assert!(answer.status == 404 && agrees(text, &expected), "{method} {path}: {text}");
            }
        }
    }
    app.finish().await;
}

/// In a sandbox and where calls are counted: the method is looked at before the key, the key before the count.
#[tokio::test]
async fn an_unknown_method_is_p405_before_all_else() {
    let mut app = TestApp::start().await;
    every_other_method(&app).await;
    let rate_limit = Some(RateLimit { per_second: 1, burst: 1 });
    let settings = Settings { rate_limit, ..Settings::sandbox() };
    app.reopen(Setup { settings, ..Setup::default() }).await;
    every_other_method(&app).await;
    app.finish().await;
}

async fn every_other_method(app: &TestApp) {
    let mut paths: BTreeMap<&str, Vec<Method>> = BTreeMap::new();
    for endpoint in endpoints() {
        paths.entry(endpoint.path).or_default().push(endpoint.method.clone());
    }
    let expected = refusal("P405", "method-not-allowed", "Method not allowed on this path");
    for endpoint in endpoints() {
        let path = endpoint.path.replace("{externalUserId}", "nobody").replace("{transferId}", "nothing");
        let allowed = &paths[endpoint.path];
        for method in METHODS.iter().filter(|method| !allowed.contains(method)) {
            for client in [app.a(), app.a().with_key(None)] {
                let answer = client.call(method.clone(), &path).body("{").send().await;
                let (text, name) = (answer.text(), name_of(&endpoint));
                assert!(answer.status == 405 && agrees(text, &expected), "{method}, not {name}: {text}");
                let mut named: Vec<_> = answer.header("allow").split(", ").collect();
                let mut methods: Vec<_> = allowed.iter().map(Method::as_str).collect();
                named.sort_unstable();
                methods.sort_unstable();
                assert_eq!(named, methods, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn every_answer_carries_a_request_id() {
    let app = TestApp::start().await;
    for path in ["/nowhere", "/v1/partner/balances", "/v1/user/balances/nobody"] {
        let a = app.a();
        assert_eq!(
            a.call(Method::GET, path).header("x-request-id", "mine").send().await.header("x-request-id"),
            "mine"
        );
        assert!(a.get(path).await.header("x-request-id").starts_with("request-"));
    }
    app.finish().await;
}

//! The codes that every call can give, or every call of its kind.

use super::{agrees, declaring, name_of, refusal};
use crate::support::{Answer, BOUNDARY, Call, Client, Engine};
use crate::support::{Ids, Setup, TestApp, allow_errors, engine, expect_errors, prepared, request_of, works};
use axum::Router;
use axum::routing::get;
use florin_api::endpoints;
use florin_api::kit::endpoint::failure::Failure;
use florin_api::kit::endpoint::table::{Access, Endpoint, RequestBody};
use florin_api::kit::settings::{Environment, RateLimit, Settings};
use florin_store::StoreError;
use futures_util::future::{Either, select};
use http::Method;
use serde_json::Value;
use std::time::Duration;

/// The body of P500 for the request id `r-1`.
const P500: &str = concat!(
    r#"{"errorCode":"P500","errorName":"unknown-exception","errorMessage":"Unknown exception","#,
    r#""requestId":"r-1"}"#
);

#[track_caller]
fn is_denied(endpoint: &Endpoint, answer: &Answer, suffix: &str) {
    let expected = refusal("P401", "access-denied", &format!("Access Denied. {suffix}"));
    let name = name_of(endpoint);
    assert!(answer.status == 401 && agrees(answer.text(), &expected), "{name}: {}", answer.text());
    assert_eq!(answer.header("www-authenticate"), r#"ApiKey realm="florin", header="x-api-key""#);
}

#[tokio::test]
async fn p401_no_key_or_a_wrong_one() {
    let app = TestApp::start().await;
    let issued = app.issue_key(0, &[]).await.api_key;
    let revoked = app.a().with_key(Some(&issued));
    revoked.get("/v1/partner/balances").await.expect(200);
    assert!(app.revoke_key(&issued).await);
    app.clock.advance(Duration::from_secs(1));
    let (none, empty) = (app.a().with_key(None), app.a().with_key(Some("")));
    let (wrong, long) =
        (app.a().with_key(Some("florin_sandbox_x")), app.a().with_key(Some(&"k".repeat(257))));
    for endpoint in declaring("P401") {
        let ids = Ids::unknown();
        for client in [&none, &empty] {
            is_denied(&endpoint, &request_of(client, &endpoint, &ids).send().await, "xo1");
        }
        for client in [&wrong, &long, &revoked] {
            is_denied(&endpoint, &request_of(client, &endpoint, &ids).send().await, "xo2");
        }
        let twice = request_of(&app.a(), &endpoint, &ids).header("x-api-key", "another").send().await;
        is_denied(&endpoint, &twice, "xo2");
    }
    app.finish().await;
}

#[tokio::test]
async fn p401_an_address_that_is_not_allowed() {
    let settings = Settings { rate_limit: None, ..Settings::live() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let allowed = ["10.1.0.0/16", "2001:db8::/32"].map(|net| net.parse().expect("a network"));
    let client = app.a().with_key(Some(&app.issue_key(0, &allowed).await.api_key));
    for endpoint in
        declaring("P401").into_iter().filter(|endpoint| endpoint.signature.access == Access::Partner)
    {
        let call = || request_of(&client, &endpoint, &Ids::unknown());
        is_denied(&endpoint, &call().send().await, "xo3");
        for peer in ["10.2.0.1", "127.0.0.1", "::1"] {
            is_denied(&endpoint, &call().at_peer(peer).send().await, "xo3");
            // Nobody here is a trusted proxy: what it says of the source counts for nothing.
            let call = call().header("x-forwarded-for", "10.1.0.1");
            is_denied(&endpoint, &call.at_peer(peer).send().await, "xo3");
        }
        for peer in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"] {
            assert_ne!(call().at_peer(peer).send().await.status, 401, "{}", name_of(&endpoint));
        }
    }
    allow_errors(&["no card processor is set"]);
    app.finish().await;
}

#[tokio::test]
async fn p403_what_is_wrong_in_form() {
    let app = TestApp::start().await;
    let a = app.a();
    let ids = Ids::unknown();
    for endpoint in declaring("P403") {
        let call = || request_of(&a, &endpoint, &ids);
        if endpoint.writes() {
            let answer = call().header("idempotency-key", "a b").send().await;
            answer.is_invalid("Idempotency-Key must be 1 to 255 visible ASCII characters");
            let answer = call().keyed("a").keyed("b").send().await;
            answer.is_invalid("Idempotency-Key is given twice");
        }
        if matches!(endpoint.signature.body, RequestBody::Multipart(_)) {
            p403_of_files(&call).await;
        } else if endpoint.writes() {
            call().body("{\"a\":1,\"a\":2}").send().await.is_refused("P403");
            call().body("[]").send().await.is_refused("P403");
            let max = match endpoint.path {
                "/v1/transfers" => 1024 * 1024,
                "/v1/partner/branding" => 96 * 1024,
                _ => 64 * 1024,
            };
            let expected = format!("body can have at most {max} bytes");
            call().body(vec![b' '; max + 1]).send().await.is_invalid(&expected);
        } else {
            let path = endpoint.path.replace("{externalUserId}", "nobody") + "?limit=1&limit=2";
            a.get(&path).await.is_invalid("query parameter limit is given twice");
        }
        if endpoint.example().is_some() {
            call().body("{\"a\":\"\\u0000\"}").send().await.is_refused("P403");
            let answer = call().header("content-type", "text/plain").send().await;
            answer.is_invalid("Content-Type must be application/json");
        }
    }
    app.finish().await;
}

/// What is wrong with a body of files comes before who it is for.
async fn p403_of_files(call: &impl Fn() -> Call) {
    let part = |name: &str, content: &str| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let files = part("front_id", "a") + &part("files", "b");
    call()
        .multipart_body(files.clone())
        .send()
        .await
        .is_invalid("multipart body ends before its last boundary");
    for keyed in [false, true] {
        let twice = files.repeat(4) + &format!("--{BOUNDARY}--");
        let call = call().multipart_body(twice);
        let answer = if keyed { call.keyed("k") } else { call }.send().await;
        assert!(
            answer.text().contains("front_id is given twice") || answer.text().contains("at most 3 times")
        );
        answer.is_refused("P403");
    }
    call().multipart_body("x").send().await.is_invalid("multipart body does not begin with its boundary");
    let unnamed = files.replace("name=", "file=");
    let expected = "multipart body has a part without Content-Disposition: form-data and a name";
    call().multipart_body(unnamed).send().await.is_invalid(expected);
    let many = part("x", "").repeat(65);
    call().multipart_body(many).send().await.is_invalid("multipart body can have at most 64 parts");
    let answer = call().typed("multipart/form-data", files).send().await;
    answer.is_invalid(
        "Content-Type must have a boundary of 1 to 70 characters, without quotes and control characters",
    );
    let answer = call().header("content-type", "multipart/form-data; boundary=b").send().await;
    answer.is_invalid("Content-Type is given twice");
    let answer = call().header("content-encoding", "gzip").send().await;
    answer.is_invalid("Content-Encoding must be identity");
    let long = call().multipart_body(vec![b'x'; 40 << 20]).send().await;
    assert!(long.text().contains("body can have at most "), "{}", long.text());
    long.is_refused("P403");
}

/// A sandbox in which a second call within a second is one too many.
fn one_a_second() -> Setup {
    let rate_limit = Some(RateLimit { per_second: 1, burst: 1 });
    Setup { settings: Settings { rate_limit, ..Settings::sandbox() }, ..Setup::default() }
}

#[tokio::test]
async fn p429_over_the_rate() {
    let app = TestApp::with(one_a_second()).await;
    let expected = refusal("P429", "rate-limited", "Too many requests");
    for endpoint in declaring("P429") {
        let call = || request_of(&app.a(), &endpoint, &Ids::unknown());
        app.clock.advance(Duration::from_secs(1));
        let first = call().send().await;
        assert_ne!(first.status, 429, "{}", name_of(&endpoint));
        assert_eq!(first.header("ratelimit-policy"), r#""default";q=1;w=1"#);
        assert_eq!(first.header("ratelimit"), r#""default";r=0;t=1"#);
        let second = call().keyed("not-kept").send().await;
        assert_eq!((second.status, second.text()), (429, &*expected), "{}", name_of(&endpoint));
        assert_eq!(second.header("retry-after"), "1");
        assert_ne!(
            app.b().get("/v1/reference/fees").await.status,
            429,
            "another partner's bucket is its own"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn p429_wrong_keys_by_address() {
    let app = TestApp::with(one_a_second()).await;
    let wrong = app.a().with_key(Some("florin_sandbox_x"));
    let attempt = |client: crate::support::Client, peer| async move {
        client.call(Method::GET, "/v1/reference/fees").at_peer(peer).send().await.status
    };
    for _ in 0..20 {
        assert_eq!(attempt(wrong.clone(), "10.0.0.1").await, 401);
    }
    assert_eq!(attempt(wrong.clone(), "10.0.0.1").await, 429);
    assert_eq!(attempt(wrong, "10.0.0.2").await, 401, "another address's bucket is its own");
    assert_eq!(attempt(app.b(), "10.0.0.1").await, 200, "who shares the address is not locked out");
    app.finish().await;
}

#[tokio::test]
async fn p470_a_key_used_for_another_request() {
    let app = TestApp::start().await;
    let a = app.a();
    for (index, endpoint) in declaring("P470").iter().enumerate() {
        let made = prepared(&a, endpoint, &index.to_string()).await;
        let key = format!("key-{index}");
        a.call(Method::PATCH, "/v1/user/unsuspend/nobody").keyed(&key).send().await.is_refused("P412");
        let answer = request_of(&a, endpoint, &made).keyed(&key).send().await;
        let body = answer.expect(400);
        let message = body["errorMessage"].as_str().expect("a message");
        let start = "Idempotency key was already used with a different request, which differs in: ";
        let differing =
            message.strip_prefix(start).unwrap_or_else(|| panic!("{}: {message}", name_of(endpoint)));
        answer.is(400, &refusal("P470", "idempotency-key-reused", &format!("{start}{differing}")));
        let mut differing: Vec<_> = differing.split(", ").collect();
        differing.sort_unstable();
        assert_eq!(differing, fields_of(endpoint), "{}", name_of(endpoint));
        assert!(!answer.is_replayed());
    }
    app.finish().await;
}

/// What makes a request of this endpoint another one than a PATCH without a body: sorted.
fn fields_of(endpoint: &Endpoint) -> Vec<&str> {
    let mut fields = vec!["path"];
    if endpoint.method != Method::PATCH {
        fields.push("method");
    }
    if let RequestBody::Multipart(parts) = endpoint.signature.body {
        fields.extend(parts.iter().map(|part| part.name));
    }
    let example = endpoint.example().unwrap_or("{}");
    // Field names are the odd ones among the quoted texts. An object within is told by its fields, but for metadata,
    // which is one field.
    let keys = example.split('"').skip(1).step_by(2);
    let parsed: Value = serde_json::from_str(example).expect("an example is JSON");
    let is_field =
        |key: &&str| parsed.get(*key).is_some_and(|value| !value.is_object() || *key == "metadata");
    fields.extend(keys.filter(is_field));
    if parsed.get("details").is_some() {
        fields.push("details.iAmOwnerOfWallet");
    }
    fields.sort_unstable();
    fields
}

#[tokio::test]
async fn p471_while_the_first_is_running() {
    let app = TestApp::start().await;
    let a = app.a();
    let message = "A request with this idempotency key is still in progress";
    let expected = refusal("P471", "idempotency-in-progress", message);
    for (index, endpoint) in declaring("P471").iter().enumerate() {
        let made = prepared(&a, endpoint, &index.to_string()).await;
        let call = || request_of(&a, endpoint, &made).keyed(&format!("key-{index}")).send();
        let held = app.hold_books().await;
        // Two at once: whichever comes second to the door is told so, while the other waits for the book.
        let (told, waiting) = match select(Box::pin(call()), Box::pin(call())).await {
            Either::Left((told, waiting)) | Either::Right((told, waiting)) => (told, waiting),
        };
        assert_eq!((told.status, told.text()), (409, &*expected), "{}", name_of(endpoint));
        drop(held);
        let first = waiting.await;
        assert!(works(endpoint, first.status) && !first.is_replayed(), "{}", first.text());
        let again = call().await;
        assert_eq!((again.status, &again.body, again.is_replayed()), (first.status, &first.body, true));
    }
    app.finish().await;
}

/// Routes that break, as none of ours should.
fn breaking() -> Setup {
    let fault = async || Err::<(), _>(Failure::Fault(StoreError::unexpected("secret cause")));
    let panics = async || -> String { panic!("secret panic") };
    let extra = Router::new().route("/test/fault", get(fault)).route("/test/panic", get(panics));
    Setup { extra, ..Setup::default() }
}

#[tokio::test]
async fn p500_tells_the_request_id_and_nothing_of_the_cause() {
    let app = TestApp::with(breaking()).await;
    for path in ["/test/fault", "/test/panic"] {
        let answer = app.a().call(Method::GET, path).header("x-request-id", "r-1").send().await;
        answer.is(400, P500);
        assert_eq!(answer.header("x-request-id"), "r-1");
        expect_errors(&["secret cause", "secret panic"]);
    }
    app.finish().await;
}

/// Whether it answers from what the server knows by itself.
fn reads_nothing(endpoint: &Endpoint) -> bool {
    // Questions about card payments wait in the process.
    let own = ["/v1/sandbox/scenarios", "/v1/sandbox/card-decisions"];
    endpoint.path.starts_with("/v1/reference/") || own.contains(&endpoint.path)
}

#[tokio::test]
async fn p500_when_the_database_is_not_what_it_should_be() {
    let app = TestApp::start().await;
    // The last is read by pages, which need no key.
    for table in ["api_key", "book", "kyc_attempt"] {
        let is_read_by_all = table == "api_key";
        app.clock.advance(Duration::from_secs(1));
        if !is_read_by_all {
            // Remembers the key, so that the fault is met behind it.
            app.a().get("/v1/reference/fees").await.expect(200);
        }
        app.database().tamper(&format!("ALTER TABLE {table} RENAME TO elsewhere")).await;
        let is_page = |endpoint: &Endpoint| endpoint.signature.access == Access::Open;
        for endpoint in
            declaring("P500").into_iter().filter(|endpoint| is_page(endpoint) == (table == "kyc_attempt"))
        {
            let call = request_of(&app.a(), &endpoint, &Ids::unknown()).keyed("never-kept");
            let answer = call.header("x-request-id", "r-1").send().await;
            if !is_read_by_all && answer.status == 200 {
                assert!(reads_nothing(&endpoint), "{}", name_of(&endpoint));
                continue;
            }
            assert_eq!((answer.status, answer.text()), (400, P500), "{}", name_of(&endpoint));
            expect_errors(&["no such table", "does not exist"]);
        }
        app.database().tamper(&format!("ALTER TABLE elsewhere RENAME TO {table}")).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn p429_p500_and_p501_when_they_are_asked_for() {
    let app = TestApp::start().await;
    let keyed = |endpoint: &Endpoint| endpoint.signature.access != Access::Open;
    for endpoint in declaring("P500").into_iter().filter(keyed) {
        let ordered = |client: &Client, code: &str| {
            let call =
                request_of(client, &endpoint, &Ids::unknown()).keyed("k").header("x-request-id", "r-1");
            call.header("x-sandbox-fault", code).send()
        };
        let answer = ordered(&app.a(), "P500").await;
        assert_eq!((answer.status, answer.text()), (400, P500), "{}", name_of(&endpoint));
        is_p501(&endpoint, &ordered(&app.a(), "P501").await);
        let limited = ordered(&app.a(), "P429").await;
        assert_eq!((limited.status, limited.code().as_str()), (429, "P429"), "{}", name_of(&endpoint));
        assert_eq!(limited.header("retry-after"), "1");
        for unknown in ["P502", "SLOW:61", "lost"] {
            ordered(&app.a(), unknown).await.is_refused("P403");
        }
        is_denied(&endpoint, &ordered(&app.a().with_key(None), "P500").await, "xo1");
    }
    assert_eq!(app.database().count("SELECT COUNT(*) FROM command").await, 0, "nothing was kept");
    app.finish().await;
    let settings = Settings { rate_limit: None, ..Settings::live() };
    let live = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let ordered = live.a().call(Method::GET, "/v1/reference/fees").header("x-sandbox-fault", "P500");
    assert_eq!(ordered.send().await.status, 200);
    live.finish().await;
}

#[tokio::test]
async fn p501_when_the_database_is_stopped() {
    let mut app = TestApp::start().await;
    // A fresh server, whose connections are not open yet: an open file can't be stopped.
    app.reopen(Setup { begins: false, ..Setup::default() }).await;
    app.database().stop().await;
    for endpoint in declaring("P501") {
        is_unavailable(&endpoint, &request_of(&app.a(), &endpoint, &Ids::unknown()).keyed("k").send().await);
    }
    app.database().start_again().await;
    assert_eq!(app.database().count("SELECT COUNT(*) FROM command").await, 0, "nothing was kept");
    app.finish().await;
}

#[tokio::test]
async fn p501_when_the_database_stops_behind_a_known_key() {
    let mut app = TestApp::start().await;
    app.reopen(Setup::default()).await;
    app.a().get("/v1/reference/fees").await.expect(200);
    app.database().stop().await;
    for endpoint in declaring("P501").into_iter().filter(|endpoint| !reads_nothing(endpoint)) {
        if engine() == Engine::Sqlite && !endpoint.writes() {
            // A reader that has the file open goes on reading it, wherever it went.
            continue;
        }
        is_unavailable(&endpoint, &request_of(&app.a(), &endpoint, &Ids::unknown()).keyed("k").send().await);
    }
    app.database().start_again().await;
    app.a().fund(None, "1", "eur").await;
    app.finish().await;
}

#[track_caller]
fn is_p501(endpoint: &Endpoint, answer: &Answer) {
    let expected = refusal("P501", "service-unavailable", "Service temporarily unavailable");
    assert_eq!((answer.status, answer.text()), (400, &*expected), "{}", name_of(endpoint));
    assert_eq!(answer.header("retry-after"), "1");
}

#[track_caller]
fn is_unavailable(endpoint: &Endpoint, answer: &Answer) {
    is_p501(endpoint, answer);
    expect_errors(&["not available: the database: "]);
}

#[tokio::test]
async fn what_is_of_the_sandbox_is_not_there_in_live() {
    let settings = Settings { rate_limit: None, ..Settings::live() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    assert_eq!(app.app.settings.environment, Environment::Live);
    let expected = refusal("P404", "not-found", "No such path");
    for endpoint in endpoints().into_iter().filter(|endpoint| endpoint.signature.access == Access::Sandbox) {
        let answer = request_of(&app.a(), &endpoint, &Ids::unknown()).send().await;
        assert!(answer.status == 404 && agrees(answer.text(), &expected), "{}", answer.text());
        assert!(!answer.text().contains("did you mean /v1/sandbox"), "{}", answer.text());
    }
    app.finish().await;
}

//! What the calls take and refuse.

use super::receiver::Receiver;
use super::{advance, deliver, deliveries, enable, register};
use crate::support::{Client, Setup, TestApp};
use florin_api::kit::settings::{Names, Settings, WebhookTargets};
use florin_webhook::Resolver;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

async fn put(client: &Client, body: Value) -> crate::support::Answer {
    client.call(Method::PUT, "/v1/webhooks/endpoint").json(&body).send().await
}

const NO_EVENT_TYPE: &str = "paths.x is no event type; event types: user.status, kyc_files.status, \
     poa_verification.status, kyc_verification.status, wallet.created, transfer, sepa_transfer, sepa_deposit, \
     sepa_recall, iban.status, crypto_withdrawal, crypto_deposit, exchange, card.transaction, order, payment_link, \
     card.3ds, card.activation, card.fee, and * for all others";

#[tokio::test]
async fn a_registration_is_shown_without_its_secrets() {
    let app = TestApp::start().await;
    let a = app.a();
    let missing = a.get("/v1/webhooks/endpoint").await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "P467"));
    let body =
        json!({"url": "http://localhost:3000/base/", "token": "s3cret", "paths": {"transfer": "/mine"}});
    let made = put(&a, body).await.expect(200);
    assert_eq!((&made["url"], &made["enabled"]), (&json!("http://localhost:3000/base"), &json!(true)));
    assert_eq!(made["paths"]["transfer"], "/mine");
    assert_eq!(made["paths"]["user.status"], "/webhook/user/status");
    assert_eq!(made["paths"].as_object().map(serde_json::Map::len), Some(19));
    assert!(made["publicKey"].as_str().expect("a key").starts_with("whpk_"));
    assert!(made["signingSecret"].as_str().expect("a secret").starts_with("whsec_"));
    let shown = a.get("/v1/webhooks/endpoint").await;
    assert!(!shown.text().contains("s3cret") && !shown.text().contains("whsec_"), "{}", shown.text());
    let mut expected = made.clone();
    expected.as_object_mut().expect("an object").remove("signingSecret");
    assert_eq!(shown.expect(200), expected);
    // Again: paths are as the request says, the secrets stay, and are not shown.
    let again = put(&a, json!({"url": "http://localhost:3000"})).await.expect(200);
    assert_eq!(
        (&again["paths"]["transfer"], &again["signingSecret"]),
        (&json!("/transfer-webhook"), &Value::Null)
    );
    assert_eq!((&again["publicKey"], &again["createdAt"]), (&made["publicKey"], &made["createdAt"]));
    assert_eq!(app.b().get("/v1/webhooks/endpoint").await.code(), "P467");
    app.finish().await;
}

/// Nobody else delivers here: what came due was attempted when the call that advances the clock answered.
#[tokio::test]
async fn advancing_the_clock_attempts_each_webhook_that_is_due_once() {
    let app = TestApp::without_wallets().await;
    let (a, receiver) = (app.a(), Receiver::start().await);
    register(&a, &receiver.url).await;
    receiver.answers(|_| 503);
    a.create_user("anna").await;
    a.approve("anna").await;
    advance(&a, 1).await;
    assert_eq!(receiver.take().len(), 1, "the next of the user waits for the first");
    advance(&a, 7).await;
    assert_eq!(receiver.take().len(), 0);
    receiver.answers(|_| 200);
    advance(&a, 1).await;
    let paths: Vec<_> = receiver.take().into_iter().map(|got| got.path).collect();
    assert_eq!(paths, ["/webhook/kyc-verification/status", "/webhook/user/status"]);
    assert_eq!(deliveries(&a, "status=DELIVERED").await.len(), 2, "both attempts are stored");
    a.fund(None, "1", "eur").await;
    a.pay(None, Some("anna"), "1").await;
    advance(&a, 1).await;
    assert_eq!(receiver.take().len(), 1);
    enable(&a, &receiver.url, false).await.expect(200);
    a.fund(None, "1", "eur").await;
    a.pay(None, Some("anna"), "1").await;
    advance(&a, 1).await;
    assert_eq!(receiver.take().len(), 0, "a disabled endpoint is not waited for");
    app.finish().await;
}

/// A server that takes requests and never answers.
#[tokio::test]
async fn a_server_that_hangs_does_not_hold_the_clock_for_longer_than_it_may() {
    let settings = Settings { webhook_patience: Duration::from_millis(100), ..Settings::sandbox() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let (a, server) = (app.a(), TcpListener::bind(("127.0.0.1", 0)).await.expect("a port"));
    register(&a, &format!("http://{}", server.local_addr().expect("an address"))).await;
    a.verified_user("anna").await;
    advance(&a, 1).await;
    let (_request, _) = server.accept().await.expect("the attempt was begun");
    assert_eq!(deliveries(&a, "status=DELIVERED").await.len(), 0);
    app.finish().await;
}

/// `*` is the path of every type that is not named; a named one may keep the contract's path.
#[tokio::test]
async fn one_path_can_stand_for_all_others() {
    let app = TestApp::without_wallets().await;
    let (a, receiver) = (app.a(), Receiver::start().await);
    let paths = json!({"*": "/all", "transfer": "/transfer-webhook", "user.status": "/users"});
    let made = put(&a, json!({"url": receiver.url, "token": "t", "paths": paths})).await.expect(200);
    let shown = made["paths"].as_object().expect("an object");
    for (kind, path) in shown {
        let expected = match kind.as_str() {
            "transfer" => "/transfer-webhook",
            "user.status" => "/users",
            _ => "/all",
        };
        assert_eq!(path, expected, "{kind}");
    }
    assert_eq!(shown.len(), 19);
    a.verified_user("anna").await;
    a.fund(Some("anna"), "1", "eur").await;
    a.pay(Some("anna"), None, "1").await;
    let inbox = a.get("/v1/sandbox/inbox").await.expect(200);
    let inbox: Vec<_> = inbox["data"].as_array().expect("a list").iter().map(|item| &item["path"]).collect();
    assert_eq!(inbox, ["/all", "/users", "/transfer-webhook"]);
    let listed: Vec<_> = a.events().await.iter().map(|event| event["path"].clone()).collect();
    assert_eq!(listed, inbox.iter().map(|path| (*path).clone()).collect::<Vec<_>>());
    deliver(&app).await;
    let mut got: Vec<_> = receiver.take().into_iter().map(|got| got.path).collect();
    got.sort_unstable();
    assert_eq!(got, ["/all", "/transfer-webhook", "/users"]);
    put(&a, json!({"url": receiver.url, "paths": {"*": "all"}})).await.is_refused("P403");
    app.finish().await;
}

#[tokio::test]
async fn a_registration_that_is_wrong_is_p403_and_changes_nothing() {
    let app = TestApp::start().await;
    let a = app.a();
    for (body, message) in [
        (json!({"token": "t"}), "url is required"),
        (json!({"url": "http://localhost"}), "token is required"),
        (json!({"url": "localhost", "token": "t"}), "url must be a URL such as https://example.com/florin"),
        (json!({"url": "ftp://a.b", "token": "t"}), "url must begin with http:// or https://"),
        (
            json!({"url": "http://u:p@a.b", "token": "t"}),
            "url can have no user name, password, query or fragment",
        ),
        (json!({"url": "http://a.b", "token": ""}), "token is required"),
        (
            json!({"url": "http://a.b", "token": "a\u{e9}"}),
            "token must be 1 to 1024 visible ASCII characters",
        ),
        (json!({"url": "http://a.b", "token": "t", "enabled": "yes"}), "enabled must be a boolean"),
        (json!({"url": "http://a.b", "token": "t", "paths": []}), "paths must be an object"),
        (json!({"url": "http://a.b", "token": "t", "paths": {"x": "/y"}}), NO_EVENT_TYPE),
        (
            json!({"url": "http://a.b", "token": "t", "paths": {"transfer": "y"}}),
            "paths.transfer must begin with / and be a plain path",
        ),
    ] {
        let answer = put(&a, body.clone()).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "P403"), "{body}");
        assert_eq!(answer.json()["errorMessage"], message, "{body}");
    }
    assert_eq!(a.get("/v1/webhooks/endpoint").await.code(), "P467");
    app.finish().await;
}

struct Fixed;

impl Resolver for Fixed {
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let found: Vec<&str> = match host.as_str() {
            "public.test" => vec!["8.8.8.8", "2606:4700:4700::1111"],
            "mixed.test" => vec!["8.8.8.8", "10.0.0.7"],
            "inside.test" => vec!["192.168.1.1"],
            "allowed.test" => vec!["10.9.0.1"],
            _ => vec![],
        };
        let found = found.into_iter().map(|ip| ip.parse().expect("an address")).collect();
        async move { Ok(found) }.boxed()
    }
}

#[tokio::test]
async fn in_live_only_public_https_addresses_are_taken() {
    let settings = Settings {
        resolver: Names(Arc::new(Fixed)),
        webhook_allow: vec!["10.9.0.0/16".parse().expect("a network")],
        rate_limit: None,
        ..Settings::live()
    };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let a = app.a();
    let not_public = "url must not lead to an address that is not public";
    let no_public_name = "url has a host that does not resolve to public addresses only";
    for (url, message) in [
        ("http://public.test", "url must begin with https://"),
        ("https://mixed.test", no_public_name),
        ("https://inside.test", no_public_name),
        ("https://127.0.0.1", not_public),
        ("https://[::ffff:10.0.0.1]", not_public),
        ("https://0x7f000001/", not_public),
        ("https://169.254.169.254/latest", not_public),
        ("https://unknown.test", no_public_name),
    ] {
        let answer = put(&a, json!({"url": url, "token": "t"})).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "P403"), "{url}");
        assert_eq!(answer.json()["errorMessage"], message, "{url}");
    }
    for url in ["https://public.test/x", "https://allowed.test", "https://8.8.8.8"] {
        put(&a, json!({"url": url, "token": "t"})).await.expect(200);
    }
    app.finish().await;
}

/// Answers each question when it is let go, and not before.
struct Silent {
    asked: Semaphore,
    answers: Arc<Semaphore>,
}

impl Resolver for Silent {
    fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.add_permits(1);
        let answers = Arc::clone(&self.answers);
        async move {
            answers.acquire().await.expect("it stays open").forget();
            Ok(vec![[8, 8, 8, 8].into()])
        }
        .boxed()
    }
}

/// Name servers that do not answer cost the partner whose registrations wait for them, and nobody else.
#[tokio::test]
async fn a_partner_has_few_registrations_under_way() {
    let silent = Arc::new(Silent { asked: Semaphore::new(0), answers: Arc::new(Semaphore::new(0)) });
    let resolver = Names(silent.clone());
    let settings = Settings { resolver, webhook_targets: WebhookTargets::Public, ..Settings::sandbox() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let body = || json!({"url": "https://silent.test", "token": "t"});
    let register = |client: &Client| {
        let client = client.clone();
        tokio::spawn(async move { put(&client, body()).await })
    };
    let mut waiting: Vec<_> = (0..4).map(|_| register(&app.a())).collect();
    silent.asked.acquire_many(4).await.expect("all of them ask").forget();
    let refused = put(&app.a(), body()).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "P429"), "{}", refused.text());
    assert_eq!(refused.headers["retry-after"], "1");
    waiting.push(register(&app.b()));
    silent.asked.acquire().await.expect("the other partner's asks too").forget();
    silent.answers.add_permits(6);
    for waiting in waiting {
        waiting.await.expect("no panic").expect(200);
    }
    put(&app.a(), body()).await.expect(200);
    app.finish().await;
}

/// A sandbox that others use: nobody can register an inner address, and one that was registered before gets nothing.
#[tokio::test]
async fn a_sandbox_for_others_sends_to_public_addresses_only() {
    let public = || Settings {
        resolver: Names(Arc::new(Fixed)),
        webhook_targets: WebhookTargets::Public,
        ..Settings::sandbox()
    };
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    register(&app.a(), &receiver.url).await;
    app.reopen(Setup { settings: public(), ..Setup::default() }).await;
    let a = app.a();
    a.create_user("anna").await;
    a.approve("anna").await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 0);
    let all = deliveries(&a, "").await;
    let attempt = all.iter().find_map(|item| item["attempts"].get(0)).expect("an attempt");
    let expected = "not sent: the address must not lead to an address that is not public";
    assert_eq!((&attempt["error"], &attempt["answer"]), (&json!(expected), &json!(null)), "{attempt}");
    for url in
        [&*receiver.url, "http://inside.test", "http://mixed.test", "http://unknown.test", "http://10.9.0.1"]
    {
        let answer = put(&a, json!({"url": url, "token": "t"})).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "P403"), "{url}");
    }
    put(&a, json!({"url": "http://public.test", "token": "t"})).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn deliveries_are_listed_in_pages_and_by_filters() {
    let app = TestApp::start().await;
    let (a, receiver) = (app.a(), Receiver::start().await);
    assert_eq!(a.get("/v1/webhooks/deliveries").await.code(), "P467");
    a.verified_user("anna").await;
    a.fund(Some("anna"), "100", "eur").await;
    register(&a, &receiver.url).await;
    receiver.answers(|got| if got.body()["amount"] == json!(2) { 500 } else { 200 });
    for number in 0..12 {
        a.pay(Some("anna"), None, if number % 4 == 0 { "2" } else { "1" }).await;
    }
    deliver(&app).await;
    enable(&a, &receiver.url, false).await.expect(200);
    for _ in 0..5 {
        a.pay(Some("anna"), None, "1").await;
    }
    let all = deliveries(&a, "").await;
    let sequences: Vec<i64> = all.iter().map(|item| item["sequence"].as_i64().expect("a number")).collect();
    let newest = a.events().await.len() as i64;
    assert_eq!(sequences, (0..17).map(|back| newest - back).collect::<Vec<_>>());
    assert_eq!(deliveries(&a, "status=PENDING").await.len(), 8);
    assert_eq!(deliveries(&a, "status=DELIVERED").await.len(), 9);
    assert_eq!(deliveries(&a, "status=FAILED").await.len(), 0);
    assert_eq!(deliveries(&a, "eventType=transfer").await.len(), 17);
    assert_eq!(deliveries(&a, "eventType=user.status").await.len(), 0);
    for filter in ["", "&status=PENDING", "&status=DELIVERED"] {
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = a.get(&format!("/v1/webhooks/deliveries?limit=3{filter}{cursor}")).await.expect(200);
            paged.extend(page["data"].as_array().expect("a list").clone());
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, deliveries(&a, filter.trim_start_matches('&')).await, "{filter}");
    }
    assert_eq!(a.get("/v1/webhooks/deliveries?cursor=AAAA").await.code(), "P403");
    assert_eq!(a.get("/v1/webhooks/deliveries?status=pending").await.code(), "P403");
    advance(&a, 1).await;
    app.finish().await;
}

#[tokio::test]
async fn a_delivery_of_another_partner_is_unknown() {
    let app = TestApp::start().await;
    let (a, receiver) = (app.a(), Receiver::start().await);
    for client in [&a, &app.b()] {
        client.verified_user("anna").await;
        client.fund(Some("anna"), "100", "eur").await;
        register(client, &receiver.url).await;
        client.pay(Some("anna"), None, "1").await;
    }
    deliver(&app).await;
    let of_b = deliveries(&app.b(), "").await[0]["id"].as_str().expect("an id").to_owned();
    let answer = a.call(Method::POST, &format!("/v1/webhooks/deliveries/{of_b}/retry")).send().await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "P466"));
    app.b().call(Method::POST, &format!("/v1/webhooks/deliveries/{of_b}/retry")).send().await.expect(200);
    receiver.take();
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_replay_is_bounded() {
    let app = TestApp::start().await;
    let a = app.a();
    let replay = async |from: i64, to: i64| {
        a.post("/v1/webhooks/replay", &json!({"fromSequence": from, "toSequence": to})).send().await
    };
    assert_eq!(replay(1, 1).await.code(), "P467");
    register(&a, "http://127.0.0.1:9").await;
    for (from, to) in [(0, 1), (2, 1), (1, 10_001)] {
        assert_eq!(replay(from, to).await.code(), "P403", "{from} to {to}");
    }
    assert_eq!(replay(1, 10_000).await.expect(200), json!({"deliveries": 0}));
    app.finish().await;
}

#[tokio::test]
async fn the_inbox_shows_what_goes_out_and_waits_for_it() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(Some("anna"), "100", "eur").await;
    let all = a.get("/v1/sandbox/inbox").await.expect(200);
    let events = a.events().await;
    assert_eq!(all["data"].as_array().map(Vec::len), Some(events.len()));
    assert_eq!(all["data"][0]["headers"].get("webhook-signature"), None);
    register(&a, "http://127.0.0.1:9").await;
    let after = events.len();
    let waiting = a.get("/v1/sandbox/inbox?type=transfer&externalUserId=anna&wait=30");
    let both = futures_util::future::join(waiting, a.pay(Some("anna"), None, "1"));
    let (inbox, transfer) =
        tokio::time::timeout(std::time::Duration::from_secs(10), both).await.expect("before 30 s");
    let inbox = inbox.expect(200);
    let item = &inbox["data"][0];
    assert_eq!((&item["payload"]["id"], &item["path"]), (&json!(transfer), &json!("/transfer-webhook")));
    assert_eq!(item["headers"]["authorization"], "the-token");
    assert_eq!(item["headers"]["webhook-id"], item["webhookId"]);
    assert!(item["headers"]["webhook-signature"].as_str().expect("text").starts_with("v1,"));
    let body: Value = serde_json::from_str(item["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(body, item["payload"]);
    assert_eq!(inbox["nextAfter"], after as i64 + 1);
    let nobody = a.get("/v1/sandbox/inbox?externalUserId=nobody").await.expect(200);
    assert_eq!(nobody["data"], json!([]));
    app.finish().await;
}

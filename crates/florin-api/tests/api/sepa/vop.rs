//! Verification of Payee for other banks, through the whole router.

use super::iban_of;
use crate::support::{Answer, Setup, TestApp, expect_errors};
use axum::Router;
use axum::body::Body;
use florin_api::endpoints;
use florin_api::kit::book::audit;
use florin_api::kit::edge::request_id::RequestIdLayer;
use florin_api::kit::edge::router::router;
use florin_api::sepa::{AskerCount, Askers, NewAsker, PayeeDesk};
use florin_types::{Bic, Date, Text};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt;
use uuid::Uuid;

const PATH: &str = "/vop/v1/payee-verifications";

/// The id of every request.
const ID: &str = "0198c5d2-ad31-7f24-9c85-6e903b4c5d7f";

/// The bank that asks.
const BANK: &str = "HABALT22";

/// A day's beginning.
const TODAY: &str = "2026-11-23";

fn askers(app: &TestApp) -> Askers<'_> {
    Askers { app: &app.app, name: Text::parse("olga").expect("a name") }
}

fn named(name: &str) -> NewAsker {
    NewAsker { name: Text::parse(name).expect("a name"), bic: None, misses_a_day: None }
}

/// A process as other banks see it.
#[derive(Clone)]
struct Desk {
    desk: PayeeDesk,
    router: Router,
}

impl Desk {
    fn of(app: &TestApp) -> Self {
        let desk = PayeeDesk::of(&app.app);
        let ids = RequestIdLayer::new(Arc::new(|| "made".to_owned()), Arc::new(|| 0));
        let router = router(&app.app, endpoints(), desk.routes(), ids);
        Self { desk, router }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("a router answers");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body is received").to_bytes().to_vec();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    async fn ask(&self, token: &str, body: &Value) -> Answer {
        let answer = self.send(request(token, body.to_string())).await;
        assert_eq!(answer.header("x-request-id"), ID);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("x-response-timestamp").starts_with("2026-11-2"));
        assert_eq!(answer.header("content-type"), "application/json");
        answer
    }

    /// The answer about a name.
    async fn about(&self, token: &str, iban: &str, name: &str) -> Value {
        self.ask(token, &question(iban, &json!({"name": name}))).await.expect(200)
    }
}

fn request(token: &str, body: impl Into<Vec<u8>>) -> Request<Body> {
    let mut request = Request::new(Body::from(body.into()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = PATH.parse().expect("a path");
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("content-type", "application/json".to_owned()),
        ("x-request-id", ID.to_owned()),
        ("x-request-timestamp", "2026-11-23T12:00:00.000Z".to_owned()),
    ] {
        set(&mut request, name, &value);
    }
    request
}

fn set(request: &mut Request<Body>, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).expect("a header's value");
    request.headers_mut().insert(HeaderName::from_static(name), value);
}

fn question(iban: &str, party: &Value) -> Value {
    json!({
        "party": party,
        "partyAccount": {"iban": iban},
        "partyAgent": {"financialInstitutionId": {"bicfi": "FLORLT2XXXX"}},
        "requestingAgent": {"financialInstitutionId": {"bicfi": BANK}},
    })
}

#[track_caller]
fn expect_problem(answer: &Answer, status: u16, code: &str) -> String {
    let problem = answer.json();
    assert_eq!((answer.status, &problem["code"]), (status, &json!(code)), "{problem}");
    assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(status)), "{problem}");
    problem["detail"].as_str().expect("a detail").to_owned()
}

/// How many answers of each kind an asker got on the first day.
async fn counts(app: &TestApp, asker: Uuid) -> BTreeMap<String, u64> {
    let since = Date::parse(TODAY).expect("a day");
    let all = askers(app).list(since).await.expect("a list");
    let found = all.into_iter().map(|asker| asker.expect("a seal that fits"));
    let (_, counts) = found.into_iter().find(|(one, _)| one.id == asker).expect("the asker");
    let of_day = counts.into_iter().filter(|count: &AskerCount| count.day == TODAY);
    of_day.map(|count| (count.result, count.answers)).collect()
}

/// Runs every statement once.
pub async fn every_statement(app: &TestApp) {
    let (asker, token) = askers(app).create(named("Bank")).await.expect("an asker");
    let desk = Desk::of(app);
    desk.about(&token, "DE89370400440532013000", "Ada").await;
    desk.ask("wrong", &json!({})).await;
    desk.desk.note_counts().await.expect("the database answers");
    counts(app, asker.id).await;
    assert!(askers(app).revoke(asker.id).await.expect("the database answers"));
    askers(app).create(named("Another bank")).await.expect("an asker");
}

#[tokio::test]
async fn names_are_compared_with_those_of_users_and_partners_of_any_book() {
    let app = TestApp::start().await;
    let (a, b) = (app.a(), app.b());
    a.verified_user("anna").await;
    b.verified_user("ben").await;
    a.verified_user("gone").await;
    let [anna, gone] = [iban_of(&a, Some("anna")).await, iban_of(&a, Some("gone")).await];
    let (ben, house, other) =
        (iban_of(&b, Some("ben")).await, iban_of(&a, None).await, iban_of(&b, None).await);
    a.delete("/v1/user/gone").await.expect(200);
    // Our own partners are told as little.
    let body = json!({"iban": gone, "name": "Ada Lovelace"});
    let told = b.post("/v1/sepa-transfer/verify-payee", &body).send().await.expect(200);
    assert_eq!(told["result"], "NOT_POSSIBLE", "{told}");
    let (asker, token) = askers(&app).create(named("Bank")).await.expect("an asker");
    let desk = Desk::of(&app);
    let close = |name: &str| json!({"partyNameMatch": "CMTC", "matchedName": name});
    let code = |code: &str| json!({"partyNameMatch": code});
    for (iban, name, expected) in [
        (&anna, "Ada Lovelace", code("MTCH")),
        (&anna, "Dr. LOVELACE, Ada", code("MTCH")),
        (&anna, "A. Lovelace", close("Ada Lovelace")),
        (&anna, "Charles Babbage", code("NMTC")),
        (&anna, "Ada Lovelace GmbH", code("NMTC")),
        (&anna, "??", code("NOAP")),
        (&ben, "Ada Lovelace", code("MTCH")),
        (&house, "Florin Sandbox", code("MTCH")),
        (&other, "florin sandbox", code("MTCH")),
        (&other, "Florin Sandbox Ltd", close("Florin Sandbox")),
        (&house, "Ada Lovelace", code("NMTC")),
        (&gone, "Ada Lovelace", code("NOAP")),
        (&"LT299999900000000000".to_owned(), "Ada Lovelace", code("NOAP")),
        (&"DE89370400440532013000".to_owned(), "Ada Lovelace", code("NOAP")),
    ] {
        assert_eq!(desk.about(&token, iban, name).await, expected, "{name}");
    }
    let vat = json!({"organisationId": {"others": [{"identification": "LT1", "schemeNameCode": "TXID"}]}});
    let id = desk.ask(&token, &question(&house, &json!({"identification": vat}))).await;
    assert_eq!(id.expect(200), json!({"partyIdMatch": "NOAP"}));
    let both = question(&anna, &json!({"name": "Ada Lovelace", "identification": vat}));
    let answer = desk.ask(&token, &both).await.expect(200);
    assert_eq!(answer, json!({"partyNameMatch": "MTCH", "partyIdMatch": "NOAP"}));
    let mut elsewhere = question(&anna, &json!({"name": "Ada Lovelace"}));
    elsewhere["partyAgent"]["financialInstitutionId"]["bicfi"] = json!("COBADEFF");
    assert_eq!(desk.ask(&token, &elsewhere).await.expect(200), code("NOAP"));
    assert!(counts(&app, asker.id).await.is_empty(), "counts are written now and then");
    for _ in 0..2 {
        desk.desk.note_counts().await.expect("the database answers");
    }
    let expected = [("MTCH", 6), ("CMTC", 2), ("NMTC", 3), ("NOAP", 4), ("NOT_ASKED", 2)];
    assert_eq!(counts(&app, asker.id).await, expected.map(|(word, n)| (word.to_owned(), n)).into());
    // A reset closes the book, and nobody has its accounts.
    b.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    assert_eq!(desk.about(&token, &ben, "Ada Lovelace").await, code("NOAP"));
    app.finish().await;
}

#[tokio::test]
async fn only_a_bank_with_a_token_is_answered() {
    let app = TestApp::start().await;
    let desk = Desk::of(&app);
    let body = question("DE89370400440532013000", &json!({"name": "Ada Lovelace"}));
    // Nobody may ask: there is no such path.
    for token in ["", "x"] {
        let absent = desk.send(request(token, body.to_string())).await;
        assert_eq!((absent.status, &*absent.code()), (404, "P404"));
    }
    let new = NewAsker { bic: Some(Bic::parse(BANK).expect("a BIC")), ..named("Bank") };
    let (asker, token) = askers(&app).create(new).await.expect("an asker");
    let (other, other_token) = askers(&app).create(named("Routing")).await.expect("an asker");
    desk.ask(&token, &body).await.expect(200);
    let key = app.a().key.expect("a key");
    let wrong = ["", "x", &key, &token[1..], &format!("{token}0"), &"t".repeat(300), &format!("{token} x")];
    for token in wrong {
        let answer = desk.ask(token, &body).await;
        expect_problem(&answer, 401, "CLIENT_INVALID");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    let mut twice = request(&token, body.to_string());
    twice.headers_mut().append("authorization", HeaderValue::from_static("Bearer x"));
    let mut basic = request(&token, body.to_string());
    set(&mut basic, "authorization", &format!("Basic {token}"));
    let mut none = request(&token, body.to_string());
    none.headers_mut().remove("authorization");
    set(&mut none, "x-api-key", &token);
    for request in [twice, basic, none] {
        expect_problem(&desk.send(request).await, 401, "CLIENT_INVALID");
    }
    let mut get = request(&token, "");
    *get.method_mut() = Method::GET;
    let answer = desk.send(get).await;
    expect_problem(&answer, 405, "");
    assert_eq!(answer.header("allow"), "POST");
    // It asks for itself alone, of whatever branch; a service asks for all.
    let of = |bic: &str| {
        let mut body = body.clone();
        body["requestingAgent"]["financialInstitutionId"]["bicfi"] = json!(bic);
        body
    };
    desk.ask(&token, &of("HABALT22ABC")).await.expect(200);
    expect_problem(&desk.ask(&token, &of("COBADEFF")).await, 400, "CLIENT_INCONSISTENT");
    desk.ask(&other_token, &of("COBADEFF")).await.expect(200);
    // A token is no key.
    app.a().with_key(Some(&token)).get("/v1/partner/balances").await.is_refused("P401");
    assert!(askers(&app).revoke(asker.id).await.expect("the database answers"));
    assert!(!askers(&app).revoke(asker.id).await.expect("the database answers"), "it was revoked before");
    assert!(!askers(&app).revoke(Uuid::nil()).await.expect("the database answers"));
    expect_problem(&desk.ask(&token, &body).await, 401, "CLIENT_INVALID");
    desk.ask(&other_token, &body).await.expect(200);
    let deeds = audit::list_outside(&app.app.store, Uuid::nil()).await.expect("the audit");
    // Of one millisecond, so in any order.
    let deeds: BTreeSet<_> =
        deeds.iter().map(|(_, deed)| (&*deed.action, deed.object, &*deed.operator)).collect();
    let [made, revoked] = ["vop.asker.create", "vop.asker.revoke"];
    let expected = [(made, asker.id, "olga"), (made, other.id, "olga"), (revoked, asker.id, "olga")];
    assert_eq!(deeds, expected.into());
    app.finish().await;
}

#[tokio::test]
async fn an_asker_has_so_many_questions_a_second() {
    let app = TestApp::start().await;
    let (_, token) = askers(&app).create(named("Bank")).await.expect("an asker");
    let (_, other) = askers(&app).create(named("Another")).await.expect("an asker");
    let desk = Desk::of(&app);
    let party = json!({"identification": {"organisationId": {"anyBIC": BANK}}});
    let body = question("DE89370400440532013000", &party);
    for _ in 0..100 {
        desk.ask(&token, &body).await.expect(200);
    }
    let answer = desk.ask(&token, &body).await;
    assert!(expect_problem(&answer, 429, "").contains("a second"));
    assert_eq!(answer.header("retry-after"), "1");
    desk.ask(&other, &body).await.expect(200);
    app.clock.advance(Duration::from_secs(1));
    for _ in 0..20 {
        desk.ask(&token, &body).await.expect(200);
    }
    expect_problem(&desk.ask(&token, &body).await, 429, "");
    app.finish().await;
}

#[tokio::test]
async fn who_guesses_a_name_is_told_nothing_until_the_next_day() {
    let app = TestApp::start().await;
    app.a().verified_user("anna").await;
    let anna = iban_of(&app.a(), Some("anna")).await;
    let (_, token) = askers(&app).create(named("Bank")).await.expect("an asker");
    let (_, other) = askers(&app).create(named("Another")).await.expect("an asker");
    let desk = Desk::of(&app);
    for _ in 0..10 {
        assert_eq!(desk.about(&token, &anna, "Charles Babbage").await["partyNameMatch"], "NMTC");
        app.clock.advance(Duration::from_millis(50));
    }
    for name in ["A. Lovelace", "Ada Lovelace", "Charles Babbage"] {
        assert_eq!(desk.about(&token, &anna, name).await, json!({"partyNameMatch": "NOAP"}));
    }
    assert_eq!(desk.about(&other, &anna, "A. Lovelace").await["matchedName"], "Ada Lovelace");
    app.clock.advance(Duration::from_secs(12 * 60 * 60));
    assert_eq!(desk.about(&token, &anna, "A. Lovelace").await["matchedName"], "Ada Lovelace");
    app.finish().await;
}

#[tokio::test]
async fn who_looks_for_accounts_is_refused_until_the_next_day_by_every_process() {
    let app = TestApp::start().await;
    let new = NewAsker { misses_a_day: Some(3), ..named("Bank") };
    let (asker, token) = askers(&app).create(new).await.expect("an asker");
    let desk = Desk::of(&app);
    let ask = async |desk: &Desk, number: u64| {
        let iban = florin_types::lithuanian(99_999, number);
        desk.ask(&token, &question(iban.as_str(), &json!({"name": "Ada Lovelace"}))).await
    };
    for number in 0..3 {
        assert_eq!(ask(&desk, number).await.expect(200), json!({"partyNameMatch": "NOAP"}));
    }
    desk.desk.note_counts().await.expect("the database answers");
    for desk in [desk.clone(), Desk::of(&app)] {
        let answer = ask(&desk, 4).await;
        assert!(expect_problem(&answer, 429, "").contains("on a day"));
        assert_eq!(answer.header("retry-after"), "43200");
    }
    app.clock.advance(Duration::from_secs(43_200));
    ask(&desk, 4).await.expect(200);
    desk.desk.note_counts().await.expect("the database answers");
    let expected = [("NOAP".to_owned(), 3), ("REFUSED".to_owned(), 1)];
    assert_eq!(counts(&app, asker.id).await, expected.into(), "the other process has not written yet");
    app.finish().await;
}

#[tokio::test]
async fn hostile_requests_are_refused_and_repeat_no_name() {
    let app = TestApp::start().await;
    let (_, token) = askers(&app).create(named("Bank")).await.expect("an asker");
    let desk = Desk::of(&app);
    let usual = question("DE89370400440532013000", &json!({"name": "Secretname"})).to_string();
    let bodies = [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        format!("{usual}x"),
        format!("\u{feff}{usual}"),
        usual.replace("\"name\"", "\"name\":\"Secretname\",\"name\""),
        usual.replace("\"name\"", "\"nickname\""),
        usual.replace("\"Secretname\"", "[\"Secretname\"]"),
        usual.replace("Secretname", &"Secretname".repeat(20)),
        usual.replace("Secretname", "Secretname\\u0000"),
        usual.replace("Secretname", "Secretname\\ud800"),
        usual.replace("DE89", "DE88"),
        usual.replace("DE89370400440532013000", "XX00"),
        usual.replace("FLORLT2XXXX", "FLOR"),
        "[".repeat(8_000),
        "x".repeat(8 * 1024 + 1),
        "x".repeat(1024 * 1024),
    ];
    for body in bodies {
        let answer = desk.send(request(&token, body)).await;
        let detail = expect_problem(&answer, 400, "FORMAT_ERROR");
        assert!(!answer.text().contains("Secretname") && detail.len() < 300, "{detail}");
        assert_eq!(answer.header("x-request-id"), ID);
    }
    let bytes = desk.send(request(&token, &b"\xff\xfe{}"[..])).await;
    expect_problem(&bytes, 400, "FORMAT_ERROR");
    for (name, value, code) in [
        ("content-type", "text/plain", "FORMAT_ERROR"),
        ("content-type", "application/json; charset=iso-8859-1", "FORMAT_ERROR"),
        ("content-encoding", "gzip", "FORMAT_ERROR"),
        ("x-request-id", "7", "FORMAT_ERROR"),
        ("x-request-timestamp", "yesterday", "TIMESTAMP_INVALID"),
        ("x-request-timestamp", "2026-11-23", "TIMESTAMP_INVALID"),
    ] {
        let mut request = request(&token, usual.clone());
        set(&mut request, name, value);
        expect_problem(&desk.send(request).await, 400, code);
    }
    for (name, code) in [
        ("content-type", "FORMAT_ERROR"),
        ("x-request-id", "FORMAT_ERROR"),
        ("x-request-timestamp", "TIMESTAMP_INVALID"),
    ] {
        let mut request = request(&token, usual.clone());
        request.headers_mut().remove(name);
        expect_problem(&desk.send(request).await, 400, code);
    }
    app.finish().await;
}

/// Keeps every field of every span and event of this thread as text.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

impl tracing::field::Visit for Recorder {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.lock().expect("one thread").push_str(&format!("{}={value:?} ", field.name()));
    }
}

impl tracing::Subscriber for Recorder {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        attributes.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn no_name_no_account_and_no_token_is_logged() {
    let app = TestApp::start().await;
    app.a().verified_user("anna").await;
    let anna = iban_of(&app.a(), Some("anna")).await;
    let (_, token) = askers(&app).create(named("Bank")).await.expect("an asker");
    let desk = Desk::of(&app);
    let recorder = Recorder::default();
    {
        let _guard = tracing::subscriber::set_default(recorder.clone());
        tracing::callsite::rebuild_interest_cache();
        for name in ["Ada Lovelace", "A. Lovelace", "Charles Babbage"] {
            desk.about(&token, &anna, name).await;
        }
        desk.send(request(&token, format!("{{\"name\":\"Lovelace\",\"iban\":\"{anna}\"}}"))).await;
        desk.ask(&format!("{token}x"), &json!({})).await;
    }
    tracing::callsite::rebuild_interest_cache();
    let logged = recorder.0.lock().expect("one thread").clone();
    assert!(
        logged.contains("path=\"/vop/v1/payee-verifications\"") && logged.contains("answered"),
        "{logged}"
    );
    for secret in ["Lovelace", "Babbage", &anna, &token] {
        assert!(!logged.contains(secret), "{logged}");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_asker_that_somebody_else_wrote_asks_nothing() {
    let app = TestApp::start().await;
    let (asker, token) = askers(&app).create(named("Bank")).await.expect("an asker");
    let desk = Desk::of(&app);
    let body = question("DE89370400440532013000", &json!({"name": "Ada Lovelace"}));
    app.database().tamper("UPDATE vop_asker SET misses_a_day = 1000000").await;
    let answer = desk.ask(&token, &body).await;
    expect_problem(&answer, 500, "");
    assert!(!answer.text().contains("seal"));
    expect_errors(&["its seal does not fit"]);
    let listed = askers(&app).list(Date::parse(TODAY).expect("a day")).await.expect("a list");
    assert!(listed[0].as_ref().is_err_and(|error| error.to_string().contains("vop_asker")));
    let report = app.app.store.verify().await.expect("everything can be read");
    assert!(report.findings.iter().any(|finding| finding.contains("vop_asker")), "{:?}", report.findings);
    app.database().tamper(&format!("UPDATE vop_asker SET misses_a_day = {}", asker.misses_a_day)).await;
    desk.ask(&token, &body).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn wrong_tokens_from_one_address_come_to_an_end_in_live() {
    let settings = florin_api::kit::settings::Settings::live();
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let (_, token) = askers(&app).create(named("Bank")).await.expect("an asker");
    let desk = Desk::of(&app);
    let from = |token: &str| {
        let mut request = request(token, "{}");
        let peer = std::net::SocketAddr::from(([192, 0, 2, 7], 4711));
        request.extensions_mut().insert(florin_api::kit::edge::http::Peer(peer));
        request
    };
    for _ in 0..20 {
        expect_problem(&desk.send(from("wrong")).await, 401, "CLIENT_INVALID");
    }
    expect_problem(&desk.send(from("wrong")).await, 429, "");
    expect_problem(&desk.send(from(&token)).await, 400, "FORMAT_ERROR");
    app.finish().await;
}

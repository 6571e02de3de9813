//! `GET /v1/events`, section 4.

use crate::support::{Client, Engine, TestApp, engine};
use florin_testing::skip;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use std::time::Duration;

async fn three_kinds(app: &TestApp) -> (Client, String) {
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(Some("anna"), "100", "eur").await;
    let id = a.pay(Some("anna"), None, "12.5").await;
    (a, id)
}

#[tokio::test]
async fn events_look_as_the_contract_says() {
    let app = TestApp::without_wallets().await;
    let (a, transfer) = three_kinds(&app).await;
    let answer = a.get("/v1/events").await;
    let list = answer.json();
    let id = |index: usize| list["data"][index]["id"].as_str().expect("an id").to_owned();
    let event = |index: usize, sequence: u8, kind: &str, path: &str, payload: &str, at: &str| {
        format!(
            concat!(
                r#"{{"id":"{}","sequence":{sequence},"type":"{kind}","path":"{path}","#,
                r#""payload":{payload},"createdAt":"2026-11-23T12:00:{at}Z"}}"#,
            ),
            id(index),
            sequence = sequence,
            kind = kind,
            path = path,
            payload = payload,
            at = at
        )
    };
    let verified = concat!(
        r#"{"externalUserId":"anna","verificationStatus":"VERIFIED","#,
        r#""attemptStatus":"SUCCESSFUL","rejectionReason":null}"#,
    );
    let paid = format!(
        concat!(
            r#"{{"id":"{transfer}","sourceExternalUserId":"anna","#,
            r#""destinationExternalUserId":null,"amount":12.5,"currency":"eur","#,
            r#""status":"SUCCESSFUL","createdAt":"2026-11-23T12:00:00.501Z"}}"#,
        ),
        transfer = transfer
    );
    let events = [
        event(0, 1, "kyc_verification.status", "/webhook/kyc-verification/status", verified, "00.000"),
        event(
            1,
            2,
            "user.status",
            "/webhook/user/status",
            r#"{"externalUserId":"anna","status":"ACTIVE"}"#,
            "00.501",
        ),
        event(2, 3, "transfer", "/transfer-webhook", &paid, "00.501"),
    ];
    answer.is(200, &format!(r#"{{"data":[{}],"nextAfter":3}}"#, events.join(",")));
    app.finish().await;
}

#[tokio::test]
async fn after_limit_and_type_choose() {
    let app = TestApp::without_wallets().await;
    let (a, _) = three_kinds(&app).await;
    for _ in 0..7 {
        a.pay(Some("anna"), None, "1").await;
    }
    let sequences = async |query: &str| {
        let list = a.get(&format!("/v1/events?{query}")).await.expect(200);
        let data = list["data"].as_array().expect("a list");
        let numbers: Vec<_> =
            data.iter().map(|event| event["sequence"].as_i64().expect("a number")).collect();
        (numbers, list["nextAfter"].as_i64().expect("a number"))
    };
    assert_eq!(sequences("after=0&limit=4").await, (vec![1, 2, 3, 4], 4));
    assert_eq!(sequences("after=8").await, (vec![9, 10], 10));
    assert_eq!(sequences("after=10").await, (vec![], 10));
    assert_eq!(sequences("after=1000").await, (vec![], 1000));
    assert_eq!(sequences("type=user.status").await, (vec![2], 10));
    assert_eq!(sequences("type=user.status&after=2").await, (vec![], 10));
    assert_eq!(sequences("type=transfer&limit=3").await, (vec![3, 4, 5], 5));
    assert_eq!(sequences("type=transfer&limit=3&after=5").await, (vec![6, 7, 8], 8));
    assert_eq!(sequences("type=exchange").await, (vec![], 10));
    // An empty parameter is an absent one.
    assert_eq!(sequences("after=&type=&limit=&wait=").await, ((1..=10).collect(), 10));
    for query in [
        "after=-1",
        "after=x",
        "after=1.0",
        "limit=0",
        "limit=201",
        "wait=-1",
        "wait=31",
        "wait=0.5",
        "type=transfers",
        "type=TRANSFER",
        "after=1&after=2",
        "after=99999999999999999999",
    ] {
        let answer = a.get(&format!("/v1/events?{query}")).await;
        assert_eq!(answer.code(), "P403", "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn sequences_have_no_gaps_whatever_is_refused_between() {
    let app = TestApp::without_wallets().await;
    let (a, _) = three_kinds(&app).await;
    let calls = (0..60).map(|number| {
        let (source, destination) =
            if number % 3 == 0 { (Some("nobody"), None) } else { (Some("anna"), None) };
        a.transfer(source, destination, if number % 5 == 0 { "1000" } else { "0.01" }).send()
    });
    let answers = join_all(calls).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(a.events().await.len(), 3 + made);
    app.finish().await;
}

#[tokio::test]
async fn a_long_poll_answers_as_soon_as_there_is_an_event() {
    let app = TestApp::without_wallets().await;
    let (a, _) = three_kinds(&app).await;
    let poll = a.get("/v1/events?after=3&wait=30");
    let both = join(poll, a.transfer(Some("anna"), None, "1").send());
    let (list, made) = tokio::time::timeout(Duration::from_secs(10), both).await.expect("long before 30 s");
    let (list, made) = (list.expect(200), made.expect(201));
    assert_eq!(list["data"][0]["payload"]["id"], made["transferId"]);
    assert_eq!(list["nextAfter"], 4);
    app.finish().await;
}

#[tokio::test]
async fn a_long_poll_for_a_type_passes_over_the_others() {
    let app = TestApp::without_wallets().await;
    let (a, _) = three_kinds(&app).await;
    let poll = a.get("/v1/events?wait=30&type=user.status&after=3");
    let others = async {
        a.pay(Some("anna"), None, "1").await;
        a.verified_user("ben").await;
    };
    let (list, ()) =
        tokio::time::timeout(Duration::from_secs(10), join(poll, others)).await.expect("before 30 s");
    let list = list.expect(200);
    assert_eq!((&list["data"][0]["sequence"], &list["nextAfter"]), (&json!(6), &json!(6)));
    app.finish().await;
}

#[tokio::test]
async fn a_long_poll_without_an_event_answers_empty_when_its_time_is_over() {
    let app = TestApp::without_wallets().await;
    let (a, _) = three_kinds(&app).await;
    // Connections that are open already: their time-outs would run on the clock that is stopped now.
    join_all((0..6).map(|_| a.get("/v1/events?limit=1"))).await;
    tokio::time::pause();
    for (wait, path) in
        [(30, "/v1/events?after=3&wait=30"), (0, "/v1/events?after=3&wait=0"), (0, "/v1/events?after=3")]
    {
        let began = tokio::time::Instant::now();
        let list = a.get(path).await.expect(200);
        let took = began.elapsed();
        assert_eq!(list, json!({"data": [], "nextAfter": 3}));
        assert!(
            took >= Duration::from_secs(wait) && took < Duration::from_secs(wait + 2),
            "{path} took {took:?}"
        );
    }
    tokio::time::resume();
    app.finish().await;
}

/// A read that is given up in flight takes its connection with it.
#[tokio::test]
async fn waiting_gives_up_no_connection() {
    if engine() == Engine::Sqlite {
        // Reads are done at once there.
        return skip("for PostgreSQL only");
    }
    let app = TestApp::without_wallets().await;
    let (a, _) = three_kinds(&app).await;
    join_all((0..6).map(|_| a.get("/v1/events?limit=1"))).await;
    let before = app.database().backends().await;
    tokio::time::pause();
    for _ in 0..3 {
        for path in ["/v1/events?after=3", "/v1/events?after=3&wait=2", "/v1/events?wait=1&type=exchange"] {
            a.get(path).await.expect(200);
        }
    }
    tokio::time::resume();
    let after = app.database().backends().await;
    assert!(before.is_subset(&after), "{before:?} became {after:?}");
    app.finish().await;
}

/// Pages are read in another size than they are delivered in: none is passed over at the seams.
#[tokio::test]
async fn a_rare_type_is_found_among_many() {
    let app = TestApp::without_wallets().await;
    let (a, _) = three_kinds(&app).await;
    join_all((0..450).map(|_| a.pay(Some("anna"), None, "0.01"))).await;
    a.verified_user("ben").await;
    let mut after = 0;
    let mut found = Vec::new();
    for _ in 0..4 {
        let list = a.get(&format!("/v1/events?type=user.status&limit=1&after={after}")).await.expect(200);
        found.extend(list["data"].as_array().expect("a list").iter().map(|e| e["sequence"].clone()));
        after = list["nextAfter"].as_i64().expect("a number");
    }
    assert_eq!((found, after), (vec![json!(2), json!(455)], 455));
    app.finish().await;
}

/// A server that stops answers those who wait.
#[tokio::test]
async fn a_long_poll_ends_when_the_server_stops() {
    let app = TestApp::without_wallets().await;
    let (a, _) = three_kinds(&app).await;
    let poll = a.get("/v1/events?after=3&wait=30");
    let stop = async {
        tokio::task::yield_now().await;
        app.app.stop_waiting();
    };
    let (answer, ()) =
        tokio::time::timeout(Duration::from_secs(10), join(poll, stop)).await.expect("long before 30 s");
    assert_eq!(answer.expect(200), json!({"data": [], "nextAfter": 3}));
    app.finish().await;
}

/// What another partner does wakes nobody, and is seen by nobody.
#[tokio::test]
async fn events_are_the_partners_own() {
    let app = TestApp::without_wallets().await;
    let (a, _) = three_kinds(&app).await;
    let list = app.b().get("/v1/events?after=0").await.expect(200);
    assert_eq!(list, json!({"data": [], "nextAfter": 0}));
    app.b().verified_user("anna").await;
    assert_eq!(a.events().await.len(), 3);
    let ids = |events: Vec<Value>| events.into_iter().map(|event| event["id"].clone()).collect::<Vec<_>>();
    let (of_a, of_b) = (ids(a.events().await), ids(app.b().events().await));
    assert!(of_b.iter().all(|id| !of_a.contains(id)));
    app.finish().await;
}

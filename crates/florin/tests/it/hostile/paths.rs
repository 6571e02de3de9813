//! Paths and queries with tricks in them.

use super::Stage;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_no_route_is_p404() {
    let stage = Stage::set().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/partner/balances",
        "/V1/partner/balances",
        "/v1/partner/Balances",
        "/v1/partner",
        "/v1/partner/balances/",
        "/v1/partner/balances/x",
        "//v1/partner/balances",
        "/v1//partner/balances",
        "/v1/partner//balances",
        "/v1/partner/balances;x=1",
        "/v1/partner%2Fbalances",
        "/v1/partner/balances%00",
        "/v1/partner/balances%20",
        "/v1/x/../partner/balances",
        "/v1/./partner/balances",
        "/v1/x/%2e%2e/partner/balances",
        "/v1/..%2f..%2fetc/passwd",
        "/../../etc/passwd",
        "/v1/\\partner\\balances",
        "/florin.db",
        "/sandbox-credentials.json",
    ] {
        stage.attack(path, "GET", stage.request("GET", path, &[], b""), &["P404"]).await;
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_user_in_a_path_is_p412() {
    let stage = Stage::set().await;
    let long = "a".repeat(5_000);
    let ids = [
        "nobody",
        "ANNA",
        "anna%00",
        "%00",
        "anna%20",
        "anna;x=1",
        "anna%2F",
        "a%2Fb",
        "..%2Fanna",
        "%2e%2e%2fanna",
        "%ff",
        "%c3%28",
        "%zz",
        "%",
        "%25%30%30",
        "%C4%85",
        "anna'%20OR%20'1'='1",
        "anna%0d%0aset-cookie:x",
        "*",
        "{externalUserId}",
        &long,
    ];
    for id in ids {
        for path in [
            format!("/v1/user/balances/{id}"),
            format!("/v1/user/{id}/balances"),
            format!("/v1/user/transactions/{id}"),
        ] {
            let answer = stage.attack(&path, "GET", stage.request("GET", &path, &[], b""), &["P412"]).await;
            assert!(answer.is_some_and(|answer| answer.header("set-cookie").is_none()), "{path}");
        }
        for (method, path) in [
            ("PATCH", format!("/v1/user/suspend/{id}")),
            ("PATCH", format!("/v1/user/unsuspend/{id}")),
            ("DELETE", format!("/v1/user/{id}")),
        ] {
            stage.attack(&path, method, stage.request(method, &path, &[], b""), &["P412"]).await;
        }
        let path = format!("/v1/sandbox/kyc/{id}");
        stage.attack_post(&path, &path, br#"{"decision":"APPROVE"}"#, &["P412"]).await;
        let path = format!("/v1/transfer/details/{id}");
        stage.attack(&path, "GET", stage.request("GET", &path, &[], b""), &["P437"]).await;
    }
    stage.end().await;
}

/// Where the contract leaves open whether a router cleans the path: a refusal in any case.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dots_and_empty_segments_reach_nobody() {
    let stage = Stage::set().await;
    for path in [
        "/v1/user/balances/..",
        "/v1/user/balances/.",
        "/v1/user/balances/%2e%2e",
        "/v1/user/balances/%2e",
        "/v1/user/balances/",
        "/v1/user//balances",
        "/v1/user/balances",
        "/v1/user/balances/anna/",
        "/v1/user/balances/../balances/anna",
        "/v1/user/balances/anna/..",
    ] {
        let request = stage.request("GET", path, &[], b"");
        stage.attack(path, "GET", request, &["P404", "P405", "P412"]).await;
    }
    let long = format!("/v1/user/balances/{}", "a".repeat(100_000));
    let request = stage.request("GET", &long, &[], b"");
    stage.attack("a path of 100 KB", "GET", request, &["P404", "P412", "P403", "bare", "closed"]).await;
    let absolute = stage.request("GET", "http://elsewhere.test/v1/user/balances/nobody", &[], b"");
    stage.attack("an absolute target", "GET", absolute, &["P412", "P404", "bare"]).await;
    let anchor = stage.request("GET", "/v1/user/balances/nobody#anna", &[], b"");
    stage.attack("an anchor", "GET", anchor, &["P412", "P404", "bare", "closed"]).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_page_request_is_p403() {
    let stage = Stage::set().await;
    let bad = [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=abc",
        "limit=1e1",
        "limit=99999999999999999999",
        "cursor=x",
        "cursor=%00",
        "cursor=%ff",
        "cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "from=yesterday",
        "to=2026-13-01T00:00:00.000Z",
        "type=NOTHING",
        "status=NOTHING",
    ];
    for query in bad {
        for list in ["/v1/user/transactions/anna", "/v1/partner/transactions"] {
            let path = format!("{list}?{query}");
            stage.attack(&path, "GET", stage.request("GET", &path, &[], b""), &["P403"]).await;
        }
    }
    for query in ["after=-1", "after=abc", "after=1.5", "limit=0", "limit=abc", "wait=-1", "wait=abc"] {
        let path = format!("/v1/events?{query}");
        stage.attack(&path, "GET", stage.request("GET", &path, &[], b""), &["P403"]).await;
    }
    for (path, expected) in [
        ("/v1/partner/transactions?currency=xyz", &["P403", "P410"][..]),
        ("/v1/partner/transactions?unknown=1&x", &["200", "P403"]),
        ("/v1/partner/transactions?unknown=%ff&x", &["200", "P403"]),
        ("/v1/partner/balances?%00=%zz&&&=", &["200", "P403"]),
        ("/v1/events?after=99999999999999999999", &["P403", "200"]),
        ("/v1/events?after=9223372036854775807", &["P403", "200"]),
    ] {
        stage.attack(path, "GET", stage.request("GET", path, &[], b""), expected).await;
    }
    stage.end().await;
}

/// A cursor that was given out, damaged in every place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_cursor_is_p403() {
    let stage = Stage::set().await;
    let list = "/v1/user/transactions/anna";
    let page = stage.client.get(&format!("{list}?limit=1")).await;
    let Value::String(cursor) = &page["nextCursor"] else { panic!("two entries and no cursor: {page}") };
    let letters: Vec<char> = cursor.chars().collect();
    for place in 0..letters.len() {
        let mut damaged = letters.clone();
        damaged[place] = if damaged[place] == '1' { '2' } else { '1' };
        let damaged: String = damaged.into_iter().collect();
        let path = format!("{list}?cursor={damaged}");
        stage.attack(&path, "GET", stage.request("GET", &path, &[], b""), &["P403"]).await;
    }
    for damaged in [&cursor[1..], &cursor[..cursor.len() - 1], &format!("{cursor}A")] {
        let path = format!("{list}?cursor={damaged}");
        stage.attack(&path, "GET", stage.request("GET", &path, &[], b""), &["P403"]).await;
    }
    let elsewhere = format!("/v1/partner/transactions?cursor={cursor}");
    stage.attack(&elsewhere, "GET", stage.request("GET", &elsewhere, &[], b""), &["P403"]).await;
    stage.end().await;
}

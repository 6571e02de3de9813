//! Keys, Idempotency-Keys and request ids that are not what they should be.

use super::{Stage, plain_request, transfer_text};
use crate::support::{Answer, exchange};

const PATH: &str = "/v1/partner/balances";

fn denied(answer: Option<Answer>, reason: &str) {
    let answer = answer.expect("an answer");
    let message = format!("Access Denied. {reason}: ");
    let body = format!(r#"{{"errorCode":"P401","errorName":"access-denied","errorMessage":"{message}"#);
    assert!(answer.text().starts_with(&body), "{}", answer.text());
    assert_eq!(answer.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_has_to_be_the_key() {
    let stage = Stage::set().await;
    let key = stage.api_key().to_owned();
    let ask = async |headers: &[&str]| {
        exchange(stage.address(), "GET", plain_request("GET", PATH, headers, b"")).await
    };
    denied(ask(&[]).await, "xo1");
    for wrong in [
        format!("{key}x"),
        key[..key.len() - 1].to_owned(),
        key.to_uppercase() + "x",
        format!("Bearer {key}"),
        format!("{key} {key}"),
        "null".to_owned(),
        "' OR 1=1 --".to_owned(),
        "x".repeat(5_000),
    ] {
        denied(ask(&[&format!("x-api-key: {wrong}")]).await, "xo2");
    }
    for name in ["x-api-key", "X-API-KEY", "X-Api-Key", "x-ApI-kEy"] {
        let answer = ask(&[&format!("{name}: {key}")]).await.expect("an answer");
        assert_eq!(answer.status, 200, "{name}: {}", answer.summary());
    }
    let padded = ask(&[&format!("x-api-key:    {key}  \t")]).await.expect("an answer");
    assert_eq!(
        padded.status,
        200,
        "white space around a header's value is not part of it: {}",
        padded.summary()
    );
    let elsewhere = [
        format!("authorization: Bearer {key}"),
        format!("api-key: {key}"),
        format!("cookie: x-api-key={key}"),
    ];
    for header in elsewhere {
        denied(ask(&[&header]).await, "xo1");
    }
    stage.end().await;
}

/// Which text is not said, but nobody gets in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubtful_keys_are_denied() {
    let stage = Stage::set().await;
    let right = format!("x-api-key: {}", stage.api_key());
    for headers in [
        vec!["x-api-key:"],
        vec!["x-api-key: "],
        vec!["x-api-key: \u{e4}\u{f6}"],
        vec!["x-api-key: wrong", &right],
        vec![&right, "x-api-key: wrong"],
    ] {
        let request = plain_request("GET", PATH, &headers, b"");
        stage.attack(&format!("{} headers", headers.len()), "GET", request, &["P401"]).await;
    }
    let twice = plain_request("GET", PATH, &[&right, &right], b"");
    stage.attack("the right key twice", "GET", twice, &["P401", "200"]).await;
    let huge = format!("x-api-key: {}", "x".repeat(100_000));
    let request = plain_request("GET", PATH, &[&huge], b"");
    stage.attack("a key of 100 KB", "GET", request, &["P401", "bare", "closed"]).await;
    let padding = format!("x-padding: {}", "x".repeat(100_000));
    let request = plain_request("GET", PATH, &[&right, &padding], b"");
    stage.attack("a header of 100 KB", "GET", request, &["200", "P403", "bare", "closed"]).await;
    let many: Vec<String> = (0..500).map(|number| format!("x-{number}: y")).collect();
    let mut headers: Vec<&str> = many.iter().map(String::as_str).collect();
    headers.push(&right);
    let request = plain_request("GET", PATH, &headers, b"");
    stage.attack("500 headers", "GET", request, &["200", "P403", "bare", "closed"]).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_is_visible_ascii() {
    let stage = Stage::set().await;
    let body = transfer_text(&[("amount", Some("5000"))]);
    let send = async |header: &str, expected: &[&str]| {
        let headers = ["content-type: application/json", header];
        let request = stage.request("POST", "/v1/transfer", &headers, body.as_bytes());
        stage.attack(header, "POST", request, expected).await.expect("an answer")
    };
    let long = "k".repeat(255);
    for bad in
        ["", " ", "\"\"", "a b", "a\tb", "\u{e4}", "\u{20ac}", &format!("{long}k"), &format!("\"{long}k\"")]
    {
        let answer = send(&format!("idempotency-key: {bad}"), &["P403"]).await;
        assert!(!answer.replayed());
    }
    let visible: String = ('!'..='~').filter(|sign| !"\"\\".contains(*sign)).collect();
    for key in [&long, "k", &visible, "550e8400-e29b-41d4-a716-446655440000"] {
        let first = send(&format!("idempotency-key: {key}"), &["P433"]).await;
        assert!(!first.replayed(), "{key}");
        for again in [format!("Idempotency-Key: {key}"), format!("idempotency-key: \"{key}\"")] {
            let second = send(&again, &["P433"]).await;
            assert!(second.replayed(), "{again}");
            assert_eq!(second.body, first.body);
        }
    }
    assert!(!send("idempotency-key: K", &["P433"]).await.replayed(), "letter case counts");
    for odd in ["\"half", "half\"", "\"a\"b\""] {
        send(&format!("idempotency-key: {odd}"), &["P403", "P433"]).await;
    }
    send("idempotency-key: one\r\nidempotency-key: two", &["P403", "P433"]).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_get_has_no_idempotency() {
    let stage = Stage::set().await;
    for _ in 0..2 {
        let request = stage.request("GET", PATH, &["idempotency-key: once"], b"");
        let answer = stage.attack("a GET", "GET", request, &["200"]).await.expect("an answer");
        assert!(!answer.replayed());
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_id_comes_back_or_is_replaced() {
    let stage = Stage::set().await;
    for id in ["mine-1", "550e8400-e29b-41d4-a716-446655440000"] {
        let request = stage.request("GET", PATH, &[&format!("x-request-id: {id}")], b"");
        let answer = stage.attack(id, "GET", request, &["200"]).await.expect("an answer");
        assert_eq!(answer.header("x-request-id"), Some(id));
    }
    for odd in ["", "\u{e4}", &"x".repeat(5_000), "a\" b=\"c"] {
        let request = stage.request("GET", PATH, &[&format!("x-request-id: {odd}")], b"");
        stage.attack("an odd request id", "GET", request, &["200", "P403"]).await;
    }
    stage.end().await;
}

/// No key of a partner is in the log, whatever was sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_is_logged() {
    let stage = Stage::set().await;
    let key = stage.api_key().to_owned();
    for path in [PATH.to_owned(), "/v1/nothing".to_owned(), "/v1/user/balances/nobody".to_owned()] {
        exchange(stage.address(), "GET", stage.request("GET", &path, &[], b"")).await.expect("an answer");
    }
    let wrong = format!("{key}-wrong");
    let request = plain_request("GET", PATH, &[&format!("x-api-key: {wrong}")], b"");
    stage.attack("a wrong key", "GET", request, &["P401"]).await;
    let seen: Vec<String> =
        stage.server.log().lines().filter(|line| line.contains(&key)).map(str::to_owned).collect();
    assert!(seen.is_empty(), "the key is in the log: {seen:?}");
    stage.end().await;
}

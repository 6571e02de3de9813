//! `florin listen --cards`: a program on the engineer's machine decides about authorisations of a sandbox.

use crate::listen::{Got, Listener};
use crate::support::{Call, Client, Deadline, Server, free_port};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use florin_webhook::{SigningKey, SigningSecret, signatures};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long the listener may take until it is asked.
const PATIENCE: Duration = Duration::from_secs(60);

type Asked = Arc<Mutex<Vec<Got>>>;

/// Decides by the merchant's name.
async fn decide(State(asked): State<Asked>, request: Request) -> (StatusCode, &'static str) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("text");
    let question: Value = serde_json::from_str(&body).expect("JSON");
    asked.lock().expect("no panic").push(Got {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body,
    });
    match question["merchantName"].as_str().expect("a name") {
        "Good" => (StatusCode::OK, r#"{"decision":"APPROVE"}"#),
        "Bad" => (StatusCode::OK, r#"{"decision":"DECLINE"}"#),
        "Broken" => (StatusCode::INTERNAL_SERVER_ERROR, "no idea"),
        _ => std::future::pending().await,
    }
}

/// The program, at that port.
async fn program(port: u16) -> Asked {
    let asked = Asked::default();
    let routes = Router::new().fallback(decide).with_state(asked.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the port");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    asked
}

/// Anna's card.
async fn card(client: &Client) -> String {
    client.verified_user("anna").await;
    client.settled(&["anna"]).await;
    client.fund(Some("anna"), "100", "eur").await;
    let body = json!({"externalUserId": "anna", "label": "Travel", "pin": "4829"});
    let made = client.send(&Call::post("/v1/card/virtual", &body)).await.expect(200);
    made["cardId"].as_str().expect("an id").to_owned()
}

/// An authorisation: its status and the reason of a decline, and who decided.
async fn buy(client: &Client, card: &str, merchant: &str) -> [Value; 3] {
    let body = json!({"amount": "1.50", "currency": "eur", "merchantName": merchant, "mcc": "5942", "channel": "ECOM"});
    let path = format!("/v1/sandbox/cards/{card}/authorize");
    let answer = client.send(&Call::post(path, &body)).await.expect(201);
    let list = client.get(&format!("/v1/card/transactions/anna/{card}")).await;
    let list = list["data"].as_array().expect("a list").clone();
    let item = list.into_iter().find(|item| item["id"] == answer["transactionId"]).expect("an item");
    [answer["status"].clone(), answer["declineReason"].clone(), item["decidedBy"].clone()]
}

/// So many purchases are made before the clock moves by an hour: a card may be used 30 times in one.
const AN_HOUR: usize = 20;

/// Buys until somebody is asked.
async fn until_asked(client: &Client, card: &str, merchant: &str) {
    let deadline = Deadline::after(PATIENCE);
    for bought in 1.. {
        if buy(client, card, merchant).await[2] == "PARTNER" {
            break;
        }
        assert!(!deadline.passed(), "nobody is asked");
        deadline.pause("a question");
        if bought % AN_HOUR == 0 {
            let hour = json!({"seconds": 3_600});
            client.send(&Call::post("/v1/sandbox/clock/advance", &hour)).await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_decides_about_authorisations() {
    let server = Server::start().await;
    let client = server.client();
    let card = card(&client).await;
    let (port, secret) = (free_port(), SigningSecret::from_bytes([4; 32]));
    let url = format!("http://127.0.0.1:{port}/card-decisions");
    let asked = program(port).await;
    let mut listener = Listener::start(&server, &["--cards", &url, "--secret", &secret.spelt()]);
    listener.line(&["asking about cards at", &url]);
    until_asked(&client, &card, "Good").await;
    let three = |texts: [&str; 3]| texts.map(|text| if text.is_empty() { Value::Null } else { json!(text) });
    assert_eq!(buy(&client, &card, "Good").await, three(["APPROVED", "", "PARTNER"]));
    assert_eq!(buy(&client, &card, "Bad").await, three(["DECLINED", "PARTNER_DECLINED", "PARTNER"]));
    assert_eq!(buy(&client, &card, "Hangs").await, three(["DECLINED", "PARTNER_TIMEOUT", "TIMEOUT"]));
    listener.line(&["card question", "1.50 eur", "Good", "→ APPROVE"]);
    listener.line(&["card question", "Bad", "→ DECLINE"]);
    listener.line(&["card question", "Hangs", "→ no decision: no answer within 1500 ms"]);
    // It is asked as the server would ask it.
    let got = asked.lock().expect("no panic").last().expect("a question").clone();
    let question: Value = serde_json::from_str(&got.body).expect("JSON");
    assert_eq!((got.path.as_str(), &question["amount"]), ("/card-decisions", &json!("1.50")));
    assert_eq!(got.header("authorization"), server.credentials().webhook_token);
    assert_eq!(got.header("webhook-id"), question["id"]);
    let seconds = got.header("webhook-timestamp").parse().expect("seconds");
    let key = SigningKey::from_seed(&[0; 32]);
    let id = got.header("webhook-id");
    let expected = signatures(id, seconds, got.body.as_bytes(), std::slice::from_ref(&secret), &key);
    let (v1, _) = expected.split_once(' ').expect("two");
    assert!(got.header("webhook-signature").starts_with(&format!("{v1} v1a,")));
    // What holds without an answer, the partner has set.
    let nobody = json!({"url": "http://127.0.0.1:1/nobody", "enabled": false});
    client.send(&put("/v1/webhooks/endpoint", &nobody)).await.expect(200);
    let defaults = json!({"url": "http://127.0.0.1:1/nobody", "enabled": false, "onTimeout": "APPROVE"});
    client.send(&put("/v1/card/decisions", &defaults)).await.expect(200);
    assert_eq!(buy(&client, &card, "Hangs").await, three(["APPROVED", "", "TIMEOUT"]));
    // A listener that knows no answer says none.
    assert_eq!(buy(&client, &card, "Broken").await, three(["APPROVED", "", "TIMEOUT"]));
    listener.line(&["card question", "Broken", "→ no decision: answered 500"]);
    server.finish().await;
}

fn put(path: &str, body: &Value) -> Call {
    Call::bare("PUT", path, Some(body.to_string()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_waits_for_no_other() {
    let server = Server::start().await;
    let client = server.client();
    let card = card(&client).await;
    let port = free_port();
    let asked = program(port).await;
    let url = format!("http://127.0.0.1:{port}/");
    let _listener = Listener::start(&server, &["--cards", &url]);
    until_asked(&client, &card, "Good").await;
    let slow = {
        let (client, card) = (client.clone(), card.clone());
        tokio::spawn(async move { buy(&client, &card, "Hangs").await })
    };
    let deadline = Deadline::after(PATIENCE);
    while !asked.lock().expect("no panic").iter().any(|got| got.body.contains("Hangs")) {
        assert!(!deadline.passed(), "the program is not asked");
        deadline.pause("a question");
    }
    assert_eq!(buy(&client, &card, "Good").await, [json!("APPROVED"), Value::Null, json!("PARTNER")]);
    assert_eq!(slow.await.expect("no panic")[2], "TIMEOUT");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_answers_always_alike_and_then_nobody_is_asked() {
    let server = Server::start().await;
    let client = server.client();
    let card = card(&client).await;
    let mut listener = Listener::start(&server, &["--cards", "decline"]);
    until_asked(&client, &card, "Any").await;
    assert_eq!(
        buy(&client, &card, "Any").await,
        ["DECLINED", "PARTNER_DECLINED", "PARTNER"].map(|text| json!(text))
    );
    listener.line(&["card question", "Any", "→ DECLINE"]);
    drop(listener);
    // For a while it is thought to come back; then the rules decide alone.
    let deadline = Deadline::after(PATIENCE);
    while buy(&client, &card, "Any").await != [json!("APPROVED"), Value::Null, json!("RULES")] {
        assert!(!deadline.passed(), "somebody is still asked");
    }
    server.finish().await;
}

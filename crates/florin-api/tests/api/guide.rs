//! The guides in `docs/`: each request in them is sent, in their order, and answered as they say.

use crate::support::{Client, TestApp};
use http::Method;
use serde_json::Value;
use std::collections::BTreeMap;

/// Stands for a value that is different each time.
const ANY: &str = "…";

/// A request of a guide, and its answer.
struct Example {
    method: Method,
    path: String,
    body: Option<String>,
    status: u16,
    answer: Value,
}

fn examples(guide: &str) -> Vec<Example> {
    guide
        .split("```http\n")
        .skip(1)
        .map(|rest| example(rest.split("\n```").next().expect("a block")))
        .collect()
}

fn example(text: &str) -> Example {
    let (request, answer) = text.split_once("\n\n").expect("a request and an answer");
    let (line, body) = request.split_once('\n').map_or((request, None), |(line, body)| (line, Some(body)));
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let (status, answer) = answer.split_once('\n').expect("a status and a body");
    Example {
        method: method.parse().expect("a method"),
        path: path.to_owned(),
        body: body.map(str::to_owned),
        status: status.parse().expect("a status"),
        answer: serde_json::from_str(answer).expect("JSON"),
    }
}

/// Whether an answer has everything that the guide shows of it.
fn shows(shown: &Value, answer: &Value) -> bool {
    match (shown, answer) {
        (Value::String(text), _) if text == ANY => !answer.is_null(),
        (Value::Object(shown), Value::Object(answer)) => {
            shown.iter().all(|(name, value)| answer.get(name).is_some_and(|answer| shows(value, answer)))
        }
        (Value::Array(shown), Value::Array(answer)) => {
            shown.len() == answer.len()
                && shown.iter().zip(answer).all(|(shown, answer)| shows(shown, answer))
        }
        _ => shown == answer,
    }
}

/// Sends a guide's requests; what answers name is put in the place of `{name}`.
async fn follow(client: &Client, guide: &str) {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let examples = examples(guide);
    assert!(examples.len() > 3, "a guide has examples");
    for example in examples {
        let filled = |text: &str| {
            known
                .iter()
                .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
        };
        let call = client.call(example.method, &filled(&example.path));
        let call = match &example.body {
            Some(body) => call.body(filled(body)),
            None => call,
        };
        let answer = call.send().await;
        client.run_jobs().await;
        assert_eq!(answer.status, example.status, "{}: {}", example.path, answer.text());
        let body: Value = serde_json::from_str(answer.text()).expect("JSON");
        assert!(
            shows(&example.answer, &body),
            "{}: {} is not {}",
            example.path,
            answer.text(),
            example.answer
        );
        let named = body.as_object().into_iter().flatten();
        known.extend(named.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))));
        learn(&mut known, &example.answer, &body);
    }
}

/// Knows what a guide shows as different each time, also within lists and objects.
fn learn(known: &mut BTreeMap<String, String>, shown: &Value, answer: &Value) {
    match (shown, answer) {
        (Value::Object(shown), Value::Object(answer)) => {
            for (name, shown) in shown {
                match (&shown, answer.get(name)) {
                    (Value::String(text), Some(Value::String(value))) if text == ANY => {
                        known.insert(name.clone(), value.clone());
                    }
                    (shown, Some(answer)) => learn(known, shown, answer),
                    (_, None) => {}
                }
            }
        }
        (Value::Array(shown), Value::Array(answer)) => {
            shown.iter().zip(answer).for_each(|(shown, answer)| learn(known, shown, answer));
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_guide_to_sepa_is_true() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("ada").await;
    a.fund(Some("ada"), "100", "eur").await;
    follow(&a, include_str!("../../../../docs/sepa.md")).await;
    app.finish().await;
}

#[tokio::test]
async fn the_guide_to_cards_is_true() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("ada").await;
    a.fund(Some("ada"), "100", "eur").await;
    follow(&a, include_str!("../../../../docs/cards.md")).await;
    app.finish().await;
}

#[tokio::test]
async fn the_guide_to_crypto_is_true() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("ada").await;
    follow(&a, include_str!("../../../../docs/crypto.md")).await;
    app.finish().await;
}

#[tokio::test]
async fn the_guide_to_payment_links_is_true() {
    let app = TestApp::start().await;
    follow(&app.a(), include_str!("../../../../docs/payment-links.md")).await;
    app.finish().await;
}

#[tokio::test]
async fn the_guide_to_orders_is_true() {
    let app = TestApp::start().await;
    follow(&app.a(), include_str!("../../../../docs/orders.md")).await;
    app.finish().await;
}

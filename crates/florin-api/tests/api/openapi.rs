//! The OpenAPI document and the server say the same. Every answer of every test is checked: see `support::contract`.
//! Here: the check finds what is wrong, and the document's own examples are right.

use crate::support::{Answer, Contract, Exchange, Strictness, TestApp, resolved};
use florin_api::kit::settings::Environment;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

const TRANSFER: &str = "/v1/transfer";

/// What the check says of a call of a sandbox.
fn disagreements(call: (Method, &str), body: Option<&Value>, answer: &Answer) -> Vec<String> {
    let text = body.map(Value::to_string);
    let body = text.as_ref().map(|text| ("application/json", text.as_bytes()));
    let (method, path) = call;
    let exchange = Exchange { environment: Environment::Sandbox, method: &method, path, body, answer };
    Contract::get().disagreements(&exchange)
}

/// The answer with another body.
fn with(answer: &Answer, change: impl FnOnce(&mut Value)) -> Answer {
    let mut body = answer.json();
    change(&mut body);
    Answer { body: body.to_string().into_bytes(), ..answer.clone() }
}

fn with_header(answer: &Answer, name: &'static str, value: &str) -> Answer {
    let mut answer = answer.clone();
    answer.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
    answer
}

#[tokio::test]
async fn an_answer_that_is_not_as_documented_is_found() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(None, "10", "eur").await;
    let id = a.pay(None, Some("anna"), "1").await;
    let path = format!("/v1/transfer/details/{id}");
    let right = a.get(&path).await;
    let of = |answer: &Answer| disagreements((Method::GET, &path), None, answer);
    assert_eq!(of(&right), Vec::<String>::new());
    for (field, wrong) in [
        ("more", json!(1)),
        ("amount", json!("1.00")),
        ("id", json!("x")),
        ("createdAt", json!("2026-11-23T12:00:00Z")),
        ("createdAt", json!("2026-11-23T12:00:00.000+00:00")),
        ("currency", Value::Null),
    ] {
        let wrong = with(&right, |body| body[field] = wrong);
        assert_eq!(of(&wrong).len(), 1, "{field}: {:?}", of(&wrong));
    }
    let missing =
        with(&right, |body| drop(body.as_object_mut().expect("an object").shift_remove("reference")));
    assert!(of(&missing)[0].contains("\"reference\" is a required property"), "{:?}", of(&missing));
    assert!(!of(&Answer { status: 201, ..right.clone() }).is_empty());
    assert!(!of(&Answer { body: b"{".to_vec(), ..right.clone() }).is_empty());
    assert!(!of(&with_header(&right, "content-type", "text/plain")).is_empty());
    assert!(!of(&with_header(&right, "x-new", "1")).is_empty());
    let mut silent = right.clone();
    silent.headers.remove("x-request-id");
    assert_eq!(of(&silent), ["no header x-request-id"]);
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_that_is_not_as_documented_is_found() {
    let app = TestApp::start().await;
    let a = app.a();
    let right = a.post(TRANSFER, &json!({"amount": "1", "currency": "eur"})).send().await;
    right.is_refused("P424");
    let of = |answer: &Answer| disagreements((Method::POST, TRANSFER), None, answer);
    assert_eq!(of(&right), Vec::<String>::new());
    let other = with(&right, |body| body["errorCode"] = "P456".into());
    assert_eq!(of(&other), ["code P456 is not documented for 400"]);
    assert!(!of(&with(&right, |body| body["errorCode"] = "P403".into())).is_empty(), "P403 has no errorName");
    let unnamed =
        with(&right, |body| drop(body.as_object_mut().expect("an object").shift_remove("errorName")));
    assert!(!of(&unnamed).is_empty());
    assert!(!of(&Answer { status: 409, ..right.clone() }).is_empty());
    let nowhere = a.get("/v1/nowhere").await;
    let of = |answer: &Answer| disagreements((Method::GET, "/v1/nowhere"), None, answer);
    assert_eq!(of(&nowhere), Vec::<String>::new());
    assert!(!of(&right).is_empty() && !of(&Answer { status: 200, ..nowhere }).is_empty());
    let of = |answer: &Answer| disagreements((Method::PUT, TRANSFER), None, answer);
    assert_eq!(of(&a.call(Method::PUT, TRANSFER).send().await), Vec::<String>::new());
    assert!(!of(&right).is_empty());
    app.finish().await;
}

/// What was done although the document forbids it.
#[tokio::test]
async fn a_document_that_is_narrower_than_the_server_is_found() {
    let app = TestApp::start().await;
    let a = app.a();
    let fund = "/v1/sandbox/fund";
    let right = json!({"amount": "1", "currency": "eur", "unknown": 1});
    let done = a.post(fund, &right).send().await;
    let of = |body: Option<&Value>| disagreements((Method::POST, fund), body, &done);
    assert_eq!(of(Some(&right)), Vec::<String>::new());
    for narrower in [json!({"amount": "1"}), json!({"amount": true, "currency": "eur"}), json!([])] {
        assert!(!of(Some(&narrower)).is_empty(), "{narrower}");
    }
    assert_eq!(of(None), ["done without a body"]);
    let page = a.get("/v1/partner/transactions?limit=1").await;
    for (query, count) in [("limit=1", 0), ("limit=0", 1), ("limit=x", 1), ("unknown=1", 0)] {
        let path = format!("/v1/partner/transactions?{query}");
        let found = disagreements((Method::GET, &path), None, &page);
        assert_eq!(found.len(), count, "{query}: {found:?}");
    }
    app.finish().await;
}

/// The examples of an object that has a schema: bodies, parameters, headers.
fn examples_of<'d>(document: &'d Value, described: &'d Value) -> Vec<&'d Value> {
    let named = described["examples"].as_object().into_iter().flat_map(|examples| examples.values());
    let named = named.map(|example| &resolved(document, example)["value"]);
    described.get("example").into_iter().chain(named).collect()
}

/// Calls `visit` with every object of the document that has a schema, and with its place.
fn described<'d>(value: &'d Value, place: &str, visit: &mut impl FnMut(&str, &'d Value)) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("schema") {
                visit(place, value);
            }
            fields.iter().for_each(|(name, field)| described(field, &format!("{place}/{name}"), visit));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| described(item, &format!("{place}/{index}"), visit));
        }
        _ => {}
    }
}

#[test]
fn every_example_of_the_document_fits_its_schema() {
    let contract = Contract::get();
    let document = &contract.document;
    let (mut seen, mut wrong) = (0, Vec::new());
    described(document, "", &mut |place, described| {
        for example in examples_of(document, described) {
            let is_answer = place.contains("/responses/");
            let strictness = if is_answer { Strictness::Answer } else { Strictness::Request };
            // A request's example names no field that the call ignores.
            for strictness in [strictness, Strictness::Answer] {
                let found = contract.misfits(&described["schema"], strictness, example);
                wrong.extend(found.into_iter().map(|why| format!("{place}: {why}: {example}")));
            }
            seen += 1;
        }
    });
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        let inner = schema["properties"].as_object().into_iter().flat_map(|properties| properties.values());
        for schema in inner.chain([schema]) {
            let list = schema["examples"].as_array().into_iter().flatten();
            for example in schema.get("example").into_iter().chain(list) {
                let found = contract.misfits(schema, Strictness::Answer, example);
                wrong.extend(found.into_iter().map(|why| format!("{name}: {why}: {example}")));
                seen += 1;
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen > 300, "only {seen} examples were found");
}

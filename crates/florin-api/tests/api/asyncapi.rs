//! Events are as the AsyncAPI document says. Every event of every test is checked by it: see `support::check`.

use crate::support::{Client, TestApp, person};
use florin_document::{Kind, samples};
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Why an event is not what the document says.
pub fn misfits(event: &Value) -> Vec<String> {
    let document = florin_api::asyncapi::document().expect("a document");
    let kind = event["type"].as_str().expect("a type");
    let Some(channel) = document["channels"].get(kind) else { return vec![format!("no channel {kind}")] };
    let mut found = Vec::new();
    if channel["address"] != event["path"] {
        found.push(format!("the path {} is not that of the channel", event["path"]));
    }
    let message = &document["components"]["messages"][kind];
    let place = message["payload"]["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
    let schema = document.pointer(place.expect("a reference")).expect("a schema");
    object(&document, schema, &event["payload"], &mut found);
    found
}

fn object(document: &Value, schema: &Value, value: &Value, found: &mut Vec<String>) {
    let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) else {
        return found.push(format!("{value} is no object of {schema}"));
    };
    let names = |map: &Map<String, Value>| map.keys().cloned().collect::<BTreeSet<_>>();
    if names(fields) != names(properties) {
        found.push(format!("{:?} and not {:?}", names(fields), names(properties)));
    }
    let required: BTreeSet<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !properties.keys().all(|name| required.contains(name.as_str())) {
        found.push(format!("always there, and not said so: {schema}"));
    }
    for (name, value) in fields {
        let Some(mut schema) = properties.get(name) else { continue };
        if let Some(place) = schema["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
            schema = document.pointer(place).expect("a schema");
        }
        if !fits(document, schema, value) {
            found.push(format!("{name}: {value} is not {schema}"));
        }
    }
}

/// The keywords that the payloads' schemas use.
fn fits(document: &Value, schema: &Value, value: &Value) -> bool {
    if let Some(place) = schema["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
        return fits(document, document.pointer(place).expect("a schema"), value);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().filter(|choice| fits(document, choice, value)).count() == 1;
    }
    let is_of = |kind: &Value| match kind.as_str() {
        Some("string") => value.is_string(),
        Some("number") => value.is_number(),
        Some("null") => value.is_null(),
        _ => false,
    };
    let of_type =
        schema["type"].as_array().map_or_else(|| is_of(&schema["type"]), |all| all.iter().any(is_of));
    let text = value.as_str().unwrap_or_default();
    let of_format = match schema["format"].as_str() {
        Some("uuid") => text.parse::<uuid::Uuid>().is_ok(),
        Some("date-time") => florin_types::Timestamp::parse(text).is_ok(),
        _ => true,
    };
    of_type && of_format && schema["enum"].as_array().is_none_or(|all| all.contains(value))
}

async fn upload(client: &Client, path: &str, parts: &[(&str, Vec<u8>)]) {
    let parts: Vec<(&str, &str, &str, &[u8])> =
        parts.iter().map(|(name, bytes)| (*name, "file", "image/jpeg", bytes.as_slice())).collect();
    client.call(Method::POST, path).multipart(&parts).send().await.expect(201);
}

#[tokio::test]
async fn every_channel_has_events_and_they_fit() {
    let app = TestApp::start().await;
    let a = app.a();
    let photo = || samples::valid(Kind::Jpeg, 64, 48);
    let mut new = person("anna");
    new["country"] = "UA".into();
    a.post("/v1/user/balances/crypto-and-fiat", &new).send().await.expect(201);
    upload(&a, "/v1/user/poa-files/anna", &[("files", photo())]).await;
    upload(&a, "/v1/user/kyc-files/anna", &[("front_id", photo()), ("selfie", photo())]).await;
    a.settle().await;
    a.verified_user("bela").await;
    a.post("/v1/sandbox/kyc/anna", &json!({"decision": "REJECT", "rejectionReason": "OTHER"})).send().await;
    a.fund(None, "100", "eur").await;
    a.pay(None, Some("bela"), "12.5").await;
    a.settle().await;
    let events = a.events().await;
    let kinds: BTreeSet<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let document = florin_api::asyncapi::document().expect("a document");
    let channels = document["channels"].as_object().expect("channels");
    assert_eq!(kinds, channels.keys().map(String::as_str).collect());
    for event in &events {
        assert_eq!(misfits(event), Vec::<String>::new(), "{event}");
    }
    let transfer = events.iter().find(|event| event["type"] == "transfer").expect("a transfer");
    for (field, wrong) in [
        ("amount", json!("12.5")),
        ("id", json!("x")),
        ("createdAt", json!("today")),
        ("currency", Value::Null),
        ("more", json!(1)),
    ] {
        let mut event = transfer.clone();
        event["payload"][field] = wrong;
        assert!(!misfits(&event).is_empty(), "{event}");
    }
    app.finish().await;
}

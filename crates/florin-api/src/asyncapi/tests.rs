//! The document holds together, knows every event, and its examples are right.

use super::*;
use crate::kit::endpoint::events::EventType;
use florin_webhook::{SigningKey, SigningSecret, signatures};
use std::collections::BTreeSet;

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Every `$ref` in a value.
fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document().unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 30, "{found:?}");
    for reference in found {
        let place = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(place).is_some(), "{reference}");
    }
}

#[test]
fn every_component_is_referred_to() {
    let document = document().unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    for folder in keys(&document["components"]) {
        for name in keys(&document["components"][folder]) {
            assert!(found.contains(&format!("#/components/{folder}/{name}").as_str()), "{folder}/{name}");
        }
    }
}

#[test]
fn the_parts_are_those_of_asyncapi_3() {
    let document = document().unwrap();
    let all = ["asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components"];
    assert_eq!(keys(&document), all.into());
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(keys(&document["info"]), ["title", "version", "description"].into());
    for (name, operation) in document["operations"].as_object().unwrap() {
        assert!(name.starts_with("send") && name.chars().all(char::is_alphanumeric), "{name}");
        assert_eq!(operation["action"], "send", "{name}");
        // An operation's messages are those of its channel, by reference.
        let channel = operation["channel"]["$ref"].as_str().unwrap();
        let message = operation["messages"][0]["$ref"].as_str().unwrap();
        assert!(message.starts_with(&format!("{channel}/messages/")), "{name}");
    }
    assert_eq!(keys(&document["operations"]).len(), event_rows().count());
    assert_eq!(operation_id("kyc_files.status"), "sendKycFilesStatus");
}

#[test]
fn channels_are_the_events_that_are_rendered_at_the_contracts_paths() {
    let document = document().unwrap();
    let channels = &document["channels"];
    assert_eq!(keys(channels), event_rows().map(|row| row.event.as_str()).collect());
    for (kind, channel) in channels.as_object().unwrap() {
        assert_eq!(channel["address"], EventType::of_word(kind).expect("a type of the contract").path());
    }
}

/// What the documents of other languages say of the headers is what the example's were made by.
#[test]
fn the_examples_are_signed() {
    let document = document().unwrap();
    let (secret, key) = (SigningSecret::from_bytes([7; 32]), SigningKey::from_seed(&[7; 32]));
    for (kind, message) in document["components"]["messages"].as_object().unwrap() {
        let example = &message["examples"][0];
        let (headers, body) = (&example["headers"], example["payload"].to_string());
        let id = headers["webhook-id"].as_str().unwrap();
        let expected = signatures(id, 1_769_851_800, body.as_bytes(), std::slice::from_ref(&secret), &key);
        assert_eq!(headers["webhook-signature"], expected.as_str(), "{kind}");
        let required = document["components"]["schemas"][HEADERS]["required"].as_array().unwrap();
        for name in required {
            assert!(headers[name.as_str().unwrap()].is_string(), "{kind} {name}");
        }
    }
}

//! Events are as the AsyncAPI document says. Every event of every test is checked by it: see `support::check`.

use crate::support::{self, Client, Strictness, TestApp, person, resolved, validator};
use florin_document::{Kind, samples};
use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The AsyncAPI document of this build, and the validator of each type's payload.
struct Webhooks {
    document: Value,
    payloads: BTreeMap<String, Validator>,
}

fn webhooks() -> &'static Webhooks {
    static WEBHOOKS: OnceLock<Webhooks> = OnceLock::new();
    WEBHOOKS.get_or_init(|| {
        let document = florin_api::asyncapi::document().expect("a document");
        let messages = document["components"]["messages"].as_object().expect("messages");
        let payload = |message: &Value| validator(&document, &message["payload"], Strictness::Answer);
        let payloads = messages.iter().map(|(kind, message)| (kind.clone(), payload(message))).collect();
        Webhooks { document, payloads }
    })
}

/// Why an event is not what the document says; `paths` are the partner's own, by event type.
pub fn misfits(event: &Value, paths: &Value) -> Vec<String> {
    let Webhooks { document, payloads } = webhooks();
    let kind = event["type"].as_str().expect("a type");
    let Some(channel) = document["channels"].get(kind) else { return vec![format!("no channel {kind}")] };
    let mut found = support::misfits(&payloads[kind], &event["payload"]);
    if *paths.get(kind).unwrap_or(&channel["address"]) != event["path"] {
        found.push(format!("the path {} is not the partner's, nor that of the channel", event["path"]));
    }
    found
}

/// Fields that the contract leaves out of a payload where they do not apply.
const LEFT_OUT: [(&str, &str); 4] = [
    ("crypto_withdrawal", "user"),
    ("crypto_withdrawal", "error"),
    ("card.transaction", "declineReason"),
    ("card.transaction", "partnerDecision"),
];

/// A receiver never has to ask whether a field is there: what is not known is null.
#[test]
fn every_field_of_a_payload_is_required() {
    let document = &webhooks().document;
    for (kind, message) in document["components"]["messages"].as_object().expect("messages") {
        let schema = resolved(document, &message["payload"]);
        let forms = schema["oneOf"].as_array().map_or(vec![schema], |forms| forms.iter().collect());
        for form in forms.into_iter().map(|form| resolved(document, form)) {
            let properties: BTreeSet<_> =
                form["properties"].as_object().expect("properties").keys().map(String::as_str).collect();
            let left_out = LEFT_OUT.into_iter().filter(|(of, _)| of == kind).map(|(_, field)| field);
            let required: BTreeSet<_> = form["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .chain(left_out.filter(|field| properties.contains(field)))
                .collect();
            // Of these there is what the withdrawal is: a user's, or failed.
            let optional = ["user", "error"].into_iter().filter(|_| kind == "crypto_withdrawal");
            let required = required.into_iter().chain(optional).collect();
            assert_eq!(properties, required, "{kind}");
        }
    }
}

#[test]
fn the_examples_fit() {
    let Webhooks { document, payloads } = webhooks();
    for (kind, message) in document["components"]["messages"].as_object().expect("messages") {
        let examples = message["examples"].as_array().expect("examples");
        assert!(!examples.is_empty(), "{kind}");
        let headers = validator(document, &message["headers"], Strictness::Answer);
        for example in examples {
            let found = support::misfits(&payloads[kind], &example["payload"]);
            assert_eq!(found, Vec::<String>::new(), "{kind}");
            assert_eq!(support::misfits(&headers, &example["headers"]), Vec::<String>::new(), "{kind}");
        }
    }
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
    let lock = a.get("/v1/exchange/get-lock/bela").await.expect(200);
    let exchange = json!({
        "sourceExternalUserId": "bela", "amount": "1", "currencyFrom": "eur", "currencyTo": "btc", "lockId": lock["id"],
    });
    a.post("/v1/exchange", &exchange).send().await.expect(201);
    let iban = a.get("/v1/sepa-deposit/info/bela").await.expect(200)["iban"].clone();
    let incoming = json!({
        "iban": iban, "amount": "5", "senderName": "Ada Lovelace", "senderIban": "DE89370400440532013000",
    });
    let credit = a.post("/v1/sandbox/sepa/incoming", &incoming).send().await.expect(201);
    let recall = json!({"depositId": credit["depositId"], "reason": "DUPL"});
    a.post("/v1/sandbox/sepa/recalls", &recall).send().await.expect(201);
    // Of which one is settled, one comes back, and one is not allowed.
    for iban in ["DE89370400440532013000", "LT779999800000000014", "FR1420041010050500013M02606"] {
        let outgoing = json!({
            "sourceExternalUserId": "bela", "amount": "1", "currency": "eur", "destinationIban": iban,
            "transferTitle": "Rent",
        });
        a.post("/v1/sepa-transfer", &outgoing).send().await.expect(200);
    }
    a.settle().await;
    a.settle().await;
    crate::crypto::one_of_each(&a, "bela").await;
    crate::payment_links::one_of_each(&a).await;
    crate::card_flows::one_of_each(&a, "bela").await;
    crate::cards::fee::owe(&a, "bela").await;
    let events = a.events().await;
    let kinds: BTreeSet<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let document = florin_api::asyncapi::document().expect("a document");
    let channels = document["channels"].as_object().expect("channels");
    assert_eq!(kinds, channels.keys().map(String::as_str).collect());
    for event in &events {
        assert_eq!(misfits(event, &Value::Null), Vec::<String>::new(), "{event}");
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
        assert!(!misfits(&event, &Value::Null).is_empty(), "{event}");
    }
    app.finish().await;
}

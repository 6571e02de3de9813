//! Filling in an endpoint of the table: its path and its example body with real ids, and what state the objects need
//! so that the call works. A path parameter or a state that is not known here fails the test that walks.

use super::{Call, Client, File};
use florin_api::kit::endpoint::family::Placeholder;
use florin_api::kit::endpoint::table::{Endpoint, FilePart, RequestBody};
use florin_api::{FAMILIES, endpoints};
use florin_document::{Kind, samples};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The ids that a request can name, by the placeholders of the families' tables.
#[derive(Clone, Debug)]
pub struct Ids(BTreeMap<&'static str, String>);

impl Ids {
    /// Ids of which none exists.
    pub fn unknown() -> Self {
        Self(placeholders().map(|one| (one.word, one.unknown.to_owned())).collect())
    }

    /// The id that stands for a placeholder.
    pub fn get(&self, word: &str) -> &str {
        self.0.get(word).unwrap_or_else(|| panic!("no family has the placeholder {word}"))
    }

    /// The same with another id for a placeholder.
    pub fn with(mut self, word: &'static str, id: impl AsRef<str>) -> Self {
        let before = self.0.insert(word, id.as_ref().to_owned());
        assert!(before.is_some(), "no family has the placeholder {word}");
        self
    }

    /// All of them, by the placeholder of each.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(word, id)| (*word, id.as_str()))
    }
}

fn placeholders() -> impl Iterator<Item = &'static Placeholder> {
    FAMILIES.0.iter().flat_map(|family| family.placeholders)
}

/// The path of an endpoint with placeholders for its ids.
fn template_of(endpoint: &Endpoint) -> String {
    let ids = &endpoint.signature.path;
    let mut path = ids
        .iter()
        .fold(endpoint.path.to_owned(), |path, id| path.replace(&format!("{{{}}}", id.name), id.placeholder));
    assert!(!path.contains('{'), "the handler of {path} does not take all ids of its path");
    if endpoint.path.starts_with("/v1/events") {
        path.push_str("?after=0");
    }
    if endpoint.path == "/v1/crypto-withdrawal/get-network-fee" {
        path.push_str("?currency=btc");
    }
    path
}

/// Whether a request of this endpoint names any id of this kind.
pub fn names(endpoint: &Endpoint, placeholder: &str) -> bool {
    template_of(endpoint).contains(placeholder)
        || endpoint.example().is_some_and(|example| example.contains(placeholder))
}

/// A text of the table with these ids in place of the placeholders.
fn filled(text: &str, ids: &Ids) -> String {
    ids.each().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
}

/// The path of an endpoint with these ids, and the query that it needs.
pub fn path_of(endpoint: &Endpoint, ids: &Ids) -> String {
    filled(&template_of(endpoint), ids)
}

/// The endpoint's example body with these ids.
pub fn example_of(endpoint: &Endpoint, ids: &Ids) -> Option<Value> {
    endpoint.example().map(|text| serde_json::from_str(&filled(text, ids)).expect("an example is JSON"))
}

/// Whether a status is one that the endpoint answers with when it works.
pub fn works(endpoint: &Endpoint, status: u16) -> bool {
    endpoint.signature.success.iter().any(|(known, _)| *known == status)
}

/// A small valid file for each part that the endpoint takes.
pub fn files_of(endpoint: &Endpoint) -> Vec<(&'static str, Vec<u8>)> {
    match endpoint.signature.body {
        RequestBody::Multipart(parts) => contents(parts),
        RequestBody::None | RequestBody::Json(..) => Vec::new(),
    }
}

/// The endpoint's example as a request of this client, with these ids; where it takes files, one of each.
pub fn request_of(client: &Client, endpoint: &Endpoint, ids: &Ids) -> Call {
    let call = client.call(endpoint.method.clone(), &path_of(endpoint, ids));
    match endpoint.signature.body {
        RequestBody::None => call,
        RequestBody::Json(_) => call.body(filled(endpoint.example, ids)),
        RequestBody::Multipart(parts) => call.multipart(&files(&contents(parts))),
    }
}

/// A small valid file for each part, no two the same.
fn contents(parts: &[FilePart]) -> Vec<(&'static str, Vec<u8>)> {
    let content = |(index, part): (usize, &FilePart)| {
        let height = 48 + u32::try_from(index).expect("few parts");
        (part.name, samples::valid(part.kinds[0], 64, height))
    };
    parts.iter().enumerate().map(content).collect()
}

fn files<'a>(contents: &'a [(&'static str, Vec<u8>)]) -> Vec<File<'a>> {
    contents.iter().map(|(name, content)| (*name, "file", "application/octet-stream", &content[..])).collect()
}

/// Makes objects with which this endpoint's example works; `tag` tells them from others.
pub async fn prepared(client: &Client, endpoint: &Endpoint, tag: &str) -> Ids {
    let (user, other) = (format!("user-{tag}"), format!("other-{tag}"));
    client.fund(None, "1000", "eur").await;
    client.verified_user(&other).await;
    let ids = Ids::unknown().with("$other", &other).with("$new", format!("new-{tag}")).with("$user", &user);
    let mut ids = ids.with("$transfer", client.pay(None, Some(&other), "20").await);
    match (&endpoint.method, endpoint.path) {
        (
            &Method::POST,
            "/v1/sandbox/kyc/{externalUserId}" | "/v1/user/kyc-files/{externalUserId}" | "/v1/kyc",
        )
        | (&Method::GET, "/v1/kyc/verification/{externalUserId}/{verificationId}") => {
            client.create_user(&user).await;
        }
        (&Method::POST, "/v1/user/verification") => {
            client.create_user(&user).await;
            let photo = samples::valid(Kind::Jpeg, 64, 48);
            let call = client.call(Method::POST, &format!("/v1/user/kyc-files/{user}"));
            let file = |name| (name, "photo.jpg", "image/jpeg", &photo[..]);
            call.multipart(&[file("front_id"), file("back_id"), file("selfie")]).send().await.expect(201);
        }
        (&Method::POST, "/v1/user/poa-files/{externalUserId}") => {
            client.verified_user(&user).await;
            let asked = json!({"decision": "REQUIRE"});
            client.post(&format!("/v1/sandbox/poa/{user}"), &asked).send().await.expect(200);
        }
        (_, path) if path.starts_with("/v1/webhooks/") => {
            client.verified_user(&user).await;
            // Nobody delivers in these tests.
            let endpoint = json!({"url": "http://127.0.0.1:9", "token": "token"});
            client.call(Method::PUT, "/v1/webhooks/endpoint").json(&endpoint).send().await.expect(200);
            client.pay(None, Some(&user), "20").await;
            let list = client.get("/v1/webhooks/deliveries").await.expect(200);
            ids = ids.with("$delivery", list["data"][0]["id"].as_str().expect("an id"));
        }
        (&Method::DELETE, "/v1/user/{externalUserId}") => client.verified_user(&user).await,
        _ => {
            client.verified_user(&user).await;
            client.pay(None, Some(&user), "20").await;
        }
    }
    if endpoint.path.contains("card") {
        client.move_to(&user, "DE").await;
    }
    if endpoint.path.contains("crypto-withdrawal") {
        client.fund(Some(&user), "1", "btc").await;
        client.fund(None, "1", "btc").await;
        // The chain is made when it is asked for first.
        client.get("/v1/crypto-withdrawal/get-network-fee?currency=btc").await.expect(200);
    }
    let is_of_partner = endpoint.path.starts_with("/v1/partner/");
    for placeholder in placeholders().filter(|one| names(endpoint, one.word) && one.word != "$transfer") {
        ids = match placeholder.word {
            "$cryptoDeposit" if is_of_partner => ids.with("$cryptoDeposit", partner_deposit(client).await),
            _ => made(client, placeholder, ids).await,
        };
    }
    prepare_card(client, endpoint, &ids).await;
    if endpoint.path == "/v1/sepa-transfer/{transferId}/recall" {
        client.settle().await;
    }
    ids
}

/// What must have happened to a card before.
async fn prepare_card(client: &Client, endpoint: &Endpoint, ids: &Ids) {
    let (card, id) = (ids.get("$card"), json!({"transactionId": ids.get("$purchase")}));
    let before: &[&str] = match endpoint.path.strip_prefix("/v1/sandbox/cards/{cardId}/") {
        Some("refund" | "chargeback") => &["clear"],
        Some("represent") => &["clear", "chargeback"],
        _ => &[],
    };
    for step in before {
        client.post(&format!("/v1/sandbox/cards/{card}/{step}"), &id).send().await.expect(201);
    }
    if endpoint.path == "/v1/card/activation/answer" {
        let named = json!({"externalUserId": ids.get("$user"), "cardId": card});
        client.post("/v1/card/activation", &named).send().await.expect(200);
    }
}

/// A deposit to the partner that waits for the travel rule: its calls know no other.
async fn partner_deposit(client: &Client) -> String {
    let asked = json!({"currency": "usdc", "network": "polygon"});
    let wallet = client.post("/v1/partner/wallet", &asked).send().await.json()["address"].clone();
    let paid = json!({
        "address": wallet, "currency": "usdc", "network": "polygon", "amount": "2000", "confirmations": 32,
    });
    let made = client.post("/v1/sandbox/chain/deposit", &paid).send().await.expect(201);
    made["cryptoDepositId"].as_str().expect("an id").to_owned()
}

/// The ids with a real one in the place of a placeholder, where its table says which call makes one. That call's own
/// example may name others that must be made first.
async fn made(client: &Client, placeholder: &Placeholder, ids: Ids) -> Ids {
    let Some((method, path, field)) = placeholder.made_by else { return ids };
    let maker = endpoints().into_iter().find(|one| one.method == method && one.path == path);
    let maker = maker
        .unwrap_or_else(|| panic!("{} is made by {method} {path}, which there is not", placeholder.word));
    let mut ids = ids;
    for needed in placeholders().filter(|one| one.word != placeholder.word && names(&maker, one.word)) {
        ids = Box::pin(made(client, needed, ids)).await;
    }
    let answer = request_of(client, &maker, &ids).send().await;
    assert!(matches!(answer.status, 200 | 201), "{method} {path}: {}", answer.text());
    let body: Value = serde_json::from_str(answer.text()).expect("an answer is JSON");
    let word = placeholder.word;
    ids.with(word, body[field].as_str().unwrap_or_else(|| panic!("{method} {path} answers no {field}")))
}

//! Two partners: whatever one asks about the other's objects is answered as for objects that do not exist.
//!
//! The routes come from the server's own OpenAPI document, so a new one is walked without a word here. Its
//! ids are varied one at a time: the owner's, and one that nobody has. A stranger must get the same bytes
//! for both.

use crate::support::{Answer, Call, Client, Server, Snapshot, person, transfer_body};
use serde_json::{Value, json};

/// Creating is no look-up: both partners may have the id. See [`equal_ids_are_two_users`].
const CREATES_USERS: &str = "/v1/user/balances/crypto-and-fiat";
/// Moves a whole book; has no id.
const RESET: &str = "/v1/sandbox/reset";

/// What the owner has and what nobody has, alike in form.
struct Known {
    owners: String,
    nobodys: String,
}

/// A place for an id in a request.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Path(String),
    Body(String),
}

/// One operation of the document.
struct Operation {
    method: String,
    path: String,
    body: Option<Value>,
    places: Vec<Place>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_learns_nothing_from_any_route() {
    let server = Server::start().await;
    let (owner, stranger) = (server.client(), server.second_partner("stranger"));
    let objects = owned_objects(&owner).await;
    stranger.verified_user("own").await;
    stranger.fund(None, "50", "eur").await;
    stranger.fund(Some("own"), "50", "eur").await;
    owner.settled(&["only-a"]).await;
    let before = Snapshot::take(&owner, &["only-a"]).await;
    let document = owner.get("/openapi.json").await;
    let mut walked = 0;
    for operation in operations(&document) {
        for place in &operation.places {
            walk(&stranger, &operation, place, &objects).await;
            walked += 1;
        }
    }
    eprintln!("tenancy: {walked} places for an id walked");
    assert!(walked >= 12, "the document has only {walked} places for an id");
    assert_eq!(Snapshot::take(&owner, &["only-a"]).await, before, "a stranger changed something");
    server.finish().await;
}

/// Every kind of id that the owner has, with a counterpart that nobody has.
async fn owned_objects(owner: &Client) -> Vec<Known> {
    owner.verified_user("only-a").await;
    owner.fund(None, "50", "eur").await;
    let made = owner.transfer(None, Some("only-a"), "5", "eur").await.expect(201);
    let transfer = made["transferId"].as_str().expect("an id").to_owned();
    let funding = owner.fund(Some("only-a"), "5", "eur").await;
    let other_digits = |id: &str| -> String {
        let (head, tail) = id.split_at(id.len() - 12);
        format!("{head}{}", tail.chars().rev().collect::<String>())
    };
    let mut objects = vec![Known { owners: "only-a".to_owned(), nobodys: "only-b".to_owned() }];
    objects.extend([transfer, funding].map(|id| Known { nobodys: other_digits(&id), owners: id }));
    objects
}

/// All operations that take an id, with a body that is valid as far as the document tells.
fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        if !path.starts_with("/v1/") || path == CREATES_USERS || path == RESET {
            continue;
        }
        for (method, described) in methods.as_object().expect("methods") {
            if !["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                continue;
            }
            // Pages have no envelope; that they are alike is held where a link is at hand (florin-api, kyc/hosted.rs).
            if !described["responses"]["200"]["content"]["text/html"].is_null() {
                continue;
            }
            let schema = &described["requestBody"]["content"]["application/json"]["schema"];
            let body = (!schema.is_null()).then(|| sample(document, "", schema));
            let mut places: Vec<Place> = path.split('/').filter_map(parameter).map(Place::Path).collect();
            let fields = body.as_ref().and_then(Value::as_object).into_iter().flatten();
            let ids = fields.filter(|(name, _)| is_id(name));
            places.extend(ids.map(|(name, _)| Place::Body(name.clone())));
            found.push(Operation { method: method.to_uppercase(), path: path.clone(), body, places });
        }
    }
    found
}

fn parameter(segment: &str) -> Option<String> {
    Some(segment.strip_prefix('{')?.strip_suffix('}')?.to_owned())
}

fn is_id(field: &str) -> bool {
    let known = ["externalUserId", "cardId", "lockId", "transferId"];
    known.contains(&field) || field.ends_with("ExternalUserId")
}

/// A value that fits a schema; fields of ours by name, the rest by example, choice or type.
fn sample(document: &Value, name: &str, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target =
            document.pointer(reference.trim_start_matches('#')).expect("a reference that leads somewhere");
        return sample(document, name, target);
    }
    for list in ["oneOf", "anyOf", "allOf"] {
        let parts = schema[list].as_array().into_iter().flatten();
        if let Some(part) = parts.clone().find(|part| part["type"] != "null") {
            return sample(document, name, part);
        }
    }
    match name {
        "amount" => return json!("1.00"),
        "currency" => return json!("eur"),
        "decision" => return json!("APPROVE"),
        "rejectionReason" => return Value::Null,
        "country" => return json!("LT"),
        "seconds" => return json!(1),
        _ if person("x").get(name).is_some() => return person("x")[name].clone(),
        _ => {}
    }
    if let Some(example) =
        [&schema["example"], &schema["examples"][0], &schema["enum"][0], &schema["default"]]
            .into_iter()
            .find(|value| !value.is_null())
    {
        return example.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        let fields = properties.iter().map(|(name, schema)| (name.clone(), sample(document, name, schema)));
        return Value::Object(fields.filter(|(_, value)| !value.is_null()).collect());
    }
    let kinds = schema["type"].to_string();
    match () {
        () if kinds.contains("integer") || kinds.contains("number") => json!(1),
        () if kinds.contains("boolean") => json!(true),
        () if kinds.contains("array") => json!([]),
        () if kinds.contains("object") => json!({}),
        () => json!("text"),
    }
}

impl Operation {
    /// The request with `id` at one place. Other ids are the stranger's own, or left out.
    fn call(&self, place: &Place, id: &str, others: bool, whole: bool) -> Call {
        let mut path = self.path.clone();
        for segment in self.path.split('/').filter_map(parameter) {
            let value = if *place == Place::Path(segment.clone()) { id } else { "own" };
            path = path.replace(&format!("{{{segment}}}"), value);
        }
        let Some(mut body) = self.body.clone() else {
            return Call::bare(method(&self.method), path, None);
        };
        let fields = body.as_object_mut().expect("a body is an object");
        let names: Vec<String> = fields.keys().cloned().collect();
        for name in names {
            let needed = ["amount", "currency", "decision", "seconds"].contains(&name.as_str());
            match is_id(&name) {
                true if *place == Place::Body(name.clone()) => fields[&name] = id.into(),
                true if others => fields[&name] = "own".into(),
                false if whole || needed => {}
                _ => drop(fields.shift_remove(&name)),
            }
        }
        Call::bare(method(&self.method), path, Some(body.to_string()))
    }
}

fn method(name: &str) -> &'static str {
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    known.into_iter().find(|known| *known == name).expect("a method")
}

/// The stranger's two answers are the same bytes, and speak of the id and not of the body.
async fn walk(stranger: &Client, operation: &Operation, place: &Place, objects: &[Known]) {
    let shapes = [(true, true), (true, false), (false, true), (false, false)];
    let mut answered = false;
    for (others, whole) in shapes {
        for known in objects {
            let unknown = stranger.send(&operation.call(place, &known.nobodys, others, whole)).await;
            let call = operation.call(place, &known.owners, others, whole);
            let foreign = stranger.send(&call).await;
            assert_eq!(shown(&foreign), shown(&unknown), "{call:?}");
            assert!(foreign.status >= 400, "{call:?} found something: {}", foreign.summary());
            answered |= foreign.code() != "P403";
        }
    }
    assert!(answered, "no valid body found for {} {} {:?}", operation.method, operation.path, operation.body);
}

/// All of an answer but what is new in each.
fn shown(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let fresh = ["date", "x-request-id"];
    let headers =
        answer.headers.iter().filter(|(name, _)| !fresh.contains(&name.as_str())).cloned().collect();
    (answer.status, headers, answer.text())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_ids_are_two_users() {
    let server = Server::start().await;
    let (first, second) = (server.client(), server.second_partner("second"));
    for client in [&first, &second] {
        client.verified_user("anna").await;
        client.settled(&["anna"]).await;
        client.fund(None, "10", "eur").await;
    }
    let untouched = Snapshot::take(&second, &["anna"]).await;
    let call = Call::post("/v1/transfer", &transfer_body(None, Some("anna"), "4", "eur")).keyed("same-key");
    let made = first.send(&call).await;
    made.expect(201);
    first.send(&Call::bare("PATCH", "/v1/user/suspend/anna", None)).await.expect(200);
    assert_eq!(Snapshot::take(&second, &["anna"]).await, untouched);
    let other = second.send(&call).await;
    assert!(other.status == 201 && !other.replayed(), "a key is its partner's own: {}", other.summary());
    assert_ne!(other.body, made.body);
    assert_eq!(second.balance(Some("anna"), "eur").await, 400);
    for (client, stranger) in [(&first, &second), (&second, &first)] {
        for entry in client.history(Some("anna")).await {
            let details = format!("/v1/transfer/details/{}", entry["id"].as_str().expect("an id"));
            client.send(&Call::get(&details)).await.expect(200);
            stranger.send(&Call::get(&details)).await.expect_refusal("P437");
        }
    }
    server.finish().await;
}

/// A cursor is worth nothing to another partner.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_shows_nobody_elses_rows() {
    let server = Server::start().await;
    let (owner, stranger) = (server.client(), server.second_partner("stranger"));
    let mut ids = Vec::new();
    for client in [&owner, &stranger] {
        for _ in 0..4 {
            ids.push(client.fund(None, "1", "eur").await);
        }
    }
    let page = owner.get("/v1/partner/transactions?limit=1").await;
    let cursor = page["nextCursor"].as_str().expect("a cursor");
    let answer = stranger.send(&Call::get(format!("/v1/partner/transactions?limit=1&cursor={cursor}"))).await;
    for id in &ids[..4] {
        assert!(!answer.text().contains(id), "the owner's {id} in {}", answer.summary());
    }
    server.finish().await;
}

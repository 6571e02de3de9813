//! The document against the table it is made from, and the page as a browser gets it.

use super::{document_text, routes};
use crate::kit::endpoint::codes;
use crate::kit::endpoint::table::{Endpoint, RequestBody};
use crate::kit::request::describe::ALTERNATIVES;
use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::collections::BTreeMap;
use tower::ServiceExt;

fn json() -> Value {
    serde_json::from_str(&document_text().unwrap()).unwrap()
}

fn operation_of<'a>(document: &'a Value, endpoint: &Endpoint) -> &'a Value {
    let method = endpoint.method.as_str().to_ascii_lowercase();
    let found = document["paths"].get(endpoint.path).and_then(|item| item.get(&method));
    found.unwrap_or_else(|| panic!("{method} {} is not documented", endpoint.path))
}

/// What a `$ref` names; other values are themselves.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        None => value,
        Some(target) => document
            .pointer(target.strip_prefix('#').unwrap_or_else(|| panic!("{target} is elsewhere")))
            .unwrap_or_else(|| panic!("{target} is nowhere")),
    }
}

fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(fields) => fields.values().for_each(|field| walk(field, visit)),
        _ => {}
    }
}

#[test]
fn it_is_openapi_3_1_and_the_same_each_time() {
    assert_eq!(json()["openapi"], "3.1.0");
    let text = document_text().unwrap();
    let again = super::document().to_pretty_json().unwrap().replace(ALTERNATIVES, "anyOf") + "\n";
    assert_eq!(again, text);
    assert_eq!(document_text().unwrap(), text);
}

#[test]
fn every_route_is_documented_and_nothing_else() {
    let document = json();
    let endpoints = crate::endpoints();
    for endpoint in &endpoints {
        let operation = operation_of(&document, endpoint);
        for field in ["operationId", "summary", "description"] {
            assert!(
                operation[field].as_str().is_some_and(|text| !text.is_empty()),
                "{}: {field}",
                endpoint.path
            );
        }
    }
    let items = document["paths"].as_object().unwrap().values();
    assert_eq!(items.map(|item| item.as_object().unwrap().len()).sum::<usize>(), endpoints.len());
}

#[test]
fn operation_ids_are_names_of_their_own() {
    let endpoints = crate::endpoints();
    let mut ids: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.id).collect();
    assert!(ids.contains(&"createTransfer"), "{ids:?}");
    assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric())), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), endpoints.len());
}

#[test]
fn every_refusal_is_there_with_its_body() {
    let document = json();
    for endpoint in crate::endpoints() {
        let responses = &operation_of(&document, &endpoint)["responses"];
        for code in endpoint.all_refusals() {
            let content = &responses[code.status.to_string()]["content"]["application/json"];
            let example = &resolved(&document, &content["examples"][code.code])["value"];
            assert_eq!(example["errorCode"], code.code, "{} {}", endpoint.path, code.code);
            assert_eq!(example.get("errorName").and_then(Value::as_str), code.name);
            assert!(!example["errorMessage"].as_str().unwrap().is_empty());
        }
        let documented = responses.as_object().unwrap().values();
        let examples = documented.filter_map(|r| r["content"]["application/json"]["examples"].as_object());
        assert_eq!(examples.map(|codes| codes.len()).sum::<usize>(), endpoint.all_refusals().len());
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = json();
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    walk(&document, &mut |value| {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            resolved(&document, value);
            *used.entry(target.to_owned()).or_default() += 1;
        }
    });
    for (folder, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys().filter(|_| folder != "securitySchemes") {
            assert!(
                used.contains_key(&format!("#/components/{folder}/{name}")),
                "{folder}/{name} is not used"
            );
        }
    }
}

#[test]
fn no_two_schemas_have_one_name() {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for shape in crate::endpoints().iter().flat_map(super::shapes_of) {
        let mut schemas = vec![((shape.name)().into_owned(), (shape.schema)())];
        (shape.inner)(&mut schemas);
        for (name, schema) in schemas {
            let text = serde_json::to_string(&schema).unwrap();
            let before = known.insert(name.clone(), text.clone());
            assert!(before.is_none_or(|before| before == text), "{name} is two schemas");
        }
    }
}

#[test]
fn parameters_are_those_of_the_call() {
    let document = json();
    for endpoint in crate::endpoints() {
        let parameters = operation_of(&document, &endpoint)["parameters"].as_array().unwrap();
        let parameters: Vec<&Value> = parameters.iter().map(|one| resolved(&document, one)).collect();
        let named = |place: &str| -> Vec<&str> {
            let placed = parameters.iter().filter(|one| one["in"] == place);
            placed.map(|one| one["name"].as_str().unwrap()).collect()
        };
        assert_eq!(named("path"), path_names(endpoint.path));
        assert_eq!(named("query"), endpoint.query().iter().map(|one| one.name).collect::<Vec<_>>());
        assert_eq!(named("header").contains(&"Idempotency-Key"), endpoint.writes(), "{}", endpoint.path);
        assert!(named("header").contains(&"x-request-id"));
        for parameter in parameters {
            let description = parameter["description"].as_str().unwrap();
            assert!(!description.is_empty(), "{} is not described", parameter["name"]);
        }
    }
}

#[test]
fn request_examples_have_the_required_fields_and_no_unknown_ones() {
    let document = json();
    for endpoint in crate::endpoints().iter().filter(|endpoint| endpoint.example().is_some()) {
        let content = &operation_of(&document, endpoint)["requestBody"]["content"]["application/json"];
        let schema = resolved(&document, &content["schema"]);
        let example =
            content["example"].as_object().unwrap_or_else(|| panic!("{} has no example", endpoint.path));
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        assert!(
            required.iter().all(|name| example.contains_key(name.as_str().unwrap())),
            "{}",
            endpoint.path
        );
        assert!(example.keys().all(|name| schema["properties"].get(name).is_some()), "{}", endpoint.path);
        assert!(!content["example"].to_string().contains('$'), "{}", endpoint.path);
    }
}

#[test]
fn file_parts_say_what_they_take() {
    let document = json();
    let mut walked = 0;
    for endpoint in crate::endpoints() {
        let RequestBody::Multipart(parts) = endpoint.signature.body else { continue };
        let body = &operation_of(&document, &endpoint)["requestBody"];
        assert_eq!(body["required"], true);
        let content = &body["content"]["multipart/form-data"];
        let properties = content["schema"]["properties"].as_object().unwrap();
        assert_eq!(properties.len(), parts.len());
        for part in parts {
            let (property, encoding) = (&properties[part.name], &content["encoding"][part.name]);
            assert_eq!(property["description"], part.meaning);
            let file = if part.max_count == 1 { property } else { &property["items"] };
            assert_eq!((&file["type"], &file["format"]), (&"string".into(), &"binary".into()));
            assert_eq!(property["maxItems"].as_u64().unwrap_or(1), part.max_count as u64);
            let types: Vec<_> = part.kinds.iter().map(|kind| kind.media_type()).collect();
            assert_eq!(encoding["contentType"], types.join(", "));
            walked += 1;
        }
    }
    assert!(walked > 0);
}

/// By itself, or by the component that it refers to.
fn is_described(document: &Value, schema: &Value) -> bool {
    let text = |value: &Value| value["description"].as_str().is_some_and(|text| !text.is_empty());
    let of_choice = |one: &Value| one["type"] != "null" && is_described(document, one);
    text(schema)
        || schema.get("$ref").is_some() && text(resolved(document, schema))
        || schema["oneOf"].as_array().is_some_and(|choices| choices.iter().any(of_choice))
}

#[test]
fn every_property_and_every_answer_is_described() {
    let document = json();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(is_described(&document, schema), "{name}.{property} is not described");
        }
    }
    for endpoint in crate::endpoints() {
        let answers = operation_of(&document, &endpoint)["responses"].as_object().unwrap();
        let contents =
            answers.iter().flat_map(|(_, answer)| answer["content"].as_object().into_iter().flatten());
        for (kind, content) in contents.filter(|(kind, _)| *kind == "application/json") {
            let is_shown = content.get("example").is_some() || content.get("examples").is_some();
            assert!(is_shown, "{} answers {kind} without an example", endpoint.path);
        }
    }
}

#[test]
fn names_are_the_wires() {
    let document = json();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for property in schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys()) {
            assert!(property.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}.{property}");
        }
    }
    assert!(document["components"]["schemas"]["TransferEvent"]["properties"].get("type").is_some());
}

#[test]
fn every_tag_is_described() {
    let document = json();
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for endpoint in crate::endpoints() {
        let tag = &operation_of(&document, &endpoint)["tags"][0];
        assert!(tags.contains(&tag), "{} is under {tag}", endpoint.path);
    }
}

/// The names in braces of a path.
fn path_names(path: &str) -> Vec<&str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
}

async fn get(path: &str) -> (Response, String) {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let (head, body) = routes().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(head, Body::empty()), String::from_utf8(bytes.to_vec()).unwrap())
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_document_is_served() {
    let (response, body) = get("/openapi.json").await;
    assert_eq!((response.status(), header(&response, "content-type")), (StatusCode::OK, "application/json"));
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(body, document_text().unwrap());
}

#[tokio::test]
async fn the_page_needs_no_key_and_loads_nothing_from_elsewhere() {
    for path in ["/docs", "/docs/"] {
        let (response, body) = get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
        assert!(header(&response, "content-security-policy").starts_with("default-src 'none';"));
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        assert!(body.contains("<title>Florin Partner API</title>"));
        let links: Vec<&str> =
            [r#"src=""#, r#"href=""#].iter().flat_map(|start| body.split(start).skip(1)).collect();
        assert_eq!(links.len(), 6);
        for link in links.iter().map(|rest| rest.split('"').next().unwrap()) {
            assert!(link.starts_with('/') && !link.starts_with("//"), "{link}");
            assert_eq!(get(link).await.0.status(), StatusCode::OK, "{link}");
        }
    }
}

#[tokio::test]
async fn only_the_viewers_needed_files_are_served() {
    for name in ["index.html", "oauth2-redirect.html", "swagger-initializer.js", "..", "%2e%2e%2fmod.rs"] {
        let (response, body) = get(&format!("/docs/{name}")).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
        assert!(body.contains(codes::P404.code), "{name}");
    }
}

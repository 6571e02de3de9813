//! The AsyncAPI 3.0 document of the webhooks: a channel for each type of events, for who generates a receiver or its
//! types. Made from the table of events, as the OpenAPI document is made from that of routes.

#[cfg(test)]
mod tests;

use crate::event_rows;
use crate::kit::endpoint::family::EventRow;
use florin_webhook::{SigningKey, SigningSecret, signatures};
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// The name of the headers' schema.
const HEADERS: &str = "WebhookHeaders";

/// The server that events are sent to: the partner's own.
const SERVER: &str = "partner";

/// What examples are signed with, and when.
const EXAMPLE_SECRET: [u8; 32] = [7; 32];
const EXAMPLE_ID: &str = "0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e70";
const EXAMPLE_SECONDS: i64 = 1_769_851_800;

/// How a webhook is sent and verified; Markdown.
const INTRODUCTION: &str = "\
Everything that happens in a partner's book, POSTed to the partner's own server as flat JSON. The base URL is \
registered with `PUT /v1/webhooks/endpoint`, which can also set other paths than these.

**Answer** 2xx within 15 seconds. Anything else, redirects too, is a failure: the event comes again after 8, 16, 32 \
and 64 seconds, then 5 minutes, 30 minutes, 2, 6, 12, 24 and 24 hours. 410 disables the endpoint.

**Order.** Events of one object come in order; the next waits for the one before.

**At least once.** The same event can come again. It always has the same `webhook-id`: keep those that you have dealt \
with.

**Verify** `authorization`, `webhook-timestamp` and one of the signatures of `webhook-signature`, as the guide \
docs/webhooks.md shows in five languages.";

/// The document.
///
/// # Errors
/// What serde_json says, which has no reason to.
pub fn document() -> Result<Value, serde_json::Error> {
    let (mut channels, mut operations, mut messages, mut schemas) =
        (Map::new(), Map::new(), Map::new(), Map::new());
    for row in event_rows() {
        channels.insert(row.event.as_str().to_owned(), channel(row));
        operations.insert(operation_id(row.event.as_str()), operation(row));
        messages.insert(row.event.as_str().to_owned(), message(row)?);
        for (name, schema) in payload_schemas(row) {
            schemas.insert(name, serde_json::to_value(schema)?);
        }
    }
    schemas.insert(HEADERS.to_owned(), headers());
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Florin webhooks",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
        },
        "defaultContentType": "application/json",
        "servers": { SERVER: server() },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "httpApiKey",
                    "in": "header",
                    "name": "authorization",
                    "description": "The token that you registered, as it stands.",
                },
            },
        },
    }))
}

/// The document as it is checked in: indented JSON with a final newline.
///
/// # Errors
/// What serde_json says, which has no reason to.
pub fn document_text() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&document()?)? + "\n")
}

fn reference(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{place}/{name}") })
}

/// Where a partner listens is known to the bank alone.
fn server() -> Value {
    json!({
        "host": "{host}",
        "protocol": "https",
        "description": "Your own server: the base URL that you registered. In a sandbox it may be http.",
        "variables": {
            "host": {
                "default": "partner.example.com",
                "description": "Host of the base URL, with its port and path where it has some.",
            },
        },
        "security": [reference("components/securitySchemes", "token")],
    })
}

fn channel(row: &EventRow) -> Value {
    json!({
        "address": row.event.path(),
        "title": row.summary,
        "description": row.description,
        "servers": [reference("servers", SERVER)],
        "messages": { row.event.as_str(): reference("components/messages", row.event.as_str()) },
    })
}

/// `sendKycFilesStatus` for `kyc_files.status`.
fn operation_id(kind: &str) -> String {
    let words = kind.split(['.', '_']).map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        first.to_ascii_uppercase() + rest
    });
    format!("send{}", words.collect::<String>())
}

fn operation(row: &EventRow) -> Value {
    json!({
        "action": "send",
        "channel": reference("channels", row.event.as_str()),
        "title": row.summary,
        "summary": row.description,
        "security": [reference("components/securitySchemes", "token")],
        "bindings": { "http": { "method": "POST", "bindingVersion": "0.3.0" } },
        "messages": [reference(&format!("channels/{}/messages", row.event.as_str()), row.event.as_str())],
    })
}

fn message(row: &EventRow) -> Result<Value, serde_json::Error> {
    let payload: Value = serde_json::from_str(row.example)?;
    let text = serde_json::to_string(&payload)?;
    Ok(json!({
        "name": row.event.as_str(),
        "title": row.summary,
        "summary": row.description,
        "contentType": "application/json",
        "headers": reference("components/schemas", HEADERS),
        "payload": reference("components/schemas", &(row.payload.name)()),
        "examples": [{ "headers": example_headers(&text), "payload": payload }],
    }))
}

/// The payload's own schema, and those that it refers to.
fn payload_schemas(row: &EventRow) -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = vec![((row.payload.name)().into_owned(), (row.payload.schema)())];
    (row.payload.inner)(&mut schemas);
    schemas
}

/// Signed with a secret that is no secret.
fn example_headers(body: &str) -> Value {
    let (secret, key) = (SigningSecret::from_bytes(EXAMPLE_SECRET), SigningKey::from_seed(&EXAMPLE_SECRET));
    json!({
        "authorization": "my-webhook-token",
        "content-type": "application/json",
        "user-agent": concat!("Florin/", env!("CARGO_PKG_VERSION")),
        "webhook-id": EXAMPLE_ID,
        "webhook-timestamp": EXAMPLE_SECONDS.to_string(),
        "webhook-signature": signatures(EXAMPLE_ID, EXAMPLE_SECONDS, body.as_bytes(), &[secret], &key),
    })
}

fn headers() -> Value {
    json!({
        "type": "object",
        "required": ["authorization", "content-type", "webhook-id", "webhook-timestamp", "webhook-signature"],
        "properties": {
            "authorization": {
                "type": "string",
                "description": "The token that you registered. Compare it in constant time.",
            },
            "content-type": { "type": "string", "const": "application/json" },
            "user-agent": { "type": "string", "pattern": "^Florin/" },
            "webhook-id": {
                "type": "string",
                "format": "uuid",
                "description": "The event's id, the same in every attempt, retry and replay.",
            },
            "webhook-timestamp": {
                "type": "string",
                "pattern": "^[0-9]+$",
                "description": "When this attempt was made, in seconds since 1970. Refuse what is 5 minutes off.",
            },
            "webhook-signature": {
                "type": "string",
                "pattern": "^v1a?,[A-Za-z0-9+/=]+( v1a?,[A-Za-z0-9+/=]+)*$",
                "description": "Signatures over `webhook-id.webhook-timestamp.body` with a space between: `v1,` and \
                                an HMAC-SHA256 with the signing secret (two while a secret is rotated), `v1a,` and an \
                                Ed25519 signature; both in base64. One that verifies is enough.",
            },
        },
    })
}

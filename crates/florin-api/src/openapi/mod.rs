//! The OpenAPI 3.1 document, made from the table of routes, and the reference page that shows it.
//!
//! Nothing is written down twice: paths, texts, shapes and refusals come from [`crate::endpoints`], error
//! bodies from [`crate::kit::endpoint::refusal`]. What all calls have in common is in `conventions`, one call in
//! `operation`, the page in `viewer`. The document is the same for sandbox and live, and made once.

mod conventions;
mod events;
mod operation;
mod viewer;

#[cfg(test)]
mod tests;

use crate::FAMILIES;
use crate::kit::endpoint::codes::P500;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape};
use crate::kit::request::describe::ALTERNATIVES;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use std::sync::OnceLock;
use utoipa::openapi::schema::{Components, ComponentsBuilder};
use utoipa::openapi::server::Server;
use utoipa::openapi::{OpenApi, OpenApiBuilder, PathItem, PathsBuilder, Ref};

/// The document.
pub fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for family in FAMILIES.0 {
        for endpoint in (family.endpoints)() {
            let operation = operation::operation(&endpoint, family.tag.0);
            paths = paths.path(endpoint.path, PathItem::new(operation::method(&endpoint.method), operation));
        }
    }
    OpenApiBuilder::new()
        .info(conventions::info())
        .servers(Some([Server::new("/")]))
        .paths(paths)
        .webhooks(Some(events::webhooks()))
        .components(Some(components()))
        .security(Some([conventions::security()]))
        .tags(Some(FAMILIES.0.iter().map(|family| conventions::tag(family.tag))))
        .build()
}

/// The document as it is checked in and served: indented JSON with a final newline.
///
/// # Errors
/// What serde_json says, which has no reason to.
pub fn document_text() -> Result<String, serde_json::Error> {
    text().map(str::to_owned)
}

/// `/openapi.json`, and the reference page at `/docs`. None needs a key.
pub fn routes() -> Router {
    Router::new().route("/openapi.json", get(serve_document)).merge(viewer::routes())
}

async fn serve_document() -> Response {
    match text() {
        Ok(text) => ([(CONTENT_TYPE, "application/json")], viewer::GUARDS, text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the OpenAPI document can't be written");
            Refusal::of(&P500).into_response()
        }
    }
}

fn text() -> Result<&'static str, serde_json::Error> {
    static TEXT: OnceLock<String> = OnceLock::new();
    if let Some(text) = TEXT.get() {
        return Ok(text);
    }
    // The builder of object schemas knows no `anyOf` beside properties.
    let text = document().to_pretty_json()?.replace(ALTERNATIVES, "anyOf") + "\n";
    Ok(TEXT.get_or_init(|| text))
}

/// What operations refer to: each schema, example, header and parameter once.
fn components() -> Components {
    let endpoints = crate::endpoints();
    let mut components = conventions::components(ComponentsBuilder::new());
    let payloads = crate::event_rows().map(|row| row.payload);
    for shape in endpoints.iter().flat_map(shapes_of).chain(payloads) {
        let mut schemas = vec![((shape.name)().into_owned(), (shape.schema)())];
        (shape.inner)(&mut schemas);
        for (name, schema) in schemas {
            components = components.schema(name, schema);
        }
    }
    for property in endpoints.iter().flat_map(Endpoint::query) {
        for (name, schema) in &property.named {
            components = components.schema(name, schema.clone());
        }
    }
    for code in endpoints.iter().flat_map(Endpoint::all_refusals) {
        components = components.example(code.code, conventions::example(code));
    }
    // After the others: they take the place of the schemas that can't tell one type from another.
    events::schemas().into_iter().fold(components, |all, (name, schema)| all.schema(name, schema)).build()
}

fn shapes_of(endpoint: &Endpoint) -> impl Iterator<Item = Shape> {
    let request = match endpoint.signature.body {
        RequestBody::Json(shape) => Some(shape),
        RequestBody::None | RequestBody::Multipart(_) => None,
    };
    request.into_iter().chain(endpoint.signature.success.iter().map(|(_, shape)| *shape))
}

/// A reference into the components.
fn reference(folder: &str, name: &str) -> Ref {
    Ref::new(format!("#/components/{folder}/{name}"))
}

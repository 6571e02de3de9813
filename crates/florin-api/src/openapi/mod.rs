//! The OpenAPI 3.1 document, made from the table of routes, and the reference page that shows it.
//!
//! Nothing is written down twice: paths, texts, shapes and refusals come from [`crate::endpoints`], error
//! bodies from [`crate::kit::endpoint::refusal`]. What all calls have in common is in `conventions`, one call in
//! `operation`, the page in `viewer`. The document is the same for sandbox and live, and made once.

mod conventions;
mod operation;
mod viewer;

#[cfg(test)]
mod tests;

use crate::kit::endpoint::codes::P500;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape};
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use std::sync::OnceLock;
use utoipa::openapi::schema::{Components, ComponentsBuilder};
use utoipa::openapi::{OpenApi, OpenApiBuilder, PathItem, PathsBuilder, Ref};

/// The document.
pub fn document() -> OpenApi {
    let endpoints = crate::endpoints();
    let paths = endpoints.iter().fold(PathsBuilder::new(), |paths, endpoint| {
        let item = PathItem::new(operation::method(&endpoint.method), operation::operation(endpoint));
        paths.path(endpoint.path, item)
    });
    OpenApiBuilder::new()
        .info(conventions::info())
        .paths(paths)
        .components(Some(components(&endpoints)))
        .security(Some([conventions::security()]))
        .tags(Some(conventions::tags()))
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
    let text = document().to_pretty_json()? + "\n";
    Ok(TEXT.get_or_init(|| text))
}

/// What operations refer to: each schema, example, header and parameter once.
fn components(endpoints: &[Endpoint]) -> Components {
    let shared = conventions::components(ComponentsBuilder::new());
    let shapes = endpoints.iter().flat_map(shapes_of);
    let schemas = shapes.flat_map(|shape| {
        let mut schemas = vec![((shape.name)().into_owned(), (shape.schema)())];
        (shape.inner)(&mut schemas);
        schemas
    });
    let shared = schemas.fold(shared, |components, (name, schema)| components.schema(name, schema));
    let refusals = endpoints.iter().flat_map(Endpoint::all_refusals);
    refusals
        .fold(shared, |components, code| components.example(code.code, conventions::example(code)))
        .build()
}

fn shapes_of(endpoint: &Endpoint) -> impl Iterator<Item = Shape> {
    let request = match endpoint.request {
        RequestBody::Json(shape, _) => Some(shape),
        RequestBody::None | RequestBody::Multipart(_) => None,
    };
    request.into_iter().chain([endpoint.success.1])
}

/// A reference into the components.
fn reference(folder: &str, name: &str) -> Ref {
    Ref::new(format!("#/components/{folder}/{name}"))
}

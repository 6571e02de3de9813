//! `/docs`: the document as a page. The viewer (Swagger UI) is part of the binary, and the page loads nothing
//! from elsewhere: its Content-Security-Policy would not let it.
//!
//! The page itself, what starts the viewer and its few own styles are the files beside this one; of the
//! viewer's files only the two that the page needs are served.

use crate::kit::endpoint::codes::P404;
use crate::kit::endpoint::refusal::Refusal;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::HeaderName;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

/// What every page and document is sent with.
pub(super) const GUARDS: [(HeaderName, &str); 2] =
    [(X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "no-referrer")];

/// What the page may do: run and show our own files, `data:` images of the viewer's styles, and call this
/// server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The viewer's files change with the binary alone, the rest is small.
const AN_HOUR: &str = "public, max-age=3600";

const PAGE: &str = include_str!("index.html");

/// Our files beside the page.
const OWN_FILES: &[(&str, &str, &str)] = &[
    ("start.js", "text/javascript; charset=utf-8", include_str!("start.js")),
    ("page.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
];

/// The viewer's files that the page needs; `build.rs` puts them there.
const VIEWER_FILES: &[(&str, &str, &[u8])] = &[
    (
        "swagger-ui-bundle.js",
        "text/javascript; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js")),
    ),
    (
        "swagger-ui.css",
        "text/css; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css")),
    ),
];

pub(super) fn routes() -> Router {
    Router::new().route("/docs", get(page)).route("/docs/", get(page)).route("/docs/{file}", get(file))
}

async fn page() -> Response {
    send("text/html; charset=utf-8", "no-cache", Bytes::from_static(PAGE.as_bytes()))
}

async fn file(Path(name): Path<String>) -> Response {
    if let Some((_, kind, text)) = OWN_FILES.iter().find(|(file, ..)| *file == name) {
        return send(kind, "no-cache", Bytes::from_static(text.as_bytes()));
    }
    match VIEWER_FILES.iter().find(|(file, ..)| *file == name) {
        Some((_, kind, bytes)) => send(kind, AN_HOUR, Bytes::from_static(bytes)),
        None => Refusal::of(&P404).into_response(),
    }
}

fn send(kind: &'static str, cache: &'static str, body: Bytes) -> Response {
    let head = [(CONTENT_TYPE, kind), (CACHE_CONTROL, cache), (CONTENT_SECURITY_POLICY, POLICY)];
    (head, GUARDS, body).into_response()
}

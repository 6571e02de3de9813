//! The table of routes: one [`Endpoint`] per call, which makes the router, the OpenAPI document and the walks of the
//! tests. What is not in the table does not exist.
//!
//! A row is made by [`get`], [`post`], [`put`], [`patch`] or [`delete`] of a path and a handler, whose types say what
//! the call takes and answers (`handler.rs`). What types can't say (texts, examples, codes) is filled in beside:
//!
//! ```ignore
//! Endpoint {
//!     id: "createTransfer",
//!     summary: "Create a transfer",
//!     example: r#"{"destinationExternalUserId":"$user","amount":"12.50","currency":"eur"}"#,
//!     answer: r#"{"transferId":"$transfer"}"#,
//!     refusals: &[&P410, &P412],
//!     ..post("/v1/transfer", create_transfer)
//! }
//! ```

use super::codes::{Code, P405};
use super::handler::{Handler, Incoming, Signature};
use super::refusal::Refusal;
pub use super::shape::{Access, FilePart, PathParameter, RequestBody, Shape};
use crate::kit::app::App;
use crate::kit::request::describe::Property;
use axum::Router;
use axum::extract::State;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method};

/// One call of the API.
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path, ids in braces.
    pub path: &'static str,
    /// What client libraries call it: a verb and what it acts on, such as `createTransfer`.
    pub id: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What a partner's engineer needs to know beyond the shapes: units, rules, what happens afterwards.
    pub description: &'static str,
    /// A JSON body that works, as text. `$user` and the like stand for ids: the families' placeholders.
    pub example: &'static str,
    /// The body of an answer, as text, with the same placeholders.
    pub answer: &'static str,
    /// What it refuses with, besides what every call can (see [`Endpoint::all_refusals`]).
    pub refusals: &'static [&'static Code],
    /// Whether another call took its place.
    pub is_deprecated: bool,
    /// Whether it writes though it is a GET: each call then has an effect of its own.
    pub is_writing_get: bool,
    /// What the handler's types say.
    pub signature: Signature,
    /// Method and handler, as axum mounts them.
    pub(crate) router: MethodRouter<App>,
}

impl Endpoint {
    /// A call that writes: PUT, PATCH, POST or DELETE.
    pub fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// Everything that this call can refuse with: its own, and what comes of its kind.
    pub fn all_refusals(&self) -> Vec<&'static Code> {
        use super::codes::{P401, P403, P429, P470, P471, P500, P501};
        let mut all = vec![&P500, &P501];
        if self.signature.access != Access::Open {
            all.extend([&P401, &P429]);
        }
        if self.writes() {
            all.extend([&P403, &P470, &P471]);
        } else if !self.signature.query.is_empty() {
            all.push(&P403);
        }
        all.extend(self.refusals);
        all.sort_by_key(|code| code.code);
        all.dedup_by_key(|code| code.code);
        all
    }

    /// The parameters of the query.
    pub fn query(&self) -> &[Property] {
        &self.signature.query
    }

    /// The text of a JSON body that works.
    pub fn example(&self) -> Option<&'static str> {
        (!self.example.is_empty()).then_some(self.example)
    }

    pub(crate) fn mount(self, router: Router<App>) -> Router<App> {
        // Answers to a key hold personal data, amounts and secrets: no cache may keep them.
        let not_stored = async |mut response: Response| {
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        };
        let calls = match self.is_writing_get {
            // No link checker may cause what each call makes anew.
            true => {
                self.router.on(MethodFilter::HEAD, async || Refusal::of(&P405).allow("GET").into_response())
            }
            false => self.router,
        };
        let is_open = self.signature.access == Access::Open && !self.is_writing_get;
        let calls = if is_open { calls } else { calls.route_layer(map_response(not_stored)) };
        router.route(self.path, calls)
    }

    fn new<A, H: Handler<A>>(method: Method, filter: MethodFilter, path: &'static str, handler: H) -> Self {
        let run = async move |State(app): State<App>, request: axum::extract::Request| {
            handler.clone().handle(Incoming::new(app, request)).await
        };
        Self {
            method,
            path,
            id: "",
            summary: "",
            description: "",
            example: "",
            answer: "",
            refusals: &[],
            is_deprecated: false,
            is_writing_get: false,
            signature: H::signature(),
            router: on(filter, run),
        }
    }
}

macro_rules! methods {
    ($($name:ident $method:ident;)*) => {$(
        #[doc = concat!("A ", stringify!($method), " call, to be filled in with struct update syntax.")]
        pub fn $name<A, H: Handler<A>>(path: &'static str, handler: H) -> Endpoint {
            Endpoint::new(Method::$method, MethodFilter::$method, path, handler)
        }
    )*};
}

methods! {
    get GET;
    post POST;
    put PUT;
    patch PATCH;
    delete DELETE;
}

//! From an async function to a row of the table: the types of a handler's arguments and of its answer say what the call
//! takes, who may call it and what it answers with. Nothing of that is written down beside them.
//!
//! An argument is an [`Argument`]: it describes itself to the row and takes itself out of the request, in the order in
//! which they stand. The answer is an [`Output`].

use super::failure::Failure;
use super::shape::{Access, PathParameter, RequestBody, Shape};
use crate::kit::app::App;
use crate::kit::request::describe::Property;
use crate::kit::request::fields::SHOWN_NAME;
use crate::kit::request::query::path_segment;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// The header that names what of a request was ignored.
pub const IGNORED_FIELDS: HeaderName = HeaderName::from_static("x-ignored-fields");

/// Names that the header repeats: more do not help anybody, and a head has a limit.
const MAX_IGNORED: usize = 20;

/// What a call takes and answers with, as its handler's types say.
#[derive(Clone, Default)]
pub struct Signature {
    /// Who may call.
    pub access: Access,
    /// The ids in its path, in their order.
    pub path: Vec<PathParameter>,
    /// Its query.
    pub query: Vec<Property>,
    /// Its body.
    pub body: RequestBody,
    /// The answers to a call that works.
    pub success: Vec<(u16, Shape)>,
}

/// A request on its way into a handler.
pub struct Incoming {
    /// The platform.
    pub app: App,
    /// Its head.
    pub parts: Parts,
    /// Its body, until an argument takes it.
    body: Option<Body>,
    /// Fields that were ignored.
    ignored: Ignored,
    /// Whether an argument has read the query.
    is_query_read: bool,
    /// How many ids of the path were taken.
    taken_ids: usize,
}

impl Incoming {
    /// Takes a request apart.
    pub fn new(app: App, request: Request) -> Self {
        let (parts, body) = request.into_parts();
        Self { app, parts, body: Some(body), ignored: Ignored::default(), is_query_read: false, taken_ids: 0 }
    }

    /// The body; empty once it was taken.
    pub fn take_body(&mut self) -> Body {
        self.body.take().unwrap_or_default()
    }

    /// Notes fields that were ignored.
    pub fn ignore(&mut self, names: Vec<String>) {
        self.ignored.add(names);
    }

    /// Where what is ignored is noted, for what is read only while the handler runs.
    pub fn ignored_names(&self) -> Ignored {
        self.ignored.clone()
    }

    /// The query as it came; what reads it answers for unknown parameters.
    pub fn take_query(&mut self) -> Option<&str> {
        self.is_query_read = true;
        self.parts.uri.query()
    }

    /// The next id of the path, decoded once; none for what can't be an id at all.
    pub fn next_id(&mut self) -> Option<String> {
        let template = self.parts.extensions.get::<MatchedPath>()?;
        let segments = template.as_str().split('/').zip(self.parts.uri.path().split('/'));
        let mut ids = segments.filter(|(name, _)| name.starts_with('{')).skip(self.taken_ids);
        let id = ids.next().and_then(|(_, raw)| path_segment(raw));
        self.taken_ids += 1;
        id
    }

    /// Names of parameters that no argument read.
    fn ignored(self) -> Vec<String> {
        if let (false, Some(query)) = (self.is_query_read, self.parts.uri.query()) {
            let names = query.split('&').filter_map(|pair| pair.split('=').next());
            let names = names.filter(|name| !name.is_empty());
            self.ignored.add(names.map(|name| name.chars().take(SHOWN_NAME).collect()));
        }
        self.ignored.take()
    }
}

/// Names of what of a request was ignored.
#[derive(Clone, Debug, Default)]
pub struct Ignored(Arc<Mutex<Vec<String>>>);

impl Ignored {
    /// Notes names.
    pub fn add(&self, names: impl IntoIterator<Item = String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An argument of a handler.
pub trait Argument: Sized + Send {
    /// Adds to the row what this argument means.
    fn describe(signature: &mut Signature);

    /// Takes it out of the request.
    ///
    /// # Errors
    /// A refusal or a fault.
    fn take(incoming: &mut Incoming) -> impl Future<Output = Result<Self, Failure>> + Send;
}

/// The platform, for what needs no key.
impl Argument for App {
    fn describe(signature: &mut Signature) {
        signature.access = Access::Open;
    }

    async fn take(incoming: &mut Incoming) -> Result<Self, Failure> {
        Ok(incoming.app.clone())
    }
}

/// The headers, for what looks at more than the usual ones.
impl Argument for http::HeaderMap {
    fn describe(_: &mut Signature) {}

    async fn take(incoming: &mut Incoming) -> Result<Self, Failure> {
        Ok(incoming.parts.headers.clone())
    }
}

/// An id in a path.
pub trait PathId: Sized + Send {
    /// Its name, its meaning, and what stands for it in examples.
    const PARAMETER: PathParameter;

    /// Reads it. What can't be one is answered like an unknown one, so there is no failing here.
    fn of_segment(segment: Option<String>) -> Self;
}

/// Declares one of our ids in a path: its type, name, meaning, and what stands for it in examples. What can't be an id
/// is none.
macro_rules! uuid_in_path {
    ($vis:vis $type:ident, $name:literal, $about:literal, $placeholder:literal) => {
        #[doc = $about]
        $vis struct $type(Option<uuid::Uuid>);

        impl $crate::kit::endpoint::handler::PathId for $type {
            const PARAMETER: $crate::kit::endpoint::table::PathParameter =
                $crate::kit::endpoint::table::PathParameter {
                    name: $name,
                    about: $about,
                    is_uuid: true,
                    placeholder: $placeholder,
                };

            fn of_segment(segment: Option<String>) -> Self {
                Self(segment.and_then(|text| $crate::kit::request::types::FieldType::parse(&text).ok()))
            }
        }
    };
}

pub(crate) use uuid_in_path;

/// An id of a handler's path, in the order of the path.
pub struct Path<I>(pub I);

impl<I: PathId> Argument for Path<I> {
    fn describe(signature: &mut Signature) {
        signature.path.push(I::PARAMETER);
    }

    async fn take(incoming: &mut Incoming) -> Result<Self, Failure> {
        Ok(Self(I::of_segment(incoming.next_id())))
    }
}

/// What a handler answers with when it works.
pub trait Output {
    /// Adds the statuses and shapes to the row.
    fn describe(signature: &mut Signature);

    /// The response.
    fn into_response(self) -> Response;
}

/// A JSON answer of one status.
pub struct Answered<T, const STATUS: u16> {
    response: Response,
    body: PhantomData<fn() -> T>,
}

/// 200.
pub type Success<T> = Answered<T, 200>;
/// 201.
pub type Created<T> = Answered<T, 201>;

impl<T, const STATUS: u16> Answered<T, STATUS> {
    /// Whether the call has had its effect just now: neither refused nor a repeat.
    pub fn is_new(&self) -> bool {
        let is_repeat = self.response.headers().contains_key("idempotent-replayed");
        self.response.status().as_u16() == STATUS && !is_repeat
    }

    /// A response that is known to have this status and body, or to be a refusal.
    pub(crate) fn of_response(response: Response) -> Self {
        Self { response, body: PhantomData }
    }
}

impl<T: ToSchema, const STATUS: u16> Output for Answered<T, STATUS> {
    fn describe(signature: &mut Signature) {
        signature.success.push((STATUS, Shape::of::<T>()));
    }

    fn into_response(self) -> Response {
        self.response
    }
}

/// 201 where something was made, 200 where it was there: a command says so by `Work::answer_with`.
pub struct Ensured<T>(pub Created<T>);

impl<T: ToSchema> Output for Ensured<T> {
    fn describe(signature: &mut Signature) {
        Created::<T>::describe(signature);
        Success::<T>::describe(signature);
    }

    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// A page.
pub struct Html(pub Response);

impl Output for Html {
    fn describe(signature: &mut Signature) {
        signature.success.push((200, Shape::HTML));
    }

    fn into_response(self) -> Response {
        self.0
    }
}

/// An async function over arguments that answers with an output.
pub trait Handler<A>: Clone + Send + Sync + 'static {
    /// What its types say.
    fn signature() -> Signature;

    /// Runs it for a request.
    fn handle(self, incoming: Incoming) -> impl Future<Output = Response> + Send;
}

macro_rules! handlers {
    ($(($($argument:ident),+);)+) => {$(
        impl<F, R, O, $($argument),+> Handler<($($argument,)+)> for F
        where
            F: Fn($($argument),+) -> R + Clone + Send + Sync + 'static,
            R: Future<Output = Result<O, Failure>> + Send,
            O: Output,
            $($argument: Argument),+
        {
            fn signature() -> Signature {
                let mut signature = Signature::default();
                $($argument::describe(&mut signature);)+
                O::describe(&mut signature);
                signature
            }

            #[expect(non_snake_case, reason = "an argument is named after its type parameter")]
            async fn handle(self, mut incoming: Incoming) -> Response {
                $(let $argument = match $argument::take(&mut incoming).await {
                    Ok(argument) => argument,
                    Err(failure) => return failure.into_response(),
                };)+
                let result = self($($argument),+).await;
                let response = result.map_or_else(IntoResponse::into_response, O::into_response);
                with_ignored(response, &incoming.ignored())
            }
        }
    )+};
}

handlers! {
    (A);
    (A, B);
    (A, B, C);
    (A, B, C, D);
}

/// Names what was ignored. A character that a header can't carry, or that parts names, is percent-encoded.
fn with_ignored(mut response: Response, ignored: &[String]) -> Response {
    if ignored.is_empty() {
        return response;
    }
    let names: Vec<String> = ignored.iter().take(MAX_IGNORED).map(|name| encoded(name)).collect();
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(IGNORED_FIELDS, value);
    }
    response
}

fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'%' | b',' => text.push_str(&format!("%{byte:02X}")),
            byte if byte.is_ascii_graphic() => text.push(char::from(byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

//! The table of routes: one [`Endpoint`] per call, which makes the router, the OpenAPI document and the walks of the
//! tests. What is not in the table does not exist.

use crate::kit::app::App;
use crate::kit::endpoint::codes::Code;
use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use florin_document::Kind;
use http::Method;
use std::borrow::Cow;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The shape of a body, for the OpenAPI document.
#[derive(Copy, Clone)]
pub struct Shape {
    /// Name of the schema.
    pub name: fn() -> Cow<'static, str>,
    /// The schema.
    pub schema: fn() -> RefOr<Schema>,
    /// The schemas that it refers to.
    pub inner: fn(&mut Vec<(String, RefOr<Schema>)>),
    /// What it is written in.
    pub content_type: &'static str,
}

impl Shape {
    /// The shape of a type.
    pub const fn of<T: ToSchema>() -> Self {
        Self {
            name: T::name,
            schema: <T as PartialSchema>::schema,
            inner: T::schemas,
            content_type: "application/json",
        }
    }

    /// A page.
    pub const HTML: Self = Self {
        name: || Cow::Borrowed("Page"),
        schema: || ObjectBuilder::new().schema_type(Type::String).description(Some("A page.")).into(),
        inner: |_| {},
        content_type: "text/html",
    };
}

/// The schema of an amount in a request, which `Fields::amount` reads: `#[schema(value_type = RequestAmount)]`.
pub enum RequestAmount {}

impl PartialSchema for RequestAmount {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number).exclusive_minimum(Some(0));
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^(0|[1-9][0-9]*)(\.[0-9]+)?$"))
            .max_length(Some(64));
        OneOfBuilder::new()
            .item(text)
            .item(number)
            .description(Some(
                "Above zero, as a decimal string or a JSON number, both read exactly. At most as many decimals as the \
                 currency has; zeros at the end do not count.",
            ))
            .examples(["12.50"])
            .into()
    }
}

impl ToSchema for RequestAmount {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Amount")
    }
}

/// The form of a query parameter, for the OpenAPI document.
#[derive(Copy, Clone)]
pub enum Form {
    /// Any text.
    Text,
    /// A time, ISO 8601.
    Time,
    /// A whole number.
    Integer {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
        /// What its absence means.
        default: i64,
    },
    /// One of some words.
    OneOf(fn() -> Vec<&'static str>),
}

/// A query parameter, for the OpenAPI document.
#[derive(Copy, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its form.
    pub form: Form,
    /// What it does, with its form and default.
    pub meaning: &'static str,
    /// A value that works.
    pub example: &'static str,
}

/// A part of a multipart body that takes a file.
#[derive(Copy, Clone, Debug)]
pub struct FilePart {
    /// Its name.
    pub name: &'static str,
    /// What the file shows, and how long it can be.
    pub meaning: &'static str,
    /// What the file may be.
    pub kinds: &'static [Kind],
    /// How often it can be given.
    pub max_count: usize,
}

/// The body of a call.
#[derive(Copy, Clone)]
pub enum RequestBody {
    /// None is needed.
    None,
    /// JSON of this shape, and a text of one that works. `$user` and `$other` stand for two verified users, `$new` for
    /// an id that is free, `$transfer` for a transfer's id.
    Json(Shape, &'static str),
    /// Files in a `multipart/form-data` body, as a handler with an
    /// [`Upload`](crate::kit::request::upload::Upload) takes them.
    Multipart(&'static [FilePart]),
}

/// Who may call.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A partner, by its key.
    Partner,
    /// A partner, and only in the sandbox.
    Sandbox,
    /// Anybody: a secret in the path takes the place of a key.
    Open,
}

/// One call of the API.
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path, ids in braces.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// The heading that it stands under.
    pub tag: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What a partner's engineer needs to know beyond the shapes: units, rules, what happens afterwards.
    pub description: &'static str,
    /// The query.
    pub query: &'static [Parameter],
    /// The body.
    pub request: RequestBody,
    /// The answer to a call that works.
    pub success: (u16, Shape),
    /// What it refuses with, besides what every call can (see [`Endpoint::all_refusals`]).
    pub refusals: &'static [&'static Code],
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
        use crate::kit::endpoint::codes::{P401, P403, P429, P470, P471, P500, P501};
        let mut all = vec![&P500, &P501];
        if self.access != Access::Open {
            all.extend([&P401, &P429]);
        }
        if self.writes() {
            all.extend([&P403, &P470, &P471]);
        } else if !self.query.is_empty() {
            all.push(&P403);
        }
        all.extend(self.refusals);
        all.sort_by_key(|code| code.code);
        all.dedup_by_key(|code| code.code);
        all
    }

    /// The text of a JSON body that works.
    pub fn example(&self) -> Option<&'static str> {
        match self.request {
            RequestBody::Json(_, example) => Some(example),
            RequestBody::None | RequestBody::Multipart(_) => None,
        }
    }

    pub(crate) fn mount(self, router: Router<App>) -> Router<App> {
        router.route(self.path, self.router)
    }
}

macro_rules! methods {
    ($($name:ident $method:ident;)*) => {$(
        #[doc = concat!("A ", stringify!($method), " call of partners, to be filled in with struct update syntax.")]
        pub fn $name<H, T>(path: &'static str, handler: H, success: (u16, Shape)) -> Endpoint
        where
            H: Handler<T, App>,
            T: 'static,
        {
            Endpoint {
                method: Method::$method,
                path,
                access: Access::Partner,
                tag: "",
                summary: "",
                description: "",
                query: &[],
                request: RequestBody::None,
                success,
                refusals: &[],
                router: axum::routing::$name(handler),
            }
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

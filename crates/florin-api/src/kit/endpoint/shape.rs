//! What a call takes and answers, in the words of the OpenAPI document: shapes of bodies, parts of files, ids in a
//! path.

use crate::kit::request::body::Request;
use florin_document::Kind;
use std::borrow::Cow;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
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

    /// The shape of a request, as it describes itself.
    pub const fn of_request<R: Request>() -> Self {
        Self {
            name: || Cow::Borrowed(R::NAME),
            schema: || R::description().schema(R::ABOUT),
            inner: |schemas| schemas.extend(R::description().named()),
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
#[derive(Copy, Clone, Default)]
pub enum RequestBody {
    /// None is needed.
    #[default]
    None,
    /// JSON of this shape.
    Json(Shape),
    /// Files in a `multipart/form-data` body.
    Multipart(&'static [FilePart]),
}

/// Who may call.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// A partner, by its key.
    #[default]
    Partner,
    /// A partner, and only in the sandbox.
    Sandbox,
    /// Anybody: a secret in the path takes the place of a key.
    Open,
}

/// An id in a path, for the OpenAPI document and the walks of the tests.
#[derive(Copy, Clone, Debug)]
pub struct PathParameter {
    /// Its name between the braces.
    pub name: &'static str,
    /// What it names.
    pub about: &'static str,
    /// Whether it is one of our ids, a UUID.
    pub is_uuid: bool,
    /// What stands for it in examples and walks: one of the families' placeholders.
    pub placeholder: &'static str,
}

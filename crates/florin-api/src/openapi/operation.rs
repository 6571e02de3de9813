//! One call of the table as an operation of the document.

use super::conventions::{self, REQUEST_ID};
use super::reference;
use crate::kit::endpoint::codes::{Code, P403, P501};
use crate::kit::endpoint::table::{Access, Endpoint, FilePart, RequestBody as Wanted, Shape};
use crate::kit::request::describe::Property;
use http::{Method, StatusCode};
use std::collections::BTreeMap;
use utoipa::openapi::encoding::EncodingBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, Deprecated, RefOr, Required, Response, ResponseBuilder};

const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data";

/// The method in the document's terms; the table has no others.
pub(super) fn method(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// The operation of a call, under the heading of its family.
pub(super) fn operation(endpoint: &Endpoint, tag: &str) -> Operation {
    let signature = &endpoint.signature;
    let mut operation = OperationBuilder::new()
        .tag(tag)
        .operation_id(Some(endpoint.id))
        .summary(Some(endpoint.summary))
        .description(Some(description(endpoint)))
        .request_body(request_body(endpoint));
    if endpoint.is_deprecated {
        operation = operation.deprecated(Some(Deprecated::True));
    }
    if signature.access == Access::Open {
        // For the browser of a user; a client library has no use for it.
        operation = operation.extensions(Some(ExtensionsBuilder::new().add("x-internal", true).build()));
        operation = operation.securities(Some([SecurityRequirement::default()]));
    }
    for parameter in &signature.path {
        operation = operation.parameter(conventions::path_parameter(parameter));
    }
    for parameter in endpoint.query() {
        operation = operation.parameter(query_parameter(parameter));
    }
    if endpoint.writes() {
        operation = operation.parameter_ref(reference("parameters", conventions::IDEMPOTENCY_KEY));
    }
    operation = operation.parameter_ref(reference("parameters", REQUEST_ID));
    for (status, shape) in &signature.success {
        operation = operation.response(status.to_string(), success(endpoint, *status, shape));
    }
    for (status, codes) in by_status(&endpoint.all_refusals()) {
        operation = operation.response(status.to_string(), refusal(endpoint, status, &codes));
    }
    operation.build()
}

fn description(endpoint: &Endpoint) -> String {
    let mut text = endpoint.description.to_owned();
    if endpoint.signature.access == Access::Sandbox {
        text.push_str("\n\nOnly in a sandbox: in live there is no such path.");
    }
    text
}

fn query_parameter(property: &Property) -> Parameter {
    ParameterBuilder::new()
        .name(property.name)
        .parameter_in(ParameterIn::Query)
        .required(if property.is_required { Required::True } else { Required::False })
        .description(Some(property.about))
        .schema(Some(property.schema.clone()))
        .build()
}

fn request_body(endpoint: &Endpoint) -> Option<RequestBody> {
    let body = match endpoint.signature.body {
        Wanted::None => return None,
        Wanted::Json(shape) => {
            let content = ContentBuilder::new()
                .schema(Some(reference("schemas", &(shape.name)())))
                .example(conventions::json_example(endpoint.example));
            RequestBodyBuilder::new().content(JSON, content.build())
        }
        Wanted::Multipart(parts) => RequestBodyBuilder::new().content(MULTIPART, files(parts)),
    };
    Some(body.required(Some(Required::True)).build())
}

/// One property a part, and which types its content can be of.
fn files(parts: &[FilePart]) -> Content {
    let schema =
        parts.iter().fold(ObjectBuilder::new(), |object, part| object.property(part.name, file(part)));
    let content = ContentBuilder::new().schema(Some(Schema::from(schema.min_properties(Some(1)))));
    let types =
        |part: &FilePart| part.kinds.iter().map(|kind| kind.media_type()).collect::<Vec<_>>().join(", ");
    let encoding = |part: &FilePart| EncodingBuilder::new().content_type(Some(types(part))).build();
    parts.iter().fold(content, |content, part| content.encoding(part.name, encoding(part))).build()
}

fn file(part: &FilePart) -> Schema {
    // OpenAPI 3.1 takes the bytes of a part by `contentMediaType`; `format` is for tools of before, and for the page,
    // which shows a file chooser by it.
    let one = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
        .content_media_type("application/octet-stream");
    if part.max_count == 1 {
        return one.description(Some(part.meaning)).into();
    }
    let all = ArrayBuilder::new().items(one).min_items(Some(1)).max_items(Some(part.max_count));
    all.description(Some(part.meaning)).into()
}

fn success(endpoint: &Endpoint, status: u16, shape: &Shape) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(reference("schemas", &(shape.name)())))
        .example(conventions::json_example(endpoint.answer))
        .build();
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let response =
        ResponseBuilder::new().description(reason.unwrap_or_default()).content(shape.content_type, content);
    with_headers(response, endpoint, status, &[]).build()
}

fn by_status(codes: &[&'static Code]) -> BTreeMap<u16, Vec<&'static Code>> {
    let mut groups: BTreeMap<u16, Vec<_>> = BTreeMap::new();
    for code in codes {
        groups.entry(code.status).or_default().push(*code);
    }
    groups
}

/// All refusals of a status: which there are, and the body of each.
fn refusal(endpoint: &Endpoint, status: u16, codes: &[&'static Code]) -> Response {
    let lines = codes.iter().map(|code| format!("- `{}` {}", code.code, code.meaning));
    let description = format!("Refused:\n\n{}", lines.collect::<Vec<_>>().join("\n"));
    let examples = codes.iter().map(|code| (code.code, RefOr::Ref(reference("examples", code.code))));
    let content =
        ContentBuilder::new().schema(Some(error_schema(codes))).examples_from_iter(examples).build();
    let mut response = ResponseBuilder::new().description(description).content(JSON, content);
    let is_page = |(_, shape): &(u16, Shape)| shape.content_type == Shape::HTML.content_type;
    if status == 404 && endpoint.signature.success.iter().any(is_page) {
        // A browser gets a page where there is none, too.
        let page = ContentBuilder::new().schema(Some(reference("schemas", &(Shape::HTML.name)())));
        response = response.content(Shape::HTML.content_type, page.build());
    }
    with_headers(response, endpoint, status, codes).build()
}

fn error_schema(codes: &[&'static Code]) -> RefOr<Schema> {
    let error = reference("schemas", conventions::ERROR);
    let validation = reference("schemas", conventions::VALIDATION_ERROR);
    match codes {
        [only] if **only == P403 => validation.into(),
        _ if codes.contains(&&P403) => OneOfBuilder::new().item(error).item(validation).into(),
        _ => error.into(),
    }
}

/// The headers that an answer of this status has or can have.
fn with_headers(
    response: ResponseBuilder,
    endpoint: &Endpoint,
    status: u16,
    codes: &[&'static Code],
) -> ResponseBuilder {
    // Neither the key nor the rate limit has let the call in: it can't be a repeat, and is not counted.
    let is_inside = !matches!(status, 401 | 429) && endpoint.signature.access != Access::Open;
    let mut names = vec![REQUEST_ID];
    if is_inside || status == 429 {
        names.extend(conventions::RATE_LIMIT_HEADERS);
    }
    if endpoint.writes() && is_inside && status != 409 {
        names.push(conventions::REPLAYED);
    }
    if status == 401 {
        names.push(conventions::CHALLENGE);
    }
    if is_inside {
        names.push(conventions::IGNORED_FIELDS);
    }
    if status == 429 || codes.contains(&&P501) {
        names.push(conventions::RETRY_AFTER);
    }
    let header = |response: ResponseBuilder, name| {
        response.header_ref(conventions::header_name(name), reference("headers", name))
    };
    names.into_iter().fold(response, header)
}

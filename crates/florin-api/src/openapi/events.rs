//! Events in the document: an event's `type` tells its payload, in lists of events and as the webhooks themselves.

use super::{conventions, reference};
use crate::event_rows;
use crate::events::EventItem;
use crate::kit::endpoint::family::EventRow;
use crate::sandbox::InboxItem;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, Paths, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Discriminator, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, RefOr, Required, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

/// The webhooks, each under the name of its type.
pub(super) fn webhooks() -> Paths {
    event_rows()
        .fold(PathsBuilder::new(), |paths, row| {
            paths.path(row.event.as_str(), PathItem::new(HttpMethod::Post, webhook(row)))
        })
        .build()
}

fn webhook(row: &EventRow) -> utoipa::openapi::path::Operation {
    let content = ContentBuilder::new()
        .schema(Some(reference("schemas", &(row.payload.name)())))
        .example(serde_json::from_str(row.example).ok());
    let body = RequestBodyBuilder::new().content("application/json", content.build());
    let path = row.event.path();
    let description = format!("{} Sent to `{path}` below your base URL.", row.description);
    let operation = OperationBuilder::new()
        .operation_id(Some(format!("on{}", pascal(row))))
        .summary(Some(row.summary))
        .description(Some(description))
        .request_body(Some(body.required(Some(Required::True)).build()))
        .securities(Some([SecurityRequirement::default()]));
    let operation = conventions::webhook_headers().into_iter().fold(operation, |all, one| all.parameter(one));
    let acknowledged =
        ResponseBuilder::new().description("Any 2xx acknowledges; anything else is tried again.");
    operation.response("2XX", acknowledged.build()).build()
}

/// `KycFilesStatus` for `kyc_files.status`.
fn pascal(row: &EventRow) -> String {
    let words = row.event.as_str().split(['.', '_']).map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        first.to_ascii_uppercase() + rest
    });
    words.collect()
}

/// The items of the two lists of events, by type.
pub(super) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut all = of_list(&EventItem::name(), &EventItem::schema(), "Event");
    all.extend(of_list(&InboxItem::name(), &InboxItem::schema(), "Webhook"));
    all
}

/// The item's schema as a choice between types, and one schema a type.
fn of_list(name: &str, item: &RefOr<Schema>, suffix: &str) -> Vec<(String, RefOr<Schema>)> {
    let RefOr::T(Schema::Object(item)) = item else { return Vec::new() };
    let (mut choice, mut discriminator, mut all) =
        (OneOfBuilder::new(), Discriminator::new("type"), Vec::new());
    for row in event_rows() {
        let name = format!("{}{suffix}", pascal(row));
        let mut of_type = item.clone();
        let kind = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some([row.event.as_str()]))
            .description(Some(row.description));
        of_type.properties.insert("type".to_owned(), kind.into());
        let payload = reference("schemas", &(row.payload.name)());
        of_type.properties.insert("payload".to_owned(), payload.into());
        choice = choice.item(reference("schemas", &name));
        let place = format!("#/components/schemas/{name}");
        discriminator.mapping.insert(row.event.as_str().to_owned(), place);
        all.push((name, Schema::Object(of_type).into()));
    }
    let choice = choice.description(item.description.clone()).discriminator(Some(discriminator));
    all.push((name.to_owned(), choice.into()));
    all
}

//! `GET /v1/webhooks/deliveries`: what became of each event on its way to the endpoint, newest first.
//!
//! Up to the endpoint's cursor each event has its row; later ones are pending without one. A page is the later ones,
//! then the rows.

use super::delivery::{STATUSES, Standing, Status};
use super::endpoint::WebhookEndpoint;
use super::ids::delivery_id;
use super::register::registered;
use super::store::{self, Delivery};
use crate::events::TYPES;
use crate::kit::app::App;
use crate::kit::book::command::ok;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::codes::P467;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::page::Page;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, Form, Parameter, Shape, get};
use crate::kit::request::body::Request;
use crate::kit::request::call::Query;
use crate::kit::request::fields::Fields;
use crate::kit::request::query::PAGE_LIMIT;
use axum::extract::State;
use axum::response::Response;
use florin_store::{Snapshot, StoreError, StoredEvent, events_at, events_before};
use florin_types::Timestamp;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Deliveries that one page reads at most: a page of the largest size with nine of ten filtered out.
const MAX_READ: i64 = 2_000;

/// Deliveries read at a time, to choose from.
const READ_PAGE: i64 = 200;

const QUERY: &[Parameter] = &[
    Parameter {
        name: "status",
        form: Form::OneOf(statuses),
        meaning: "`PENDING`, `DELIVERED` or `FAILED`.",
        example: "FAILED",
    },
    Parameter {
        name: "eventType",
        form: Form::OneOf(types),
        meaning: "Only events of this type.",
        example: "transfer",
    },
    Parameter {
        name: "limit",
        form: PAGE_LIMIT,
        meaning: "Items of a page, 1 to 200; 50 by default.",
        example: "50",
    },
    Parameter {
        name: "cursor",
        form: Form::Text,
        meaning: "`nextCursor` of the page before, with the same filters.",
        example: "",
    },
];

fn statuses() -> Vec<&'static str> {
    STATUSES.iter().map(|(name, _)| *name).collect()
}

fn types() -> Vec<&'static str> {
    TYPES.iter().map(|(kind, _)| *kind).collect()
}

struct Filter {
    status: Option<Status>,
    kind: Option<&'static str>,
    limit: usize,
    cursor: Option<String>,
}

impl Request for Filter {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let status = fields.optional("status").choice(&STATUSES);
        let kind = fields.optional("eventType").one_of(&types());
        let limit = usize::try_from(fields.page_limit()).ok()?;
        let cursor = fields.optional("cursor").text(|text| Ok::<_, String>(text.to_owned()));
        Some(Self { status, kind, limit, cursor })
    }
}

/// A delivery of an event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryItem {
    id: Uuid,
    /// The event's id, the same in every attempt: the `webhook-id`.
    event_id: Uuid,
    #[schema(example = "transfer")]
    event_type: String,
    /// The event's number in `/v1/events`.
    sequence: i64,
    /// Where it goes, below the base URL.
    #[schema(example = "/transfer-webhook")]
    path: String,
    /// `PENDING`, `DELIVERED` or `FAILED`.
    status: &'static str,
    /// The newest attempts, oldest first.
    attempts: Vec<AttemptItem>,
    /// When it is tried next; null when it is settled, or waits for an earlier one of its object.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When the event happened.
    #[schema(format = DateTime)]
    created_at: String,
}

/// An attempt.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptItem {
    /// When it ended.
    #[schema(format = DateTime)]
    at: String,
    /// The answer's status.
    status_code: Option<u16>,
    /// The first bytes of the answer's body, as text.
    answer: Option<String>,
    /// Why there was no answer.
    error: Option<String>,
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Webhooks",
        summary: "List deliveries",
        description: "Newest first: of every event since the endpoint was registered, and of those replayed. A \
                      filter that matches little may answer a short page with a cursor: go on until `nextCursor` is \
                      null.",
        query: QUERY,
        refusals: &[&P467],
        ..get("/v1/webhooks/deliveries", handle, (200, Shape::of::<Page<DeliveryItem>>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let endpoint = registered(store::find(&mut snapshot).await?)?;
    let list = format!("deliveries {} {:?} {:?}", snapshot.book().0, filter.status, filter.kind);
    let before = match &filter.cursor {
        Some(cursor) => place(&app.place_of(&list, cursor)?)?,
        None => snapshot.book_row().last_event() + 1,
    };
    let (found, next) = read(&mut snapshot, &endpoint, &filter, before).await?;
    let book = snapshot.book();
    let data = found.iter().map(|(event, standing)| DeliveryItem {
        id: delivery_id(&app, book, event.position.sequence()),
        event_id: event.id,
        event_type: event.kind.clone(),
        sequence: event.position.sequence(),
        path: endpoint.paths.of(&event.kind).map_or_else(String::new, |path| path.as_str().to_owned()),
        status: standing.status.as_str(),
        attempts: standing.attempts.iter().map(attempt_item).collect(),
        next_attempt_at: standing.due_at.map(|due| due.to_string()),
        created_at: event.at.to_string(),
    });
    let data = data.collect();
    ok(&Page { data, next_cursor: next.map(|next| app.cursor(&list, &next.to_be_bytes())) })
}

fn attempt_item(attempt: &super::delivery::Attempt) -> AttemptItem {
    AttemptItem {
        at: Timestamp::from_micros(attempt.at).to_string(),
        status_code: attempt.status,
        answer: attempt.status.map(|_| attempt.answer.clone()),
        error: attempt.error.clone(),
    }
}

fn place(bytes: &[u8]) -> Result<i64, Refusal> {
    let bytes = bytes.try_into().map_err(|_| Refusal::invalid("cursor is not one that this list gave"))?;
    Ok(i64::from_be_bytes(bytes))
}

/// Deliveries below a sequence number, and where the next page begins.
async fn read(
    snapshot: &mut Snapshot,
    endpoint: &WebhookEndpoint,
    filter: &Filter,
    mut before: i64,
) -> Result<(Vec<(StoredEvent, Standing)>, Option<i64>), StoreError> {
    let mut found = Vec::new();
    let mut left = MAX_READ;
    while left > 0 {
        let page = match before > endpoint.cursor + 1 {
            true => unsettled(snapshot, endpoint, filter, before).await?,
            false => settled(snapshot, filter, before).await?,
        };
        left -= READ_PAGE;
        let Some(page) = page else {
            return Ok((found, None));
        };
        before = page.next;
        for (event, standing) in page.items {
            if filter.kind.is_none_or(|kind| kind == event.kind) {
                before = event.position.sequence();
                found.push((event, standing));
                if found.len() == filter.limit {
                    return Ok((found, Some(before)));
                }
            }
        }
        before = before.min(page.next);
    }
    Ok((found, Some(before)))
}

/// What was read, newest first, and below which number it goes on.
struct Read {
    items: Vec<(StoredEvent, Standing)>,
    next: i64,
}

/// Of the events that have no row yet.
async fn unsettled(
    snapshot: &mut Snapshot,
    endpoint: &WebhookEndpoint,
    filter: &Filter,
    before: i64,
) -> Result<Option<Read>, StoreError> {
    let rows_begin = endpoint.cursor + 1;
    if filter.status.is_some_and(|status| status != Status::Pending) {
        return Ok(Some(Read { items: Vec::new(), next: rows_begin }));
    }
    let events = events_before(snapshot, before, endpoint.cursor, READ_PAGE).await?;
    let is_last = (events.len() as i64) < READ_PAGE;
    let last = events.last().map_or(rows_begin, |event| event.position.sequence());
    let next = if is_last { rows_begin } else { last };
    let items = events.into_iter().map(|event| (event, Standing::WAITING)).collect();
    Ok(Some(Read { items, next }))
}

/// Of those that have a row. None: there is none left.
async fn settled(snapshot: &mut Snapshot, filter: &Filter, before: i64) -> Result<Option<Read>, StoreError> {
    // Delivered ones are the many, and have no index of their own: they are chosen here.
    let indexed = filter.status.filter(|status| *status != Status::Delivered);
    let rows = store::between(snapshot, (0, before), indexed, READ_PAGE).await?;
    let Some(last) = rows.last() else { return Ok(None) };
    let next = last.position.sequence();
    let rows: Vec<Delivery> = rows
        .into_iter()
        .filter(|delivery| filter.status.is_none_or(|status| status == delivery.standing.status))
        .collect();
    let sequences: Vec<i64> = rows.iter().map(|delivery| delivery.position.sequence()).collect();
    let events = events_at(snapshot, &sequences).await?;
    let mut events: HashMap<_, _> = events.into_iter().map(|event| (event.position, event)).collect();
    let mut items = Vec::with_capacity(rows.len());
    for delivery in rows {
        let event = events.remove(&delivery.position);
        let event = event.ok_or_else(|| StoreError::unexpected("a delivery without its event"))?;
        items.push((event, delivery.standing));
    }
    Ok(Some(Read { items, next }))
}

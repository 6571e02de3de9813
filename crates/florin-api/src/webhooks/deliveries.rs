//! `GET /v1/webhooks/deliveries`: what became of each event on its way to the endpoint, newest first.
//!
//! Up to the endpoint's cursor each event has its row; later ones are pending without one. A page is the later ones,
//! then the rows.

use super::delivery::{DeliveryStatus, Standing};
use super::endpoint::WebhookEndpoint;
use super::ids::delivery_id;
use super::register::registered;
use super::store::{self, Delivery};
use crate::kit::endpoint::events::EventType;
use crate::kit::prelude::*;
use crate::kit::request::types::Cursor;
use florin_store::{BookId, Snapshot, StoredEvent, events_at, events_before};
use std::collections::HashMap;

/// Deliveries that one page reads at most: a page of the largest size with nine of ten filtered out.
const MAX_READ: i64 = 2_000;

/// Deliveries read at a time, to choose from.
const READ_PAGE: i64 = 200;

struct Filter {
    status: Option<DeliveryStatus>,
    kind: Option<EventType>,
    limit: usize,
    cursor: Option<Cursor>,
}

impl Filter {
    /// Names the list for its cursors: whose it is, and by which filters. Clients hold cursors made from this text, so
    /// it never changes, whatever types and cases here are called.
    fn list(&self, book: BookId) -> String {
        let status = match self.status {
            None => "None",
            Some(DeliveryStatus::Pending) => "Some(Pending)",
            Some(DeliveryStatus::Delivered) => "Some(Delivered)",
            Some(DeliveryStatus::Failed) => "Some(Failed)",
        };
        format!("deliveries {} {status} {:?}", book.0, self.kind.map(EventType::as_str))
    }
}

impl Request for Filter {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let status = fields.optional("status").about("Only deliveries with this status.").text();
        let kind = fields.optional("eventType").about("Only events of this type.").text();
        let limit = usize::try_from(fields.page_limit()).unwrap_or(usize::MAX);
        let cursor = fields.page_cursor();
        Some(Self { status, kind, limit, cursor })
    }
}

/// A delivery of an event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryItem {
    /// The id of the delivery, which `POST /v1/webhooks/deliveries/{id}/retry` takes.
    id: Uuid,
    /// The event's id, the same in every attempt: the `webhook-id`.
    event_id: Uuid,
    /// The event's type.
    #[schema(value_type = EventType)]
    event_type: String,
    /// The event's number in `/v1/events`.
    sequence: i64,
    /// Where it goes, below the base URL.
    #[schema(example = "/transfer-webhook")]
    path: String,
    /// Where it stands.
    status: DeliveryStatus,
    /// The newest attempts, oldest first.
    attempts: Vec<AttemptItem>,
    /// When it is tried next; null if it is settled, or waits for an earlier one of its object.
    #[schema(required, format = DateTime)]
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
    /// The answer's status; null if there was none.
    #[schema(required)]
    status_code: Option<u16>,
    /// The first bytes of the answer's body, as text.
    #[schema(required)]
    answer: Option<String>,
    /// Why there was no answer.
    #[schema(required)]
    error: Option<String>,
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getWebhookDeliveries",
        summary: "List deliveries",
        description: "A delivery for every event since the endpoint was registered, and for those that were replayed; \
                      newest first. A page may hold fewer items than `limit`, even none, and still have a next one: \
                      stop only at `nextCursor: null`.",
        answer: r#"{"data":[{"id":"$delivery","eventId":"0198c5d2-8b4f-7d52-a01f-4c6b2e3d5f81",
            "eventType":"transfer","sequence":1,"path":"/transfer-webhook","status":"DELIVERED",
            "attempts":[{"at":"2026-01-31T09:30:00.250Z","statusCode":200,"answer":"ok","error":null}],
            "nextAttemptAt":null,"createdAt":"2026-01-31T09:30:00.000Z"}],"nextCursor":null}"#,
        refusals: &[&P467],
        ..get("/v1/webhooks/deliveries", get_webhook_deliveries)
    }
}

async fn get_webhook_deliveries(
    context: Context,
    Query(filter): Query<Filter>,
) -> Result<Success<Page<DeliveryItem>>, Failure> {
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let endpoint = registered(store::find(&mut snapshot).await?)?;
    let list = filter.list(snapshot.book());
    let before = match &filter.cursor {
        Some(cursor) => place(&app.place_of(&list, &cursor.0)?)?,
        None => snapshot.book_row().last_event() + 1,
    };
    let (found, next) = read(&mut snapshot, &endpoint, &filter, before).await?;
    let book = snapshot.book();
    let item = |(event, standing): &(StoredEvent, Standing)| DeliveryItem {
        id: delivery_id(app, book, event.position.sequence()),
        event_id: event.id,
        event_type: event.kind.clone(),
        sequence: event.position.sequence(),
        path: endpoint.paths.of(&event.kind).map_or_else(String::new, |path| path.as_str().to_owned()),
        status: standing.status,
        attempts: standing.attempts.iter().map(attempt_item).collect(),
        next_attempt_at: standing.due_at.map(|due| due.to_string()),
        created_at: event.at.to_string(),
    };
    let data = found.iter().map(item).collect();
    Success::of(&Page { data, next_cursor: next.map(|next| app.cursor(&list, &next.to_be_bytes())) })
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
            if filter.kind.is_none_or(|kind| kind.as_str() == event.kind) {
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
    if filter.status.is_some_and(|status| status != DeliveryStatus::Pending) {
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
    let indexed = filter.status.filter(|status| *status != DeliveryStatus::Delivered);
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

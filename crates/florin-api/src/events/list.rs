//! `GET /v1/events`: events after a sequence number, with a long poll.

use super::render::{EventItem, TYPES, render};
use crate::kit::app::App;
use crate::kit::book::command::ok;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, Form, Parameter, Shape, get};
use crate::kit::request::body::Request;
use crate::kit::request::call::Query;
use crate::kit::request::fields::Fields;
use crate::kit::request::query::PAGE_LIMIT;
use axum::extract::State;
use axum::response::Response;
use florin_store::{BookId, Snapshot, StoredEvent, events_after};
use serde::Serialize;
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;

/// Longest wait of a long poll, in seconds: the contract's.
const MAX_WAIT_SECONDS: i64 = 30;

/// How often a waiting call looks for what other processes wrote; its own process rings a bell.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Events that one call looks through for a type: a page of the largest size with nine of ten of other types.
const MAX_READ: i64 = 2_000;

/// Events of a page that is read to choose from: with a type, far more are read than delivered.
const READ_PAGE: i64 = 200;

/// The greatest sequence number that there can be.
const MAX_SEQUENCE: i64 = (1 << 40) - 1;

const QUERY: &[Parameter] = &[
    Parameter {
        name: "after",
        form: Form::Integer { least: 0, most: MAX_SEQUENCE, default: 0 },
        meaning: "Events after this sequence number; 0 by default.",
        example: "0",
    },
    Parameter {
        name: "type",
        form: Form::OneOf(types),
        meaning: "Only events of this type.",
        example: "transfer",
    },
    Parameter {
        name: "limit",
        form: PAGE_LIMIT,
        meaning: "Events at most, 1 to 200; 50 by default.",
        example: "50",
    },
    Parameter {
        name: "wait",
        form: Form::Integer { least: 0, most: MAX_WAIT_SECONDS, default: 0 },
        meaning: "Seconds to wait for an event, 0 to 30; 0 by default.",
        example: "0",
    },
];

fn types() -> Vec<&'static str> {
    TYPES.iter().map(|(kind, _)| *kind).collect()
}

/// What is asked for.
struct Wanted {
    after: i64,
    kind: Option<&'static str>,
    limit: i64,
    wait: Duration,
}

impl Request for Wanted {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let after = fields.optional("after").integer(0..=MAX_SEQUENCE).unwrap_or(0);
        let kind = fields.optional("type").one_of(&types());
        let limit = i64::from(fields.page_limit());
        let wait = fields.optional("wait").integer(0..=MAX_WAIT_SECONDS).unwrap_or(0);
        Some(Self { after, kind, limit, wait: Duration::from_secs(wait.unsigned_abs()) })
    }
}

/// Events, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventList {
    /// The events.
    data: Vec<EventItem>,
    /// Give it as `after` to go on, whether or not there were events.
    next_after: i64,
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Events",
        summary: "List events",
        description: "The same events as the webhooks, oldest first, kept. `sequence` is gapless and starts at 1. With \
                      `wait` the call answers as soon as there is an event, or empty when the time is over.",
        query: QUERY,
        ..get("/v1/events", handle, (200, Shape::of::<EventList>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let mut patience = pin!(tokio::time::sleep(wanted.wait));
    let (mut after, mut book) = (wanted.after, partner.book);
    loop {
        // The bell is taken before looking, so that what is written in between still rings.
        let bell = app.store.event_bell(book);
        let mut rung = pin!(bell.notified());
        rung.as_mut().enable();
        let (list, looked_at) = look(&app, &partner, &wanted, after).await?;
        let is_over = wanted.wait.is_zero() || patience.is_elapsed() || app.is_stopping();
        if is_over || !list.data.is_empty() {
            return ok(&list);
        }
        (after, book) = (list.next_after, looked_at);
        // Only the bell is ever given up, never a read: that would cost its connection.
        tokio::select! {
            _ = timeout(LOOK_INTERVAL, rung) => {}
            () = &mut patience => {}
            () = app.stopped() => {}
        }
    }
}

/// The wanted events that there are, and the book that they are in: the partner's, or the one that replaced it.
async fn look(
    app: &App,
    partner: &Partner,
    wanted: &Wanted,
    after: i64,
) -> Result<(EventList, BookId), Failure> {
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let (events, next_after) = matching(&mut snapshot, wanted, after).await?;
    let data = if events.is_empty() { Vec::new() } else { render(app, &mut snapshot, &events).await? };
    Ok((EventList { data, next_after }, snapshot.book()))
}

/// Events of the wanted type, and the number up to which all were looked at.
async fn matching(
    snapshot: &mut Snapshot,
    wanted: &Wanted,
    mut after: i64,
) -> Result<(Vec<StoredEvent>, i64), Failure> {
    let page_size = if wanted.kind.is_some() { READ_PAGE } else { wanted.limit };
    let mut found = Vec::new();
    let mut left = MAX_READ;
    while left > 0 {
        let page = events_after(snapshot, after, page_size).await?;
        let is_last = (page.len() as i64) < page_size;
        left -= page_size;
        for event in page {
            after = event.position.sequence();
            if wanted.kind.is_none_or(|kind| kind == event.kind) {
                found.push(event);
                if found.len() as i64 == wanted.limit {
                    return Ok((found, after));
                }
            }
        }
        if is_last {
            break;
        }
    }
    Ok((found, after))
}

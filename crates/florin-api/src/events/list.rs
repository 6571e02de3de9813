//! `GET /v1/events`: events after a sequence number, with a long poll.

use super::render::{EventItem, render};
use crate::kit::endpoint::events::EventType;
use crate::kit::long_poll::LongPoll;
use crate::kit::prelude::*;
use crate::webhooks::own_paths;
use florin_store::{BookId, Snapshot, StoredEvent, events_after};
use std::pin::pin;
use std::time::Duration;

/// Longest wait of a long poll, in seconds: the contract's.
const MAX_WAIT_SECONDS: i64 = 30;

/// Events that one call looks through for a type: a page of the largest size with nine of ten of other types.
const MAX_READ: i64 = 2_000;

/// Events of a page that is read to choose from: with a type, far more are read than delivered.
const READ_PAGE: i64 = 200;

/// The greatest sequence number that there can be.
const MAX_SEQUENCE: i64 = (1 << 40) - 1;

/// What is asked for.
struct Wanted {
    after: i64,
    kind: Option<EventType>,
    limit: i64,
    wait: Duration,
}

impl Request for Wanted {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let after = fields.optional("after").about("Only events after this sequence number.");
        let after = after.integer_or(0..=MAX_SEQUENCE, 0);
        let kind = fields.optional("type").about("Only events of this type.").text();
        let limit = i64::from(fields.page_limit());
        let wait = fields.optional("wait").about("Seconds to wait for an event, where there is none yet.");
        let wait = wait.integer_or(0..=MAX_WAIT_SECONDS, 0);
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

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getEvents",
        summary: "List events",
        description: "The same events as the webhooks, oldest first. They are kept. `sequence` is gapless and starts \
                      at 1. With `wait` the call answers as soon as there is an event, or empty when the time is over.",
        answer: r#"{"data":[{"id":"0198c5d2-8b4f-7d52-a01f-4c6b2e3d5f81","sequence":1,"type":"transfer",
            "path":"/transfer-webhook","payload":{"id":"$transfer","sourceExternalUserId":"$user",
            "destinationExternalUserId":"$other","amount":12.5,"currency":"eur","status":"SUCCESSFUL",
            "createdAt":"2026-01-31T09:30:00.000Z"},"createdAt":"2026-01-31T09:30:00.000Z"}],"nextAfter":1}"#,
        ..get("/v1/events", get_events)
    }
}

async fn get_events(context: Context, Query(wanted): Query<Wanted>) -> Result<Success<EventList>, Failure> {
    let (app, partner) = (&context.app, &context.partner);
    let mut poll = LongPoll::new(&context, wanted.wait);
    let (mut after, mut book) = (wanted.after, partner.book);
    loop {
        // The bell is taken before looking, so that what is written in between still rings.
        let bell = app.store.event_bell(book);
        let mut rung = pin!(bell.notified());
        rung.as_mut().enable();
        let (list, looked_at) = look(&context, &wanted, after).await?;
        if poll.is_over() || !list.data.is_empty() {
            return Success::of(&list);
        }
        (after, book) = (list.next_after, looked_at);
        poll.until_next_look(rung).await?;
    }
}

/// The wanted events that there are, and the book that they are in: the partner's, or the one that replaced it.
async fn look(context: &Context, wanted: &Wanted, after: i64) -> Result<(EventList, BookId), Failure> {
    let mut snapshot = context.snapshot().await?;
    let (events, next_after) = matching(&mut snapshot, wanted, after).await?;
    let mut data = Vec::new();
    if !events.is_empty() {
        data = render(&context.app, &mut snapshot, &events).await?;
        let paths = own_paths(&mut snapshot).await?;
        for item in &mut data {
            item.path =
                paths.of(item.kind.as_str()).map_or_else(String::new, |path| path.as_str().to_owned());
        }
    }
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
            if wanted.kind.is_none_or(|kind| kind.as_str() == event.kind) {
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

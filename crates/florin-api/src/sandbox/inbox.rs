//! `GET /v1/sandbox/inbox`: the webhooks of the caller as they go over the wire, for tests that have no server of their
//! own. They are the events, which are kept; the head is signed anew each time, so that its time is not too old for a
//! verifier.

use crate::events::{EventItem, render};
use crate::kit::endpoint::events::EventType;
use crate::kit::long_poll::LongPoll;
use crate::kit::prelude::*;
use crate::webhooks::{Signer, headers};
use florin_store::{BookId, StoredEvent, events_after};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

/// Longest wait, in seconds: that of `/v1/events`.
const MAX_WAIT_SECONDS: i64 = 30;

/// Events that one call looks through: a page of the largest size with nine of ten filtered out.
const MAX_READ: i64 = 2_000;

/// Events read at a time.
const READ_PAGE: i64 = 200;

/// The greatest sequence number that there can be.
const MAX_SEQUENCE: i64 = (1 << 40) - 1;

/// Where a payload names users.
const USER_FIELDS: [&str; 3] = ["externalUserId", "sourceExternalUserId", "destinationExternalUserId"];

struct Wanted {
    kind: Option<EventType>,
    user: Option<ExternalUserId>,
    after: i64,
    limit: usize,
    wait: Duration,
}

impl Request for Wanted {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let kind = fields.optional("type").about("Only events of this type.").text();
        let about = "Only events that name this user, on either side.";
        let user = fields.optional("externalUserId").about(about).text();
        let after = fields.optional("after").about("Only events after this sequence number.");
        let after = after.integer_or(0..=MAX_SEQUENCE, 0);
        let limit = usize::try_from(fields.page_limit()).unwrap_or(usize::MAX);
        let wait = fields.optional("wait").about("Seconds to wait for a webhook, where there is none yet.");
        let wait = wait.integer_or(0..=MAX_WAIT_SECONDS, 0);
        Some(Self { kind, user, after, limit, wait: Duration::from_secs(wait.unsigned_abs()) })
    }
}

impl Wanted {
    fn takes(&self, item: &EventItem) -> bool {
        let Some(user) = &self.user else { return true };
        let payload: Value = serde_json::from_str(item.payload.get()).unwrap_or_default();
        USER_FIELDS.iter().any(|field| payload[field] == user.as_str())
    }
}

/// A webhook as it goes over the wire.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboxItem {
    /// The event's number in `/v1/events`.
    sequence: i64,
    /// The event's id.
    webhook_id: Uuid,
    /// What happened.
    #[serde(rename = "type")]
    kind: EventType,
    /// Where it goes, below the base URL.
    #[schema(example = "/transfer-webhook")]
    path: String,
    /// Its head, signed when this call was answered.
    #[schema(value_type = BTreeMap<String, String>)]
    headers: BTreeMap<String, String>,
    /// The body, byte for byte.
    body: String,
    /// The same as JSON.
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
    /// When it happened.
    #[schema(format = DateTime)]
    created_at: String,
}

/// Webhooks, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// The webhooks.
    data: Vec<InboxItem>,
    /// Give it as `after` to go on, whether or not there were any.
    next_after: i64,
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getInbox",
        summary: "Read the webhooks",
        description: "What your endpoint is sent, or would be sent if you had one: oldest first, with head and body as \
                      they go over the wire. With `wait` the call answers as soon as there is a webhook that matches, \
                      or empty when the time is over. Until a token is set by a registration, the head has neither \
                      token nor signature.",
        answer: r#"{"data":[{"sequence":1,"webhookId":"0198c5d2-8b4f-7d52-a01f-4c6b2e3d5f81","type":"user.status",
            "path":"/webhook/user/status","headers":{"content-type":"application/json",
            "webhook-id":"0198c5d2-8b4f-7d52-a01f-4c6b2e3d5f81"},
            "body":"{\"externalUserId\":\"$user\",\"status\":\"ACTIVE\"}",
            "payload":{"externalUserId":"$user","status":"ACTIVE"},"createdAt":"2026-01-31T09:30:00.000Z"}],
            "nextAfter":1}"#,
        ..get("/v1/sandbox/inbox", get_inbox)
    }
}

async fn get_inbox(context: SandboxContext, Query(wanted): Query<Wanted>) -> Result<Success<Inbox>, Failure> {
    let (app, partner) = (&context.app, &context.partner);
    let mut poll = LongPoll::new(&context, wanted.wait);
    let (mut after, mut book) = (wanted.after, partner.book);
    loop {
        // The bell is taken before looking, so that what is written in between still rings.
        let bell = app.store.event_bell(book);
        let mut rung = pin!(bell.notified());
        rung.as_mut().enable();
        let (inbox, looked_at) = look(&context, &wanted, after).await?;
        if poll.is_over() || !inbox.data.is_empty() {
            return Success::of(&inbox);
        }
        (after, book) = (inbox.next_after, looked_at);
        poll.until_next_look(rung).await?;
    }
}

async fn look(context: &Context, wanted: &Wanted, mut after: i64) -> Result<(Inbox, BookId), Failure> {
    let (app, mut snapshot) = (&context.app, context.snapshot().await?);
    let now = snapshot.book_row().now(app.wall());
    let signer = Signer::of_book(app, &mut snapshot, now).await?;
    let (mut data, mut left) = (Vec::new(), MAX_READ);
    while left > 0 {
        left -= READ_PAGE;
        let page = events_after(&mut snapshot, after, READ_PAGE).await?;
        let is_last = (page.len() as i64) < READ_PAGE;
        let last = page.last().map(|event| event.position.sequence());
        let mut events: Vec<StoredEvent> = page;
        events.retain(|event| wanted.kind.is_none_or(|kind| kind.as_str() == event.kind));
        for item in render(app, &mut snapshot, &events).await?.into_iter().filter(|item| wanted.takes(item)) {
            after = item.sequence;
            data.push(inbox_item(app, signer.as_ref(), item)?);
            if data.len() == wanted.limit {
                return Ok((Inbox { data, next_after: after }, snapshot.book()));
            }
        }
        after = last.unwrap_or(after);
        if is_last {
            break;
        }
    }
    Ok((Inbox { data, next_after: after }, snapshot.book()))
}

fn inbox_item(app: &App, signer: Option<&Signer>, item: EventItem) -> Result<InboxItem, StoreError> {
    let body = item.payload.get().to_owned();
    let mut head = BTreeMap::new();
    if let Some(signer) = signer {
        for (name, value) in &headers(signer, item.id, app.wall(), body.as_bytes())? {
            head.insert(name.to_string(), value.to_str().map_err(StoreError::unexpected)?.to_owned());
        }
    } else {
        head.insert("content-type".to_owned(), "application/json".to_owned());
        head.insert("webhook-id".to_owned(), item.id.to_string());
    }
    let own = signer.and_then(|signer| signer.path_of(item.kind.as_str()));
    let path = own.unwrap_or(item.path);
    Ok(InboxItem {
        sequence: item.sequence,
        webhook_id: item.id,
        kind: item.kind,
        path,
        headers: head,
        body,
        payload: item.payload,
        created_at: item.created_at,
    })
}

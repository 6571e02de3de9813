//! `POST /v1/webhooks/deliveries/{id}/retry` and `POST /v1/webhooks/replay`: what was sent, or was not, goes out again
//! under the same id.

use super::delivery::Standing;
use super::ids::sequence_of;
use super::register::registered;
use super::store::{self, Delivery};
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::codes::{P466, P467};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape, post};
use crate::kit::request::body::Request;
use crate::kit::request::call::{BareCall, Call, PathIds};
use crate::kit::request::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use florin_store::{StoreError, Tx, events_after};
use http::StatusCode;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Events of one replay: what a batch writes in well under a second. More are several calls.
const MAX_REPLAY: i64 = 10_000;

/// The greatest sequence number that there can be.
const MAX_SEQUENCE: i64 = (1 << 40) - 1;

/// The events to be sent again.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct ReplayRequest {
    /// The first.
    #[schema(minimum = 1)]
    from_sequence: i64,
    /// The last: at most 9,999 above the first. What has not happened yet is left out.
    #[schema(minimum = 1)]
    to_sequence: i64,
}

struct Replay {
    from: i64,
    to: i64,
}

impl Request for Replay {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let from = fields.required("fromSequence").integer(1..=MAX_SEQUENCE);
        let to = fields.required("toSequence").integer(1..=MAX_SEQUENCE);
        let (from, to) = (from?, to?);
        if to < from || to - from >= MAX_REPLAY {
            fields.fail(format!("toSequence must be from fromSequence to {} above it", MAX_REPLAY - 1));
            return None;
        }
        Some(Self { from, to })
    }
}

/// What a replay sends.
#[derive(Serialize, ToSchema)]
pub struct Replayed {
    /// How many deliveries.
    deliveries: usize,
}

/// The route of a single one.
pub fn retry_endpoint() -> Endpoint {
    Endpoint {
        tag: "Webhooks",
        summary: "Retry a delivery",
        description: "Sends it at once, whatever became of it, and from the start of the schedule if that fails. The \
                      `webhook-id` stays. Earlier ones of its object that are pending go first.",
        refusals: &[&P466, &P467],
        ..post("/v1/webhooks/deliveries/{id}/retry", retry, (200, Shape::of::<Message>()))
    }
}

/// The route of many.
pub fn replay_endpoint() -> Endpoint {
    Endpoint {
        tag: "Webhooks",
        summary: "Replay events",
        description: "Sends all events of these numbers again, also those from before the endpoint was registered, in \
                      order per object. The `webhook-id`s stay. While the endpoint is disabled they wait.",
        request: RequestBody::Json(Shape::of::<ReplayRequest>(), r#"{"fromSequence":1,"toSequence":100}"#),
        refusals: &[&P467],
        ..post("/v1/webhooks/replay", replay, (200, Shape::of::<Replayed>()))
    }
}

async fn retry(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    call: BareCall,
) -> Result<Response, Failure> {
    let id = ids.uuid(0);
    let platform = app.clone();
    app.run(&partner, call.keyed, Vec::new(), async move |tx: &mut Tx| {
        let endpoint = registered(store::find(tx.scope()).await?)?;
        let sequence = id.and_then(|id| sequence_of(&platform, tx.book(), id));
        let sequence = sequence.filter(|sequence| (1..=tx.last_event()).contains(sequence));
        let sequence = sequence.ok_or_else(|| Refusal::of(&P466))?;
        // What has no row yet is about to be sent.
        if sequence <= endpoint.cursor {
            let delivery = store::delivery(tx.scope(), sequence).await?;
            let mut delivery = delivery.ok_or_else(|| Refusal::of(&P466))?;
            delivery.standing = delivery.standing.again();
            let object = delivery.object;
            store::update(tx, &[delivery]).await?;
            store::let_next_go(tx, &[object]).await?;
        }
        Ok(answer(StatusCode::OK, &Message::new("Delivery will be retried"))?)
    })
    .await
}

async fn replay(State(app): State<App>, partner: Partner, call: Call<Replay>) -> Result<Response, Failure> {
    let Call { request: Replay { from, to }, keyed } = call;
    app.run(&partner, keyed, Vec::new(), async move |tx: &mut Tx| {
        let endpoint = registered(store::find(tx.scope()).await?)?;
        let behind = send_again(tx, from, to.min(endpoint.cursor)).await?;
        // Those without a row are about to be sent.
        let ahead = to.min(tx.last_event()) - from.max(endpoint.cursor + 1) + 1;
        let deliveries = behind + usize::try_from(ahead).unwrap_or(0);
        Ok(answer(StatusCode::OK, &Replayed { deliveries })?)
    })
    .await
}

/// Makes the deliveries of a range pending again, the first of each object due; how many.
async fn send_again(tx: &mut Tx, from: i64, to: i64) -> Result<usize, StoreError> {
    let count = to - from + 1;
    if count <= 0 {
        return Ok(0);
    }
    let events = events_after(tx.scope(), from - 1, count).await?;
    let rows = store::between(tx.scope(), (from - 1, to + 1), None, count).await?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|delivery| (delivery.position, delivery)).collect();
    let (mut new, mut known) = (Vec::new(), Vec::new());
    let mut objects: BTreeSet<Uuid> = BTreeSet::new();
    for event in &events {
        objects.insert(event.object);
        match rows.remove(&event.position) {
            Some(delivery) => known.push(Delivery { standing: delivery.standing.again(), ..delivery }),
            None => {
                let (position, object) = (event.position, event.object);
                new.push(Delivery { position, object, standing: Standing::WAITING });
            }
        }
    }
    store::insert(tx, &new).await?;
    store::update(tx, &known).await?;
    let objects: Vec<Uuid> = objects.into_iter().collect();
    store::let_next_go(tx, &objects).await?;
    Ok(events.len())
}

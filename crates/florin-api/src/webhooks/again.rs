//! `POST /v1/webhooks/deliveries/{id}/retry` and `POST /v1/webhooks/replay`: what was sent, or was not, goes out again
//! under the same id.

use super::delivery::Standing;
use super::ids::sequence_of;
use super::register::registered;
use super::store::{self, Delivery};
use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use florin_store::{Tx, events_after};
use std::collections::{BTreeSet, HashMap};

/// Events of one replay: what a batch writes in well under a second. More are several calls.
const MAX_REPLAY: i64 = 10_000;

/// The greatest sequence number that there can be.
const MAX_SEQUENCE: i64 = (1 << 40) - 1;

struct Replay {
    from: i64,
    to: i64,
}

impl Request for Replay {
    const NAME: &'static str = "ReplayRequest";
    const ABOUT: &'static str = "The events to send again.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let from = fields.required("fromSequence").about("The first event.").integer(1..=MAX_SEQUENCE);
        let about =
            "The last event: at most 9,999 above the first. Events that have not happened yet are left out.";
        let to = fields.required("toSequence").about(about).integer(1..=MAX_SEQUENCE);
        let (from, to) = (from?, to?);
        if to < from || to - from >= MAX_REPLAY {
            fields.fail(format!("toSequence must be from fromSequence to {} above it", MAX_REPLAY - 1));
            return None;
        }
        Some(Self { from, to })
    }
}

/// The result of a replay.
#[derive(Serialize, ToSchema)]
pub struct Replayed {
    /// How many deliveries are sent.
    deliveries: usize,
}

uuid_in_path!(DeliveryId, "id", "The id of the delivery, from `GET /v1/webhooks/deliveries`.", "$delivery");

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "retryWebhookDelivery",
            summary: "Retry a delivery",
            description: "Sends a delivery at once, whatever its status, and starts the schedule anew if that fails. \
                          The `webhook-id` stays the same. Earlier pending deliveries of its object go first.",
            answer: r#"{"message":"Delivery will be retried"}"#,
            refusals: &[&P466, &P467],
            ..post("/v1/webhooks/deliveries/{id}/retry", retry_webhook_delivery)
        },
        Endpoint {
            id: "replayWebhooks",
            summary: "Replay events",
            description: "Sends all events of a range again, also those from before the endpoint was registered, in \
                          order per object. Every `webhook-id` stays the same. While the endpoint is disabled, they \
                          wait.",
            example: r#"{"fromSequence":1,"toSequence":100}"#,
            answer: r#"{"deliveries":100}"#,
            refusals: &[&P467],
            ..post("/v1/webhooks/replay", replay_webhooks)
        },
    ]
}

async fn retry_webhook_delivery(
    context: Context,
    Path(DeliveryId(id)): Path<DeliveryId>,
    call: BareCall,
) -> Result<Success<Message>, Failure> {
    context
        .run(call.keyed, Vec::new(), async move |work| {
            let endpoint = registered(store::find(work.scope()).await?)?;
            let sequence = id.and_then(|id| sequence_of(work.app(), work.book(), id));
            let sequence = sequence.filter(|sequence| (1..=work.last_event()).contains(sequence));
            let sequence = sequence.ok_or_else(|| Refusal::of(&P466))?;
            // What has no row yet is about to be sent.
            if sequence <= endpoint.cursor {
                let delivery = store::delivery(work.scope(), sequence).await?;
                let mut delivery = delivery.ok_or_else(|| Refusal::of(&P466))?;
                delivery.standing = delivery.standing.again();
                let object = delivery.object;
                store::update(work, &[delivery]).await?;
                store::let_next_go(work, &[object]).await?;
            }
            Ok(Message::new("Delivery will be retried"))
        })
        .await
}

async fn replay_webhooks(context: Context, call: Call<Replay>) -> Result<Success<Replayed>, Failure> {
    let Call { request: Replay { from, to }, keyed } = call;
    context
        .run(keyed, Vec::new(), async move |work| {
            let endpoint = registered(store::find(work.scope()).await?)?;
            let behind = send_again(work, from, to.min(endpoint.cursor)).await?;
            // Those without a row are about to be sent.
            let ahead = to.min(work.last_event()) - from.max(endpoint.cursor + 1) + 1;
            Ok(Replayed { deliveries: behind + usize::try_from(ahead).unwrap_or(0) })
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

//! From a stored event to what a partner sees: each family renders its own, of a page all of one type at once.

use crate::kit::app::App;
use crate::kit::endpoint::events::EventType;
use florin_store::{Scope, StoreError, StoredEvent};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// An event as a partner sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventItem {
    /// The same for ever; the `webhook-id` of its deliveries.
    pub id: Uuid,
    /// Gapless per partner, from 1.
    pub sequence: i64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Where its webhook goes, below the base URL: your own path where you have registered one.
    #[schema(example = "/transfer-webhook")]
    pub path: String,
    /// As the webhook's body.
    #[schema(value_type = Object)]
    pub payload: Box<RawValue>,
    /// When it happened.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    pub created_at: String,
}

/// Renders events of one book.
pub async fn render(
    app: &App,
    scope: &mut Scope,
    events: &[StoredEvent],
) -> Result<Vec<EventItem>, StoreError> {
    render_each(app, scope, events).await?.into_iter().collect()
}

/// Renders events of one book, each by itself: one that can't be rendered does not stand in the way of the others.
pub async fn render_each(
    app: &App,
    scope: &mut Scope,
    events: &[StoredEvent],
) -> Result<Vec<Result<EventItem, StoreError>>, StoreError> {
    let mut items: Vec<Option<Result<EventItem, StoreError>>> = events.iter().map(|_| None).collect();
    for row in app.families().iter().flat_map(|family| family.events) {
        let is_of_it = |(_, event): &(usize, &StoredEvent)| event.kind == row.event.as_str();
        let (places, of_type): (Vec<usize>, Vec<&StoredEvent>) =
            events.iter().enumerate().filter(is_of_it).unzip();
        if of_type.is_empty() {
            continue;
        }
        let rendered = (row.render)(app, scope, &of_type).await?;
        for ((place, event), payload) in places.into_iter().zip(of_type).zip(rendered) {
            items[place] = Some(payload.map(|payload| EventItem::new(event, row.event, payload)));
        }
    }
    let unknown = || Err(StoreError::unexpected("no family has events of this type"));
    Ok(items.into_iter().map(|item| item.unwrap_or_else(unknown)).collect())
}

impl EventItem {
    fn new(event: &StoredEvent, kind: EventType, payload: Box<RawValue>) -> Self {
        Self {
            id: event.id,
            sequence: event.position.sequence(),
            kind,
            path: kind.path().to_owned(),
            payload,
            created_at: event.at.to_string(),
        }
    }
}

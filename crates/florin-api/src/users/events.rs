//! Events about users: the payload is `externalUserId` and what the family kept with the event.

use crate::kit::app::App;
use crate::kit::endpoint::family::{Render, Rendered};
use florin_store::{Holder, HolderId, Scope, StoreError, StoredEvent};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::HashMap;

/// Renders events about users, in their order.
pub const RENDER_USER_EVENTS: Render = |app, scope, events| Box::pin(render_user_events(app, scope, events));

async fn render_user_events(_: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let mut ids: Vec<HolderId> = events.iter().filter_map(|event| event.holder).collect();
    ids.sort_unstable();
    ids.dedup();
    let holders: HashMap<HolderId, Holder> =
        scope.holders(&ids).await?.into_iter().map(|holder| (holder.id, holder)).collect();
    Ok(events.iter().map(|event| payload(event, &holders)).collect())
}

fn payload(event: &StoredEvent, holders: &HashMap<HolderId, Holder>) -> Result<Box<RawValue>, StoreError> {
    let user = event.holder.and_then(|holder| holders.get(&holder)?.handle.clone());
    let user = user.ok_or_else(|| StoreError::unexpected("an event's user is gone"))?;
    let mut payload = serde_json::Map::new();
    payload.insert("externalUserId".to_owned(), user.into());
    let kept: serde_json::Map<_, _> = serde_json::from_slice(&event.data).map_err(StoreError::unexpected)?;
    payload.extend(kept);
    to_raw_value(&payload).map_err(StoreError::unexpected)
}

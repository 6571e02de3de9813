//! What a courier reads: the endpoint's terms, rows that came due, and more events.

use super::state::{Courier, Fate, MAX_HELD, PAGE, Parcel, Terms};
use crate::events::{EventItem, render_each};
use crate::kit::app::App;
use crate::webhooks::delivery::Standing;
use crate::webhooks::message::Signer;
use crate::webhooks::store::{self, Delivery};
use crate::webhooks::window::Window;
use bytes::Bytes;
use florin_ledger::Position;
use florin_store::{Snapshot, StoreError, StoredEvent, events_after, events_at};
use florin_webhook::BaseUrl;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;
use uuid::Uuid;

impl Courier {
    /// Reads what changed: the endpoint, what came due, more events. False: it is not this process's any more.
    pub(super) async fn look(&mut self) -> Result<bool, StoreError> {
        let mut snapshot = self.app.store.snapshot(self.book).await?;
        let Some(terms) = read_terms(&self.app, &mut snapshot).await? else { return Ok(false) };
        if terms.book.id != self.book || terms.endpoint.epoch != self.terms.endpoint.epoch {
            return Ok(false);
        }
        if terms.base != self.terms.base {
            // Requests that hang at the former URL would hold their places, and their objects, until they time out.
            self.moved = watch::Sender::new(());
            self.window = Window::new();
        }
        self.terms = terms;
        self.has_more = false;
        if self.may_send() {
            self.read_due(&mut snapshot).await?;
            self.read_events(&mut snapshot).await?;
        }
        Ok(true)
    }

    /// Rows that are due, the longest waiting first.
    pub(super) async fn read_due(&mut self, snapshot: &mut Snapshot) -> Result<(), StoreError> {
        if self.parcels >= MAX_HELD {
            return Ok(());
        }
        let in_hand = self.rows_in_hand();
        let wanted = PAGE + (in_hand.len() + self.waiting.len()) as i64;
        let mut due = store::due(snapshot, self.now(), wanted).await?;
        let mut objects = HashSet::new();
        due.retain(|delivery| {
            !in_hand.contains(&delivery.position)
                && !self.waiting.contains_key(&delivery.object)
                && objects.insert(delivery.object)
        });
        let sequences: Vec<i64> = due.iter().map(|delivery| delivery.position.sequence()).collect();
        let mut standings: HashMap<Position, Standing> =
            due.into_iter().map(|delivery| (delivery.position, delivery.standing)).collect();
        let mut events = events_at(snapshot, &sequences).await?;
        events.sort_by_key(|event| event.position);
        let items = render_each(&self.app, snapshot, &events).await?;
        for (event, item) in events.into_iter().zip(items) {
            let Some(standing) = standings.remove(&event.position) else { continue };
            self.waiting.insert(event.object, VecDeque::new());
            self.from_rows.insert(event.object);
            self.parcels += 1;
            self.ready.push_back(parcel(event, item, standing));
        }
        Ok(())
    }

    /// Rows that changed here and are not settled yet.
    pub(super) fn rows_in_hand(&self) -> HashSet<Position> {
        let settling =
            self.settling.iter().flat_map(|(_, batch)| batch.changes.changed.iter().chain(&batch.new));
        settling.chain(&self.next.changed).map(|delivery| delivery.position).collect()
    }

    /// The next page of events.
    pub(super) async fn read_events(&mut self, snapshot: &mut Snapshot) -> Result<(), StoreError> {
        if self.parcels >= MAX_HELD || self.held.len() >= MAX_HELD {
            return Ok(());
        }
        let after = self.held.last_key_value().map(|(sequence, _)| *sequence);
        let after = after.unwrap_or(self.cursor).max(self.settling_cursor());
        let events = events_after(snapshot, after, PAGE).await?;
        self.has_more = (events.len() as i64) == PAGE;
        let mut objects: Vec<Uuid> = events.iter().map(|event| event.object).collect();
        objects.sort_unstable();
        objects.dedup();
        let busy: HashSet<Uuid> = store::busy(snapshot, &objects).await?.into_iter().collect();
        let items = render_each(&self.app, snapshot, &events).await?;
        for (event, item) in events.into_iter().zip(items) {
            let (sequence, object) = (event.position.sequence(), event.object);
            let is_first = !self.waiting.contains_key(&object);
            let has_rows = || busy.contains(&object) || self.is_blocked(object);
            if self.from_rows.contains(&object) || is_first && has_rows() {
                let standing = Standing::WAITING;
                let row = Delivery { position: event.position, object, standing };
                self.held.insert(sequence, Fate::Settled(row));
                self.next.blocked.insert(object);
                self.next.freed.push(object);
                self.noticed();
                continue;
            }
            let parcel = parcel(event, item, Standing::WAITING);
            self.parcels += 1;
            self.held.insert(sequence, Fate::Open { since: self.tick, object, is_first });
            let queue = self.waiting.entry(object).or_default();
            if is_first { self.ready.push_back(parcel) } else { queue.push_back(parcel) }
        }
        Ok(())
    }

    /// Up to where a command that is under way moves the cursor.
    pub(super) fn settling_cursor(&self) -> i64 {
        self.settling.as_ref().map_or(0, |(_, batch)| batch.cursor)
    }

    /// Whether an earlier event of the object is pending in a row that is not written yet.
    pub(super) fn is_blocked(&self, object: Uuid) -> bool {
        let mut settling = self.settling.iter();
        self.next.blocked.contains(&object)
            || settling.any(|(_, batch)| batch.changes.blocked.contains(&object))
    }
}

pub(super) async fn read_terms(app: &App, snapshot: &mut Snapshot) -> Result<Option<Terms>, StoreError> {
    let Some(endpoint) = store::find(snapshot).await? else { return Ok(None) };
    let Some(url) = &endpoint.url else { return Ok(None) };
    let book = snapshot.book_row().clone();
    let base = Arc::new(BaseUrl::parse(url).map_err(StoreError::unexpected)?);
    let signer = Signer::of(app, &endpoint, book.now(app.wall()))?;
    Ok(Some(Terms { base, endpoint, signer, book }))
}

fn parcel(event: StoredEvent, item: Result<EventItem, StoreError>, standing: Standing) -> Parcel {
    let StoredEvent { id, position, object, kind, .. } = event;
    let failed = |error: &StoreError| tracing::error!(%error, %id, kind, "an event can't be rendered");
    let item = item.inspect_err(failed).ok();
    let body = item.map(|item| Bytes::copy_from_slice(item.payload.get().as_bytes()));
    Parcel { id, position, object, kind, body, standing }
}

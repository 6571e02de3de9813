//! What a courier writes: the results of its requests, as rows, with the cursor and the lease, in one command.

use super::state::{Batch, Courier, Fate, LEASE, RENEW_TICKS, SLOW_TICKS};
use crate::kit::app::App;
use crate::webhooks::delivery::{DeliveryStatus, Standing};
use crate::webhooks::store::{self, Delivery};
use bytes::Bytes;
use florin_store::{Answer, BookId, Outcome, StoreError, Tx};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

/// Outcomes that are settled at once, however soon: a batch of a size that the databases like.
const SETTLE_SIZE: usize = 512;

/// The answers of the command that takes over, or settles.
const HELD: u16 = 200;
const LOST: u16 = 409;

impl Courier {
    /// Begins to write what has ended, and to keep the lease on; `is_last` writes everything, and lets the lease go.
    pub(super) fn settle(&mut self, is_last: bool) {
        if self.settling.is_some() {
            return;
        }
        let is_due = self.outcomes >= SETTLE_SIZE || self.outcomes > 0 && self.tick > self.first_outcome;
        let is_old = self.tick >= self.renewed + RENEW_TICKS;
        if !(is_last || is_due || is_old) {
            return;
        }
        let new = self.take_rows(is_last);
        self.outcomes = 0;
        if new.is_empty() && self.next.changed.is_empty() && self.next.gone.is_none() && !(is_last || is_old)
        {
            return;
        }
        self.renewed = self.tick;
        let wall = self.app.wall();
        let mut changes = std::mem::take(&mut self.next);
        // Those that wait are released with their own row, in case the one before them has ended meanwhile.
        changes.freed.extend(new.iter().filter(|row| row.standing.is_waiting()).map(|row| row.object));
        changes.freed.sort_unstable();
        changes.freed.dedup();
        // What is pending in rows that this batch does not reach yet still blocks what comes after it.
        self.next.blocked = self.pending_here();
        let batch = Arc::new(Batch {
            cursor: new.last().map_or(self.cursor, |delivery| delivery.position.sequence()),
            until: if is_last { wall } else { wall.saturating_add(LEASE) },
            new,
            changes,
        });
        self.next.gone.clone_from(&batch.changes.gone);
        let run = settle(self.app.clone(), self.book, self.terms.endpoint.epoch, Arc::clone(&batch));
        self.settling = Some((Box::pin(run), batch));
    }

    /// Objects with a pending row to be that is not written yet.
    fn pending_here(&self) -> HashSet<Uuid> {
        let pending = self.held.values().filter_map(|fate| match fate {
            Fate::Settled(row) if row.standing.status == DeliveryStatus::Pending => Some(row.object),
            Fate::Settled(_) | Fate::Open { .. } => None,
        });
        pending.collect()
    }

    /// Takes rows from the cursor on: of what has ended, and of what is slow, as pending, so that it holds up nothing.
    pub(super) fn take_rows(&mut self, everything: bool) -> Vec<Delivery> {
        let now = self.now();
        let mut rows = Vec::new();
        while let Some(first) = self.held.first_entry() {
            if matches!(first.get(), Fate::Open { since, .. } if !everything && self.tick < *since + SLOW_TICKS)
            {
                break;
            }
            let position = self.book.position(*first.key());
            rows.push(match first.remove() {
                Fate::Settled(row) => row,
                Fate::Open { object, is_first, .. } => {
                    let due_at = is_first.then_some(now);
                    Delivery { position, object, standing: Standing { due_at, ..Standing::WAITING } }
                }
            });
        }
        rows
    }

    /// Takes in the result of settling. False: the endpoint is another process's.
    pub(super) fn settled(&mut self, result: Result<bool, StoreError>) -> Result<bool, StoreError> {
        let Some((_, batch)) = self.settling.take() else { return Ok(true) };
        if !result? {
            return Ok(false);
        }
        (self.cursor, self.leased_until) = (batch.cursor, batch.until);
        Ok(true)
    }
}

/// Writes a batch. False: another process has taken the endpoint over.
async fn settle(app: App, book: BookId, epoch: i64, batch: Arc<Batch>) -> Result<bool, StoreError> {
    let command = async move |tx: &mut Tx| {
        if tx.book() != book || !store::advance(tx, epoch, batch.cursor, batch.until).await? {
            return Ok(outcome(false));
        }
        store::update_tried(tx, &batch.changes.changed).await?;
        store::insert(tx, &batch.new).await?;
        store::let_next_go(tx, &batch.changes.freed).await?;
        if let Some(url) = &batch.changes.gone {
            store::disable(tx, url, "The endpoint answered 410 Gone").await?;
        }
        Ok(outcome(true))
    };
    app.store.door().run(book, None, Vec::new(), command).await.map(is_held)
}

pub(super) fn outcome(is_held: bool) -> Answer {
    Answer { status: if is_held { HELD } else { LOST }, body: Bytes::new() }
}

pub(super) fn is_held(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Answered(answer) if answer.status == HELD)
}

//! What a courier knows while it works.

use crate::kit::app::App;
use crate::webhooks::delivery::{Ended, Standing};
use crate::webhooks::endpoint::WebhookEndpoint;
use crate::webhooks::message::Signer;
use crate::webhooks::store::Delivery;
use crate::webhooks::window::Window;
use bytes::Bytes;
use florin_ledger::Position;
use florin_store::{Book, BookId, StoreError};
use florin_types::Timestamp;
use florin_webhook::BaseUrl;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

/// How long an endpoint is one process's: after a crash its deliveries stand still for so long.
pub(super) const LEASE: Duration = Duration::from_secs(3);

/// Events held in memory at most: what a fast endpoint takes in a few tenths of a second. At 1 KB each they are 2 MB.
pub(super) const MAX_HELD: usize = 2_048;

/// Events read at a time.
pub(super) const PAGE: i64 = 256;

/// When a lease is kept on, without anything to settle: every second, some tries before it ends.
pub(super) const RENEW_TICKS: u64 = 20;

/// How long an event may be under way before the cursor passes it: 1 s.
pub(super) const SLOW_TICKS: u64 = 20;

/// An event ready to be sent.
pub(super) struct Parcel {
    pub(super) id: Uuid,
    pub(super) position: Position,
    pub(super) object: Uuid,
    pub(super) kind: String,
    /// None: it can't be rendered.
    pub(super) body: Option<Bytes>,
    pub(super) standing: Standing,
}

/// What became of an event after the cursor, so far.
pub(super) enum Fate {
    /// Waits or is under way, since when; whether it is its object's turn.
    Open { since: u64, object: Uuid, is_first: bool },
    /// Its row to be.
    Settled(Delivery),
}

/// What the endpoint says, as it was read last.
pub(super) struct Terms {
    pub(super) base: Arc<BaseUrl>,
    pub(super) endpoint: WebhookEndpoint,
    pub(super) signer: Signer,
    pub(super) book: Book,
}

/// What came back from a request, and the address that it went to.
pub(super) struct Returned {
    pub(super) parcel: Parcel,
    pub(super) ended: Ended,
    pub(super) base: Arc<BaseUrl>,
    /// It was given up because the endpoint has another URL.
    pub(super) is_moved: bool,
}

pub(super) type Settling = Pin<Box<dyn Future<Output = Result<bool, StoreError>> + Send>>;

/// What one command settles.
pub(super) struct Batch {
    pub(super) cursor: i64,
    /// Until when the endpoint is ours.
    pub(super) until: Timestamp,
    pub(super) new: Vec<Delivery>,
    pub(super) changes: Changes,
}

/// What there is to be settled besides new rows.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) changed: Vec<Delivery>,
    /// Objects whose next row may go.
    pub(super) freed: Vec<Uuid>,
    /// Objects that have something pending by it.
    pub(super) blocked: HashSet<Uuid>,
    /// The address that answered 410.
    pub(super) gone: Option<String>,
}

/// A courier at work.
pub(in crate::webhooks) struct Courier {
    pub(super) app: App,
    pub(super) book: BookId,
    pub(super) terms: Terms,
    /// The cursor as it is in the database.
    pub(super) cursor: i64,
    pub(super) leased_until: Timestamp,
    /// The events after the cursor that were read, by number.
    pub(super) held: BTreeMap<i64, Fate>,
    /// Objects with something under way, and what waits here for its turn.
    pub(super) waiting: HashMap<Uuid, VecDeque<Parcel>>,
    /// Those of them whose event under way was read from a row: later ones may wait in rows that are not here.
    pub(super) from_rows: HashSet<Uuid>,
    /// Dropped when the endpoint gets another URL: requests to the former one end.
    pub(super) moved: watch::Sender<()>,
    /// What can be sent now.
    pub(super) ready: VecDeque<Parcel>,
    pub(super) under_way: JoinSet<Returned>,
    /// Parcels here, wherever they are.
    pub(super) parcels: usize,
    /// What the next command settles, but for what `held` gives.
    pub(super) next: Changes,
    pub(super) settling: Option<(Settling, Arc<Batch>)>,
    /// Ticks of its life.
    pub(super) tick: u64,
    /// Outcomes that are not settled, and the tick of the first.
    pub(super) outcomes: usize,
    pub(super) first_outcome: u64,
    pub(super) renewed: u64,
    pub(super) window: Window,
    /// The last page was full: there is more.
    pub(super) has_more: bool,
}

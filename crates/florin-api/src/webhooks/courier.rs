//! A courier delivers the events of one book while it holds the endpoint's lease.
//!
//! It reads a few pages of events ahead of the cursor: `held` knows each event from the cursor on, `waiting` the order
//! per object. What ended goes, contiguous from the cursor, into rows by one command through the door, which also moves
//! the cursor and keeps the lease; an event that takes long gets a row as pending, so that it does not hold up the
//! cursor. Retries come from rows that are due. A process that dies leaves at most what it had not settled, which the
//! next one sends again. Its own time is counted in ticks.

mod read;
mod settle;
mod state;

use super::delivery::{Attempt, DeliveryStatus, Ended, Standing};
use super::message::headers;
use super::store::{self, Delivery};
use super::window::Window;
use crate::kit::app::App;
use crate::kit::shares::Place;
use bytes::Bytes;
use florin_ledger::Position;
use florin_store::{Book, BookId, StoreError, Tx};
use florin_types::Timestamp;
use florin_webhook::{BaseUrl, EventPath};
use http::HeaderMap;
use read::read_terms;
use settle::{is_held, outcome};
pub(super) use state::Courier;
use state::{Changes, Fate, LEASE, Parcel, Returned};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

/// How long before its end a lease is not trusted any more: what is begun must be begun while it holds.
const LEASE_MARGIN: Duration = Duration::from_millis(500);

/// A courier's measure of time, and how long outcomes gather before they are settled, so that one commit serves many.
const TICK: Duration = Duration::from_millis(50);

/// How often it looks for events of other processes and for what came due, in ticks; its own process rings a bell.
const LOOK_TICKS: u64 = 4;

/// When more is read: what is left to send keeps the endpoint busy meanwhile.
const LOW: usize = 512;

/// How long requests under way may go on when the server stops; who has not answered by then gets them again later.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// Characters that are kept of why there was no answer: as much as of an answer.
const MAX_ERROR: usize = 512;

/// Why an attempt at a former URL ended.
const MOVED: &str = "given up: the endpoint has another URL";

/// A request to be.
struct Outgoing {
    base: Arc<BaseUrl>,
    path: EventPath,
    headers: HeaderMap,
    body: Bytes,
}

impl Courier {
    /// Takes an endpoint over. None: another process has it, or there is nothing to send to.
    pub(super) async fn claim(app: App, book: BookId) -> Result<Option<Self>, StoreError> {
        let (owner, now) = (app.outgoing.owner, app.wall());
        let until = now.saturating_add(LEASE);
        let command = async move |tx: &mut Tx| Ok(outcome(store::claim(tx, owner, until, now).await?));
        if !is_held(app.store.door().run(book, None, Vec::new(), command).await?) {
            return Ok(None);
        }
        let mut snapshot = app.store.snapshot(book).await?;
        let terms = read_terms(&app, &mut snapshot).await?;
        drop(snapshot);
        let Some(terms) = terms.filter(|terms| terms.endpoint.owner == owner) else { return Ok(None) };
        Ok(Some(Self {
            book: terms.book.id,
            cursor: terms.endpoint.cursor,
            app,
            terms,
            leased_until: until,
            held: BTreeMap::new(),
            waiting: HashMap::new(),
            from_rows: HashSet::new(),
            moved: watch::Sender::new(()),
            ready: VecDeque::new(),
            under_way: JoinSet::new(),
            parcels: 0,
            next: Changes::default(),
            settling: None,
            tick: 0,
            outcomes: 0,
            first_outcome: 0,
            renewed: 0,
            window: Window::new(),
            has_more: false,
        }))
    }

    fn now(&self) -> Timestamp {
        self.terms.book.now(self.app.wall())
    }

    /// Whether nothing is in hand.
    fn is_idle(&self) -> bool {
        let is_empty = self.held.is_empty() && self.parcels == 0 && self.settling.is_none();
        is_empty && self.next.changed.is_empty()
    }

    /// Whether requests may be begun.
    fn may_send(&self) -> bool {
        self.next.gone.is_none()
            && self.terms.endpoint.enabled
            && !self.app.is_stopping()
            && self.app.wall().saturating_add(LEASE_MARGIN) < self.leased_until
    }

    /// Sends as much as the endpoint takes.
    fn send(&mut self) {
        while self.under_way.len() < self.window.size() && !self.ready.is_empty() && self.may_send() {
            let Some(place) = self.app.outgoing.places.try_take(self.terms.book.id) else { return };
            let Some(parcel) = self.ready.pop_front() else { return };
            let Some(request) = self.request(&parcel) else {
                let (ended, base) = (self.not_sent(), Arc::clone(&self.terms.base));
                self.take_back(Returned { parcel, ended, base, is_moved: false });
                continue;
            };
            let (app, book) = (self.app.clone(), self.terms.book.clone());
            let moved = self.moved.subscribe();
            self.under_way.spawn(attempt(app, book, request, parcel, (place, moved)));
        }
    }

    fn request(&self, parcel: &Parcel) -> Option<Outgoing> {
        let path = self.terms.endpoint.paths.of(&parcel.kind)?;
        let body = parcel.body.clone()?;
        let headers = headers(&self.terms.signer, parcel.id, self.app.wall(), &body).ok()?;
        Some(Outgoing { base: Arc::clone(&self.terms.base), path, headers, body })
    }

    /// The attempt at what can't be put on the wire: a token that was kept and is no header, a type without a path, an
    /// event that can't be rendered here. Another process, or a later one, may know better.
    fn not_sent(&self) -> Ended {
        let error = Some("could not be made into a request".to_owned());
        let attempt = Attempt { at: self.now().micros(), status: None, answer: String::new(), error };
        Ended { attempt, retry_after: None }
    }

    /// An outcome is there to be settled.
    fn noticed(&mut self) {
        if self.outcomes == 0 {
            self.first_outcome = self.tick;
        }
        self.outcomes += 1;
    }

    /// Takes in the result of an attempt, and lets the next of the object go.
    fn take_back(&mut self, returned: Returned) {
        let Returned { parcel, ended, base, is_moved } = returned;
        if base == self.terms.base {
            if ended.is_overload() { self.window.shrink() } else { self.window.grow() }
        }
        if ended.is_gone() && base == self.terms.base {
            self.next.gone.clone_from(&self.terms.endpoint.url);
        }
        self.parcels -= 1;
        self.noticed();
        let mut chance = [0; 2];
        self.app.entropy.fill(&mut chance);
        let standing = match is_moved {
            true => parcel.standing.after_move(&ended),
            false => parcel.standing.after(&ended, u16::from_be_bytes(chance)),
        };
        let (position, object) = (parcel.position, parcel.object);
        let is_pending = standing.status == DeliveryStatus::Pending;
        let row = Delivery { position, object, standing };
        let has_row = !self.is_held(position);
        if has_row {
            self.next.changed.push(row);
        } else {
            self.held.insert(position.sequence(), Fate::Settled(row));
        }
        self.from_rows.remove(&object);
        let Some(mut queue) = self.waiting.remove(&object) else { return };
        if is_pending {
            self.next.blocked.insert(object);
            self.leave(queue);
            return;
        }
        if has_row {
            self.next.freed.push(object);
        }
        let Some(next) = queue.pop_front() else { return };
        match self.held.get_mut(&next.position.sequence()) {
            Some(Fate::Open { is_first, .. }) => *is_first = true,
            // It has a row, which must not wait any more if this process dies now.
            _ => self.next.freed.push(object),
        }
        self.waiting.insert(object, queue);
        self.ready.push_back(next);
    }

    /// Whether an event is between the cursor, as far as it is being moved, and what was read.
    fn is_held(&self, position: Position) -> bool {
        self.held.contains_key(&position.sequence())
    }

    /// Events that waited here wait in rows from now on.
    fn leave(&mut self, queue: VecDeque<Parcel>) {
        for parcel in queue {
            self.parcels -= 1;
            let sequence = parcel.position.sequence();
            if let Some(fate) = self.held.get_mut(&sequence) {
                let Parcel { position, object, .. } = parcel;
                *fate = Fate::Settled(Delivery { position, object, standing: Standing::WAITING });
            }
        }
    }

    /// Waits for a request, a commit, an event, or the next tick.
    async fn wait(&mut self, rung: Pin<&mut impl Future<Output = ()>>, ticks: &mut Interval) -> Woken {
        let Self { under_way, settling, app, .. } = self;
        tokio::select! {
            Some(returned) = under_way.join_next() => Woken::Returned(Box::new(returned)),
            result = async {
                match settling {
                    Some((run, _)) => run.await,
                    None => std::future::pending().await,
                }
            } => Woken::Settled(result),
            () = rung => Woken::Rung,
            _ = ticks.tick() => Woken::Tick,
            () = app.stopped() => Woken::Tick,
        }
    }

    /// Works until there is nothing to do for so many ticks, or the endpoint is not ours any more.
    async fn work(&mut self, linger: u64) -> Result<(), StoreError> {
        let bell = self.app.store.event_bell(self.book);
        let mut rung = Box::pin(Arc::clone(&bell).notified_owned());
        rung.as_mut().enable();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut is_time, mut busy_at) = (true, 0);
        while self.terms.endpoint.enabled && self.next.gone.is_none() && !self.app.is_stopping() {
            if is_time || self.has_more && self.parcels < LOW {
                if !self.look().await? {
                    return Ok(());
                }
                is_time = false;
            }
            self.send();
            self.settle(false);
            if !self.is_idle() || self.has_more {
                busy_at = self.tick;
            } else if self.tick >= busy_at + linger {
                return Ok(());
            }
            match self.wait(rung.as_mut(), &mut ticks).await {
                Woken::Returned(returned) => {
                    self.take_back(returned.map_err(StoreError::unexpected)?);
                    while let Some(returned) = self.under_way.try_join_next() {
                        self.take_back(returned.map_err(StoreError::unexpected)?);
                    }
                }
                Woken::Settled(result) => {
                    if !self.settled(result)? {
                        return Ok(());
                    }
                    // What it let go may be due.
                    is_time = true;
                }
                Woken::Rung => {
                    rung = Box::pin(Arc::clone(&bell).notified_owned());
                    rung.as_mut().enable();
                    is_time = true;
                }
                Woken::Tick => {
                    self.tick += 1;
                    is_time = self.tick.is_multiple_of(LOOK_TICKS);
                }
            }
        }
        self.finish().await
    }

    /// Ends in good order: what is under way may come back, its result is settled, and the lease is let go.
    async fn finish(&mut self) -> Result<(), StoreError> {
        let mut patience = pin!(tokio::time::sleep(STOP_PATIENCE));
        while !self.under_way.is_empty() {
            tokio::select! {
                Some(returned) = self.under_way.join_next() => {
                    self.take_back(returned.map_err(StoreError::unexpected)?);
                }
                () = &mut patience => break,
            }
        }
        if let Some((run, _)) = &mut self.settling {
            let result = run.await;
            if !self.settled(result)? {
                return Ok(());
            }
        }
        self.settle(true);
        if let Some((run, _)) = &mut self.settling {
            let result = run.await;
            self.settled(result)?;
        }
        Ok(())
    }
}

/// Why a courier stopped waiting.
enum Woken {
    Returned(Box<Result<Returned, tokio::task::JoinError>>),
    Settled(Result<bool, StoreError>),
    Rung,
    Tick,
}

/// Delivers until there is nothing to do for `linger`. Whatever goes wrong, another look begins from the database.
pub(super) async fn deliver(mut courier: Courier, linger: Duration) -> Result<(), StoreError> {
    let ticks = u64::try_from(linger.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX);
    courier.work(ticks).await
}

/// One request.
async fn attempt(
    app: App,
    book: Book,
    request: Outgoing,
    parcel: Parcel,
    (place, mut moved): (Place, watch::Receiver<()>),
) -> Returned {
    let Outgoing { base, path, headers, body } = request;
    let url = base.join(&path);
    // An answer that is there counts, also where the other end has gone meanwhile.
    let answered = tokio::select! {
        biased;
        answered = app.outgoing.sender.post(&url, headers, body) => Some(answered),
        // The other end is gone.
        _ = moved.changed() => None,
    };
    let is_moved = answered.is_none();
    drop(place);
    let wall = app.wall();
    let at = book.now(wall).micros();
    let error = |text: String| {
        let error = Some(text.chars().take(MAX_ERROR).collect());
        Ended { attempt: Attempt { at, status: None, answer: String::new(), error }, retry_after: None }
    };
    let ended = match answered {
        Some(Ok(answered)) => Ended {
            retry_after: answered.retry_after(wall),
            attempt: Attempt {
                at,
                status: Some(answered.status),
                answer: String::from_utf8_lossy(&answered.body).into_owned(),
                error: None,
            },
        },
        Some(Err(cause)) => error(cause.to_string()),
        None => error(MOVED.to_owned()),
    };
    Returned { parcel, ended, base, is_moved }
}

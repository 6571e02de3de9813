//! The one door for writes. A command comes with its book, its idempotency key and what it will touch; it waits in its
//! book's queue, runs in a batch, and its outcome leaves after the commit. Whoever brought it may go away meanwhile.

use crate::answer::{Answer, Outcome, Stop};
use crate::idempotency::{Digest, DigestKey, KeyHash, KeyIndex, Keyed};
use crate::queue::Queue;
use crate::scope::Scope;
use crate::touch::Touch;
use crate::tx::Tx;
use crate::{BookId, StoreError};
use florin_types::{Clock, ClockDoubt, Timestamp};
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a command may wait for its turn before it is answered "unavailable" without running: about what a client
/// waits before it gives up, so that an overloaded server does not work for nobody.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a caller waits at all. Past its turn a command is bounded by the time-outs of its statements; this is for a
/// database that has gone silent. The command may still come through; its key is busy until that is known.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// A piece of work at the door: owns its data and can run again, for a batch that fails is run command by command.
pub trait Command: Send + 'static {
    /// Runs it on the open transaction.
    fn call<'a>(&'a self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Result<Answer, Stop>> + 'a>>;
}

impl<F> Command for F
where
    F: AsyncFn(&mut Tx) -> Result<Answer, Stop> + Send + 'static,
{
    fn call<'a>(&'a self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Result<Answer, Stop>> + 'a>> {
        Box::pin(self(tx))
    }
}

/// A command in the queue.
pub(crate) struct Queued {
    pub(crate) book: BookId,
    /// Wall-clock time at the door: the command's time, however often it runs.
    pub(crate) wall: Timestamp,
    pub(crate) deadline: Timestamp,
    pub(crate) digest: Option<Digest>,
    pub(crate) touches: Vec<Touch>,
    pub(crate) command: Box<dyn Command>,
    reply: oneshot::Sender<Result<Outcome, StoreError>>,
    in_flight: Option<InFlight>,
}

impl Queued {
    /// Answers. The key is free again before the caller hears, so that its next request is not told "in progress".
    pub(crate) fn answer(self, outcome: Result<Outcome, StoreError>) {
        drop(self.in_flight);
        // Nobody is there any more: the outcome stands all the same.
        let _ = self.reply.send(outcome);
    }
}

/// The door.
#[derive(Clone)]
pub struct Door {
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    digest_key: DigestKey,
    in_flight: Arc<Mutex<HashSet<(BookId, KeyHash)>>>,
}

/// A request that has taken its key, so that no other one with the key begins; until this is dropped, or its command is
/// answered.
pub struct TakenKey {
    digest: Digest,
    in_flight: InFlight,
}

/// A key whose first request is still running in this process.
struct InFlight {
    key: (BookId, KeyHash),
    set: Arc<Mutex<HashSet<(BookId, KeyHash)>>>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Door {
    pub(crate) fn new(queue: Arc<Queue>, clock: Arc<dyn Clock>, digest_key: DigestKey) -> Self {
        Self { queue, clock, digest_key, in_flight: Arc::default() }
    }

    /// Runs a command in its book. The outcome is committed when this returns.
    pub async fn run(
        &self,
        book: BookId,
        keyed: Option<Keyed>,
        touches: Vec<Touch>,
        command: impl Command,
    ) -> Result<Outcome, StoreError> {
        let key = match keyed.map(|keyed| self.take_key(book, &keyed)) {
            Some(None) => return Ok(Outcome::InProgress),
            Some(taken) => taken,
            None => None,
        };
        self.run_with(book, key, touches, command).await
    }

    /// Runs the command of a request that has taken its key before.
    pub async fn run_with(
        &self,
        book: BookId,
        key: Option<TakenKey>,
        touches: Vec<Touch>,
        command: impl Command,
    ) -> Result<Outcome, StoreError> {
        let wall = self.clock.now();
        if let Some(doubt) = self.clock.doubt().filter(ClockDoubt::forbids_writing) {
            return Err(StoreError::unavailable(doubt));
        }
        let (digest, in_flight) = key.map(|key| (key.digest, key.in_flight)).unzip();
        let (reply, outcome) = oneshot::channel();
        let command = Box::new(command);
        let deadline = wall.saturating_add(PATIENCE);
        let queued = Queued { book, wall, deadline, digest, touches, command, reply, in_flight };
        self.queue.push(queued).map_err(|(_, error)| error)?;
        match tokio::time::timeout(MAX_WAIT, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(StoreError::unavailable("the writer went away")),
            Err(_) => Err(StoreError::unavailable("the database has not answered; the outcome is unknown")),
        }
    }

    /// Takes the key of a request, for work that comes before its command. None: a request with this key is running.
    pub fn take_key(&self, book: BookId, keyed: &Keyed) -> Option<TakenKey> {
        let digest = self.digest_key.digest(keyed);
        let key = (book, digest.key);
        let is_fresh = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        is_fresh.then(|| TakenKey { digest, in_flight: InFlight { key, set: Arc::clone(&self.in_flight) } })
    }

    /// What the command of a request with this key will come to, where the key was used before. The scope must have
    /// been opened after the key was taken.
    ///
    /// # Errors
    /// When the database is away, or what is stored cannot be read.
    pub async fn look_up(
        &self,
        key: &TakenKey,
        scope: &mut Scope,
        now: Timestamp,
    ) -> Result<Option<Outcome>, StoreError> {
        let (statement, keys) = KeyIndex::look_up(scope.book(), std::iter::once(&key.digest));
        let rows = scope.db().find_set(statement, keys).await?;
        let found = KeyIndex::found(&rows)?;
        let stored = found.get(&key.digest.key).filter(|stored| !stored.is_expired(now));
        stored.map(|stored| key.digest.outcome(stored)).transpose()
    }
}

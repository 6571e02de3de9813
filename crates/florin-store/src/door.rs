//! The one door for writes. A command comes with its book, its idempotency key and what it will touch; it waits in its
//! book's queue, runs in a batch, and its outcome leaves after the commit. Whoever brought it may go away meanwhile.

use crate::answer::{Answer, Outcome, Stop};
use crate::idempotency::{Digest, DigestKey, KeyHash, Keyed};
use crate::queue::Queue;
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
        let wall = self.clock.now();
        if let Some(doubt) = self.clock.doubt().filter(ClockDoubt::forbids_writing) {
            return Err(StoreError::unavailable(doubt));
        }
        let digest = keyed.map(|keyed| self.digest_key.digest(&keyed));
        let in_flight = match &digest {
            None => None,
            Some(digest) => match self.enter((book, digest.key)) {
                None => return Ok(Outcome::InProgress),
                some => some,
            },
        };
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

    fn enter(&self, key: (BookId, KeyHash)) -> Option<InFlight> {
        let fresh = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        fresh.then(|| InFlight { key, set: Arc::clone(&self.in_flight) })
    }
}

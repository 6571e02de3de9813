//! What a command works with: the open transaction, the platform, and a stream of ids, nonces and event ids that is the
//! same however often the command runs.

use super::seal::Nonce;
use crate::kit::app::App;
use crate::kit::endpoint::events::EventType;
use blake3::OutputReader;
use florin_ledger::AccountKey;
use florin_store::{
    Answer, Command, Holder, HolderId, Lane, NewEvent, NewJob, Position, Stop, StoreError, Tx,
};
use florin_types::{CurrencyCode, Entropy, Timestamp, uuid_v7};
use http::StatusCode;
use serde::Serialize;
use std::collections::HashSet;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Bytes drawn from the operating system for a command: 256 bits.
const SEED_BYTES: usize = 32;

/// A command at work. A command can run more than once (a batch that fails is run command by command), so nothing in it
/// may draw from the operating system: what it needs comes from here, and the n-th id is the same at every run.
///
/// Secrets that leave the building (keys, tokens, page links) are drawn before the command, from the operating system
/// itself.
pub struct Work<'a> {
    tx: &'a mut Tx,
    app: &'a App,
    stream: Stream,
    at_door: Timestamp,
    /// When the job came due that this command carries out.
    job_due: Option<Timestamp>,
    /// What the command answers with, where it is not what its call's type names.
    status: Option<StatusCode>,
    /// The jobs that were left by [`Self::enqueue_once`].
    left: HashSet<(&'static str, Vec<u8>)>,
}

impl<'a> Work<'a> {
    /// The platform.
    pub fn app(&self) -> &'a App {
        self.app
    }

    /// Answers with another status than the one that the type of the call names.
    pub const fn answer_with(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// A new public id.
    pub fn id(&mut self) -> Uuid {
        uuid_v7(self.at_door, &self.stream)
    }

    /// A new nonce.
    pub fn nonce(&mut self) -> Nonce {
        Nonce::draw(&self.stream)
    }

    /// The wrapped key of a touched holder. The partner of a book from before partners had keys is given one here: it
    /// comes from the command's stream, which the operating system seeds for this command alone.
    ///
    /// # Errors
    /// A holder that is not touched, or whose key was destroyed.
    pub fn secret_of(&mut self, holder: HolderId) -> Result<Vec<u8>, StoreError> {
        let found = self.tx.holder_by_id(holder);
        let found = found.ok_or_else(|| StoreError::unexpected("the holder of a memo is not touched"))?;
        if let Some(secret) = &found.secret {
            return Ok(secret.clone());
        }
        if holder != self.tx.book().partner() {
            return Err(StoreError::unexpected("the key of a memo's holder was destroyed"));
        }
        let secret = self.app.seals.new_partner_secret(&self.stream);
        let secret = secret.ok_or_else(|| StoreError::unexpected("a holder's key can't be made"))?;
        self.tx.set_secret(holder, secret.clone())?;
        Ok(secret)
    }

    /// Takes the job away that this command carries out. False: somebody else has carried it out.
    pub(super) async fn begin_job(&mut self, job: Position) -> Result<bool, StoreError> {
        self.job_due = self.tx.finish_job(job).await?;
        Ok(self.job_due.is_some())
    }

    /// The time this long after what happens here. A job happens when it came due, which may be before now: what one
    /// job leaves for another comes due as if each had run at its time. So one step of a sandbox's clock reaches all.
    pub fn in_time(&self, pause: Duration) -> Timestamp {
        self.job_due.unwrap_or_else(|| self.tx.now()).saturating_add(pause)
    }

    /// Leaves a job that is due at once, unless this command has left the same: one look finds all that it did.
    pub fn enqueue_once(&mut self, kind: &'static str, payload: Vec<u8>) {
        if self.left.insert((kind, payload.clone())) {
            let due = self.in_time(Duration::ZERO);
            self.tx.enqueue(NewJob { kind, lane: Lane::Quick, due, payload });
        }
    }

    /// What a holder owes the house; the account of that must be touched.
    pub fn debt(&self, holder: HolderId, currency: CurrencyCode) -> Result<i64, StoreError> {
        let account = self.account(AccountKey::receivable(holder, currency));
        let account = account.ok_or_else(|| StoreError::unexpected("what a holder owes is not touched"))?;
        Ok(-account.balance)
    }

    /// Emits an event.
    pub fn emit(&mut self, event: Event) {
        let id = self.id();
        self.tx.emit(NewEvent {
            id,
            kind: event.kind.as_str(),
            object: event.object,
            holder: event.holder,
            of_last_record: event.of_last_record,
            data: event.data,
        });
    }
}

/// An event to be emitted.
#[derive(Clone, Debug)]
pub struct Event {
    kind: EventType,
    object: Uuid,
    holder: Option<HolderId>,
    of_last_record: bool,
    data: Vec<u8>,
}

impl Event {
    /// An event about an object.
    pub const fn about(kind: EventType, object: Uuid) -> Self {
        Self { kind, object, holder: None, of_last_record: false, data: Vec::new() }
    }

    /// An event about a user, with what its payload says besides the user's id.
    pub fn of_user(kind: EventType, user: &Holder, payload: &serde_json::Value) -> Self {
        Self::about(kind, user.uuid).of_holder(user.id).with(payload.to_string().into_bytes())
    }

    /// About a holder too.
    #[must_use]
    pub const fn of_holder(mut self, holder: HolderId) -> Self {
        self.holder = Some(holder);
        self
    }

    /// Rendered from the record that the command posted last.
    #[must_use]
    pub const fn of_last_record(mut self) -> Self {
        self.of_last_record = true;
        self
    }

    /// With what else its family needs to render it.
    #[must_use]
    pub fn with(mut self, data: Vec<u8>) -> Self {
        self.data = data;
        self
    }
}

/// The transaction's own calls are the command's.
impl Deref for Work<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        self.tx
    }
}

impl DerefMut for Work<'_> {
    fn deref_mut(&mut self) -> &mut Tx {
        self.tx
    }
}

/// An endless stream of bytes from a seed.
struct Stream(Mutex<OutputReader>);

impl Entropy for Stream {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

/// A family's command as the store takes it: `status` is that of its answer.
pub(crate) struct WorkCommand<C, T> {
    app: App,
    seed: [u8; SEED_BYTES],
    at_door: Timestamp,
    status: StatusCode,
    command: C,
    body: PhantomData<fn() -> T>,
}

impl<C, T> WorkCommand<C, T>
where
    C: AsyncFn(&mut Work<'_>) -> Result<T, Stop>,
{
    /// Draws the seed.
    pub(crate) fn new(app: &App, status: StatusCode, command: C) -> Self {
        let mut seed = [0; SEED_BYTES];
        app.entropy.fill(&mut seed);
        Self { app: app.clone(), seed, at_door: app.wall(), status, command, body: PhantomData }
    }
}

impl<C, T> Command for WorkCommand<C, T>
where
    C: AsyncFn(&mut Work<'_>) -> Result<T, Stop> + Send + 'static,
    T: Serialize + 'static,
{
    fn call<'a>(&'a self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Result<Answer, Stop>> + 'a>> {
        Box::pin(async move {
            let stream = Stream(Mutex::new(blake3::Hasher::new_keyed(&self.seed).finalize_xof()));
            let mut work = Work {
                tx,
                app: &self.app,
                stream,
                at_door: self.at_door,
                job_due: None,
                status: None,
                left: HashSet::new(),
            };
            let body = (self.command)(&mut work).await?;
            let status = work.status.unwrap_or(self.status);
            let body = serde_json::to_vec(&body).map_err(StoreError::unexpected)?;
            Ok(Answer { status: status.as_u16(), body: body.into() })
        })
    }
}

//! The vault: one interface over both places.

use crate::bucket::Bucket;
use crate::deposit::{QUEUED, new_chunk};
use crate::folder::Folder;
use crate::priority::{DEPOSIT, lower, passed_time, run_low_priority};
use crate::seal::{self, Check, Lines, Target};
use crate::turns::Turns;
use crate::{BucketSettings, Deposit, Identity, ObjectName, Recipient, VaultError};
use futures_util::stream::{self, Stream, StreamExt};
use std::path::PathBuf;
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// The stack of a deposit's thread. What runs there (checks without recursion, BLAKE3, ChaCha20) needs some ten KiB;
/// a debug build a few times that.
const STACK: usize = 512 << 10;

/// How many names a listing runs ahead of who reads it.
const LISTED_AHEAD: usize = 256;

/// Where a vault keeps its objects.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder on local disk, made when it is not there.
    Folder(PathBuf),
    /// A bucket of an S3-compatible object store.
    Bucket {
        /// Which bucket, and how to reach it.
        settings: BucketSettings,
        /// A folder for ciphertext on its way, made when it is not there; its files have no names.
        spool: PathBuf,
    },
}

/// Keeps files encrypted. Cheap to clone. Its calls belong into a tokio runtime with time and, for a bucket, I/O.
///
/// How many deposits there may be at once is up to its caller: each takes a thread and at most 1 MiB.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    store: Store,
    turns: Turns,
}

enum Store {
    Folder(Arc<Folder>),
    Bucket(Arc<Bucket>),
}

impl Vault {
    /// Opens a place, and sees that it can be written to, read and cleared.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] or, for settings that cannot be right, [`VaultError::Unexpected`]; the text tells an
    /// operator what is wrong.
    pub async fn open(place: &Place) -> Result<Self, VaultError> {
        let store = match place.clone() {
            Place::Folder(root) => Store::Folder(Arc::new(blocking(move || Folder::open(&root)).await?)),
            Place::Bucket { settings, spool } => {
                Store::Bucket(Arc::new(Bucket::open(&settings, spool).await?))
            }
        };
        Ok(Self(Arc::new(Inner { store, turns: Turns::new() })))
    }

    /// Begins a deposit, on a thread of its own.
    ///
    /// The name must not have been used before.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] when no thread can be had. All else is told by the deposit.
    pub fn receive<C: Check>(
        &self,
        name: ObjectName,
        to: &Recipient,
        check: C,
    ) -> Result<Deposit<C::Facts, C::Rejected>, VaultError> {
        let (messages, receiver) = mpsc::channel(QUEUED);
        let (used, given_back) = std_mpsc::channel();
        let (answer, outcome) = oneshot::channel();
        let lines = Lines { messages: receiver, used };
        let (inner, recipient) = (Arc::clone(&self.0), to.clone());
        let body = move || {
            lower(DEPOSIT);
            let target = inner.store.begin(name).map_err(Into::into);
            let result = target.and_then(|target| seal::run(lines, check, &recipient, target, &inner.turns));
            drop(inner);
            // When nobody waits any more, what was written comes back, is dropped and so removed.
            let _ = answer.send(result);
        };
        let thread = thread::Builder::new().name("deposit".to_owned()).stack_size(STACK);
        thread.spawn(body).map_err(|error| VaultError::io("starting a thread", &error))?;
        let filling = new_chunk();
        Ok(Deposit { name, filling, messages, used: given_back, outcome: Some(outcome) })
    }

    /// Holds the calling thread as long as a deposit computes, and no longer than this; how long it was. For background
    /// work that asks often: it then neither takes from the deposits nor is stopped half-way with a lock in hand.
    pub fn give_way(&self, at_most: Duration) -> Duration {
        let since = passed_time();
        self.0.turns.await_quiet(at_most);
        passed_time().saturating_sub(since)
    }

    /// The plain bytes of an object, authenticated as a whole.
    ///
    /// # Errors
    /// [`VaultError::Missing`], [`VaultError::Damaged`], [`VaultError::Unavailable`]; [`VaultError::Unexpected`] when
    /// there are more than `max_bytes`.
    pub async fn read(
        &self,
        name: ObjectName,
        key: &Identity,
        max_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let key = key.clone();
        match &self.0.store {
            Store::Folder(folder) => {
                let folder = Arc::clone(folder);
                run_low_priority(move || {
                    let (file, length) = folder.read(name)?;
                    seal::open(file, length, &key, max_bytes)
                })
                .await?
            }
            Store::Bucket(bucket) => {
                let sealed = bucket.get(name, seal::longest_sealed(max_bytes)).await?;
                run_low_priority(move || seal::open(&sealed[..], sealed.len() as u64, &key, max_bytes))
                    .await?
            }
        }
    }

    /// Removes objects, durably. One that is gone already is fine.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`]: some may have been removed, and all may be asked for again.
    pub async fn remove(&self, names: &[ObjectName]) -> Result<(), VaultError> {
        match &self.0.store {
            Store::Folder(folder) => {
                let (folder, names) = (Arc::clone(folder), names.to_owned());
                blocking(move || folder.remove(&names)).await
            }
            Store::Bucket(bucket) => bucket.remove(names).await,
        }
    }

    /// Every object's name, in no order, a page at a time: memory does not grow with their number. What is not one
    /// of ours is passed over. Objects of deposits under way are listed too; their age tells.
    ///
    /// It ends after the first error.
    pub fn list(&self) -> impl Stream<Item = Result<ObjectName, VaultError>> + Send + use<> {
        match &self.0.store {
            Store::Folder(folder) => list_folder(Arc::clone(folder)).boxed(),
            Store::Bucket(bucket) => bucket.list(),
        }
    }

    /// Whether the place answers now, for a readiness check: that it is there and, on disk, takes a new file.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`].
    pub async fn is_there(&self) -> Result<(), VaultError> {
        match &self.0.store {
            Store::Folder(folder) => {
                folder.probe.look().await.map_err(|error| VaultError::io("writing a file", &error))
            }
            Store::Bucket(bucket) => bucket.is_there().await,
        }
    }
}

impl Store {
    fn begin(&self, name: ObjectName) -> Result<Target, VaultError> {
        match self {
            Self::Folder(folder) => folder.create(name).map(Target::Folder),
            Self::Bucket(bucket) => Target::spool(Arc::clone(bucket)),
        }
    }
}

/// The names in a folder, read by a thread that runs a little ahead.
fn list_folder(folder: Arc<Folder>) -> impl Stream<Item = Result<ObjectName, VaultError>> + Send {
    // The first read starts it: a stream may be made where there is no runtime.
    let start = stream::once(async move {
        let (names, listed) = mpsc::channel(LISTED_AHEAD);
        spawn_blocking(move || folder.list(&names));
        stream::unfold(listed, |mut listed| async { listed.recv().await.map(|name| (name, listed)) })
    });
    start.flatten()
}

/// Runs what waits for a disk or computes for long on a thread made for it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    spawn_blocking(work).await.map_err(VaultError::unexpected)?
}

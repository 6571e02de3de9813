//! The vault: one interface over both places.

use crate::bucket::Bucket;
use crate::deposit::{QUEUED, new_chunk};
use crate::folder::Folder;
use crate::priority::{DEPOSIT, lower, passed_time, run_low_priority};
use crate::seal::{self, Check, Lines, Target};
use crate::turns::Turns;
use crate::{BucketSettings, Deposit, Identity, ObjectName, Recipient, VaultError};
use florin_types::VaultMark;
use futures_util::stream::{self, Stream, StreamExt};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, mpsc as std_mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use uuid::Uuid;
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
    /// Why nothing may be written or removed.
    closed: RwLock<Option<String>>,
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
        Ok(Self(Arc::new(Inner { store, turns: Turns::new(), closed: RwLock::default() })))
    }

    /// Begins a deposit, on a thread of its own.
    ///
    /// The name must not have been used before.
    ///
    /// # Errors
    /// [`VaultError::NotOurs`], and [`VaultError::Unavailable`] when no thread can be had. All else is told by the
    /// deposit.
    pub fn receive<C: Check>(
        &self,
        name: ObjectName,
        to: &Recipient,
        check: C,
    ) -> Result<Deposit<C::Facts, C::Rejected>, VaultError> {
        self.must_be_ours()?;
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
    /// [`VaultError::NotOurs`]; [`VaultError::Unavailable`]: some may have been removed, and all may be asked for
    /// again.
    pub async fn remove(&self, names: &[ObjectName]) -> Result<(), VaultError> {
        self.must_be_ours()?;
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

    /// The mark in the vault, that of the installation whose it is; none where no installation has set one.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`]; [`VaultError::Unexpected`] for a mark that cannot be read.
    pub async fn mark(&self) -> Result<Option<VaultMark>, VaultError> {
        let text = match &self.0.store {
            Store::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.read_mark()).await?
            }
            Store::Bucket(bucket) => bucket.read_mark().await?,
        };
        let Some(text) = text else { return Ok(None) };
        let unreadable =
            || VaultError::unexpected("the vault's mark, its file `installation`, cannot be read");
        VaultMark::parse(&text).map(Some).ok_or_else(unreadable)
    }

    /// Puts a mark in the place of the one in the vault, durably.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`].
    pub async fn set_mark(&self, mark: &VaultMark) -> Result<(), VaultError> {
        let text = mark.to_string();
        match &self.0.store {
            Store::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.write_mark(&text)).await
            }
            Store::Bucket(bucket) => bucket.write_mark(text).await,
        }
    }

    /// Closes the vault to writing and removing, with the reason, or opens it again. Whether this changed anything.
    pub fn close_to_writing(&self, reason: Option<&str>) -> bool {
        let mut closed = self.0.closed.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = closed.is_some() != reason.is_some();
        *closed = reason.map(str::to_owned);
        is_new
    }

    /// Why nothing may be written or removed; none where all may.
    pub fn closed_to_writing(&self) -> Option<String> {
        self.0.closed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn must_be_ours(&self) -> Result<(), VaultError> {
        self.closed_to_writing().map_or(Ok(()), |reason| Err(VaultError::NotOurs(reason)))
    }

    /// Keeps a sheet of keys under a new id, durably. It is random bytes, worth nothing without the master key and what
    /// the database keeps.
    ///
    /// # Errors
    /// [`VaultError::NotOurs`], [`VaultError::Unavailable`].
    pub async fn add_sheet(&self, sheet: Uuid, bytes: Zeroizing<Vec<u8>>) -> Result<(), VaultError> {
        self.must_be_ours()?;
        match &self.0.store {
            Store::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.add_sheet(sheet, &bytes)).await
            }
            Store::Bucket(bucket) => bucket.put_sheet(sheet, bytes.to_vec()).await,
        }
    }

    /// A sheet of keys.
    ///
    /// # Errors
    /// [`VaultError::Missing`], [`VaultError::Unavailable`].
    pub async fn sheet(&self, sheet: Uuid) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        match &self.0.store {
            Store::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.read_sheet(sheet)).await
            }
            Store::Bucket(bucket) => bucket.read_sheet(sheet).await,
        }
    }

    /// A sheet of keys, for code that cannot await. It holds the calling thread: microseconds for a folder, a request's
    /// time for a bucket.
    ///
    /// # Errors
    /// [`VaultError::Missing`], [`VaultError::Unavailable`].
    pub fn sheet_now(&self, sheet: Uuid) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let bucket = match &self.0.store {
            Store::Folder(folder) => return folder.read_sheet(sheet),
            Store::Bucket(bucket) => Arc::clone(bucket),
        };
        let read = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| VaultError::io("starting a runtime", &error))?;
            runtime.block_on(async { bucket.apart()?.read_sheet(sheet).await })
        };
        thread::spawn(read).join().map_err(|_| VaultError::unexpected("reading a sheet panicked"))?
    }

    /// Overwrites parts of a sheet with zeros, durably. In a bucket two processes at once may undo each other's work,
    /// and versions of objects must not be kept.
    ///
    /// # Errors
    /// [`VaultError::NotOurs`], [`VaultError::Missing`], [`VaultError::Unavailable`].
    pub async fn erase_in_sheet(&self, sheet: Uuid, parts: Vec<Range<usize>>) -> Result<(), VaultError> {
        self.must_be_ours()?;
        match &self.0.store {
            Store::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.erase_in_sheet(sheet, &parts)).await
            }
            Store::Bucket(bucket) => bucket.erase_in_sheet(sheet, &parts).await,
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

//! The job that decodes uploaded files in full: whether each is what it seemed to be. On a thread of low priority, one
//! file at a time (slow jobs run one by one), within bounds of pixels, memory and time: what is uploaded is hostile
//! until shown otherwise. Files over which processes died time and again count as unreadable without another decode.

use super::change::emit_files;
use super::documents::PROOFS;
use super::poa;
use super::review;
use super::store::{self, Checked, File, FileState, NewFile};
use super::task::Task;
use crate::kit::app::App;
use crate::kit::book::jobs::{MAX_OPEN_ATTEMPTS, carry_out, run_inside};
use crate::kit::book::work::Work;
use crate::kit::request::upload::vault_fault;
use crate::users::existing;
use florin_document::{DecodeLimits, Decoded, Kind, Unreadable, decode};
use florin_store::{Holder, Job, Lane, NewJob, Scope, StoreError, Touch, Tx, params};
use florin_vault::{Identity, VaultError, processor_time, run_low_priority};
use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use uuid::Uuid;

/// The kind of the job.
pub const DECODE_JOB: &str = "kyc.decode";

/// What one decode may compute: the largest photo takes about a second of a core. A file that takes more is refused.
const MAX_COMPUTED: Duration = Duration::from_secs(20);

/// What one decode may take of time; it is tried again later when it had not computed enough by then. Decoding is the
/// last to get a processor: how long it takes says more of the machine than of the file.
const MAX_TIME: Duration = Duration::from_secs(60);

/// How long a decode gives way to deposits under way, in all: half of its time; the other half is left to compute.
const MAX_GIVING_WAY: Duration = Duration::from_secs(30);

/// How long it gives way before it looks whether it is still wanted.
const GIVING_WAY: Duration = Duration::from_millis(100);

/// After so many attempts a job's decodes give way no more: uploads without a pause must not put it off for ever.
const PATIENT_ATTEMPTS: i64 = 3;

/// Of how many questions one looks at the clocks: a photo's come every few microseconds, and a look costs half of one.
const LOOKS: u32 = 16;

/// Leaves the job.
pub(super) fn leave_decode(tx: &mut Tx, user: &str, owner: Uuid, files: &[NewFile]) {
    let names = files.iter().map(|file| file.name.uuid()).collect();
    let payload = Task { files: names, ..Task::of(user, owner) }.payload();
    tx.enqueue(NewJob { kind: DECODE_JOB, lane: Lane::Slow, due: tx.now(), payload });
}

/// Decodes the job's files and emits the result. If a file cannot be decoded yet (vault down, no CPU time), files found
/// readable are saved and the job retries the rest. An unreadable result is saved only with the last file: a review
/// would act on it before the partner has the event.
pub async fn decode_files(app: &App, job: &Job) -> Result<(), StoreError> {
    let task = Task::read(job)?;
    let (checked, failed) = check(app, job, &task).await?;
    let touches = vec![Touch::User(task.user.clone())];
    let Some(failed) = failed else {
        return carry_out(app, job, touches, async move |work: &mut Work<'_>| {
            if let Some((holder, files)) = save(work, &task, &checked).await? {
                emit(work, (&holder, &files), &task).await?;
            }
            Ok(())
        })
        .await;
    };
    save_readable(app, job, &task, checked).await?;
    Err(failed)
}

/// Saves which files were found readable, before the job has ended.
async fn save_readable(
    app: &App,
    job: &Job,
    task: &Task,
    mut checked: Vec<Checked>,
) -> Result<(), StoreError> {
    checked.retain(|file| file.state == FileState::Readable);
    if checked.is_empty() {
        return Ok(());
    }
    let (touches, task) = (vec![Touch::User(task.user.clone())], task.clone());
    run_inside(app, job.position.book(), touches, async move |work: &mut Work<'_>| {
        save(work, &task, &checked).await?;
        Ok(())
    })
    .await
}

/// Saves results of decoding and answers the user and the task's files that still exist. A file that was replaced or
/// erased meanwhile is skipped, and so are those of a user who was deleted: they wait for their erasure. The first
/// result of a file stays.
async fn save(
    work: &mut Work<'_>,
    task: &Task,
    checked: &[Checked],
) -> Result<Option<(Holder, Vec<File>)>, StoreError> {
    let Ok(holder) = existing(work.holder(&task.user)) else { return Ok(None) };
    let holder = holder.clone();
    let mut files = files_of(work.scope(), &holder, task).await?;
    let mut found = Vec::with_capacity(files.len());
    for file in files.iter_mut().filter(|file| file.state == FileState::Unchecked) {
        if let Some(checked) = checked.iter().find(|checked| checked.name == file.name) {
            file.state = checked.state;
            found.push(checked);
        }
    }
    store::check_files(work, &found).await?;
    Ok(Some((holder, files)))
}

/// Emits the result for the task's files, all of them decoded.
async fn emit(
    work: &mut Work<'_>,
    (holder, files): (&Holder, &[File]),
    task: &Task,
) -> Result<(), StoreError> {
    if files.is_empty() {
        return Ok(());
    }
    let is_readable = files.iter().all(|file| file.state == FileState::Readable);
    if files.iter().any(|file| file.part == PROOFS) {
        if !is_readable {
            poa::reject_unreadable(work, holder, task.of).await?;
        }
        return poa::resume(work, holder, task).await;
    }
    emit_files(work, holder, is_readable);
    review::resume(work, holder, task).await
}

/// Those of the task's files that were not replaced or erased meanwhile.
async fn files_of(scope: &mut Scope, holder: &Holder, task: &Task) -> Result<Vec<File>, StoreError> {
    let mut files = store::files(scope, holder.id).await?;
    files.retain(|file| task.files.contains(&file.name.uuid()));
    Ok(files)
}

/// Decodes those of the task's files that no earlier attempt has; with the first reason why one can't be finished.
async fn check(app: &App, job: &Job, task: &Task) -> Result<(Vec<Checked>, Option<StoreError>), StoreError> {
    let (mut checked, mut failed) = (Vec::new(), None);
    let mut snapshot = app.store.snapshot(job.position.book()).await?;
    let holder = snapshot.holder(&task.user).await?;
    let Some(holder) = holder else { return Ok((checked, failed)) };
    let Some(secret) = holder.secret.as_deref() else { return Ok((checked, failed)) };
    let key = app.seals.file_key(secret);
    let key = key.ok_or_else(|| app.seals.fault(Some(secret), "a user's key can't be opened"))?;
    let files = files_of(&mut snapshot, &holder, task).await?;
    drop(snapshot);
    // Files before the one that kills the process were saved, so that one is the first that is left. With so many more
    // attempts the next one kills it too.
    let killers = usize::try_from(job.open_attempts / MAX_OPEN_ATTEMPTS).unwrap_or(0);
    for (index, file) in files.iter().filter(|file| file.state == FileState::Unchecked).enumerate() {
        if index < killers {
            tracing::error!(file = %file.name, kind = file.kind.as_str(), "the process died while it decoded a file");
            checked.push(Checked::of(file, FileState::Unreadable, None));
            continue;
        }
        match check_one(app, file, &key, max_giving_way(job.attempts)).await {
            Ok(found) => {
                // The next file may be the one that kills the process: this one need not be decoded again then.
                if job.open_attempts > 0 {
                    save_readable(app, job, task, vec![found.clone()]).await?;
                }
                checked.push(found);
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Ok((checked, failed))
}

/// How long a decode gives way to deposits under way, after so many attempts.
fn max_giving_way(attempts: i64) -> Duration {
    if attempts < PATIENT_ATTEMPTS { MAX_GIVING_WAY } else { Duration::ZERO }
}

async fn check_one(
    app: &App,
    file: &File,
    key: &Identity,
    max_giving_way: Duration,
) -> Result<Checked, StoreError> {
    let max_bytes = usize::try_from(file.bytes).map_err(StoreError::unexpected)?;
    let bytes = match app.vault.read(file.name, key, max_bytes).await {
        Ok(bytes) => bytes,
        Err(error @ (VaultError::Missing | VaultError::Damaged)) => {
            // One that was replaced or erased meanwhile is nobody's concern: its row went first.
            if !app.store.look(store::IS_KNOWN, &params![file.name.uuid()]).await?.is_empty() {
                tracing::error!(%error, file = %file.name, "a file of the vault can't be read");
            }
            return Ok(Checked::of(file, FileState::Unreadable, None));
        }
        Err(error) => return Err(vault_fault(error)),
    };
    let vault = app.vault.clone();
    let bounds = Bounds::new(move |at_most| vault.give_way(at_most), max_giving_way, MAX_COMPUTED);
    match decode_within(file.kind, bytes, bounds, MAX_TIME).await? {
        Ok(decoded) => Ok(Checked::of(file, FileState::Readable, Some(&decoded))),
        Err(error) => {
            tracing::info!(%error, file = %file.name, kind = file.kind.as_str(), "a file can't be decoded");
            Ok(Checked::of(file, FileState::Unreadable, None))
        }
    }
}

/// Decodes on a thread of its own. The time counts from when it begins; when it is over, or nobody waits any more, the
/// thread is told, and asks often.
async fn decode_within(
    kind: Kind,
    bytes: impl AsRef<[u8]> + Send + 'static,
    bounds: Bounds<impl Fn(Duration) -> Duration + Send + 'static>,
    max_time: Duration,
) -> Result<Result<Decoded, Unreadable>, StoreError> {
    let over = Over::default();
    let told = Arc::clone(&over.0);
    let (begins, begun) = oneshot::channel();
    let decoding = run_low_priority(move || {
        // Who waits for it may have gone.
        let _ = begins.send(());
        let is_over = || told.load(Ordering::Relaxed) || bounds.are_over();
        decode(kind, bytes.as_ref(), &DecodeLimits::default(), &is_over)
    });
    let mut decoding = pin!(decoding);
    let waited = tokio::select! {
        done = &mut decoding => Some(done),
        _ = begun => tokio::time::timeout(max_time, &mut decoding).await.ok(),
    };
    match waited {
        None => Err(StoreError::unavailable("a decode had too little of the processors")),
        Some(Ok(decoded)) => Ok(decoded),
        Some(Err(error @ VaultError::Unavailable(_))) => Err(vault_fault(error)),
        // It panicked: whatever that file is, nobody can be shown it.
        Some(Err(_)) => Ok(Err(Unreadable::Fault)),
    }
}

/// What bounds a decode, asked on its own thread.
struct Bounds<F> {
    /// Lets deposits past, this long at most, and says how long it took.
    give_way: F,
    max_giving_way: Duration,
    max_computed: Duration,
    asked: Cell<u32>,
    gave_way: Cell<Duration>,
}

impl<F: Fn(Duration) -> Duration> Bounds<F> {
    fn new(give_way: F, max_giving_way: Duration, max_computed: Duration) -> Self {
        Self { give_way, max_giving_way, max_computed, asked: Cell::default(), gave_way: Cell::default() }
    }

    /// Whether it has computed enough; deposits under way are let past first.
    fn are_over(&self) -> bool {
        let asked = self.asked.get();
        self.asked.set(asked.wrapping_add(1));
        if !asked.is_multiple_of(LOOKS) {
            return false;
        }
        let left = self.max_giving_way.saturating_sub(self.gave_way.get());
        if !left.is_zero() {
            self.gave_way.set(self.gave_way.get() + (self.give_way)(left.min(GIVING_WAY)));
        }
        processor_time() > self.max_computed
    }
}

/// Tells the thread when dropped.
#[derive(Default)]
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_document::samples;
    use std::cell::RefCell;

    fn quiet(_: Duration) -> Duration {
        Duration::ZERO
    }

    #[tokio::test]
    async fn what_a_file_may_compute_is_bounded() {
        let photo = samples::jpeg(64, 48);
        let within = |max_computed| {
            let bounds = Bounds::new(quiet, MAX_GIVING_WAY, max_computed);
            decode_within(Kind::Jpeg, photo.clone(), bounds, MAX_TIME)
        };
        let decoded = within(MAX_COMPUTED).await.unwrap();
        assert!(decoded.is_ok(), "{decoded:?}");
        assert_eq!(within(Duration::ZERO).await.unwrap(), Err(Unreadable::TimeOver));
    }

    #[tokio::test]
    async fn a_decode_that_gets_no_processor_in_time_is_told_and_says_nothing_of_the_file() {
        let (tells, told) = std::sync::mpsc::channel::<()>();
        // Held up until nobody waits for it any more.
        let held_up = move |_| {
            let _ = told.recv();
            Duration::ZERO
        };
        let bounds = Bounds::new(held_up, MAX_GIVING_WAY, MAX_COMPUTED);
        let waited = decode_within(Kind::Jpeg, samples::jpeg(64, 48), bounds, Duration::ZERO).await;
        assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{waited:?}");
        drop(tells);
        // Its thread ends: the next one gets the turn.
        let bounds = Bounds::new(quiet, MAX_GIVING_WAY, MAX_COMPUTED);
        let decoded = decode_within(Kind::Jpeg, samples::jpeg(64, 48), bounds, MAX_TIME).await.unwrap();
        assert!(decoded.is_ok(), "{decoded:?}");
    }

    #[test]
    fn a_decode_gives_way_no_more_when_it_was_cut_off_often() {
        assert_eq!([0, 2, 3, 9].map(|attempts| max_giving_way(attempts).as_secs()), [30, 30, 0, 0]);
    }

    #[test]
    fn a_decode_gives_way_in_slices_and_no_longer_than_it_may() {
        let asked = RefCell::new(Vec::new());
        let give_way = |at_most: Duration| {
            asked.borrow_mut().push(at_most.as_millis());
            Duration::from_millis(80).min(at_most)
        };
        let bounds = Bounds::new(give_way, Duration::from_millis(250), MAX_COMPUTED);
        assert!((0..LOOKS * 9).all(|_| !bounds.are_over()));
        assert_eq!(*asked.borrow(), [100, 100, 90, 10]);
    }
}

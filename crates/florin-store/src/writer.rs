//! The workers behind the door: take what has queued, run it as one transaction, answer all of it.
//!
//! 1. Begin; lock the books' rows; read the touched accounts and the keys as sets: one round trip.
//! 2. Run the commands one after another in memory, each after an undo point to which it can be taken back.
//! 3. Write the results as a few sets and commit once: another round trip. Then answer.
//!
//! What fails as a batch is run again command by command, so that one bad command hurts only itself. A commit without
//! an answer is settled by the batch's random id in the book's row. There are no timers: the batch grows while a
//! commit runs.

use crate::answer::{Outcome, Stop};
use crate::batch::BatchState;
use crate::book::{Book, LOCK_BOOK};
use crate::db::{Db, Mode, SetRows, WriteOutcome};
use crate::door::Queued;
use crate::idempotency::KeyIndex;
use crate::objects::Objects;
use crate::queue::{Group, Queue};
use crate::scope::Scope;
use crate::seal::RowSeals;
use crate::source::Source;
use crate::touch::{FIXED_LOOK_UPS, Touched};
use crate::tx::Tx;
use crate::watch::Watchers;
use crate::{BookId, StoreError, params};
use florin_ledger::ChainKey;
use florin_types::{Clock, Entropy};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// What every worker shares.
pub(crate) struct Shared {
    pub(crate) queue: Arc<Queue>,
    pub(crate) source: Source,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) chain_key: ChainKey,
    pub(crate) seals: RowSeals,
    pub(crate) watchers: Watchers,
}

/// The result of one command of a batch.
enum CommandResult {
    Ran(Result<Outcome, StoreError>),
    /// It did not run: its book was replaced by this one, in which it is queued again.
    BookReplaced(BookId),
}

/// Where a batch failed.
enum BatchFailure {
    /// A book could not be opened: the database is away, or somebody holds it.
    AtStart(StoreError),
    /// After its commands began, and it is certain that nothing was committed: each may run by itself.
    Underway(StoreError),
    /// At its commit, and it is not known whether the database has committed: nothing may run again.
    Unknown(StoreError),
}

/// A worker's life: one connection, one batch at a time.
pub(crate) async fn work(shared: Arc<Shared>, max_books: usize) {
    let mut db = None;
    while let Some(groups) = shared.queue.take(max_books).await {
        let books: Vec<BookId> = groups.iter().map(|group| group.book).collect();
        // Commands' panics are caught where they run; one of our own loses this batch, whose callers hear that the
        // writer went away, and the connection with its open transaction.
        if AssertUnwindSafe(run(&shared, &mut db, groups)).catch_unwind().await.is_err() {
            tracing::error!("the writer panicked; its batch was given up");
            db = None;
        }
        shared.queue.done(&books);
    }
}

async fn run(shared: &Shared, db: &mut Option<Db>, groups: Vec<Group>) {
    let groups = without_late(shared, groups);
    if groups.is_empty() {
        return;
    }
    let single = groups.len() == 1 && groups[0].commands.len() == 1;
    match attempt(shared, db, &groups).await {
        Ok(results) => {
            let queued = groups.into_iter().flat_map(|group| group.commands);
            queued.zip(results).for_each(|(queued, result)| settle(shared, queued, result));
        }
        Err(BatchFailure::Underway(error)) if !single => {
            tracing::warn!(%error, "a batch failed; running its commands one by one");
            for group in groups {
                for command in group.commands {
                    let alone = vec![Group { book: group.book, commands: vec![command] }];
                    Box::pin(run(shared, db, alone)).await;
                }
            }
        }
        Err(BatchFailure::AtStart(error) | BatchFailure::Underway(error) | BatchFailure::Unknown(error)) => {
            let queued = groups.into_iter().flat_map(|group| group.commands);
            queued.for_each(|queued| queued.answer(Err(error.clone())));
        }
    }
}

/// Answers those that have waited too long; nobody is listening for them any more.
fn without_late(shared: &Shared, mut groups: Vec<Group>) -> Vec<Group> {
    let now = shared.clock.now();
    for group in &mut groups {
        let (late, in_time): (Vec<_>, Vec<_>) =
            std::mem::take(&mut group.commands).into_iter().partition(|queued| queued.deadline < now);
        group.commands = in_time;
        late.into_iter().for_each(|q| q.answer(Err(StoreError::unavailable("waited too long for its turn"))));
    }
    groups.retain(|group| !group.commands.is_empty());
    groups
}

fn settle(shared: &Shared, mut queued: Queued, result: CommandResult) {
    match result {
        CommandResult::Ran(outcome) => queued.answer(outcome),
        CommandResult::BookReplaced(book) => {
            queued.book = book;
            if let Err((queued, error)) = shared.queue.push(queued) {
                queued.answer(Err(error));
            }
        }
    }
}

/// One transaction over all groups. On success everything is committed.
async fn attempt(
    shared: &Shared,
    connection: &mut Option<Db>,
    groups: &[Group],
) -> Result<Vec<CommandResult>, BatchFailure> {
    let mut db = match connection.take().filter(Db::is_usable) {
        Some(db) => db,
        None => shared.source.connect(Mode::Write).await.map_err(BatchFailure::AtStart)?,
    };
    if let Err(error) = db.begin(Mode::Write).await {
        return Err(BatchFailure::AtStart(error));
    }
    let mut batch = [0; 16];
    shared.entropy.fill(&mut batch);
    let mut run = Run {
        shared,
        batch,
        results: Vec::new(),
        sets: Vec::new(),
        written: Vec::new(),
        with_events: Vec::new(),
    };
    for group in groups {
        let (back, result) = run.group(db, group).await;
        db = back;
        if let Err(failed) = result {
            db.rollback().await;
            *connection = Some(db);
            return Err(failed);
        }
    }
    let Run { results, sets, written, with_events, .. } = run;
    let ended = commit(shared, db, (&written, sets), batch).await;
    *connection = ended.0;
    ended.1?;
    with_events.iter().for_each(|book| shared.watchers.tell(*book));
    Ok(results)
}

/// Writes the results and commits.
async fn commit(
    shared: &Shared,
    mut db: Db,
    (written, sets): (&[Written], Vec<SetRows>),
    batch: [u8; 16],
) -> (Option<Db>, Result<(), BatchFailure>) {
    let Some(first) = written.first() else {
        db.rollback().await;
        return (Some(db), Ok(()));
    };
    match db.write_sets_and_commit(sets).await {
        WriteOutcome::Done => (Some(db), Ok(())),
        WriteOutcome::Failed(error) => {
            db.rollback().await;
            (Some(db), Err(BatchFailure::Underway(error)))
        }
        WriteOutcome::Unknown(error) => {
            tracing::warn!(%error, "a commit was not answered; rereading the book's row");
            drop(db);
            (None, reread_batch_id(shared, first, batch).await.unwrap_or(Err(BatchFailure::Unknown(error))))
        }
    }
}

/// Rereads the book's row under its lock, by when the lost connection's transaction is over. Our batch id is there: it
/// was committed. The id of the batch before is there: it was not, and the commands may run again. None: the database
/// is away, or somebody has written to the book since, and it cannot be known.
async fn reread_batch_id(
    shared: &Shared,
    written: &Written,
    batch: [u8; 16],
) -> Option<Result<(), BatchFailure>> {
    let mut db = shared.source.connect(Mode::Write).await.ok()?;
    db.begin(Mode::Write).await.ok()?;
    let rows = db.find_set(&LOCK_BOOK, vec![params![written.book].to_vec()]).await.ok()?;
    let found = Book::from_row(rows.first()?).ok()?.batch;
    db.rollback().await;
    if found == batch {
        return Some(Ok(()));
    }
    (found == written.before)
        .then(|| Err(BatchFailure::Underway(StoreError::unavailable("a commit was lost"))))
}

/// A book that a batch writes to, with the id of the batch that wrote to it before.
struct Written {
    book: BookId,
    before: [u8; 16],
}

/// A batch underway.
struct Run<'a> {
    shared: &'a Shared,
    batch: [u8; 16],
    results: Vec<CommandResult>,
    sets: Vec<SetRows>,
    written: Vec<Written>,
    with_events: Vec<BookId>,
}

impl Run<'_> {
    /// Runs the commands of one book and gathers what is to be written. The connection comes back in any case.
    async fn group(&mut self, mut db: Db, group: &Group) -> (Db, Result<(), BatchFailure>) {
        let (state, objects) = match open(&mut db, group, &self.shared.seals).await {
            Ok(opened) => opened,
            Err(failure) => return (db, Err(failure)),
        };
        if let Some(successor) = state.book.successor {
            self.results.extend(group.commands.iter().map(|_| CommandResult::BookReplaced(successor)));
            return (db, Ok(()));
        }
        let mut tx = Tx::new(Scope::new(db, group.book, self.shared.seals.clone(), objects), state);
        for queued in &group.commands {
            // A reset earlier in this batch: the rest belongs to the new book.
            if let Some((successor, _)) = &tx.batch.successor {
                self.results.push(CommandResult::BookReplaced(*successor));
                continue;
            }
            match run_command(&mut tx, queued).await {
                Ok(outcome) => self.results.push(CommandResult::Ran(outcome)),
                Err(error) => return (tx.into_parts().0.into_db(), Err(BatchFailure::Underway(error))),
            }
        }
        let (mut scope, mut state) = tx.into_parts();
        if state.is_empty() && !scope.has_changes() {
            return (scope.into_db(), Ok(()));
        }
        if state.has_events() {
            self.with_events.push(group.book);
        }
        self.written.push(Written { book: group.book, before: state.book.batch });
        let objects = scope.take_objects();
        self.sets.extend(state.flush(objects, &self.shared.chain_key, self.batch));
        (scope.into_db(), Ok(()))
    }
}

/// Locks the book and reads what its commands will touch, all at once. A row that cannot be believed fails only the
/// commands that touch it: they are run one by one.
async fn open(db: &mut Db, group: &Group, seals: &RowSeals) -> Result<(BatchState, Objects), BatchFailure> {
    let touched = Touched::of(group.book, group.commands.iter().flat_map(|queued| &queued.touches));
    let keys =
        KeyIndex::look_up(group.book, group.commands.iter().filter_map(|queued| queued.digest.as_ref()));
    let mut look_ups = vec![(&LOCK_BOOK, vec![params![group.book].to_vec()])];
    look_ups.extend(touched.look_ups(group.book));
    look_ups.push(keys);
    let found = db.find_sets(look_ups).await.map_err(BatchFailure::AtStart)?;
    let at_start = |cause: &str| BatchFailure::AtStart(StoreError::unexpected(cause));
    let [book, touched_rows @ .., keys] = found.as_slice() else {
        return Err(at_start("the look-ups were not answered"));
    };
    let row = book.first().ok_or_else(|| at_start("there is no such book"))?;
    let mut state = BatchState::new(Book::from_row(row).map_err(BatchFailure::AtStart)?, seals.clone());
    state.absorb(&touched, touched_rows).map_err(BatchFailure::Underway)?;
    state.keep_keys(KeyIndex::found(keys).map_err(BatchFailure::AtStart)?);
    let mut objects = Objects::default();
    let of_objects = touched_rows.get(FIXED_LOOK_UPS..).unwrap_or_default();
    objects.absorb(&touched, of_objects, (group.book, seals)).map_err(BatchFailure::Underway)?;
    Ok((state, objects))
}

/// Runs one command after an undo point. An error means that the transaction is lost, not that the command failed.
async fn run_command(tx: &mut Tx, queued: &Queued) -> Result<Result<Outcome, StoreError>, StoreError> {
    tx.batch.book.last_at = tx.batch.book.now(queued.wall);
    let now = tx.now();
    if let Some(digest) = &queued.digest
        && let Some(stored) = tx.batch.stored(digest, now)
    {
        return Ok(digest.outcome(stored));
    }
    let start = tx.begin_command();
    let result = AssertUnwindSafe(queued.command.call(tx)).catch_unwind().await;
    let result = result.unwrap_or_else(|panic| Err(Stop::Fault(StoreError::unexpected(panic_text(&*panic)))));
    let swallowed = tx.scope.db().has_failed();
    let mut is_kept = true;
    let outcome = match result {
        Ok(_) if swallowed => Err(StoreError::unexpected("a command went on after a statement had failed")),
        Ok(answer) => {
            tx.keep().await?;
            Ok(answer)
        }
        Err(Stop::Refused(answer)) => {
            tx.undo(&start).await?;
            Ok(answer)
        }
        Err(Stop::Invalid(answer)) => {
            tx.undo(&start).await?;
            is_kept = false;
            Ok(answer)
        }
        Err(Stop::Fault(error)) => Err(error),
    };
    if outcome.is_err() {
        tx.undo(&start).await?;
    }
    if tx.scope.db().transaction_is_lost() {
        return Err(outcome
            .err()
            .unwrap_or_else(|| StoreError::unexpected("the engine ended the transaction")));
    }
    if let (Ok(answer), Some(digest), true) = (&outcome, &queued.digest, is_kept) {
        tx.batch.answered(digest, answer);
    }
    Ok(outcome.map(Outcome::Answered))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a command panicked: {}", text.unwrap_or("without a message"))
}

//! Jobs: the workers that run what is due, one per lane. [`carry_out`] takes the job's row away in the transaction of
//! its effect, so that the effect happens once, however many processes try. A slow job is leased before, so that its
//! work is done once too, unless a process dies over it: then its lease lapses within seconds, and the next attempt
//! sees how many died ([`MAX_OPEN_ATTEMPTS`]). Anything a handler saves before it fails must be idempotent: the job
//! will run again.

use super::command::refusal_in;
use super::work::{Work, WorkCommand};
use crate::kit::app::App;
use florin_store::{Answer, BookId, Due, Job, Lane, Outcome, Stop, StoreError, Touch};
use futures_util::FutureExt;
use http::StatusCode;
use std::collections::HashSet;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often the worker looks for jobs: far below the sandbox's settling time, and one index probe each.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Rounds in which one book's due jobs are run before its clock call answers: jobs that make jobs, and a bound on it.
const MAX_ROUNDS: usize = 100;

/// The first pause after a failure; it doubles with each attempt.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(600);

/// How long a slow job is one process's alone, unless that one renews it: how long a killed process's job stands still.
const LEASE: Duration = Duration::from_secs(15);

/// How often a lease is renewed while the work runs: two renewals may fail.
const RENEWAL: Duration = Duration::from_secs(5);

/// Rounds in which a clock call only waits for jobs that other processes work on: a minute, as long as a decode may
/// take.
const MAX_WAITS: usize = 1_200;

/// Attempts that may begin and never end. After so many the work itself is what kills the process, and a handler must
/// do without it.
pub const MAX_OPEN_ATTEMPTS: i64 = 3;

/// How long what was found due is worked on before it is looked again: with many jobs a look takes some ten
/// milliseconds, and who comes new waits no longer than this and one job.
const FRESH: Duration = Duration::from_millis(250);

/// One slow job at a time in the process. Who waits holds no lease and no file in memory; and when the process dies,
/// only the job that it worked on has an open attempt.
static TURN: Semaphore = Semaphore::const_new(1);

/// The same for jobs that ask a bank.
static RAIL_TURN: Semaphore = Semaphore::const_new(1);

/// The same for jobs that ask a chain's node.
static CHAIN_TURN: Semaphore = Semaphore::const_new(1);

/// A running handler.
pub type JobRun<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// A kind of job and its handler.
pub type JobHandler = (&'static str, for<'a> fn(&'a App, &'a Job) -> JobRun<'a>);

/// The answers of the command that leases.
const LEASED: u16 = 200;
const NOT_LEASED: u16 = 409;

/// Carries a job out: its row is taken away, then `command` runs, in one transaction. Where the row is gone, another
/// process has carried it out, and nothing happens.
///
/// # Errors
/// A fault: the job comes again. A refusal counts as one, for it undid the command.
pub async fn carry_out(
    app: &App,
    job: &Job,
    touches: Vec<Touch>,
    command: impl AsyncFn(&mut Work<'_>) -> Result<(), Stop> + Send + 'static,
) -> Result<(), StoreError> {
    let position = job.position;
    let once = async move |work: &mut Work<'_>| {
        if work.begin_job(position).await? { command(work).await } else { Ok(()) }
    };
    run_inside(app, position.book(), touches, once).await
}

/// Runs a command of our own in a book: a job's, or an operator's.
///
/// # Errors
/// A fault, or a refusal as one.
pub async fn run_inside(
    app: &App,
    book: BookId,
    touches: Vec<Touch>,
    command: impl AsyncFn(&mut Work<'_>) -> Result<(), Stop> + Send + 'static,
) -> Result<(), StoreError> {
    let command = WorkCommand::new(app, StatusCode::NO_CONTENT, command);
    match app.store.door().run(book, None, touches, command).await? {
        Outcome::Answered(answer) if answer.status == StatusCode::NO_CONTENT.as_u16() => Ok(()),
        Outcome::Answered(answer) => Err(match refusal_in(answer.status, &answer.body) {
            // The sentence alone: codes are for partners, and this is read by operators.
            Some(refusal) => StoreError::unexpected(refusal.message),
            None => StoreError::unexpected(format!("a command of our own was answered {}", answer.status)),
        }),
        _ => Err(StoreError::unexpected("a command of our own was taken for a repeat")),
    }
}

/// Runs the jobs of a lane as they come due, until the server stops: then a slow job is given back.
pub async fn work(app: App, lane: Lane) {
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !app.is_stopping() {
        ticks.tick().await;
        if !app.may_write() {
            continue;
        }
        if let Err(error) = run_lane(&app, lane).await {
            tracing::warn!(%error, "could not look for jobs");
        }
    }
}

/// Runs what is due now in a lane and nobody else works on. Books take turns, so that a partner with much work does not
/// hold up the others. What has come due meanwhile is looked for after each slow job, and else every quarter of a
/// second.
pub async fn run_lane(app: &App, lane: Lane) -> Result<(), StoreError> {
    if lane == Lane::Quick {
        for job in app.store.due_jobs(app.clock.now(), Due::Free(lane)).await? {
            run(app, &job).await?;
        }
        return Ok(());
    }
    let (mut tried, mut last) = (HashSet::new(), BookId(0));
    while !app.is_stopping() {
        let looked_at = app.clock.now();
        let mut due = app.store.due_jobs(looked_at, Due::Free(lane)).await?;
        due.retain(|job| !tried.contains(&job.position));
        if due.is_empty() {
            break;
        }
        while let Some(job) = next_in_turn(&mut due, last).filter(|_| !app.is_stopping()) {
            last = job.position.book();
            tried.insert(job.position);
            run(app, &job).await?;
            if lane == Lane::Slow || app.clock.now().saturating_since(looked_at) >= FRESH {
                break;
            }
        }
    }
    Ok(())
}

/// Takes the first job of the book after the one that had its turn last, and after the last book that of the first
/// again.
fn next_in_turn(due: &mut Vec<Job>, last: BookId) -> Option<Job> {
    let turn = |(_, job): &(usize, &Job)| {
        let book = job.position.book();
        (book <= last, book)
    };
    let next = due.iter().enumerate().min_by_key(turn)?.0;
    Some(due.remove(next))
}

/// Runs what is due now, of one book or of all, with what comes due by it: when this returns it has been done. Jobs
/// that other processes work on are waited for. How many ran here.
pub async fn run_due(app: &App, which: Due) -> Result<usize, StoreError> {
    let (mut ran, mut rounds, mut waits) = (0, 0, 0);
    while rounds < MAX_ROUNDS && waits < MAX_WAITS && !app.is_stopping() {
        let due = app.store.due_jobs(app.clock.now(), which).await?;
        if due.is_empty() {
            break;
        }
        let before = ran;
        for job in &due {
            ran += usize::from(run(app, job).await?);
        }
        if ran > before {
            rounds += 1;
        } else {
            waits += 1;
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
    Ok(ran)
}

/// Runs a job. False: another process works on it, or the server is stopping.
async fn run(app: &App, job: &Job) -> Result<bool, StoreError> {
    let turn = match job.lane {
        Lane::Quick => {
            if let Err(error) = handle(app, job).await {
                put_off(app, job, None, &error).await;
            }
            return Ok(true);
        }
        Lane::Slow => &TURN,
        Lane::Rail => &RAIL_TURN,
        Lane::Chain => &CHAIN_TURN,
    };
    let _turn = turn.acquire().await.map_err(StoreError::unexpected)?;
    if app.is_stopping() || !lease(app, job).await? {
        return Ok(false);
    }
    let owner = app.outgoing.owner;
    let result = tokio::select! {
        result = handle(app, job) => result,
        never = renew(app, job) => match never {},
        () = app.stopped() => {
            give_back(app, job).await;
            return Ok(false);
        }
    };
    if let Err(error) = result {
        put_off(app, job, Some(owner), &error).await;
    }
    Ok(true)
}

/// Whether the job is this process's to work on.
async fn lease(app: &App, job: &Job) -> Result<bool, StoreError> {
    let (position, owner, now) = (job.position, app.outgoing.owner, app.clock.now());
    let until = now.saturating_add(LEASE);
    let command = async move |tx: &mut florin_store::Tx| {
        let status = if tx.lease_job(position, owner, (now, until)).await? { LEASED } else { NOT_LEASED };
        Ok(Answer { status, body: bytes::Bytes::new() })
    };
    let outcome = app.store.door().run(position.book(), None, Vec::new(), command).await?;
    Ok(matches!(outcome, Outcome::Answered(answer) if answer.status == LEASED))
}

/// Keeps the lease of a job for as long as this runs; it never ends.
async fn renew(app: &App, job: &Job) -> Infallible {
    let (position, owner) = (job.position, app.outgoing.owner);
    loop {
        tokio::time::sleep(RENEWAL).await;
        let until = app.clock.now().saturating_add(LEASE);
        let renew = async move |work: &mut Work<'_>| Ok(work.renew_job(position, owner, until).await?);
        if let Err(error) = run_inside(app, position.book(), Vec::new(), renew).await {
            tracing::warn!(%error, kind = %job.kind, "could not renew the lease of a job");
        }
    }
}

/// Lets another process begin the job at once.
async fn give_back(app: &App, job: &Job) {
    let (position, owner) = (job.position, app.outgoing.owner);
    let give_back = async move |work: &mut Work<'_>| Ok(work.return_job(position, owner).await?);
    if let Err(error) = run_inside(app, position.book(), Vec::new(), give_back).await {
        tracing::warn!(%error, kind = %job.kind, "could not give a job back");
    }
}

async fn handle(app: &App, job: &Job) -> Result<(), StoreError> {
    let mut handlers = app.families().iter().flat_map(|family| family.jobs);
    match handlers.find(|(kind, _)| *kind == job.kind) {
        // A handler that panics must not end its lane.
        Some((_, handler)) => match AssertUnwindSafe(handler(app, job)).catch_unwind().await {
            Ok(result) => result,
            Err(_) => Err(StoreError::unexpected("the job's handler panicked")),
        },
        None => Err(StoreError::unexpected("nobody runs this kind of job")),
    }
}

/// Leaves a job that failed for later; `owner` is who leased it.
async fn put_off(app: &App, job: &Job, owner: Option<[u8; 16]>, error: &StoreError) {
    tracing::error!(%error, kind = %job.kind, attempts = job.attempts, "a job failed; it will be tried again");
    let pause =
        RETRY_PAUSE.saturating_mul(2_u32.saturating_pow(u32::try_from(job.attempts).unwrap_or(u32::MAX)));
    let until = app.clock.now().saturating_add(pause.min(MAX_RETRY_PAUSE));
    let position = job.position;
    let put_off = async move |work: &mut Work<'_>| Ok(work.put_off_job(position, owner, until).await?);
    if let Err(error) = run_inside(app, position.book(), Vec::new(), put_off).await {
        tracing::warn!(%error, "could not put a job off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_take_turns() {
        let job = |book: i64, sequence| Job {
            position: BookId(book).position(sequence),
            kind: String::new(),
            lane: Lane::Slow,
            payload: Vec::new(),
            attempts: 0,
            open_attempts: 0,
        };
        let mut waiting: Vec<Job> =
            (1..4).map(|number| job(1, number)).chain([job(2, 1), job(3, 1), job(3, 2)]).collect();
        let (mut order, mut last) = (Vec::new(), BookId(0));
        while let Some(next) = next_in_turn(&mut waiting, last) {
            last = next.position.book();
            order.push((last.0, next.position.sequence()));
        }
        assert_eq!(order, [(1, 1), (2, 1), (3, 1), (1, 2), (3, 2), (1, 3)]);
    }
}

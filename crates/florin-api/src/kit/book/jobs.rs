//! Jobs: the workers that run what is due, one per lane. [`carry_out`] takes the job's row away in the transaction of
//! its effect, so that the effect happens once, however many processes try. A slow job is leased before, so that its
//! work is done once too, unless a process dies over it. Anything a handler saves before it fails must be idempotent:
//! the job will run again.

use super::work::{Work, WorkCommand};
use crate::kit::app::App;
use florin_store::{Answer, BookId, Due, Job, Lane, Outcome, Stop, StoreError, Touch};
use futures_util::FutureExt;
use http::StatusCode;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

/// How often the worker looks for jobs: far below the sandbox's settling time, and one index probe each.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Rounds in which one book's due jobs are run before its clock call answers: jobs that make jobs, and a bound on it.
const MAX_ROUNDS: usize = 100;

/// The first pause after a failure; it doubles with each attempt.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(600);

/// How long a slow job is one process's alone: several times what the slowest may take.
const LEASE: Duration = Duration::from_secs(300);

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
        if work.finish_job(position).await? { command(work).await } else { Ok(()) }
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
        Outcome::Answered(answer) => {
            let answer = String::from_utf8_lossy(&answer.body).into_owned();
            Err(StoreError::unexpected(format!("a command of our own was refused: {answer}")))
        }
        _ => Err(StoreError::unexpected("a command of our own was taken for a repeat")),
    }
}

/// Runs the jobs of a lane as they come due, until dropped.
pub async fn work(app: App, lane: Lane) {
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = run_lane(&app, lane).await {
            tracing::warn!(%error, "could not look for jobs");
        }
    }
}

/// Runs what is due now in a lane and nobody else works on.
pub async fn run_lane(app: &App, lane: Lane) -> Result<(), StoreError> {
    for job in app.store.due_jobs(app.clock.now(), Due::Free(lane)).await? {
        if lane == Lane::Quick || lease(app, &job).await? {
            run(app, &job).await;
        }
    }
    Ok(())
}

/// Whether the job is this process's to work on.
async fn lease(app: &App, job: &Job) -> Result<bool, StoreError> {
    let (position, now) = (job.position, app.clock.now());
    let until = now.saturating_add(LEASE);
    let command = async move |tx: &mut florin_store::Tx| {
        let status = if tx.lease_job(position, now, until).await? { LEASED } else { NOT_LEASED };
        Ok(Answer { status, body: bytes::Bytes::new() })
    };
    let outcome = app.store.door().run(position.book(), None, Vec::new(), command).await?;
    Ok(matches!(outcome, Outcome::Answered(answer) if answer.status == LEASED))
}

/// Runs what is due now, of one book or of all, with what comes due by it, leased or not: when this returns it has been
/// done. How many ran.
pub async fn run_due(app: &App, which: Due) -> Result<usize, StoreError> {
    let mut ran = 0;
    for _ in 0..MAX_ROUNDS {
        let due = app.store.due_jobs(app.clock.now(), which).await?;
        if due.is_empty() {
            break;
        }
        for job in &due {
            run(app, job).await;
            ran += 1;
        }
    }
    Ok(ran)
}

async fn run(app: &App, job: &Job) {
    let mut handlers = app.families().iter().flat_map(|family| family.jobs);
    let result = match handlers.find(|(kind, _)| *kind == job.kind) {
        // A handler that panics must not end its lane.
        Some((_, handler)) => match AssertUnwindSafe(handler(app, job)).catch_unwind().await {
            Ok(result) => result,
            Err(_) => Err(StoreError::unexpected("the job's handler panicked")),
        },
        None => Err(StoreError::unexpected("nobody runs this kind of job")),
    };
    let Err(error) = result else { return };
    tracing::error!(%error, kind = %job.kind, attempts = job.attempts, "a job failed; it will be tried again");
    let pause =
        RETRY_PAUSE.saturating_mul(2_u32.saturating_pow(u32::try_from(job.attempts).unwrap_or(u32::MAX)));
    let until = app.clock.now().saturating_add(pause.min(MAX_RETRY_PAUSE));
    let position = job.position;
    let put_off =
        async move |work: &mut Work<'_>| work.put_off_job(position, until).await.map_err(Stop::from);
    if let Err(error) = run_inside(app, position.book(), Vec::new(), put_off).await {
        tracing::warn!(%error, "could not put a job off");
    }
}

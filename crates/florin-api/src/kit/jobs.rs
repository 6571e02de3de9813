//! Jobs: who runs which kind, and the worker that runs those that are due. A handler's command takes the job's row
//! away first, so that its effect happens once, however many processes try.

use super::app::App;
use florin_store::{Answer, BookId, Job, Stop, StoreError};
use std::future::Future;
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

/// A running handler.
pub type JobRun<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// A kind of job and its handler.
pub type JobHandler = (&'static str, for<'a> fn(&'a App, &'a Job) -> JobRun<'a>);

/// What a job's command answers: nobody reads it.
pub fn done() -> Result<Answer, Stop> {
    Ok(Answer { status: 204, body: bytes::Bytes::new() })
}

/// Runs jobs as they come due, until dropped.
pub async fn work(app: App, handlers: &'static [JobHandler]) {
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = run_due(&app, handlers, None).await {
            tracing::warn!(%error, "could not look for jobs");
        }
    }
}

/// Runs what is due now, of one book or of all, with what comes due by it. How many ran.
pub async fn run_due(
    app: &App,
    handlers: &'static [JobHandler],
    book: Option<BookId>,
) -> Result<usize, StoreError> {
    let mut ran = 0;
    for _ in 0..MAX_ROUNDS {
        let due = app.store.due_jobs(app.clock.now(), book).await?;
        if due.is_empty() {
            break;
        }
        for job in &due {
            run(app, handlers, job).await;
            ran += 1;
        }
    }
    Ok(ran)
}

async fn run(app: &App, handlers: &'static [JobHandler], job: &Job) {
    let result = match handlers.iter().find(|(kind, _)| *kind == job.kind) {
        Some((_, handler)) => handler(app, job).await,
        None => Err(StoreError::unexpected("nobody runs this kind of job")),
    };
    let Err(error) = result else { return };
    tracing::error!(%error, kind = %job.kind, attempts = job.attempts, "a job failed; it will be tried again");
    let pause =
        RETRY_PAUSE.saturating_mul(2_u32.saturating_pow(u32::try_from(job.attempts).unwrap_or(u32::MAX)));
    let until = app.clock.now().saturating_add(pause.min(MAX_RETRY_PAUSE));
    let position = job.position;
    let put_off = async move |tx: &mut florin_store::Tx| {
        tx.put_off_job(position, until).await?;
        done()
    };
    if let Err(error) = app.store.door().run(position.book(), None, Vec::new(), put_off).await {
        tracing::warn!(%error, "could not put a job off");
    }
}

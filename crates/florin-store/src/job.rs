//! Jobs: work due at a business time, kept in the database until it is done.
//!
//! A job is carried out by a command that first takes the job's row away ([`crate::Tx::finish_job`]): whatever
//! crashes, and however many processes try, its effect happens once.
//!
//! A slow job is leased by the process that works on it. The lease is short and renewed while the work runs, so a
//! killed process's job is free soon. Taking a lease counts an open attempt, and the end of the attempt takes it off
//! again: a job with open attempts and no lease has outlived a process that died while it worked on it.

use crate::dialect::SetStatement;
use crate::source::Readers;
use crate::{Row, StoreError, Type, Value, params};
use florin_ledger::{BookId, Position};
use florin_types::Timestamp;

/// Who waits for whom: jobs of one lane never wait for those of another.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A command and nothing else: milliseconds.
    Quick,
    /// Works before its command, for seconds: leased first, so that of several processes one does the work.
    Slow,
    /// Asks a bank before its command: leased too, and apart from what takes the processor's time.
    Rail,
    /// Asks a chain's node before its command: leased too, and apart from banks, since a node that hangs takes half a
    /// minute for each question.
    Chain,
}

impl Lane {
    const fn number(self) -> i64 {
        match self {
            Self::Quick => 0,
            Self::Slow => 1,
            Self::Rail => 2,
            Self::Chain => 3,
        }
    }

    const fn of_number(number: i64) -> Self {
        match number {
            1 => Self::Slow,
            2 => Self::Rail,
            3 => Self::Chain,
            _ => Self::Quick,
        }
    }
}

/// Which of the jobs that are due are looked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// All, whoever works on them.
    Any,
    /// Those of one book, whoever works on them.
    OfBook(BookId),
    /// Those of a lane that nobody has leased; books take turns.
    Free(Lane),
}

/// A job to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Which handler runs it.
    pub kind: &'static str,
    /// Whom it waits with.
    pub lane: Lane,
    /// Business time from which it may run.
    pub due: Timestamp,
    /// What the handler needs.
    pub payload: Vec<u8>,
}

/// A job that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number, which tells the book.
    pub position: Position,
    /// Which handler runs it.
    pub kind: String,
    /// Whom it waits with.
    pub lane: Lane,
    /// What the handler needs.
    pub payload: Vec<u8>,
    /// How often it was tried and put off.
    pub attempts: i64,
    /// Attempts that began before this one and have not ended: their processes died.
    pub open_attempts: i64,
}

/// The owner of a job that nobody has leased.
pub(crate) const NOBODY: [u8; 16] = [0; 16];

pub(crate) static INSERT_JOB: SetStatement = SetStatement::Insert {
    table: "job",
    columns: &[
        ("position", Type::Int),
        ("run_at", Type::Int),
        ("lane", Type::Int),
        ("leased_until", Type::Int),
        ("kind", Type::Text),
        ("payload", Type::Bytes),
        ("attempts", Type::Int),
    ],
};

macro_rules! job_columns {
    () => {
        "position, kind, lane, payload, attempts, open_attempts"
    };
}

/// Jobs of any book that are due. `run_at` is wall-clock time: advancing a book's clock moves its jobs nearer.
pub(crate) const DUE_JOBS: &str =
    concat!("SELECT ", job_columns!(), " FROM job WHERE run_at <= $1 ORDER BY run_at, position LIMIT 64");

/// Jobs of one book that are due.
pub(crate) const DUE_JOBS_OF_BOOK: &str = concat!(
    "SELECT ",
    job_columns!(),
    " FROM job WHERE run_at <= $1 AND position > $2 AND position < $3 ORDER BY run_at, position LIMIT 64"
);

/// Jobs of a lane, of any book, that are due and leased by nobody; books take turns: the first of each, then the second
/// of each. A book has 2^40 positions. Of more due jobs than 16,384 the oldest are looked at: to number that many takes
/// some milliseconds, and they are done within seconds.
pub(crate) const DUE_JOBS_OF_LANE: &str = concat!(
    "SELECT ",
    job_columns!(),
    " FROM (SELECT ",
    job_columns!(),
    ", run_at, ROW_NUMBER() OVER (PARTITION BY position / 1099511627776 ORDER BY run_at, position) AS turn \
     FROM (SELECT ",
    job_columns!(),
    ", run_at FROM job WHERE lane = $2 AND run_at <= $1 AND leased_until <= $1 ORDER BY run_at, position \
     LIMIT 16384) AS oldest) AS due ORDER BY turn, run_at, position LIMIT 64"
);

/// Leases end by the wall clock, so that advancing a book's clock ends none.
/// A process that could not end its own attempt, as the database was away, lives: that attempt is not counted again.
pub(crate) const LEASE_JOB: &str = "UPDATE job SET leased_until = $3, owner = $4, \
     open_attempts = CASE WHEN owner = $4 THEN open_attempts ELSE open_attempts + 1 END \
     WHERE position = $1 AND leased_until <= $2 AND run_at <= $2";
pub(crate) const RENEW_JOB: &str = "UPDATE job SET leased_until = $3 WHERE position = $1 AND owner = $2";

/// Ends a lease and its attempt, for a job that waits as before.
pub(crate) const RETURN_JOB: &str = "UPDATE job SET leased_until = 0, owner = $3, open_attempts = open_attempts - 1 \
     WHERE position = $1 AND owner = $2";

/// Ends all leases: no process that took one is alive.
pub(crate) const FREE_JOBS: &str = "UPDATE job SET leased_until = 0, owner = $1 WHERE owner <> $1";

pub(crate) const DELETE_JOB: &str = "DELETE FROM job WHERE position = $1 RETURNING run_at";
/// What failed is nobody's: it waits for its time, not for the end of a lease. A job that another process has leased
/// meanwhile stays with it.
pub(crate) const PUT_OFF_JOB: &str = "UPDATE job SET run_at = $2, leased_until = 0, owner = $4, \
     attempts = attempts + 1, open_attempts = CASE WHEN open_attempts > 0 THEN open_attempts - 1 ELSE 0 END \
     WHERE position = $1 AND owner = $3";
pub(crate) const SHIFT_JOBS: &str =
    "UPDATE job SET run_at = run_at - $3 WHERE position > $1 AND position < $2";
pub(crate) const DELETE_JOBS_OF_BOOK: &str = "DELETE FROM job WHERE position > $1 AND position < $2";

pub(crate) async fn due(readers: &Readers, wall: Timestamp, which: Due) -> Result<Vec<Job>, StoreError> {
    let rows = match which {
        Due::Any => readers.look(DUE_JOBS, &params![wall]).await?,
        Due::OfBook(book) => readers.look(DUE_JOBS_OF_BOOK, &params![wall, book.start(), book.end()]).await?,
        Due::Free(lane) => readers.look(DUE_JOBS_OF_LANE, &params![wall, lane.number()]).await?,
    };
    rows.iter().map(job_of_row).collect()
}

fn job_of_row(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        position: row.get(0)?,
        kind: row.get(1)?,
        lane: Lane::of_number(row.get(2)?),
        payload: row.get(3)?,
        attempts: row.get(4)?,
        open_attempts: row.get(5)?,
    })
}

pub(crate) fn job_row(position: Position, run_at: Timestamp, job: NewJob) -> Vec<Value> {
    params![position, run_at, job.lane.number(), 0_i64, job.kind, job.payload, 0_i64].to_vec()
}

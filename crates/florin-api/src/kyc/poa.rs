//! Proof of address: asked for by country, by an operator or in a sandbox; the states, and what a decision does.

use super::review::is_decoded;
use super::task::Task;
use crate::kit::app::App;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::codes::{P211, P447, P460};
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::types::words;
use crate::users::{self, carry_out_for, require};
use florin_store::{
    Holder, HolderId, Job, Lane, NewJob, Row, Scope, SealedTable, Statement, Stop, StoreError, Tx, params,
    sealed_table,
};
use florin_types::Timestamp;
use uuid::Uuid;

/// The kind of the job that looks at proofs of address.
pub const POA_REVIEW_JOB: &str = "kyc.review_poa";

/// The rows of proofs of address.
pub(super) static PROOFS: SealedTable =
    sealed_table!("poa", "holder": Int, "book", "submission", "status", "updated_at");

const FIND: Statement =
    "SELECT holder, book, submission, status, updated_at, seal FROM poa WHERE book = $1 AND holder = $2";
const PUT: Statement = "INSERT INTO poa (holder, book, submission, status, updated_at, seal) \
     VALUES ($2, $1, $3, $4, $5, $6) ON CONFLICT (holder) DO UPDATE SET submission = excluded.submission, \
     status = excluded.status, updated_at = excluded.updated_at, seal = excluded.seal WHERE poa.book = excluded.book";

/// Submissions that wait, oldest first.
pub(super) const WAITING: Statement = "SELECT submission, holder, updated_at FROM poa \
     WHERE book = $1 AND status = 'WAITING' ORDER BY updated_at LIMIT 1001";

/// The statements, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[FIND, PUT, WAITING];

words! {
    /// Where a proof of address stands.
    pub enum PoaStatus {
        /// It was asked for; nothing was sent.
        Required = "REQUIRED",
        /// It was sent and is being reviewed.
        Waiting = "WAITING",
        /// Accepted.
        Approved = "APPROVED",
        /// Not accepted. Other files may be sent.
        Rejected = "REJECTED",
        /// Not enough. More is to be sent.
        Questioned = "QUESTIONED",
    }
}

/// A proof of address of a user.
#[derive(Copy, Clone, Debug)]
pub(super) struct Poa {
    pub(super) submission: Uuid,
    pub(super) status: PoaStatus,
    /// Since when; none where it was asked for when the user was created.
    since: Option<Timestamp>,
}

impl Poa {
    /// What was just sent.
    pub(super) const fn sent(submission: Uuid) -> Self {
        Self { submission, status: PoaStatus::Waiting, since: None }
    }
}

/// Where a user's proof of address stands; none where it was never asked for.
pub(super) async fn find(scope: &mut Scope, holder: HolderId) -> Result<Option<Poa>, StoreError> {
    let row = scope.query_one(FIND, &params![holder]).await?;
    let read = |row: Row| {
        scope.seals().check(&PROOFS, &row.0)?;
        Ok::<_, StoreError>(Poa { submission: row.get(2)?, status: row.get(3)?, since: row.get(4)? })
    };
    match row.map(read).transpose()? {
        // Approved, and asked for again since: the user has moved to a country that needs a proof.
        None | Some(Poa { status: PoaStatus::Approved, .. })
            if users::find(scope, holder).await?.poa_required =>
        {
            Ok(Some(Poa { submission: Uuid::nil(), status: PoaStatus::Required, since: None }))
        }
        found => Ok(found),
    }
}

/// Whether proofs may come now.
pub(super) fn may_send(poa: Option<Poa>) -> Result<(), Refusal> {
    match poa.map(|poa| poa.status) {
        None => Err(Refusal::of(&P460)),
        Some(PoaStatus::Approved) => Err(Refusal::of(&P447)),
        Some(PoaStatus::Waiting) => Err(Refusal::of(&P211)),
        Some(PoaStatus::Required | PoaStatus::Rejected | PoaStatus::Questioned) => Ok(()),
    }
}

/// Writes where a proof of address stands and emits the event.
pub(super) async fn put(work: &mut Work<'_>, holder: &Holder, poa: Poa) -> Result<(), StoreError> {
    let (book, now) = (work.book(), work.now());
    let seal = work.seals().seal(&PROOFS, &params![holder.id, book, poa.submission, poa.status, now]);
    work.execute(PUT, &params![holder.id, poa.submission, poa.status, now, seal]).await?;
    users::set_poa_required(work, holder.id, poa.status != PoaStatus::Approved).await?;
    if poa.status != PoaStatus::Required {
        let payload = serde_json::json!({ "status": poa.status });
        work.emit(Event::of_user(EventType::PoaVerification, holder, &payload));
    }
    Ok(())
}

/// A reviewer's decision on a touched user's proof of address, or the request for one.
pub async fn decide(work: &mut Work<'_>, user: &str, status: PoaStatus) -> Result<(), Stop> {
    let holder = require(work.holder(user), user)?.clone();
    let poa = match (find(work.scope(), holder.id).await?, status) {
        (None, PoaStatus::Required) => Poa { submission: Uuid::nil(), status, since: None },
        (None, _) => return Err(Refusal::of(&P460).into()),
        (Some(Poa { status: PoaStatus::Approved, .. }), PoaStatus::Approved) => {
            return Err(Refusal::of(&P447).into());
        }
        (Some(Poa { status: PoaStatus::Waiting, .. }), PoaStatus::Required) => {
            return Err(Refusal::of(&P211).into());
        }
        (Some(poa), _) => Poa { status, ..poa },
    };
    Ok(put(work, &holder, poa).await?)
}

/// A proof that can't be read is rejected at once, whoever reviews the rest.
pub(super) async fn reject_unreadable(
    work: &mut Work<'_>,
    holder: &Holder,
    submission: Uuid,
) -> Result<(), StoreError> {
    match find(work.scope(), holder.id).await? {
        Some(poa) if poa.submission == submission && poa.status == PoaStatus::Waiting => {
            put(work, holder, Poa { status: PoaStatus::Rejected, ..poa }).await
        }
        _ => Ok(()),
    }
}

/// Leaves the job that reviews in a sandbox anew, where it came due before the files were decoded.
pub(super) async fn resume(work: &mut Work<'_>, holder: &Holder, task: &Task) -> Result<(), StoreError> {
    let Some(poa) = find(work.scope(), holder.id).await? else { return Ok(()) };
    let now = work.now();
    let is_open = poa.submission == task.of && poa.status == PoaStatus::Waiting && work.app().is_sandbox();
    let is_due = poa.since.is_some_and(|since| since.saturating_add(work.app().settings.settle) <= now);
    if is_open && is_due && is_decoded(work, holder, task.of).await? {
        enqueue(work, &Task::of(&task.user, task.of), now);
    }
    Ok(())
}

/// Leaves the job that reviews in a sandbox. If it comes due before all files are decoded, it does nothing, and
/// [`resume`] leaves it anew.
pub(super) fn leave_review(work: &mut Work<'_>, task: &Task) {
    let due = work.in_time(work.app().settings.settle);
    enqueue(work, task, due);
}

fn enqueue(tx: &mut Tx, task: &Task, due: Timestamp) {
    tx.enqueue(NewJob { kind: POA_REVIEW_JOB, lane: Lane::Quick, due, payload: task.payload() });
}

/// The sandbox's reviewer: approves what can be read.
pub async fn review(app: &App, job: &Job) -> Result<(), StoreError> {
    let task = Task::read(job)?;
    let user = task.user.clone();
    carry_out_for(app, job, &user, async move |work: &mut Work<'_>, holder: Holder| {
        let poa = find(work.scope(), holder.id).await?;
        let is_open = |poa: &Poa| poa.submission == task.of && poa.status == PoaStatus::Waiting;
        let Some(poa) = poa.filter(is_open) else { return Ok(()) };
        if is_decoded(work, &holder, task.of).await? {
            put(work, &holder, Poa { status: PoaStatus::Approved, ..poa }).await?;
        }
        Ok(())
    })
    .await
}

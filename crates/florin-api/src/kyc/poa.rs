//! Proof of address: asked for by country, by an operator or in a sandbox; the states, and what a decision does.

use super::POA_EVENT;
use super::change::tell;
use super::review::PAUSE;
use super::store::{File, FileState, files};
use super::work::Work;
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, done};
use crate::kit::endpoint::codes::{P211, P447, P460};
use crate::kit::endpoint::refusal::Refusal;
use crate::users::{self, existing};
use florin_store::{
    Holder, HolderId, Job, Lane, NewJob, Scope, Statement, Stop, StoreError, Touch, Tx, params,
};
use florin_types::Timestamp;
use uuid::Uuid;

/// The kind of the job that looks at proofs of address.
pub const POA_REVIEW_JOB: &str = "kyc.review_poa";

const FIND: Statement = "SELECT submission, status FROM poa WHERE book = $1 AND holder = $2";
const PUT: Statement = "INSERT INTO poa (holder, book, submission, status, updated_at) VALUES ($2, $1, $3, $4, $5) \
     ON CONFLICT (holder) DO UPDATE SET submission = excluded.submission, status = excluded.status, \
     updated_at = excluded.updated_at WHERE poa.book = excluded.book";

/// Submissions that wait, oldest first.
pub(super) const WAITING: Statement = "SELECT submission, holder, updated_at FROM poa \
     WHERE book = $1 AND status = 'WAITING' ORDER BY updated_at LIMIT 1000";

/// The statements, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[FIND, PUT, WAITING];

/// Where a proof of address stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum PoaStatus {
    /// Asked for; nothing was sent.
    Required,
    /// Sent: somebody looks at it.
    Waiting,
    /// Accepted.
    Approved,
    /// Not accepted; others may be sent.
    Rejected,
    /// Not enough; more is to be sent.
    Questioned,
}

impl PoaStatus {
    const ALL: [Self; 5] = [Self::Required, Self::Waiting, Self::Approved, Self::Rejected, Self::Questioned];

    /// The word that is kept and told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "REQUIRED",
            Self::Waiting => "WAITING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Questioned => "QUESTIONED",
        }
    }
}

/// A proof of address of a user.
#[derive(Copy, Clone, Debug)]
pub(super) struct Poa {
    pub(super) submission: Uuid,
    pub(super) status: PoaStatus,
}

/// Where a user's proof of address stands; none where it was never asked for.
pub(super) async fn find(scope: &mut Scope, holder: HolderId) -> Result<Option<Poa>, StoreError> {
    let Some(row) = scope.query_one(FIND, &params![holder]).await? else {
        let required = Poa { submission: Uuid::nil(), status: PoaStatus::Required };
        return Ok(users::find(scope, holder).await?.poa_required.then_some(required));
    };
    let word: String = row.get(1)?;
    let status = PoaStatus::ALL.into_iter().find(|status| status.as_str() == word);
    let status = status.ok_or_else(|| StoreError::unexpected("a kept status is none that there is"))?;
    Ok(Some(Poa { submission: row.get(0)?, status }))
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

/// Writes where a proof of address stands and tells the partner, of what it is told.
pub(super) async fn put(tx: &mut Tx, holder: &Holder, poa: Poa, event: Uuid) -> Result<(), StoreError> {
    let now = tx.now();
    let row = params![holder.id, poa.submission, poa.status.as_str(), now];
    tx.execute(PUT, &row).await?;
    users::set_poa_required(tx, holder.id, poa.status != PoaStatus::Approved).await?;
    if poa.status != PoaStatus::Required {
        tell(tx, holder, event, (POA_EVENT, serde_json::json!({ "status": poa.status.as_str() })));
    }
    Ok(())
}

/// A reviewer's word on a touched user's proof of address, or the word that asks for one.
pub async fn decide(tx: &mut Tx, handle: &str, status: PoaStatus, event: Uuid) -> Result<(), Stop> {
    let holder = existing(tx.holder(handle))?.clone();
    let poa = match (find(tx.scope(), holder.id).await?, status) {
        (None, PoaStatus::Required) => Poa { submission: Uuid::nil(), status },
        (None, _) => return Err(Refusal::of(&P460).into()),
        (Some(Poa { status: PoaStatus::Approved, .. }), PoaStatus::Approved) => {
            return Err(Refusal::of(&P447).into());
        }
        (Some(Poa { status: PoaStatus::Waiting, .. }), PoaStatus::Required) => {
            return Err(Refusal::of(&P211).into());
        }
        (Some(poa), _) => Poa { status, ..poa },
    };
    Ok(put(tx, &holder, poa, event).await?)
}

/// A proof that can't be read is rejected at once, whoever reviews the rest.
pub(super) async fn reject_unreadable(
    tx: &mut Tx,
    holder: &Holder,
    submission: Uuid,
    event: Uuid,
) -> Result<(), StoreError> {
    match find(tx.scope(), holder.id).await? {
        Some(poa) if poa.submission == submission && poa.status == PoaStatus::Waiting => {
            put(tx, holder, Poa { status: PoaStatus::Rejected, ..poa }, event).await
        }
        _ => Ok(()),
    }
}

/// Leaves the job that reviews in a sandbox.
pub(super) fn leave_review(app: &App, tx: &mut Tx, work: &Work) {
    enqueue(tx, work, tx.now().saturating_add(app.settings.settle));
}

fn enqueue(tx: &mut Tx, work: &Work, due: Timestamp) {
    tx.enqueue(NewJob { kind: POA_REVIEW_JOB, lane: Lane::Quick, due, payload: work.payload() });
}

/// The sandbox's reviewer: approves what can be read.
pub async fn review(app: &App, job: &Job) -> Result<(), StoreError> {
    let work = Work::read(job)?;
    let (position, event) = (job.position, app.new_id());
    let touches = vec![Touch::Holder(work.user.clone())];
    let command = async move |tx: &mut Tx| {
        if !tx.finish_job(position).await? {
            return done();
        }
        let Ok(holder) = existing(tx.holder(&work.user)) else { return done() };
        let holder = holder.clone();
        let poa = find(tx.scope(), holder.id).await?;
        let is_open = |poa: &Poa| poa.submission == work.of && poa.status == PoaStatus::Waiting;
        let Some(poa) = poa.filter(is_open) else { return done() };
        let all = files(tx.scope(), holder.id).await?;
        let is_unchecked = |file: &File| file.owner == work.of && file.state == FileState::Unchecked;
        if all.iter().any(is_unchecked) {
            enqueue(tx, &work, tx.now().saturating_add(PAUSE));
        } else {
            put(tx, &holder, Poa { status: PoaStatus::Approved, ..poa }, event).await?;
        }
        done()
    };
    carry_out(app, position, touches, command).await
}

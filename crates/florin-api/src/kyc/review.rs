//! The job that looks at what was sent. In a sandbox it is the reviewer, after the time that simulated ones take; in
//! live it only rejects what can't be read, and leaves the rest to people (`florin kyc decide`).

use super::change::AttemptSecret;
use super::decide::{Decision, decide};
use super::standing::{AttemptStatus, RejectionReason};
use super::store::{self, FileState};
use super::task::Task;
use crate::kit::app::App;
use crate::kit::book::work::Work;
use crate::users::carry_out_for;
use florin_store::{Holder, Job, Lane, NewJob, StoreError, Tx};
use florin_types::Timestamp;
use uuid::Uuid;

/// The kind of the job.
pub const REVIEW_JOB: &str = "kyc.review";

/// Who decides in a sandbox, and what can't be read anywhere.
const AUTOMATIC: &str = "automatic";

/// A document number that begins with this is rejected in a sandbox, for the reason that follows.
pub const REJECT_PREFIX: &str = "REJECT-";

/// The document number that a sandbox leaves to `POST /v1/sandbox/kyc/{externalUserId}`.
pub const HOLD: &str = "HOLD";

/// Leaves the job. If it comes due before all files are decoded, it does nothing, and [`resume`] leaves it anew.
pub(super) fn leave_review(work: &mut Work<'_>, task: &Task) {
    let due = work.in_time(work.app().settings.settle);
    enqueue(work, task, due);
}

/// Leaves the job anew for a review that came due before its files were decoded; they are decoded now.
pub(super) async fn resume(work: &mut Work<'_>, holder: &Holder, task: &Task) -> Result<(), StoreError> {
    let Some(current) = store::find(work.scope(), holder.id).await? else { return Ok(()) };
    let is_open = current.attempt == task.of && current.standing.progress == AttemptStatus::InReview;
    let now = work.now();
    // Before that, the job of the submission still waits.
    let is_due = current.updated_at.saturating_add(work.app().settings.settle) <= now;
    if is_open && is_due && is_decoded(work, holder, task.of).await? {
        enqueue(work, &Task::of(&task.user, task.of), now);
    }
    Ok(())
}

/// Whether all files of an attempt or submission are decoded.
pub(super) async fn is_decoded(
    work: &mut Work<'_>,
    holder: &Holder,
    owner: Uuid,
) -> Result<bool, StoreError> {
    let files = store::files(work.scope(), holder.id).await?;
    Ok(!files.iter().any(|file| file.owner == owner && file.state == FileState::Unchecked))
}

fn enqueue(tx: &mut Tx, task: &Task, due: Timestamp) {
    tx.enqueue(NewJob { kind: REVIEW_JOB, lane: Lane::Quick, due, payload: task.payload() });
}

/// Looks, unless the review was decided meanwhile.
pub async fn review(app: &App, job: &Job) -> Result<(), StoreError> {
    let task = Task::read(job)?;
    let (user, secret) = (task.user.clone(), AttemptSecret::draw(app));
    carry_out_for(app, job, &user, async move |work: &mut Work<'_>, holder: Holder| {
        let current = store::find(work.scope(), holder.id).await?;
        let is_open = |current: &store::Current| {
            current.attempt == task.of && current.standing.progress == AttemptStatus::InReview
        };
        let Some(current) = current.filter(is_open) else { return Ok(()) };
        let files = store::files(work.scope(), holder.id).await?;
        let states = files.iter().filter(|file| file.owner == task.of).map(|file| file.state);
        let decision = match worst(states) {
            FileState::Unreadable => Some(Decision::Reject(RejectionReason::DocumentUnreadable)),
            // Decoding leaves this job anew.
            FileState::Unchecked => None,
            FileState::Readable if work.app().is_sandbox() => {
                let details = current.details(&work.app().seals, holder.secret.as_deref())?;
                sandbox_decision(details.document.as_ref().map_or("", |document| &document.number))
            }
            FileState::Readable => None,
        };
        match decision {
            Some(decision) => decide(work, &task.user, (decision, AUTOMATIC), &secret).await,
            None => Ok(()),
        }
    })
    .await
}

/// What is not readable decides; then what is not looked at yet.
fn worst(states: impl Iterator<Item = FileState>) -> FileState {
    states.fold(FileState::Readable, |worst, state| match (worst, state) {
        (FileState::Unreadable, _) | (_, FileState::Unreadable) => FileState::Unreadable,
        (FileState::Unchecked, _) | (_, FileState::Unchecked) => FileState::Unchecked,
        _ => FileState::Readable,
    })
}

/// What the sandbox's reviewer says of a document number; none leaves it open.
fn sandbox_decision(number: &str) -> Option<Decision> {
    if number == HOLD {
        return None;
    }
    let reason = number.strip_prefix(REJECT_PREFIX).and_then(RejectionReason::of_word);
    Some(reason.map_or(Decision::Approve, Decision::Reject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_numbers_choose_the_outcome() {
        assert_eq!(sandbox_decision("ABC123456"), Some(Decision::Approve));
        assert_eq!(sandbox_decision("HOLD"), None);
        assert_eq!(
            sandbox_decision("REJECT-FACE_MISMATCH"),
            Some(Decision::Reject(RejectionReason::FaceMismatch))
        );
        assert_eq!(sandbox_decision("REJECT-NOTHING"), Some(Decision::Approve));
    }

    #[test]
    fn the_worst_file_counts() {
        use FileState::{Readable, Unchecked, Unreadable};
        for (states, expected) in [
            (&[][..], Readable),
            (&[Readable, Readable], Readable),
            (&[Readable, Unchecked], Unchecked),
            (&[Unchecked, Unreadable, Readable], Unreadable),
        ] {
            assert_eq!(worst(states.iter().copied()), expected);
        }
    }
}

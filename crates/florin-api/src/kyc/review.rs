//! The job that looks at what was sent. In a sandbox it is the reviewer, after the time that simulated ones take; in
//! live it only rejects what can't be read, and leaves the rest to people (`florin kyc decide`).

use super::change::Drawn;
use super::decide::{Decision, decide};
use super::standing::{Progress, UNREADABLE};
use super::store::{self, FileState};
use super::work::Work;
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, done};
use crate::users::existing;
use florin_store::{Job, Lane, NewJob, StoreError, Touch, Tx};
use florin_types::Timestamp;
use std::time::Duration;

/// The kind of the job.
pub const REVIEW_JOB: &str = "kyc.review";

/// Who decides in a sandbox, and what can't be read anywhere.
const AUTOMATIC: &str = "automatic";

/// A document number that begins with this is rejected in a sandbox, for the reason that follows.
pub const REJECT_PREFIX: &str = "REJECT-";

/// The document number that a sandbox leaves to `POST /v1/sandbox/kyc/{externalUserId}`.
pub const HOLD: &str = "HOLD";

/// Until it looks again at files that are not decoded yet: seldom enough that a thousand reviews that wait for a file
/// store do no harm.
pub(super) const PAUSE: Duration = Duration::from_secs(2);

/// Leaves the job.
pub(super) fn leave_review(app: &App, tx: &mut Tx, work: &Work) {
    let due = tx.now().saturating_add(app.settings.settle);
    enqueue(tx, work, due);
}

fn enqueue(tx: &mut Tx, work: &Work, due: Timestamp) {
    tx.enqueue(NewJob { kind: REVIEW_JOB, lane: Lane::Quick, due, payload: work.payload() });
}

/// Looks, unless the review was decided meanwhile.
pub async fn review(app: &App, job: &Job) -> Result<(), StoreError> {
    let work = Work::read(job)?;
    let (position, drawn) = (job.position, Drawn::draw(app));
    let touches = vec![Touch::Holder(work.user.clone())];
    let platform = app.clone();
    let command = async move |tx: &mut Tx| {
        if !tx.finish_job(position).await? {
            return done();
        }
        let Ok(holder) = existing(tx.holder(&work.user)) else { return done() };
        let holder = holder.clone();
        let current = store::find(tx.scope(), holder.id).await?;
        let is_open = |current: &store::Current| {
            current.attempt == work.of && current.standing.progress == Progress::InReview
        };
        let Some(current) = current.filter(is_open) else { return done() };
        let files = store::files(tx.scope(), holder.id).await?;
        let states = files.iter().filter(|file| file.owner == work.of).map(|file| file.state);
        let decision = match worst(states) {
            FileState::Unreadable => Some(Decision::Reject(UNREADABLE)),
            FileState::Unchecked => {
                enqueue(tx, &work, tx.now().saturating_add(PAUSE));
                None
            }
            FileState::Readable if platform.is_sandbox() => {
                let details = current.details(&platform.seals, holder.secret.as_deref())?;
                sandbox_decision(details.document.as_ref().map_or("", |document| &document.number))
            }
            FileState::Readable => None,
        };
        if let Some(decision) = decision {
            decide(&platform, tx, &work.user, (decision, AUTOMATIC), &drawn).await?;
        }
        done()
    };
    carry_out(app, position, touches, command).await
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
    let reason = number.strip_prefix(REJECT_PREFIX).and_then(store::reason);
    Some(reason.map_or(Decision::Approve, Decision::Reject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_numbers_choose_the_outcome() {
        assert_eq!(sandbox_decision("ABC123456"), Some(Decision::Approve));
        assert_eq!(sandbox_decision("HOLD"), None);
        assert_eq!(sandbox_decision("REJECT-FACE_MISMATCH"), Some(Decision::Reject("FACE_MISMATCH")));
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

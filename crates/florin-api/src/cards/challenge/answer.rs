//! Giving a code.

use super::code::Code;
use super::state::{CardChallenge, ChallengeStatus, Purpose, TRIES};
use super::touch;
use crate::kit::book::work::Work;
use crate::kit::endpoint::codes::P475;
use crate::kit::endpoint::refusal::Refusal;
use florin_store::Stop;
use uuid::Uuid;

/// What giving a code comes to.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// How the challenge stands.
    pub status: ChallengeStatus,
    /// How often a code can still be given.
    pub tries_left: i64,
}

/// Checks a code that a payer gives for a challenge of 3-D Secure.
///
/// # Errors
/// P475 for an unknown challenge, or a fault. A wrong code is none.
pub async fn answer(work: &mut Work<'_>, card: Uuid, id: Uuid, code: &Code) -> Result<Answered, Stop> {
    answer_for(work, Purpose::Secure, (card, id), code).await
}

/// Checks a code that is given for a challenge of a card. One for another purpose is unknown.
pub(super) async fn answer_for(
    work: &mut Work<'_>,
    purpose: Purpose,
    (card, id): (Uuid, Uuid),
    code: &Code,
) -> Result<Answered, Stop> {
    work.load(&[touch(id)]).await?;
    let is_meant = |challenge: &CardChallenge| challenge.card == card && challenge.purpose == purpose;
    let found = work.object::<CardChallenge>(id)?.filter(is_meant);
    let challenge = found.ok_or_else(|| Refusal::of(&P475))?;
    let is_right = code.is(work.app(), id, &challenge.code);
    let next = challenge.clone().after(is_right, work.now());
    if next != challenge {
        work.put(&next)?;
    }
    let tries_left = if next.outcome == ChallengeStatus::Pending { TRIES - next.tries } else { 0 };
    Ok(Answered { status: next.outcome, tries_left })
}

//! Giving a code.

use super::code::Code;
use super::state::{CardChallenge, ChallengeStatus, TRIES};
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

/// Checks a code that somebody gives for a challenge of a card.
///
/// # Errors
/// P475 for an unknown challenge, or a fault. A wrong code is none.
pub async fn answer(work: &mut Work<'_>, card: Uuid, id: Uuid, code: &Code) -> Result<Answered, Stop> {
    work.load(&[touch(id)]).await?;
    let found = work.object::<CardChallenge>(id)?.filter(|challenge| challenge.card == card);
    let challenge = found.ok_or_else(|| Refusal::of(&P475))?;
    let is_right = code.is(work.app(), id, &challenge.code);
    let next = challenge.clone().after(is_right, work.now());
    if next != challenge {
        work.put(&next)?;
    }
    let tries_left = if next.outcome == ChallengeStatus::Pending { TRIES - next.tries } else { 0 };
    Ok(Answered { status: next.outcome, tries_left })
}

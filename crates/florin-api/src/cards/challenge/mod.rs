//! Codes that somebody must give: for 3-D Secure, and to activate a card. A code goes to the partner by an event,
//! sealed under the user's key; what it is checked with is a hash under a key of the installation.

mod activation;
mod answer;
mod ask;
mod code;
mod events;
mod state;
mod store;

pub(super) use activation::endpoints;
pub use answer::{Answered, answer};
pub use ask::{Asked3ds, ask, seed};
pub use code::Code;
pub(super) use events::{ACTIVATION_EXAMPLE, CardActivationPayload};
pub(super) use events::{Card3dsPayload, SECURE_EXAMPLE, render_activation, render_secure};
pub(super) use state::CardChallenge;
pub use state::{ChallengeStatus, TRIES};
pub(super) use store::{CHALLENGES, SETS, STATEMENTS, empty};

use super::decide::Authentication;
use super::payment::CardPayment;
use crate::kit::app::App;
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use ask::CodeMessage;
use florin_store::{Holder, StoreError, Touch};
use florin_types::Timestamp;
use state::Purpose;
use uuid::Uuid;

/// What a command must touch to look at a challenge.
pub fn touch(id: Uuid) -> Touch {
    Touch::Object(&CHALLENGES, id)
}

/// Whether a challenge was passed for this payment: for its payee and no less than its amount, as Regulation (EU)
/// 2018/389, article 5, has it.
pub(super) fn authentication(
    (app, holder): (&App, &Holder),
    challenge: Option<&CardChallenge>,
    (payment, payee, amount): (&CardPayment, Option<String>, i64),
    now: Timestamp,
) -> Result<Authentication, StoreError> {
    let passed = challenge.filter(|challenge| {
        challenge.purpose == Purpose::Secure
            && challenge.card == payment.card
            && challenge.currency == Some(payment.currency)
            && challenge.amount.is_some_and(|most| amount <= most)
            && challenge.counts_at(now)
    });
    let Some(challenge) = passed else { return Ok(Authentication::Failed) };
    let asked: Option<CodeMessage> = sealed::open(&app.seals, Some(holder), challenge.sealed.as_deref())?;
    let is_same = payee.is_some() && asked.and_then(|said| said.merchant) == payee;
    Ok(if is_same { Authentication::Passed } else { Authentication::Failed })
}

/// Notes that a payment was approved by a challenge: it counts for no other.
pub(super) fn use_up(work: &mut Work<'_>, id: Uuid) -> Result<(), StoreError> {
    match work.object::<CardChallenge>(id)? {
        Some(challenge) => work.put(&CardChallenge { outcome: ChallengeStatus::Used, ..challenge }),
        None => Ok(()),
    }
}

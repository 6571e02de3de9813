//! Asking for a code.

use super::code::Code;
use super::state::{CardChallenge, ChallengeStatus, Purpose, VALID};
use super::touch;
use crate::cards::card::{Card, CardStatus};
use crate::cards::flows::MerchantCurrency;
use crate::cards::number::CardSeed;
use crate::cards::store::CARDS;
use crate::kit::app::App;
use crate::kit::book::sealed;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::codes::P434;
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::refusal::Refusal;
use crate::users::Gate;
use florin_rails::cards::Authentication;
use florin_store::{Stop, StoreError, Touch};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Draws what a code is made of, from the operating system: before the command, for the code leaves the building.
#[derive(Clone)]
pub struct CodeSeed(CardSeed);

/// A seed of a code.
pub fn seed(app: &App) -> CodeSeed {
    CodeSeed(CardSeed::draw(app))
}

/// A payment for which 3-D Secure is asked.
#[derive(Clone, Debug)]
pub struct Asked3ds {
    /// Minor units of the merchant's currency.
    pub amount: i64,
    /// The merchant's currency.
    pub currency: MerchantCurrency,
    /// The merchant's name.
    pub merchant: String,
    /// About what it is worth in EUR: cents. None: nobody knows.
    pub cents: Option<i64>,
}

/// What an event says, sealed under the user's key.
#[derive(Serialize, Deserialize)]
pub(super) struct CodeMessage {
    /// The code.
    #[serde(rename = "c")]
    pub code: String,
    /// The merchant's name.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub merchant: Option<String>,
}

/// Asks for 3-D Secure: the code goes to the partner, unless none is needed or it is declined.
///
/// # Errors
/// P434 for an unknown card, or a fault.
pub async fn ask(
    work: &mut Work<'_>,
    seed: &CodeSeed,
    card: Uuid,
    asked: &Asked3ds,
) -> Result<(Uuid, ChallengeStatus), Stop> {
    work.load(&[Touch::Object(&CARDS, card)]).await?;
    let card = work.object::<Card>(card)?.ok_or_else(|| Refusal::of(&P434))?;
    work.load(&[Touch::Holder(card.holder)]).await?;
    let gate = work.holder_by_id(card.holder).map(Gate::of).unwrap_or_default();
    let is_usable = card.status == CardStatus::Active && work.now() < card.expires_at && gate.may_pay();
    let processor = work.app().settings.cards.processor.as_ref();
    let of_network = processor.map_or(Authentication::Challenge, |processor| {
        processor.authentication(&asked.merchant, asked.cents.unwrap_or(i64::MAX))
    });
    let outcome = match of_network {
        _ if !is_usable => ChallengeStatus::Declined,
        Authentication::Decline => ChallengeStatus::Declined,
        Authentication::Frictionless => ChallengeStatus::Frictionless,
        Authentication::Challenge => ChallengeStatus::Pending,
    };
    let code = Code::draw(&seed.0.stream());
    let (app, id, now) = (work.app(), work.id(), work.now());
    let merchant = CodeMessage { code: String::new(), merchant: Some(asked.merchant.clone()) };
    let sealed = if gate.is_closed { None } else { Some(sealed::seal(work, card.holder, &merchant)?) };
    work.put(&CardChallenge {
        id,
        holder: card.holder,
        card: card.id,
        purpose: Purpose::Secure,
        code: code.kept(app, id),
        tries: 0,
        sealed,
        currency: Some(asked.currency.currency().code),
        amount: Some(asked.amount),
        outcome,
        created_at: now,
        expires_at: now.saturating_add(VALID),
    })?;
    if outcome == ChallengeStatus::Pending {
        let said = CodeMessage { code: code.as_str().to_owned(), ..merchant };
        let said = sealed::seal(work, card.holder, &said)?;
        work.emit(Event::about(EventType::Card3ds, id).of_holder(card.holder).with(said));
    }
    Ok((id, outcome))
}

/// Sends a code to activate a card. One that was sent before counts no more. The holder and the card's challenge must
/// have been touched.
pub(super) fn ask_activation(work: &mut Work<'_>, seed: &CodeSeed, card: &Card) -> Result<(), StoreError> {
    let code = Code::draw(&seed.0.stream());
    let (app, now) = (work.app(), work.now());
    work.put(&CardChallenge {
        id: card.id,
        holder: card.holder,
        card: card.id,
        purpose: Purpose::Activation,
        code: code.kept(app, card.id),
        tries: 0,
        sealed: None,
        currency: None,
        amount: None,
        outcome: ChallengeStatus::Pending,
        created_at: now,
        expires_at: now.saturating_add(VALID),
    })?;
    let said =
        sealed::seal(work, card.holder, &CodeMessage { code: code.as_str().to_owned(), merchant: None })?;
    work.emit(Event::about(EventType::CardActivation, card.id).of_holder(card.holder).with(said));
    Ok(())
}

/// What a command must touch to send a code to activate a card.
pub(super) fn touch_activation(card: Uuid) -> Touch {
    touch(card)
}

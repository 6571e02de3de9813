//! The card that a request names: its user's id and its own.

use super::card::Card;
use super::store::CARDS;
use crate::kit::prelude::*;
use crate::users::{USER_WORDS, require};
use florin_store::Holder;

/// A user and a card.
pub(super) struct NamedCard {
    user: ExternalUserId,
    card: Uuid,
}

impl NamedCard {
    /// Reads the two fields.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let user =
            fields.required("externalUserId").about("Whose card it is.").also_called(USER_WORDS).text();
        let card = fields.required("cardId").about("The card.").text();
        Some(Self { user: user?, card: card? })
    }

    /// The card's id.
    pub(super) const fn card(&self) -> Uuid {
        self.card
    }

    /// What a command must touch to find it.
    pub(super) fn touches(&self) -> Vec<Touch> {
        vec![Touch::User(self.user.as_str().to_owned()), Touch::Object(&CARDS, self.card)]
    }

    /// The user.
    ///
    /// # Errors
    /// P412.
    pub(super) fn holder(&self, work: &Work<'_>) -> Result<Holder, Stop> {
        Ok(require(work.holder(self.user.as_str()), self.user.as_str())?.clone())
    }

    /// The user and the card.
    ///
    /// # Errors
    /// P412 or P434.
    pub(super) fn find(&self, work: &Work<'_>) -> Result<(Holder, Card), Stop> {
        let holder = self.holder(work)?;
        let card = Card::require(work.object(self.card)?, holder.id)?;
        Ok((holder, card))
    }
}

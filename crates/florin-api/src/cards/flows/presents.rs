//! What is presented with a card, and whether it is right. None of it is kept or logged.

use crate::cards::card::Card;
use crate::cards::decide::Presented;
use crate::cards::secrets::{CardData, has_pin, keys_of};
use crate::kit::app::App;
use florin_store::{Holder, StoreError};
use zeroize::Zeroizing;

/// What a merchant or the network presents.
#[derive(Clone, Default)]
pub struct Presents {
    /// The three digits on the back.
    pub cvv: Option<Zeroizing<String>>,
    /// The expiry date, as `MM/YY`.
    pub expiry: Option<String>,
    /// The PIN.
    pub pin: Option<Zeroizing<String>>,
}

impl Presents {
    /// What is right of it.
    ///
    /// # Errors
    /// The user's key can't be unwrapped, or does not open what is on the card.
    pub(super) fn check(&self, app: &App, card: &Card, holder: &Holder) -> Result<Presented, StoreError> {
        let expiry = self.expiry.as_ref().map(|expiry| *expiry == card.printed_expiry());
        if (self.cvv.is_none() && self.pin.is_none()) || card.sealed.is_none() {
            return Ok(Presented { expiry, ..Presented::default() });
        }
        let keys = keys_of(app, holder)?;
        let data = CardData::open(&keys, card.sealed.as_deref())?;
        let cvv = self.cvv.as_ref().map(|cvv| data.has_cvv(cvv));
        let is_right =
            |pin: &str| has_pin(&keys, card.pin_block.as_deref(), &data.number, pin).unwrap_or(false);
        let pin = self.pin.as_ref().map(|pin| is_right(pin));
        Ok(Presented { cvv, expiry, pin })
    }
}

//! What is presented with a card, and whether it is right. None of it is kept or logged.

use crate::cards::card::Card;
use crate::cards::decide::{Presented, Proof};
use crate::cards::secrets::{CardData, has_pin, keys_of};
use crate::cards::tries::CardTries;
use crate::kit::app::App;
use florin_store::{Holder, StoreError};
use florin_types::Timestamp;
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
    /// What is right of it, in the order in which it is a reason to decline. What comes after the first that fails is
    /// not looked at, so that an answer tells about one value only, and each look counts as a try. Nor is a value of
    /// which too many were wrong before.
    ///
    /// # Errors
    /// The user's key can't be unwrapped, or does not open what is on the card.
    pub(super) fn check(
        &self,
        app: &App,
        (card, holder): (&Card, &Holder),
        (tries, now): (&CardTries, Timestamp),
    ) -> Result<Presented, StoreError> {
        let expiry = self.expiry.as_ref().map(|expiry| *expiry == card.printed_expiry());
        let presented = Presented { expiry, ..Presented::default() };
        if expiry == Some(false) || (self.cvv.is_none() && self.pin.is_none()) {
            return Ok(presented);
        }
        if self.cvv.is_some() && tries.locks_cvv(now) {
            return Ok(Presented { cvv: Some(Proof::Unchecked), ..presented });
        }
        let keys = keys_of(app, holder)?;
        let data = CardData::open(&keys, card.sealed.as_deref())?;
        let cvv = self.cvv.as_ref().map(|cvv| Proof::of(data.has_cvv(cvv)));
        let pin = match &self.pin {
            Some(_) if cvv == Some(Proof::Wrong) => None,
            Some(_) if tries.locks_pin() => Some(Proof::Unchecked),
            // A card without a PIN has none that is right.
            Some(pin) => {
                let is_right = has_pin(&keys, card.pin_block.as_deref(), &data.number, pin);
                Some(Proof::of(is_right.unwrap_or(false)))
            }
            None => None,
        };
        Ok(Presented { cvv, pin, ..presented })
    }
}

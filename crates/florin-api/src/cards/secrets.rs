//! What is on a card, sealed under the keys of its user's cards. The PIN is kept as a block of ISO 9564 under a key of
//! its own, the form in which a network sends one.

use super::number::CardStream;
use super::pin_block::{self, Pin};
use crate::kit::app::App;
use crate::kit::book::seal::CardKeys;
use florin_store::{Holder, StoreError};
use florin_types::CardNumber;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Number and CVV. Neither is ever logged, kept in clear or cached.
pub(super) struct CardData {
    pub(super) number: CardNumber,
    /// Three digits.
    pub(super) cvv: Zeroizing<String>,
}

/// As it is sealed.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    #[serde(rename = "n")]
    number: &'a str,
    #[serde(rename = "c")]
    cvv: &'a str,
}

impl CardData {
    /// A new card of this number, with a CVV that is drawn.
    pub(super) fn of(number: CardNumber, stream: &CardStream) -> Self {
        let cvv = Zeroizing::new(format!("{:03}", stream.number() % 1_000));
        Self { number, cvv }
    }

    /// Seals it.
    ///
    /// # Errors
    /// The engine refuses, which it has no reason to.
    pub(super) fn seal(&self, keys: &CardKeys, stream: &CardStream) -> Result<Vec<u8>, StoreError> {
        let written = Written { number: self.number.as_str(), cvv: &self.cvv };
        let text = Zeroizing::new(serde_json::to_vec(&written).map_err(StoreError::unexpected)?);
        keys.seal(stream.nonce(), &text).ok_or_else(|| StoreError::unexpected("card data cannot be sealed"))
    }

    /// Opens it.
    ///
    /// # Errors
    /// It is of another key, or damaged.
    pub(super) fn open(keys: &CardKeys, sealed: Option<&[u8]>) -> Result<Self, StoreError> {
        // No cause: it could quote what is inside.
        let unreadable = || StoreError::unexpected("card data cannot be opened with the key of its user");
        let text = sealed.and_then(|sealed| keys.open(sealed)).ok_or_else(unreadable)?;
        let Written { number, cvv } = serde_json::from_slice(&text).map_err(|_| unreadable())?;
        let number = CardNumber::parse(number).map_err(|_| unreadable())?;
        Ok(Self { number, cvv: Zeroizing::new(cvv.to_owned()) })
    }
}

/// The keys of a holder's cards.
///
/// # Errors
/// The holder's key can't be unwrapped, now or any more.
pub(super) fn keys_of(app: &App, holder: &Holder) -> Result<CardKeys, StoreError> {
    let secret = holder.secret.as_deref();
    let keys = secret.and_then(|secret| app.seals.card_keys(secret));
    keys.ok_or_else(|| app.seals.fault(secret, "a key of cards can't be made of its holder's"))
}

/// The block of a PIN.
///
/// # Errors
/// The engine refuses, which it has no reason to.
pub(super) fn pin_block_of(
    keys: &CardKeys,
    pin: &Pin,
    number: &CardNumber,
    stream: &CardStream,
) -> Result<Vec<u8>, StoreError> {
    let block = pin_block::encipher(keys.pin_key(), pin, number, stream.bytes());
    block.ok_or_else(|| StoreError::unexpected("a PIN cannot be enciphered"))
}

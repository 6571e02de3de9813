//! What is on a card, sealed under the keys of its user's cards. The PIN is kept as a block of ISO 9564 under a key of
//! its own, the form in which a network sends one.

use super::number::CardStream;
use super::pin_block::{self, Pin};
use crate::kit::app::App;
use crate::kit::book::seal::CardKeys;
use florin_store::{Holder, StoreError};
use florin_types::CardNumber;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
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

    /// Whether a CVV is the card's.
    pub(super) fn has_cvv(&self, cvv: &str) -> bool {
        !self.cvv.is_empty() && bool::from(self.cvv.as_bytes().ct_eq(cvv.as_bytes()))
    }

    /// The number alone, for a card by which nobody may pay any more.
    pub(super) fn without_cvv(self) -> Self {
        Self { cvv: Zeroizing::default(), ..self }
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

/// Whether a PIN is that of a card. None: the card has no block, or one of another key.
pub(super) fn has_pin(keys: &CardKeys, block: Option<&[u8]>, number: &CardNumber, pin: &str) -> Option<bool> {
    let known = block.and_then(|block| pin_block::decipher(keys.pin_key(), block, number))?;
    Some(known.as_str().as_bytes().ct_eq(pin.as_bytes()).into())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cards::number::CardSeed;
    use crate::kit::book::seal::{SLOTS, Seals, SheetRead};
    use crate::kit::testing::Counted;
    use florin_types::CardRange;
    use uuid::Uuid;

    /// The keys of two users.
    fn keys() -> [CardKeys; 2] {
        let seals = Seals::new([9; 32], Box::new(|_| SheetRead::Missing));
        let sheet = Uuid::from_u128(1);
        seals.add_sheet(
            sheet,
            Zeroizing::new((0..u32::from(SLOTS) * 32).map(|at| (at % 251 + 1) as u8).collect()),
        );
        seals.add_slots(sheet, 0..SLOTS);
        let entropy = Counted::default();
        [0, 1].map(|_| {
            let secret = seals.new_user_secret(seals.take_slot().unwrap(), &entropy).unwrap();
            seals.card_keys(&secret).unwrap()
        })
    }

    #[test]
    fn card_data_and_pin_are_of_one_user_and_card() {
        let [mine, others] = keys();
        let stream = CardSeed::of([3; 32]).stream();
        let range = CardRange::of_no_network();
        let data = CardData::of(range.number(stream.number()), &stream);
        let sealed = data.seal(&mine, &stream).unwrap();
        assert!(!sealed.windows(9).any(|part| part == &data.number.as_str().as_bytes()[6..15]));
        let opened = CardData::open(&mine, Some(&sealed)).unwrap();
        assert_eq!((&opened.number, &opened.cvv), (&data.number, &data.cvv));
        assert!(CardData::open(&others, Some(&sealed)).is_err());
        assert!(CardData::open(&mine, None).is_err());
        let wrong = if *data.cvv == "123" { "124" } else { "123" };
        assert!(data.has_cvv(&data.cvv) && !data.has_cvv(wrong) && !data.has_cvv(""));
        let pin = Pin::parse("4829").unwrap();
        let block = pin_block_of(&mine, &pin, &data.number, &stream).unwrap();
        let has = |keys, number: &CardNumber, pin: &str| has_pin(keys, Some(&block), number, pin);
        assert_eq!(has(&mine, &data.number, "4829"), Some(true));
        assert_eq!(has(&mine, &data.number, "4828"), Some(false));
        assert_eq!(has(&others, &data.number, "4829"), None);
        assert_eq!(has(&mine, &range.number(7), "4829"), None);
        assert!(!opened.without_cvv().has_cvv(""));
    }

    /// The same seed draws the same card, as a command can run twice.
    #[test]
    fn a_seed_draws_one_card() {
        let draw = |seed| {
            let stream = CardSeed::of(seed).stream();
            CardData::of(CardRange::of_no_network().number(stream.number()), &stream)
        };
        let ([a, b], c) = ([draw([1; 32]), draw([1; 32])], draw([2; 32]));
        assert_eq!((&a.number, &a.cvv), (&b.number, &b.cvv));
        assert_ne!(a.number, c.number);
    }
}

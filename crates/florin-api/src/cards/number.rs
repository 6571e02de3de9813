//! Giving out card numbers: each once, over all books of the installation and for ever.

use super::store;
use crate::kit::app::App;
use crate::kit::book::seal::Nonce;
use crate::kit::book::work::Work;
use florin_store::StoreError;
use florin_types::{CardNumber, Entropy};
use std::sync::{Mutex, PoisonError};

/// Numbers that are tried for one card. While half of the range is free, that many taken ones in a row are as rare as a
/// hash that meets another.
const TRIES: usize = 128;

/// Where what is drawn for one card comes from: the operating system seeds it before the command, since card data leave
/// the building. At every run of the command it gives the same.
pub(super) struct CardStream(Mutex<blake3::OutputReader>);

impl Entropy for CardStream {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

/// The seed of a [`CardStream`].
#[derive(Clone)]
pub(super) struct CardSeed([u8; 32]);

impl CardSeed {
    /// Draws one from the operating system.
    pub(super) fn draw(app: &App) -> Self {
        let mut seed = [0; 32];
        app.entropy.fill(&mut seed);
        Self(seed)
    }

    /// One that is known, for tests.
    #[cfg(test)]
    pub(super) const fn of(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The stream from its beginning.
    pub(super) fn stream(&self) -> CardStream {
        CardStream(Mutex::new(blake3::Hasher::new_keyed(&self.0).finalize_xof()))
    }
}

impl CardStream {
    /// So many random bytes.
    pub(super) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random number.
    pub(super) fn number(&self) -> u64 {
        u64::from_be_bytes(self.bytes())
    }

    /// A nonce.
    pub(super) fn nonce(&self) -> Nonce {
        Nonce::draw(self)
    }
}

/// What is kept of a number to find it by, and to know that it was given out: a hash under a key of the installation,
/// so that the database alone tells nobody which of the few numbers of a range it is.
pub(super) fn key_of(app: &App, number: &CardNumber) -> Vec<u8> {
    let key = app.store.derive_key("florin 2026 card numbers v1");
    blake3::keyed_hash(&key, number.as_str().as_bytes()).as_bytes()[..16].to_vec()
}

/// A number that nobody has or had, with its key. Another process may take the same one in the same moment: then the
/// unique index ends this command with a fault, and a repeat of the call draws another. At ten cards a second, each of
/// which takes some milliseconds, that is to be expected less than once in the life of a range, however long it is.
///
/// # Errors
/// The range is used up, or nearly.
pub(super) async fn free_number(
    work: &mut Work<'_>,
    stream: &CardStream,
) -> Result<(CardNumber, Vec<u8>), StoreError> {
    for _ in 0..TRIES {
        let number = work.app().settings.cards.range.number(stream.number());
        let key = key_of(work.app(), &number);
        if !store::is_taken(work.scope(), &key).await? {
            return Ok((number, key));
        }
    }
    Err(StoreError::unavailable("no free card number was found: set another card_bin"))
}

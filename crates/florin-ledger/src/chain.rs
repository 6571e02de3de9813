//! The chain over a book's rows: each link is a keyed BLAKE3 hash (BLAKE3 specification, section 2.2 "keyed hashing")
//! of the link before and the row, so that a changed, missing, added, reordered or cut-off row shows, and nobody
//! without the key can mend the chain after a change.

use crate::Record;
use std::fmt;

/// The key of all chains of an installation.
#[derive(Clone)]
pub struct ChainKey([u8; 32]);

impl ChainKey {
    /// Takes the key's bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey(…)")
    }
}

/// One link: what stands in a row, and, of the newest row, in the book.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// The link before the first row.
    pub const START: Chain = Chain([0; 32]);

    /// The link of a row made of `parts`. Each part's length is hashed before it, so that no two rows hash the same
    /// bytes.
    pub fn next(self, key: &ChainKey, parts: &[&[u8]]) -> Chain {
        let mut hasher = blake3::Hasher::new_keyed(&key.0);
        hasher.update(&self.0);
        for part in parts {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Chain(*hasher.finalize().as_bytes())
    }

    /// The link of a journal record, whose legs are given as they are stored.
    pub fn next_record(self, key: &ChainKey, record: &Record, legs: &[u8]) -> Chain {
        self.next(
            key,
            &[
                &record.position.0.to_be_bytes(),
                &record.version.to_be_bytes(),
                &record.kind.0.to_be_bytes(),
                &record.at.micros().to_be_bytes(),
                record.object.as_bytes(),
                legs,
                &record.memo,
            ],
        )
    }
}

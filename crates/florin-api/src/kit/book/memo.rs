//! The memo of a journal record: free text that belongs to an operation, sealed under the key of one of its holders, a
//! user or the partner. Destroying that key destroys the text.
//!
//! Two layouts are read. Today's begins with a version, whose highest bit is set: version, holder (8 bytes,
//! big-endian), sealed JSON. Before, a memo was the holder and a sealed reference; a holder's number is never negative,
//! so its first byte has the highest bit clear.

use super::seal::Seals;
use super::sealed;
use super::work::Work;
use florin_ledger::HolderId;
use florin_store::{Holder, StoreError};
use serde::{Deserialize, Serialize};

/// The version that is written, with the bit that tells it from the layout before.
const VERSION: u8 = 0x81;

/// What is said about an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memo {
    /// What the sender wrote.
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The name of somebody outside.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The IBAN of somebody outside.
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    pub iban: Option<String>,
    /// The merchant of a card payment.
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    pub merchant: Option<String>,
}

impl Memo {
    /// The bytes to be kept with a record; none where nothing is said. `holder` is the touched holder of a user, or the
    /// partner's, which is given a key where it has none yet.
    ///
    /// # Errors
    /// A key that can't be unwrapped.
    pub fn seal(&self, work: &mut Work<'_>, holder: HolderId) -> Result<Vec<u8>, StoreError> {
        if *self == Self::default() {
            return Ok(Vec::new());
        }
        let sealed = sealed::seal(work, holder, self)?;
        let mut memo = vec![VERSION];
        memo.extend(holder.0.to_be_bytes());
        memo.extend(sealed);
        Ok(memo)
    }
}

/// A memo as it is kept.
pub struct SealedMemo<'a> {
    /// The holder under whose key it is.
    pub holder: HolderId,
    is_versioned: bool,
    sealed: &'a [u8],
}

impl<'a> SealedMemo<'a> {
    /// Reads a record's memo; none where nothing was said, or by a version of the platform that comes later.
    pub fn of(memo: &'a [u8]) -> Option<Self> {
        let (is_versioned, rest) = match memo.first()? {
            &VERSION => (true, &memo[1..]),
            first if first & 0x80 == 0 => (false, memo),
            _ => return None,
        };
        let (holder, sealed) = rest.split_first_chunk::<8>()?;
        Some(Self { holder: HolderId(i64::from_be_bytes(*holder)), is_versioned, sealed })
    }

    /// The text, as long as the holder's key has not been destroyed.
    pub fn open(&self, seals: &Seals, holder: &Holder) -> Option<Memo> {
        let text = seals.open(holder.secret.as_deref()?, self.sealed)?;
        match self.is_versioned {
            true => serde_json::from_str(&text).ok(),
            false => Some(Memo { reference: Some(text), ..Memo::default() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_are_told_apart() {
        let holder = HolderId((7 << 40) | 12);
        let mut memo = vec![VERSION];
        memo.extend(holder.0.to_be_bytes());
        memo.extend(b"sealed");
        let read = SealedMemo::of(&memo).unwrap();
        assert_eq!((read.holder, read.is_versioned, read.sealed), (holder, true, &b"sealed"[..]));
        let read = SealedMemo::of(&memo[1..]).unwrap();
        assert_eq!((read.holder, read.is_versioned, read.sealed), (holder, false, &b"sealed"[..]));
        // The largest number of a book that there can be, and a version that is not known.
        assert!(!SealedMemo::of(&i64::MAX.to_be_bytes()).unwrap().is_versioned);
        assert!(SealedMemo::of(&[0x82; 20]).is_none());
        assert!(SealedMemo::of(&[]).is_none());
    }
}

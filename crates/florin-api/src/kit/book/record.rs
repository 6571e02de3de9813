//! The kinds of journal records, and what their memo holds. The numbers are kept for ever.

use crate::kit::book::seal::{Nonce, Seals};
use florin_ledger::{HolderId, RecordKind};
use florin_store::{Holder, StoreError};

/// Money from one holder's main account to another's.
pub const TRANSFER: RecordKind = RecordKind(1);
/// Made-up money of the sandbox.
pub const FUNDING: RecordKind = RecordKind(2);

/// What history calls a record: the contract's `type`.
pub const HISTORY_TYPES: &[(&str, &[RecordKind])] = &[
    ("INTERNAL_TRANSFER", &[TRANSFER]),
    ("EXCHANGE", &[]),
    ("SEPA_TRANSFER", &[]),
    ("SEPA_DEPOSIT", &[]),
    ("CRYPTO_DEPOSIT", &[]),
    ("CRYPTO_WITHDRAWAL", &[]),
    ("ORDER", &[]),
    ("PAYMENT_LINK", &[]),
    ("CARD_TRANSACTION", &[]),
    ("FEE", &[]),
    ("REFUND", &[]),
    ("ADJUSTMENT", &[FUNDING]),
];

/// The `type` of a record.
pub fn history_type(kind: RecordKind) -> &'static str {
    HISTORY_TYPES.iter().find(|(_, kinds)| kinds.contains(&kind)).map_or("ADJUSTMENT", |(name, _)| name)
}

/// A reference in a memo: whose key it is sealed under, and the sealed text.
pub struct SealedReference {
    /// The user under whose key it is.
    pub holder: HolderId,
    sealed: Vec<u8>,
}

impl SealedReference {
    /// The memo of a record: empty without a reference.
    pub fn memo(
        seals: &Seals,
        holder: &Holder,
        nonce: Nonce,
        reference: Option<&str>,
    ) -> Result<Vec<u8>, StoreError> {
        let Some(reference) = reference else { return Ok(Vec::new()) };
        let secret = holder.secret.as_deref().ok_or_else(|| StoreError::unexpected("a user has no key"))?;
        let sealed = seals.seal(secret, nonce, reference);
        let sealed = sealed.ok_or_else(|| StoreError::unexpected("a user's key can't be unwrapped"))?;
        let mut memo = holder.id.0.to_be_bytes().to_vec();
        memo.extend(sealed);
        Ok(memo)
    }

    /// The reference in a memo, where there is one.
    pub fn of_memo(memo: &[u8]) -> Option<Self> {
        let (holder, sealed) = memo.split_first_chunk::<8>()?;
        Some(Self { holder: HolderId(i64::from_be_bytes(*holder)), sealed: sealed.to_vec() })
    }

    /// The text, as long as the user's key has not been destroyed.
    pub fn open(&self, seals: &Seals, holder: &Holder) -> Option<String> {
        seals.open(holder.secret.as_deref()?, &self.sealed)
    }
}

//! Kinds of journal records, how they are read as lines of history, and what their memo holds. Each family owns its
//! numbers, which are kept for ever.

use super::seal::Seals;
use super::work::Work;
use crate::words;
use florin_ledger::{HolderId, RecordKind};
use florin_store::{Holder, StoreError};

words! {
    /// What a line of history is.
    pub enum HistoryType {
        /// Money moved between users, or between a user and the master balance.
        InternalTransfer = "INTERNAL_TRANSFER",
        /// An exchange of currencies.
        Exchange = "EXCHANGE",
        /// A SEPA transfer out.
        SepaTransfer = "SEPA_TRANSFER",
        /// A SEPA payment that came in.
        SepaDeposit = "SEPA_DEPOSIT",
        /// A crypto deposit.
        CryptoDeposit = "CRYPTO_DEPOSIT",
        /// A crypto withdrawal.
        CryptoWithdrawal = "CRYPTO_WITHDRAWAL",
        /// A paid order.
        Order = "ORDER",
        /// A paid payment link.
        PaymentLink = "PAYMENT_LINK",
        /// A card transaction.
        CardTransaction = "CARD_TRANSACTION",
        /// A fee of its own.
        Fee = "FEE",
        /// Money that came back.
        Refund = "REFUND",
        /// A correction, or money that a sandbox made.
        Adjustment = "ADJUSTMENT",
    }
}

words! {
    /// How far the operation of a line of history is.
    pub enum HistoryStatus {
        /// It is under way; money may be on hold.
        Pending = "PENDING",
        /// It is done.
        Successful = "SUCCESSFUL",
        /// It failed; what was on hold was released.
        Failed = "FAILED",
    }
}

/// A kind of record: a family's constant, listed in its table.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// The number in the journal.
    pub kind: RecordKind,
    /// What history calls it.
    pub history: HistoryType,
    /// Where the operation stands once this record is its last.
    pub status: HistoryStatus,
}

/// A reference in a memo: whose key it is sealed under, and the sealed text.
pub struct SealedReference {
    /// The user under whose key it is.
    pub holder: HolderId,
    sealed: Vec<u8>,
}

impl SealedReference {
    /// The memo of a record.
    pub fn memo(work: &mut Work<'_>, holder: &Holder, reference: &str) -> Result<Vec<u8>, StoreError> {
        let nonce = work.nonce();
        let secret = holder.secret.as_deref().ok_or_else(|| StoreError::unexpected("a user has no key"))?;
        let sealed = work.app().seals.seal(secret, nonce, reference);
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

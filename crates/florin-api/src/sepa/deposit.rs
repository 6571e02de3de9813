//! What a payment in is. Pure.

use super::transfer::SETTLED;
use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::request::types::words;
use florin_ledger::{HolderId, RecordKind};
use florin_rails::sepa::Reason;
use florin_types::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Money that came in is its holder's.
pub const CREDITED: RecordType = RecordType {
    kind: RecordKind(8),
    history: HistoryType::SepaDeposit,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: Line::of,
};

/// A payment of the holder's has come back.
pub const CAME_BACK: RecordType =
    RecordType { kind: RecordKind(9), history: HistoryType::Refund, ..CREDITED };

/// Money came in whose owner is not settled yet. It is on no account of a user.
pub const SUSPENDED: RecordType = RecordType {
    kind: RecordKind(10),
    history: HistoryType::SepaDeposit,
    status: HistoryStatus::Pending,
    ..SETTLED
};

/// The bank took a fee of its own from the house's account. It is on no account of a user.
pub const BANK_FEE: RecordType = RecordType {
    kind: RecordKind(20),
    history: HistoryType::Adjustment,
    status: HistoryStatus::Successful,
    ..CREDITED
};

/// Money of the suspense account went to the book of another partner.
pub const MOVED: RecordType = RecordType { kind: RecordKind(21), ..BANK_FEE };

words! {
    /// Where a payment in stands.
    pub enum DepositState {
        /// The money is its holder's.
        Credited = "CREDITED",
        /// It waits for a person: the sender's name is nearly the holder's.
        Pending = "PENDING",
        /// It waits until its holder is no longer suspended.
        Held = "HELD",
        /// It waits for a person: nobody knows whose it is.
        Unmatched = "UNMATCHED",
        /// It goes back to its sender.
        Returning = "RETURNING",
        /// It went back to its sender.
        Refunded = "REFUNDED",
        /// It went back to its sender and came back again, as a deposit of its own.
        CameBack = "CAME_BACK",
        /// It could not be sent back, and waits for a person.
        Stuck = "STUCK",
        /// It was another partner's, in whose book it is a deposit of its own.
        Moved = "MOVED",
    }
}

/// A payment in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Its id.
    pub id: Uuid,
    /// Whose it is: a user's or the partner's. None while nobody knows.
    pub holder: Option<HolderId>,
    /// Cents.
    pub amount: i64,
    /// Where it stands.
    pub state: DepositState,
    /// The payment of ours that came back by it.
    pub returns: Option<Uuid>,
    /// Why it came back, or goes back.
    pub reason: Option<Reason>,
    /// The newest recall of its money.
    pub recall: Option<Uuid>,
    /// [`Sender`], sealed; none once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// When it came.
    pub created_at: Timestamp,
}

/// Who sent money, and what for. Kept sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sender {
    /// The name that the sender's bank gave.
    pub name: String,
    /// The sender's account.
    pub iban: String,
    /// What the sender wrote.
    pub title: String,
    /// The account that was paid to.
    pub to: String,
}

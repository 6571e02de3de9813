//! What a deposit is: its states, and its records. Pure.

use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::request::types::words;
use florin_ledger::{HolderId, RecordKind};
use florin_types::{CurrencyCode, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What came in is its holder's.
pub const CREDITED: RecordType = RecordType {
    kind: RecordKind(26),
    history: HistoryType::CryptoDeposit,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: Line::of,
};

/// What came in waits for somebody. It is on no account of a holder.
pub const SUSPENDED: RecordType =
    RecordType { kind: RecordKind(27), status: HistoryStatus::Pending, ..CREDITED };

/// The block that had it left the chain, deeper than its confirmations: it has not come in. The deposit's own line
/// stays what it was, for its holder may have spent what it brought.
pub const TAKEN_BACK: RecordType =
    RecordType { kind: RecordKind(28), history: HistoryType::Adjustment, ..CREDITED };

words! {
    /// Where a deposit stands.
    pub enum DepositState {
        /// It was seen in a block, and waits for its confirmations.
        Seen = "SEEN",
        /// It waits until it is said who sent it.
        TravelRule = "TRAVEL_RULE",
        /// It waits until its holder is no longer suspended.
        Held = "HELD",
        /// Its sender is on the list of sanctioned addresses: it waits for a person.
        Sanctioned = "SANCTIONED",
        /// Its holder has no account any more: it waits for a person.
        Unmatched = "UNMATCHED",
        /// It is its holder's.
        Credited = "CREDITED",
        /// It is below the least deposit of its network: the house keeps it, and a person may credit it.
        TooSmall = "TOO_SMALL",
        /// Nobody said in time who sent it: it goes back, or waits for a person.
        Unexplained = "UNEXPLAINED",
        /// It goes back.
        Returning = "RETURNING",
        /// It went back.
        Returned = "RETURNED",
        /// It pays an order, which has not settled it yet.
        ForOrder = "FOR_ORDER",
        /// It has paid an order: it was sold.
        Settled = "SETTLED",
        /// No block has it any more.
        Gone = "GONE",
    }
}

words! {
    /// Where a crypto deposit stands.
    pub enum CryptoDepositStatus {
        /// It was seen on its chain: it waits for confirmations, or until its user is no longer suspended.
        WaitingForVerification = "WAITING_FOR_VERIFICATION",
        /// It has its confirmations, and waits until you say who sent it.
        WaitingForTrData = "WAITING_FOR_TR_DATA",
        /// It is credited.
        Successful = "SUCCESSFUL",
        /// It is not credited: too small, never explained, or not on its chain any more.
        Unsuccessful = "UNSUCCESSFUL",
    }
}

impl DepositState {
    /// What partners are told.
    pub const fn status(self) -> CryptoDepositStatus {
        match self {
            Self::Seen | Self::Held | Self::Sanctioned | Self::Unmatched | Self::ForOrder => {
                CryptoDepositStatus::WaitingForVerification
            }
            Self::TravelRule => CryptoDepositStatus::WaitingForTrData,
            Self::Credited | Self::Settled => CryptoDepositStatus::Successful,
            Self::TooSmall | Self::Unexplained | Self::Returning | Self::Returned | Self::Gone => {
                CryptoDepositStatus::Unsuccessful
            }
        }
    }

    /// Whether a person decides what becomes of it.
    pub const fn is_left_to_a_person(self) -> bool {
        matches!(self, Self::Sanctioned | Self::TooSmall | Self::Unmatched | Self::Unexplained)
    }

    /// Whether it goes back, or a person may send it back.
    pub const fn may_go_back(self) -> bool {
        self.is_left_to_a_person() || matches!(self, Self::Returning)
    }

    /// Where its money is.
    pub const fn money(self) -> Money {
        match self {
            Self::Seen | Self::Gone => Money::Outside,
            Self::Credited => Money::OfHolder,
            Self::Settled => Money::Sold,
            Self::Returning | Self::Returned => Money::GivenBack,
            Self::ForOrder
            | Self::Sanctioned
            | Self::TravelRule
            | Self::Held
            | Self::Unmatched
            | Self::TooSmall
            | Self::Unexplained => Money::InSuspense,
        }
    }
}

/// Where the money of a deposit is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Money {
    /// Not in the books.
    Outside,
    /// On its holder's account.
    OfHolder,
    /// In suspense.
    InSuspense,
    /// The house has bought it.
    Sold,
    /// It goes back, or went back: whatever becomes of it on its chain is the house's business.
    GivenBack,
}

/// What came to an address of a holder by one output of a transaction, or one transfer of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Its id, a keyed hash of network, transaction and output.
    pub id: Uuid,
    /// Whose address it is.
    pub holder: HolderId,
    /// The currency.
    pub currency: CurrencyCode,
    /// The network's slug.
    pub network: String,
    /// The transaction.
    pub hash: String,
    /// Which of its outputs, or transfers.
    pub output: i64,
    /// Where it came to.
    pub address: String,
    /// Where it came from, where the chain says so.
    pub sender: Option<String>,
    /// Minor units.
    pub amount: i64,
    /// Where it stands.
    pub state: DepositState,
    /// The block that has it. None: none has.
    pub height: Option<u64>,
    /// Who sent it, by the travel rule, sealed; none before it is said, and once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// When the block was made in which it was seen first, by the block; never later than when it was seen.
    pub created_at: Timestamp,
    /// What its address was made for, such as an order. None: it is its holder's.
    pub pays: Option<Uuid>,
}

/// Where a deposit stood at an event, as the event keeps it.
#[derive(Serialize, Deserialize)]
struct Moment {
    state: DepositState,
}

impl Deposit {
    /// Whether the books have what it brought.
    pub fn is_booked(&self) -> bool {
        match self.state.money() {
            Money::Outside => false,
            Money::GivenBack => self.height.is_some(),
            Money::OfHolder | Money::InSuspense | Money::Sold => true,
        }
    }

    /// Where it stands, for an event.
    pub fn moment(&self) -> Vec<u8> {
        serde_json::to_vec(&Moment { state: self.state }).unwrap_or_default()
    }

    /// As it stood at an event. None: the event is of a newer version.
    pub fn at_event(&self, data: &[u8]) -> Option<Self> {
        let Moment { state } = serde_json::from_slice(data).ok()?;
        Some(Self { state, ..self.clone() })
    }
}

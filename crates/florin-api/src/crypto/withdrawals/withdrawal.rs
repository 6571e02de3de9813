//! What a withdrawal is: its states, and what may follow what. Pure.

use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::request::types::words;
use florin_ledger::{HolderId, RecordKind};
use florin_travel::ivms101::IdentityPayload;
use florin_types::{CurrencyCode, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Amount and fees are on hold.
pub const HELD: RecordType = RecordType {
    kind: RecordKind(22),
    history: HistoryType::CryptoWithdrawal,
    status: HistoryStatus::Pending,
    steps: Steps::Many,
    line: Line::of,
};

/// The chain has the amount, and the house its fees.
pub const SETTLED: RecordType =
    RecordType { kind: RecordKind(23), status: HistoryStatus::Successful, ..HELD };

/// The hold was released.
pub const FAILED: RecordType = RecordType { kind: RecordKind(24), status: HistoryStatus::Failed, ..HELD };

/// What was in suspense went back to its sender.
pub const GIVEN_BACK: RecordType = RecordType {
    kind: RecordKind(31),
    history: HistoryType::Refund,
    status: HistoryStatus::Successful,
    ..HELD
};

words! {
    /// Where a withdrawal stands.
    pub enum State {
        /// The money is on hold.
        Held = "HELD",
        /// It waits for a person.
        Approval = "APPROVAL",
        /// The transaction that pays it is kept: whether a node has it is not known.
        Signed = "SIGNED",
        /// A node has it.
        Sent = "SENT",
        /// It is in the chain, under enough blocks.
        Settled = "SETTLED",
        /// It was not carried out.
        Failed = "FAILED",
    }
}

words! {
    /// What a withdrawal waits for.
    pub enum Waits {
        /// The address is on the list of sanctioned ones: it can only be rejected.
        Sanctioned = "SANCTIONED",
        /// It is worth so much that a person looks at it.
        Value = "VALUE",
        /// In a sandbox: the address asks for it.
        Asked = "ASKED",
        /// The hot wallet has too little, or the chain is too expensive, or a node knows payments of the wallet that
        /// are not ours and are not settled yet. It goes on by itself.
        Funds = "FUNDS",
    }
}

words! {
    /// Why a crypto withdrawal failed.
    pub enum CryptoWithdrawalFailure {
        /// The operator rejected it; the money never left.
        Rejected = "REJECTED",
        /// The chain took the transaction and refused what it does: the receiver is a contract that does not take it.
        TransactionFailed = "TRANSACTION_FAILED",
        /// The user was suspended before the withdrawal was paid; the money never left.
        UserSuspended = "USER_SUSPENDED",
    }
}

impl CryptoWithdrawalFailure {
    /// A sentence for people.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Rejected => "The withdrawal was rejected",
            Self::TransactionFailed => "The network refused the transaction",
            Self::UserSuspended => "The user was suspended before the withdrawal was paid",
        }
    }
}

/// A withdrawal. Amounts are in minor units of its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id.
    pub id: Uuid,
    /// Whose money it is.
    pub holder: HolderId,
    /// The currency.
    pub currency: CurrencyCode,
    /// The network's slug.
    pub network: String,
    /// What the receiver gets.
    pub amount: i64,
    /// The service fee.
    pub fee: i64,
    /// The network's fee, as it was held: what the chain takes in the end is the house's business.
    pub network_fee: i64,
    /// Where it stands.
    pub state: State,
    /// What it waits for.
    pub waits: Option<Waits>,
    /// Why it failed.
    pub failure: Option<CryptoWithdrawalFailure>,
    /// [`Destination`], sealed; none once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// The newest transaction that pays it; the one that is in the chain, once one is.
    pub hash: Option<String>,
    /// The block that has the transaction.
    pub height: Option<i64>,
    /// In and under how many blocks it was when that was looked at last.
    pub confirmations: i64,
    /// The deposit that goes back by it: then the house pays, of what is in suspense.
    pub returns: Option<Uuid>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who is paid. Kept sealed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// The address, as the network writes it.
    pub address: String,
    /// The receiver's name.
    pub name: String,
    /// What the sender noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// Who holds the wallet's keys.
    pub wallet_type: String,
    /// What the receiver is.
    pub receiver_type: String,
    /// Both sides by the travel rule; none where a deposit goes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub travel_rule: Option<IdentityPayload>,
}

/// Where it stood at an event, as the event keeps it.
#[derive(Serialize, Deserialize)]
struct Moment {
    state: State,
    failure: Option<CryptoWithdrawalFailure>,
    hash: Option<String>,
}

impl Withdrawal {
    /// What is on hold for it.
    pub const fn held(&self) -> i64 {
        self.amount + self.fee + self.network_fee
    }

    /// Where it stands, for an event.
    pub fn moment(&self) -> Vec<u8> {
        let moment = Moment { state: self.state, failure: self.failure, hash: self.hash.clone() };
        serde_json::to_vec(&moment).unwrap_or_default()
    }

    /// The withdrawal as it stood at an event. None: the event is of a newer version.
    pub fn at_event(&self, data: &[u8]) -> Option<Self> {
        let Moment { state, failure, hash } = serde_json::from_slice(data).ok()?;
        Some(Self { state, failure, hash, ..self.clone() })
    }

    /// Why a person may not let it go on. None: it may.
    pub fn why_not_approve(&self) -> Option<&'static str> {
        match (self.state, self.waits) {
            (State::Approval, Some(Waits::Sanctioned)) => {
                Some("its address is on the list of sanctioned addresses: it can only be rejected")
            }
            (State::Approval, _) => None,
            _ => Some("it does not wait for approval"),
        }
    }

    /// Whether a person may still reject it: nothing was signed.
    pub const fn can_be_rejected(&self) -> bool {
        matches!(self.state, State::Held | State::Approval)
    }

    /// Whether it has not ended.
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Settled | State::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn withdrawal(state: State, waits: Option<Waits>) -> Withdrawal {
        Withdrawal {
            id: Uuid::nil(),
            holder: HolderId(7),
            currency: CurrencyCode::new("btc"),
            network: "btc".to_owned(),
            amount: 100,
            fee: 10,
            network_fee: 1,
            state,
            waits,
            failure: None,
            sealed: None,
            hash: None,
            height: None,
            confirmations: 0,
            returns: None,
            created_at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn a_person_decides_before_anything_is_signed() {
        use State as S;
        for state in S::ALL {
            for waits in [None, Some(Waits::Value), Some(Waits::Sanctioned), Some(Waits::Funds)] {
                let withdrawal = withdrawal(*state, waits);
                let may = *state == S::Approval && waits != Some(Waits::Sanctioned);
                assert_eq!(withdrawal.why_not_approve().is_none(), may, "{state} {waits:?}");
                assert_eq!(withdrawal.can_be_rejected(), matches!(state, S::Held | S::Approval));
                assert_eq!(withdrawal.is_open(), !matches!(state, S::Settled | S::Failed));
            }
        }
    }

    #[test]
    fn an_event_tells_what_was_then() {
        let sent = Withdrawal { hash: Some("aa".to_owned()), ..withdrawal(State::Sent, None) };
        let failure = Some(CryptoWithdrawalFailure::TransactionFailed);
        let failed =
            Withdrawal { state: State::Failed, failure, hash: Some("bb".to_owned()), ..sent.clone() };
        assert_eq!(failed.at_event(&sent.moment()), Some(sent.clone()));
        assert_eq!(sent.at_event(&failed.moment()), Some(failed));
        assert_eq!(sent.at_event(b"{}"), None);
    }
}

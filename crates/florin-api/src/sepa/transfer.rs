//! What a payment out is: its states, and what the bank may say in each. Pure.

use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::request::types::words;
use florin_ledger::{HolderId, RecordKind};
use florin_rails::sepa::{Reason, Speed, Status};
use florin_types::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Amount and fee are on hold.
pub const HELD: RecordType = RecordType {
    kind: RecordKind(4),
    history: HistoryType::SepaTransfer,
    status: HistoryStatus::Pending,
    steps: Steps::Many,
    line: Line::of,
};

/// The payee's bank has the amount, and the house its fee.
pub const SETTLED: RecordType = RecordType { kind: RecordKind(5), status: HistoryStatus::Successful, ..HELD };

/// The hold was released.
pub const FAILED: RecordType = RecordType { kind: RecordKind(6), status: HistoryStatus::Failed, ..HELD };

/// Money of the suspense account went back to where it came from.
pub const REFUNDED: RecordType = RecordType {
    kind: RecordKind(7),
    history: HistoryType::Refund,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: Line::of,
};

words! {
    /// Where a payment out stands.
    pub enum State {
        /// The money is on hold.
        Held = "HELD",
        /// It is being handed over: whether the bank has it is not known.
        Submitting = "SUBMITTING",
        /// The bank has it.
        Submitted = "SUBMITTED",
        /// The payee's bank has the money.
        Settled = "SETTLED",
        /// It was not carried out.
        Failed = "FAILED",
        /// It was settled, and money came back.
        Returned = "RETURNED",
    }
}

words! {
    /// Why a SEPA transfer failed.
    pub enum FailureCode {
        /// The balance was too small for amount and fee.
        InsufficientFunds = "INSUFFICIENT_FUNDS",
        /// Transfers may not go to this account: it is none of the holder's own, or its bank is not in SEPA.
        DestinationNotAllowed = "DESTINATION_NOT_ALLOWED",
        /// A bank rejected it; the money never left.
        Rejected = "REJECTED",
        /// The payee's bank sent the money back: it is on the balance again, without the fee.
        Returned = "RETURNED",
    }
}

/// Why a payment out failed or came back.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct TransferFailure {
    /// What it was.
    pub code: FailureCode,
    /// What the bank said, where it was a bank.
    pub reason: Option<Reason>,
}

impl TransferFailure {
    /// A sentence for people.
    pub fn description(self) -> String {
        let Self { code, reason } = self;
        let bank = reason.map(|reason| format!("{} ({reason})", reason.meaning())).unwrap_or_default();
        match code {
            FailureCode::InsufficientFunds => "The balance was too small for amount and fee".to_owned(),
            FailureCode::DestinationNotAllowed => "Transfers may not go to this account".to_owned(),
            FailureCode::Rejected => format!("A bank rejected the transfer: {bank}"),
            FailureCode::Returned => format!("The payee's bank sent the money back: {bank}"),
        }
    }
}

/// A payment out. Amounts are in cents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its id, which is also the end-to-end id.
    pub id: Uuid,
    /// Whose money it is; the book's system where money of the suspense account goes back.
    pub holder: HolderId,
    /// What the payee gets.
    pub amount: i64,
    /// What the house gets for it.
    pub fee: i64,
    /// How it goes.
    pub speed: Speed,
    /// Where it stands.
    pub state: State,
    /// Why it failed or came back.
    pub failure: Option<TransferFailure>,
    /// The deposit that goes back by it.
    pub refunds: Option<Uuid>,
    /// [`Payee`], sealed; none once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The number of the file by which it goes, [`NO_FILE_YET`] while it waits for one. None where payments go one by
    /// one.
    pub file: Option<i64>,
}

/// The number of no file: a payment waits for the next cut-off.
pub const NO_FILE_YET: i64 = 0;

/// Who is paid, and what the payee reads. Kept sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Payee {
    /// The account.
    pub iban: String,
    /// What the payee reads.
    pub title: String,
    /// Of a natural person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Of a natural person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Of a company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
}

impl Payee {
    /// The name of the account's holder, as far as it is known.
    pub fn name(&self) -> String {
        let Self { first_name, last_name, company, .. } = self;
        let of_person =
            [first_name.as_deref(), last_name.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        company.clone().unwrap_or_else(|| of_person.join(" "))
    }
}

/// What a message of the bank does to a payment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it was known.
    Nothing,
    /// The bank has it.
    Accept,
    /// The money is the payee's.
    Settle,
    /// The hold is released.
    Fail(Reason),
    /// This much came back of a settled one.
    Return(i64, Reason),
    /// Both at once: the message of the settlement has not come yet.
    SettleAndReturn(i64, Reason),
    /// It cannot be true, for this reason.
    Refuse(&'static str),
}

/// Where a transfer stood when an event was emitted, as the event keeps it: state, fee, and why it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Moment {
    state: State,
    fee: i64,
    code: Option<FailureCode>,
    reason: Option<Reason>,
}

impl Transfer {
    /// Where it stands, for an event.
    pub fn moment(&self) -> Vec<u8> {
        let (state, fee, failure) = (self.state, self.fee, self.failure);
        let (code, reason) = failure.map_or((None, None), |failure| (Some(failure.code), failure.reason));
        serde_json::to_vec(&Moment { state, fee, code, reason }).unwrap_or_default()
    }

    /// The transfer as it stood at an event. None: the event is of a newer version.
    pub fn at_event(&self, data: &[u8]) -> Option<Self> {
        let Moment { state, fee, code, reason } = serde_json::from_slice(data).ok()?;
        let failure = code.map(|code| TransferFailure { code, reason });
        Some(Self { state, fee, failure, ..self.clone() })
    }

    fn was_rejected(&self) -> bool {
        self.failure.is_some_and(|failure| failure.code == FailureCode::Rejected)
    }

    /// The one table of what may follow what. A bank repeats its messages, and they can overtake each other.
    pub fn step(&self, status: Status) -> Step {
        use State as S;
        match (self.state, status) {
            (_, Status::Returned(amount, _)) if amount <= 0 || amount > self.amount => {
                Step::Refuse("more came back than was sent, or nothing")
            }
            (S::Held, _) => Step::Refuse("it was not handed over yet"),
            (S::Submitting, Status::Accepted) => Step::Accept,
            (S::Submitting | S::Submitted, Status::Settled) => Step::Settle,
            (S::Submitting | S::Submitted, Status::Rejected(reason)) => Step::Fail(reason),
            (S::Submitting | S::Submitted, Status::Returned(amount, reason)) => {
                Step::SettleAndReturn(amount, reason)
            }
            (S::Settled, Status::Rejected(_)) => {
                Step::Refuse("it was settled: money that comes back is booked as a return")
            }
            (S::Settled, Status::Returned(amount, reason)) => Step::Return(amount, reason),
            (S::Submitted | S::Settled | S::Failed | S::Returned, Status::Accepted) => Step::Nothing,
            (S::Settled | S::Returned, Status::Settled) => Step::Nothing,
            (S::Failed, Status::Rejected(_)) => Step::Nothing,
            // A bank that takes its rejection back.
            (S::Failed, Status::Settled) if self.was_rejected() => Step::Settle,
            (S::Failed, Status::Returned(amount, reason)) if self.was_rejected() => {
                Step::SettleAndReturn(amount, reason)
            }
            (S::Failed, Status::Settled) => Step::Refuse("it had failed before it was handed over"),
            (S::Failed, Status::Returned(..)) => Step::Refuse("it had failed, so nothing can come back"),
            (S::Returned, Status::Rejected(_) | Status::Returned(..)) => {
                Step::Refuse("its money has come back already")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(state: State) -> Transfer {
        Transfer {
            id: Uuid::nil(),
            holder: HolderId(7),
            amount: 1_000,
            fee: 100,
            speed: Speed::Standard,
            state,
            failure: None,
            refunds: None,
            sealed: None,
            created_at: Timestamp::from_micros(0),
            file: None,
        }
    }

    #[test]
    fn every_state_knows_every_message() {
        use State as S;
        let why = Reason::new(*b"AC04");
        let [accepted, settled, rejected, returned] =
            [Status::Accepted, Status::Settled, Status::Rejected(why), Status::Returned(900, why)];
        let refused = |step: &Step| matches!(step, Step::Refuse(_));
        for (state, status, expected) in [
            (S::Submitting, accepted, Step::Accept),
            (S::Submitting, settled, Step::Settle),
            (S::Submitting, rejected, Step::Fail(why)),
            (S::Submitting, returned, Step::SettleAndReturn(900, why)),
            (S::Submitted, accepted, Step::Nothing),
            (S::Submitted, settled, Step::Settle),
            (S::Submitted, rejected, Step::Fail(why)),
            (S::Submitted, returned, Step::SettleAndReturn(900, why)),
            (S::Settled, accepted, Step::Nothing),
            (S::Settled, settled, Step::Nothing),
            (S::Settled, returned, Step::Return(900, why)),
            (S::Failed, accepted, Step::Nothing),
            (S::Failed, rejected, Step::Nothing),
            (S::Returned, accepted, Step::Nothing),
            (S::Returned, settled, Step::Nothing),
        ] {
            assert_eq!(transfer(state).step(status), expected, "{state} {status:?}");
        }
        for (state, status) in [
            (S::Held, accepted),
            (S::Held, settled),
            (S::Held, rejected),
            (S::Held, returned),
            (S::Settled, rejected),
            (S::Failed, settled),
            (S::Failed, returned),
            (S::Returned, rejected),
            (S::Returned, returned),
        ] {
            assert!(refused(&transfer(state).step(status)), "{state} {status:?}");
        }
        let failure = Some(TransferFailure { code: FailureCode::Rejected, reason: Some(why) });
        let rejected = Transfer { failure, ..transfer(S::Failed) };
        assert_eq!(rejected.step(settled), Step::Settle);
        assert_eq!(rejected.step(returned), Step::SettleAndReturn(900, why));
        for amount in [0, -1, 1_001, i64::MAX] {
            assert!(refused(&transfer(S::Settled).step(Status::Returned(amount, why))), "{amount}");
        }
    }
}

//! What a recall is: its states, and what may follow what. Pure.

use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::request::types::words;
use florin_ledger::{HolderId, RecordKind};
use florin_rails::sepa::{Reason, RecallCase};
use florin_types::{TimeOfDay, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Money that was credited is taken from its holder, to go back to its sender.
pub const TAKEN_BACK: RecordType = RecordType {
    kind: RecordKind(11),
    history: HistoryType::Refund,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: Line::of,
};

/// The kind of the job that says something about a recall to the bank; its payload is the recall's id.
pub const SEND_JOB: &str = "sepa.recall";

/// The kind of the job that ends a recall which nobody has answered; its payload is the recall's id.
pub const DUE_JOB: &str = "sepa.recall-due";

/// Business days in which a recall is answered: the time that the EPC's rulebooks for credit transfers give the bank
/// that is asked.
const DAYS_TO_ANSWER: u16 = 15;

/// When the last of them ends: T2 closes at 18:00.
const DAY_ENDS: &str = "18:00";

words! {
    /// Who asks whom.
    pub enum RecallDirection {
        /// Another bank asks you for money that came in.
        Incoming = "INCOMING",
        /// You ask the payee's bank for money of a transfer.
        Outgoing = "OUTGOING",
    }
}

words! {
    /// Where a recall stands.
    pub enum RecallStatus {
        /// It waits for an answer: yours if it is incoming, the payee's bank's if it is outgoing.
        Open = "OPEN",
        /// The money goes back, or has come back.
        Accepted = "ACCEPTED",
        /// The money stays where it is; `answer` says why.
        Refused = "REFUSED",
    }
}

words! {
    /// How far what we have to say to the bank is: a request of ours, or our answer.
    pub enum HandOver {
        /// The bank does not have it.
        Waiting = "WAITING",
        /// It is being handed over: whether the bank has it is not known.
        Submitting = "SUBMITTING",
        /// The bank has it.
        Sent = "SENT",
    }
}

words! {
    /// Why you ask for the money of a transfer back.
    pub enum RecallReason {
        /// It was sent twice.
        Duplicate = "DUPL",
        /// It was sent by a technical fault.
        Technical = "TECH",
        /// It was fraud.
        Fraud = "FRAD",
        /// The payer wants it back.
        Customer = "CUST",
        /// The IBAN was wrong.
        WrongAccount = "AC03",
        /// The amount was wrong.
        WrongAmount = "AM09",
    }
}

words! {
    /// Why a recall is refused.
    pub enum RecallRefusal {
        /// The user does not agree.
        Customer = "CUST",
        /// The law does not allow it.
        Legal = "LEGL",
        /// The user did not answer.
        NoAnswer = "NOAS",
        /// The money was sent back already.
        AlreadyReturned = "ARDT",
        /// The user's account is closed.
        ClosedAccount = "AC04",
        /// The user does not have the money any more.
        NoFunds = "AM04",
        /// The payment was never received.
        NeverReceived = "NOOR",
    }
}

impl RecallReason {
    /// As the bank gets it.
    pub fn code(self) -> Reason {
        code(self.as_str())
    }
}

impl RecallRefusal {
    /// As the bank gets it.
    pub fn code(self) -> Reason {
        code(self.as_str())
    }
}

/// The words are codes: the test below says so.
fn code(word: &str) -> Reason {
    Reason::parse(word).unwrap_or(Reason::NOT_GIVEN)
}

/// A recall. Amounts are in cents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// Its id.
    pub id: Uuid,
    /// Who asks whom.
    pub direction: RecallDirection,
    /// Whose money it is. None where nobody knows.
    pub holder: Option<HolderId>,
    /// The deposit, or the transfer. None for a payment that was never received.
    pub payment: Option<Uuid>,
    /// What is asked for.
    pub amount: i64,
    /// Why.
    pub reason: Reason,
    /// Where it stands.
    pub status: RecallStatus,
    /// Why it was refused.
    pub answer: Option<Reason>,
    /// The id of the bank's message that asked.
    pub message: Option<String>,
    /// How far what we have to say is. None where there is nothing.
    pub sending: Option<HandOver>,
    /// [`Words`], sealed; none once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// When it came, or was made.
    pub created_at: Timestamp,
    /// Until when it is to be answered.
    pub answer_by: Timestamp,
}

/// What the asking bank adds, for people, and what an answer repeats. Kept sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Words {
    /// Its text.
    pub text: String,
    /// How it names the payment, on a rail that says so.
    pub case: Option<Box<RecallCase>>,
}

/// Until when a recall that comes now is to be answered.
pub fn answer_by(now: Timestamp) -> Timestamp {
    let day = now.day_of_t2().add_business_days(0).add_business_days(DAYS_TO_ANSWER);
    TimeOfDay::parse(DAY_ENDS).map_or(now, |time| time.on(day))
}

/// What happens to a recall.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The partner gives the money back.
    Accepted,
    /// Whoever was asked refuses.
    Refused(Reason),
    /// The money of an outgoing one has come back.
    MoneyCame,
    /// The money of an incoming one goes back for another reason.
    MoneyGoes,
    /// The time to answer is over.
    Unanswered,
}

impl Recall {
    /// The one table of what may follow what. None: nothing changes.
    pub fn after(&self, happening: Happening) -> Option<(RecallStatus, Option<Reason>)> {
        use RecallStatus as S;
        match (self.status, happening) {
            (S::Open, Happening::Accepted | Happening::MoneyCame) => Some((S::Accepted, None)),
            (S::Open, Happening::Refused(reason)) => Some((S::Refused, Some(reason))),
            (S::Open, Happening::MoneyGoes) => {
                Some((S::Refused, Some(RecallRefusal::AlreadyReturned.code())))
            }
            (S::Open, Happening::Unanswered) => Some((S::Refused, Some(RecallRefusal::NoAnswer.code()))),
            // The money is the better answer, whichever comes first.
            (S::Refused, Happening::MoneyCame) => Some((S::Accepted, None)),
            (S::Accepted | S::Refused, _) => None,
        }
    }

    /// Where it stands, for an event.
    pub fn moment(&self) -> Vec<u8> {
        let (status, answer) = (self.status, self.answer);
        serde_json::to_vec(&Moment { status, answer }).unwrap_or_default()
    }

    /// The recall as it stood at an event. None: the event is of a newer version.
    pub fn at_event(&self, data: &[u8]) -> Option<Self> {
        let Moment { status, answer } = serde_json::from_slice(data).ok()?;
        Some(Self { status, answer, ..self.clone() })
    }
}

/// Where a recall stood when an event was emitted, as the event keeps it.
#[derive(Serialize, Deserialize)]
struct Moment {
    status: RecallStatus,
    answer: Option<Reason>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_codes() {
        assert!(RecallReason::ALL.iter().all(|reason| reason.code().as_str() == reason.as_str()));
        assert!(RecallRefusal::ALL.iter().all(|refusal| refusal.code().as_str() == refusal.as_str()));
    }

    #[test]
    fn a_recall_is_answered_within_fifteen_business_days() {
        for (now, until) in [
            // A Monday, and a Saturday, which counts as the Monday after it.
            ("2026-11-23T12:00:00Z", "2026-12-14T17:00:00Z"),
            ("2026-11-21T12:00:00Z", "2026-12-14T17:00:00Z"),
            // Christmas and New Year are between.
            ("2026-12-14T12:00:00Z", "2027-01-06T17:00:00Z"),
        ] {
            let [now, until] = [now, until].map(|text| Timestamp::parse(text).expect("a time"));
            assert_eq!(answer_by(now), until);
        }
    }

    #[test]
    fn every_status_knows_everything_that_happens() {
        use RecallStatus as S;
        let why = Reason::new(*b"LEGL");
        let refused = |code: &[u8; 4]| Some((S::Refused, Some(Reason::new(*code))));
        for (happening, of_open, of_refused) in [
            (Happening::Accepted, Some((S::Accepted, None)), None),
            (Happening::Refused(why), refused(b"LEGL"), None),
            (Happening::MoneyCame, Some((S::Accepted, None)), Some((S::Accepted, None))),
            (Happening::MoneyGoes, refused(b"ARDT"), None),
            (Happening::Unanswered, refused(b"NOAS"), None),
        ] {
            for (status, expected) in [(S::Open, of_open), (S::Refused, of_refused), (S::Accepted, None)] {
                let recall = Recall {
                    id: Uuid::nil(),
                    direction: RecallDirection::Incoming,
                    holder: None,
                    payment: None,
                    amount: 1,
                    reason: why,
                    status,
                    answer: None,
                    message: None,
                    sending: None,
                    sealed: None,
                    created_at: Timestamp::from_micros(0),
                    answer_by: Timestamp::from_micros(0),
                };
                assert_eq!(recall.after(happening), expected, "{status} {happening:?}");
                assert_eq!(recall.at_event(&recall.moment()), Some(recall));
            }
        }
    }
}

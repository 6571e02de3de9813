//! What a payment out is: its states, and what the bank may say in each. Pure.

use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::request::types::words;
use florin_ledger::{HolderId, RecordKind};
use florin_rails::sepa::{Reason, Speed, Status};
use florin_types::{Timestamp, format_minor};
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
    /// How fast a SEPA transfer is asked to go. The fee is the same.
    pub enum RequestedSpeed {
        /// A SEPA credit transfer: handed over at the bank's next cut-off on a business day.
        Standard = "STANDARD",
        /// An instant one: at once, at any hour of any day, and final within ten seconds. If the payee's bank cannot be
        /// paid so, the transfer fails.
        Instant = "INSTANT",
        /// An instant one; a standard one if the payee's bank cannot be paid instantly.
        InstantOrStandard = "INSTANT_OR_STANDARD",
    }
}

words! {
    /// How a SEPA transfer goes, or went.
    pub enum SepaSpeed {
        /// As a SEPA credit transfer.
        Standard = "STANDARD",
        /// As an instant one.
        Instant = "INSTANT",
    }
}

impl From<Speed> for SepaSpeed {
    fn from(speed: Speed) -> Self {
        match speed {
            Speed::Standard => Self::Standard,
            Speed::Instant => Self::Instant,
        }
    }
}

impl From<SepaSpeed> for Speed {
    fn from(speed: SepaSpeed) -> Self {
        match speed {
            SepaSpeed::Standard => Self::Standard,
            SepaSpeed::Instant => Self::Instant,
        }
    }
}

words! {
    /// Why a SEPA transfer failed.
    pub enum FailureCode {
        /// The balance was too small for amount and fee.
        InsufficientFunds = "INSUFFICIENT_FUNDS",
        /// Transfers may not go to this account: it is none of the holder's own, or its bank is not in SEPA.
        DestinationNotAllowed = "DESTINATION_NOT_ALLOWED",
        /// The bank has no instant payments, and `speed` allows no other.
        InstantNotAvailable = "INSTANT_NOT_AVAILABLE",
        /// A bank rejected it; the money never left.
        Rejected = "REJECTED",
        /// The payee's bank sent money back: it is on the balance again, without the fee. `returnedAmount` says how
        /// much.
        Returned = "RETURNED",
        /// The user was suspended before the transfer was handed over to the bank; the money never left.
        UserSuspended = "USER_SUSPENDED",
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

impl Transfer {
    /// Why it failed or came back: a sentence for people.
    pub fn description_of(&self, failure: TransferFailure) -> String {
        let TransferFailure { code, reason } = failure;
        let bank = reason.map(|reason| format!("{} ({reason})", reason.meaning())).unwrap_or_default();
        match code {
            FailureCode::InsufficientFunds => "The balance was too small for amount and fee".to_owned(),
            FailureCode::DestinationNotAllowed => "Transfers may not go to this account".to_owned(),
            FailureCode::InstantNotAvailable => "The bank has no instant payments".to_owned(),
            FailureCode::Rejected => format!("A bank rejected the transfer: {bank}"),
            FailureCode::Returned if self.returned < self.amount => {
                let [returned, amount] = [self.returned, self.amount].map(|cents| format_minor(cents, 2));
                format!("The payee's bank sent {returned} of {amount} EUR back: {bank}")
            }
            FailureCode::Returned => format!("The payee's bank sent the money back: {bank}"),
            FailureCode::UserSuspended => {
                "The user was suspended before the transfer was handed over to the bank".to_owned()
            }
        }
    }
}

/// A payment out. Amounts are in cents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its id. [`Self::order_id`] is the id that the bank knows it by.
    pub id: Uuid,
    /// Whose money it is; the book's system where money of the suspense account goes back.
    pub holder: HolderId,
    /// What the payee gets.
    pub amount: i64,
    /// What the house gets for it.
    pub fee: i64,
    /// How it goes: since it fell back, as the second try.
    pub speed: Speed,
    /// How it was asked to go.
    pub requested: RequestedSpeed,
    /// Why the bank refused the first try, where a second one followed.
    pub fell_back: Option<Reason>,
    /// Where it stands.
    pub state: State,
    /// Why it failed or came back.
    pub failure: Option<TransferFailure>,
    /// The deposit that goes back by it.
    pub refunds: Option<Uuid>,
    /// The newest recall of its money.
    pub recall: Option<Uuid>,
    /// [`Payee`], sealed; none once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How much of the amount has come back, in one return or several.
    pub returned: i64,
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
    /// The instant payment is refused, and a standard one follows; the hold stays.
    FallBack(Reason),
    /// This much came back of a settled one.
    Return(i64, Reason),
    /// Both at once: the message of the settlement has not come yet.
    SettleAndReturn(i64, Reason),
    /// It cannot be true, for this reason.
    Refuse(&'static str),
}

/// Where a transfer stood when an event was emitted, as the event keeps it: state, speed, fee, why it failed, and how
/// much had come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Moment {
    state: State,
    /// Before there were instant ones, all were standard.
    #[serde(default = "standard")]
    speed: Speed,
    fee: i64,
    code: Option<FailureCode>,
    reason: Option<Reason>,
    /// Absent in events of versions that knew one return only.
    #[serde(default)]
    returned: Option<i64>,
}

const fn standard() -> Speed {
    Speed::Standard
}

/// The version of a transfer's id (RFC 9562), and that of the id of its second try, which is else the same: so each is
/// known from the other without a look-up, and no transfer has the id of another's second try.
const FIRST_TRY: usize = 7;
const SECOND_TRY: usize = 8;

/// The id under which the bank gets the second try of a transfer.
pub fn second_order(transfer: Uuid) -> Uuid {
    with_version(transfer, SECOND_TRY)
}

/// The transfer that an order is a try of.
pub fn transfer_of(order: Uuid) -> Uuid {
    if order.get_version_num() == SECOND_TRY { with_version(order, FIRST_TRY) } else { order }
}

fn with_version(id: Uuid, version: usize) -> Uuid {
    let mut bytes = id.into_bytes();
    bytes[6] = (bytes[6] & 0x0f) | u8::try_from(version << 4).unwrap_or_default();
    Uuid::from_bytes(bytes)
}

impl Transfer {
    /// The id under which the bank has it, or gets it: that of the try that counts. What is said about the other try
    /// has another id.
    pub fn order_id(&self) -> Uuid {
        let is_second = self.fell_back.is_some() && self.speed == Speed::Standard;
        if is_second { second_order(self.id) } else { self.id }
    }

    /// The transfer as a bank without instant payments gets it: under its own id, whatever another bank was asked
    /// before a change of rail.
    pub fn into_only_try(self) -> Self {
        Self { fell_back: None, ..self }
    }

    /// Where it stands, for an event.
    pub fn moment(&self) -> Vec<u8> {
        let (state, speed, fee, failure) = (self.state, self.speed, self.fee, self.failure);
        let (code, reason) = failure.map_or((None, None), |failure| (Some(failure.code), failure.reason));
        let returned = Some(self.returned);
        let moment = Moment { state, speed, fee, code, reason, returned };
        serde_json::to_vec(&moment).unwrap_or_default()
    }

    /// The transfer as it stood at an event. None: the event is of a newer version.
    pub fn at_event(&self, data: &[u8]) -> Option<Self> {
        let Moment { state, speed, fee, code, reason, returned } = serde_json::from_slice(data).ok()?;
        let failure = code.map(|code| TransferFailure { code, reason });
        let returned = returned.unwrap_or(self.returned);
        Some(Self { state, speed, fee, failure, returned, ..self.clone() })
    }

    fn was_rejected(&self) -> bool {
        self.failure.is_some_and(|failure| failure.code == FailureCode::Rejected)
    }

    /// Whether a refusal of an instant payment is followed by a standard one.
    fn falls_back(&self, reason: Reason) -> bool {
        let is_first = self.speed == Speed::Instant && self.fell_back.is_none();
        is_first && self.requested == RequestedSpeed::InstantOrStandard && reason.is_unreachable()
    }

    /// What follows on a message about an order. [`Self::step`] is the table for the try that counts; this one is for
    /// the other try.
    ///
    /// A second try is only made when the bank has refused the first. A bank can take that back. As long as the second
    /// try is not with the bank, or was rejected too, the first one is the payment after all, and counts from then on.
    /// Once the bank may have both, the money may have gone out twice. The books have it once, and the message waits
    /// for a person.
    pub fn step_of(&self, order: Uuid, status: Status) -> Step {
        if order == self.order_id() {
            return self.step(status);
        }
        if self.fell_back.is_none() {
            return Step::Refuse("it had no second try");
        }
        let is_first = order == self.id;
        let is_replaced = matches!(self.state, State::Held | State::Failed);
        match status {
            Status::Accepted | Status::Rejected(_) => Step::Nothing,
            Status::Settled if is_first && is_replaced => Step::Settle,
            Status::Returned(amount, reason) if is_first && is_replaced && self.can_come_back(amount) => {
                Step::SettleAndReturn(amount, reason)
            }
            Status::Settled | Status::Returned(..) => {
                Step::Refuse("it had two tries, and the one that does not count was paid: perhaps both were")
            }
        }
    }

    fn can_come_back(&self, amount: i64) -> bool {
        (1..=self.amount - self.returned).contains(&amount)
    }

    /// The one table of what may follow what. A bank repeats its messages, and they can overtake each other.
    fn step(&self, status: Status) -> Step {
        use State as S;
        match (self.state, status) {
            (S::Returned, Status::Rejected(_) | Status::Returned(..)) if self.returned == self.amount => {
                Step::Refuse("its money has come back already")
            }
            (_, Status::Returned(amount, _)) if !self.can_come_back(amount) => {
                Step::Refuse("more came back than was sent, or nothing")
            }
            (S::Held, _) => Step::Refuse("it was not handed over yet"),
            (S::Submitting, Status::Accepted) => Step::Accept,
            (S::Submitting | S::Submitted, Status::Settled) => Step::Settle,
            (S::Submitting | S::Submitted, Status::Rejected(reason)) if self.falls_back(reason) => {
                Step::FallBack(reason)
            }
            (S::Submitting | S::Submitted, Status::Rejected(reason)) => Step::Fail(reason),
            (S::Submitting | S::Submitted, Status::Returned(amount, reason)) => {
                Step::SettleAndReturn(amount, reason)
            }
            (S::Settled, Status::Rejected(_)) => {
                Step::Refuse("it was settled: money that comes back is booked as a return")
            }
            // A bank may send money back in parts, up to the amount in sum.
            (S::Settled | S::Returned, Status::Returned(amount, reason)) => Step::Return(amount, reason),
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
            (S::Returned, Status::Rejected(_)) => Step::Refuse("a part of its money has come back already"),
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
            requested: RequestedSpeed::Standard,
            fell_back: None,
            state,
            failure: None,
            refunds: None,
            recall: None,
            sealed: None,
            created_at: Timestamp::from_micros(0),
            returned: 0,
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
        // In parts, up to the amount in sum.
        let partly = Transfer { returned: 400, ..transfer(S::Returned) };
        for amount in [1, 599, 600] {
            assert_eq!(partly.step(Status::Returned(amount, why)), Step::Return(amount, why));
        }
        assert!(refused(&partly.step(Status::Returned(601, why))));
        let whole = Transfer { returned: 1_000, ..transfer(S::Returned) };
        assert!(
            refused(&whole.step(Status::Returned(1, why))) && refused(&whole.step(Status::Rejected(why)))
        );
    }
    /// An id as transfers have them.
    const ID: Uuid = Uuid::from_u128(0x0198_c5d2_ad31_7f24_9c85_6e90_3b4c_5d7f);

    #[test]
    fn a_second_try_has_an_id_of_its_own() {
        let second = second_order(ID);
        assert_eq!(second.to_string(), "0198c5d2-ad31-8f24-9c85-6e903b4c5d7f");
        assert_eq!([transfer_of(ID), transfer_of(second)], [ID; 2]);
        let instant = Transfer { id: ID, speed: Speed::Instant, ..transfer(State::Submitted) };
        assert_eq!(instant.order_id(), ID);
        let fell_back = Some(Reason::new(*b"AB08"));
        assert_eq!(Transfer { speed: Speed::Standard, fell_back, ..instant.clone() }.order_id(), second);
        // The first try was paid after all.
        assert_eq!(Transfer { fell_back, ..instant }.order_id(), ID);
    }

    #[test]
    fn an_instant_payment_falls_back_if_that_was_asked_for_and_helps() {
        let [offline, closed] = [Reason::new(*b"AB08"), Reason::new(*b"AC04")];
        use RequestedSpeed as R;
        for (requested, speed, reason, expected) in [
            (R::Standard, Speed::Standard, offline, Step::Fail(offline)),
            (R::Instant, Speed::Instant, offline, Step::Fail(offline)),
            (R::InstantOrStandard, Speed::Instant, offline, Step::FallBack(offline)),
            (R::InstantOrStandard, Speed::Instant, closed, Step::Fail(closed)),
            // Where the bank has no instant payments it went as a standard one at once.
            (R::InstantOrStandard, Speed::Standard, offline, Step::Fail(offline)),
        ] {
            for state in [State::Submitting, State::Submitted] {
                let transfer = Transfer { requested, speed, ..transfer(state) };
                assert_eq!(transfer.step_of(transfer.id, Status::Rejected(reason)), expected, "{requested}");
                assert_eq!(transfer.step_of(transfer.id, Status::Settled), Step::Settle, "{requested}");
            }
        }
    }

    /// Every message about the try that does not count, in every state.
    #[test]
    fn a_late_message_about_the_first_try_neither_ends_the_second_nor_is_lost() {
        use State as S;
        let why = Reason::new(*b"AB08");
        let fallen = |state| {
            let rejected = TransferFailure { code: FailureCode::Rejected, reason: Some(why) };
            let failure = Some(rejected).filter(|_| state == S::Failed);
            let requested = RequestedSpeed::InstantOrStandard;
            Transfer { id: ID, requested, fell_back: Some(why), failure, ..transfer(state) }
        };
        let refused = |step: &Step| matches!(step, Step::Refuse(_));
        for (state, can_be_the_first) in [
            (S::Held, true),
            (S::Submitting, false),
            (S::Submitted, false),
            (S::Settled, false),
            (S::Failed, true),
            (S::Returned, false),
        ] {
            let transfer = fallen(state);
            for status in [Status::Accepted, Status::Rejected(why)] {
                assert_eq!(transfer.step_of(ID, status), Step::Nothing, "{state} {status:?}");
            }
            let [settled, returned] =
                [Status::Settled, Status::Returned(900, why)].map(|status| transfer.step_of(ID, status));
            if can_be_the_first {
                assert_eq!((settled, returned), (Step::Settle, Step::SettleAndReturn(900, why)), "{state}");
                assert!(refused(&transfer.step_of(ID, Status::Returned(1_001, why))), "{state}");
            } else {
                assert!(refused(&settled) && refused(&returned), "{state}");
            }
            // The second try goes by the table of all.
            let second = transfer.order_id();
            assert_eq!(transfer.step_of(second, Status::Settled), transfer.step(Status::Settled), "{state}");
        }
        // The first counts again: what is said about the second ends nothing.
        for state in [S::Settled, S::Returned] {
            let transfer = Transfer { speed: Speed::Instant, ..fallen(state) };
            let second = second_order(ID);
            assert_eq!(transfer.step_of(second, Status::Rejected(why)), Step::Nothing);
            assert!(refused(&transfer.step_of(second, Status::Settled)));
            assert!(refused(&transfer.step_of(second, Status::Returned(900, why))));
        }
        // There never was a second.
        assert!(refused(
            &Transfer { id: ID, ..transfer(S::Submitted) }.step_of(second_order(ID), Status::Settled)
        ));
    }
}

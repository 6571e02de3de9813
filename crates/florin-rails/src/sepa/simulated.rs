//! The bank of a sandbox. It settles what it is given after a short time by the book's clock, and does something else
//! for some accounts of a made-up bank, [`MagicAccount::ALL`]. It keeps nothing: what it says is a function of the
//! payment, so after a crash it says the same under the same ids.

use super::{
    Boxed, Later, Message, Order, PayeeCheck, RailError, Reason, RecallOrder, RecallWhat, Said, SepaRail,
    Speed, Status,
};
use florin_types::{Iban, Timestamp, lithuanian};
use std::time::Duration;

/// Bank code of the made-up bank, in the Lithuanian form of an IBAN; no bank has it.
const MAGIC_BANK: u32 = 99_998;

/// Names that a payee check answers differently for, at every account that is not ours, and how.
pub const MAGIC_NAMES: [(&str, &str); 3] = [
    (CLOSE_NAME, "CLOSE_MATCH, with the name Klose Match"),
    (OTHER_NAME, "NO_MATCH"),
    (UNKNOWN_NAME, "NOT_POSSIBLE"),
];

const CLOSE_NAME: &str = "Close Match";
const OTHER_NAME: &str = "No Match";
const UNKNOWN_NAME: &str = "Not Possible";

/// What the simulated bank does with a payment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Settles it.
    Settle,
    /// Rejects it.
    Reject(Reason),
    /// Settles it, and sends the money back after as long again.
    Return(Reason),
    /// Rejects it if it is instant, and settles it otherwise.
    RejectInstant(Reason),
    /// Says nothing about an instant one for `LATE`, and then that it is settled; settles every other.
    SettleLate,
    /// Says nothing: it stays pending until somebody decides.
    Hold,
}

/// How long the bank is silent about a payment that settles late: well over the ten seconds of an instant one.
const LATE: Duration = Duration::from_secs(30);

/// What the simulated bank does when the money of a settled payment is asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum RecallOutcome {
    /// The money comes back.
    Accept,
    /// It comes back less a fee of the payee's bank, `RECALL_FEE`.
    AcceptLess,
    /// It does not come back.
    Refuse(Reason),
    /// The bank says nothing.
    Silence,
}

/// What the payee's bank keeps of money that it gives back, in cents, where it keeps something: one euro.
const RECALL_FEE: i64 = 100;

/// An account of the made-up bank.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct MagicAccount {
    /// The account number in the IBAN.
    pub number: u64,
    /// What happens to a payment to it.
    pub outcome: Outcome,
    /// What happens when its money is asked for.
    pub recall: RecallOutcome,
}

const fn account(number: u64, outcome: Outcome) -> MagicAccount {
    MagicAccount { number, outcome, recall: RecallOutcome::Accept }
}

const fn recalled(number: u64, recall: RecallOutcome) -> MagicAccount {
    MagicAccount { number, outcome: Outcome::Settle, recall }
}

impl MagicAccount {
    /// All of them. One for each reason that a partner's client may want to treat differently.
    pub const ALL: [Self; 20] = [
        account(99, Outcome::Settle),
        account(1, Outcome::Reject(Reason::new(*b"AC01"))),
        account(4, Outcome::Reject(Reason::new(*b"AC04"))),
        account(6, Outcome::Reject(Reason::new(*b"AC06"))),
        account(7, Outcome::Reject(Reason::new(*b"AG01"))),
        account(3, Outcome::Reject(Reason::new(*b"MS03"))),
        account(8, Outcome::Reject(Reason::new(*b"RR04"))),
        account(5, Outcome::Reject(Reason::new(*b"AB05"))),
        account(11, Outcome::Return(Reason::new(*b"AC01"))),
        account(14, Outcome::Return(Reason::new(*b"AC04"))),
        account(12, Outcome::Return(Reason::new(*b"MS02"))),
        account(17, Outcome::Return(Reason::new(*b"MD07"))),
        account(20, Outcome::Hold),
        account(31, Outcome::RejectInstant(Reason::new(*b"AB08"))),
        account(32, Outcome::RejectInstant(Reason::new(*b"AB05"))),
        account(33, Outcome::SettleLate),
        recalled(51, RecallOutcome::AcceptLess),
        recalled(52, RecallOutcome::Refuse(Reason::new(*b"CUST"))),
        recalled(53, RecallOutcome::Refuse(Reason::new(*b"AC04"))),
        recalled(54, RecallOutcome::Silence),
    ];

    /// The account's IBAN.
    #[must_use]
    pub fn iban(self) -> Iban {
        lithuanian(MAGIC_BANK, self.number)
    }

    /// The magic account of an IBAN, if it is one.
    #[must_use]
    pub fn of(iban: &Iban) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.iban() == *iban)
    }
}

/// The bank of a sandbox.
#[derive(Clone, Debug)]
pub struct SimulatedBank {
    /// How long it takes over a payment.
    pub settle: Duration,
}

impl SimulatedBank {
    fn says(&self, order: &Order) -> Later {
        let outcome = MagicAccount::of(&order.creditor.iban).map_or(Outcome::Settle, |magic| magic.outcome);
        let is_instant = order.speed == Speed::Instant;
        let pause = if is_instant { Duration::ZERO } else { self.settle };
        let said = |pause: Duration, step: &str, status| {
            let id = format!("{}/{step}", order.id.simple());
            (pause, Said { id, message: Message::Payment(order.id, status) })
        };
        let settled = |pause| said(pause, "settled", Status::Settled);
        match outcome {
            Outcome::Reject(reason) => vec![said(pause, "rejected", Status::Rejected(reason))],
            Outcome::RejectInstant(reason) if is_instant => {
                vec![said(pause, "rejected", Status::Rejected(reason))]
            }
            Outcome::SettleLate if is_instant => vec![settled(LATE)],
            Outcome::Settle | Outcome::RejectInstant(_) | Outcome::SettleLate => vec![settled(pause)],
            Outcome::Return(reason) => vec![
                settled(pause),
                said(pause + self.settle, "returned", Status::Returned(order.amount, reason)),
            ],
            Outcome::Hold => Vec::new(),
        }
    }

    /// What it answers to a recall; nothing to a refusal of ours.
    fn answers(&self, recall: &RecallOrder) -> Later {
        let RecallWhat::Ask { order, .. } = &recall.what else { return Vec::new() };
        let magic = MagicAccount::of(&order.creditor.iban);
        let said = |step: &str, message| {
            vec![(self.settle, Said { id: format!("{}/{step}", recall.id.simple()), message })]
        };
        let returned =
            |amount| said("returned", Message::Payment(order.id, Status::Returned(amount, Reason::RECALLED)));
        match magic.map_or(RecallOutcome::Accept, |magic| magic.recall) {
            RecallOutcome::Accept => returned(order.amount),
            // Of less than the fee all comes back: nothing cannot.
            RecallOutcome::AcceptLess if order.amount <= RECALL_FEE => returned(order.amount),
            RecallOutcome::AcceptLess => returned(order.amount - RECALL_FEE),
            RecallOutcome::Refuse(reason) => said("refused", Message::RecallRefused(recall.id, reason)),
            RecallOutcome::Silence => Vec::new(),
        }
    }
}

impl SepaRail for SimulatedBank {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn speeds(&self) -> &'static [Speed] {
        &[Speed::Standard, Speed::Instant]
    }

    fn has_recalls(&self) -> bool {
        true
    }

    /// At once: a sandbox has no bank holidays.
    fn handed_over_at(&self, _: Speed, now: Timestamp) -> Timestamp {
        now
    }

    fn submit<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Later, RailError>> {
        Box::pin(async { Ok(self.says(order)) })
    }

    /// It never knows: to hand a payment over again does nothing more.
    fn find<'a>(&'a self, _: &'a Order) -> Boxed<'a, Result<Option<Later>, RailError>> {
        Box::pin(async { Ok(None) })
    }

    fn submit_recall<'a>(&'a self, recall: &'a RecallOrder) -> Boxed<'a, Result<Later, RailError>> {
        Box::pin(async { Ok(self.answers(recall)) })
    }

    /// It never knows: to say it again does nothing more.
    fn find_recall<'a>(&'a self, _: &'a RecallOrder) -> Boxed<'a, Result<Option<Later>, RailError>> {
        Box::pin(async { Ok(None) })
    }

    fn verify_payee<'a>(&'a self, _: &'a Iban, name: &'a str) -> Boxed<'a, Result<PayeeCheck, RailError>> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let check = match () {
            () if is(OTHER_NAME) => PayeeCheck::NoMatch,
            () if is(UNKNOWN_NAME) => PayeeCheck::NotPossible("the payee's bank does not answer"),
            () if is(CLOSE_NAME) => PayeeCheck::CloseMatch("Klose Match".to_owned()),
            () => PayeeCheck::Match,
        };
        Box::pin(async { Ok(check) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sepa::Party;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    const BANK: SimulatedBank = SimulatedBank { settle: Duration::from_millis(500) };

    fn order(magic: MagicAccount, speed: Speed) -> Order {
        let party = |iban| Party { name: "Ada".to_owned(), iban };
        Order {
            id: Uuid::from_u128(7),
            speed,
            amount: 1_602,
            debtor: party(lithuanian(1, 1)),
            creditor: party(magic.iban()),
            title: "Rent".to_owned(),
        }
    }

    #[test]
    fn magic_accounts_differ_and_say_the_same_each_time() {
        let all: BTreeSet<Iban> = MagicAccount::ALL.into_iter().map(MagicAccount::iban).collect();
        assert_eq!(all.len(), MagicAccount::ALL.len());
        for magic in MagicAccount::ALL {
            for speed in [Speed::Standard, Speed::Instant] {
                let order = order(magic, speed);
                let says = BANK.says(&order);
                assert_eq!(says, BANK.says(&order));
                let last = says.last().map(|(_, said)| said.message.clone());
                let expected = match magic.outcome {
                    Outcome::Settle | Outcome::SettleLate => Some(Status::Settled),
                    Outcome::RejectInstant(_) if speed == Speed::Standard => Some(Status::Settled),
                    Outcome::Reject(reason) | Outcome::RejectInstant(reason) => {
                        Some(Status::Rejected(reason))
                    }
                    Outcome::Return(reason) => Some(Status::Returned(1_602, reason)),
                    Outcome::Hold => None,
                };
                assert_eq!(last, expected.map(|status| Message::Payment(order.id, status)));
                let is_late = magic.outcome == Outcome::SettleLate && speed == Speed::Instant;
                assert_eq!(says.first().is_some_and(|(pause, _)| *pause > Duration::from_secs(10)), is_late);
            }
        }
    }

    #[test]
    fn a_recall_brings_money_a_refusal_or_nothing() {
        let (id, reason, at) = (Uuid::nil(), Reason::NOT_GIVEN, Timestamp::from_micros(0));
        let said = |what| RecallOrder { id, installation: id, at, reason, what };
        let ask = |magic, amount| {
            let order = Order { amount, ..order(magic, Speed::Standard) };
            let answers = BANK.answers(&said(RecallWhat::Ask { order, file: None, paid_on: None }));
            answers.into_iter().map(|(_, said)| said.message).next()
        };
        for magic in MagicAccount::ALL {
            let returned = |amount| {
                Some(Message::Payment(Uuid::from_u128(7), Status::Returned(amount, Reason::RECALLED)))
            };
            let (expected, of_little) = match magic.recall {
                RecallOutcome::Accept => (returned(1_602), returned(100)),
                RecallOutcome::AcceptLess => (returned(1_502), returned(100)),
                RecallOutcome::Refuse(reason) => {
                    let refused = Some(Message::RecallRefused(Uuid::nil(), reason));
                    (refused.clone(), refused)
                }
                RecallOutcome::Silence => (None, None),
            };
            assert_eq!((ask(magic, 1_602), ask(magic, 100)), (expected, of_little), "{}", magic.number);
        }
        let what = RecallWhat::Refuse { message: "x".to_owned(), case: None };
        assert_eq!(BANK.answers(&said(what)), []);
    }
}

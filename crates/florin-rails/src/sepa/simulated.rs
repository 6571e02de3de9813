//! The bank of a sandbox. It settles what it is given after a short time by the book's clock, and does something else
//! for some accounts of a made-up bank, [`MagicAccount::ALL`]. It keeps nothing: what it says is a function of the
//! payment, so after a crash it says the same under the same ids.

use super::{Boxed, Later, Message, Order, PayeeCheck, RailError, Reason, Said, SepaRail, Speed, Status};
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
    /// Says nothing: it stays pending until somebody decides.
    Hold,
}

/// An account of the made-up bank.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct MagicAccount {
    /// The account number in the IBAN.
    pub number: u64,
    /// What happens to a payment to it.
    pub outcome: Outcome,
}

const fn account(number: u64, outcome: Outcome) -> MagicAccount {
    MagicAccount { number, outcome }
}

impl MagicAccount {
    /// All of them. One for each reason that a partner's client may want to treat differently.
    pub const ALL: [Self; 13] = [
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
        let said = |steps: u32, step: &str, status| {
            let id = format!("{}/{step}", order.id.simple());
            (self.settle * steps, Said { id, message: Message::Payment(order.id, status) })
        };
        match outcome {
            Outcome::Settle => vec![said(1, "settled", Status::Settled)],
            Outcome::Reject(reason) => vec![said(1, "rejected", Status::Rejected(reason))],
            Outcome::Return(reason) => vec![
                said(1, "settled", Status::Settled),
                said(2, "returned", Status::Returned(order.amount, reason)),
            ],
            Outcome::Hold => Vec::new(),
        }
    }
}

impl SepaRail for SimulatedBank {
    fn name(&self) -> &'static str {
        "simulated"
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

    #[test]
    fn magic_accounts_differ_and_say_the_same_each_time() {
        let all: BTreeSet<Iban> = MagicAccount::ALL.into_iter().map(MagicAccount::iban).collect();
        assert_eq!(all.len(), MagicAccount::ALL.len());
        let bank = SimulatedBank { settle: Duration::from_millis(500) };
        for magic in MagicAccount::ALL {
            let party = |iban| Party { name: "Ada".to_owned(), iban };
            let order = Order {
                id: Uuid::from_u128(7),
                speed: Speed::Standard,
                amount: 1_602,
                debtor: party(lithuanian(1, 1)),
                creditor: party(magic.iban()),
                title: "Rent".to_owned(),
            };
            let says = bank.says(&order);
            assert_eq!(says, bank.says(&order));
            let last = says.last().map(|(_, said)| said.message.clone());
            let expected = match magic.outcome {
                Outcome::Settle => Some(Status::Settled),
                Outcome::Reject(reason) => Some(Status::Rejected(reason)),
                Outcome::Return(reason) => Some(Status::Returned(1_602, reason)),
                Outcome::Hold => None,
            };
            assert_eq!(last, expected.map(|status| Message::Payment(order.id, status)));
        }
    }
}

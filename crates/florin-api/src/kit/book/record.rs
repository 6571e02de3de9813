//! Kinds of journal records, and how they are read as lines of history. Each family owns its numbers, which are kept
//! for ever.

use crate::kit::request::types::words;
use florin_ledger::{AccountKey, AccountKind, HolderId, Leg, Record, RecordKind};

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
#[derive(Copy, Clone)]
pub struct RecordType {
    /// The number in the journal.
    pub kind: RecordKind,
    /// What history calls it.
    pub history: HistoryType,
    /// Where the operation stands once this record is its last.
    pub status: HistoryStatus,
    /// Whether this record is one of several that an object can have.
    pub steps: Steps,
    /// Reads the line of an account from the object's records.
    pub line: fn(&Operation<'_>) -> Line,
}

/// How many records an operation has.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Steps {
    /// This one: what it says is final.
    One,
    /// More may follow: the line stands where the first is, and says what the last has left.
    Many,
}

/// The records of an operation, as far as an account has entries in them.
#[derive(Copy, Clone, Debug)]
pub struct Operation<'a> {
    /// The account whose history is read.
    pub account: AccountKey,
    /// The records, oldest first, at least one. Of a long operation the oldest and the newest are enough.
    pub records: &'a [Record],
}

/// What a line of history says in figures, in minor units of its account's currency.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Signed for the holder, without the fee.
    pub amount: i64,
    /// What the holder paid the house on top, or what was taken from what was received.
    pub fee: i64,
    /// The balance that the operation has left so far.
    pub balance_after: i64,
    /// The holder on the other side, where it is one of this book.
    pub counterparty: Option<HolderId>,
}

impl Operation<'_> {
    fn legs(&self) -> impl DoubleEndedIterator<Item = (&Record, &Leg)> {
        self.records.iter().filter_map(|record| Some((record, record.leg_of(self.account)?)))
    }

    /// What was moved by all records, and what they leave on hold.
    fn totals(&self) -> (i64, i64) {
        self.legs().fold((0, 0), |(moved, held), (_, leg)| (moved + leg.amount, held + leg.hold))
    }
}

impl Line {
    /// The line of most operations: what moved, or while nothing has, what is on hold; the fee is what the records
    /// brought to the house's fee account in the same currency.
    pub fn of(operation: &Operation<'_>) -> Self {
        let (moved, held) = operation.totals();
        let newest = operation.legs().next_back();
        let fee: i64 = operation.legs().map(|(record, _)| fee_in(record, operation.account)).sum();
        // Where nothing moved and nothing is held any more, the operation failed: the line says what was tried.
        let total = if moved == 0 && held == 0 { -tried(operation) } else { moved - held };
        // Whoever pays pays the fee on top; from whoever is paid it was taken before.
        let amount = if total < 0 { total + fee } else { total };
        Self {
            amount,
            fee,
            balance_after: newest.map_or(0, |(_, leg)| leg.balance_after),
            counterparty: newest.and_then(|(record, leg)| other_side(record, leg)),
        }
    }
}

/// What the first record put on hold.
fn tried(operation: &Operation<'_>) -> i64 {
    operation.legs().next().map_or(0, |(_, leg)| leg.hold.max(0))
}

/// What a record brought to the house's fee account in an account's currency.
fn fee_in(record: &Record, account: AccountKey) -> i64 {
    let is_fee =
        |leg: &&Leg| leg.account.kind == AccountKind::Fees && leg.account.currency == account.currency;
    record.legs.iter().filter(is_fee).map(|leg| leg.amount).sum()
}

/// The holder on the other side of an entry: of the main account that moved the other way.
fn other_side(record: &Record, leg: &Leg) -> Option<HolderId> {
    let is_other = |other: &&Leg| {
        other.account.kind == AccountKind::Main
            && other.account.holder != leg.account.holder
            && other.account.currency == leg.account.currency
            && other.amount.signum() == -leg.amount.signum()
    };
    record.legs.iter().find(is_other).map(|other| other.account.holder)
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;

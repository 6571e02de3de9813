//! What a transfer is. Pure.

use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::endpoint::codes::P437;
use crate::kit::endpoint::refusal::Refusal;
use florin_ledger::{AccountKind, HolderId, Leg, Record, RecordKind};
use florin_types::{CurrencyCode, Text};

/// Money from one holder's main account to another's.
pub const TRANSFER: RecordType = RecordType {
    kind: RecordKind(1),
    history: HistoryType::InternalTransfer,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: Line::of,
};

/// Money that a sandbox made.
pub const FUNDING: RecordType =
    RecordType { kind: RecordKind(2), history: HistoryType::Adjustment, ..TRANSFER };

/// Longest reference, in characters: what a SEPA remittance line holds.
pub const MAX_REFERENCE: usize = 140;

/// What the sender wrote.
pub type Reference = Text<MAX_REFERENCE>;

/// Who paid whom how much, as the journal has it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    /// Who paid; none where the sandbox made the money up.
    pub source: Option<HolderId>,
    /// Who was paid.
    pub destination: Option<HolderId>,
    /// Minor units, positive.
    pub amount: i64,
    /// Of this currency.
    pub currency: CurrencyCode,
}

impl Sides {
    /// Reads them off a record that moved money between two accounts.
    pub fn of(record: &Record) -> Option<Self> {
        let source = record.legs.iter().find(|leg| leg.amount < 0)?;
        let destination = record.legs.iter().find(|leg| leg.amount > 0)?;
        Some(Self {
            source: holder_of(source),
            destination: holder_of(destination),
            amount: destination.amount,
            currency: destination.account.currency,
        })
    }
}

fn holder_of(leg: &Leg) -> Option<HolderId> {
    (leg.account.kind == AccountKind::Main).then_some(leg.account.holder)
}

/// The record of a transfer among those of an object. The sandbox's funding counts as one without a source.
pub fn record_of(records: Vec<Record>) -> Result<Record, Refusal> {
    let is_transfer = |record: &Record| [TRANSFER.kind, FUNDING.kind].contains(&record.kind);
    records.into_iter().find(is_transfer).ok_or_else(|| Refusal::of(&P437))
}

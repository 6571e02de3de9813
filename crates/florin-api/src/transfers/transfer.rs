//! What a transfer is. Pure.

use crate::kit::book::record::{FUNDING, TRANSFER};
use crate::kit::endpoint::codes::P437;
use crate::kit::endpoint::refusal::Refusal;
use florin_ledger::{AccountKind, HolderId, Leg, Record};
use florin_types::{CurrencyCode, ExternalUserId, Text};

/// The event type of this family.
pub const TRANSFER_EVENT: &str = "transfer";

/// Longest reference, in characters: what a SEPA remittance line holds.
pub const MAX_REFERENCE: usize = 140;

/// What the sender wrote.
pub type Reference = Text<MAX_REFERENCE>;

/// One side of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The partner's master balance.
    Partner,
    /// A user.
    User(ExternalUserId),
}

impl Owner {
    /// The user's handle, where it is a user.
    pub fn handle(&self) -> Option<&str> {
        match self {
            Self::Partner => None,
            Self::User(id) => Some(id.as_str()),
        }
    }
}

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

/// The record of a transfer among those of an object; the sandbox.s funding counts as one without a source.
pub fn record_of(records: Vec<Record>) -> Result<Record, Refusal> {
    let mut transfers = records.into_iter().filter(|record| matches!(record.kind, TRANSFER | FUNDING));
    transfers.next().ok_or_else(|| Refusal::of(&P437))
}

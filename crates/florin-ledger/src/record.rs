//! Journal records: what a row says, how its legs are spelt in bytes, and [`fold`], the one way to take them in.

use crate::{Account, AccountKey, AccountKind, HolderId, Position};
use florin_types::{CurrencyCode, Timestamp};
use uuid::Uuid;

/// Bytes of one leg, all numbers big-endian: holder 8, currency 8 (ASCII, zero-padded), kind 1, amount 8, hold 8,
/// balance after 8, held after 8, previous 8, ordinal 8. Fixed, so that a database can read a field by its offset.
pub const LEG_BYTES: usize = 65;

/// Every so many entries an account gets a mark row, by which a reader jumps to a date without walking there. 256
/// entries are about one page read of either engine, and cost one small row in 256 transfers.
pub const MARK_EVERY: i64 = 256;

/// What business event a record tells of. The families own the numbers; the ledger only keeps them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordKind(pub i64);

/// One account's entry in a record, in minor units.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Which account.
    pub account: AccountKey,
    /// What moved.
    pub amount: i64,
    /// How what is held changed.
    pub hold: i64,
    /// The balance this entry left.
    pub balance_after: i64,
    /// What was held after it.
    pub held_after: i64,
    /// Position of the account's entry before this one, or [`Position::NONE`].
    pub previous: Position,
    /// The how-manieth entry of the account this is, from 1.
    pub ordinal: i64,
}

/// A journal row: one ledger transaction, never changed once written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands: the book and the number in it.
    pub position: Position,
    /// The layout it was written in; rows are never rewritten, readers know every version.
    pub version: i64,
    /// What it tells of.
    pub kind: RecordKind,
    /// Business time.
    pub at: Timestamp,
    /// The object that it belongs to, by its public id.
    pub object: Uuid,
    /// The entries.
    pub legs: Vec<Leg>,
    /// What the family wants to find again; free text inside is encrypted under the user's key.
    pub memo: Vec<u8>,
}

/// Where a record and the books before it disagree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Discrepancy {
    /// A leg's bytes are not a leg.
    #[error("the legs cannot be read")]
    Unreadable,
    /// The layout is not one this build knows.
    #[error("the record's version {0} is unknown")]
    UnknownVersion(i64),
    /// The legs of a currency do not cancel out.
    #[error("the legs in {0} do not sum to zero")]
    Unbalanced(CurrencyCode),
    /// A leg does not follow from the account's entry before it.
    #[error("the leg of account {0:?} does not follow from its last entry")]
    DoesNotFollow(AccountKey),
}

impl Record {
    /// The layout that is written today.
    pub const VERSION: i64 = 1;

    /// The legs as bytes.
    pub fn encode_legs(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.legs.len() * LEG_BYTES);
        self.legs.iter().for_each(|leg| leg.encode(&mut bytes));
        bytes
    }

    /// Reads the legs of a stored row.
    pub fn decode_legs(version: i64, bytes: &[u8]) -> Result<Vec<Leg>, Discrepancy> {
        if version != Self::VERSION {
            return Err(Discrepancy::UnknownVersion(version));
        }
        if bytes.is_empty() || !bytes.len().is_multiple_of(LEG_BYTES) {
            return Err(Discrepancy::Unreadable);
        }
        bytes.chunks_exact(LEG_BYTES).map(|leg| Leg::decode(leg).ok_or(Discrepancy::Unreadable)).collect()
    }

    /// Whether the legs of each currency cancel out.
    pub fn check_balanced(&self) -> Result<(), Discrepancy> {
        for leg in &self.legs {
            let currency = leg.account.currency;
            let of_currency = self.legs.iter().filter(|other| other.account.currency == currency);
            if of_currency.map(|other| i128::from(other.amount)).sum::<i128>() != 0 {
                return Err(Discrepancy::Unbalanced(currency));
            }
        }
        Ok(())
    }

    /// The entry of an account in this record.
    pub fn leg_of(&self, account: AccountKey) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.account == account)
    }
}

/// Bytes at the start of a leg that tell its account.
const PREFIX_BYTES: usize = 17;

impl AccountKey {
    /// How every leg of this account begins: holder, currency, kind.
    pub fn leg_prefix(&self) -> [u8; PREFIX_BYTES] {
        let mut bytes = [0; PREFIX_BYTES];
        bytes[..8].copy_from_slice(&self.holder.0.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.currency.to_bytes());
        bytes[16] = self.kind as u8;
        bytes
    }
}

impl Leg {
    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.account.leg_prefix());
        for number in
            [self.amount, self.hold, self.balance_after, self.held_after, self.previous.0, self.ordinal]
        {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(i64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        Some(Self {
            account: AccountKey {
                holder: HolderId(number(0)?),
                currency: CurrencyCode::from_bytes(bytes.get(8..16)?.try_into().ok()?)?,
                kind: AccountKind::from_number(*bytes.get(16)?)?,
            },
            amount: number(17)?,
            hold: number(25)?,
            balance_after: number(33)?,
            held_after: number(41)?,
            previous: Position(number(49)?),
            ordinal: number(57)?,
        })
    }
}

/// Takes one leg into its account, checking that it follows from the entry before. The live path, `verify` and the
/// tests all change accounts through this and through nothing else.
pub fn fold(account: &mut Account, leg: &Leg, at: Position) -> Result<(), Discrepancy> {
    let follows = leg.account == account.key
        && leg.previous == account.last
        && leg.ordinal == account.entries + 1
        && account.balance.checked_add(leg.amount) == Some(leg.balance_after)
        && account.held.checked_add(leg.hold) == Some(leg.held_after)
        && leg.held_after >= 0;
    if !follows {
        return Err(Discrepancy::DoesNotFollow(leg.account));
    }
    account.balance = leg.balance_after;
    account.held = leg.held_after;
    account.last = at;
    account.entries = leg.ordinal;
    Ok(())
}

/// Whether this leg's entry gets a mark row.
pub const fn marks(leg: &Leg) -> bool {
    leg.ordinal % MARK_EVERY == 0
}

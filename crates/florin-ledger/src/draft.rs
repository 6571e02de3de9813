//! From a posting to journal legs, or the reason why not.

use crate::{Account, AccountKey, Leg, Move, Position, Posting};
use florin_types::CurrencyCode;

/// Why a posting is not made. The first two are refusals, which a client may meet; the rest are faults of ours.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostingError {
    /// A bounded account would be left with less than nothing to spend.
    #[error("account {0:?} has not enough to spend")]
    InsufficientFunds(AccountKey),
    /// The account's balance would not fit.
    #[error("the balance of account {0:?} would overflow")]
    Overflow(AccountKey),
    /// The posting names an account that there is not.
    #[error("account {0:?} is not open")]
    NoSuchAccount(AccountKey),
    /// The moves of a currency do not cancel out.
    #[error("the moves in {0} do not sum to zero")]
    Unbalanced(CurrencyCode),
    /// The posting does nothing, or one of its amounts is below zero.
    #[error("the posting is malformed")]
    Malformed,
    /// More would be released than is held.
    #[error("account {0:?} holds less than is to be released")]
    HoldBelowZero(AccountKey),
}

/// Checks a posting against the accounts it touches and answers its legs as the journal will hold them. Changes
/// nothing: a refusal has nothing to undo.
pub fn draft(
    posting: &Posting,
    account: impl Fn(AccountKey) -> Option<Account>,
) -> Result<Vec<Leg>, PostingError> {
    check_shape(posting)?;
    posting.moves().iter().map(|m| draft_leg(m, account(m.account))).collect()
}

fn check_shape(posting: &Posting) -> Result<(), PostingError> {
    if let Some(fault) = posting.fault() {
        return Err(fault);
    }
    let moves = posting.moves();
    if moves.is_empty() {
        return Err(PostingError::Malformed);
    }
    for m in moves {
        let currency = m.account.currency;
        let of_currency = moves.iter().filter(|other| other.account.currency == currency);
        if of_currency.map(|other| i128::from(other.amount)).sum::<i128>() != 0 {
            return Err(PostingError::Unbalanced(currency));
        }
    }
    Ok(())
}

fn draft_leg(m: &Move, account: Option<Account>) -> Result<Leg, PostingError> {
    let key = m.account;
    let account = account.ok_or(PostingError::NoSuchAccount(key))?;
    let balance = account.balance.checked_add(m.amount).ok_or(PostingError::Overflow(key))?;
    let held = account.held.checked_add(m.hold).ok_or(PostingError::Overflow(key))?;
    if held < 0 {
        return Err(PostingError::HoldBelowZero(key));
    }
    let available = balance.checked_sub(held).ok_or(PostingError::Overflow(key))?;
    if key.kind.is_bounded() && available < 0 && available < account.available() {
        return Err(PostingError::InsufficientFunds(key));
    }
    Ok(Leg {
        account: key,
        amount: m.amount,
        hold: m.hold,
        balance_after: balance,
        held_after: held,
        previous: account.last,
        ordinal: account.entries + 1,
    })
}

/// A leg's place in the chain of its account's entries, for a reader that walks them newest first.
impl Leg {
    /// The record that holds the account's entry before this one, if there is one.
    pub fn previous_entry(&self) -> Option<Position> {
        (self.previous != Position::NONE).then_some(self.previous)
    }
}

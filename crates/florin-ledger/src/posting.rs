//! What a business event does to the books, said in words: move money, hold it, release it, capture it.

use crate::{Account, AccountKey, HolderId, PostingError};
use florin_types::CurrencyCode;

/// One account's part of a posting, in minor units: what moves, and how what is held changes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which account.
    pub account: AccountKey,
    /// Into the account (positive) or out of it (negative).
    pub amount: i64,
    /// Added to what is held (positive) or released from it (negative).
    pub hold: i64,
}

/// What a business event does to the books. It is built word by word; several words on one account are one leg of the
/// journal record. An amount of zero does nothing, so that a fee of zero needs no case of its own.
///
/// The words check nothing but their amounts: whether an account can pay is decided when the posting is drafted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posting {
    /// One for each account, in the order in which the words named them.
    moves: Vec<Move>,
    /// The first word that was wrong: the posting is then refused as a whole.
    fault: Option<PostingError>,
}

/// What becomes of the rest of a hold of which less is captured.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// It stays held: more may be captured later.
    Held,
    /// It is released: this was the last capture.
    Released,
}

/// Taking money that was held for an object, or was not: see [`Posting::capture`].
#[derive(Copy, Clone, Debug)]
pub struct Capture {
    /// The account that pays, as it is before the posting.
    pub account: Account,
    /// What is held on it for the object. Keep it in the object's row: reads of the journal do not see what other
    /// commands of the same batch have posted.
    pub held: i64,
    /// What is to be paid.
    pub amount: i64,
    /// The account that is paid.
    pub to: AccountKey,
    /// What becomes of the rest of the hold.
    pub rest: Rest,
}

impl Posting {
    /// A posting without a word yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The plain case: `amount` minor units from one account to another.
    pub fn between(from: AccountKey, to: AccountKey, amount: i64) -> Self {
        Self::new().move_money(from, to, amount)
    }

    /// Moves `amount` minor units from one account to another of the same currency.
    #[must_use]
    pub fn move_money(mut self, from: AccountKey, to: AccountKey, amount: i64) -> Self {
        let amount = self.check(amount);
        self.add(from, -amount, 0).add(to, amount, 0)
    }

    /// Pays a holder from an account: what the holder owes the house, `debt`, is paid first.
    #[must_use]
    pub fn pay(
        self,
        from: AccountKey,
        (holder, currency): (HolderId, CurrencyCode),
        amount: i64,
        debt: i64,
    ) -> Self {
        let repaid = amount.min(debt);
        self.move_money(from, AccountKey::receivable(holder, currency), repaid).move_money(
            from,
            AccountKey::main(holder, currency),
            amount - repaid,
        )
    }

    /// Holds `amount` minor units: they stay on the account and cannot be spent.
    #[must_use]
    pub fn hold(mut self, account: AccountKey, amount: i64) -> Self {
        let amount = self.check(amount);
        self.add(account, 0, amount)
    }

    /// Releases `amount` minor units of what is held. The record must be of the object that they were held for:
    /// `verify` proves the holds of each object.
    #[must_use]
    pub fn release(mut self, account: AccountKey, amount: i64) -> Self {
        let amount = self.check(amount);
        self.add(account, 0, -amount)
    }

    /// Pays `amount` from what is held for an object: less than that, all of it, or more. What it takes over the hold
    /// is paid from what else can be spent on the account; what is still missing is paid by the holder's
    /// [`Receivable`](crate::AccountKind::Receivable), which goes below zero by it. So a capture is never refused for
    /// lack of money. A hold of zero is a payment that nobody may refuse (a clearing that was never authorised).
    ///
    /// Words before it in the same posting count; words after it must not pay from the same account. The holder's
    /// receivable must be loaded where the capture can be over what is held.
    #[must_use]
    pub fn capture(mut self, capture: Capture) -> Self {
        let Capture { account, to, rest, .. } = capture;
        let (held, amount) = (self.check(capture.held), self.check(capture.amount));
        let key = account.key;
        let from_hold = amount.min(held);
        let released = if rest == Rest::Released { held } else { from_hold };
        let over = amount - from_hold;
        let from_rest = if key.kind.is_bounded() { over.min(self.available(&account).max(0)) } else { over };
        self.release(key, released).move_money(key, to, from_hold + from_rest).move_money(
            AccountKey::receivable(key.holder, key.currency),
            to,
            over - from_rest,
        )
    }

    /// The legs to be, one for each account.
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// The first word that was wrong.
    pub(crate) fn fault(&self) -> Option<PostingError> {
        self.fault
    }

    /// What can be spent on an account after the words so far.
    fn available(&self, account: &Account) -> i64 {
        let so_far = self.moves.iter().find(|m| m.account == account.key);
        let change = so_far.map_or(0, |m| m.amount.saturating_sub(m.hold));
        account.available().saturating_add(change)
    }

    /// The amount, or zero and a fault where it is below zero.
    fn check(&mut self, amount: i64) -> i64 {
        if amount < 0 {
            self.fault.get_or_insert(PostingError::Malformed);
        }
        amount.max(0)
    }

    /// Adds to an account's leg. A leg that comes to nothing goes.
    fn add(mut self, account: AccountKey, amount: i64, hold: i64) -> Self {
        let index = self.moves.iter().position(|m| m.account == account).unwrap_or_else(|| {
            self.moves.push(Move { account, amount: 0, hold: 0 });
            self.moves.len() - 1
        });
        let leg = &mut self.moves[index];
        match (leg.amount.checked_add(amount), leg.hold.checked_add(hold)) {
            (Some(amount), Some(hold)) => (leg.amount, leg.hold) = (amount, hold),
            _ => drop(self.fault.get_or_insert(PostingError::Overflow(account))),
        }
        if (leg.amount, leg.hold) == (0, 0) {
            self.moves.remove(index);
        }
        self
    }

    /// Parts that need not be a word's.
    #[cfg(test)]
    pub(crate) fn of(parts: &[Move]) -> Self {
        parts.iter().fold(Self::new(), |posting, part| posting.add(part.account, part.amount, part.hold))
    }
}

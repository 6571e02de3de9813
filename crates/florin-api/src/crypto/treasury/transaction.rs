//! What the treasury keeps: signed transactions, outputs, numbers, and what was paid in.

use crate::kit::request::types::words;
use florin_ledger::BookId;
use florin_rails::chain::evm::Offer;
use florin_types::{CurrencyCode, Timestamp};
use florin_wallet::{Branch, Coin, Place};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// Where a signed transaction stands.
    pub enum TryState {
        /// It is kept: whether a node has it is not known.
        Signed = "SIGNED",
        /// A node has it, or had it.
        Sent = "SENT",
        /// It is in a block.
        Included = "INCLUDED",
        /// It is in a block, and has moved nothing but its fee.
        Reverted = "REVERTED",
        /// It has its confirmations, and its fee is booked.
        Done = "DONE",
        /// The same of one that has moved nothing but its fee.
        Failed = "FAILED",
        /// Another one that spends the same is in the chain.
        Gone = "GONE",
    }
}

/// A signed transaction that pays a withdrawal.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainTry {
    /// The id of its row.
    pub id: Uuid,
    /// What it pays.
    pub withdrawal: Uuid,
    /// On which network.
    pub network: String,
    /// Its id on the chain.
    pub hash: String,
    /// As nodes take it.
    pub raw: String,
    /// What it spends.
    pub plan: TryPlan,
    /// What it pays; nothing for one that only pays for another.
    pub currency: CurrencyCode,
    /// How much, in minor units.
    pub amount: i64,
    /// What it costs at most, in minor units of the chain's coin.
    pub fee: i64,
    /// What it has cost, once that is known.
    pub paid: Option<i64>,
    /// What of that is in the books; with it the withdrawal was settled, or failed. It stays when the block leaves the
    /// chain.
    pub booked: Option<i64>,
    /// Where it stands.
    pub state: TryState,
    /// The block that has it.
    pub height: Option<i64>,
    /// When it was signed.
    pub made_at: Timestamp,
}

/// What a transaction spends, from which the next version of it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TryPlan {
    /// Of Ethereum's kind.
    Account {
        /// The number among the hot wallet's transactions.
        nonce: u64,
        /// What it offers for gas.
        offer: Offer,
        /// The most gas.
        gas: u64,
    },
    /// Of Bitcoin's kind.
    Outputs {
        /// What is spent.
        inputs: Vec<Input>,
        /// What comes back to the hot wallet.
        change: Option<i64>,
        /// Which of its outputs that is.
        change_output: Option<u32>,
        /// Its size.
        virtual_bytes: u64,
        /// Whether it only pays for another one, by spending its change.
        is_child: bool,
    },
}

/// Where a key is derived, within a book.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// 0 for holders, 1 for the house.
    pub branch: i64,
    /// The number on the branch.
    pub number: i64,
}

impl Spot {
    /// The place in a book.
    pub const fn place(self, book: BookId) -> Place {
        let branch = if self.branch == 0 { Branch::Holders } else { Branch::House };
        Place { book: book.0, branch, number: self.number }
    }
}

impl From<Place> for Spot {
    fn from(Place { branch, number, .. }: Place) -> Self {
        Self { branch: i64::from(branch == Branch::House), number }
    }
}

/// An output that is spent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The transaction's id.
    pub hash: String,
    /// Which of its outputs.
    pub output: u32,
    /// The coin's smallest unit.
    pub amount: i64,
    /// Where its key is derived.
    pub spot: Spot,
}

impl Input {
    /// As the wallet spends it.
    pub fn coin(&self, book: BookId) -> Coin {
        let place = self.spot.place(book);
        Coin { transaction: self.hash.clone(), output: self.output, amount: self.amount, place }
    }

    /// As it is kept.
    pub fn of(coin: &Coin) -> Self {
        let (hash, spot) = (coin.transaction.clone(), coin.place.into());
        Self { hash, output: coin.output, amount: coin.amount, spot }
    }
}

impl ChainTry {
    /// Whether it only pays for another one.
    pub const fn is_child(&self) -> bool {
        matches!(self.plan, TryPlan::Outputs { is_child: true, .. })
    }

    /// Whether it waits for a block.
    pub const fn waits(&self) -> bool {
        matches!(self.state, TryState::Signed | TryState::Sent)
    }

    /// Whether it is in a block, and not yet booked.
    pub const fn is_included(&self) -> bool {
        matches!(self.state, TryState::Included | TryState::Reverted)
    }

    /// What it moves besides its fee, if it is in a block.
    pub const fn moves(&self) -> i64 {
        match self.state {
            TryState::Reverted | TryState::Failed => 0,
            _ => self.amount,
        }
    }

    /// In and under how many blocks it is.
    pub fn confirmations(&self, tip: i64) -> i64 {
        self.height.map_or(0, |height| (tip - height + 1).max(0))
    }

    /// The outputs that it spends.
    pub fn inputs(&self) -> &[Input] {
        match &self.plan {
            TryPlan::Outputs { inputs, .. } => inputs,
            TryPlan::Account { .. } => &[],
        }
    }
}

/// An output of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainCoin {
    /// The id of its row.
    pub id: Uuid,
    /// On which network.
    pub network: String,
    /// The transaction's id.
    pub hash: String,
    /// Which of its outputs.
    pub output: u32,
    /// The coin's smallest unit.
    pub amount: i64,
    /// Where its key is derived.
    pub spot: Spot,
    /// The block that has it.
    pub height: Option<i64>,
    /// The withdrawal that it pays.
    pub spent_by: Option<Uuid>,
}

impl ChainCoin {
    /// As the wallet spends it.
    pub fn coin(&self, book: BookId) -> Coin {
        let place = self.spot.place(book);
        Coin { transaction: self.hash.clone(), output: self.output, amount: self.amount, place }
    }
}

/// Money that somebody paid to the hot wallet.
#[derive(Clone, Debug, PartialEq)]
pub struct TopUp {
    /// The id of its row.
    pub id: Uuid,
    /// On which network.
    pub network: String,
    /// The transaction's id.
    pub hash: String,
    /// Which of its outputs.
    pub output: u32,
    /// What it is.
    pub currency: CurrencyCode,
    /// Minor units.
    pub amount: i64,
    /// The block that has it; none while none has, and then it is not booked.
    pub height: Option<i64>,
}

/// The number of a hot wallet's next transaction on a network.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainNonce {
    /// The id of its row.
    pub id: Uuid,
    /// On which network.
    pub network: String,
    /// The number.
    pub next: i64,
    /// A higher one that a node has said: somebody else has paid from the wallet, or our rows are from a backup.
    pub ahead: Option<i64>,
    /// The height that counted as settled when it was said first.
    pub since: Option<i64>,
}

impl ChainNonce {
    /// Takes a number, where by a node so many of the wallet's transactions are in the chain, and blocks up to a height
    /// are settled. None: the node is ahead of us. A number that is left out would stop all payments for ever, so what
    /// it says counts once it has said so for as many blocks as a payment must have.
    pub fn take(self, included: i64, (height, confirmations): (i64, i64)) -> (Self, Option<i64>) {
        let number = match (self.ahead, self.since) {
            _ if included <= self.next => self.next,
            (Some(ahead), Some(since))
                if ahead == included && height.saturating_sub(since) >= confirmations =>
            {
                included
            }
            (Some(ahead), Some(_)) if ahead == included => return (self, None),
            _ => return (Self { ahead: Some(included), since: Some(height), ..self }, None),
        };
        (Self { next: number.saturating_add(1), ahead: None, since: None, ..self }, Some(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::chain::hot_wallet;
    use crate::wallets::place_of;
    use florin_ledger::HolderId;

    #[test]
    fn inputs_are_kept_with_their_places() {
        let book = BookId(5);
        let holder = HolderId(book.position(1_000_001).0);
        for place in [hot_wallet(book), place_of(holder)] {
            let coin = Coin { transaction: "aa".to_owned(), output: 1, amount: 7, place };
            assert_eq!(Input::of(&coin).coin(book), coin);
        }
    }

    #[test]
    fn a_number_that_only_a_node_knows_counts_once_it_is_settled() {
        let (id, network) = (Uuid::nil(), "ethereum".to_owned());
        let mut nonce = ChainNonce { id, network, next: 5, ahead: None, since: None };
        let mut take = |included, height| {
            let (after, number) = nonce.clone().take(included, (height, 12));
            nonce = after;
            number
        };
        assert_eq!([take(5, 100), take(0, 100)], [Some(5), Some(6)], "ours count at once");
        assert_eq!([take(9, 100), take(9, 111)], [None; 2], "it may be on another branch");
        assert_eq!(take(7, 111), Some(7), "it was");
        assert_eq!(take(9, 112), None, "the time counts anew");
        assert_eq!([take(10, 123), take(10, 134)], [None; 2], "another number, too");
        assert_eq!([take(10, 135), take(10, 135)], [Some(10), Some(11)]);
    }

    #[test]
    fn plans_are_kept_exactly() {
        let offer = Offer { max_fee: u128::MAX, max_priority_fee: u128::from(u64::MAX) + 1 };
        let account = TryPlan::Account { nonce: u64::MAX, offer, gas: 21_000 };
        let input = Input {
            hash: "aa".to_owned(),
            output: u32::MAX,
            amount: i64::MAX,
            spot: Spot { branch: 1, number: 7 },
        };
        let outputs = TryPlan::Outputs {
            inputs: vec![input],
            change: None,
            change_output: Some(1),
            virtual_bytes: 141,
            is_child: true,
        };
        for plan in [account, outputs] {
            let kept = serde_json::to_vec(&plan).unwrap();
            assert_eq!(serde_json::from_slice::<TryPlan>(&kept).unwrap(), plan);
        }
    }
}

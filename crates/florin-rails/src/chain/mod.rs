//! Chains: blocks, the value that they bring to addresses, and transactions of ours, behind one trait.
//!
//! A [`ChainNode`] is asked; it tells nothing by itself. [`Follower`] asks it for one block after the other, and
//! notices when blocks that it gave are in the chain no more. Whose an address is, the node does not know: a block
//! comes with every transfer in it, and the platform looks which are its own.
//!
//! Amounts are in minor units of the platform's currency. A chain that counts finer (Ethereum's 18 decimals) has its
//! rests cut off: they stay on the address, and no balance has them.

pub mod bitcoin;
pub mod evm;
mod follow;
pub mod simulated;
mod simulated_magic;

pub use follow::{FollowError, Follower, Step};
pub use simulated_magic::MagicAddress;

use florin_types::{CurrencyCode, Timestamp};
use florin_wallet::{Address, Call};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use thiserror::Error;

/// Which block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Its number: how many are before it.
    pub height: u64,
    /// Its id, as the chain's programs write it.
    pub hash: String,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Which it is.
    pub at: BlockRef,
    /// The id of the block before it.
    pub parent: String,
    /// When it was made, as it says itself.
    pub made_at: Timestamp,
    /// The value that it brings to addresses, in the chain's order.
    pub transfers: Vec<Transfer>,
}

/// Value that an address got.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// The transaction's id, as the chain's programs write it.
    pub transaction: String,
    /// Which of the transaction's transfers: it is the same in whatever block the transaction is. For Bitcoin's kind,
    /// the output. For Ethereum's kind 0 is the coin itself, and the n-th log of the transaction is n, from 1 over all
    /// its logs.
    pub output: u32,
    /// Who got it, in the form in which the crate `florin-wallet` writes addresses.
    pub to: String,
    /// Who gave it, where the chain says so: not for Bitcoin's kind, where a transaction spends outputs of many.
    pub from: Option<String>,
    /// What it is.
    pub currency: CurrencyCode,
    /// Minor units, from 1.
    pub amount: i64,
}

/// What a transaction costs now, by the chain's own unit of work: wei per gas, or a thousandth of the coin's smallest
/// unit per virtual byte. Where the price is set by the block (Ethereum's kind) it is the most that is offered; what is
/// paid is mostly half of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeRate {
    /// For a transaction that is to be in one of the next blocks.
    pub usual: u128,
    /// For one that has waited too long.
    pub urgent: u128,
}

/// Where a transaction stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionState {
    /// The node does not know it. It may have forgotten a transaction that offered too little, and other nodes may
    /// still have it: so it can still be included, as long as what it spends is not spent otherwise. A node of
    /// Bitcoin's kind that has no index of transactions also says so of one that is in the chain, once all that it paid
    /// is spent: see [`ChainNode::transaction`].
    Unknown,
    /// It waits for a block.
    Waiting,
    /// It is in a block of the chain.
    Included {
        /// In which.
        block: BlockRef,
        /// It is in the block and has moved nothing but its fee: a contract refused it.
        is_failed: bool,
        /// What it has cost, in minor units of the chain's coin, rounded up. None: the node can't say. For Bitcoin's
        /// kind it is what was signed, for the transaction holds it.
        fee: Option<i64>,
    },
}

/// What became of a transaction that was given to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// The node has it, perhaps had it before.
    Taken,
    /// The node does not take it: others of its kind may. The text is the node's.
    Refused(String),
    /// What it spends is spent by another transaction, or its number was used by another. That other may be one that
    /// replaced it, or that it was to replace: whether one of them is in the chain, the blocks say.
    Conflict(String),
}

/// Why a node gave no answer that can be used. The caller asks again later.
#[derive(Debug, Error)]
pub enum NodeError {
    /// It cannot be reached, is too slow, or says that it can't now.
    #[error("the node is not available: {0}")]
    Unavailable(String),
    /// What it says cannot be true: another chain, a block that is not the one that was asked for, no JSON.
    #[error("the node can't be believed: {0}")]
    Unbelievable(String),
}

fn not_the_newest(at: &BlockRef) -> NodeError {
    NodeError::Unavailable(format!("block {} is not the newest one any more", at.height))
}

/// A future of a node.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A node of a chain.
pub trait ChainNode: Send + Sync {
    /// The slug of its network, such as `polygon`.
    fn network(&self) -> &str;

    /// Asks whether it is a node of the chain that is configured: by the chain's number, or its first block.
    fn check<'a>(&'a self) -> Boxed<'a, Result<(), NodeError>>;

    /// The newest block.
    fn tip<'a>(&'a self) -> Boxed<'a, Result<BlockRef, NodeError>>;

    /// The id of the block of a height. None: the chain has none yet.
    fn hash<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<String>, NodeError>>;

    /// The block of a height. None: the chain has none yet.
    fn block<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<Block>, NodeError>>;

    /// What transactions cost now.
    fn fees<'a>(&'a self) -> Boxed<'a, Result<FeeRate, NodeError>>;

    /// Gives it a signed transaction, as the chain's programs take it (hexadecimal digits).
    fn broadcast<'a>(&'a self, raw: &'a str) -> Boxed<'a, Result<Broadcast, NodeError>>;

    /// Where a transaction of ours stands. For Bitcoin's kind the blocks say whether it is in the chain: every one of
    /// ours pays an address, so its id is in the [`Block::transfers`] of its block. What this adds is whether it waits
    /// or was dropped.
    fn transaction<'a>(&'a self, id: &'a str) -> Boxed<'a, Result<TransactionState, NodeError>>;

    /// What an address has of a currency, in minor units, by the newest block: for comparing with the books.
    fn balance<'a>(&'a self, address: &'a str, currency: CurrencyCode) -> Boxed<'a, Result<i64, NodeError>>;

    /// What addresses have of a currency by a block, in their order: for comparing many with the books. The block is
    /// the newest one, or one that is not much older where the node can look back.
    fn balances<'a>(
        &'a self,
        at: &'a BlockRef,
        addresses: &'a [String],
        currency: CurrencyCode,
    ) -> Boxed<'a, Result<Vec<i64>, NodeError>> {
        Box::pin(async move {
            let before = self.tip().await?;
            let mut held = Vec::with_capacity(addresses.len());
            for address in addresses {
                held.push(self.balance(address, currency).await?);
            }
            match before == *at && self.tip().await? == *at {
                true => Ok(held),
                false => Err(not_the_newest(at)),
            }
        })
    }

    /// Whether it can find what addresses have. If not, it can only say which outputs are unspent.
    fn can_search(&self) -> bool {
        true
    }

    /// What outputs of transactions (the id, and which output) hold by a block, which is the newest one: nothing where
    /// they are spent, or not in the chain. For nodes that can't search.
    fn outputs<'a>(
        &'a self,
        _at: &'a BlockRef,
        _outputs: &'a [(String, u32)],
    ) -> Boxed<'a, Result<Vec<i64>, NodeError>> {
        Box::pin(async { Err(NodeError::Unavailable("its chain has no outputs".to_owned())) })
    }

    /// Whether the chain counts a currency finer than the platform, which then cuts off rests.
    fn has_rests(&self, _currency: CurrencyCode) -> bool {
        false
    }

    /// What more there is to ask where accounts pay, and not outputs of transactions.
    fn accounts(&self) -> Option<&dyn AccountNode> {
        None
    }
}

/// A node of a chain whose accounts pay, and count what they have paid (Ethereum's kind).
pub trait AccountNode: Send + Sync {
    /// The number of its chain: a signature is good for one chain only.
    fn chain_id(&self) -> u64;

    /// The call that pays minor units of a currency. None: the network does not have the currency, or cannot count the
    /// amount, or the address is of another kind.
    fn payment(&self, to: &Address, currency: CurrencyCode, amount: i64) -> Option<Call>;

    /// How many transactions of an address are in the chain: the nonce of the next one that can be included.
    fn nonce<'a>(&'a self, address: &'a Address) -> Boxed<'a, Result<u64, NodeError>>;

    /// How much gas a payment gets.
    fn gas<'a>(&'a self, from: &'a Address, call: &'a Call) -> Boxed<'a, Result<evm::Gas, NodeError>>;

    /// What is offered for gas now.
    fn offers<'a>(&'a self) -> Boxed<'a, Result<evm::Offers, NodeError>>;

    /// The most wei per gas that is ever offered.
    fn max_fee(&self) -> u128;

    /// What so much gas costs at so much wei, in minor units of the chain's coin, rounded up. None: more than the
    /// platform can count.
    fn cost(&self, gas: u64, fee: u128) -> Option<i64>;
}

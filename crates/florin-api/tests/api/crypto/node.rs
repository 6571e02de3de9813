//! A chain in memory, behind the trait of nodes: its blocks are what the test says.

use crate::support::START;
use florin_rails::chain::{
    Block, BlockRef, Boxed, Broadcast, ChainNode, FeeRate, NodeError, TransactionState, Transfer,
};
use florin_types::{CurrencyCode, Timestamp};
use std::sync::Mutex;

#[derive(Default)]
struct State {
    blocks: Vec<Block>,
    /// Counts branches, so that no two blocks have one id.
    branch: usize,
    trouble: Option<&'static str>,
    is_other_chain: bool,
    is_blind: bool,
    /// Transactions whose outputs are spent.
    spent: Vec<String>,
    /// What addresses have that no transfer of a block has brought.
    gifts: Vec<(String, CurrencyCode, i64)>,
}

/// The chain.
pub struct TestNode {
    network: &'static str,
    state: Mutex<State>,
}

impl TestNode {
    /// A chain with one block.
    pub fn new(network: &'static str) -> Self {
        let this = Self { network, state: Mutex::default() };
        this.mine(&[]);
        this
    }

    /// A block with these transfers: transaction, output, to, currency, minor units.
    pub fn mine(&self, transfers: &[(&str, u32, &str, &'static str, i64)]) {
        let mut state = self.state.lock().expect("a chain");
        let height = state.blocks.len() as u64;
        let hash = format!("{}-{height}-{}", self.network, state.branch);
        let parent = state.blocks.last().map_or_else(String::new, |block| block.at.hash.clone());
        let transfer =
            |&(transaction, output, to, currency, amount): &(&str, u32, &str, &'static str, i64)| {
                let (transaction, to) = (transaction.to_owned(), to.to_owned());
                let from = (self.network == "ethereum")
                    .then(|| "0x0000000000000000000000000000000000000001".to_owned());
                Transfer { transaction, output, to, from, currency: CurrencyCode::new(currency), amount }
            };
        let transfers = transfers.iter().map(transfer).collect();
        // The first block is from long ago.
        let made_at = if height == 0 { Timestamp::from_micros(0) } else { START };
        state.blocks.push(Block { at: BlockRef { height, hash }, parent, made_at, transfers });
    }

    /// Empty blocks.
    pub fn mine_empty(&self, blocks: usize) {
        (0..blocks).for_each(|_| self.mine(&[]));
    }

    /// The newest blocks are in the chain no more.
    pub fn leave(&self, depth: usize) {
        let mut state = self.state.lock().expect("a chain");
        let left = state.blocks.len() - depth;
        state.blocks.truncate(left);
        state.branch += 1;
    }

    /// The chain as it is now.
    pub fn blocks(&self) -> Vec<Block> {
        self.state.lock().expect("a chain").blocks.clone()
    }

    /// The node is on another branch, or back on one.
    pub fn switch_to(&self, blocks: Vec<Block>) {
        self.state.lock().expect("a chain").blocks = blocks;
    }

    /// An address has more than its transfers brought, or less.
    pub fn give(&self, to: &str, currency: &'static str, amount: i64) {
        let gift = (to.to_owned(), CurrencyCode::new(currency), amount);
        self.state.lock().expect("a chain").gifts.push(gift);
    }

    /// It can't search for addresses from now on, and the outputs of a transaction are spent.
    pub fn be_blind(&self, spent: &str) {
        let mut state = self.state.lock().expect("a chain");
        state.is_blind = true;
        state.spent.push(spent.to_owned());
    }

    /// What addresses have is again what blocks tell of.
    pub fn be_honest(&self) {
        let mut state = self.state.lock().expect("a chain");
        state.gifts.clear();
        state.spent.clear();
    }

    /// What is wrong with the node from now on.
    pub fn trouble(&self, trouble: Option<&'static str>) {
        self.state.lock().expect("a chain").trouble = trouble;
    }

    /// Whether it is of another chain from now on.
    pub fn be_other_chain(&self, is_other: bool) {
        self.state.lock().expect("a chain").is_other_chain = is_other;
    }

    fn get<T>(&self, what: impl FnOnce(&State) -> T) -> Result<T, NodeError> {
        let state = self.state.lock().expect("a chain");
        match state.trouble {
            Some(trouble) => Err(NodeError::Unavailable(trouble.to_owned())),
            None => Ok(what(&state)),
        }
    }
}

impl ChainNode for TestNode {
    fn network(&self) -> &str {
        self.network
    }

    fn check<'a>(&'a self) -> Boxed<'a, Result<(), NodeError>> {
        Box::pin(async move {
            match self.get(|state| state.is_other_chain)? {
                true => Err(NodeError::Unbelievable("it is of another chain".to_owned())),
                false => Ok(()),
            }
        })
    }

    fn tip<'a>(&'a self) -> Boxed<'a, Result<BlockRef, NodeError>> {
        Box::pin(async move { self.get(|state| state.blocks.last().expect("a block").at.clone()) })
    }

    fn hash<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<String>, NodeError>> {
        Box::pin(async move {
            self.get(|state| state.blocks.get(height as usize).map(|block| block.at.hash.clone()))
        })
    }

    fn block<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<Block>, NodeError>> {
        Box::pin(async move { self.get(|state| state.blocks.get(height as usize).cloned()) })
    }

    fn fees<'a>(&'a self) -> Boxed<'a, Result<FeeRate, NodeError>> {
        Box::pin(async move { self.get(|_| FeeRate { usual: 10_000, urgent: 20_000 }) })
    }

    fn broadcast<'a>(&'a self, _: &'a str) -> Boxed<'a, Result<Broadcast, NodeError>> {
        Box::pin(async move { self.get(|_| Broadcast::Taken) })
    }

    fn transaction<'a>(&'a self, _: &'a str) -> Boxed<'a, Result<TransactionState, NodeError>> {
        Box::pin(async move { self.get(|_| TransactionState::Unknown) })
    }

    fn balance<'a>(&'a self, address: &'a str, currency: CurrencyCode) -> Boxed<'a, Result<i64, NodeError>> {
        Box::pin(async move {
            self.get(|state| {
                let transfers = state.blocks.iter().flat_map(|block| &block.transfers);
                let is_it = |transfer: &&Transfer| transfer.to == address && transfer.currency == currency;
                let gifts = state.gifts.iter().filter(|(to, code, _)| to == address && *code == currency);
                let gifts: i64 = gifts.map(|(.., amount)| *amount).sum();
                gifts + transfers.filter(is_it).map(|transfer| transfer.amount).sum::<i64>()
            })
        })
    }

    fn can_search(&self) -> bool {
        self.get(|state| !state.is_blind).unwrap_or(true)
    }

    fn outputs<'a>(
        &'a self,
        at: &'a BlockRef,
        outputs: &'a [(String, u32)],
    ) -> Boxed<'a, Result<Vec<i64>, NodeError>> {
        Box::pin(async move {
            assert_eq!(self.tip().await?, *at);
            self.get(|state| {
                let transfers = || state.blocks.iter().flat_map(|block| &block.transfers);
                let held = |(transaction, output): &(String, u32)| {
                    let is_it = |one: &&Transfer| one.transaction == *transaction && one.output == *output;
                    let is_spent = state.spent.contains(transaction);
                    transfers().find(is_it).filter(|_| !is_spent).map_or(0, |transfer| transfer.amount)
                };
                outputs.iter().map(held).collect()
            })
        })
    }

    fn has_rests(&self, currency: CurrencyCode) -> bool {
        currency.as_str() == "eth"
    }
}

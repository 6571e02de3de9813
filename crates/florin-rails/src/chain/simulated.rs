//! The pure rules of a simulated chain: its blocks, its fees, and what its coin and tokens are.
//!
//! Nothing here is a transaction: which of them is in a block, the platform keeps as rows of the sandbox's book.

use super::evm::{Asset, Offer, Offers, Token};
use super::{BlockRef, FeeRate, evm};
use florin_types::{CurrencyCode, Timestamp};
use florin_wallet::{Address, Call, Chain, ChainKind};
use serde::{Deserialize, Serialize};

/// How many stretches of blocks are remembered apart. A call makes one or two, so this covers what a test looks back
/// at; before them, blocks have the time of the first of those that were put together.
const STRETCHES: usize = 50;

/// Blocks from one low of the fees to the next. A sandbox mines so many in one call, so each height of the fees can be
/// reached.
const WAVE: u64 = 40;

/// The most that is offered for gas: 1,000 gwei, far above the highest that the wave asks for.
const MAX_FEE: u128 = 1_000_000_000_000;

/// What the maker of a block is offered: 1 gwei.
const PRIORITY_FEE: u128 = 1_000_000_000;

/// What a payment of the chain's coin uses: 21,000, as on every chain of this kind.
pub const COIN_GAS: u64 = 21_000;

/// What a payment of a token uses: as much as the usual contracts do.
pub const TOKEN_GAS: u64 = 65_000;

/// Added to the numbers of real chains, to make those of simulated ones: "flor" before 16 bits. No real chain has such
/// a number, so what is signed for a sandbox is worth nothing elsewhere.
const CHAIN_IDS: u64 = 0x666c_6f72 << 16;

/// Blocks that follow on each other without a reorganisation between them, mined at one time.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch {
    first: u64,
    /// How many reorganisations there were before.
    salt: u64,
    /// Microseconds.
    at: i64,
}

/// The blocks of a simulated chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedChain {
    seed: String,
    /// What stands before the digits of ids.
    prefix: String,
    height: u64,
    reorganisations: u64,
    /// Oldest first. There is one at least.
    stretches: Vec<Stretch>,
}

impl SimulatedChain {
    /// A chain with block 0. Chains of other seeds have other blocks.
    #[must_use]
    pub fn new(seed: String, kind: ChainKind, at: Timestamp) -> Self {
        let prefix = if kind == ChainKind::Evm { "0x" } else { "" };
        let first = Stretch { first: 0, salt: 0, at: at.micros() };
        Self { seed, prefix: prefix.to_owned(), height: 0, reorganisations: 0, stretches: vec![first] }
    }

    /// The height of the newest block.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.height
    }

    /// The newest block.
    #[must_use]
    pub fn tip(&self) -> BlockRef {
        BlockRef { height: self.height, hash: self.written(self.height) }
    }

    /// The id of a block. None: the chain has none of this height yet.
    #[must_use]
    pub fn hash(&self, height: u64) -> Option<String> {
        (height <= self.height).then(|| self.written(height))
    }

    /// The id of the block before one. Before block 0 stands an id of zeros, as on real chains.
    #[must_use]
    pub fn parent(&self, height: u64) -> String {
        match height.checked_sub(1) {
            Some(before) => self.written(before),
            None => format!("{}{:064}", self.prefix, 0),
        }
    }

    /// When a block was made.
    #[must_use]
    pub fn made_at(&self, height: u64) -> Timestamp {
        Timestamp::from_micros(self.stretch(height).at)
    }

    /// An id, in the form in which the chain's programs write those of blocks and transactions.
    #[must_use]
    pub fn id(&self, of: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.seed.as_bytes()).update(&[0]).update(of);
        format!("{}{}", self.prefix, hasher.finalize().to_hex())
    }

    fn written(&self, height: u64) -> String {
        self.id(format!("block {height} {}", self.stretch(height).salt).as_bytes())
    }

    fn stretch(&self, height: u64) -> Stretch {
        let found = self.stretches.iter().rev().find(|stretch| stretch.first <= height);
        found.or(self.stretches.first()).copied().unwrap_or(Stretch { first: 0, salt: 0, at: 0 })
    }

    /// Mines blocks.
    pub fn mine(&mut self, blocks: u64, at: Timestamp) {
        if blocks > 0 {
            let (first, salt, at) = (self.height + 1, self.stretch(self.height).salt, at.micros());
            self.height += blocks;
            self.begin(Stretch { first, salt, at });
        }
    }

    /// Takes the last blocks out of the chain and puts one more in their place. Answers the first height that has
    /// another block than before. Block 0 stays.
    pub fn reorganise(&mut self, depth: u64, at: Timestamp) -> u64 {
        let depth = depth.min(self.height);
        let first = self.height - depth + 1;
        self.reorganisations += 1;
        self.height += 1;
        self.stretches.retain(|stretch| stretch.first < first);
        self.begin(Stretch { first, salt: self.reorganisations, at: at.micros() });
        first
    }

    /// Those of one salt can be put together: then the later one is forgotten, and no id changes.
    fn begin(&mut self, stretch: Stretch) {
        let last = self.stretches.last();
        if last.is_some_and(|last| (last.salt, last.at) == (stretch.salt, stretch.at)) {
            return;
        }
        self.stretches.push(stretch);
        if self.stretches.len() > STRETCHES {
            let same = self.stretches.windows(2).position(|pair| pair[0].salt == pair[1].salt);
            if let Some(place) = same {
                self.stretches.remove(place + 1);
            }
        }
    }
}

/// What is paid at a height, in percent of the least: a wave from 100 to 300.
fn wave(height: u64) -> u128 {
    let place = height % WAVE;
    let from_low = u128::from(place.min(WAVE - place));
    100 + from_low * 200 / u128::from(WAVE / 2)
}

/// What a transaction of Bitcoin's kind must offer at a height. The least is ten times what nodes relay, and five times
/// on Dogecoin: so an offer that is relayed can be too low to be mined.
#[must_use]
pub fn fees(chain: Chain, height: u64) -> FeeRate {
    let times = if chain.kind == ChainKind::Dogecoin { 5 } else { 10 };
    let usual = chain.relay_rate().unwrap_or_default() * times * wave(height) / 100;
    FeeRate { usual, urgent: 2 * usual }
}

/// What a simulated network of Ethereum's kind has: the coin, and contracts at made-up addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedAccounts {
    /// The number of its chain.
    pub chain_id: u64,
    /// The coin.
    pub coin: Asset,
    /// The contracts.
    pub tokens: Vec<Token>,
    /// The least base fee, in wei per gas.
    base_fee: u128,
}

/// What a call does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Who gets it.
    pub to: Address,
    /// What.
    pub currency: CurrencyCode,
    /// Minor units; 0 is possible.
    pub amount: i64,
}

impl SimulatedAccounts {
    /// Those of a network: `coin` and `tokens` are currencies with the platform's decimals. None: no such network is
    /// simulated.
    #[must_use]
    pub fn new(network: &str, coin: (CurrencyCode, u8), tokens: &[(CurrencyCode, u8)]) -> Option<Self> {
        let (real_id, base_fee) = match network {
            "ethereum" => (1, 10_000_000_000),
            "polygon" => (137, 30_000_000_000),
            _ => return None,
        };
        let (currency, decimals) = coin;
        let coin = Asset { currency, decimals, chain_decimals: 18 };
        let token = |&(currency, decimals): &(CurrencyCode, u8)| {
            let asset = Asset { currency, decimals, chain_decimals: 6 };
            Some(Token { asset, contract: contract(currency)? })
        };
        let tokens = tokens.iter().map(token).collect::<Option<_>>()?;
        Some(Self { chain_id: CHAIN_IDS + real_id, coin, tokens, base_fee })
    }

    /// The most wei per gas that is ever offered.
    #[must_use]
    pub const fn max_fee(&self) -> u128 {
        MAX_FEE
    }

    /// The base fee of a block, in wei per gas.
    #[must_use]
    pub fn base_fee(&self, height: u64) -> u128 {
        self.base_fee * wave(height) / 100
    }

    /// What is offered for gas in the block after this height.
    #[must_use]
    pub fn offers(&self, height: u64) -> Offers {
        Offers::new(self.base_fee(height + 1), PRIORITY_FEE, MAX_FEE)
    }

    /// What a unit of gas costs in a block. None: the offer is too low for it.
    #[must_use]
    pub fn price(&self, height: u64, offer: Offer) -> Option<u128> {
        let base = self.base_fee(height);
        let price = base.saturating_add(offer.max_priority_fee).min(offer.max_fee);
        (offer.max_fee >= base).then_some(price)
    }

    /// The call that pays minor units of a currency.
    #[must_use]
    pub fn payment(&self, to: &Address, currency: CurrencyCode, amount: i64) -> Option<Call> {
        evm::asset::payment((&self.coin, &self.tokens), to, currency, amount)
    }

    /// How much gas a call uses.
    #[must_use]
    pub fn gas(call: &Call) -> u64 {
        if call.data().is_empty() { COIN_GAS } else { TOKEN_GAS }
    }

    /// What a call pays. None: nothing here does such a thing.
    #[must_use]
    pub fn paid(&self, call: &Call) -> Option<Paid> {
        let (to, asset, amount) = if call.data().is_empty() {
            (call.to().clone(), &self.coin, call.value())
        } else {
            let token = self.tokens.iter().find(|token| token.contract == *call.to());
            let token = token.filter(|_| call.value() == 0)?;
            let (to, amount) = call.as_token_transfer()?;
            (to, &token.asset, amount)
        };
        Some(Paid { to, currency: asset.currency, amount: asset.from_chain(amount)? })
    }
}

/// A made-up address that tells the currency.
fn contract(currency: CurrencyCode) -> Option<Address> {
    let text = format!("0xf10c{:0>36}", hex::encode(currency.as_str()));
    Address::parse(Chain::EVM, &text).ok()
}

#[cfg(test)]
#[path = "simulated_tests.rs"]
mod tests;

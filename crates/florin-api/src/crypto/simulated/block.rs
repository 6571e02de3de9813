//! What a block takes from the pool, and what that moves.

use super::store::{self, Entry, PoolState, SimChain, SimTransaction};
use super::{accounts_of, chain_of};
use crate::crypto::chain::Net;
use crate::kit::book::work::Work;
use florin_rails::chain::MagicAddress;
use florin_rails::chain::simulated::{COIN_GAS, SimulatedAccounts, TOKEN_GAS, fees};
use florin_store::{StoreError, Value};
use florin_types::CurrencyCode;
use florin_wallet::Chain;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Transactions of a block, at most: about what a full block of Bitcoin has.
const MAX_TRANSACTIONS: usize = 2_000;

/// Who makes blocks.
struct Miner {
    net: Net,
    chain: Chain,
    /// Of Ethereum's kind.
    accounts: Option<SimulatedAccounts>,
    /// What accounts had before, where it was asked for.
    held: BTreeMap<(String, CurrencyCode), i64>,
    /// What these blocks have moved. It is written at the end.
    moved: BTreeMap<(String, CurrencyCode), i64>,
    /// Nonces that come next, where they were asked for.
    nonces: BTreeMap<String, u64>,
    /// Ids of what waits. What spends outputs of these waits too.
    waiting: BTreeSet<String>,
    /// The rate that a transaction has together with one that spends what it pays. Who mines the second needs the
    /// first.
    with_child: BTreeMap<String, u128>,
    /// The newest block with a transaction that brings about its confirmations.
    last_auto: Option<u64>,
    rows: Vec<Vec<Value>>,
}

/// How a transaction went in a block.
struct Outcome {
    is_failed: bool,
    fee: i64,
}

/// Mines blocks; how many transactions they took.
pub(super) async fn mine(
    work: &mut Work<'_>,
    sim: &mut SimChain,
    net: Net,
    blocks: u64,
) -> Result<usize, StoreError> {
    let chain = chain_of(work.app(), net)?;
    let mut pool = store::pool(work, net).await?;
    let mut miner = Miner {
        net,
        chain,
        accounts: accounts_of(work.app(), net),
        held: BTreeMap::new(),
        moved: BTreeMap::new(),
        nonces: BTreeMap::new(),
        waiting: pool.iter().map(|one| one.hash.clone()).collect(),
        with_child: with_child(&pool),
        last_auto: None,
        rows: Vec::new(),
    };
    let (first, count) = (sim.state.blocks.height() + 1, pool.len());
    for height in first..first + blocks {
        pool = miner.block(work, height, pool).await?;
        if pool.is_empty() {
            break;
        }
    }
    if let Some(height) = miner.last_auto {
        sim.state.confirmed_at = height + net.confirmations(work.app()).saturating_sub(1);
    }
    store::insert(work, miner.rows).await?;
    let at = work.in_time(Duration::ZERO);
    sim.state.blocks.mine(blocks, at);
    work.put(sim)?;
    Ok(count - pool.len())
}

/// The fee of 1,000 virtual bytes.
fn rate(fee: i64, size: u64) -> u128 {
    u128::try_from(fee).unwrap_or_default() * 1_000 / u128::from(size.max(1))
}

/// Of the outputs that a transaction spends: the ids of their transactions.
fn parents(of: &SimTransaction) -> impl Iterator<Item = &str> {
    of.body.spends.iter().filter_map(|spent| spent.point.split_once(':').map(|(parent, _)| parent))
}

fn with_child(pool: &[SimTransaction]) -> BTreeMap<String, u128> {
    let by_hash: BTreeMap<_, _> = pool.iter().map(|one| (one.hash.as_str(), one)).collect();
    let mut rates = BTreeMap::new();
    for child in pool.iter().filter(|one| one.body.offer.is_none()) {
        for parent in parents(child).filter_map(|parent| by_hash.get(parent)) {
            let fee = parent.body.fee.saturating_add(child.body.fee);
            let both = rate(fee, parent.body.size.saturating_add(child.body.size));
            let best = rates.entry(parent.hash.clone()).or_insert(both);
            *best = both.max(*best);
        }
    }
    rates
}

/// Whether whoever is paid refuses it.
fn is_refused(chain: Chain, address: &str) -> bool {
    MagicAddress::Fails.address(chain).is_some_and(|fails| fails.as_str() == address)
}

impl Miner {
    /// Makes a block; what still waits.
    async fn block(
        &mut self,
        work: &mut Work<'_>,
        height: u64,
        mut pool: Vec<SimTransaction>,
    ) -> Result<Vec<SimTransaction>, StoreError> {
        let mut taken = 0;
        // One that came later may be what an earlier one waits for.
        loop {
            let (before, mut left) = (taken, Vec::new());
            for mut one in pool {
                let outcome = match taken < MAX_TRANSACTIONS {
                    true => self.judge(work, height, &one).await?,
                    false => None,
                };
                let Some(outcome) = outcome else {
                    left.push(one);
                    continue;
                };
                (one.state, one.height) = (PoolState::Included, i64::try_from(height).ok());
                (one.body.is_failed, one.body.fee) = (outcome.is_failed, outcome.fee);
                self.last_auto = if one.body.is_auto { Some(height) } else { self.last_auto };
                self.include(work, &one)?;
                taken += 1;
            }
            pool = left;
            if taken == before {
                return Ok(pool);
            }
        }
    }

    fn include(&mut self, work: &mut Work<'_>, one: &SimTransaction) -> Result<(), StoreError> {
        let entries = self.entries(one)?;
        for entry in &entries {
            let moved = self.moved.entry((entry.address.clone(), entry.currency)).or_default();
            *moved = moved.saturating_add(entry.amount);
        }
        if let Some(nonce) = one.sender.as_ref().and_then(|sender| self.nonces.get_mut(sender)) {
            *nonce += 1;
        }
        self.waiting.remove(&one.hash);
        self.rows.extend(store::rows(work, one, &entries));
        work.put(one)
    }

    /// What a transaction in a block moves.
    fn entries(&self, one: &SimTransaction) -> Result<Vec<Entry>, StoreError> {
        let (body, coin) = (&one.body, self.net.coin);
        let mut entries = Vec::new();
        if !body.is_failed {
            for paid in &body.outputs {
                let (currency, address) = (paid.currency()?, paid.address.clone());
                let gives = one.sender.clone().map(|address| Entry {
                    output: None,
                    address,
                    currency,
                    amount: -paid.amount,
                });
                entries.extend(gives);
                let output = Some(paid.number).filter(|_| paid.amount > 0);
                entries.push(Entry { output, address, currency, amount: paid.amount });
            }
        }
        match &one.sender {
            Some(sender) => {
                entries.push(Entry {
                    output: None,
                    address: sender.clone(),
                    currency: coin,
                    amount: -body.fee,
                });
            }
            None => entries.extend(body.spends.iter().map(|spent| Entry {
                output: None,
                address: spent.address.clone(),
                currency: coin,
                amount: -spent.amount,
            })),
        }
        Ok(entries)
    }

    /// Whether a transaction goes into a block, and how. None: it waits.
    async fn judge(
        &mut self,
        work: &mut Work<'_>,
        height: u64,
        one: &SimTransaction,
    ) -> Result<Option<Outcome>, StoreError> {
        let body = &one.body;
        if body.is_made {
            return Ok(Some(Outcome { is_failed: false, fee: 0 }));
        }
        if self.accounts.is_some() {
            return self.run(work, height, one).await;
        }
        let own = rate(body.fee, body.size);
        let offered = self.with_child.get(&one.hash).map_or(own, |both| own.max(*both));
        let is_enough = 2 * offered >= fees(self.chain, height).usual;
        let is_taken = is_enough && parents(one).all(|parent| !self.waiting.contains(parent));
        Ok(is_taken.then_some(Outcome { is_failed: false, fee: body.fee }))
    }

    /// The same of Ethereum's kind.
    async fn run(
        &mut self,
        work: &mut Work<'_>,
        height: u64,
        one: &SimTransaction,
    ) -> Result<Option<Outcome>, StoreError> {
        let (coin, body) = (self.net.coin, &one.body);
        let (Some(sender), Some(nonce), Some(offer)) = (&one.sender, body.nonce, body.offer) else {
            return Err(StoreError::unexpected("a signed transaction without a nonce"));
        };
        let Some(price) = self.accounts.as_ref().and_then(|accounts| accounts.price(height, offer)) else {
            return Ok(None);
        };
        if self.nonce(work, sender).await? != nonce {
            return Ok(None);
        }
        let (mut coins, mut uses, mut is_failed) = (0, COIN_GAS, false);
        for paid in &body.outputs {
            let currency = paid.currency()?;
            if currency == coin {
                coins = paid.amount;
            } else {
                uses = TOKEN_GAS;
                is_failed = self.held(work, sender, currency).await? < paid.amount;
            }
        }
        is_failed |=
            body.size < uses || body.outputs.iter().any(|paid| is_refused(self.chain, &paid.address));
        let has = self.held(work, sender, coin).await?;
        let asset = self.accounts.as_ref().map(|accounts| accounts.coin);
        let cost = |gas, price| asset.and_then(|asset| asset.gas_cost(gas, price)).unwrap_or(i64::MAX);
        let is_covered = cost(body.size, offer.max_fee).saturating_add(coins) <= has;
        let fee = cost(uses.min(body.size), price);
        Ok(is_covered.then_some(Outcome { is_failed, fee }))
    }

    async fn nonce(&mut self, work: &mut Work<'_>, sender: &str) -> Result<u64, StoreError> {
        if let Some(nonce) = self.nonces.get(sender) {
            return Ok(*nonce);
        }
        let nonce = store::nonce(work.scope(), self.net, sender).await?;
        self.nonces.insert(sender.to_owned(), nonce);
        Ok(nonce)
    }

    async fn held(
        &mut self,
        work: &mut Work<'_>,
        address: &str,
        currency: CurrencyCode,
    ) -> Result<i64, StoreError> {
        let key = (address.to_owned(), currency);
        let moved = self.moved.get(&key).copied().unwrap_or_default();
        if let Some(held) = self.held.get(&key) {
            return Ok(held.saturating_add(moved));
        }
        let held = store::balance(work.scope(), self.net, (address, currency)).await?;
        self.held.insert(key, held);
        Ok(held.saturating_add(moved))
    }
}

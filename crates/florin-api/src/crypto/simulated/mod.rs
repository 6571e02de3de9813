//! The simulated chains of a sandbox: blocks, confirmations, reorganisations, fees that move, transactions that are
//! dropped or replaced. They are rows of the book, so they stand still with its clock and are gone with a reset.
//!
//! [`SimulatedNode`] answers as a real node does and takes the bytes that real nodes take: what stands over it does not
//! know the difference. Besides, the sandbox can do what nobody can do to a real chain: pay from nowhere ([`pay`]),
//! mine, reorganise, drop.
//!
//! By itself a chain mines only while something waits: a block some time after a transaction came, and then as many as
//! it takes to confirm it.

mod bitcoin;
mod block;
mod ethereum;
mod node;
mod receive;
mod store;

pub use node::SimulatedNode;
pub use store::SimChain;
pub(super) use store::{FORGET, SETS, STATEMENTS};

use super::chain::{LOOK_JOB, Net, has_accounts, hot_wallet};
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::work::Work;
use florin_rails::chain::simulated::{SimulatedAccounts, SimulatedChain};
use florin_store::{BookId, Job, Lane, NewJob, Stop, StoreError};
use florin_types::CurrencyCode;
use florin_wallet::{Address, Chain};
use std::time::Duration;
use store::{Body, Paid, PoolState, SimTransaction};

/// The kind of the job that mines what waits; its payload is the network's slug.
pub const MINE_JOB: &str = "chain.mine";

/// The most blocks that one call mines: a week of Bitcoin, and seconds of work where many transactions are stuck.
pub const MAX_BLOCKS: u64 = 1_000;

/// The deepest reorganisation: a few times what any network asks for in confirmations.
pub const MAX_DEPTH: u64 = 100;

/// Outputs of the endowment on Bitcoin's kind, so that many payouts can wait for blocks at once.
const ENDOWMENT_OUTPUTS: usize = 100;

/// Whole coins of each. 100 of them are a twentieth of all bitcoins there can be.
const ENDOWMENT_COINS: i64 = 10_000;

/// Whole coins or tokens on Ethereum's kind: more than tests pay out.
const ENDOWMENT: i64 = 100_000_000;

/// Somebody who is paid: the address in the form in which the crate `florin-wallet` writes it, the currency, and minor
/// units.
pub type Payee = (String, CurrencyCode, i64);

fn chain_of(app: &App, net: Net) -> Result<Chain, StoreError> {
    net.chain(app).ok_or_else(|| StoreError::unexpected(format!("no currency is on {}", net.slug)))
}

/// Currencies on a network, with the platform's decimals.
fn currencies_of(app: &App, net: Net) -> Vec<(CurrencyCode, u8)> {
    let is_on = |code| app.settings.reference.network(code, net.slug).is_some();
    let all = app.currencies.iter().map(|currency| (currency.code, currency.decimals));
    all.filter(|(code, _)| is_on(*code)).collect()
}

/// The coin and tokens of a network of Ethereum's kind.
fn accounts_of(app: &App, net: Net) -> Option<SimulatedAccounts> {
    let chain = net.chain(app)?;
    let (coins, tokens): (Vec<_>, Vec<_>) =
        currencies_of(app, net).into_iter().partition(|(code, _)| *code == net.coin);
    let decimals = app.currencies.get(net.coin).map(|coin| coin.decimals)?;
    let coin = coins.first().copied().unwrap_or((net.coin, decimals));
    has_accounts(chain).then(|| SimulatedAccounts::new(net.slug, coin, &tokens)).flatten()
}

/// The chain of a network. The first use makes it, with a block in which the book's hot wallet gets much of each
/// currency.
///
/// # Errors
/// A fault.
pub async fn ensure(work: &mut Work<'_>, net: Net) -> Result<SimChain, Stop> {
    let id = store::chain_id(work.app(), net);
    if let Some(known) = store::find::<SimChain>(work, id).await? {
        return Ok(known);
    }
    let (app, book) = (work.app().clone(), work.book());
    let chain = chain_of(&app, net)?;
    let seed = format!("{id} {}", book.0);
    let blocks = SimulatedChain::new(seed, chain.kind, work.in_time(Duration::ZERO));
    let mut sim = SimChain::new(&app, net, blocks);
    let endowment = endowment(&app, book, net)?;
    if !endowment.is_empty() {
        make(work, &mut sim, (net, false), &endowment)?;
    }
    // What can be spent must have its confirmations.
    let blocks = if has_accounts(chain) { 1 } else { net.confirmations(&app) };
    block::mine(work, &mut sim, net, blocks).await?;
    Ok(sim)
}

fn endowment(app: &App, book: BookId, net: Net) -> Result<Vec<Payee>, StoreError> {
    let chain = chain_of(app, net)?;
    let Some(keys) = &app.settings.keychain else { return Ok(Vec::new()) };
    let address = keys.address(chain, hot_wallet(book)).map_err(StoreError::unexpected)?.into_string();
    let (coins, count) = match has_accounts(chain) {
        true => (ENDOWMENT, 1),
        false => (ENDOWMENT_COINS, ENDOWMENT_OUTPUTS),
    };
    let payee = |(code, decimals): (CurrencyCode, u8)| {
        let amount = coins.checked_mul(10_i64.checked_pow(decimals.into())?)?;
        Some(vec![(address.clone(), code, amount); count])
    };
    let all = currencies_of(app, net).into_iter().map(payee).collect::<Option<Vec<_>>>();
    all.map(|all| all.concat()).ok_or_else(|| StoreError::unexpected("a currency of too many decimals"))
}

/// Makes a transaction up, into the pool.
fn make(
    work: &mut Work<'_>,
    sim: &mut SimChain,
    (net, is_auto): (Net, bool),
    outputs: &[Payee],
) -> Result<String, StoreError> {
    let (app, id) = (work.app().clone(), work.id());
    let hash = sim.state.blocks.id(format!("payment {id}").as_bytes());
    // Somebody's address: 40 digits of the hash.
    let made_up = hash.get(..42).and_then(|text| Address::parse(Chain::EVM, text).ok());
    let mut next = 1;
    let mut has_coin = false;
    let paid = |(address, currency, amount): &Payee| {
        // Of Ethereum's kind 0 is the coin itself, and what else there is counts from 1.
        let is_coin = made_up.is_some() && *currency == net.coin && !std::mem::replace(&mut has_coin, true);
        let number = if is_coin { 0 } else { next };
        next += u32::from(!is_coin);
        Paid { number, address: address.clone(), currency: currency.to_string(), amount: *amount }
    };
    let mut outputs: Vec<_> = outputs.iter().map(paid).collect();
    if made_up.is_none() {
        outputs.iter_mut().for_each(|paid| paid.number -= 1);
    }
    let body = Body {
        is_made: true,
        is_auto,
        from: made_up.map(Address::into_string),
        nonce: None,
        fee: 0,
        size: 1,
        offer: None,
        is_failed: false,
        spends: Vec::new(),
        outputs,
    };
    let made = SimTransaction {
        id: store::transaction_id(&app, net, &hash),
        network: net.slug.to_owned(),
        hash: hash.clone(),
        state: PoolState::Pool,
        height: None,
        place: 0,
        sender: None,
        body,
    };
    enter(work, sim, made)?;
    Ok(hash)
}

/// Puts a transaction into the pool, behind the others.
fn enter(work: &mut Work<'_>, sim: &mut SimChain, one: SimTransaction) -> Result<(), StoreError> {
    sim.state.places += 1;
    work.put(&SimTransaction { state: PoolState::Pool, place: sim.state.places, ..one })
}

/// Ends a command that has changed what waits: the next block is left to be mined if something waits for it.
fn end(work: &mut Work<'_>, sim: &mut SimChain, (net, mines): (Net, bool)) -> Result<(), StoreError> {
    if mines && !sim.state.is_mining {
        sim.state.is_mining = true;
        let payload = net.slug.as_bytes().to_vec();
        let due = work.in_time(work.app().settings.settle);
        work.enqueue(NewJob { kind: MINE_JOB, lane: Lane::Quick, due, payload });
    }
    work.put(sim)
}

/// Ends a command that has changed blocks: the platform looks at the chain, too.
fn end_blocks(work: &mut Work<'_>, sim: &mut SimChain, (net, mines): (Net, bool)) -> Result<(), StoreError> {
    end(work, sim, (net, mines))?;
    let (due, payload) = (work.in_time(Duration::ZERO), net.slug.as_bytes().to_vec());
    work.enqueue(NewJob { kind: LOOK_JOB, lane: Lane::Chain, due, payload });
    Ok(())
}

/// Pays addresses from nowhere: somebody's transaction, which waits for a block. With `is_auto` the blocks that it
/// takes come by themselves. Answers its id.
///
/// # Errors
/// A fault.
pub async fn pay(work: &mut Work<'_>, net: Net, outputs: &[Payee], is_auto: bool) -> Result<String, Stop> {
    let mut sim = ensure(work, net).await?;
    let hash = make(work, &mut sim, (net, is_auto), outputs)?;
    end(work, &mut sim, (net, is_auto))?;
    Ok(hash)
}

/// Mines blocks, [`MAX_BLOCKS`] at most. Answers the height of the newest.
///
/// # Errors
/// A fault.
pub async fn mine(work: &mut Work<'_>, net: Net, blocks: u64) -> Result<u64, Stop> {
    let mut sim = ensure(work, net).await?;
    block::mine(work, &mut sim, net, blocks.min(MAX_BLOCKS)).await?;
    end_blocks(work, &mut sim, (net, false))?;
    Ok(sim.state.blocks.height())
}

/// Takes the last blocks out of the chain, [`MAX_DEPTH`] at most and never the first, and puts one more, all empty, in
/// their place. What was in them waits again; with `drops` the payments from nowhere do not, and all that spends them.
/// Answers the height of the newest block.
///
/// # Errors
/// A fault.
pub async fn reorganise(work: &mut Work<'_>, net: Net, depth: u64, drops: bool) -> Result<u64, Stop> {
    let mut sim = ensure(work, net).await?;
    let depth = depth.min(MAX_DEPTH).min(sim.state.blocks.height().saturating_sub(1));
    let at = work.in_time(Duration::ZERO);
    let first = sim.state.blocks.reorganise(depth, at);
    let height = i64::try_from(first).map_err(StoreError::unexpected)?;
    let back = store::from_height(work, net, height).await?;
    store::undo(work, net, height).await?;
    let mut is_auto = false;
    for one in &back {
        is_auto |= one.body.is_auto;
        let body = Body { is_failed: false, ..one.body.clone() };
        work.put(&SimTransaction { state: PoolState::Pool, height: None, body, ..one.clone() })?;
    }
    for one in back.iter().filter(|one| drops && one.body.is_made) {
        drop_waiting_in(work, net, &one.hash).await?;
    }
    // What is left has its confirmations at this height at the latest.
    let confirmed_at = (first + net.confirmations(work.app())).saturating_sub(2);
    sim.state.confirmed_at = sim.state.confirmed_at.min(confirmed_at);
    end_blocks(work, &mut sim, (net, is_auto))?;
    Ok(sim.state.blocks.height())
}

/// Makes the nodes forget a transaction that waits, and all that spends what it pays. False: none of this id waits.
///
/// # Errors
/// A fault.
pub async fn drop_waiting(work: &mut Work<'_>, net: Net, hash: &str) -> Result<bool, Stop> {
    let mut sim = ensure(work, net).await?;
    let is_dropped = drop_waiting_in(work, net, hash).await?;
    end(work, &mut sim, (net, false))?;
    Ok(is_dropped)
}

async fn drop_waiting_in(work: &mut Work<'_>, net: Net, hash: &str) -> Result<bool, StoreError> {
    let waiting = store::known(work, net, hash).await?.filter(|one| one.state == PoolState::Pool);
    let is_waiting = waiting.is_some();
    if let Some(one) = waiting {
        evict(work, net, one, PoolState::Dropped).await?;
    }
    Ok(is_waiting)
}

/// Takes a transaction that waits out of the pool, and drops all that spends what it pays.
async fn evict(
    work: &mut Work<'_>,
    net: Net,
    one: SimTransaction,
    state: PoolState,
) -> Result<(), StoreError> {
    let mut left = vec![(one, state)];
    while let Some((one, state)) = left.pop() {
        for spent in &one.body.spends {
            let consumer = store::consumer(work, net, &spent.point).await?;
            if consumer.is_some_and(|consumer| consumer.hash == one.hash) {
                store::set_consumer(work, net, (&spent.point, None)).await?;
            }
        }
        for paid in one.body.outputs.iter().filter(|_| one.body.from.is_none()) {
            let child = store::consumer(work, net, &format!("{}:{}", one.hash, paid.number)).await?;
            left.extend(child.map(|child| (child, PoolState::Dropped)));
        }
        work.put(&SimTransaction { state, height: None, ..one })?;
    }
    Ok(())
}

/// Mines what waits: one block, or as many as it takes until all that is included has its confirmations. It goes on as
/// long as that changes anything; what offers too little waits for a better offer.
pub(super) async fn mine_next(app: &App, job: &Job) -> Result<(), StoreError> {
    let slug = String::from_utf8_lossy(&job.payload).into_owned();
    let net = Net::of(&slug).ok_or_else(|| StoreError::unexpected(format!("no network {slug}")))?;
    carry_out(app, job, Vec::new(), async move |work: &mut Work<'_>| {
        let mut sim = ensure(work, net).await?;
        sim.state.is_mining = false;
        let missing = sim.state.confirmed_at.saturating_sub(sim.state.blocks.height());
        let taken = block::mine(work, &mut sim, net, missing.clamp(1, MAX_BLOCKS)).await?;
        let lacks_blocks = sim.state.confirmed_at > sim.state.blocks.height();
        let goes_on = lacks_blocks || (taken > 0 && store::pool_size(work.scope(), net).await? > 0);
        Ok(end_blocks(work, &mut sim, (net, goes_on))?)
    })
    .await
}

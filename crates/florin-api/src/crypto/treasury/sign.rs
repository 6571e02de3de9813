//! How a transaction is made: the node is asked what it costs; then, in the command that keeps the transaction,
//! outputs or a number are taken, and it is signed. A transaction that is kept is the only one of its number or
//! outputs, but for versions of itself.

use super::store::{COINS, NONCES, free_coins, nonce_id, output_id, try_id, under_way};
use super::transaction::{ChainCoin, ChainNonce, ChainTry, Input, TryPlan, TryState};
use crate::crypto::chain::{Net, hot_wallet};
use crate::kit::book::work::Work;
use florin_ledger::BookId;
use florin_rails::chain::ChainNode;
use florin_rails::chain::evm::{Gas, Offer};
use florin_store::{StoreError, Touch};
use florin_types::CurrencyCode;
use florin_wallet::{
    Address, Call, Chain, ChainKind, Change, Coin, EvmTransaction, Keychain, Output, Payment, Plan, Signed,
    SpendError,
};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// What is to be paid.
#[derive(Clone)]
pub(in crate::crypto) struct Order {
    /// The withdrawal.
    pub withdrawal: Uuid,
    /// The network.
    pub net: Net,
    /// Its chain.
    pub chain: Chain,
    /// The keys.
    pub keys: Arc<Keychain>,
    /// To whom.
    pub to: Address,
    /// What.
    pub currency: CurrencyCode,
    /// How much, in minor units.
    pub amount: i64,
}

/// What was asked of the node before the command.
#[derive(Clone, Debug)]
pub(in crate::crypto) enum Means {
    /// Of Ethereum's kind.
    Account {
        chain_id: u64,
        call: Call,
        gas: u64,
        offer: Offer,
        /// What it costs at most, in minor units of the coin.
        cost: i64,
        /// What the hot wallet has of the currency, and of the coin.
        has: (i64, i64),
        /// How many of its transactions are in the chain.
        included: u64,
        /// The newest block that counts as being in the chain.
        height: i64,
    },
    /// Of Bitcoin's kind.
    Outputs {
        rate: u128,
        /// The newest block that counts as being in the chain.
        height: i64,
    },
}

/// Why nothing is signed now. It may be possible later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::crypto) struct Lacks(pub String);

/// The most that a transaction of Bitcoin's kind may cost, in the coin's smallest unit: a rate is a node's word. It is
/// some hundred euros: far above what was ever usual, and what an operator notices.
const fn max_fee(chain: Chain) -> i64 {
    match chain.kind {
        ChainKind::Bitcoin => 500_000,
        ChainKind::Litecoin => 100_000_000,
        ChainKind::Dogecoin => 100_000_000_000,
        ChainKind::Evm => 0,
    }
}

/// Asks the node what paying takes; `before` is the version that is to be replaced, and `height` that of the newest
/// block that counts as being in the chain, as the follower has it.
pub(in crate::crypto) async fn ask(
    node: &dyn ChainNode,
    (book, height): (BookId, i64),
    order: &Order,
    before: Option<&ChainTry>,
) -> Result<Result<Means, Lacks>, StoreError> {
    node.check().await.map_err(StoreError::unavailable)?;
    let Some(accounts) = node.accounts() else {
        let fees = node.fees().await.map_err(StoreError::unavailable)?;
        let rate = if before.is_some() { fees.urgent } else { fees.usual };
        return Ok(Ok(Means::Outputs { rate, height }));
    };
    let from = order.keys.address(order.chain, hot_wallet(book)).map_err(StoreError::unexpected)?;
    let call = accounts.payment(&order.to, order.currency, order.amount);
    let call = call.ok_or_else(|| StoreError::unexpected("the node cannot pay this currency"))?;
    let offers = accounts.offers().await.map_err(StoreError::unavailable)?;
    let (gas, offer) = match before.map(|before| &before.plan) {
        Some(TryPlan::Account { gas, offer, .. }) => {
            (Gas::Limit(*gas), offers.urgent.replacing(*offer, accounts.max_fee()))
        }
        _ => {
            let gas = accounts.gas(&from, &call).await.map_err(StoreError::unavailable)?;
            (gas, Some(offers.usual))
        }
    };
    let (gas, offer) = match (gas, offer) {
        (Gas::Fails(why), _) => return Ok(Err(Lacks(format!("it would fail now: {why}")))),
        (_, None) => return Ok(Err(Lacks("it offers the most that is allowed".to_owned()))),
        (Gas::Limit(gas), Some(offer)) => (gas, offer),
    };
    let has = node.balance(from.as_str(), order.currency).await.map_err(StoreError::unavailable)?;
    let has_coin = match order.currency == order.net.coin {
        true => has,
        false => node.balance(from.as_str(), order.net.coin).await.map_err(StoreError::unavailable)?,
    };
    let cost = accounts.cost(gas, offer.max_fee);
    let cost = cost.ok_or_else(|| StoreError::unavailable("the network's fee can't be counted"))?;
    let chain_id = accounts.chain_id();
    let included = accounts.nonce(&from).await.map_err(StoreError::unavailable)?;
    Ok(Ok(Means::Account { chain_id, call, gas, offer, cost, has: (has, has_coin), included, height }))
}

/// Signs and keeps a transaction: a first one, or one in place of `before`, the newest.
pub(in crate::crypto) async fn sign(
    work: &mut Work<'_>,
    order: &Order,
    means: &Means,
    before: Option<&ChainTry>,
) -> Result<Result<ChainTry, Lacks>, StoreError> {
    let made = match means {
        Means::Account { .. } => sign_account(work, order, means, before).await?,
        Means::Outputs { rate, height } => sign_outputs(work, order, (*rate, *height), before).await?,
    };
    if let Ok(made) = &made {
        work.put(made)?;
    }
    Ok(made)
}

async fn sign_account(
    work: &mut Work<'_>,
    order: &Order,
    means: &Means,
    before: Option<&ChainTry>,
) -> Result<Result<ChainTry, Lacks>, StoreError> {
    let Means::Account { chain_id, call, gas, offer, cost, has, included, height } = means else {
        return Err(StoreError::unexpected("the node is of another kind"));
    };
    let network = order.net.slug;
    let nonce = match before.map(|before| &before.plan) {
        Some(TryPlan::Account { nonce, .. }) => *nonce,
        Some(TryPlan::Outputs { .. }) => return Err(StoreError::unexpected("a transaction of another kind")),
        None => {
            let confirmations = order.net.confirmations(work.app());
            let confirmations = i64::try_from(confirmations).map_err(StoreError::unexpected)?;
            // What came into a block since the balance was asked is in it still.
            let seen = height.saturating_add(confirmations).saturating_sub(1);
            let under_way = under_way(work.scope(), network, seen).await?;
            if let Some(lacks) = missing(order, *cost, *has, &under_way) {
                return Ok(Err(lacks));
            }
            let id = nonce_id(work.app(), network);
            work.load(&[Touch::Object(&NONCES, id)]).await?;
            let known = work.object::<ChainNonce>(id)?;
            let network = network.to_owned();
            let known = known.unwrap_or(ChainNonce { id, network, next: 0, ahead: None, since: None });
            let included = i64::try_from(*included).map_err(StoreError::unexpected)?;
            let (nonce, number) = known.take(included, (*height, confirmations));
            work.put(&nonce)?;
            let Some(number) = number else {
                return Ok(Err(Lacks(
                    "the node knows payments of the hot wallet that are not ours".to_owned(),
                )));
            };
            u64::try_from(number).map_err(StoreError::unexpected)?
        }
    };
    let transaction = EvmTransaction {
        chain_id: *chain_id,
        nonce,
        max_fee: offer.max_fee,
        max_priority_fee: offer.max_priority_fee,
        gas_limit: *gas,
        call: call.clone(),
    };
    let signed = order.keys.sign_evm(hot_wallet(work.book()), &transaction);
    let signed = signed.map_err(StoreError::unexpected)?;
    let plan = TryPlan::Account { nonce, offer: *offer, gas: *gas };
    Ok(Ok(kept(work, order, (signed.id, signed.raw), (plan, *cost))))
}

/// What the hot wallet lacks, where those under way are paid too.
fn missing(
    order: &Order,
    cost: i64,
    (has, has_coin): (i64, i64),
    (amounts, fees): &(HashMap<CurrencyCode, i64>, i64),
) -> Option<Lacks> {
    let of = |currency| amounts.get(&currency).copied().unwrap_or_default();
    let coin = order.net.coin;
    let mut needs_coin = fees.saturating_add(cost).saturating_add(of(coin));
    if order.currency == coin {
        needs_coin = needs_coin.saturating_add(order.amount);
    } else if has < of(order.currency).saturating_add(order.amount) {
        return Some(Lacks(format!("the hot wallet has too little {}", order.currency)));
    }
    (has_coin < needs_coin).then(|| Lacks(format!("the hot wallet has too little {coin}")))
}

async fn sign_outputs(
    work: &mut Work<'_>,
    order: &Order,
    (rate, height): (u128, i64),
    before: Option<&ChainTry>,
) -> Result<Result<ChainTry, Lacks>, StoreError> {
    let (chain, book) = (order.chain, work.book());
    if let Some(before) = before.filter(|before| !before.is_child())
        && !is_spendable(work, before).await?
    {
        return Ok(Err(Lacks("what it spends is in no block".to_owned())));
    }
    let free = free_coins(work.scope(), order.net.slug, height).await?;
    let coins: Vec<Coin> = free.iter().map(|coin| coin.coin(book)).collect();
    let outputs = vec![Output { to: order.to.clone(), amount: order.amount }];
    let payment = Payment { chain, outputs, change: hot_wallet(book), rate, max_fee: max_fee(chain) };
    let planned = match before {
        None => payment.plan(&coins).map(|plan| (plan, false)),
        Some(before) => {
            let waiting = plan_of(before, &payment, book)?;
            // Litecoin's nodes take no replacements, and what pays for another one is never replaced itself.
            match chain.kind == ChainKind::Litecoin || before.is_child() {
                true => waiting.child(&signed_of(before), rate, max_fee(chain)).map(|plan| (plan, true)),
                false => payment.replacement(&waiting, &coins).map(|plan| (plan, false)),
            }
        }
    };
    let (plan, is_child) = match planned {
        Ok(planned) => planned,
        Err(
            error @ (SpendError::NotEnough(_) | SpendError::TooManyInputs | SpendError::FeeAboveLimit(_)),
        ) => {
            return Ok(Err(Lacks(error.to_string())));
        }
        Err(error) => return Err(StoreError::unexpected(error)),
    };
    let signed = order.keys.sign(&plan).map_err(StoreError::unexpected)?;
    take(work, order, &plan, &free).await?;
    let fee = plan.fee;
    let plan = TryPlan::Outputs {
        inputs: plan.inputs.iter().map(Input::of).collect(),
        change: plan.change.map(|change| change.amount),
        change_output: signed.change,
        virtual_bytes: signed.virtual_bytes,
        is_child,
    };
    let made = kept(work, order, (signed.id, signed.raw), (plan, fee));
    Ok(Ok(if is_child { ChainTry { amount: 0, ..made } } else { made }))
}

/// Whether all that a transaction spends is in blocks. A deep reorganisation can take it away.
async fn is_spendable(work: &mut Work<'_>, made: &ChainTry) -> Result<bool, StoreError> {
    for input in made.inputs() {
        let id = output_id(work.app(), &made.network, (&input.hash, input.output));
        work.load(&[Touch::Object(&COINS, id)]).await?;
        if work.object::<ChainCoin>(id)?.is_none_or(|coin| coin.height.is_none()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Notes what a plan spends. The change of a transaction that waits, which its child spends, has no row yet.
async fn take(work: &mut Work<'_>, order: &Order, plan: &Plan, free: &[ChainCoin]) -> Result<(), StoreError> {
    let (network, spent_by) = (order.net.slug, Some(order.withdrawal));
    for coin in &plan.inputs {
        let id = output_id(work.app(), network, (&coin.transaction, coin.output));
        work.load(&[Touch::Object(&COINS, id)]).await?;
        let known = free.iter().find(|known| known.id == id).cloned();
        let row = match work.object::<ChainCoin>(id)?.or(known) {
            Some(row) => ChainCoin { spent_by, ..row },
            None => ChainCoin {
                id,
                network: network.to_owned(),
                hash: coin.transaction.clone(),
                output: coin.output,
                amount: coin.amount,
                spot: coin.place.into(),
                height: None,
                spent_by,
            },
        };
        work.put(&row)?;
    }
    Ok(())
}

fn kept(
    work: &Work<'_>,
    order: &Order,
    (hash, raw): (String, String),
    (plan, fee): (TryPlan, i64),
) -> ChainTry {
    let network = order.net.slug;
    ChainTry {
        id: try_id(work.app(), network, &hash),
        withdrawal: order.withdrawal,
        network: network.to_owned(),
        hash,
        raw,
        plan,
        currency: order.currency,
        amount: order.amount,
        fee,
        paid: None,
        booked: None,
        state: TryState::Signed,
        height: None,
        made_at: work.now(),
    }
}

/// The plan of a transaction that was signed.
fn plan_of(made: &ChainTry, payment: &Payment, book: BookId) -> Result<Plan, StoreError> {
    let TryPlan::Outputs { inputs, change, is_child, .. } = &made.plan else {
        return Err(StoreError::unexpected("a transaction of another kind"));
    };
    Ok(Plan {
        chain: payment.chain,
        inputs: inputs.iter().map(|input| input.coin(book)).collect(),
        outputs: if *is_child { Vec::new() } else { payment.outputs.clone() },
        change: change.map(|amount| Change { place: payment.change, amount }),
        fee: made.fee,
    })
}

/// What [`Plan::child`] must know of the transaction that it pays for.
fn signed_of(made: &ChainTry) -> Signed {
    let (virtual_bytes, change) = match made.plan {
        TryPlan::Outputs { virtual_bytes, change_output, .. } => (virtual_bytes, change_output),
        TryPlan::Account { .. } => (0, None),
    };
    Signed { raw: made.raw.clone(), id: made.hash.clone(), fee: made.fee, virtual_bytes, change }
}

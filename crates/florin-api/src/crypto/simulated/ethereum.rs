//! Which transactions of Ethereum's kind are taken.

use super::accounts_of;
use super::receive::{Denied, Taking, check_new, conflict, refused};
use super::store::{self, Body, Paid, PoolState, SimTransaction, Spent};
use crate::crypto::chain::Net;
use crate::kit::book::work::Work;
use florin_rails::chain::evm::Offer;
use florin_rails::chain::simulated::COIN_GAS;
use florin_store::StoreError;
use florin_wallet::{EvmTransaction, read_evm};

/// Percent by which both fees of a replacement must be higher.
const PRICE_BUMP: u128 = 10;

/// Whether a transaction is taken.
pub(super) async fn judge(work: &mut Work<'_>, net: Net, raw: &str) -> Result<Taking, Denied> {
    let accounts = accounts_of(work.app(), net);
    let accounts = accounts.ok_or_else(|| StoreError::unexpected("a network without accounts"))?;
    let sent = read_evm(raw).ok_or_else(|| refused("rlp: cannot decode the transaction"))?;
    check_new(work, net, &sent.id).await?;
    let EvmTransaction { chain_id, nonce, max_fee, max_priority_fee, gas_limit, call } = &sent.transaction;
    if *chain_id != accounts.chain_id {
        return Err(refused("invalid sender: invalid chain id for signer"));
    }
    if max_priority_fee > max_fee {
        return Err(refused("max priority fee per gas higher than max fee per gas"));
    }
    if *gas_limit < COIN_GAS {
        return Err(refused("intrinsic gas too low"));
    }
    let paid = accounts.paid(call).ok_or_else(|| refused("execution reverted: no such contract"))?;
    let sender = sent.from.as_str();
    if *nonce < store::nonce(work.scope(), net, sender).await? {
        return Err(conflict("nonce too low"));
    }
    let coins = if paid.currency == net.coin { paid.amount } else { 0 };
    let cost = accounts.coin.gas_cost(*gas_limit, *max_fee).and_then(|cost| cost.checked_add(coins));
    let held = store::balance(work.scope(), net, (sender, net.coin)).await?;
    if cost.is_none_or(|cost| cost > held) {
        return Err(refused("insufficient funds for gas * price + value"));
    }
    let point = format!("{sender}:{nonce}");
    let offer = Offer { max_fee: *max_fee, max_priority_fee: *max_priority_fee };
    let waiting = store::consumer(work, net, &point).await?;
    if let Some(before) = waiting.as_ref().and_then(|one| one.body.offer)
        && !is_raised(before, offer)
    {
        return Err(refused("replacement transaction underpriced"));
    }
    // Of Ethereum's kind the coin is transfer 0, and the one log of a token's payment is 1.
    let number = u32::from(paid.currency != net.coin);
    let (address, currency) = (paid.to.into_string(), paid.currency.to_string());
    let body = Body {
        is_made: false,
        is_auto: true,
        from: Some(sender.to_owned()),
        nonce: Some(*nonce),
        fee: 0,
        size: *gas_limit,
        offer: Some(offer),
        is_failed: false,
        spends: vec![Spent { point, address: sender.to_owned(), amount: 0 }],
        outputs: vec![Paid { number, address, currency, amount: paid.amount }],
    };
    let transaction = SimTransaction {
        id: store::transaction_id(work.app(), net, &sent.id),
        network: net.slug.to_owned(),
        state: PoolState::Pool,
        height: None,
        place: 0,
        sender: Some(sender.to_owned()),
        hash: sent.id,
        body,
    };
    Ok(Taking { transaction, replaces: waiting.into_iter().collect() })
}

fn is_raised(before: Offer, offer: Offer) -> bool {
    let is_more =
        |old: u128, new: u128| new.saturating_mul(100) >= old.saturating_mul(100 + PRICE_BUMP) && new > old;
    is_more(before.max_fee, offer.max_fee) && is_more(before.max_priority_fee, offer.max_priority_fee)
}

//! Payouts that we sign, at a real node.

use super::anvil::{Anvil, number};
use super::*;
use florin_rails::chain::evm::{Gas, Nonces, Offer};
use florin_rails::chain::{Broadcast, TransactionState};
use florin_wallet::{EvmTransaction, SignedEvm};
use serde_json::json;

/// A payment of the house to a holder.
async fn unsigned(node: &EvmNode, nonce: u64, currency: CurrencyCode, amount: i64) -> EvmTransaction {
    let call = node.payment(&holder(1), currency, amount).unwrap();
    let Gas::Limit(gas_limit) = node.gas(&house(), &call).await.unwrap() else { panic!("it would fail") };
    let Offer { max_fee, max_priority_fee } = node.offers().await.unwrap().usual;
    EvmTransaction { chain_id: node.chain_id(), nonce, max_fee, max_priority_fee, gas_limit, call }
}

/// A payment of the house to a holder, signed.
pub async fn signed(node: &EvmNode, nonce: u64, currency: CurrencyCode, amount: i64) -> SignedEvm {
    keys().sign_evm(HOUSE, &unsigned(node, nonce, currency, amount).await).unwrap()
}

async fn included(node: &EvmNode, signed: &SignedEvm) -> (bool, i64) {
    match node.transaction(&signed.id).await.unwrap() {
        TransactionState::Included { block, is_failed, fee } => {
            assert_eq!(node.hash(block.height).await.unwrap(), Some(block.hash));
            (is_failed, fee.expect("a node of this kind knows it"))
        }
        other => panic!("{other:?}"),
    }
}

/// What the node says that a transaction has cost, in wei.
async fn cost(anvil: &Anvil, signed: &SignedEvm) -> u128 {
    let receipt = anvil.call("eth_getTransactionReceipt", json!([signed.id])).await;
    number(&receipt["gasUsed"]) * number(&receipt["effectiveGasPrice"])
}

#[tokio::test]
async fn a_coin_and_a_token_are_paid_out_and_cost_what_the_node_says() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    anvil.endow_house().await;
    let start = anvil.height().await + 1;
    assert_eq!(node.nonces(&house()).await.unwrap(), Nonces { included: 0, pending: 0 });
    let mut costs = 0;
    for (nonce, currency, amount) in [(0, ETH, 150_000_000), (1, USDC, 2_500_000)] {
        let payout = signed(&node, nonce, currency, amount).await;
        assert_eq!(node.transaction(&payout.id).await.unwrap(), TransactionState::Unknown);
        assert_eq!(node.broadcast(&payout.raw).await.unwrap(), Broadcast::Taken);
        anvil.mine(1).await;
        let (is_failed, fee) = included(&node, &payout).await;
        let wei = cost(&anvil, &payout).await;
        costs += wei;
        assert_eq!((is_failed, fee), (false, i64::try_from(wei.div_ceil(10_000_000_000)).unwrap()));
        assert_eq!(node.balance(holder(1).as_str(), currency).await.unwrap(), amount);
    }
    assert_eq!(node.nonces(&house()).await.unwrap(), Nonces { included: 2, pending: 2 });
    // What is left is what was there, less what was paid and its cost.
    let left = 10_u128.pow(19) - 15 * 10_u128.pow(17) - costs;
    assert_eq!(number(&anvil.call("eth_getBalance", json!([house().as_str(), "latest"])).await), left);
    let minor = i64::try_from(left / 10_000_000_000).unwrap();
    assert_eq!(node.balance(house().as_str(), ETH).await.unwrap(), minor);
    assert_eq!(node.balance(house().as_str(), USDC).await.unwrap(), 997_500_000);
    // Our own payouts are in the blocks as every transfer is.
    let blocks = connected(&catch_up(&mut Follower::new(start, 9, []), &node).await.unwrap());
    let paid = blocks.iter().flat_map(|block| &block.transfers);
    let paid: Vec<_> = paid.map(|one| (one.output, one.to.clone(), one.amount)).collect();
    let to = holder(1).into_string();
    assert_eq!(paid, [(0, to.clone(), 150_000_000), (1, to, 2_500_000)]);
}

/// What a holder's address got is brought to the house. Tokens lie where there are no coins for the gas, so coins are
/// sent there first.
#[tokio::test]
async fn deposits_are_swept_to_the_house() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    anvil.endow_house().await;
    anvil.give_tokens(&holder(1), 40_000_000).await;
    let Offer { max_fee, max_priority_fee } = node.offers().await.unwrap().usual;
    let call = node.payment(&house(), USDC, 40_000_000).unwrap();
    let Gas::Limit(gas_limit) = node.gas(&holder(1), &call).await.unwrap() else { panic!("it would fail") };
    let chain_id = node.chain_id();
    let sweep = EvmTransaction { chain_id, nonce: 0, max_fee, max_priority_fee, gas_limit, call };
    let place = Place { book: 1, branch: Branch::Holders, number: 1 };
    let sweep = keys().sign_evm(place, &sweep).unwrap();
    let refused = node.broadcast(&sweep.raw).await.unwrap();
    assert!(matches!(refused, Broadcast::Refused(_)), "{refused:?}");
    // The most that it can cost, rounded up to what the platform counts.
    let cost = (u128::from(gas_limit) * max_fee).div_ceil(10_000_000_000);
    let coins = signed(&node, 0, ETH, i64::try_from(cost).unwrap()).await;
    assert_eq!(node.broadcast(&coins.raw).await.unwrap(), Broadcast::Taken);
    anvil.mine(1).await;
    assert_eq!(node.broadcast(&sweep.raw).await.unwrap(), Broadcast::Taken);
    anvil.mine(1).await;
    assert!(!included(&node, &sweep).await.0);
    assert_eq!(node.balance(holder(1).as_str(), USDC).await.unwrap(), 0);
    assert_eq!(node.balance(house().as_str(), USDC).await.unwrap(), 1_040_000_000);
}

/// A transaction that offers more than another.
fn dearer(transaction: &EvmTransaction, offer: Offer) -> EvmTransaction {
    let Offer { max_fee, max_priority_fee } = offer;
    EvmTransaction { max_fee, max_priority_fee, ..transaction.clone() }
}

fn offer_of(transaction: &EvmTransaction) -> Offer {
    Offer { max_fee: transaction.max_fee, max_priority_fee: transaction.max_priority_fee }
}

#[tokio::test]
async fn of_a_stuck_payout_and_its_replacement_exactly_one_is_included() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    anvil.endow_house().await;
    let cheap = unsigned(&node, 0, USDC, 5_000_000).await;
    let stuck = keys().sign_evm(HOUSE, &cheap).unwrap();
    assert_eq!(node.broadcast(&stuck.raw).await.unwrap(), Broadcast::Taken);
    assert_eq!(node.transaction(&stuck.id).await.unwrap(), TransactionState::Waiting);
    assert_eq!(node.nonces(&house()).await.unwrap(), Nonces { included: 0, pending: 1 });
    // The same offer with another amount is no replacement.
    let same = EvmTransaction { call: node.payment(&holder(1), USDC, 6_000_000).unwrap(), ..cheap.clone() };
    let refused = node.broadcast(&keys().sign_evm(HOUSE, &same).unwrap().raw).await.unwrap();
    assert!(matches!(&refused, Broadcast::Refused(why) if why.contains("underpriced")), "{refused:?}");
    let raised = node.offers().await.unwrap().urgent.replacing(offer_of(&cheap), MAX_FEE).unwrap();
    let replacement = keys().sign_evm(HOUSE, &dearer(&cheap, raised)).unwrap();
    assert_eq!(node.broadcast(&replacement.raw).await.unwrap(), Broadcast::Taken);
    anvil.mine(3).await;
    assert!(!included(&node, &replacement).await.0);
    assert_eq!(node.transaction(&stuck.id).await.unwrap(), TransactionState::Unknown);
    assert_eq!(node.balance(holder(1).as_str(), USDC).await.unwrap(), 5_000_000);
    // Its number is used up: it can't come after all.
    let late = node.broadcast(&stuck.raw).await.unwrap();
    assert!(matches!(late, Broadcast::Conflict(_)), "{late:?}");
    assert_eq!(node.nonces(&house()).await.unwrap(), Nonces { included: 1, pending: 1 });
}

/// A node forgets what offers too little. Others may have it, so it is replaced all the same, and never by a
/// transaction with another number.
#[tokio::test]
async fn a_payout_that_the_node_forgot_is_replaced_with_its_number() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    anvil.endow_house().await;
    let cheap = unsigned(&node, 0, USDC, 5_000_000).await;
    let stuck = keys().sign_evm(HOUSE, &cheap).unwrap();
    assert_eq!(node.broadcast(&stuck.raw).await.unwrap(), Broadcast::Taken);
    // The chain gets busy.
    anvil.call("anvil_setNextBlockBaseFeePerGas", json!([format!("{:#x}", 20 * cheap.max_fee)])).await;
    anvil.mine(1).await;
    assert_eq!(node.transaction(&stuck.id).await.unwrap(), TransactionState::Unknown);
    assert_eq!(node.nonces(&house()).await.unwrap(), Nonces { included: 0, pending: 0 });
    let again = node.broadcast(&stuck.raw).await.unwrap();
    assert!(matches!(again, Broadcast::Refused(_)), "{again:?}");
    let raised = node.offers().await.unwrap().urgent.replacing(offer_of(&cheap), MAX_FEE).unwrap();
    let replacement = keys().sign_evm(HOUSE, &dearer(&cheap, raised)).unwrap();
    assert_eq!(node.broadcast(&replacement.raw).await.unwrap(), Broadcast::Taken);
    anvil.mine(1).await;
    assert!(!included(&node, &replacement).await.0);
    assert!(matches!(node.broadcast(&stuck.raw).await.unwrap(), Broadcast::Conflict(_)));
    assert_eq!(node.balance(holder(1).as_str(), USDC).await.unwrap(), 5_000_000);
}

/// The least step that [`Offer::replacing`] makes is one that the node takes, again and again.
#[tokio::test]
async fn the_least_raise_replaces() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    anvil.endow_house().await;
    let mut transaction = unsigned(&node, 0, USDC, 5_000_000).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let signed = keys().sign_evm(HOUSE, &transaction).unwrap();
        assert_eq!(node.broadcast(&signed.raw).await.unwrap(), Broadcast::Taken);
        ids.push(signed.id);
        let before = offer_of(&transaction);
        transaction = dearer(&transaction, before.replacing(before, MAX_FEE).unwrap());
    }
    anvil.mine(1).await;
    let mut states = Vec::new();
    for id in &ids {
        states.push(node.transaction(id).await.unwrap());
    }
    let (last, others) = states.split_last().unwrap();
    assert!(matches!(last, TransactionState::Included { is_failed: false, .. }), "{last:?}");
    assert!(others.iter().all(|state| *state == TransactionState::Unknown), "{others:?}");
}

#[tokio::test]
async fn a_transaction_is_given_again_without_harm() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    anvil.endow_house().await;
    let payout = signed(&node, 0, ETH, 100).await;
    for _ in 0..2 {
        assert_eq!(node.broadcast(&payout.raw).await.unwrap(), Broadcast::Taken);
        assert_eq!(node.transaction(&payout.id).await.unwrap(), TransactionState::Waiting);
    }
    assert_eq!(node.nonces(&house()).await.unwrap(), Nonces { included: 0, pending: 1 });
    anvil.mine(1).await;
    // It is in the chain: that its own number is used is no conflict.
    assert_eq!(node.broadcast(&payout.raw).await.unwrap(), Broadcast::Taken);
    assert!(!included(&node, &payout).await.0);
    // Another one with its number is a conflict.
    let other = node.broadcast(&signed(&node, 0, ETH, 200).await.raw).await.unwrap();
    assert!(matches!(other, Broadcast::Conflict(_)), "{other:?}");
    assert_eq!(node.balance(holder(1).as_str(), ETH).await.unwrap(), 100);
}

#[tokio::test]
async fn what_cannot_be_paid_is_told_before_or_refused() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    anvil.endow_house().await;
    // More than the house has.
    let too_much = node.payment(&holder(1), USDC, 1_000_000_001).unwrap();
    assert!(matches!(node.gas(&house(), &too_much).await.unwrap(), Gas::Fails(_)));
    // Of a coin this node estimates the gas without a look at what there is, so it is the transaction that is refused.
    let coins = node.payment(&holder(1), ETH, 1_000_000_001).unwrap();
    let refused = EvmTransaction { call: coins, ..unsigned(&node, 0, ETH, 1).await };
    let refused = node.broadcast(&keys().sign_evm(HOUSE, &refused).unwrap().raw).await.unwrap();
    assert!(matches!(refused, Broadcast::Refused(_)), "{refused:?}");
    // Another chain's transaction.
    let foreign = EvmTransaction { chain_id: 1, ..unsigned(&node, 0, ETH, 1).await };
    let refused = node.broadcast(&keys().sign_evm(HOUSE, &foreign).unwrap().raw).await.unwrap();
    assert!(matches!(refused, Broadcast::Refused(_)), "{refused:?}");
    // The contract refuses in the block: it is included, has failed and has cost its fee.
    let failing = EvmTransaction { call: too_much, ..unsigned(&node, 0, USDC, 1).await };
    let failing = keys().sign_evm(HOUSE, &failing).unwrap();
    assert_eq!(node.broadcast(&failing.raw).await.unwrap(), Broadcast::Taken);
    anvil.mine(1).await;
    let (is_failed, fee) = included(&node, &failing).await;
    assert!(is_failed && fee > 0);
    assert_eq!(node.balance(holder(1).as_str(), USDC).await.unwrap(), 0);
}

#[tokio::test]
async fn fees_are_the_nodes_figures() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    anvil.mine(3).await;
    let history = anvil.call("eth_feeHistory", json!(["0x1", "latest", []])).await;
    let base = number(history["baseFeePerGas"].as_array().unwrap().last().unwrap());
    let priority = number(&anvil.call("eth_maxPriorityFeePerGas", json!([])).await);
    let fees = node.fees().await.unwrap();
    assert_eq!((fees.usual, fees.urgent), (2 * base + priority, 4 * base + 2 * priority));
    // However busy the chain is, the limit holds.
    anvil.call("anvil_setNextBlockBaseFeePerGas", json!([format!("{:#x}", 10 * MAX_FEE)])).await;
    anvil.mine(1).await;
    assert_eq!(node.fees().await.unwrap().usual, MAX_FEE);
}

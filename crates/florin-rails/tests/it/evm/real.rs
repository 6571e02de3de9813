//! Deposits and reorganisations at a real node.

use super::anvil::{Anvil, number};
use super::*;
use florin_rails::chain::{BlockRef, NodeError, Transfer};
use serde_json::json;
use std::collections::BTreeMap;

/// What every address got, by currency.
fn totals(blocks: &[Block]) -> BTreeMap<(String, CurrencyCode), i64> {
    let mut totals = BTreeMap::new();
    for transfer in blocks.iter().flat_map(|block| &block.transfers) {
        *totals.entry((transfer.to.clone(), transfer.currency)).or_default() += transfer.amount;
    }
    totals
}

fn of<'a>(blocks: &'a [Block], transaction: &'a str) -> Vec<(u32, &'a str, CurrencyCode, i64)> {
    let transfers = blocks.iter().flat_map(|block| &block.transfers);
    transfers
        .filter(|transfer| transfer.transaction == transaction)
        .map(|transfer| (transfer.output, transfer.to.as_str(), transfer.currency, transfer.amount))
        .collect()
}

#[tokio::test]
async fn deposits_are_what_the_node_says_that_addresses_have() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    node.check().await.unwrap();
    let [one, two, three] = [1, 2, 3].map(holder);
    // The rest below 8 decimals is not counted.
    let coin = anvil.give_coins(&one, 1_234_567_890_123_456_789).await;
    let token = anvil.give_tokens(&one, 2_500_001).await;
    let both = anvil.give_both(&one, &two, 7).await;
    // More than there is: the contract refuses.
    let failed = anvil.give_tokens(&two, 10_u128.pow(20)).await;
    let dust = anvil.give_coins(&two, 9_999_999_999).await;
    anvil.mine(30).await;
    for number in 0..5 {
        anvil.give_tokens(&three, 100 + number).await;
        anvil.give_coins(&three, 10_u128.pow(16)).await;
    }
    let mut follower = Follower::new(0, 64, []);
    let blocks = connected(&catch_up(&mut follower, &node).await.unwrap());
    assert_eq!(blocks.len() as u64, anvil.height().await + 1);
    assert!(blocks.windows(2).all(|pair| pair[0].at.hash == pair[1].parent));
    assert_eq!(follower.last(), Some(&node.tip().await.unwrap()));
    assert_eq!(of(&blocks, &coin), [(0, one.as_str(), ETH, 123_456_789)]);
    assert_eq!(of(&blocks, &token), [(1, one.as_str(), USDC, 2_500_001)]);
    assert_eq!(of(&blocks, &both), [(1, one.as_str(), USDC, 7), (3, two.as_str(), USDC, 7)]);
    assert_eq!((of(&blocks, &failed), of(&blocks, &dust)), (vec![], vec![]));
    // Each address has what the blocks brought, at the platform and by the node's own figures.
    let totals = totals(&blocks);
    for (holder, eth, usdc) in [(&one, 123_456_789, 2_500_008), (&two, 0, 7), (&three, 5_000_000, 510)] {
        for (currency, expected) in [(ETH, eth), (USDC, usdc)] {
            let total = totals.get(&(holder.to_string(), currency)).copied().unwrap_or_default();
            assert_eq!(total, expected, "{holder} {currency:?}");
            assert_eq!(node.balance(holder.as_str(), currency).await.unwrap(), expected);
        }
    }
    let wei = number(&anvil.call("eth_getBalance", json!([one.as_str(), "latest"])).await);
    assert_eq!(wei, 1_234_567_890_123_456_789);
    // A number of another chain: nothing of this node is taken.
    let other = EvmNode::new(Settings { chain_id: 1, ..anvil.settings() }).unwrap();
    assert!(matches!(other.check().await, Err(NodeError::Unbelievable(_))));
}

/// What only a trace would show is not seen, and the balance of the address has it.
#[tokio::test]
async fn coins_that_a_contract_sends_on_are_not_seen() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    let to = holder(1);
    let passed = anvil.pass_coins(&to, 10_u128.pow(18)).await;
    let blocks = connected(&catch_up(&mut Follower::new(0, 9, []), &node).await.unwrap());
    let token = anvil.token.as_str();
    assert_eq!(of(&blocks, &passed), [(0, token, ETH, 100_000_000)]);
    assert_eq!(node.balance(to.as_str(), ETH).await.unwrap(), 100_000_000);
    assert_eq!(node.balance(token, ETH).await.unwrap(), 0);
}

/// The transactions of the house in the last blocks: a coin and a token in each.
async fn fill(anvil: &Anvil, node: &EvmNode, blocks: u64) -> Vec<String> {
    let mut raws = Vec::new();
    let mut nonce = node.nonces(&house()).await.unwrap().included;
    for _ in 0..blocks {
        for currency in [ETH, USDC] {
            let transaction = super::payouts::signed(node, nonce, currency, 1_000_000).await;
            node.broadcast(&transaction.raw).await.unwrap();
            raws.push(transaction.raw);
            nonce += 1;
        }
        anvil.mine(1).await;
    }
    raws
}

fn sorted(blocks: &[Block]) -> Vec<Transfer> {
    let mut all: Vec<_> = blocks.iter().flat_map(|block| block.transfers.clone()).collect();
    all.sort_by(|one, other| (&one.transaction, one.output).cmp(&(&other.transaction, other.output)));
    all
}

/// Blocks of several depths are replaced by others, in which the same transactions are, one block later each.
#[tokio::test]
async fn a_reorganisation_takes_blocks_back_and_brings_the_same_outputs() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    anvil.endow_house().await;
    let mut follower = Follower::new(0, 32, []);
    catch_up(&mut follower, &node).await.unwrap();
    for depth in [1_u64, 2, 5, 12] {
        let raws = fill(&anvil, &node, depth).await;
        let before = connected(&catch_up(&mut follower, &node).await.unwrap());
        assert_eq!(before.len() as u64, depth);
        assert_eq!(sorted(&before).len(), raws.len());
        // All of them in the last of the new blocks, as far as the node chooses their order itself.
        let pairs: Vec<_> = raws.iter().map(|raw| json!([raw, depth - 1])).collect();
        anvil.call("anvil_reorg", json!([depth, pairs])).await;
        anvil.mine(1).await;
        let steps = catch_up(&mut follower, &node).await.unwrap();
        let gone = usize::try_from(depth).unwrap();
        let left: Vec<BlockRef> = before.iter().rev().map(|block| block.at.clone()).collect();
        let disconnected: Vec<_> = left.into_iter().map(Step::Disconnect).collect();
        assert_eq!(steps[..gone], disconnected, "depth {depth}");
        let after = connected(&steps[gone..]);
        assert_eq!(after.len() as u64, depth + 1);
        assert!(before.iter().all(|old| after.iter().all(|new| new.at.hash != old.at.hash)));
        assert_eq!(sorted(&after), sorted(&before), "depth {depth}");
        assert_eq!(follower.last(), Some(&node.tip().await.unwrap()));
    }
}

/// A reorganisation that drops a transaction takes its value back; one deeper than what is remembered is an error.
#[tokio::test]
async fn a_reorganisation_can_drop_a_deposit_and_can_be_too_deep() {
    let Some(anvil) = Anvil::start().await else { return };
    let node = anvil.node();
    let mut follower = Follower::new(0, 4, []);
    catch_up(&mut follower, &node).await.unwrap();
    let dropped = anvil.give_coins(&holder(1), 10_u128.pow(18)).await;
    let before = connected(&catch_up(&mut follower, &node).await.unwrap());
    assert_eq!(of(&before, &dropped).len(), 1);
    anvil.call("anvil_reorg", json!([1, []])).await;
    let steps = catch_up(&mut follower, &node).await.unwrap();
    assert_eq!(steps[0], Step::Disconnect(before[0].at.clone()));
    assert!(connected(&steps[1..]).iter().all(|block| block.transfers.is_empty()));
    assert_eq!(node.balance(holder(1).as_str(), ETH).await.unwrap(), 0);
    anvil.mine(6).await;
    catch_up(&mut follower, &node).await.unwrap();
    anvil.call("anvil_reorg", json!([5, []])).await;
    assert!(matches!(catch_up(&mut follower, &node).await, Err(FollowError::TooDeep(4))));
}

//! Payouts that we sign, on a real node: included, replaced, known already, in conflict.

use super::litecoind::{Litecoind, units};
use super::{COIN, FEES, HOUSE, holder, keys, local};
use florin_rails::chain::bitcoin::BitcoinNode;
use florin_rails::chain::{BlockRef, Broadcast, ChainNode, TransactionState};
use florin_types::CurrencyCode;
use florin_wallet::{Address, Chain, ChainKind, Coin, Output, Payment, Place, Signed};
use serde_json::json;

/// A chain whose node is asked as if it were one of a kind.
struct World {
    litecoind: Litecoind,
    node: BitcoinNode,
    chain: Chain,
}

impl World {
    async fn start(kind: ChainKind, options: &[&str]) -> Option<Self> {
        let litecoind = Litecoind::start(options).await?;
        let (node, chain) = (litecoind.client(kind), local(kind));
        litecoind.mine(103).await;
        Some(Self { litecoind, node, chain })
    }

    fn ours(&self, place: Place) -> Address {
        keys().address(self.chain, place).unwrap()
    }

    /// Pays to addresses of holders, 1 and on, in a block.
    async fn deposit(&self, amounts: &[&str]) -> Vec<Coin> {
        for (amount, number) in amounts.iter().zip(1..) {
            // The same script as the real node's chain writes it.
            let script = self.ours(holder(number)).script(self.chain).unwrap();
            let to = Address::of_script(local(ChainKind::Litecoin), &script).unwrap();
            self.litecoind.pay(to.as_str(), amount).await;
        }
        self.litecoind.mine(1).await;
        let places: Vec<_> = (1..).map(holder).take(amounts.len()).collect();
        let coins = self.coins_of_tip(&places).await;
        assert_eq!(coins.len(), amounts.len());
        coins
    }

    /// What the newest block brings to places of ours.
    async fn coins_of_tip(&self, places: &[Place]) -> Vec<Coin> {
        let tip = self.node.tip().await.unwrap();
        let block = self.node.block(tip.height).await.unwrap().unwrap();
        assert_eq!(block.at, tip);
        let of = |place: Place| self.ours(place).into_string();
        let transfers = block.transfers.into_iter().filter_map(|one| {
            let place = *places.iter().find(|place| of(**place) == one.to)?;
            Some(Coin { transaction: one.transaction, output: one.output, amount: one.amount, place })
        });
        transfers.collect()
    }

    async fn payment(&self, amounts: &[i64], rate: u128) -> Payment {
        let mut outputs = Vec::new();
        for &amount in amounts {
            outputs.push(Output { to: self.litecoind.address(self.chain).await, amount });
        }
        Payment { chain: self.chain, outputs, change: HOUSE, rate, max_fee: 5_000_000 }
    }

    async fn give(&self, signed: &Signed) -> Broadcast {
        self.node.broadcast(&signed.raw).await.unwrap()
    }

    async fn state(&self, signed: &Signed) -> TransactionState {
        self.node.transaction(&signed.id).await.unwrap()
    }

    /// Makes a block. The ids of its transactions but the first.
    async fn mine(&self) -> (BlockRef, Vec<String>) {
        let hash = self.litecoind.mine(1).await.remove(0);
        let block = self.litecoind.ask("getblock", json!([hash, 1])).await;
        let ids = block["tx"].as_array().unwrap()[1..].iter().map(|id| id.as_str().unwrap().to_owned());
        (BlockRef { height: block["height"].as_u64().unwrap(), hash }, ids.collect())
    }
}

fn included(block: &BlockRef) -> TransactionState {
    TransactionState::Included { block: block.clone(), is_failed: false, fee: None }
}

fn is_conflict(broadcast: &Broadcast) -> bool {
    matches!(broadcast, Broadcast::Conflict(_))
}

/// A payout of several inputs to two: what we count is what the node counts.
async fn payout(kind: ChainKind) {
    let Some(world) = World::start(kind, &[]).await else { return };
    let coins = world.deposit(&["0.4", "0.3", "0.2", "0.1"]).await;
    let fees = world.node.fees().await.unwrap();
    let payment = world.payment(&[50_000_000, 12_345_678], fees.usual).await;
    let plan = payment.plan(&coins).unwrap();
    assert_eq!(plan.inputs.len(), 2);
    let signed = keys().sign(&plan).unwrap();
    assert_eq!(world.state(&signed).await, TransactionState::Unknown);
    assert_eq!(world.give(&signed).await, Broadcast::Taken);
    assert_eq!(world.give(&signed).await, Broadcast::Taken, "known already");
    assert_eq!(world.state(&signed).await, TransactionState::Waiting);
    let entry = world.litecoind.ask("getmempoolentry", json!([signed.id])).await;
    assert_eq!(units(&entry["fees"]["base"]), plan.fee);
    assert_eq!(entry["vsize"].as_u64(), Some(signed.virtual_bytes));
    assert_eq!(entry["bip125-replaceable"], true);

    let (block, ids) = world.mine().await;
    assert_eq!(ids, [&signed.id[..]]);
    assert_eq!(world.state(&signed).await, included(&block));
    assert_eq!(world.give(&signed).await, Broadcast::Taken, "in the chain already");
    // The change is a coin of ours, and the block names the transaction.
    let change = world.coins_of_tip(&[HOUSE]).await;
    let amount = plan.change.unwrap().amount;
    let expected = Coin { transaction: signed.id.clone(), output: 2, amount, place: HOUSE };
    assert_eq!((signed.change, &change[..]), (Some(2), &[expected][..]));
    let house = world.ours(HOUSE);
    assert_eq!(world.node.balance(house.as_str(), COIN).await.unwrap(), amount);
    assert_eq!(world.node.balance(world.ours(holder(1)).as_str(), COIN).await.unwrap(), 0);

    // What was spent is not spent again.
    let again = keys().sign(&world.payment(&[30_000_000], 50_000).await.plan(&coins).unwrap()).unwrap();
    assert!(is_conflict(&world.give(&again).await));
    // Its own change, its block left and come again.
    let next = keys().sign(&world.payment(&[1_000_000], fees.usual).await.plan(&change).unwrap()).unwrap();
    assert_eq!(world.give(&next).await, Broadcast::Taken);
    world.litecoind.ask("invalidateblock", json!([block.hash])).await;
    assert_eq!(world.state(&signed).await, TransactionState::Waiting);
    let (block, mut ids) = world.mine().await;
    ids.sort_unstable();
    let mut expected = [signed.id.clone(), next.id.clone()];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert_eq!(world.state(&signed).await, included(&block));
}

/// When the node has seen enough to estimate, its figure is ours; and what is unspent is what it says itself.
#[tokio::test]
async fn fees_and_balances_are_the_nodes() {
    let Some(world) = World::start(ChainKind::Litecoin, &[]).await else { return };
    let fallback = world.node.fees().await.unwrap();
    assert_eq!((fallback.usual, fallback.urgent), (FEES.fallback, FEES.fallback));
    for _ in 0..30 {
        world.deposit(&["0.01", "0.02", "0.03"]).await;
    }
    let fees = world.node.fees().await.unwrap();
    for (blocks, rate) in [(6, fees.usual), (2, fees.urgent)] {
        let estimate = world.litecoind.ask("estimatesmartfee", json!([blocks])).await;
        assert_eq!(u128::try_from(units(&estimate["feerate"])), Ok(rate), "{estimate}");
    }
    for number in 1..=3 {
        let to = world.ours(holder(number));
        let search = json!(["start", [{ "desc": format!("addr({to})") }]]);
        let found = world.litecoind.ask("scantxoutset", search).await;
        let balance = world.node.balance(to.as_str(), COIN).await.unwrap();
        assert_eq!((balance, units(&found["total_amount"])), (number * 30_000_000, balance));
    }
    let other = world.node.balance(world.ours(holder(1)).as_str(), CurrencyCode::new("eur")).await;
    assert_eq!(other.unwrap(), 0);
}

#[tokio::test]
async fn litecoins_payouts_are_included() {
    payout(ChainKind::Litecoin).await;
}

/// Bitcoin's addresses are written otherwise; its scripts and signatures are the same.
#[tokio::test]
async fn bitcoins_payouts_are_included() {
    payout(ChainKind::Bitcoin).await;
}

/// Dogecoin's are keys in base 58, which are the same too.
#[tokio::test]
async fn dogecoins_payouts_are_included() {
    payout(ChainKind::Dogecoin).await;
}

/// Litecoin's nodes take replacements only with this option.
const REPLACING: &[&str] = &["-mempoolreplacement=1"];

async fn replaced(kind: ChainKind) {
    let Some(world) = World::start(kind, REPLACING).await else { return };
    let coins = world.deposit(&["0.4", "0.3", "0.2"]).await;
    let slow = world.payment(&[60_000_000], 1_000).await;
    let first = slow.plan(&coins).unwrap();
    let signed = keys().sign(&first).unwrap();
    assert_eq!(world.give(&signed).await, Broadcast::Taken);

    // Too little more is refused by the node; the least that is asked is taken.
    let mut little = first.clone();
    little.fee += 1;
    little.change.as_mut().unwrap().amount -= 1;
    let refused = world.give(&keys().sign(&little).unwrap()).await;
    assert!(matches!(&refused, Broadcast::Refused(why) if why.contains("insufficient fee")), "{refused:?}");
    let second = slow.replacement(&first, &coins).unwrap();
    let second_signed = keys().sign(&second).unwrap();
    assert_eq!(world.give(&second_signed).await, Broadcast::Taken);
    let urgent = Payment { rate: 40_000, ..slow.clone() };
    let third = urgent.replacement(&second, &coins).unwrap();
    let third_signed = keys().sign(&third).unwrap();
    assert_eq!(world.give(&third_signed).await, Broadcast::Taken);
    assert_eq!(world.state(&signed).await, TransactionState::Unknown);
    assert_eq!(world.state(&second_signed).await, TransactionState::Unknown);
    assert_eq!(world.state(&third_signed).await, TransactionState::Waiting);
    assert!(matches!(world.give(&signed).await, Broadcast::Refused(_)), "the old one does not come back");

    let (block, ids) = world.mine().await;
    assert_eq!(ids, [&third_signed.id[..]], "exactly one of the three");
    assert_eq!(world.state(&third_signed).await, included(&block));
    for old in [&signed, &second_signed] {
        assert!(is_conflict(&world.give(old).await));
        assert_eq!(world.state(old).await, TransactionState::Unknown);
    }
    assert_eq!(world.give(&third_signed).await, Broadcast::Taken);
    let change = world.node.balance(world.ours(HOUSE).as_str(), COIN).await.unwrap();
    assert_eq!(change, 70_000_000 - 60_000_000 - third.fee);
}

#[tokio::test]
async fn a_stuck_payout_is_replaced_and_one_of_them_included() {
    replaced(ChainKind::Litecoin).await;
}

#[tokio::test]
async fn dogecoins_stuck_payout_is_replaced_and_one_of_them_included() {
    replaced(ChainKind::Dogecoin).await;
}

#[tokio::test]
async fn where_no_replacement_is_taken_the_change_pays_for_the_payout() {
    let Some(world) = World::start(ChainKind::Litecoin, &[]).await else { return };
    let coins = world.deposit(&["0.4"]).await;
    let slow = world.payment(&[10_000_000], 1_000).await;
    let waiting = slow.plan(&coins).unwrap();
    let signed = keys().sign(&waiting).unwrap();
    assert_eq!(world.give(&signed).await, Broadcast::Taken);
    let faster = Payment { rate: 50_000, ..slow }.replacement(&waiting, &coins).unwrap();
    let refused = world.give(&keys().sign(&faster).unwrap()).await;
    assert!(is_conflict(&refused), "{refused:?}");
    assert_eq!(world.state(&signed).await, TransactionState::Waiting);

    let child = waiting.child(&signed, 50_000, 5_000_000).unwrap();
    let child_signed = keys().sign(&child).unwrap();
    assert_eq!(world.give(&child_signed).await, Broadcast::Taken);
    let entry = world.litecoind.ask("getmempoolentry", json!([child_signed.id])).await;
    assert_eq!(units(&entry["fees"]["ancestor"]), waiting.fee + child.fee);
    let size = entry["ancestorsize"].as_i64().unwrap();
    assert!((waiting.fee + child.fee) >= size * 50, "both at 50 a byte");
    let (block, ids) = world.mine().await;
    assert_eq!(ids, [&signed.id[..], &child_signed.id[..]]);
    assert_eq!(world.state(&child_signed).await, included(&block));
    let house = world.node.balance(world.ours(HOUSE).as_str(), COIN).await.unwrap();
    assert_eq!(house, 40_000_000 - 10_000_000 - waiting.fee - child.fee);
}

#[tokio::test]
async fn a_replacement_may_spend_more_coins() {
    let Some(world) = World::start(ChainKind::Litecoin, REPLACING).await else { return };
    let coins = world.deposit(&["0.4", "0.3"]).await;
    // All but the fee: there is no change that could pay for more.
    let slow = world.payment(&[39_999_800], 1_000).await;
    let first = slow.plan(&coins).unwrap();
    assert_eq!((first.inputs.len(), first.change), (1, None));
    let signed = keys().sign(&first).unwrap();
    assert_eq!(world.give(&signed).await, Broadcast::Taken);
    let next = Payment { rate: 20_000, ..slow }.replacement(&first, &coins).unwrap();
    assert_eq!(next.inputs.len(), 2);
    let next_signed = keys().sign(&next).unwrap();
    assert_eq!(world.give(&next_signed).await, Broadcast::Taken);
    let (block, ids) = world.mine().await;
    assert_eq!((ids, world.state(&next_signed).await), (vec![next_signed.id.clone()], included(&block)));
}

/// A hundred coins at once: the size is what was planned, and the node takes it.
#[tokio::test]
async fn a_payout_of_many_coins_is_included() {
    let Some(world) = World::start(ChainKind::Litecoin, &[]).await else { return };
    let mut coins = Vec::new();
    for _ in 0..4 {
        coins.extend(world.deposit(&["0.01"; 25]).await);
    }
    let payment = world.payment(&[99_000_000], 2_000).await;
    let plan = payment.plan(&coins).unwrap();
    let signed = keys().sign(&plan).unwrap();
    assert_eq!(plan.inputs.len(), 100);
    assert_eq!(world.give(&signed).await, Broadcast::Taken);
    let entry = world.litecoind.ask("getmempoolentry", json!([signed.id])).await;
    assert_eq!(
        (units(&entry["fees"]["base"]), entry["vsize"].as_u64()),
        (plan.fee, Some(signed.virtual_bytes))
    );
    assert_eq!(world.mine().await.1, [&signed.id[..]]);
}

/// Without an index a node forgets a transaction whose outputs are all spent; the blocks say it.
#[tokio::test]
async fn a_payout_that_was_spent_on_is_found_by_an_index_or_in_its_block() {
    for (options, is_found) in [(&[][..], false), (&["-txindex"][..], true)] {
        let Some(world) = World::start(ChainKind::Litecoin, options).await else { return };
        let coins = world.deposit(&["0.4"]).await;
        let payment = world.payment(&[39_999_000], 2_000).await;
        let signed = keys().sign(&payment.plan(&coins).unwrap()).unwrap();
        assert_eq!((world.give(&signed).await, signed.change), (Broadcast::Taken, None));
        // The node's wallet spends it in the same block.
        let spend = json!([
            [{ "txid": signed.id, "vout": 0 }],
            [{ world.litecoind.text("getnewaddress", json!([])).await: "0.39" }],
        ]);
        let raw = world.litecoind.text("createrawtransaction", spend).await;
        let raw = world.litecoind.ask("signrawtransactionwithwallet", json!([raw])).await["hex"].clone();
        world.litecoind.ask("sendrawtransaction", json!([raw])).await;
        let (block, ids) = world.mine().await;
        assert_eq!((ids.len(), ids.contains(&signed.id)), (2, true));
        let expected = if is_found { included(&block) } else { TransactionState::Unknown };
        assert_eq!(world.state(&signed).await, expected);
        let seen = world.node.block(block.height).await.unwrap().unwrap().transfers;
        assert!(seen.iter().any(|transfer| transfer.transaction == signed.id));
        // A node that forgot it takes it for a conflict.
        let again = world.give(&signed).await;
        assert_eq!(again == Broadcast::Taken, is_found, "{again:?}");
        assert!(is_found || is_conflict(&again));
    }
}

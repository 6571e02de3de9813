//! Deposits on a real node, and its reorganisations.

use super::litecoind::Litecoind;
use super::{COIN, holder, keys, local};
use florin_rails::chain::bitcoin::BitcoinNode;
use florin_rails::chain::{BlockRef, ChainNode, FollowError, Follower, Step, Transfer};
use florin_wallet::ChainKind;
use serde_json::json;
use std::collections::BTreeMap;

const LITECOIN: ChainKind = ChainKind::Litecoin;

fn ours(number: i64) -> String {
    keys().address(local(LITECOIN), holder(number)).unwrap().into_string()
}

/// Somebody who follows a chain and keeps what it brings.
struct Books {
    follower: Follower,
    /// What stands in the chain, by block.
    blocks: BTreeMap<u64, (BlockRef, Vec<Transfer>)>,
}

/// What came in one go.
#[derive(Debug, Default, PartialEq, Eq)]
struct Came {
    connected: Vec<String>,
    disconnected: Vec<String>,
}

impl Books {
    fn new(depth: usize) -> Self {
        Self { follower: Follower::new(0, depth, []), blocks: BTreeMap::new() }
    }

    async fn follow(&mut self, node: &BitcoinNode) -> Result<Came, FollowError> {
        let mut came = Came::default();
        loop {
            let step = self.follower.step(node).await?;
            self.follower.apply(&step);
            match step {
                Step::Connect(block) => {
                    came.connected.push(block.at.hash.clone());
                    let before = self.blocks.insert(block.at.height, (block.at, block.transfers));
                    assert_eq!(before, None);
                }
                Step::Disconnect(block) => {
                    assert_eq!(came.connected, [""; 0], "blocks are left before others come");
                    let (height, (last, _)) = self.blocks.pop_last().unwrap();
                    assert_eq!((height, &last), (block.height, &block));
                    came.disconnected.push(block.hash);
                }
                Step::Wait => return Ok(came),
            }
        }
    }

    /// What was paid to our addresses: transaction, output, number of the address, amount.
    fn deposits(&self) -> Vec<(String, u32, i64, i64)> {
        let addresses: BTreeMap<_, _> = (1..=3).map(|number| (ours(number), number)).collect();
        let transfers = self.blocks.values().flat_map(|(_, transfers)| transfers);
        let mut deposits: Vec<_> = transfers
            .filter_map(|one| {
                let number = *addresses.get(&one.to)?;
                Some((one.transaction.clone(), one.output, number, one.amount))
            })
            .collect();
        deposits.sort_unstable();
        deposits
    }

    fn total(&self, number: i64) -> i64 {
        self.deposits().iter().filter(|(_, _, to, _)| *to == number).map(|(_, _, _, amount)| amount).sum()
    }
}

/// What every block brings is what the node itself says of it.
async fn compare(books: &Books, node: &Litecoind) {
    for (height, (block, transfers)) in &books.blocks {
        let mut expected = Vec::new();
        if let Some((made, _)) = height.checked_sub(100).map(|height| &books.blocks[&height]) {
            expected.extend(node.transfers(&made.hash, 0..1).await);
        }
        expected.extend(node.transfers(&block.hash, 1..usize::MAX).await);
        assert_eq!(transfers, &expected, "block {height}");
    }
}

#[tokio::test]
async fn deposits_are_the_same_on_every_branch_of_the_chain() {
    let Some(litecoind) = Litecoind::start(&[]).await else { return };
    let node = litecoind.client(LITECOIN);
    node.check().await.unwrap();
    let mut books = Books::new(30);
    litecoind.mine(104).await;
    let single = litecoind.pay(&ours(1), "1.23456789").await;
    let both = json!(["", { ours(1): "0.00100001", ours(2): "2" }]);
    let both = litecoind.text("sendmany", both).await;
    for _ in 0..3 {
        litecoind.mine(4).await;
        litecoind.pay(&ours(3), "0.5").await;
    }
    litecoind.mine(5).await;
    let came = books.follow(&node).await.unwrap();
    assert_eq!((came.connected.len(), came.disconnected.len()), (122, 0));
    assert_eq!(books.follower.last(), Some(&node.tip().await.unwrap()));
    compare(&books, &litecoind).await;
    let deposits = books.deposits();
    assert_eq!(deposits.len(), 6);
    assert_eq!(deposits.iter().filter(|(id, ..)| *id == both).count(), 2);
    assert!(deposits.iter().any(|(id, _, to, amount)| (id, *to, *amount) == (&single, 1, 123_456_789)));
    assert_eq!([1, 2, 3].map(|number| books.total(number)), [123_556_790, 200_000_000, 150_000_000]);

    for depth in [1_usize, 2, 6, 16] {
        let tip = books.follower.last().unwrap().height;
        let first = tip + 1 - u64::try_from(depth).unwrap();
        let old = books.blocks[&first].0.hash.clone();
        litecoind.ask("invalidateblock", json!([old])).await;
        let new = litecoind.mine(u64::try_from(depth).unwrap() + 1).await;
        let came = books.follow(&node).await.unwrap();
        assert_eq!(came.connected, new);
        assert_eq!(came.disconnected.len(), depth);
        assert_eq!(came.disconnected.last(), Some(&old));
        // What a deeper branch had, the node does not offer to the new one: those deposits are gone.
        let kept = books.deposits();
        assert_eq!(kept.len(), if depth > 10 { 4 } else { 6 });
        assert!(kept.iter().all(|deposit| deposits.contains(deposit)));
        // And back: the old branch becomes the longer one again.
        litecoind.ask("invalidateblock", json!([new[0]])).await;
        litecoind.ask("reconsiderblock", json!([old])).await;
        assert_eq!(books.follow(&node).await.unwrap(), Came::default(), "it is shorter as yet");
        let more = litecoind.mine(2).await;
        let back = books.follow(&node).await.unwrap();
        let reversed = |ids: &[String]| ids.iter().rev().cloned().collect::<Vec<_>>();
        assert_eq!(back.connected, [reversed(&came.disconnected), more].concat());
        assert_eq!(back.disconnected, reversed(&came.connected));
        assert_eq!(books.deposits(), deposits);
    }
    compare(&books, &litecoind).await;
    for number in 1..=3 {
        assert_eq!(node.balance(&ours(number), COIN).await.unwrap(), books.total(number));
    }
    let all = [ours(1), ours(2), ours(3)];
    let unspent = node.unspent(&all.each_ref().map(String::as_str)).await.unwrap();
    assert_eq!(unspent.len(), deposits.len());

    // A reorganisation that is deeper than what is remembered is none that is understood.
    let gone = books.blocks.keys().max().unwrap() - 30;
    litecoind.ask("invalidateblock", json!([books.blocks[&gone].0.hash])).await;
    litecoind.mine(40).await;
    let error = books.follow(&node).await.unwrap_err();
    assert!(matches!(error, FollowError::TooDeep(30)), "{error}");
}

#[tokio::test]
async fn a_shorter_branch_is_seen_too() {
    let Some(litecoind) = Litecoind::start(&[]).await else { return };
    let node = litecoind.client(LITECOIN);
    let mut books = Books::new(10);
    litecoind.mine(8).await;
    books.follow(&node).await.unwrap();
    // The node goes back and has nothing else yet: nothing is left.
    let hash = books.blocks[&6].0.hash.clone();
    litecoind.ask("invalidateblock", json!([hash])).await;
    assert_eq!(books.follow(&node).await.unwrap(), Came::default());
    let new = litecoind.mine(1).await;
    let came = books.follow(&node).await.unwrap();
    assert!(came == Came::default() || came.connected == new, "{came:?}");
    let more = litecoind.mine(3).await;
    books.follow(&node).await.unwrap();
    let last = books.follower.last().unwrap();
    assert_eq!((last.height, &last.hash), (9, &more[2]));
    assert_eq!(last, &node.tip().await.unwrap());
}

#[tokio::test]
async fn litecoins_extension_block_hinders_nothing() {
    let Some(litecoind) = Litecoind::start(&[]).await else { return };
    let node = litecoind.client(LITECOIN);
    let mut books = Books::new(10);
    // It begins at block 432 of this mode, with a payment into it.
    litecoind.mine(431).await;
    let inside = litecoind.text("getnewaddress", json!(["", "mweb"])).await;
    litecoind.pay(&inside, "3").await;
    litecoind.pay(&ours(1), "0.7").await;
    litecoind.mine(1).await;
    // Inside, and out to us.
    litecoind.pay(&inside, "5").await;
    litecoind.mine(3).await;
    litecoind.pay(&ours(2), "0.25").await;
    litecoind.mine(2).await;
    books.follow(&node).await.unwrap();
    assert_eq!(books.blocks.len(), 438);
    let extended = litecoind.ask("getblock", json!([books.blocks[&432].0.hash, 1])).await;
    assert_eq!(extended["mweb"]["num_kernels"], 1);
    compare(&books, &litecoind).await;
    assert_eq!([1, 2].map(|number| books.total(number)), [70_000_000, 25_000_000]);
    assert_eq!(node.balance(&ours(1), COIN).await.unwrap(), 70_000_000);
}

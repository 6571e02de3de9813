//! The simulated chains of a sandbox, through the node that stands before them.

use crate::support::TestApp;
use florin_api::crypto::simulated::{SimulatedNode, drop_waiting, mine, pay, reorganise};
use florin_api::crypto::{Net, hot_wallet};
use florin_api::kit::book::jobs::run_inside;
use florin_api::kit::book::registry::book_of;
use florin_api::kit::book::work::Work;
use florin_rails::chain::evm::{Gas, Offer};
use florin_rails::chain::{
    AccountNode, Block, BlockRef, Broadcast, ChainNode, Follower, Step, TransactionState, Transfer,
};
use florin_store::{BookId, Stop};
use florin_types::CurrencyCode;
use florin_wallet::{
    Address, Branch, Chain, ChainKind, Coin, EvmTransaction, Keychain, Output, Payment, Place, Plan, Seed,
    Signed, SignedEvm,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const ETH: CurrencyCode = CurrencyCode::new("eth");
const USDC: CurrencyCode = CurrencyCode::new("usdc");

/// A network of a sandbox's book.
struct Sim<'a> {
    app: &'a TestApp,
    book: BookId,
    net: Net,
    node: SimulatedNode,
}

impl<'a> Sim<'a> {
    async fn new(app: &'a TestApp, slug: &str) -> Self {
        let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
        let net = Net::of(slug).expect("a network");
        Self { app, book, net, node: SimulatedNode::new(&app.app, book, net) }
    }

    async fn command<T: Send + 'static>(
        &self,
        command: impl AsyncFn(&mut Work<'_>) -> Result<T, Stop> + Send + 'static,
    ) -> T {
        let answer = Arc::new(Mutex::new(None));
        let keeps = Arc::clone(&answer);
        let keep = async move |work: &mut Work<'_>| {
            let done = command(work).await?;
            *keeps.lock().expect("nobody panicked") = Some(done);
            Ok(())
        };
        run_inside(&self.app.app, self.book, Vec::new(), keep).await.expect("a command");
        answer.lock().expect("nobody panicked").take().expect("an answer")
    }

    async fn pay(&self, payees: &[(&Address, CurrencyCode, i64)], is_auto: bool) -> String {
        let net = self.net;
        let payees: Vec<_> =
            payees.iter().map(|(to, code, amount)| (to.to_string(), *code, *amount)).collect();
        self.command(async move |work: &mut Work<'_>| pay(work, net, &payees, is_auto).await).await
    }

    async fn mine(&self, blocks: u64) -> u64 {
        let net = self.net;
        self.command(async move |work: &mut Work<'_>| mine(work, net, blocks).await).await
    }

    async fn reorganise(&self, depth: u64, drops: bool) -> u64 {
        let net = self.net;
        self.command(async move |work: &mut Work<'_>| reorganise(work, net, depth, drops).await).await
    }

    async fn drop_waiting(&self, hash: &str) -> bool {
        let (net, hash) = (self.net, hash.to_owned());
        self.command(async move |work: &mut Work<'_>| drop_waiting(work, net, &hash).await).await
    }

    fn keys(&self) -> &Keychain {
        self.app.app.settings.keychain.as_ref().expect("keys")
    }

    fn chain(&self) -> Chain {
        self.net.chain(&self.app.app).expect("a chain")
    }

    fn hot(&self) -> Address {
        self.keys().address(self.chain(), hot_wallet(self.book)).expect("an address")
    }

    fn holder(&self, number: i64) -> Address {
        self.keys().address(self.chain(), self.place(number)).expect("an address")
    }

    fn place(&self, number: i64) -> Place {
        Place { book: self.book.0, branch: Branch::Holders, number }
    }

    async fn height(&self) -> u64 {
        self.node.tip().await.expect("a tip").height
    }

    async fn block(&self, height: u64) -> Block {
        self.node.block(height).await.expect("an answer").expect("a block")
    }

    async fn state(&self, id: &str) -> TransactionState {
        self.node.transaction(id).await.expect("an answer")
    }

    async fn held(&self, address: &Address, currency: CurrencyCode) -> i64 {
        self.node.balance(address.as_str(), currency).await.expect("an answer")
    }

    async fn give(&self, raw: &str) -> Broadcast {
        self.node.broadcast(raw).await.expect("an answer")
    }

    /// The block that has a transaction, and what it cost if the node says so.
    async fn included(&self, id: &str) -> (BlockRef, bool, Option<i64>) {
        match self.state(id).await {
            TransactionState::Included { block, is_failed, fee } => (block, is_failed, fee),
            other => panic!("{id} is {other:?}"),
        }
    }

    /// Outputs of the hot wallet in a block.
    async fn coins(&self, height: u64) -> Vec<Coin> {
        let (hot, place) = (self.hot(), hot_wallet(self.book));
        let paid = self.block(height).await.transfers.into_iter().filter(|one| one.to == hot.as_str());
        let coin = |Transfer { transaction, output, amount, .. }| Coin { transaction, output, amount, place };
        paid.map(coin).collect()
    }

    fn payment(&self, amount: i64, rate: u128) -> Payment {
        let outputs = vec![Output { to: self.holder(1), amount }];
        Payment { chain: self.chain(), outputs, change: hot_wallet(self.book), rate, max_fee: 1_000_000_000 }
    }

    fn sign(&self, plan: &Plan) -> Signed {
        self.keys().sign(plan).expect("a signature")
    }

    fn accounts(&self) -> &dyn AccountNode {
        self.node.accounts().expect("a chain of accounts")
    }

    /// A payment of the hot wallet on Ethereum's kind.
    async fn evm(&self, nonce: u64, currency: CurrencyCode, amount: i64, offer: Offer) -> SignedEvm {
        let accounts = self.accounts();
        let call = accounts.payment(&self.holder(1), currency, amount).expect("a payment");
        let Gas::Limit(gas_limit) = accounts.gas(&self.hot(), &call).await.expect("an answer") else {
            panic!("it would fail");
        };
        let (chain_id, Offer { max_fee, max_priority_fee }) = (accounts.chain_id(), offer);
        let transaction = EvmTransaction { chain_id, nonce, max_fee, max_priority_fee, gas_limit, call };
        self.keys().sign_evm(hot_wallet(self.book), &transaction).expect("a signature")
    }
}

/// Walks over what is new, and keeps the transfers of the blocks that are in the chain.
async fn walk(sim: &Sim<'_>, follower: &mut Follower, seen: &mut BTreeMap<u64, Vec<Transfer>>) {
    loop {
        let step = follower.step(&sim.node).await.expect("a step");
        follower.apply(&step);
        match step {
            Step::Connect(block) => drop(seen.insert(block.at.height, block.transfers)),
            Step::Disconnect(at) => drop(seen.remove(&at.height)),
            Step::Wait => return,
        }
    }
}

#[tokio::test]
async fn a_payment_is_mined_and_a_reorganisation_takes_it_back() {
    let app = TestApp::start().await;
    for (slug, currency) in [("btc", CurrencyCode::new("btc")), ("ethereum", USDC)] {
        let sim = Sim::new(&app, slug).await;
        let (mut follower, mut seen) = (Follower::new(0, 50, []), BTreeMap::new());
        let tip = if slug == "btc" { 2 } else { 1 };
        assert_eq!(sim.height().await, tip, "the first block has the endowment, which can be spent");
        let id = sim.pay(&[(&sim.holder(1), currency, 5), (&sim.holder(2), currency, 7)], false).await;
        assert_eq!(sim.state(&id).await, TransactionState::Waiting);
        assert_eq!(sim.mine(3).await, tip + 3);
        walk(&sim, &mut follower, &mut seen).await;
        let block = sim.block(tip + 1).await;
        let paid: Vec<_> = block.transfers.iter().map(|one| (one.to.as_str(), one.amount)).collect();
        assert_eq!(paid, [(sim.holder(1).as_str(), 5), (sim.holder(2).as_str(), 7)]);
        assert!(block.transfers.iter().all(|one| one.from.is_some() == (slug == "ethereum")));
        let first = u32::from(slug == "ethereum");
        assert_eq!(block.transfers.iter().map(|one| one.output).collect::<Vec<_>>(), [first, first + 1]);
        assert_eq!(seen[&(tip + 1)], block.transfers);
        assert_eq!(sim.included(&id).await.0, block.at);
        assert_eq!(sim.held(&sim.holder(2), currency).await, 7);
        // Its block and those after it go, four others come, all empty.
        assert_eq!(sim.reorganise(3, false).await, tip + 4);
        assert_eq!(sim.state(&id).await, TransactionState::Waiting);
        assert_eq!(sim.held(&sim.holder(2), currency).await, 0);
        walk(&sim, &mut follower, &mut seen).await;
        assert!(seen.iter().all(|(height, transfers)| (*height == 1) != transfers.is_empty()));
        assert_ne!(sim.block(tip + 1).await.at, block.at);
        assert_eq!(sim.mine(1).await, tip + 5);
        walk(&sim, &mut follower, &mut seen).await;
        assert_eq!((sim.included(&id).await.0.height, &seen[&(tip + 5)]), (tip + 5, &block.transfers));
        // The first block stays, however deep it is asked for.
        let endowed = sim.block(1).await;
        assert_eq!(sim.reorganise(1_000, true).await, tip + 6);
        assert_eq!((sim.block(1).await, sim.state(&id).await), (endowed, TransactionState::Unknown));
        assert_eq!(sim.node.block(tip + 7).await.expect("an answer"), None);
    }
    app.finish().await;
}

#[tokio::test]
async fn books_have_chains_of_their_own() {
    let app = TestApp::start().await;
    let mut sim = Sim::new(&app, "btc").await;
    sim.mine(5).await;
    let tip = sim.node.tip().await.expect("a tip");
    sim.book = book_of(&app.app.store, app.partners[1]).await.expect("a read").expect("a book");
    sim.node = SimulatedNode::new(&app.app, sim.book, sim.net);
    assert_eq!(sim.height().await, 2);
    assert_ne!(sim.node.hash(1).await.expect("an answer"), Some(tip.hash));
    app.finish().await;
}

#[tokio::test]
async fn payouts_spend_outputs_once() {
    let app = TestApp::start().await;
    for slug in ["btc", "ltc", "doge"] {
        let sim = Sim::new(&app, slug).await;
        let (coin, amount) = (sim.net.coin, 3_000_000_000);
        let coins = sim.coins(1).await;
        let whole = coins.iter().map(|coin| coin.amount).sum::<i64>();
        assert_eq!((coins.len(), sim.held(&sim.hot(), coin).await), (100, whole));
        let usual = sim.node.fees().await.expect("fees").usual;
        let plan = sim.payment(amount, usual).plan(&coins).expect("a plan");
        let signed = sim.sign(&plan);
        // What another has signed, what is cut off, and what spends nothing known.
        let other = Keychain::new(Seed::new([9; 32])).sign(&plan).expect("a signature");
        assert!(matches!(sim.give(&other.raw).await, Broadcast::Refused(_)));
        assert!(matches!(sim.give(&signed.raw[2..]).await, Broadcast::Refused(_)));
        let unknown = Coin { transaction: "ab".repeat(32), ..coins[0].clone() };
        let unknown = sim.sign(&sim.payment(amount, usual).plan(&[unknown]).expect("a plan"));
        assert!(matches!(sim.give(&unknown.raw).await, Broadcast::Conflict(_)));
        assert_eq!(sim.give(&signed.raw).await, Broadcast::Taken);
        assert_eq!(sim.give(&signed.raw).await, Broadcast::Taken);
        let height = sim.mine(1).await;
        let (block, is_failed, fee) = sim.included(&signed.id).await;
        assert_eq!((block, is_failed, fee), (sim.node.tip().await.expect("a tip"), false, None));
        assert_eq!(sim.give(&signed.raw).await, Broadcast::Taken);
        assert_eq!(sim.held(&sim.holder(1), coin).await, amount);
        assert_eq!(sim.held(&sim.hot(), coin).await, whole - amount - plan.fee);
        let change = sim.coins(height).await;
        assert_eq!(change.iter().map(|coin| coin.amount).collect::<Vec<_>>(), [plan.change.unwrap().amount]);
        // The same output again.
        let again = sim.sign(&sim.payment(amount + 1, usual).plan(&plan.inputs).expect("a plan"));
        assert!(matches!(sim.give(&again.raw).await, Broadcast::Conflict(_)));
        // A reorganisation moves it to another block, and the books stay right.
        sim.reorganise(1, true).await;
        assert_eq!(sim.state(&signed.id).await, TransactionState::Waiting);
        assert_eq!(sim.held(&sim.hot(), coin).await, whole);
        sim.mine(1).await;
        let all = sim.held(&sim.hot(), coin).await + sim.held(&sim.holder(1), coin).await;
        assert_eq!(all, whole - plan.fee);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_low_fee_is_stuck_until_it_is_raised() {
    let app = TestApp::start().await;
    for slug in ["btc", "ltc", "doge"] {
        let sim = Sim::new(&app, slug).await;
        let relay = sim.chain().relay_rate().expect("a rate");
        let coins = sim.coins(1).await;
        let slow = sim.payment(3_000_000_000, relay).plan(&coins).expect("a plan");
        let signed = sim.sign(&slow);
        assert_eq!(sim.give(&signed.raw).await, Broadcast::Taken);
        sim.mine(50).await;
        assert_eq!(sim.state(&signed.id).await, TransactionState::Waiting);
        let urgent = sim.node.fees().await.expect("fees").urgent;
        let raised = sim.payment(3_000_000_000, urgent).replacement(&slow, &coins).expect("a plan");
        let raised = sim.sign(&raised);
        if sim.chain().kind == ChainKind::Litecoin {
            assert!(matches!(sim.give(&raised.raw).await, Broadcast::Conflict(_)));
            let child = sim.sign(&slow.child(&signed, urgent, 1_000_000_000).expect("a child"));
            assert_eq!(sim.give(&child.raw).await, Broadcast::Taken);
            sim.mine(1).await;
            assert_eq!(sim.included(&child.id).await.0, sim.included(&signed.id).await.0);
        } else {
            let little = sim.payment(3_000_000_001, relay).plan(&slow.inputs).expect("a plan");
            assert!(matches!(sim.give(&sim.sign(&little).raw).await, Broadcast::Refused(_)));
            assert_eq!(sim.give(&raised.raw).await, Broadcast::Taken);
            assert_eq!(sim.state(&signed.id).await, TransactionState::Unknown);
            sim.mine(1).await;
            sim.included(&raised.id).await;
            assert!(matches!(sim.give(&signed.raw).await, Broadcast::Conflict(_)));
        }
        assert_eq!(sim.held(&sim.holder(1), sim.net.coin).await, 3_000_000_000);
    }
    app.finish().await;
}

#[tokio::test]
async fn what_spends_a_dropped_payment_is_dropped() {
    let app = TestApp::start().await;
    let sim = Sim::new(&app, "btc").await;
    let coin = sim.net.coin;
    sim.mine(5).await;
    let made = sim.pay(&[(&sim.hot(), coin, 5_000_000_000)], false).await;
    let height = sim.mine(1).await;
    let usual = sim.node.fees().await.expect("fees").usual;
    let spend = sim.payment(1_000_000_000, usual).plan(&sim.coins(height).await).expect("a plan");
    let spend = sim.sign(&spend);
    assert_eq!(sim.give(&spend.raw).await, Broadcast::Taken);
    sim.mine(1).await;
    sim.included(&spend.id).await;
    sim.reorganise(2, true).await;
    for id in [&made, &spend.id] {
        assert_eq!(sim.state(id).await, TransactionState::Unknown);
    }
    assert!(matches!(sim.give(&spend.raw).await, Broadcast::Conflict(_)));
    let other = sim.pay(&[(&sim.holder(1), coin, 5)], false).await;
    assert_eq!([sim.drop_waiting(&other).await, sim.drop_waiting(&other).await], [true, false]);
    sim.mine(1).await;
    assert_eq!(sim.held(&sim.holder(1), coin).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn accounts_pay_coins_and_tokens() {
    let app = TestApp::start().await;
    let sim = Sim::new(&app, "ethereum").await;
    let (hot, to) = (sim.hot(), sim.holder(1));
    let before = (sim.held(&hot, ETH).await, sim.held(&hot, USDC).await);
    let offer = sim.accounts().offers().await.expect("offers").usual;
    let coin = sim.evm(0, ETH, 300_000_000, offer).await;
    let token = sim.evm(1, USDC, 7_000_000, offer).await;
    // The second may come first: it waits for the other.
    assert_eq!(sim.give(&token.raw).await, Broadcast::Taken);
    sim.mine(1).await;
    assert_eq!(sim.state(&token.id).await, TransactionState::Waiting);
    assert_eq!([sim.give(&coin.raw).await, sim.give(&coin.raw).await], [Broadcast::Taken, Broadcast::Taken]);
    let height = sim.mine(1).await;
    let (of_coin, of_token) = (sim.included(&coin.id).await, sim.included(&token.id).await);
    assert_eq!((&of_coin.0, of_coin.1, of_token.1), (&of_token.0, false, false));
    let fees = of_coin.2.expect("a fee") + of_token.2.expect("a fee");
    assert!(fees > 0 && sim.accounts().cost(21_000 + 65_000, offer.max_fee).is_some_and(|most| fees < most));
    assert_eq!((sim.held(&to, ETH).await, sim.held(&to, USDC).await), (300_000_000, 7_000_000));
    assert_eq!(sim.held(&hot, ETH).await, before.0 - 300_000_000 - fees);
    assert_eq!(sim.held(&hot, USDC).await, before.1 - 7_000_000);
    let transfers = sim.block(height).await.transfers;
    let seen = |id: &str| {
        let one = transfers.iter().find(|one| one.transaction == id).expect("a transfer");
        (one.output, one.from.clone(), one.amount)
    };
    assert_eq!(seen(&coin.id), (0, Some(hot.to_string()), 300_000_000));
    assert_eq!(seen(&token.id), (1, Some(hot.to_string()), 7_000_000));
    assert_eq!(transfers.len(), 2);
    // A nonce is used once.
    assert_eq!(sim.give(&coin.raw).await, Broadcast::Taken);
    let other = sim.evm(0, ETH, 1, offer).await;
    assert!(matches!(sim.give(&other.raw).await, Broadcast::Conflict(_)));
    // Another chain's signature, and more than there is.
    let call = sim.accounts().payment(&to, ETH, 1).expect("a payment");
    let Offer { max_fee, max_priority_fee } = offer;
    let (gas_limit, chain_id) = (21_000, 1);
    let elsewhere = EvmTransaction { chain_id, nonce: 2, max_fee, max_priority_fee, gas_limit, call };
    let elsewhere = sim.keys().sign_evm(hot_wallet(sim.book), &elsewhere).expect("a signature");
    assert!(matches!(sim.give(&elsewhere.raw).await, Broadcast::Refused(_)));
    let all = sim.evm(2, ETH, sim.held(&hot, ETH).await, offer).await;
    assert!(matches!(sim.give(&all.raw).await, Broadcast::Refused(_)));
    assert!(matches!(sim.give("0x02").await, Broadcast::Refused(_)));
    app.finish().await;
}

#[tokio::test]
async fn a_nonce_that_waits_goes_to_who_offers_more() {
    let app = TestApp::start().await;
    let sim = Sim::new(&app, "polygon").await;
    let (pol, limit) = (sim.net.coin, sim.accounts().max_fee());
    let low = Offer { max_fee: 20_000_000_000, max_priority_fee: 1_000_000_000 };
    let slow = sim.evm(0, pol, 5, low).await;
    assert_eq!(sim.give(&slow.raw).await, Broadcast::Taken);
    // Below the base fee it is stuck.
    sim.mine(45).await;
    assert_eq!(sim.state(&slow.id).await, TransactionState::Waiting);
    let little = sim.evm(0, pol, 5, Offer { max_fee: 21_000_000_000, ..low }).await;
    assert!(matches!(sim.give(&little.raw).await, Broadcast::Refused(_)));
    let offers = sim.accounts().offers().await.expect("offers");
    let raised = sim.evm(0, pol, 5, offers.usual.replacing(low, limit).expect("an offer")).await;
    assert_eq!(sim.give(&raised.raw).await, Broadcast::Taken);
    assert_eq!(sim.state(&slow.id).await, TransactionState::Unknown);
    sim.mine(1).await;
    sim.included(&raised.id).await;
    assert!(matches!(sim.give(&slow.raw).await, Broadcast::Conflict(_)));
    assert_eq!(sim.held(&sim.holder(1), pol).await, 5);
    // Two payments that together are more than there is: the second fails, and pays its gas.
    let held = sim.held(&sim.hot(), USDC).await;
    let offer = sim.accounts().offers().await.expect("offers").urgent;
    let both = [sim.evm(1, USDC, held, offer).await, sim.evm(2, USDC, 1, offer).await];
    for one in &both {
        assert_eq!(sim.give(&one.raw).await, Broadcast::Taken);
    }
    let before = sim.held(&sim.hot(), pol).await;
    sim.mine(1).await;
    let [first, second] = [sim.included(&both[0].id).await, sim.included(&both[1].id).await];
    assert_eq!((first.1, second.1), (false, true));
    assert_eq!(sim.held(&sim.hot(), pol).await, before - first.2.expect("a fee") - second.2.expect("a fee"));
    assert_eq!(sim.held(&sim.holder(1), USDC).await, held);
    let call = sim.accounts().payment(&sim.holder(1), USDC, 1).expect("a payment");
    assert!(matches!(sim.accounts().gas(&sim.hot(), &call).await, Ok(Gas::Fails(_))));
    app.finish().await;
}

#[tokio::test]
async fn what_waits_is_confirmed_by_itself_and_then_all_is_still() {
    let app = TestApp::start().await;
    let sim = Sim::new(&app, "polygon").await;
    let (a, confirmations) = (app.a(), sim.net.confirmations(&app.app));
    let first = sim.pay(&[(&sim.holder(1), USDC, 5)], true).await;
    a.run_jobs().await;
    assert_eq!((sim.height().await, sim.state(&first).await), (1, TransactionState::Waiting));
    a.settle().await;
    assert_eq!((sim.height().await, sim.included(&first).await.0.height), (2, 2));
    // One that comes meanwhile is in the next block, and is confirmed too.
    let offer = sim.accounts().offers().await.expect("offers").urgent;
    let second = sim.evm(0, USDC, 5, offer).await;
    assert_eq!(sim.give(&second.raw).await, Broadcast::Taken);
    a.settle().await;
    assert_eq!((sim.height().await, sim.included(&second.id).await.0.height), (1 + confirmations, 3));
    a.settle().await;
    assert_eq!(sim.height().await, 2 + confirmations);
    for _ in 0..3 {
        a.settle().await;
        assert_eq!(a.run_jobs().await, 0);
    }
    assert_eq!(sim.height().await, 2 + confirmations);
    // A reorganisation takes the second one back, and it is mined and confirmed again.
    assert_eq!(sim.reorganise(confirmations, false).await, 3 + confirmations);
    assert_eq!(sim.state(&second.id).await, TransactionState::Waiting);
    a.settle().await;
    assert_eq!(sim.included(&second.id).await.0.height, 4 + confirmations);
    a.settle().await;
    assert_eq!(sim.height().await, 3 + 2 * confirmations);
    // What offers too little is tried once.
    let low = Offer { max_fee: 20_000_000_000, max_priority_fee: 1_000_000_000 };
    assert_eq!(sim.give(&sim.evm(1, USDC, 5, low).await.raw).await, Broadcast::Taken);
    a.settle().await;
    a.settle().await;
    assert_eq!(sim.height().await, 4 + 2 * confirmations);
    app.finish_but_chains().await;
}

/// Small numbers without chance, the same at every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        // Knuth's generator; its high bits are the better ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A transaction that a walk has sent: its id, and what it adds to all balances of the coin once it is in a block.
/// None: it takes its fee from them.
type Sent = (String, Option<i64>);

/// What all addresses have together is what was paid from nowhere less the fees, and so says each transaction.
async fn check_sum(sim: &Sim<'_>, endowed: i64, sent: &[Sent], fees: &BTreeMap<String, i64>) {
    let mut expected = endowed;
    for (id, made) in sent {
        if let TransactionState::Included { fee, .. } = sim.state(id).await {
            let paid = fee.or_else(|| fees.get(id).copied()).unwrap_or_default();
            expected += made.unwrap_or(-paid);
        }
    }
    let mut held = sim.held(&sim.hot(), sim.net.coin).await;
    for number in 1..4 {
        held += sim.held(&sim.holder(number), sim.net.coin).await;
    }
    assert_eq!(held, expected);
}

/// Sends a payment of the hot wallet: with the next nonce or one of the last, or what is unspent. What it costs, where
/// the chain does not say so.
async fn send(sim: &Sim<'_>, numbers: &mut Numbers, nonces: &mut u64) -> Option<(String, i64)> {
    let amount = 1_000_000 + i64::try_from(numbers.below(1_000_000)).unwrap();
    if sim.node.accounts().is_some() {
        let offers = sim.accounts().offers().await.expect("offers");
        let nonce = nonces.saturating_sub(numbers.below(3));
        let offer = if numbers.below(2) == 0 { offers.usual } else { offers.urgent };
        let signed = sim.evm(nonce, sim.net.coin, amount, offer).await;
        let is_taken = sim.give(&signed.raw).await == Broadcast::Taken;
        *nonces += u64::from(is_taken && nonce == *nonces);
        return is_taken.then_some((signed.id, 0));
    }
    let mut coins = sim.coins(1).await;
    coins.extend(sim.coins(sim.height().await).await);
    let coin = coins.swap_remove(usize::try_from(numbers.below(coins.len() as u64)).unwrap());
    let rate = sim.node.fees().await.expect("fees").usual * u128::from(1 + numbers.below(4)) / 4;
    let plan = sim.payment(amount, rate).plan(&[coin]).ok()?;
    let signed = sim.sign(&plan);
    (sim.give(&signed.raw).await == Broadcast::Taken).then_some((signed.id, plan.fee))
}

#[tokio::test]
async fn no_coin_is_lost_or_made_but_as_said() {
    let app = TestApp::start().await;
    for slug in ["btc", "polygon"] {
        let sim = Sim::new(&app, slug).await;
        let (mut numbers, mut nonces) = (Numbers(7), 0);
        let (mut sent, mut fees) = (Vec::<Sent>::new(), BTreeMap::new());
        let endowed = sim.held(&sim.hot(), sim.net.coin).await;
        let (mut follower, mut seen) = (Follower::new(0, 200, []), BTreeMap::new());
        for _ in 0..150 {
            match numbers.below(8) {
                0 | 1 => {
                    let amount = 1_000_000 + i64::try_from(numbers.below(1_000)).unwrap();
                    let to = if numbers.below(2) == 0 { sim.hot() } else { sim.holder(2) };
                    sent.push((sim.pay(&[(&to, sim.net.coin, amount)], false).await, Some(amount)));
                }
                2..5 => {
                    if let Some((id, fee)) = send(&sim, &mut numbers, &mut nonces).await {
                        fees.insert(id.clone(), fee);
                        sent.push((id, None));
                    }
                }
                5 => drop(sim.reorganise(numbers.below(4), numbers.below(2) == 0).await),
                6 if !sent.is_empty() => {
                    let place = usize::try_from(numbers.below(sent.len() as u64)).unwrap();
                    sim.drop_waiting(&sent[place].0).await;
                }
                _ => drop(sim.mine(1 + numbers.below(3)).await),
            }
            check_sum(&sim, endowed, &sent, &fees).await;
        }
        // What the blocks brought to an address that gives nothing is what it has.
        walk(&sim, &mut follower, &mut seen).await;
        let to = sim.holder(1);
        let brought = seen.values().flatten().filter(|one| one.to == to.as_str()).map(|one| one.amount);
        let held = sim.held(&to, sim.net.coin).await;
        assert!(held > 0);
        assert_eq!(brought.sum::<i64>(), held);
    }
    app.finish().await;
}

/// Every statement of simulated chains.
pub async fn every_statement(app: &TestApp) {
    let sim = Sim::new(app, "btc").await;
    let (low, high) =
        (sim.chain().relay_rate().expect("a rate"), sim.node.fees().await.expect("fees").urgent);
    let coins = sim.coins(1).await;
    let plan = sim.payment(3_000_000_000, low).plan(&coins).expect("a plan");
    assert_eq!(sim.give(&sim.sign(&plan).raw).await, Broadcast::Taken);
    let raised = sim.payment(3_000_000_000, high).replacement(&plan, &coins).expect("a plan");
    assert_eq!(sim.give(&sim.sign(&raised).raw).await, Broadcast::Taken);
    sim.mine(2).await;
    sim.reorganise(2, false).await;
    let sim = Sim::new(app, "ethereum").await;
    let offer = sim.accounts().offers().await.expect("offers").usual;
    let sent = sim.evm(0, USDC, 5, offer).await;
    assert_eq!(sim.give(&sent.raw).await, Broadcast::Taken);
    assert_eq!(sim.state(&sent.id).await, TransactionState::Waiting);
}

//! Chains against books.

use super::*;
use florin_api::crypto::{Reconciliation, reconcile, status};

impl Chained {
    async fn reconciled(&self) -> Reconciliation {
        reconcile(&self.app.app).await.expect("books can be read")
    }

    /// A deposit to Anna on each chain, of which that of Ethereum is not confirmed.
    async fn with_deposits() -> (Self, String, String) {
        let mut c = Self::start().await;
        let btc = address(&c.a, Some("anna"), "btc", "btc").await;
        let eth = address(&c.a, Some("anna"), "eth", "ethereum").await;
        c.btc.mine(&[("t1", 0, &btc, "btc", 1_000), ("t1", 1, "tb1qnobody", "btc", 5)]);
        // So much that it is asked who sent it: it is in suspense.
        c.btc.mine(&[("t2", 0, &btc, "btc", 50_000_000)]);
        c.btc.mine_empty(2);
        c.ethereum.mine(&[("0x1", 0, &eth, "eth", 700), ("0x1", 1, &eth, "usdc", 9_000_000)]);
        c.look().await;
        (c, btc, eth)
    }
}

/// Currency, books, chain, seen, rests and difference.
fn lines(outcome: &Reconciliation) -> Vec<(String, [i128; 5])> {
    let line = |line: &florin_api::crypto::CurrencyLine| {
        let figures = [line.books, line.chain, line.explained.seen, line.explained.rests, line.difference()];
        (line.currency.to_string(), figures)
    };
    outcome.currencies.iter().map(line).collect()
}

fn found(outcome: &Reconciliation) -> Vec<(String, &str, i128, i128)> {
    let line = |line: &florin_api::crypto::AddressLine| {
        (line.address.clone(), line.network, line.expected, line.found)
    };
    outcome.addresses.iter().map(line).collect()
}

#[tokio::test]
async fn what_came_in_is_on_the_chains() {
    let (mut c, ..) = Chained::with_deposits().await;
    let outcome = c.reconciled().await;
    let seen = [
        ("btc".to_owned(), [50_001_000, 50_001_000, 0, 0, 0]),
        ("eth".to_owned(), [0, 700, 700, 0, 0]),
        ("usdc".to_owned(), [0, 9_000_000, 9_000_000, 0, 0]),
    ];
    assert!(outcome.is_clean() && lines(&outcome) == seen, "{outcome:?}");
    c.ethereum.mine_empty(12);
    c.look().await;
    let outcome = c.reconciled().await;
    assert!(outcome.is_clean(), "{outcome:?}");
    assert_eq!(lines(&outcome)[1], ("eth".to_owned(), [700, 700, 0, 0, 0]));
    // Its block leaves the chain, and nothing is left of it on either side.
    c.ethereum.leave(13);
    c.ethereum.mine_empty(14);
    c.look().await;
    crate::support::expect_errors(&["left its chain and was taken back"]);
    let outcome = c.reconciled().await;
    assert!(outcome.is_clean() && lines(&outcome).len() == 1, "{outcome:?}");
    c.app.finish().await;
}

#[tokio::test]
async fn what_is_missing_or_nobodys_is_told() {
    let (mut c, btc, eth) = Chained::with_deposits().await;
    let hot = status(&c.app.app).await.expect("status")[0].books[0].hot_wallet.clone().expect("an address");
    c.btc.give(&btc, "btc", -300);
    // What the house puts in is known by the block that brings it.
    c.btc.give(&hot, "btc", 20);
    let lost = status(&c.app.app).await.expect("status");
    let lost =
        lost.iter().find(|one| one.network == "ethereum").and_then(|one| one.books[0].hot_wallet.clone());
    let lost = lost.expect("an address");
    c.ethereum.give(&lost, "eth", -1);
    c.ethereum.give(&eth, "usdt", 4);
    let outcome = c.reconciled().await;
    assert!(!outcome.is_clean());
    let differences: Vec<_> = lines(&outcome).into_iter().map(|(code, figures)| (code, figures[4])).collect();
    let of = |code: &str, units| (code.to_owned(), units);
    assert_eq!(differences, [of("btc", -280), of("eth", -1), of("usdc", 0), of("usdt", 4)]);
    let mut expected = vec![
        (btc, "btc", 50_001_000, 50_000_700),
        (hot, "btc", 0, 20),
        (lost, "ethereum", 0, -1),
        (eth, "ethereum", 0, 4),
    ];
    let mut told = found(&outcome);
    expected.sort();
    told.sort();
    assert_eq!(told, expected);
    assert!(outcome.addresses.iter().any(|line| line.to_string().contains("value that no deposit brought")));
    // A node that is away, or ahead of what was followed, leaves no figure that could be taken for a true one.
    c.btc.trouble(Some("out for lunch"));
    c.ethereum.mine_empty(1);
    let outcome = c.reconciled().await;
    let why: Vec<_> = outcome.not_compared.iter().map(|one| (one.network, one.why.as_str())).collect();
    assert!(why[0].0 == "btc" && why[0].1.contains("out for lunch"), "{why:?}");
    assert!(why[1].0 == "ethereum" && why[1].1.contains("is not the newest one"), "{why:?}");
    assert!(!outcome.is_clean() && outcome.currencies.is_empty() && outcome.addresses.is_empty());
    c.btc.trouble(None);
    c.look().await;
    c.btc.be_honest();
    c.ethereum.be_honest();
    c.app.finish().await;
}

#[tokio::test]
async fn rests_are_less_than_a_unit_for_each_deposit() {
    let (mut c, _, eth) = Chained::with_deposits().await;
    c.ethereum.mine(&[("0x2", 0, &eth, "eth", 700), ("0x3", 0, &eth, "eth", 700)]);
    c.look().await;
    c.ethereum.give(&eth, "eth", 2);
    let outcome = c.reconciled().await;
    assert!(outcome.is_clean(), "{outcome:?}");
    assert_eq!(lines(&outcome)[1], ("eth".to_owned(), [0, 2_102, 2_100, 2, 0]));
    c.ethereum.give(&eth, "eth", 1);
    let outcome = c.reconciled().await;
    assert_eq!(lines(&outcome)[1], ("eth".to_owned(), [0, 2_103, 2_100, 0, 3]));
    c.ethereum.be_honest();
    c.app.finish().await;
}

#[tokio::test]
async fn a_node_that_cannot_search_is_asked_for_outputs() {
    let (c, btc, _) = Chained::with_deposits().await;
    c.btc.be_blind("another");
    let outcome = c.reconciled().await;
    assert!(outcome.is_clean(), "{outcome:?}");
    assert_eq!(lines(&outcome)[0], ("btc".to_owned(), [50_001_000, 50_001_000, 0, 0, 0]));
    for (spent, left) in [("t1", 50_000_000), ("t2", 0)] {
        c.btc.be_blind(spent);
        let outcome = c.reconciled().await;
        assert_eq!(found(&outcome), [(btc.clone(), "btc", 50_001_000, left)]);
        assert_eq!(outcome.currencies[0].difference(), left - 50_001_000);
    }
    c.btc.be_honest();
    c.app.finish().await;
}

#[tokio::test]
async fn simulated_chains_agree_too() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    for (currency, network) in [("btc", "btc"), ("eth", "ethereum"), ("usdc", "polygon")] {
        let to = address(&a, Some("anna"), currency, network).await;
        let body = json!({
            "address": to, "currency": currency, "network": network, "amount": "0.01", "confirmations": 50,
        });
        a.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
    }
    a.run_jobs().await;
    let outcome = reconcile(&app.app).await.expect("books can be read");
    assert!(outcome.is_clean() && outcome.currencies.len() == 5, "{outcome:?}");
    app.finish().await;
}

#[tokio::test]
async fn an_operator_sees_how_far_chains_are_followed() {
    let (c, ..) = Chained::with_deposits().await;
    c.btc.mine_empty(3);
    c.ethereum.be_other_chain(true);
    let all = status(&c.app.app).await.expect("status");
    let of = |network: &str| all.iter().find(|one| one.network == network).expect("a network");
    let btc = of("btc");
    assert_eq!((btc.kind.as_str(), btc.node, btc.trouble.as_ref()), ("bitcoin test", "node", None));
    let book = &btc.books[0];
    assert_eq!((book.followed.as_ref().map(|block| block.height), book.behind), (Some(4), Some(3)));
    assert_eq!(book.balances.len(), 1);
    let ethereum = of("ethereum");
    let trouble = ethereum.trouble.clone().expect("trouble");
    assert!(trouble.contains("another chain") && ethereum.books[0].balances.is_empty(), "{trouble}");
    assert_eq!((of("ltc").node, of("polygon").kind.as_str()), ("simulated", "evm test"));
    c.app.finish().await;
}

/// In live nobody simulates a chain: where no node follows it, no address is given out, and what was given out before
/// cannot be compared.
#[tokio::test]
async fn without_its_node_a_network_is_not_compared_and_has_no_new_wallets() {
    let btc: Arc<dyn florin_rails::chain::ChainNode> = Arc::new(TestNode::new("btc"));
    let with = |nodes: Vec<Arc<dyn florin_rails::chain::ChainNode>>| {
        let chains = Chains { nodes, ..Settings::live().chains };
        let settings =
            Settings { keychain: Settings::sandbox().keychain, rate_limit: None, chains, ..Settings::live() };
        Setup { settings, ..Setup::default() }
    };
    let mut app = TestApp::with(with(vec![btc.clone()])).await;
    let ask = async |app: &TestApp, currency: &str, network: &str| {
        let body = json!({"currency": currency, "network": network});
        app.a().post("/v1/partner/wallet", &body).send().await
    };
    let outcome = reconcile(&app.app).await.expect("books can be read");
    assert!(outcome.is_clean(), "nobody was given an address: {outcome:?}");
    for (currency, network) in [("usdc", "polygon"), ("eth", "ethereum"), ("ltc", "ltc"), ("doge", "doge")] {
        let refused = ask(&app, currency, network).await;
        refused.is_refused("P457");
        assert!(refused.text().contains("not connected"), "{}", refused.text());
    }
    let made = ask(&app, "btc", "btc").await.expect(201);
    app.reopen(with(Vec::new())).await;
    assert_eq!(ask(&app, "btc", "btc").await.expect(200), made, "it was given out before");
    let outcome = reconcile(&app.app).await.expect("books can be read");
    let why: Vec<_> = outcome.not_compared.iter().map(|one| (one.network, one.why.as_str())).collect();
    assert_eq!(why, [("btc", "addresses of it were given out, and it has no node")]);
    assert!(!outcome.is_clean());
    app.finish().await;
}

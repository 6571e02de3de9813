//! A random workload over the simulated chains: deposits, orders, withdrawals and transfers, while blocks come, leave
//! the chain, and take with them what was paid, deeper than any confirmations. At every step the chains hold what the
//! books say, and suspense is the sum of what waits; at the end nothing is left open, and nothing was paid or told
//! twice.

use super::withdrawals::{outside, withdraw};
use super::*;
use crate::support::run_workload;
use florin_api::crypto::simulated::drop_waiting;
use florin_api::kit::book::jobs::run_inside;
use florin_api::kit::book::registry::book_of;
use florin_api::kit::book::work::Work;
use florin_rails::chain::MagicAddress;
use florin_wallet::{Chain, ChainKind, Net};
use http::Method;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

const USERS: [&str; 2] = ["anna", "ben"];

/// Currency, network, and amounts: one that nobody is asked about, one of which it is asked who sent it, and one that
/// can be withdrawn. The second is more than any output of the hot wallet, so that the next withdrawal spends it.
const COINS: [(&str, &str, [&str; 3]); 6] = [
    ("btc", "btc", ["0.002", "20000", "0.0015"]),
    ("ltc", "ltc", ["0.5", "20000", "0.4"]),
    ("doge", "doge", ["100", "20000", "90"]),
    ("eth", "ethereum", ["0.02", "1", "0.015"]),
    ("usdc", "polygon", ["30", "3000", "25"]),
    // Below the least deposit, and below the least withdrawal.
    ("usdc", "ethereum", ["3", "3000", "12"]),
];
const NETWORKS: [&str; 5] = ["btc", "ltc", "doge", "ethereum", "polygon"];

/// What happens in a step; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody outside pays a holder: which, of what, how much, in how many outputs, with how many blocks at once.
    Receive(usize, usize, usize, usize, Option<u8>),
    /// It is said who sent a deposit.
    Explain(usize),
    /// An order is made in usdc on polygon, or in btc.
    Order(bool),
    /// An order is paid: less, what is due, or more.
    PayOrder(usize, usize, Option<u8>),
    /// A holder withdraws, to somebody outside or to one who refuses it.
    Withdraw(usize, usize, bool),
    /// A holder pays another one.
    Transfer(usize, usize, usize),
    Suspend(usize, bool),
    /// Blocks of a network.
    Mine(usize, u8),
    /// The newest blocks of a network are replaced, perhaps without what others had paid in them.
    Reorganise(usize, u8, bool),
    /// A holder withdraws just after somebody paid much, and blocks come; then the chain loses that.
    Lose(usize, u8, u8),
    /// The node forgets the transaction of a withdrawal.
    Forget(usize),
    /// Seconds pass.
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let holder = || 0..=USERS.len();
    let coin = || 0..COINS.len();
    let network = || 0..NETWORKS.len();
    let blocks = || prop::option::weighted(0.7, 0_u8..40);
    let number = || 0_usize..1 << 20;
    let step = prop_oneof![
        6 => (holder(), coin(), 0_usize..3, 1_usize..3, blocks())
            .prop_map(|(who, coin, amount, outputs, blocks)| Step::Receive(who, coin, amount, outputs, blocks)),
        2 => number().prop_map(Step::Explain),
        1 => any::<bool>().prop_map(Step::Order),
        2 => (number(), 0_usize..3, blocks()).prop_map(|(order, part, blocks)| Step::PayOrder(order, part, blocks)),
        10 => (holder(), coin(), prop::bool::weighted(0.15))
            .prop_map(|(who, coin, fails)| Step::Withdraw(who, coin, fails)),
        2 => (holder(), holder(), coin()).prop_map(|(from, to, coin)| Step::Transfer(from, to, coin)),
        1 => (0..USERS.len(), any::<bool>()).prop_map(|(user, on)| Step::Suspend(user, on)),
        2 => (0_usize..3, 0_u8..15, 10_u8..61).prop_map(|(coin, blocks, depth)| Step::Lose(coin, blocks, depth)),
        2 => number().prop_map(Step::Forget),
        4 => (network(), 1_u8..41).prop_map(|(network, blocks)| Step::Mine(network, blocks)),
        8 => (network(), prop_oneof![1_u8..5, 1_u8..61], prop::bool::weighted(0.4))
            .prop_map(|(network, depth, drops)| Step::Reorganise(network, depth, drops)),
        2 => prop_oneof![Just(1), Just(1_000), Just(1_900), Just(90_000), Just(300_000)].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 60)
}

/// The run so far.
struct Run {
    app: TestApp,
    a: Client,
    /// Where each holder is paid each coin.
    addresses: Vec<Vec<String>>,
    /// Deposits that were paid, and whether they are the partner's.
    deposits: Vec<(String, bool)>,
    orders: Vec<String>,
    withdrawals: Vec<String>,
}

fn user(index: usize) -> Option<&'static str> {
    USERS.get(index).copied()
}

/// The address that refuses what is paid to it.
fn refuses(network: &str) -> String {
    let kind = match network {
        "btc" => ChainKind::Bitcoin,
        "ltc" => ChainKind::Litecoin,
        "doge" => ChainKind::Dogecoin,
        _ => ChainKind::Evm,
    };
    MagicAddress::Fails.address(Chain { kind, net: Net::Test }).expect("an address").into_string()
}

impl Run {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let a = app.a();
        for name in USERS {
            a.verified_user(name).await;
        }
        for holder in 0..=USERS.len() {
            for (currency, amount) in
                [("btc", "0.1"), ("ltc", "20"), ("doge", "2000"), ("eth", "1"), ("usdc", "500")]
            {
                a.fund(user(holder), amount, currency).await;
            }
        }
        let mut addresses = Vec::new();
        for holder in 0..=USERS.len() {
            let mut own = Vec::new();
            for (currency, network, _) in COINS {
                own.push(address(&a, user(holder), currency, network).await);
            }
            addresses.push(own);
        }
        Self { app, a, addresses, deposits: Vec::new(), orders: Vec::new(), withdrawals: Vec::new() }
    }

    async fn step(&mut self, step: &Step) {
        let Step::Lose(coin, blocks, depth) = *step else { return self.part(step).await };
        let partner = USERS.len();
        self.part(&Step::Receive(partner, coin, 1, 1, Some(13))).await;
        self.part(&Step::Withdraw(partner, coin, false)).await;
        if blocks > 0 {
            self.part(&Step::Mine(coin, blocks)).await;
        }
        self.part(&Step::Reorganise(coin, depth, true)).await;
    }

    async fn part(&mut self, step: &Step) {
        match *step {
            Step::Receive(who, coin, amount, outputs, blocks) => {
                let (currency, network, amounts) = COINS[coin];
                let to = self.addresses[who][coin].clone();
                let outputs = if currency == "eth" { 1 } else { outputs };
                let id = self.pay(&to, (currency, network, amounts[amount]), (outputs, blocks)).await;
                self.deposits.push((id, who == USERS.len()));
            }
            Step::Explain(index) => self.explain(index).await,
            Step::Order(is_token) => self.order(is_token).await,
            Step::PayOrder(index, part, blocks) => self.pay_order(index, part, blocks).await,
            Step::Withdraw(who, coin, fails) => {
                let (currency, network, [.., amount]) = COINS[coin];
                let to = if fails { refuses(network) } else { outside(network) };
                let made = withdraw(&self.a, user(who), (amount, currency, network), &to).send().await;
                match made.status {
                    200 => self
                        .withdrawals
                        .push(made.expect(200)["withdrawalId"].as_str().expect("an id").to_owned()),
                    // There is too little, or the user is suspended.
                    _ => assert!(["P433", "P455", "P459"].contains(&made.code().as_str()), "{}", made.text()),
                }
            }
            // Nobody pays itself.
            Step::Transfer(from, to, _) if from == to => {}
            Step::Transfer(from, to, coin) => {
                let (currency, _, [amount, ..]) = COINS[coin];
                let body = json!({
                    "sourceExternalUserId": user(from), "destinationExternalUserId": user(to),
                    "amount": amount, "currency": currency,
                });
                let made = self.a.post("/v1/transfer", &body).send().await;
                let may = ["P433", "P455", "P459"];
                assert!(made.status == 201 || may.contains(&made.code().as_str()), "{}", made.text());
            }
            Step::Suspend(who, is_on) => {
                let verb = if is_on { "suspend" } else { "unsuspend" };
                let path = format!("/v1/user/{verb}/{}", USERS[who]);
                self.a.call(Method::PATCH, &path).send().await.expect(200);
            }
            Step::Mine(network, blocks) => self.play("mine", network, ("blocks", blocks), false).await,
            Step::Reorganise(network, depth, drops) => {
                self.play("reorganise", network, ("depth", depth), drops).await;
            }
            Step::Lose(..) => {}
            Step::Forget(index) => self.forget(index).await,
            Step::Wait(seconds) => self.app.clock.advance(Duration::from_secs(seconds)),
        }
        self.look().await;
    }

    /// Somebody outside pays; the first deposit's id.
    async fn pay(
        &self,
        to: &str,
        (currency, network, amount): (&str, &str, &str),
        (outputs, blocks): (usize, Option<u8>),
    ) -> String {
        let body = json!({
            "address": to, "currency": currency, "network": network, "amount": amount, "outputs": outputs,
            "confirmations": blocks,
        });
        let made = self.a.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
        made["cryptoDepositId"].as_str().expect("an id").to_owned()
    }

    async fn play(&self, what: &str, network: usize, (name, number): (&str, u8), drops: bool) {
        let mut body = json!({"network": NETWORKS[network]});
        body[name] = json!(number);
        if drops {
            body["drops"] = json!(true);
        }
        self.a.post(&format!("/v1/sandbox/chain/{what}"), &body).send().await.expect(200);
    }

    async fn explain(&self, index: usize) {
        let Some((id, is_partners)) = self.deposits.get(index % self.deposits.len().max(1)) else { return };
        let below = if *is_partners { "/v1/partner" } else { "/v1" };
        let path = format!("{below}/crypto-deposit/update-travel-rule/{id}");
        let body = json!({"walletType": "SELF_CUSTODY", "details": {"iAmOwnerOfWallet": true}});
        let answer = self.a.call(Method::PATCH, &path).json(&body).send().await;
        // It is not asked for.
        let may = ["P442", "P444", "P445", "P446", "P459"];
        assert!(answer.status == 200 || may.contains(&answer.code().as_str()), "{}", answer.text());
    }

    async fn forget(&self, index: usize) {
        let Some(id) = self.withdrawals.get(index % self.withdrawals.len().max(1)) else { return };
        let shown = self.a.get(&format!("/v1/crypto-withdrawal/details/{id}")).await.expect(200);
        let Some(hash) = shown["transactionHash"].as_str().map(str::to_owned) else { return };
        let net = florin_api::crypto::Net::of(shown["network"].as_str().expect("a network"));
        let net = net.expect("a network");
        let book = book_of(&self.app.app.store, self.app.partners[0]).await.expect("a read").expect("a book");
        let forget = async move |work: &mut Work<'_>| drop_waiting(work, net, &hash).await.map(drop);
        run_inside(&self.app.app, book, Vec::new(), forget).await.expect("a command");
    }

    async fn order(&mut self, is_token: bool) {
        let body = match is_token {
            true => json!({"currency": "usdc", "amount": "50", "network": "polygon"}),
            false => json!({"currency": "btc", "amount": "50"}),
        };
        let lock = self.a.post("/v1/order/lock-rate", &body).send().await.expect(200)["lockId"].clone();
        let made = self.a.post("/v1/order", &json!({"lockId": lock})).send().await.expect(200);
        self.orders.push(made["orderId"].as_str().expect("an id").to_owned());
    }

    async fn pay_order(&self, index: usize, part: usize, blocks: Option<u8>) {
        let Some(id) = self.orders.get(index % self.orders.len().max(1)) else { return };
        let order = self.a.get(&format!("/v1/order/details/{id}")).await.expect(200);
        let to = order["walletAddress"].as_str().expect("an address");
        let (coin, amounts) = match order["cryptocurrency"].as_str() {
            Some("usdc") => (("usdc", "polygon"), ["20", "58.139535", "70"]),
            _ => (("btc", "btc"), ["0.0002", "0.00052632", "0.0006"]),
        };
        self.pay(to, (coin.0, coin.1, amounts[part]), (1, blocks)).await;
    }

    async fn number(&self, sql: &str) -> i64 {
        self.app.database().count(sql).await
    }

    /// What is due is done, and then all agrees.
    async fn look(&self) {
        self.a.run_jobs().await;
        let outcome = florin_api::crypto::reconcile(&self.app.app).await.expect("books can be read");
        assert!(outcome.is_clean(), "chains and books differ: {outcome:#?}");
        let unbalanced = "SELECT COUNT(*) FROM (SELECT currency FROM account GROUP BY currency \
                          HAVING SUM(balance) <> 0) AS wrong";
        assert_eq!(self.number(unbalanced).await, 0, "a currency does not add up");
        let below = "SELECT COUNT(*) FROM account WHERE kind = 1 AND (balance < 0 OR balance - held < 0)";
        assert_eq!(self.number(below).await, 0, "nobody spends what is not there");
        let waits = "SELECT COUNT(*) FROM (SELECT currency, SUM(amount) AS amount FROM (\
                     SELECT currency, -amount AS amount FROM crypto_deposit WHERE state IN \
                     ('TRAVEL_RULE', 'HELD', 'UNMATCHED', 'TOO_SMALL', 'UNEXPLAINED', 'RETURNING', \
                     'FOR_ORDER') UNION ALL \
                     SELECT currency, balance AS amount FROM account WHERE kind = 8) AS parts \
                     GROUP BY currency) AS sums WHERE amount <> 0";
        assert_eq!(self.number(waits).await, 0, "suspense is not what waits");
    }

    /// Blocks come and time passes until nothing is open.
    async fn end(mut self) {
        for who in 0..USERS.len() {
            self.step(&Step::Suspend(who, false)).await;
        }
        // What is replaced is mined in the block after.
        for round in 0..12 {
            for network in 0..NETWORKS.len() {
                self.step(&Step::Mine(network, if round % 3 == 0 { 40 } else { 7 })).await;
            }
            self.step(&Step::Wait(if round == 4 { 31 * 86_400 } else { 1_900 })).await;
            self.step(&Step::Wait(90_000)).await;
        }
        let open =
            "SELECT COUNT(*) FROM crypto_deposit WHERE state IN ('SEEN', 'HELD', 'FOR_ORDER', 'UNMATCHED')";
        assert_eq!(self.number(open).await, 0, "deposits are open");
        self.check_withdrawals().await;
        self.app.finish().await;
    }

    async fn check_withdrawals(&self) {
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        for event in self.a.events().await.iter().filter(|event| event["type"] == "crypto_withdrawal") {
            let payload = &event["payload"];
            if payload["status"] == "SUCCESSFUL" || payload["status"] == "FAILED" {
                *told.entry(payload["id"].to_string()).or_default() += 1;
            }
        }
        assert!(told.values().all(|times| *times == 1), "an end was told twice: {told:?}");
        let mut open = 0;
        for id in &self.withdrawals {
            let shown = self.a.get(&format!("/v1/crypto-withdrawal/details/{id}")).await.expect(200);
            match shown["status"].as_str().expect("a status") {
                "SUCCESSFUL" | "FAILED" => {}
                "PROCESSING" => open += 1,
                other => panic!("a withdrawal is {other}: {shown}"),
            }
        }
        // The only reason: what its transaction spends was lost by the chain, after it had its confirmations.
        let lost = "SELECT COUNT(*) FROM crypto_withdrawal AS w WHERE state = 'SENT' AND EXISTS (SELECT 1 \
                    FROM chain_coin AS c WHERE c.book = w.book AND c.spent_by = w.id AND c.height IS NULL)";
        assert_eq!(self.number(lost).await, open, "withdrawals are open");
        let waiting = "SELECT COUNT(*) FROM chain_try AS t WHERE state NOT IN ('DONE', 'FAILED', 'GONE') \
                       AND NOT EXISTS \
                       (SELECT 1 FROM chain_coin AS c WHERE c.book = t.book AND c.spent_by = t.withdrawal \
                       AND c.height IS NULL)";
        assert_eq!(self.number(waiting).await, 0, "transactions are open");
        let held = "SELECT COUNT(*) FROM account WHERE held <> 0";
        assert!(open > 0 || self.number(held).await == 0, "a hold is left");
    }
}

#[test]
fn chains_and_books_agree_whatever_blocks_come_and_go() {
    run_workload((2, 1), &steps(), async |steps| {
        let mut run = Run::start().await;
        for step in &steps {
            run.step(step).await;
        }
        run.end().await;
    });
}

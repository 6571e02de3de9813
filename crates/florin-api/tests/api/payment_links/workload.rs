//! A random workload: links are made, chosen, paid, cancelled and expire, while blocks come and leave the chain, in any
//! order. A model that knows nothing of orders but their addresses and prices keeps the chains; at the end each address
//! has received what the model says, no payment is settled twice or lost, and the books balance.

use super::*;
use crate::support::run_workload;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Currency, network, what confirms a payment, and amounts of which the second is EUR 50.00. A unit costs so many
/// cents, and has so many minor units.
struct Coin {
    name: &'static str,
    network: &'static str,
    confirmations: u64,
    amounts: [&'static str; 3],
    rate: &'static str,
    cents: i128,
    units: i128,
}

const COINS: [Coin; 2] = [
    Coin {
        name: "usdc",
        network: "polygon",
        confirmations: 32,
        amounts: ["0.7", "62.5", "125"],
        rate: "0.8",
        cents: 80,
        units: 1_000_000,
    },
    Coin {
        name: "btc",
        network: "btc",
        confirmations: 2,
        amounts: ["0.0001", "0.001", "0.0021"],
        rate: "50000",
        cents: 5_000_000,
        units: 100_000_000,
    },
];

#[derive(Clone, Debug)]
enum Step {
    /// A link of EUR 100.00 is made, for so many seconds.
    Make(u64),
    /// The payer of a link chooses.
    Choose(usize, usize),
    /// Somebody pays to an address that was shown, with so many blocks.
    Pay(usize, usize, u64),
    Mine(usize, u64),
    /// The newest blocks leave the chain, perhaps with what was paid in them.
    Reorganise(usize, u64, bool),
    Cancel(usize),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = || 0_usize..1 << 20;
    let coin = || 0..COINS.len();
    let step = prop_oneof![
        // Few links, so that several orders of one are paid.
        1 => prop_oneof![Just(600), Just(7_200)].prop_map(Step::Make),
        6 => (number(), coin()).prop_map(|(link, coin)| Step::Choose(link, coin)),
        10 => (number(), prop_oneof![Just(0_usize), Just(1), Just(1), Just(2)], prop_oneof![Just(0), Just(1), Just(40)])
            .prop_map(|(order, part, blocks)| Step::Pay(order, part, blocks)),
        4 => (coin(), 1_u64..41).prop_map(|(coin, blocks)| Step::Mine(coin, blocks)),
        5 => (coin(), prop_oneof![1_u64..5, 1_u64..90], prop::bool::weighted(0.4))
            .prop_map(|(coin, depth, drops)| Step::Reorganise(coin, depth, drops)),
        1 => number().prop_map(Step::Cancel),
        4 => prop_oneof![Just(1), Just(300), Just(901)].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 40)
}

/// A payment as the model keeps it.
struct Payment {
    /// Its place in [`Run::chosen`].
    order: usize,
    coin: usize,
    /// In minor units.
    amount: i128,
    /// The block that has it.
    height: Option<u64>,
    is_lost: bool,
}

/// An address that a payer was shown.
struct Chosen {
    link: usize,
    coin: usize,
    order: String,
    address: String,
}

struct Run {
    app: TestApp,
    a: Client,
    links: Vec<String>,
    cancelled: Vec<bool>,
    chosen: Vec<Chosen>,
    payments: Vec<Payment>,
    heights: [u64; 2],
}

fn minor(text: &str, units: i128) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = units.ilog10() as usize;
    let number = |text: &str| text.parse::<i128>().expect("digits");
    number(whole) * units + number(&format!("{part:0<digits$}"))
}

/// A number of an answer, in units of a scale.
fn scaled(value: &Value, units: i128) -> i128 {
    minor(&value.to_string(), units)
}

impl Run {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let a = app.a();
        let mut run = Self {
            app,
            a,
            links: Vec::new(),
            cancelled: Vec::new(),
            chosen: Vec::new(),
            payments: Vec::new(),
            heights: [0; 2],
        };
        for (number, coin) in COINS.iter().enumerate() {
            let body = json!({"currency": coin.name, "rate": coin.rate});
            run.a.post("/v1/sandbox/rates", &body).send().await.expect(200);
            run.mine(number, 1).await;
        }
        run.step(&Step::Make(7_200)).await;
        run
    }

    /// Blocks come: the first takes in all that waits.
    fn mined(&mut self, coin: usize, blocks: u64) {
        if blocks > 0 {
            let first = self.heights[coin] + 1;
            let waits =
                |payment: &&mut Payment| payment.coin == coin && payment.height.is_none() && !payment.is_lost;
            self.payments.iter_mut().filter(waits).for_each(|payment| payment.height = Some(first));
            self.heights[coin] += blocks;
        }
    }

    async fn play(&mut self, what: &str, body: &Value) -> u64 {
        let said = self.a.post(&format!("/v1/sandbox/chain/{what}"), body).send().await.expect(200);
        let message = said["message"].as_str().expect("a message");
        message.split(' ').find_map(|word| word.parse().ok()).expect("a number of blocks")
    }

    async fn mine(&mut self, coin: usize, blocks: u64) {
        let body = json!({"network": COINS[coin].network, "blocks": blocks});
        let height = self.play("mine", &body).await;
        if self.heights[coin] == 0 {
            self.heights[coin] = height - blocks;
        }
        self.mined(coin, blocks);
        assert_eq!(self.heights[coin], height, "the model has other blocks than the chain");
    }

    async fn reorganise(&mut self, coin: usize, depth: u64, drops: bool) {
        let body = json!({"network": COINS[coin].network, "depth": depth, "drops": drops});
        let height = self.play("reorganise", &body).await;
        let kept = self.heights[coin] - depth.min(self.heights[coin] - 1);
        for payment in self.payments.iter_mut().filter(|payment| payment.coin == coin) {
            if payment.height.is_some_and(|height| height > kept) {
                payment.height = None;
                payment.is_lost = drops;
            }
        }
        self.heights[coin] = height;
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Make(seconds) => {
                let body = json!({"amount": "100", "expiresInSeconds": seconds});
                let made = self.a.post("/v1/payment-link", &body).send().await.expect(201);
                self.links.push(made["paymentLinkId"].as_str().expect("an id").to_owned());
                self.cancelled.push(false);
            }
            Step::Choose(link, coin) => self.choose(link, coin).await,
            Step::Pay(order, part, blocks) => self.pay(order, part, blocks).await,
            Step::Mine(coin, blocks) => self.mine(coin, blocks).await,
            Step::Reorganise(coin, depth, drops) => self.reorganise(coin, depth, drops).await,
            Step::Cancel(link) => {
                let link = link % self.links.len().max(1);
                let Some(id) = self.links.get(link) else { return };
                let answer = cancel(&self.a, id).await;
                assert!(answer.status == 200 || answer.code() == "P476", "{}", answer.text());
                self.cancelled[link] |= answer.status == 200;
            }
            Step::Wait(seconds) => advance(&self.a, seconds).await,
        }
        self.a.run_jobs().await;
        self.check_balance().await;
    }

    async fn choose(&mut self, link: usize, coin: usize) {
        let link = link % self.links.len().max(1);
        let Some(id) = self.links.get(link) else { return };
        let body = json!({"currency": COINS[coin].name, "network": COINS[coin].network});
        let answer = self.a.post(&format!("/v1/sandbox/payment-links/{id}/choose"), &body).send().await;
        if answer.status != 201 {
            assert_eq!(answer.code(), "P476", "{}", answer.text());
            return;
        }
        let chosen = answer.expect(201);
        let text = |name: &str| chosen[name].as_str().expect("a text").to_owned();
        let (order, address) = (text("orderId"), text("walletAddress"));
        match self.chosen.iter().find(|known| known.order == order) {
            Some(known) => assert_eq!((known.link, known.coin, &known.address), (link, coin, &address)),
            None => {
                assert!(self.chosen.iter().all(|known| known.address != address), "an address is used twice");
                self.chosen.push(Chosen { link, coin, order, address });
            }
        }
    }

    async fn pay(&mut self, order: usize, part: usize, blocks: u64) {
        let order = order % self.chosen.len().max(1);
        let Some(chosen) = self.chosen.get(order) else { return };
        let coin = &COINS[chosen.coin];
        let body = json!({
            "address": chosen.address, "currency": coin.name, "network": coin.network,
            "amount": coin.amounts[part], "confirmations": blocks,
        });
        self.a.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
        let (coin, amount) = (chosen.coin, minor(coin.amounts[part], coin.units));
        self.payments.push(Payment { order, coin, amount, height: None, is_lost: false });
        self.mined(coin, blocks);
    }

    /// The partner has what links say was settled, less what it owes: nothing else moves its euros.
    async fn check_balance(&self) {
        let mut settled = 0;
        for id in &self.links {
            settled += scaled(&details(&self.a, id).await["settledAmount"], 100);
        }
        assert_eq!(minor(&eur(&self.a).await, 100), settled);
    }

    /// Blocks come and all times run out.
    async fn end(mut self) {
        for coin in 0..COINS.len() {
            self.mine(coin, 40).await;
        }
        advance(&self.a, 7_200).await;
        for coin in 0..COINS.len() {
            self.mine(coin, 40).await;
        }
        self.check_balance().await;
        let mut covered: BTreeMap<usize, i128> = BTreeMap::new();
        for (number, chosen) in self.chosen.iter().enumerate() {
            *covered.entry(chosen.link).or_default() += self.check_order(number, chosen).await;
        }
        for (number, id) in self.links.iter().enumerate() {
            let shown = details(&self.a, id).await;
            let is_whole = covered.get(&number).copied().unwrap_or_default() >= 10_000;
            let expected = match (self.cancelled[number], is_whole) {
                (true, _) => CANCELLED,
                (false, true) => PAID,
                (false, false) => EXPIRED,
            };
            assert_eq!(shown["status"], expected, "{shown}");
            self.check_told(id, &shown).await;
        }
        self.app.finish().await;
    }

    /// What an order received is what is in the chain, and each payment is settled once; what it covers, in cents.
    async fn check_order(&self, number: usize, chosen: &Chosen) -> i128 {
        let coin = &COINS[chosen.coin];
        let paid = |payment: &&Payment| payment.order == number && !payment.is_lost;
        let amounts: Vec<_> = self.payments.iter().filter(paid).map(|payment| payment.amount).collect();
        assert!(self.payments.iter().filter(paid).all(|payment| {
            payment.height.is_some_and(|height| self.heights[payment.coin] + 1 >= height + coin.confirmations)
        }));
        let order = self.a.get(&format!("/v1/order/details/{}", chosen.order)).await.expect(200);
        let received = scaled(&order["receivedAmount"], coin.units);
        assert_eq!(received, amounts.iter().sum::<i128>(), "{order}");
        // The rate stands still, so each payment is worth the same whenever it comes, but for cents of rounding.
        let settled = scaled(&order["settledAmount"], 100);
        let worth = received * coin.cents / coin.units;
        let cents = i128::try_from(self.payments.len()).expect("few payments") + 1;
        assert!((settled - worth).abs() <= cents, "{settled} of {worth}: {order}");
        let agreed = scaled(&order["settlementAmount"], 100);
        let required = scaled(&order["totalAmountRequired"], coin.units);
        if received >= required { settled.max(agreed) } else { settled }
    }

    /// Nothing was told twice, and the last that was told is so.
    async fn check_told(&self, id: &str, shown: &Value) {
        let events = self.a.events().await.into_iter();
        let of_link =
            events.filter(|one| one["type"] == "payment_link" && one["payload"]["paymentLinkId"] == id);
        let payloads: Vec<_> = of_link.map(|event| event["payload"].clone()).collect();
        assert!(payloads.windows(2).all(|pair| pair[0] != pair[1]), "told twice: {payloads:#?}");
        let last = payloads.last().expect("it has ended");
        for name in ["status", "settledAmount", "receivedAmount"] {
            assert_eq!(last[name], shown[name], "{name}");
        }
    }
}

#[test]
fn no_payment_is_lost_or_settled_twice() {
    run_workload((6, 1), &steps(), async |steps| {
        let mut run = Run::start().await;
        for step in &steps {
            run.step(step).await;
        }
        run.end().await;
    });
}

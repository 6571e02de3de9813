//! SIGKILL in the middle of deposits, withdrawals, orders and reorganisations, at any moment between the hold, the
//! signature, the broadcast and the confirmations: after the restart each of them has one outcome, its money is where
//! that outcome puts it, and the chain has each payment once.

mod calls;
mod chain;

use crate::support::{
    Answer, Call, Client, Options, Sent, Server, ambient_seed, call_until_killed, exact_fields, minor_units,
    scale_of,
};
use calls::{ASSETS, Kind, NETWORKS, mine, order};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

const ROUNDS: u64 = 4;
const CLIENTS: u64 = 6;
/// Each of the first clients has an order to pay.
const ORDERS: u64 = 3;
/// The crash comes after at most so many acknowledged calls of a round.
const LATEST: u64 = 80;

/// What Anna has of each currency, in whole units: more than all withdrawals take.
const FUNDS: &str = "500000";

/// Blocks that are made at the end of a round: more than any network asks for in confirmations, and as many as the fees
/// need to come back to their least.
const ENOUGH: u64 = 45;

/// So often the clock moves at most before a withdrawal must have ended, and so far each time: a transaction that waits
/// is replaced after half an hour.
const PATIENCE: usize = 30;
const STEP_SECONDS: u64 = 31 * 60;

/// What was acknowledged in all rounds.
#[derive(Debug, Default)]
struct Made {
    /// By the transaction: the currency, as a place in [`ASSETS`].
    deposits: BTreeMap<String, usize>,
    /// By the id: the currency, and the amount in minor units.
    withdrawals: BTreeMap<String, (usize, i128)>,
    orders: Vec<String>,
}

impl Made {
    fn note(&mut self, kind: &Kind, answer: &Answer) {
        let text = |status: u16, name: &str| -> String {
            answer.expect(status)[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned()
        };
        let was_there = match kind {
            Kind::Deposit(asset) => self.deposits.insert(text(201, "transactionHash"), *asset).is_some(),
            Kind::Withdrawal(asset, amount) => {
                self.withdrawals.insert(text(200, "withdrawalId"), (*asset, *amount)).is_some()
            }
            Kind::Order(id) => {
                answer.expect(201);
                self.orders.push(id.clone());
                false
            }
            Kind::Chain => {
                answer.expect(200);
                false
            }
        };
        assert!(!was_there, "an id was given twice: {}", answer.summary());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_pays_and_credits_each_once() {
    let seed = ambient_seed();
    eprintln!("crypto crash: FLORIN_TEST_SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut server = Server::start_with(Options { settle_ms: 20, ..Options::default() }).await;
    // Reorganisations can be deeper than the confirmations of Bitcoin's network.
    server.expect_error("a credited deposit left its chain and was taken back");
    server.expect_error("a payment that was booked left its chain, and waits again");
    let client = server.client();
    client.verified_user("anna").await;
    client.settled(&["anna"]).await;
    let mut wallets = Vec::new();
    for asset in &ASSETS {
        client.fund(Some("anna"), FUNDS, asset.currency).await;
        let asked = json!({"currency": asset.currency, "network": asset.network});
        let made = client.send(&Call::post("/v1/user/wallet/anna", &asked)).await.expect(200);
        wallets.push(made["address"].as_str().expect("an address").to_owned());
    }
    let wallets = Arc::new(wallets);
    let mut made = Made::default();
    for round in 0..ROUNDS {
        let client = server.client();
        let mut orders = Vec::new();
        for number in 0..ORDERS {
            orders.push(order(&client, &format!("{round}-order-{number}")).await);
        }
        let at = rng.random_range(1..LATEST);
        let seed: u64 = rng.random();
        let clients = (0..CLIENTS).map(|number| {
            let order = orders.get(number as usize).cloned();
            let rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(number));
            calls(wallets.clone(), order, rng, (round, number))
        });
        let all = call_until_killed(&mut server, &format!("crypto crash: round {round}"), at, clients).await;
        server.start_again().await;
        repeat(&server.client(), &mut made, all, orders).await;
        kill_among_blocks(&mut server).await;
        let client = server.client();
        end_all(&client, &made).await;
        check(&client, &made).await;
        let compared = server.command(&["crypto", "reconcile"]);
        assert_eq!(compared.code, Some(0), "{compared:?}");
        server.stop();
        server.verify();
        chain::check(&server, &made).await;
        server.start_again().await;
    }
    server.finish().await;
}

/// What got no answer is sent again under its key, twice; so is an order's payment that was not sent.
async fn repeat(client: &Client, made: &mut Made, all: Vec<Sent<Kind>>, orders: Vec<(Kind, Call)>) {
    let mut sent_orders = Vec::new();
    let mut open = Vec::new();
    for sent in all {
        for (kind, answer) in sent.acknowledged {
            made.note(&kind, &answer);
            sent_orders.push(kind);
        }
        sent_orders.extend(sent.in_flight.iter().map(|(kind, _)| kind.clone()));
        open.extend(sent.in_flight);
    }
    open.extend(orders.into_iter().filter(|(order, _)| !sent_orders.contains(order)));
    for (kind, call) in open {
        let (first, second) = (client.send(&call).await, client.send(&call).await);
        assert!(second.replayed() && second.body == first.body, "{call:?}: {}", second.summary());
        made.note(&kind, &first);
    }
}

/// What a client asks for, without end; somewhere among it pays the order that it has.
fn calls(
    wallets: Arc<Vec<String>>,
    mut order: Option<(Kind, Call)>,
    mut rng: ChaCha8Rng,
    (round, number): (u64, u64),
) -> impl Iterator<Item = (Kind, Call)> {
    (0_u64..).map(move |turn| {
        let unique = i128::from((round * CLIENTS + number) * 1_000 + turn);
        order.take_if(|_| rng.random_ratio(1, 5)).unwrap_or_else(|| {
            let (kind, call) = Kind::any(&mut rng, &wallets, unique);
            (kind, call.keyed(format!("{round}-{number}-{turn}")))
        })
    })
}

/// Kills the server while blocks bring to all that is under way its confirmations: some networks have theirs.
async fn kill_among_blocks(server: &mut Server) {
    let mut calls = JoinSet::new();
    for network in NETWORKS {
        let client = server.client();
        calls.spawn(async move { client.try_send(&mine(network, ENOUGH)).await.is_ok() });
    }
    assert!(calls.join_next().await.is_some_and(|first| first.expect("a call")), "no network got its blocks");
    server.kill9();
    let answered = calls.join_all().await.into_iter().filter(|is_answered| *is_answered).count();
    eprintln!("crypto crash: killed again, with the blocks of {} networks", answered + 1);
    server.start_again().await;
}

async fn withdrawal(client: &Client, id: &str) -> Answer {
    let path = format!("/v1/crypto-withdrawal/details/{id}");
    client.send(&Call::get(path)).await
}

/// Makes blocks until all has its confirmations; and lets time pass where a transaction must be replaced.
async fn end_all(client: &Client, made: &Made) {
    for step in 0..PATIENCE {
        for network in NETWORKS {
            client.send(&mine(network, ENOUGH)).await.expect(200);
        }
        let mut open = 0;
        for id in made.withdrawals.keys() {
            let status = withdrawal(client, id).await.expect(200)["status"].clone();
            assert_ne!(status, "FAILED", "{id}");
            open += usize::from(status != "SUCCESSFUL");
        }
        if open == 0 {
            return;
        }
        eprintln!("crypto crash: step {step}: {open} withdrawals wait");
        let body = json!({"seconds": STEP_SECONDS});
        client.send(&Call::post("/v1/sandbox/clock/advance", &body)).await.expect(200);
    }
    panic!("withdrawals never end");
}

/// Each deposit was credited once, each withdrawal paid once, each order settled once: in balances and in events.
async fn check(client: &Client, made: &Made) {
    let mut told = Told::of(client).await;
    let mut expected = ASSETS.map(|asset| minor_units(FUNDS, scale_of(asset.currency)));
    for (hash, asset) in &made.deposits {
        check_deposit(&told.deposits.remove(hash).unwrap_or_default(), hash);
        expected[*asset] += ASSETS[*asset].comes * ASSETS[*asset].outputs as i128;
        let count = told.outputs.get(hash).copied().unwrap_or_default();
        assert_eq!(count, ASSETS[*asset].outputs, "deposits of {hash}");
    }
    assert!(told.deposits.is_empty(), "told of deposits that nobody made: {:?}", told.deposits);
    for (id, (asset, amount)) in &made.withdrawals {
        let statuses = told.withdrawals.remove(id).unwrap_or_default();
        assert_eq!(statuses, ["PROCESSING", "SUCCESSFUL"], "what was told of {id}");
        let answer = withdrawal(client, id).await;
        assert_eq!(answer.expect(200)["status"], "SUCCESSFUL", "{id}");
        let (fields, scale) = (exact_fields(&answer.text()), scale_of(ASSETS[*asset].currency));
        let [paid, fee, network_fee] =
            ["amount", "fee", "networkFee"].map(|name| minor_units(&fields[name], scale));
        assert_eq!(paid, *amount, "{id}");
        expected[*asset] -= paid + fee + network_fee;
    }
    assert!(told.withdrawals.is_empty(), "told of withdrawals that nobody made: {:?}", told.withdrawals);
    for id in &made.orders {
        let statuses = told.orders.remove(id).unwrap_or_default();
        assert_eq!(statuses.last().map(String::as_str), Some("COMPLETED"), "{id}: {statuses:?}");
        assert!(statuses.windows(2).all(|pair| pair[0] != pair[1]), "{id}: {statuses:?}");
    }
    let settled = calls::SETTLED * made.orders.len() as i128;
    assert_eq!(client.balance(None, "eur").await, settled, "what orders brought");
    let balances = client.balances(Some("anna")).await;
    let listed = balances["cryptoBalances"].as_array().expect("a list").clone();
    for balance in &listed {
        let held = balance["onHold"].as_str().expect("an amount");
        assert!(held.chars().all(|letter| matches!(letter, '0' | '.')), "a hold is left: {balance}");
    }
    for (asset, expected) in ASSETS.iter().zip(expected) {
        assert_eq!(client.balance(Some("anna"), asset.currency).await, expected, "{}", asset.currency);
    }
}

/// A deposit is seen, and then credited; where its block leaves after that, the same again.
fn check_deposit(outputs: &BTreeMap<String, Vec<String>>, hash: &str) {
    for statuses in outputs.values() {
        let pairs: Vec<_> = statuses.chunks(2).collect();
        let is_right = pairs.iter().all(|pair| *pair == ["WAITING_FOR_VERIFICATION", "SUCCESSFUL"]);
        assert!(is_right && !pairs.is_empty(), "what was told of {hash}: {statuses:?}");
    }
}

/// The statuses that were told, in their order.
#[derive(Default)]
struct Told {
    /// By transaction and deposit.
    deposits: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// How many deposits each transaction has.
    outputs: BTreeMap<String, usize>,
    withdrawals: BTreeMap<String, Vec<String>>,
    orders: BTreeMap<String, Vec<String>>,
}

impl Told {
    async fn of(client: &Client) -> Self {
        let mut told = Self::default();
        for event in client.events().await {
            let text = |name: &str| -> String {
                let value: &Value = &event.payload[name];
                value.as_str().unwrap_or_else(|| panic!("no {name} in {event:?}")).to_owned()
            };
            match event.kind.as_str() {
                "crypto_deposit" => {
                    let outputs = told.deposits.entry(text("transactionHash")).or_default();
                    outputs.entry(text("cryptoDepositId")).or_default().push(text("status"));
                }
                "crypto_withdrawal" => {
                    told.withdrawals.entry(text("id")).or_default().push(text("status"));
                }
                "order" => told.orders.entry(text("orderId")).or_default().push(text("status")),
                _ => {}
            }
        }
        told.outputs = told.deposits.iter().map(|(hash, outputs)| (hash.clone(), outputs.len())).collect();
        told
    }
}

//! What clients ask for: deposits, withdrawals, orders, blocks and reorganisations.

use crate::support::{Call, Client, Deadline, decimal_text, scale_of};
use florin_wallet::{Branch, Chain, ChainKind, Keychain, Net, Place, Seed};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::time::Duration;

/// A currency on a network.
#[derive(Debug)]
pub struct Asset {
    pub currency: &'static str,
    pub network: &'static str,
    /// What each output of a deposit brings, in minor units: nobody asks who sent it.
    pub comes: i128,
    /// Outputs of a deposit.
    pub outputs: usize,
    /// The least that is paid out, in minor units: no two withdrawals have the same amount.
    leaves: i128,
}

pub const ASSETS: [Asset; 4] = [
    Asset { currency: "btc", network: "btc", comes: 1_000_000, outputs: 2, leaves: 1_000_000 },
    Asset { currency: "doge", network: "doge", comes: 1_000_000, outputs: 1, leaves: 10_000_000_000 },
    Asset { currency: "eth", network: "ethereum", comes: 1_000_000, outputs: 1, leaves: 1_000_000 },
    Asset { currency: "usdc", network: "polygon", comes: 10_000, outputs: 3, leaves: 2_000_000 },
];

pub const NETWORKS: [&str; 4] = ["btc", "doge", "ethereum", "polygon"];

/// What an order settles, in cents.
pub const SETTLED: i128 = 1_000;

/// How deep a reorganisation is at most.
const DEEPEST: u64 = 5;

/// How long the address of an order may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a call does.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// By the place of the currency.
    Deposit(usize),
    /// And by the amount.
    Withdrawal(usize, i128),
    /// The payment of an order.
    Order(String),
    /// Blocks, or a reorganisation.
    Chain,
}

/// An address of somebody outside.
pub fn outside(network: &str) -> String {
    let kind = match network {
        "btc" => ChainKind::Bitcoin,
        "doge" => ChainKind::Dogecoin,
        _ => ChainKind::Evm,
    };
    let place = Place { book: 1, branch: Branch::Holders, number: 7 };
    let chain = Chain { kind, net: Net::Test };
    Keychain::new(Seed::new([9; 32])).address(chain, place).expect("an address").into_string()
}

/// Makes blocks.
pub fn mine(network: &str, blocks: u64) -> Call {
    Call::post("/v1/sandbox/chain/mine", &json!({"network": network, "blocks": blocks}))
}

impl Kind {
    /// Any call but the payment of an order; `unique` is another number each time.
    pub fn any(rng: &mut ChaCha8Rng, wallets: &[String], unique: i128) -> (Self, Call) {
        let place = rng.random_range(0..ASSETS.len());
        let Asset { currency, network, comes, outputs, leaves } = &ASSETS[place];
        let scale = scale_of(currency);
        match rng.random_range(0..10) {
            0..4 => {
                let body = json!({
                    "address": wallets[place], "currency": currency, "network": network, "outputs": outputs,
                    "amount": decimal_text(*comes, scale),
                });
                (Self::Deposit(place), Call::post("/v1/sandbox/chain/deposit", &body))
            }
            4..8 => {
                let amount = leaves + unique;
                let body = json!({
                    "sourceExternalUserId": "anna", "currency": currency, "network": network,
                    "amount": decimal_text(amount, scale), "walletAddress": outside(network),
                    "name": "Charles Babbage", "walletType": "NON_CUSTODIAL", "receiverType": "NATURAL",
                });
                (Self::Withdrawal(place, amount), Call::post("/v1/crypto-withdrawal", &body))
            }
            8 => (Self::Chain, mine(network, rng.random_range(1..=3))),
            _ => {
                let body = json!({"network": network, "depth": rng.random_range(1..=DEEPEST)});
                (Self::Chain, Call::post("/v1/sandbox/chain/reorganise", &body))
            }
        }
    }
}

/// Makes an order, and the call that pays it.
pub async fn order(client: &Client, key: &str) -> (Kind, Call) {
    let asked = json!({"currency": "usdc", "amount": decimal_text(SETTLED, 2), "network": "polygon"});
    let locked = client.send(&Call::post("/v1/order/lock-rate", &asked)).await.expect(200);
    let made = client.send(&Call::post("/v1/order", &json!({"lockId": locked["lockId"]}))).await.expect(200);
    let id = made["orderId"].as_str().expect("an id").to_owned();
    let deadline = Deadline::after(PATIENCE);
    loop {
        let order = client.get(&format!("/v1/order/details/{id}")).await;
        if order["walletAddress"].is_string() {
            let body = json!({
                "address": order["walletAddress"], "currency": "usdc", "network": "polygon",
                "amount": order["totalAmountRequired"].to_string(),
            });
            return (Kind::Order(id), Call::post("/v1/sandbox/chain/deposit", &body).keyed(key));
        }
        deadline.pause("the address of an order");
    }
}

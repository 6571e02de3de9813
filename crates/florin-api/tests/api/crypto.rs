//! Coins and tokens to and from chains, section 2.7.

mod deposits;
mod node;
mod order_payments;
mod reconciling;
mod sandbox;
pub mod simulated;
pub mod withdrawals;
mod workload;

use crate::support::{Client, Setup, TestApp};
use florin_api::crypto::ChainWork;
use florin_api::kit::settings::{Chains, Settings};
use node::TestNode;
use serde_json::{Value, json};
use std::sync::Arc;

/// A sandbox over chains of the test: Bitcoin's and Ethereum's.
struct Chained {
    app: TestApp,
    a: Client,
    btc: Arc<TestNode>,
    ethereum: Arc<TestNode>,
    work: ChainWork,
}

impl Chained {
    /// With Anna, who is verified.
    async fn start() -> Self {
        let [btc, ethereum] = ["btc", "ethereum"].map(|network| Arc::new(TestNode::new(network)));
        let nodes: Vec<Arc<dyn florin_rails::chain::ChainNode>> = vec![btc.clone(), ethereum.clone()];
        let settings = Settings { chains: Chains { nodes, ..Chains::simulated() }, ..Settings::sandbox() };
        let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
        let a = app.a();
        a.verified_user("anna").await;
        let work = ChainWork::new(app.app.clone());
        Self { app, a, btc, ethereum, work }
    }

    /// The server is started again, with the sender of what comes on Ethereum on the list of sanctioned addresses.
    async fn sanction(&mut self) {
        let list = "0x0000000000000000000000000000000000000001";
        let list = florin_travel::SanctionedAddresses::read(list.as_bytes()).expect("a list");
        let chains = Chains { sanctions: Arc::new(list), ..self.app.app.settings.chains.clone() };
        let settings = Settings { chains, ..self.app.app.settings.clone() };
        self.app.reopen(Setup { settings, ..Setup::default() }).await;
        self.a = self.app.a();
        self.work = ChainWork::new(self.app.app.clone());
    }

    /// Follows the chains.
    async fn look(&mut self) {
        self.work.round().await.expect("the chains can be followed");
    }

    /// What was told of crypto deposits: user, status and amount.
    async fn told(&self) -> Vec<(Value, String, Value)> {
        let events = self.a.events().await.into_iter().filter(|event| event["type"] == "crypto_deposit");
        let told = |event: Value| {
            let payload = &event["payload"];
            let status = payload["status"].as_str().expect("a status").to_owned();
            (payload["externalUserId"].clone(), status, payload["amount"].clone())
        };
        events.map(told).collect()
    }

    /// The statuses that were told.
    async fn statuses(&self) -> Vec<String> {
        self.told().await.into_iter().map(|(_, status, _)| status).collect()
    }

    /// The newest deposit's id.
    async fn newest(&self) -> String {
        let events = self.a.events().await;
        let newest = events.iter().rev().find(|event| event["type"] == "crypto_deposit").expect("a deposit");
        newest["payload"]["cryptoDepositId"].as_str().expect("an id").to_owned()
    }

    async fn details(&self, id: &str) -> Value {
        self.a.get(&format!("/v1/crypto-deposit/details/{id}")).await.expect(200)
    }
}

/// The address of a user, or of the partner.
async fn address(client: &Client, user: Option<&str>, currency: &str, network: &str) -> String {
    let path = user.map_or("/v1/partner/wallet".to_owned(), |id| format!("/v1/user/wallet/{id}"));
    let made = client.post(&path, &json!({"currency": currency, "network": network})).send().await;
    made.json()["address"].as_str().expect("an address").to_owned()
}

/// A deposit to a user, and an order that is paid.
pub async fn one_of_each(client: &Client, user: &str) {
    let wallet = address(client, Some(user), "usdc", "polygon").await;
    let locked =
        client.post("/v1/order/lock-rate", &json!({"currency": "usdc", "amount": "5", "network": "polygon"}));
    let lock = locked.send().await.expect(200)["lockId"].clone();
    let made = client.post("/v1/order", &json!({"lockId": lock})).send().await.expect(200);
    client.run_jobs().await;
    let order = format!("/v1/order/details/{}", made["orderId"].as_str().expect("an id"));
    let to_order = client.get(&order).await.expect(200)["walletAddress"].clone();
    for to in [json!(wallet), to_order] {
        let body = json!({
            "address": to, "currency": "usdc", "network": "polygon", "amount": "6", "confirmations": 32,
        });
        client.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
    }
    let body = json!({"network": "polygon", "depth": 1});
    client.post("/v1/sandbox/chain/reorganise", &body).send().await.expect(200);
    client.fund(Some(user), "1", "ltc").await;
    let made = withdrawals::withdraw(client, Some(user), ("0.1", "ltc", "ltc"), &withdrawals::outside("ltc"));
    made.send().await.expect(200);
    client.run_jobs().await;
}

/// Statements that no other test of a walk runs.
pub async fn every_statement(client: &Client) {
    client.verified_user("cora").await;
    one_of_each(client, "cora").await;
    let body = json!({"network": "polygon", "depth": 40});
    client.post("/v1/sandbox/chain/reorganise", &body).send().await.expect(200);
    one_of_each(client, "cora").await;
    let id = client.events().await.into_iter().rev().find(|event| event["type"] == "crypto_deposit");
    let id = id.expect("a deposit")["payload"]["cryptoDepositId"].clone();
    client.get(&format!("/v1/crypto-deposit/details/{}", id.as_str().expect("an id"))).await.expect(200);
    client.patch("/v1/user/suspend/cora", &json!({})).send().await.expect(200);
    client.patch("/v1/user/unsuspend/cora", &json!({})).send().await.expect(200);
    client.run_jobs().await;
    client.delete("/v1/user/cora").await.is_refused("P456");
}

//! A real node of one's own: `litecoind` in its mode `regtest`, in a folder that is removed.

use super::{PASSWORD, client};
use florin_rails::chain::Transfer;
use florin_rails::chain::bitcoin::BitcoinNode;
use florin_types::Decimal;
use florin_wallet::{Address, Chain, ChainKind};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Where the program is. Without it the test is skipped.
const PROGRAM: &str = "FLORIN_TEST_LITECOIND";

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The node, with a wallet that mines. It ends when it is dropped.
pub struct Litecoind {
    child: Child,
    url: String,
    http: reqwest::Client,
    pub genesis: String,
    /// Removed when the program has ended.
    _folder: TempDir,
}

impl Drop for Litecoind {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Litecoind {
    /// None: there is no such program here, and the test is skipped.
    pub async fn start(options: &[&str]) -> Option<Self> {
        let Ok(program) = std::env::var(PROGRAM) else {
            florin_testing::skip(&format!(
                "{PROGRAM} names no tool; `cargo xtask test --install` installs it"
            ));
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        // Debian's is a script that makes a folder in the user's own.
        command.env("HOME", folder.path()).arg(format!("-datadir={}", folder.path().display()));
        command.args(["-regtest", "-listen=0", "-dnsseed=0", "-printtoconsole", "-fallbackfee=0.0002"]);
        command.args([format!("-rpcport={port}"), format!("-rpcpassword={PASSWORD}")]);
        command.arg("-rpcuser=florin").args(options);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_ready = lines.by_ref().map_while(Result::ok).any(|line| line.ends_with("Done loading"));
        assert!(is_ready, "litecoind ended");
        std::thread::spawn(move || lines.for_each(drop));
        let (url, http) = (format!("http://127.0.0.1:{port}/"), reqwest::Client::new());
        let mut node = Self { child, url, http, genesis: String::new(), _folder: folder };
        node.genesis = node.text("getblockhash", json!([0])).await;
        node.ask("createwallet", json!(["miner"])).await;
        Some(node)
    }

    /// The client that is tested.
    pub fn client(&self, kind: ChainKind) -> BitcoinNode {
        client(kind, &self.url, &self.genesis, PATIENCE)
    }

    pub async fn ask(&self, method: &str, parameters: Value) -> Value {
        let body = json!({ "id": 1, "method": method, "params": parameters });
        let request = self.http.post(&self.url).basic_auth("florin", Some(PASSWORD)).json(&body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["error"], Value::Null, "{method}");
        answer["result"].clone()
    }

    pub async fn text(&self, method: &str, parameters: Value) -> String {
        self.ask(method, parameters).await.as_str().unwrap().to_owned()
    }

    /// Makes blocks, whose coins go to an address that nobody used before. Their ids.
    pub async fn mine(&self, blocks: u64) -> Vec<String> {
        let to = self.text("getnewaddress", json!([])).await;
        let made = self.ask("generatetoaddress", json!([blocks, to])).await;
        made.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Has the node's wallet pay. The transaction's id.
    pub async fn pay(&self, to: &str, amount: &str) -> String {
        self.text("sendtoaddress", json!([to, amount])).await
    }

    /// An address of the node's wallet, as a chain writes it.
    pub async fn address(&self, chain: Chain) -> Address {
        let has_witness = chain.kind != ChainKind::Dogecoin;
        let form = if has_witness { "bech32" } else { "legacy" };
        let text = self.text("getnewaddress", json!(["", form])).await;
        let about = self.ask("getaddressinfo", json!([text])).await;
        Address::of_script(chain, &bytes(about["scriptPubKey"].as_str().unwrap())).unwrap()
    }

    /// The transfers of a block by the node's own words: of transactions by their number.
    pub async fn transfers(&self, hash: &str, transactions: std::ops::Range<usize>) -> Vec<Transfer> {
        let block = self.ask("getblock", json!([hash, 2])).await;
        let all = block["tx"].as_array().unwrap();
        let mut found = Vec::new();
        for transaction in &all[transactions.start..transactions.end.min(all.len())] {
            for output in transaction["vout"].as_array().unwrap() {
                let script = &output["scriptPubKey"];
                // Outputs of the extension block have neither.
                let (Some([to]), Some(true)) = (
                    script["addresses"].as_array().map(Vec::as_slice),
                    script["type"].as_str().map(|kind| kind != "pubkey" && kind != "witness_mweb_hogaddr"),
                ) else {
                    continue;
                };
                found.push(Transfer {
                    from: None,
                    transaction: transaction["txid"].as_str().unwrap().to_owned(),
                    output: u32::try_from(output["n"].as_u64().unwrap()).unwrap(),
                    to: to.as_str().unwrap().to_owned(),
                    currency: super::COIN,
                    amount: units(&output["value"]),
                });
            }
        }
        found.retain(|transfer| transfer.amount > 0);
        found
    }
}

/// A number of the node in the coin's smallest unit.
pub fn units(number: &Value) -> i64 {
    Decimal::parse(&format!("{:.8}", number.as_f64().unwrap())).unwrap().minor_units(8).unwrap()
}

fn bytes(digits: &str) -> Vec<u8> {
    bitcoin::hex::FromHex::from_hex(digits).unwrap()
}

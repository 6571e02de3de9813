//! A real node in development mode: anvil, of Foundry, with a token of the common library of contracts in its chain.
//!
//! `cargo xtask test --install` brings both, and names their folder in `FLORIN_TEST_EVM`.

use super::{EvmNode, Settings, address, house, settings};
use florin_wallet::Address;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const CHAIN_ID: u64 = 31_337;

/// An address whose key the node has, and its coins and tokens.
pub const RICH: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

/// The first bytes of the hashes of the token's functions that are not ERC-20's: see its source.
const TRANSFER_BOTH: &str = "d7f559b1";
const PASS: &str = "82c4b3b2";

pub struct Anvil {
    child: Child,
    url: String,
    http: reqwest::Client,
    pub token: Address,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(folder: &Path) -> PathBuf {
    // The package's name has the kind of machine in it.
    let packages = std::fs::read_dir(folder.join("node_modules/@foundry-rs")).unwrap();
    let mut programs = packages.map(|entry| entry.unwrap().path().join("bin/anvil"));
    programs.find(|path| path.is_file()).expect("a program for this machine")
}

impl Anvil {
    /// A fresh chain with a token. None: there is no anvil here, and the test is skipped.
    pub async fn start() -> Option<Self> {
        let Some(folder) = std::env::var_os("FLORIN_TEST_EVM") else {
            florin_testing::skip(
                "FLORIN_TEST_EVM names no folder with anvil; `cargo xtask test --install` installs it",
            );
            return None;
        };
        let folder = Path::new(&folder);
        let mut command = Command::new(program(folder));
        command.args([
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--chain-id",
            &CHAIN_ID.to_string(),
            "--no-mining",
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let at = lines.find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned)).unwrap();
        // It logs every call; what nobody reads would fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let token = address(RICH);
        let mut anvil = Self { child, url: format!("http://{at}"), http: reqwest::Client::new(), token };
        let code = std::fs::read_to_string(folder.join("token.hex")).unwrap();
        let deployed = anvil.send(json!({"data": format!("0x{code}")})).await;
        let receipt = anvil.call("eth_getTransactionReceipt", json!([deployed])).await;
        anvil.token = address(receipt["contractAddress"].as_str().unwrap());
        Some(anvil)
    }

    pub fn settings(&self) -> Settings {
        settings(&self.url, CHAIN_ID, &self.token)
    }

    pub fn node(&self) -> EvmNode {
        EvmNode::new(self.settings()).unwrap()
    }

    pub async fn call(&self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let response = self.http.post(&self.url).json(&request).send().await.unwrap();
        let mut answer: Value = response.json().await.unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Sends a transaction of the rich address, and makes a block: the transaction's id. By itself the node makes none,
    /// so that a test knows what is in which.
    pub async fn send(&self, mut transaction: Value) -> String {
        transaction["from"] = json!(RICH);
        // Without an estimate: some are to fail.
        transaction["gas"] = json!("0x2dc6c0");
        let id = self.call("eth_sendTransaction", json!([transaction])).await.as_str().unwrap().to_owned();
        self.mine(1).await;
        id
    }

    pub async fn give_coins(&self, to: &Address, wei: u128) -> String {
        self.send(json!({"to": to.as_str(), "value": format!("{wei:#x}")})).await
    }

    pub async fn give_tokens(&self, to: &Address, amount: u128) -> String {
        let data = format!("0xa9059cbb{}{amount:064x}", argument(to));
        self.send(json!({"to": self.token.as_str(), "data": data})).await
    }

    /// Two transfers in one transaction, the first and the third of its logs.
    pub async fn give_both(&self, one: &Address, two: &Address, amount: u128) -> String {
        let data = format!("0x{TRANSFER_BOTH}{}{}{amount:064x}", argument(one), argument(two));
        self.send(json!({"to": self.token.as_str(), "data": data})).await
    }

    /// A contract sends coins on.
    pub async fn pass_coins(&self, to: &Address, wei: u128) -> String {
        let data = format!("0x{PASS}{}", argument(to));
        self.send(json!({"to": self.token.as_str(), "data": data, "value": format!("{wei:#x}")})).await
    }

    pub async fn mine(&self, blocks: u64) {
        self.call("anvil_mine", json!([format!("{blocks:#x}")])).await;
    }

    pub async fn height(&self) -> u64 {
        number(&self.call("eth_blockNumber", json!([])).await).try_into().unwrap()
    }

    /// Gives the house what it pays out.
    pub async fn endow_house(&self) {
        self.give_coins(&house(), 10_u128.pow(19)).await;
        self.give_tokens(&house(), 1_000_000_000).await;
    }
}

fn argument(address: &Address) -> String {
    format!("{:0>64}", address.as_str()[2..].to_ascii_lowercase())
}

/// A number that the node wrote.
pub fn number(value: &Value) -> u128 {
    u128::from_str_radix(&value.as_str().unwrap()[2..], 16).unwrap()
}

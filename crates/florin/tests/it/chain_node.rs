//! A real node, as the server sees it: followed by a running server that is killed between, never credited twice, and
//! its address, which has a key in it, told to nobody.

use crate::support::{Call, Client, Deadline, Options, Server};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

const KEY: &str = "k3y-0f-a-cust0mer";

/// What a deposit waits for on this network.
const CONFIRMATIONS: usize = 12;

/// 0.01 ETH in wei, and as the platform counts.
const WEI: u128 = 10_000_000_000_000_000;
const MINOR: i128 = 1_000_000;

/// Longer than any look takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The chain of the node: the payments of each block.
#[derive(Clone, Default)]
struct Node(Arc<Mutex<Chain>>);

#[derive(Default)]
struct Chain {
    blocks: Vec<Vec<(String, u128)>>,
    is_away: bool,
}

impl Node {
    /// A node, and its address.
    async fn start() -> (Self, String) {
        let (node, path) = (Self::default(), format!("/v3/{KEY}"));
        node.mine(3);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}{path}", listener.local_addr().expect("an address"));
        let routes = Router::new().route(&path, post(answer)).with_state(node.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (node, url)
    }

    fn with<T>(&self, what: impl FnOnce(&mut Chain) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn mine(&self, blocks: usize) {
        self.with(|chain| chain.blocks.extend(std::iter::repeat_n(Vec::new(), blocks)));
    }

    fn pay(&self, to: &str) {
        self.with(|chain| chain.blocks.push(vec![(to.to_ascii_lowercase(), WEI)]));
    }

    fn be_away(&self, is_away: bool) {
        self.with(|chain| chain.is_away = is_away);
    }
}

async fn answer(State(node): State<Node>, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).expect("JSON");
    let (method, params) = (request["method"].as_str().expect("a method"), &request["params"]);
    let result = node.with(|chain| (!chain.is_away).then(|| chain.result(method, params)));
    match result {
        Some(result) => {
            json!({"jsonrpc": "2.0", "id": request["id"], "result": result}).to_string().into_response()
        }
        None => http::StatusCode::BAD_GATEWAY.into_response(),
    }
}

fn word(number: u128) -> String {
    format!("0x{number:064x}")
}

impl Chain {
    fn result(&self, method: &str, params: &Value) -> Value {
        let height = |text: &Value| {
            let digits = text.as_str().and_then(|text| text.strip_prefix("0x"));
            digits
                .map_or(self.blocks.len() - 1, |digits| usize::from_str_radix(digits, 16).expect("a number"))
        };
        match method {
            "eth_chainId" => json!("0xaa36a7"),
            "eth_getBlockByNumber" => self.block(height(&params[0])),
            "eth_getBlockReceipts" => self.receipts(height(&params[0])),
            "eth_getBalance" => {
                let blocks = self.blocks.iter().take(height(&params[1]) + 1).flatten();
                let to = params[0].as_str().expect("an address").to_ascii_lowercase();
                let sum: u128 = blocks.filter(|(address, _)| *address == to).map(|(_, wei)| wei).sum();
                json!(format!("{sum:#x}"))
            }
            "eth_call" => json!(word(0)),
            "eth_getTransactionCount" => json!("0x0"),
            other => panic!("{other} is not asked for"),
        }
    }

    fn block(&self, height: usize) -> Value {
        let Some(payments) = self.blocks.get(height) else { return Value::Null };
        let number = height as u128;
        let transaction = |(place, (to, wei)): (u128, &(String, u128))| {
            json!({
                "hash": word(number * 1_000 + place + 1), "from": "0x00000000000000000000000000000000000000ff",
                "to": to, "value": format!("{wei:#x}"),
            })
        };
        // The first block is from before every wallet, all others from long after.
        json!({
            "number": format!("{number:#x}"), "hash": word(1_000_001 + number), "parentHash": word(1_000_000 + number),
            "timestamp": if height == 0 { "0x1" } else { "0xf0000000" },
            "transactions": (0..).zip(payments).map(transaction).collect::<Vec<_>>(),
        })
    }

    fn receipts(&self, height: usize) -> Value {
        let number = height as u128;
        let receipt = |place: u128| {
            json!({
                "transactionHash": word(number * 1_000 + place + 1), "blockHash": word(1_000_001 + number),
                "blockNumber": format!("{number:#x}"), "status": "0x1", "gasUsed": "0x5208",
                "effectiveGasPrice": "0x1", "logs": [],
            })
        };
        Value::Array((0..self.blocks[height].len() as u128).map(receipt).collect())
    }
}

const FILE: &str = "[chains.ethereum]\n\
    tokens.usdc = { contract = \"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\" }\n\
    tokens.usdt = { contract = \"0xdAC17F958D2ee523a2206206994597C13D831ec7\" }\n";

/// A server that follows a node.
async fn started() -> (Server, Node) {
    let (node, url) = Node::start().await;
    let more = vec![("FLORIN_CHAIN_ETHEREUM_URL", url)];
    let mut server = Server::prepare(Options { more, ..Options::default() }).await;
    std::fs::write(server.home().join("florin.toml"), FILE).expect("a file");
    server.start_again().await;
    (server, node)
}

/// The statuses of crypto deposits that were told.
async fn told(client: &Client) -> Vec<String> {
    let events = client.events().await.into_iter();
    let deposits = events.filter(|event| event.kind == "crypto_deposit");
    deposits.map(|event| event.payload["status"].as_str().expect("a status").to_owned()).collect()
}

/// Waits until so many statuses were told.
async fn wait_for(client: &Client, count: usize) -> Vec<String> {
    let deadline = Deadline::after(PATIENCE);
    loop {
        let told = told(client).await;
        if told.len() >= count {
            return told;
        }
        deadline.pause("a crypto deposit");
    }
}

/// Waits until `/readyz` says this, and no more.
async fn wait_until_said(client: &Client, expected: &str) {
    let deadline = Deadline::after(PATIENCE);
    loop {
        let answer = client.send(&Call::get("/readyz")).await;
        answer.expect(200);
        if answer.text() == expected {
            return;
        }
        deadline.pause(expected);
    }
}

fn shows_no_key(text: &str) {
    assert!(!text.contains(KEY), "the key of the node is shown: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposit_is_credited_once_though_the_server_is_killed() {
    let (mut server, node) = started().await;
    let client = server.client();
    client.verified_user("anna").await;
    client.settled(&["anna"]).await;
    let asked = json!({"currency": "eth", "network": "ethereum"});
    let made = client.send(&Call::post("/v1/user/wallet/anna", &asked)).await;
    let to = made.expect(200)["address"].as_str().expect("an address").to_owned();
    node.pay(&to);
    assert_eq!(wait_for(&client, 1).await, ["WAITING_FOR_VERIFICATION"]);
    // Killed before its confirmations, while it gets them, and after.
    for blocks in [CONFIRMATIONS / 2, CONFIRMATIONS / 2] {
        server.kill9();
        node.mine(blocks);
        server.start_again().await;
    }
    let client = server.client();
    let both = ["WAITING_FOR_VERIFICATION", "SUCCESSFUL"];
    assert_eq!(wait_for(&client, 2).await, both);
    server.kill9();
    node.pay(&to);
    node.mine(CONFIRMATIONS);
    server.start_again().await;
    let client = server.client();
    assert_eq!(wait_for(&client, 4).await, [both, both].concat());
    assert_eq!(client.balance(Some("anna"), "eth").await, 2 * MINOR);
    let compared = server.command(&["crypto", "reconcile"]);
    assert_eq!(compared.code, Some(0), "{compared:?}");
    assert!(
        compared.stdout.contains("eth  books 0.02000000  chain 0.02000000  difference 0.00000000"),
        "{compared:?}"
    );
    let status = server.command(&["crypto", "status"]);
    assert!(status.stdout.contains("ethereum  evm test  node, newest block 28 0x"), "{status:?}");
    assert!(status.stdout.contains("followed to block 28, behind by 0"), "{status:?}");
    let shown = server.command(&["config"]);
    assert!(shown.stdout.contains("[chains.ethereum]\nurl = \"(hidden)\""), "{shown:?}");
    [&compared, &status, &shown].iter().for_each(|outcome| shows_no_key(&outcome.said()));
    shows_no_key(&server.log());
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_away_is_said_and_takes_no_server_out() {
    let (mut server, node) = started().await;
    server.expect_error("a chain can't be followed now");
    let client = server.client();
    client.verified_user("anna").await;
    client.settled(&["anna"]).await;
    wait_until_said(&client, "ready\n").await;
    node.be_away(true);
    wait_until_said(&client, "ready, but for chains that can't be followed: ethereum\n").await;
    let compared = server.command(&["crypto", "reconcile"]);
    assert_eq!(compared.code, Some(1), "{compared:?}");
    assert!(compared.stdout.contains("ethereum could not be compared"), "{compared:?}");
    let status = server.command(&["crypto", "status"]);
    assert!(status.code == Some(0) && status.stdout.contains("it answers 502"), "{status:?}");
    node.be_away(false);
    wait_until_said(&client, "ready\n").await;
    [&compared, &status].iter().for_each(|outcome| shows_no_key(&outcome.said()));
    shows_no_key(&server.log());
    server.finish().await;
}

//! A node of this process, which says what a test tells it to.

use super::{EvmNode, Settings, address, holder, settings};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const CHAIN_ID: u64 = 137;
pub const TOKEN: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const TRANSFER: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

/// What a node answers.
#[derive(Clone, Debug)]
pub enum Reply {
    Result(Value),
    Error(i64, String),
    /// This text, whatever was asked. `ID` in it is the request's.
    Body(String),
    /// A head of HTTP, and nothing after it.
    Head(&'static str),
    /// Nothing at all.
    Hang,
}

/// What a node says instead of the truth, which is the last argument.
pub type Lie = Arc<dyn Fn(&str, &Value, Value) -> Reply + Send + Sync>;

pub struct Fake {
    pub url: String,
    lie: Arc<Mutex<Lie>>,
    /// How high its chain is.
    height: Arc<Mutex<u64>>,
}

impl Fake {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lie: Arc<Mutex<Lie>> = Arc::new(Mutex::new(Arc::new(|_, _, truth| Reply::Result(truth))));
        let height = Arc::new(Mutex::new(3));
        let shared = (Arc::clone(&lie), Arc::clone(&height));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (lie, height) = (shared.0.lock().unwrap().clone(), *shared.1.lock().unwrap());
                tokio::spawn(serve(stream, lie, height));
            }
        });
        Self { url, lie, height }
    }

    pub fn settings(&self) -> Settings {
        settings(&self.url, CHAIN_ID, &address(TOKEN))
    }

    pub fn node(&self) -> EvmNode {
        EvmNode::new(self.settings()).unwrap()
    }

    pub fn lie(&self, lie: impl Fn(&str, &Value, Value) -> Reply + Send + Sync + 'static) {
        *self.lie.lock().unwrap() = Arc::new(lie);
    }

    pub fn be_honest(&self) {
        self.lie(|_, _, truth| Reply::Result(truth));
    }

    pub fn height(&self, height: u64) {
        *self.height.lock().unwrap() = height;
    }
}

/// A request for each connection.
async fn serve(mut stream: TcpStream, lie: Lie, height: u64) {
    let request = request(&mut stream).await;
    let (method, params) = (request["method"].as_str().unwrap(), &request["params"]);
    let body = match lie(method, params, truth(height, method, params)) {
        Reply::Result(result) => json!({"jsonrpc": "2.0", "id": request["id"], "result": result}).to_string(),
        Reply::Error(code, message) => {
            json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message}})
                .to_string()
        }
        Reply::Body(text) => text.replace("ID", &request["id"].to_string()),
        Reply::Head(head) => {
            let _ = stream.write_all(head.as_bytes()).await;
            return;
        }
        Reply::Hang => {
            // Until the other side gives up.
            let _ = stream.read(&mut [0]).await;
            return;
        }
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // Who has read enough closes the connection.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
}

async fn request(stream: &mut TcpStream) -> Value {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap();
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Some((_, length)) = head.to_ascii_lowercase().split_once("content-length: ")
            && body.len() >= length.lines().next().unwrap().parse::<usize>().unwrap()
        {
            return serde_json::from_str(body).unwrap();
        }
        assert!(count > 0, "the request ended: {text}");
    }
}

pub fn word(number: u128) -> String {
    format!("0x{number:064x}")
}

fn truth(height: u64, method: &str, params: &Value) -> Value {
    let asked = params[0].as_str().and_then(|text| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok());
    let number = asked.unwrap_or(height);
    match method {
        "eth_chainId" => json!("0x89"),
        "eth_getBlockByNumber" if number > height => Value::Null,
        "eth_getBlockByNumber" => json!({
            "number": format!("{number:#x}"), "hash": word(100 + u128::from(number)),
            "parentHash": word(99 + u128::from(number)), "timestamp": "0x6a000000",
            "transactions": if params[1] == true { transactions(number) } else { json!([]) },
        }),
        "eth_getBlockReceipts" => receipts(number),
        "eth_feeHistory" => json!({"oldestBlock": "0x3", "baseFeePerGas": ["0x64", "0x6e"]}),
        "eth_maxPriorityFeePerGas" => json!("0x3"),
        "eth_getTransactionByHash" | "eth_sendRawTransaction" => Value::Null,
        "eth_getTransactionReceipt" => receipts(1)[0].clone(),
        "eth_getBalance" => json!("0x3b9aca0000000001"),
        "eth_call" => json!(word(77)),
        "eth_getTransactionCount" => json!(if params[1] == "latest" { "0x5" } else { "0x7" }),
        "eth_estimateGas" => json!("0x5208"),
        other => panic!("{other} is not asked for"),
    }
}

/// One with a coin, one with a token, one that has failed.
fn transactions(block: u64) -> Value {
    let id = |place: u128| word(u128::from(block) * 1000 + place);
    let to = holder(1).into_string().to_ascii_lowercase();
    json!([
        {"hash": id(0), "to": to, "value": "0x16345785d8a00001"},
        {"hash": id(1), "to": TOKEN.to_ascii_lowercase(), "value": "0x0"},
        {"hash": id(2), "to": to, "value": "0x16345785d8a00000"},
    ])
}

fn receipts(block: u64) -> Value {
    let receipt = |place: u128, status, logs: Value| {
        json!({
            "transactionHash": word(u128::from(block) * 1000 + place),
            "blockHash": word(100 + u128::from(block)), "blockNumber": format!("{block:#x}"),
            "status": status, "gasUsed": "0x5208", "effectiveGasPrice": "0x3b9aca00", "logs": logs,
        })
    };
    let to = format!("0x{:0>64}", &holder(2).as_str()[2..]);
    let log = |index: u8, contract: &str, amount: u128| {
        json!({
            "address": contract, "topics": [TRANSFER, word(1), to], "data": word(amount),
            "logIndex": format!("{index:#x}"), "removed": false,
        })
    };
    json!([
        receipt(0, "0x1", json!([])),
        receipt(
            1,
            "0x1",
            json!([log(0, "0x00000000000000000000000000000000000000ff", 5), log(1, TOKEN, 1_500_000)])
        ),
        receipt(2, "0x0", json!([])),
    ])
}

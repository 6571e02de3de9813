//! A node that answers what a test wants.

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    absolute, consensus, merkle_tree, transaction,
};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a node answers.
pub enum Reply {
    /// A result, as JSON.
    Result(String),
    /// An error of the node.
    Error(i64, &'static str),
    /// A status and a body.
    Http(u16, Vec<u8>),
    /// A result that never ends.
    Endless,
    /// Nothing, while the connection stays open.
    Silence,
    /// The beginning of a result, and then nothing.
    Stall,
}

/// The node. It ends when it is dropped.
pub struct Fake {
    pub url: String,
    /// The requests as they came, with their headers.
    pub requests: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Fake {
    pub async fn start(answer: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&requests));
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                tokio::spawn(async move { serve(stream, &*answer, &seen).await });
            }
        });
        Self { url, requests, server }
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(&str, &Value) -> Reply + Send + Sync),
    seen: &Mutex<Vec<String>>,
) {
    let mut text = Vec::new();
    let body = loop {
        let mut bytes = [0; 4096];
        let Ok(length @ 1..) = stream.read(&mut bytes).await else { return };
        text.extend_from_slice(&bytes[..length]);
        let request = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let length = head
            .to_lowercase()
            .lines()
            .find_map(|line| Some(line.strip_prefix("content-length: ")?.to_owned()));
        if body.len() >= length.unwrap().parse().unwrap() {
            seen.lock().unwrap().push(request.clone());
            break serde_json::from_str::<Value>(body).unwrap();
        }
    };
    let (id, method) = (&body["id"], body["method"].as_str().unwrap());
    let (status, body) = match answer(method, &body["params"]) {
        Reply::Result(result) => {
            (200, format!(r#"{{"result":{result},"error":null,"id":{id}}}"#).into_bytes())
        }
        Reply::Error(code, message) => {
            let error = serde_json::json!({ "code": code, "message": message });
            (500, format!(r#"{{"result":null,"error":{error},"id":{id}}}"#).into_bytes())
        }
        Reply::Http(status, body) => (status, body),
        Reply::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"result\":\"").await;
            while stream.write_all(&[b'a'; 65_536]).await.is_ok() {}
            return;
        }
        Reply::Stall => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"result\":\"0").await;
            return std::future::pending().await;
        }
        Reply::Silence => return std::future::pending().await,
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
}

/// A block that a fake node has.
#[derive(Clone)]
pub struct FakeBlock {
    pub hash: String,
    /// Its bytes in hexadecimal digits.
    pub digits: String,
}

/// So many blocks, of which each pays 1 to an output with this script besides the coinbase. Another branch has other
/// blocks.
pub fn chain(length: u32, branch: u32, script: &[u8]) -> Vec<FakeBlock> {
    let mut parent = BlockHash::all_zeros();
    let heights = 0..length;
    heights
        .map(|height| {
            let block;
            (parent, block) = fake_block(
                parent,
                &[transaction(height, branch, 0, script), transaction(height, branch, 1, script)],
            );
            block
        })
        .collect()
}

/// A transaction that pays an amount; with 0, the one that makes new coins.
pub fn transaction(height: u32, branch: u32, amount: u64, script: &[u8]) -> Transaction {
    let txid = if amount == 0 { Txid::all_zeros() } else { Txid::from_byte_array([7; 32]) };
    let vout = if amount == 0 { u32::MAX } else { height };
    let script_sig = ScriptBuf::from_bytes([height.to_le_bytes(), branch.to_le_bytes()].concat());
    let previous_output = OutPoint { txid, vout };
    let input = vec![TxIn { previous_output, script_sig, sequence: Sequence::MAX, witness: Witness::new() }];
    let script_pubkey = ScriptBuf::from_bytes(script.to_vec());
    let output = vec![TxOut { value: Amount::from_sat(amount), script_pubkey }];
    Transaction { version: transaction::Version::ONE, lock_time: absolute::LockTime::ZERO, input, output }
}

pub fn fake_block(parent: BlockHash, transactions: &[Transaction]) -> (BlockHash, FakeBlock) {
    let root = merkle_tree::calculate_root(transactions.iter().map(|one| one.compute_txid().to_raw_hash()));
    let header = Header {
        version: Version::TWO,
        prev_blockhash: parent,
        merkle_root: root.unwrap().into(),
        time: 1_700_000_000,
        bits: CompactTarget::from_consensus(0),
        nonce: 0,
    };
    let hash = header.block_hash();
    let digits =
        consensus::encode::serialize_hex(&header) + &consensus::encode::serialize_hex(&transactions.to_vec());
    (hash, FakeBlock { hash: hash.to_string(), digits })
}

/// An honest answer about blocks.
pub fn honest(blocks: &[FakeBlock], method: &str, parameters: &Value) -> Reply {
    let text = |text: &str| Reply::Result(format!("\"{text}\""));
    match method {
        "getblockhash" => match blocks.get(usize::try_from(parameters[0].as_u64().unwrap()).unwrap()) {
            Some(block) => text(&block.hash),
            None => Reply::Error(-8, "Block height out of range"),
        },
        "getblock" => match blocks.iter().find(|block| parameters[0] == block.hash[..]) {
            Some(block) => text(&block.digits),
            None => Reply::Error(-5, "Block not found"),
        },
        "getblockchaininfo" => {
            let (tip, height) = (&blocks[blocks.len() - 1].hash, blocks.len() - 1);
            Reply::Result(format!(
                r#"{{"blocks":{height},"bestblockhash":"{tip}","difficulty":4.656542373906925e-10}}"#
            ))
        }
        _ => Reply::Error(-32601, "Method not found"),
    }
}

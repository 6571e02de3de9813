//! A node of Bitcoin's kind (Bitcoin, Litecoin, Dogecoin), by its JSON-RPC.
//!
//! It needs no wallet and no index of transactions (`-txindex`), and may be pruned to a few hundred blocks. Without
//! that index a node cannot find a transaction whose outputs are all spent: see [`ChainNode::transaction`].
//!
//! New coins can be spent only after a number of blocks (100, for Dogecoin 240). A transfer of them stands in the block
//! in which they can be spent, and not in the one that makes them: so a deposit counts when it is worth something, and
//! the branch of the chain that makes a coin is left long before anybody counts on it. What leaves Litecoin's extension
//! block can be spent 6 blocks later, so payments there must not spend younger outputs.

mod block;
mod rpc;

pub use rpc::{Login, Times};

use super::{Block, BlockRef, Boxed, Broadcast, ChainNode, FeeRate, NodeError, TransactionState, Transfer};
use bitcoin::consensus::encode::deserialize_hex;
use florin_types::{CurrencyCode, Decimal, Timestamp};
use florin_wallet::{Address, Chain, ChainKind};
use reqwest::Url;
use rpc::{Failure, LARGE, Question, Refusal, Rpc, SMALL};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// Decimals of the coins: all three have 100,000,000 of the smallest unit.
const DECIMALS: u8 = 8;

/// How many blocks a transaction may wait, by what nodes estimate: 6 is what their own wallets use, 2 the least that
/// they can say.
const USUAL_BLOCKS: u16 = 6;
const URGENT_BLOCKS: u16 = 2;

/// Outputs of a transaction that are looked for among the unspent ones. A payout has one and the change.
const OUTPUTS_LOOKED_FOR: u32 = 4;

/// Codes of nodes (`rpc/protocol.h`): there is no such thing; the parameter is out of range; a transaction spends what
/// there is not, breaks a rule, or is in the chain already.
const NOT_FOUND: i64 = -5;
const OUT_OF_RANGE: i64 = -8;
const MISSING_INPUTS: i64 = -25;
const BROKEN_RULE: i64 = -26;
const IN_CHAIN: i64 = -27;
const NOT_A_TRANSACTION: i64 = -22;

/// What fee rates are believed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct FeeLimits {
    /// Less is not paid.
    pub least: u128,
    /// More is not paid, whatever a node says.
    pub most: u128,
    /// What is paid while the node has seen too little to say.
    pub fallback: u128,
}

/// Which node, and what is known of its chain.
#[derive(Clone)]
pub struct Settings {
    /// The slug of the network.
    pub network: String,
    /// The chain.
    pub chain: Chain,
    /// Its coin.
    pub currency: CurrencyCode,
    /// Where the node is, without user and password.
    pub url: Url,
    /// Who asks.
    pub login: Option<Login>,
    /// The id of the chain's first block.
    pub genesis: String,
    /// What fees are believed.
    pub fees: FeeLimits,
    /// How long is waited.
    pub times: Times,
}

/// A node of Bitcoin's kind.
pub struct BitcoinNode {
    network: String,
    chain: Chain,
    currency: CurrencyCode,
    genesis: String,
    fees: FeeLimits,
    times: Times,
    rpc: Rpc,
}

/// An output that nobody has spent, as the node has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unspent {
    /// The id of its transaction.
    pub transaction: String,
    /// Which output.
    pub output: u32,
    /// Whom it pays.
    pub to: Address,
    /// The coin's smallest unit.
    pub amount: i64,
    /// The block in which it is.
    pub height: u64,
}

impl BitcoinNode {
    /// A node.
    ///
    /// # Errors
    /// The settings are of another kind of chain, or this machine cannot ask such an address.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let Settings { network, chain, currency, url, login, genesis, fees, times } = settings;
        if chain.kind == ChainKind::Evm {
            return Err(format!("{network} is not of Bitcoin's kind"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("user and password must not be in the node's address".to_owned());
        }
        if !is_hash(&genesis) {
            return Err("the first block's id must be 64 hexadecimal digits in lower case".to_owned());
        }
        if fees.least > fees.most {
            return Err("the least fee must not be above the highest".to_owned());
        }
        let rpc = Rpc::new(url, login, times.connect)?;
        Ok(Self { network, chain, currency, genesis, fees, times, rpc })
    }

    /// What nobody has spent of these addresses, by the newest block. It looks through all unspent outputs of the
    /// chain, which takes as long for a thousand addresses as for one, and a node does one such search at a time.
    ///
    /// # Errors
    /// The node can't be asked or believed, or an address is of another chain.
    pub async fn unspent(&self, addresses: &[&str]) -> Result<Vec<Unspent>, NodeError> {
        Ok(self.scan(addresses).await?.0)
    }

    /// The same, with the id of the block by which it is so, where the node says it.
    async fn scan(&self, addresses: &[&str]) -> Result<(Vec<Unspent>, Option<String>), NodeError> {
        let script = |text: &&str| Address::parse(self.chain, text).ok()?.script(self.chain);
        let scripts: Option<Vec<_>> = addresses.iter().map(script).collect();
        let scripts = scripts.ok_or_else(|| unbelievable("an address is of another chain"))?;
        let wanted: Vec<_> = scripts.iter().map(|script| json!({ "desc": raw_script(script) })).collect();
        let scan: Scan = self.long("scantxoutset", json!(["start", wanted]), self.times.scan).await?;
        if !scan.success {
            return Err(NodeError::Unavailable("the search was ended".to_owned()));
        }
        let unspent = |one: &ScannedOutput| {
            let script = hex(&one.script).filter(|script| scripts.contains(script));
            let to = script.and_then(|script| Address::of_script(self.chain, &script));
            let to = to.ok_or_else(|| unbelievable("an output that was not asked for"))?;
            let (transaction, output) = (hash_of(&one.txid)?, one.vout);
            Ok(Unspent { transaction, output, to, amount: self.amount(&one.amount)?, height: one.height })
        };
        let found: Result<Vec<_>, NodeError> = scan.unspents.iter().map(unspent).collect();
        let found = found?;
        let total = found.iter().try_fold(0_i64, |sum, one| sum.checked_add(one.amount));
        match total == Some(self.amount(&scan.total)?) {
            true => Ok((found, scan.bestblock)),
            false => Err(unbelievable("the sum of the outputs is another one")),
        }
    }

    async fn outputs_at(&self, at: &BlockRef, outputs: &[(String, u32)]) -> Result<Vec<i64>, NodeError> {
        let mut held = Vec::with_capacity(outputs.len());
        for (transaction, output) in outputs {
            let unspent: Option<HeldOutput> =
                self.ask("gettxout", json!([transaction, output, false])).await?;
            held.push(match unspent {
                Some(unspent) if unspent.bestblock == at.hash => self.amount(&unspent.value)?,
                Some(_) => return Err(super::not_the_newest(at)),
                None => 0,
            });
        }
        // That there is no such output says nothing of the block by which it is so.
        match self.tip().await? == *at {
            true => Ok(held),
            false => Err(super::not_the_newest(at)),
        }
    }

    async fn held_at(&self, at: &BlockRef, addresses: &[String]) -> Result<Vec<i64>, NodeError> {
        let texts: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let (unspent, by) = self.scan(&texts).await?;
        if by.as_deref() != Some(&at.hash) {
            return Err(super::not_the_newest(at));
        }
        let mut held: HashMap<&str, i64> = HashMap::new();
        for one in &unspent {
            // Their sum was compared with the node's, so no part of it is too large.
            *held.entry(one.to.as_str()).or_default() += one.amount;
        }
        Ok(texts.iter().map(|address| held.get(address).copied().unwrap_or_default()).collect())
    }

    async fn ask<T: DeserializeOwned>(&self, method: &str, parameters: Value) -> Result<T, Failure> {
        let (most_bytes, time) = (SMALL, self.times.answer);
        self.rpc.ask(Question { method, parameters, most_bytes, time }).await
    }

    async fn long<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: Value,
        time: Duration,
    ) -> Result<T, Failure> {
        self.rpc.ask(Question { method, parameters, most_bytes: LARGE, time }).await
    }

    /// An amount, read digit by digit. It is never a number with a point in memory.
    fn amount(&self, number: &RawValue) -> Result<i64, NodeError> {
        let units = Decimal::parse(number.get()).ok().and_then(|decimal| decimal.minor_units(DECIMALS).ok());
        units
            .filter(|units| *units <= self.chain.max_amount())
            .ok_or_else(|| unbelievable("an amount that can't be"))
    }

    async fn hash_at(&self, height: u64) -> Result<Option<String>, NodeError> {
        match self.ask::<String>("getblockhash", json!([height])).await {
            Ok(hash) => hash_of(&hash).map(Some),
            Err(Failure::Refused(Refusal { code: OUT_OF_RANGE, .. })) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// A block by its id, with the transfers of those transactions that are wanted by their number. It is read beside
    /// the threads that answer requests: a full block takes a tenth of a second.
    async fn read(&self, hash: &str, is_wanted: fn(usize) -> bool) -> Result<Seen, NodeError> {
        // `false` is a block's bytes for every version of the programs; newer ones also write 0.
        let digits: String = self.long("getblock", json!([hash, false]), self.times.answer).await?;
        let (chain, currency, asked) = (self.chain, self.currency, hash.to_owned());
        let seen = move || {
            let bytes = hex(&digits).ok_or("it is not in hexadecimal digits")?;
            let read = block::read(chain.kind, &bytes)?;
            if read.hash != asked {
                return Err(format!("{} came instead", read.hash));
            }
            let wanted = read.transactions.iter().enumerate().filter(|(number, _)| is_wanted(*number));
            let transfers = transfers(chain, currency, wanted.map(|(_, transaction)| transaction))?;
            Ok(Seen { parent: read.parent, made_at: read.made_at, transfers })
        };
        let seen = tokio::task::spawn_blocking(seen).await;
        let seen = seen.map_err(|error| NodeError::Unavailable(error.to_string()))?;
        seen.map_err(|why: String| NodeError::Unbelievable(format!("block {hash}: {why}")))
    }

    async fn block_at(&self, height: u64) -> Result<Option<Block>, NodeError> {
        let Some(hash) = self.hash_at(height).await? else { return Ok(None) };
        let Seen { parent, made_at, transfers: paid } = self.read(&hash, |number| number > 0).await?;
        let mut transfers = Vec::new();
        if let Some(made) = height.checked_sub(maturity(self.chain.kind))
            && let Some(made) = self.hash_at(made).await?
        {
            transfers = self.read(&made, |number| number == 0).await?.transfers;
        }
        transfers.extend(paid);
        let made_at = Timestamp::from_micros(i64::from(made_at) * 1_000_000);
        Ok(Some(Block { at: BlockRef { height, hash }, parent, made_at, transfers }))
    }

    async fn rate(&self, blocks: u16) -> Result<u128, NodeError> {
        let estimate: Estimate = self.ask("estimatesmartfee", json!([blocks])).await?;
        let rate = match estimate.feerate {
            // Dogecoin's program says -1 where others leave it out.
            Some(rate) if matches!(rate.get(), "-1" | "-1.0" | "-1.00000000") => None,
            Some(rate) => u128::try_from(self.amount(&rate)?).ok(),
            None => None,
        };
        Ok(rate.unwrap_or(self.fees.fallback).clamp(self.fees.least, self.fees.most))
    }

    async fn give(&self, raw: &str) -> Result<Broadcast, NodeError> {
        let Ok(transaction) = deserialize_hex::<bitcoin::Transaction>(raw) else {
            return Ok(Broadcast::Refused("it is no transaction".to_owned()));
        };
        let id = transaction.compute_txid().to_string();
        let refusal = match self.ask::<String>("sendrawtransaction", json!([raw])).await {
            Ok(taken) if taken == id => return Ok(Broadcast::Taken),
            Ok(_) => return Err(unbelievable("another transaction was taken than was given")),
            Err(Failure::Refused(refusal)) => refusal,
            Err(failure) => return Err(failure.into()),
        };
        let broadcast = judged(refusal)?;
        // What it spends is gone too when it is in the chain itself and all that it paid has been spent on.
        let is_conflict = matches!(broadcast, Broadcast::Conflict(_));
        match is_conflict && self.state(&id).await? != TransactionState::Unknown {
            true => Ok(Broadcast::Taken),
            false => Ok(broadcast),
        }
    }

    async fn state(&self, id: &str) -> Result<TransactionState, NodeError> {
        let waiting: Option<Value> = found(self.ask("getmempoolentry", json!([id])).await)?;
        if waiting.is_some() {
            return Ok(TransactionState::Waiting);
        }
        // Nodes with an index of transactions find each; others only those that wait.
        let indexed: Option<Indexed> = found(self.ask("getrawtransaction", json!([id, true])).await)?;
        match indexed {
            Some(Indexed { blockhash: Some(hash) }) => {
                let header: Header = self.ask("getblockheader", json!([hash_of(&hash)?])).await?;
                if header.confirmations > 0 {
                    return Ok(included(BlockRef { height: header.height, hash }));
                }
            }
            Some(_) => return Ok(TransactionState::Waiting),
            None => {}
        }
        for output in 0..OUTPUTS_LOOKED_FOR {
            let unspent: Option<TxOutput> = self.ask("gettxout", json!([id, output, false])).await?;
            let Some(TxOutput { bestblock, confirmations }) = unspent else { continue };
            let newest: Header = self.ask("getblockheader", json!([hash_of(&bestblock)?])).await?;
            let height = confirmations.checked_sub(1).and_then(|after| newest.height.checked_sub(after));
            let height = height.ok_or_else(|| unbelievable("an output with more blocks than there are"))?;
            if let Some(hash) = self.hash_at(height).await? {
                return Ok(included(BlockRef { height, hash }));
            }
        }
        Ok(TransactionState::Unknown)
    }
}

/// What matters of a block.
struct Seen {
    parent: String,
    made_at: u32,
    transfers: Vec<Transfer>,
}

/// What transactions pay to addresses.
fn transfers<'a>(
    chain: Chain,
    currency: CurrencyCode,
    transactions: impl Iterator<Item = &'a block::Paying>,
) -> Result<Vec<Transfer>, String> {
    let mut transfers = Vec::new();
    for transaction in transactions {
        let id = transaction.id.to_string();
        for (output, paid) in (0_u32..).zip(&transaction.outputs) {
            let amount = i64::try_from(paid.value.to_sat()).ok();
            let amount = amount.filter(|amount| *amount <= chain.max_amount());
            let amount = amount.ok_or("an output of more coins than there are")?;
            let to = Address::of_script(chain, paid.script_pubkey.as_bytes());
            let Some(to) = to.filter(|_| amount > 0) else { continue };
            transfers.push(Transfer {
                from: None,
                transaction: id.clone(),
                output,
                to: to.into_string(),
                currency,
                amount,
            });
        }
    }
    Ok(transfers)
}

/// Blocks until new coins can be spent: `COINBASE_MATURITY` of the programs, and Dogecoin's since its block 145,000.
const fn maturity(kind: ChainKind) -> u64 {
    match kind {
        ChainKind::Dogecoin => 240,
        ChainKind::Bitcoin | ChainKind::Litecoin | ChainKind::Evm => 100,
    }
}

fn included(block: BlockRef) -> TransactionState {
    TransactionState::Included { block, is_failed: false, fee: None }
}

/// What a refusal of a transaction means. The words are those of the programs' `validation.cpp`, which newer versions
/// keep.
fn judged(refusal: Refusal) -> Result<Broadcast, NodeError> {
    let Refusal { code, message } = refusal;
    let has = |words: &[&str]| words.iter().any(|words| message.contains(words));
    let is_known = ["txn-already-in-mempool", "txn-already-known", "txn-same-nonwitness-data-in-mempool"];
    match code {
        IN_CHAIN => Ok(Broadcast::Taken),
        BROKEN_RULE if has(&is_known) => Ok(Broadcast::Taken),
        _ if has(&["missingorspent", "missing-inputs", "Missing inputs", "txn-mempool-conflict"]) => {
            Ok(Broadcast::Conflict(message))
        }
        MISSING_INPUTS | BROKEN_RULE | NOT_A_TRANSACTION => Ok(Broadcast::Refused(message)),
        // It is not about the transaction: the node is at fault, or the request.
        _ => Err(Failure::Refused(Refusal { code, message }).into()),
    }
}

/// None: the node says that there is no such thing.
fn found<T>(answer: Result<T, Failure>) -> Result<Option<T>, NodeError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Refused(Refusal { code: NOT_FOUND, .. })) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

fn unbelievable(why: &str) -> NodeError {
    NodeError::Unbelievable(why.to_owned())
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn hash_of(text: &str) -> Result<String, NodeError> {
    if is_hash(text) { Ok(text.to_owned()) } else { Err(unbelievable("an id that is none")) }
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    bitcoin::hex::FromHex::from_hex(digits).ok()
}

/// A script as nodes want to be told of it.
fn raw_script(script: &[u8]) -> String {
    format!("raw({})", bitcoin::hex::DisplayHex::to_lower_hex_string(script))
}

#[derive(Deserialize)]
struct ChainInfo {
    blocks: u64,
    bestblockhash: String,
}

#[derive(Deserialize)]
struct Header {
    height: u64,
    /// -1: the block is not in the chain.
    confirmations: i64,
}

#[derive(Deserialize)]
struct Estimate {
    feerate: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Indexed {
    blockhash: Option<String>,
}

#[derive(Deserialize)]
struct TxOutput {
    bestblock: String,
    confirmations: u64,
}

#[derive(Deserialize)]
struct HeldOutput {
    bestblock: String,
    value: Box<RawValue>,
}

#[derive(Deserialize)]
struct Scan {
    success: bool,
    unspents: Vec<ScannedOutput>,
    bestblock: Option<String>,
    #[serde(rename = "total_amount")]
    total: Box<RawValue>,
}

#[derive(Deserialize)]
struct ScannedOutput {
    txid: String,
    vout: u32,
    #[serde(rename = "scriptPubKey")]
    script: String,
    amount: Box<RawValue>,
    height: u64,
}

impl ChainNode for BitcoinNode {
    fn network(&self) -> &str {
        &self.network
    }

    fn check<'a>(&'a self) -> Boxed<'a, Result<(), NodeError>> {
        Box::pin(async {
            match self.hash_at(0).await? {
                Some(hash) if hash == self.genesis => Ok(()),
                Some(hash) => {
                    Err(NodeError::Unbelievable(format!("another chain: its first block is {hash}")))
                }
                None => Err(unbelievable("a chain without blocks")),
            }
        })
    }

    fn tip<'a>(&'a self) -> Boxed<'a, Result<BlockRef, NodeError>> {
        Box::pin(async {
            let info: ChainInfo = self.ask("getblockchaininfo", json!([])).await?;
            Ok(BlockRef { height: info.blocks, hash: hash_of(&info.bestblockhash)? })
        })
    }

    fn hash<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<String>, NodeError>> {
        Box::pin(self.hash_at(height))
    }

    fn block<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<Block>, NodeError>> {
        Box::pin(self.block_at(height))
    }

    fn fees<'a>(&'a self) -> Boxed<'a, Result<FeeRate, NodeError>> {
        Box::pin(async {
            let (usual, urgent) = (self.rate(USUAL_BLOCKS).await?, self.rate(URGENT_BLOCKS).await?);
            Ok(FeeRate { usual, urgent: urgent.max(usual) })
        })
    }

    fn broadcast<'a>(&'a self, raw: &'a str) -> Boxed<'a, Result<Broadcast, NodeError>> {
        Box::pin(self.give(raw))
    }

    fn transaction<'a>(&'a self, id: &'a str) -> Boxed<'a, Result<TransactionState, NodeError>> {
        Box::pin(self.state(id))
    }

    fn balance<'a>(&'a self, address: &'a str, currency: CurrencyCode) -> Boxed<'a, Result<i64, NodeError>> {
        Box::pin(async move {
            if currency != self.currency {
                return Ok(0);
            }
            // Their sum was compared with the node's, so it is an amount that can be.
            Ok(self.unspent(&[address]).await?.iter().map(|one| one.amount).sum())
        })
    }

    fn can_search(&self) -> bool {
        // Dogecoin Core 1.14 is Bitcoin Core 0.14 in this; `scantxoutset` is since 0.17.
        self.chain.kind != ChainKind::Dogecoin
    }

    fn outputs<'a>(
        &'a self,
        at: &'a BlockRef,
        outputs: &'a [(String, u32)],
    ) -> Boxed<'a, Result<Vec<i64>, NodeError>> {
        Box::pin(self.outputs_at(at, outputs))
    }

    fn balances<'a>(
        &'a self,
        at: &'a BlockRef,
        addresses: &'a [String],
        currency: CurrencyCode,
    ) -> Boxed<'a, Result<Vec<i64>, NodeError>> {
        Box::pin(async move {
            match currency == self.currency {
                true => self.held_at(at, addresses).await,
                false => Ok(vec![0; addresses.len()]),
            }
        })
    }
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;

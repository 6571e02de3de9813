//! A node of Ethereum's kind, by its JSON-RPC: the chain's coin, and the ERC-20 contracts that are configured.
//!
//! Nothing that it says is believed where it can be checked, and nothing that it says is lost: an answer that is too
//! long, of another request or in another form is a [`NodeError`], and never a block without a transfer that is in it.
//! A node can still lie about the chain, so whoever follows one should run it, or ask several.

pub(super) mod asset;
mod block;
mod fees;
mod rpc;
mod wire;
mod words;

pub use asset::{Asset, Token};
pub use fees::{Offer, Offers};

use super::{
    AccountNode, Block, BlockRef, Boxed, Broadcast, ChainNode, FeeRate, NodeError, TransactionState,
};
use block::Assets;
use florin_types::CurrencyCode;
use florin_wallet::{Address, Call, evm_transaction_id};
use rpc::{CallError, Rpc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;
use wire::{FeeHistory, Header, Number, Quantity, Receipt, Transaction, Word, parse_address};
use words::Meaning;

/// How long a connection may take. A node that cannot be reached is asked again soon, so waiting longer gains nothing.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a call may take, with the largest answer. Nodes give up by themselves after 5 to 30 seconds.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a block or its receipts, at most. A block has 10 MiB (EIP-7934), in JSON 21 MiB and the names of fields.
/// Receipts have no such bound: the worst that 60 million gas buy are 160,000 logs without data, 420 bytes each in
/// JSON. Blocks as they are have 0.5 to 5 MB.
pub const MAX_BLOCK_BYTES: usize = 64 << 20;

/// Bytes of any other answer, at most. The longest is a header with the ids of its transactions: 2,860 of 69 bytes for
/// 60 million gas. A receipt of ours has one log, and 2 KB.
const MAX_BYTES: usize = 1 << 20;

/// The most gas that a payment may have, where the chain counts as Ethereum does. Transfers of tokens need 30,000 to
/// 100,000. Chains on top of Ethereum that count its fee as gas (Arbitrum) need more.
pub const MAX_GAS: u64 = 300_000;

/// The least gas that a payment of a token gets. Gas that is not used is not paid, but a transaction that runs out of
/// it fails and is paid. So a node's estimate only counts where it is higher.
const LEAST_TOKEN_GAS: u64 = 100_000;

/// How a node is reached, and what is looked for.
#[derive(Clone)]
pub struct Settings {
    /// The slug of its network.
    pub network: String,
    /// Its address, perhaps with a key in it: it is not shown.
    pub url: String,
    /// The number of its chain.
    pub chain_id: u64,
    /// The chain's coin. The platform passes over transfers of a currency that it does not have.
    pub coin: Asset,
    /// The contracts. No other one brings anything.
    pub tokens: Vec<Token>,
    /// The most wei per gas that is ever offered, whatever the node says.
    pub max_fee: u128,
    /// The most gas that a payment may have: see [`MAX_GAS`].
    pub max_gas: u64,
    /// See [`CONNECT_TIMEOUT`].
    pub connect_timeout: Duration,
    /// See [`TIMEOUT`].
    pub timeout: Duration,
    /// See [`MAX_BLOCK_BYTES`].
    pub max_block_bytes: usize,
}

/// How many transactions an address has made.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Nonces {
    /// In the chain. This is the nonce of the next one that can be included.
    pub included: u64,
    /// With those that wait at this node.
    pub pending: u64,
}

/// How much gas a payment gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gas {
    /// So much.
    Limit(u64),
    /// It would fail now, and cost its fee. The text is the node's.
    Fails(String),
}

/// A node of Ethereum's kind.
pub struct EvmNode {
    settings: Settings,
    assets: Assets,
    rpc: Rpc,
}

impl fmt::Debug for EvmNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvmNode({}, chain {})", self.settings.network, self.settings.chain_id)
    }
}

impl EvmNode {
    /// A node. It is not asked yet.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let assets = Assets::new(&settings)?;
        let rpc = Rpc::new(&settings.url, settings.connect_timeout, settings.timeout)?;
        Ok(Self { settings, assets, rpc })
    }

    fn token(&self, currency: CurrencyCode) -> Option<&Token> {
        self.settings.tokens.iter().find(|token| token.asset.currency == currency)
    }

    /// How many transactions an address has made.
    ///
    /// # Errors
    /// The node can't be asked or believed.
    pub async fn nonces(&self, address: &Address) -> Result<Nonces, NodeError> {
        let count = async |tag: &str| {
            self.ask::<Number>("eth_getTransactionCount", json!([address.as_str(), tag])).await
        };
        let included = count("latest").await?.0;
        // Of several nodes behind one address, the second may be behind the first.
        let pending = count("pending").await?.0.max(included);
        Ok(Nonces { included, pending })
    }

    /// How much gas a payment gets: a quarter more than the node estimates, for what the contract does may change until
    /// it is included.
    async fn gas_of(&self, from: &Address, call: &Call) -> Result<Gas, NodeError> {
        let params = json!([{
            "from": from.as_str(),
            "to": call.to().as_str(),
            "value": Quantity(call.value()),
            "data": format!("0x{}", hex::encode(call.data())),
        }]);
        let estimate: Number = match self.rpc.call("eth_estimateGas", params, MAX_BYTES).await {
            Ok(estimate) => estimate,
            Err(CallError::Answer(error)) if words::is_failure(&error) => {
                return Ok(Gas::Fails(error.message));
            }
            Err(error) => return Err(error.into()),
        };
        let least = if call.data().is_empty() { 0 } else { LEAST_TOKEN_GAS };
        let limit = estimate.0.saturating_add(estimate.0 / 4).max(least);
        match limit <= self.settings.max_gas {
            true => Ok(Gas::Limit(limit)),
            false => Err(NodeError::Unbelievable(format!("a payment is said to need {} gas", estimate.0))),
        }
    }

    /// What is offered for gas now, within [`Settings::max_fee`].
    async fn offers_now(&self) -> Result<Offers, NodeError> {
        let history: FeeHistory = self.ask("eth_feeHistory", json!(["0x1", "latest", []])).await?;
        let Some(base) = history.base_fee_per_gas.last() else {
            return Err(NodeError::Unbelievable("eth_feeHistory: it has no base fee".to_owned()));
        };
        let priority: Quantity = self.ask("eth_maxPriorityFeePerGas", json!([])).await?;
        Ok(Offers::new(base.0, priority.0, self.settings.max_fee))
    }

    async fn ask<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T, NodeError> {
        Ok(self.rpc.call(method, params, MAX_BYTES).await?)
    }

    async fn header(&self, height: u64) -> Result<Option<Header>, NodeError> {
        let params = json!([Quantity(height.into()), false]);
        let header: Option<Header> = self.ask("eth_getBlockByNumber", params).await?;
        header.map(|header| asked_for(height, header.number, header)).transpose()
    }

    async fn get_block(&self, height: u64) -> Result<Option<Block>, NodeError> {
        let max = self.settings.max_block_bytes;
        let number = Quantity(height.into());
        let block: Option<wire::Block> =
            self.rpc.call("eth_getBlockByNumber", json!([number, true]), max).await?;
        let Some(block) = block else { return Ok(None) };
        let block = asked_for(height, block.number, block)?;
        if block.transactions.is_empty() {
            return self.assets.block(&block, &[]).map(Some);
        }
        let receipts: Option<Vec<Receipt>> =
            self.rpc.call("eth_getBlockReceipts", json!([number]), max).await?;
        let receipts = receipts
            .ok_or_else(|| NodeError::Unavailable(format!("block {height}: it has no receipts yet")))?;
        // Between the two calls the chain may have been reorganised: then both are asked for again.
        if receipts.iter().any(|receipt| receipt.block_hash != block.hash) {
            let why = format!("block {height}: the receipts are of another block than the transactions");
            return Err(NodeError::Unavailable(why));
        }
        self.assets.block(&block, &receipts).map(Some)
    }

    async fn send(&self, raw: &str) -> Result<Broadcast, NodeError> {
        let Some(id) = evm_transaction_id(raw) else {
            return Ok(Broadcast::Refused("it is not hexadecimal digits".to_owned()));
        };
        match self.rpc.call::<Word>("eth_sendRawTransaction", json!([raw]), MAX_BYTES).await {
            Ok(taken) if taken.to_string() == id => Ok(Broadcast::Taken),
            Ok(_) => Err(NodeError::Unbelievable("eth_sendRawTransaction: the id is another one".to_owned())),
            Err(CallError::Answer(error)) => match words::of_broadcast(&error) {
                Meaning::Known => Ok(Broadcast::Taken),
                Meaning::Refused => Ok(Broadcast::Refused(error.message)),
                // It is this very transaction that has used the nonce, if the node has it.
                Meaning::NonceUsed => Ok(match self.find(&id).await? {
                    true => Broadcast::Taken,
                    false => Broadcast::Conflict(error.message),
                }),
                Meaning::Unavailable => Err(CallError::Answer(error).into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the node has a transaction, in the chain or waiting.
    async fn find(&self, id: &str) -> Result<bool, NodeError> {
        let found: Option<Transaction> = self.ask("eth_getTransactionByHash", json!([id])).await?;
        match found {
            Some(found) if found.hash.to_string() != id => Err(other_transaction()),
            found => Ok(found.is_some()),
        }
    }

    async fn state(&self, id: &str) -> Result<TransactionState, NodeError> {
        // Ids are written in lower case here, and may come from elsewhere.
        let Some(id) = Word::parse(id).map(|id| id.to_string()) else { return Ok(TransactionState::Unknown) };
        let receipt: Option<Receipt> = self.ask("eth_getTransactionReceipt", json!([id])).await?;
        let Some(receipt) = receipt else {
            return Ok(match self.find(&id).await? {
                true => TransactionState::Waiting,
                false => TransactionState::Unknown,
            });
        };
        if receipt.transaction_hash.to_string() != id {
            return Err(other_transaction());
        }
        let is_failed = match receipt.status.0 {
            0 => true,
            1 => false,
            _ => return Err(NodeError::Unbelievable(format!("{id}: its status is neither 0 nor 1"))),
        };
        let paid = receipt.gas_used.0.checked_mul(receipt.effective_gas_price.0);
        let paid = paid.and_then(|paid| paid.checked_add(receipt.l1_fee.map_or(0, |fee| fee.0)));
        let fee = paid.and_then(|paid| self.settings.coin.from_chain_up(paid));
        let fee = fee.ok_or_else(|| NodeError::Unbelievable(format!("{id}: its fee is too high")))?;
        let block = BlockRef { height: receipt.block_number.0, hash: receipt.block_hash.to_string() };
        Ok(TransactionState::Included { block, is_failed, fee: Some(fee) })
    }

    /// What an address has by a block: its number, or a word such as `latest`.
    async fn held(&self, address: &str, currency: CurrencyCode, by: &Value) -> Result<i64, NodeError> {
        let holder = parse_address(address)
            .ok_or_else(|| NodeError::Unavailable(format!("{address} is no address of its kind")))?;
        let (amount, asset) = if currency == self.settings.coin.currency {
            let amount: Quantity = self.ask("eth_getBalance", json!([holder.as_str(), by])).await?;
            (Some(amount.0), self.settings.coin)
        } else {
            let not_here = || NodeError::Unavailable(format!("it is not set to know {}", currency.as_str()));
            let token = self.token(currency).ok_or_else(not_here)?;
            let call = Call::balance_of(&token.contract, &holder).ok_or_else(not_here)?;
            let data = format!("0x{}", hex::encode(call.data()));
            let params = json!([{"to": token.contract.as_str(), "data": data}, by]);
            (self.ask::<Word>("eth_call", params).await?.number(), token.asset)
        };
        amount.and_then(|amount| asset.from_chain(amount)).ok_or_else(|| {
            let currency = currency.as_str();
            NodeError::Unbelievable(format!("{address} has more of {currency} than there can be"))
        })
    }
}

/// A block, if it is of the height that was asked for.
fn asked_for<T>(height: u64, number: Number, block: T) -> Result<T, NodeError> {
    match number.0 == height {
        true => Ok(block),
        false => Err(NodeError::Unbelievable(format!("block {height} was asked for, and {} came", number.0))),
    }
}

fn other_transaction() -> NodeError {
    NodeError::Unbelievable("one transaction was asked for, and another came".to_owned())
}

impl ChainNode for EvmNode {
    fn network(&self) -> &str {
        &self.settings.network
    }

    fn check<'a>(&'a self) -> Boxed<'a, Result<(), NodeError>> {
        Box::pin(async move {
            let Number(chain_id) = self.ask("eth_chainId", json!([])).await?;
            match chain_id == self.settings.chain_id {
                true => Ok(()),
                false => Err(NodeError::Unbelievable(format!(
                    "it is of chain {chain_id}, not {}",
                    self.settings.chain_id
                ))),
            }
        })
    }

    fn tip<'a>(&'a self) -> Boxed<'a, Result<BlockRef, NodeError>> {
        Box::pin(async move {
            let tip: Option<Header> = self.ask("eth_getBlockByNumber", json!(["latest", false])).await?;
            let tip = tip.ok_or_else(|| NodeError::Unavailable("it has no block yet".to_owned()))?;
            Ok(BlockRef { height: tip.number.0, hash: tip.hash.to_string() })
        })
    }

    fn hash<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<String>, NodeError>> {
        Box::pin(async move { Ok(self.header(height).await?.map(|header| header.hash.to_string())) })
    }

    fn block<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<Block>, NodeError>> {
        Box::pin(self.get_block(height))
    }

    fn fees<'a>(&'a self) -> Boxed<'a, Result<FeeRate, NodeError>> {
        Box::pin(async move {
            let offers = self.offers_now().await?;
            Ok(FeeRate { usual: offers.usual.max_fee, urgent: offers.urgent.max_fee })
        })
    }

    fn broadcast<'a>(&'a self, raw: &'a str) -> Boxed<'a, Result<Broadcast, NodeError>> {
        Box::pin(self.send(raw))
    }

    fn transaction<'a>(&'a self, id: &'a str) -> Boxed<'a, Result<TransactionState, NodeError>> {
        Box::pin(self.state(id))
    }

    fn balance<'a>(&'a self, address: &'a str, currency: CurrencyCode) -> Boxed<'a, Result<i64, NodeError>> {
        Box::pin(async move { self.held(address, currency, &json!("latest")).await })
    }

    fn balances<'a>(
        &'a self,
        at: &'a BlockRef,
        addresses: &'a [String],
        currency: CurrencyCode,
    ) -> Boxed<'a, Result<Vec<i64>, NodeError>> {
        Box::pin(async move {
            let by = json!(Quantity(at.height.into()));
            let mut held = Vec::with_capacity(addresses.len());
            for address in addresses {
                held.push(self.held(address, currency, &by).await?);
            }
            // Were another block of this height in the chain now, the answers might be by that one.
            match self.header(at.height).await? {
                Some(header) if header.hash.to_string() == at.hash => Ok(held),
                _ => Err(NodeError::Unavailable(format!("block {} has left its chain", at.height))),
            }
        })
    }

    fn has_rests(&self, currency: CurrencyCode) -> bool {
        let coin = (currency == self.settings.coin.currency).then_some(&self.settings.coin);
        let asset = coin.or_else(|| self.token(currency).map(|token| &token.asset));
        asset.is_some_and(|asset| asset.chain_decimals > asset.decimals)
    }

    fn accounts(&self) -> Option<&dyn AccountNode> {
        Some(self)
    }
}

impl AccountNode for EvmNode {
    fn chain_id(&self) -> u64 {
        self.settings.chain_id
    }

    fn payment(&self, to: &Address, currency: CurrencyCode, amount: i64) -> Option<Call> {
        asset::payment((&self.settings.coin, &self.settings.tokens), to, currency, amount)
    }

    fn nonce<'a>(&'a self, address: &'a Address) -> Boxed<'a, Result<u64, NodeError>> {
        Box::pin(async move { Ok(self.nonces(address).await?.included) })
    }

    fn gas<'a>(&'a self, from: &'a Address, call: &'a Call) -> Boxed<'a, Result<Gas, NodeError>> {
        Box::pin(self.gas_of(from, call))
    }

    fn offers<'a>(&'a self) -> Boxed<'a, Result<Offers, NodeError>> {
        Box::pin(self.offers_now())
    }

    fn max_fee(&self) -> u128 {
        self.settings.max_fee
    }

    fn cost(&self, gas: u64, fee: u128) -> Option<i64> {
        self.settings.coin.gas_cost(gas, fee)
    }
}

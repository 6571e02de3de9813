//! The rows of simulated chains.

use crate::crypto::chain::Net;
use crate::kit::app::App;
use crate::kit::book::keyed_id;
use crate::kit::book::work::Work;
use crate::kit::request::types::words;
use florin_rails::chain::Transfer;
use florin_rails::chain::evm::Offer;
use florin_rails::chain::simulated::SimulatedChain;
use florin_store::{
    Object, ObjectTable, Row, Scope, SetStatement, Statement, StoreError, Touch, Type, Value, params,
};
use florin_types::CurrencyCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Purposes of the ids.
const CHAIN_IDS: &str = "florin 2026 ids of simulated chains v1";
const TRANSACTION_IDS: &str = "florin 2026 ids of simulated transactions v1";
const POINT_IDS: &str = "florin 2026 ids of points of simulated transactions v1";

static CHAINS: ObjectTable =
    ObjectTable::new("sim_chain", &[("network", Type::Text), ("state", Type::Bytes)]);

static TRANSACTIONS: ObjectTable = ObjectTable::new(
    "sim_transaction",
    &[
        ("network", Type::Text),
        ("hash", Type::Text),
        ("state", Type::Text),
        ("height", Type::Int),
        ("place", Type::Int),
        ("sender", Type::Text),
        ("body", Type::Bytes),
    ],
);

static POINTS: ObjectTable = ObjectTable::new("sim_point", &[("consumer", Type::Text)]);

static INSERT_ENTRIES: SetStatement = SetStatement::Insert {
    table: "sim_entry",
    columns: &[
        ("book", Type::Int),
        ("network", Type::Text),
        ("height", Type::Int),
        ("place", Type::Int),
        ("line", Type::Int),
        ("hash", Type::Text),
        ("output", Type::Int),
        ("address", Type::Text),
        ("sender", Type::Text),
        ("currency", Type::Text),
        ("amount", Type::Int),
    ],
};

/// The most transactions that wait. More are refused, as nodes do whose pool is full.
pub(super) const MAX_POOL: i64 = 5_000;

const POOL: Statement = "SELECT id FROM sim_transaction WHERE book = $1 AND network = $2 AND state = 'POOL' \
     ORDER BY place LIMIT 5000";
const POOL_SIZE: Statement =
    "SELECT COUNT(*) FROM sim_transaction WHERE book = $1 AND network = $2 AND state = 'POOL'";
const FROM_HEIGHT: Statement =
    "SELECT id FROM sim_transaction WHERE book = $1 AND network = $2 AND height >= $3 ORDER BY place";
/// How many transactions of an account are in the chain: this is the nonce of its next one.
const NONCE: Statement = "SELECT COUNT(*) FROM sim_transaction \
     WHERE book = $1 AND network = $2 AND sender = $3 AND state = 'INCLUDED'";
const BALANCE: Statement = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM sim_entry \
     WHERE book = $1 AND network = $2 AND address = $3 AND currency = $4";
const TRANSFERS: Statement = "SELECT hash, output, address, sender, currency, amount FROM sim_entry \
     WHERE book = $1 AND network = $2 AND height = $3 AND output IS NOT NULL ORDER BY place, line";
const UNDO: Statement = "DELETE FROM sim_entry WHERE book = $1 AND network = $2 AND height >= $3";

/// What a reset forgets.
pub(in crate::crypto) const FORGET: [Statement; 4] = [
    "DELETE FROM sim_chain WHERE book = $1",
    "DELETE FROM sim_transaction WHERE book = $1",
    "DELETE FROM sim_point WHERE book = $1",
    "DELETE FROM sim_entry WHERE book = $1",
];

/// Every statement here, for the test that prepares and runs them all.
pub(in crate::crypto) const STATEMENTS: &[Statement] =
    &[POOL, POOL_SIZE, FROM_HEIGHT, NONCE, BALANCE, TRANSFERS, UNDO];

/// Those over sets. No object is removed.
pub(in crate::crypto) static SETS: [&SetStatement; 10] = {
    let [find, insert, update, _] = CHAINS.statements();
    let [find_transaction, insert_transaction, update_transaction, _] = TRANSACTIONS.statements();
    let [find_point, insert_point, update_point, _] = POINTS.statements();
    [
        find,
        insert,
        update,
        find_transaction,
        insert_transaction,
        update_transaction,
        find_point,
        insert_point,
        update_point,
        &INSERT_ENTRIES,
    ]
};

/// The chain of a network in a sandbox.
#[derive(Clone, Debug)]
pub struct SimChain {
    id: Uuid,
    network: String,
    pub(super) state: ChainState,
}

/// Where it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ChainState {
    pub blocks: SimulatedChain,
    /// How many transactions came so far.
    pub places: i64,
    /// The height at which all that is included has its confirmations, but for what waits for blocks by hand.
    pub confirmed_at: u64,
    /// A job is left that mines the next block.
    pub is_mining: bool,
}

words! {
    /// Where a transaction of a simulated chain stands.
    pub(super) enum PoolState {
        /// It waits for a block.
        Pool = "POOL",
        /// It is in a block.
        Included = "INCLUDED",
        /// Another one took its place.
        Replaced = "REPLACED",
        /// The nodes have forgotten it.
        Dropped = "DROPPED",
    }
}

/// A transaction.
#[derive(Clone, Debug)]
pub(super) struct SimTransaction {
    pub id: Uuid,
    pub network: String,
    pub hash: String,
    pub state: PoolState,
    pub height: Option<i64>,
    /// In which order it came.
    pub place: i64,
    /// Whose nonce it uses. None: it uses none.
    pub sender: Option<String>,
    pub body: Body,
}

/// What else there is to a transaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Body {
    /// The sandbox made it up. Nobody signed it, it costs nothing, and every block takes it.
    pub is_made: bool,
    /// The blocks that it waits for, and those that confirm it, come by themselves.
    pub is_auto: bool,
    /// Who pays, where the chain says so.
    pub from: Option<String>,
    /// Of Ethereum's kind: how many the sender made before.
    pub nonce: Option<u64>,
    /// Minor units of the coin. Of Ethereum's kind it is known once it is in a block.
    pub fee: i64,
    /// Virtual bytes, or the limit of gas.
    pub size: u64,
    /// Of Ethereum's kind: what is offered for gas.
    pub offer: Option<Offer>,
    /// It is in a block and has moved nothing but its fee.
    pub is_failed: bool,
    pub spends: Vec<Spent>,
    pub outputs: Vec<Paid>,
}

/// What at most one transaction of the chain can use: an output, or a nonce of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Spent {
    /// `transaction:output`, or `sender:nonce`.
    pub point: String,
    pub address: String,
    /// What the output has; of a nonce 0.
    pub amount: i64,
}

/// What a transaction pays.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Paid {
    pub number: u32,
    pub address: String,
    pub currency: String,
    pub amount: i64,
}

impl Paid {
    pub fn currency(&self) -> Result<CurrencyCode, StoreError> {
        CurrencyCode::parse(&self.currency).ok_or_else(|| StoreError::unexpected("a currency that is none"))
    }
}

/// Which transaction uses a point.
#[derive(Clone, Debug)]
pub(super) struct SimPoint {
    pub id: Uuid,
    pub consumer: Option<String>,
}

pub(super) fn chain_id(app: &App, net: Net) -> Uuid {
    keyed_id::of(app, CHAIN_IDS, net.slug, "")
}

pub(super) fn transaction_id(app: &App, net: Net, hash: &str) -> Uuid {
    keyed_id::of(app, TRANSACTION_IDS, net.slug, hash)
}

pub(super) fn point_id(app: &App, net: Net, point: &str) -> Uuid {
    keyed_id::of(app, POINT_IDS, net.slug, point)
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    // Maps with texts as keys always are JSON.
    serde_json::to_vec(value).unwrap_or_default()
}

fn read<T: DeserializeOwned>(bytes: Vec<u8>) -> Result<T, StoreError> {
    serde_json::from_slice(&bytes).map_err(StoreError::unexpected)
}

impl SimChain {
    pub(super) fn new(app: &App, net: Net, blocks: SimulatedChain) -> Self {
        let state = ChainState { blocks, places: 0, confirmed_at: 0, is_mining: false };
        Self { id: chain_id(app, net), network: net.slug.to_owned(), state }
    }
}

impl Object for SimChain {
    const TABLE: &'static ObjectTable = &CHAINS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self { id, network: row.get(0)?, state: read(row.get(1)?)? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.network.as_str(), json(&self.state)].to_vec()
    }
}

impl Object for SimTransaction {
    const TABLE: &'static ObjectTable = &TRANSACTIONS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            network: row.get(0)?,
            hash: row.get(1)?,
            state: row.get(2)?,
            height: row.get(3)?,
            place: row.get(4)?,
            sender: row.get(5)?,
            body: read(row.get(6)?)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.network.as_str(),
            self.hash.as_str(),
            self.state,
            self.height,
            self.place,
            self.sender.clone(),
            json(&self.body)
        ]
        .to_vec()
    }
}

impl Object for SimPoint {
    const TABLE: &'static ObjectTable = &POINTS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self { id, consumer: row.get(0)? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.consumer.clone()].to_vec()
    }
}

/// An object, as the command has left it.
pub(super) async fn find<T: Object>(work: &mut Work<'_>, id: Uuid) -> Result<Option<T>, StoreError> {
    work.load(&[Touch::Object(T::TABLE, id)]).await?;
    work.object(id)
}

/// A transaction that waits or is in the chain.
pub(super) async fn known(
    work: &mut Work<'_>,
    net: Net,
    hash: &str,
) -> Result<Option<SimTransaction>, StoreError> {
    let id = transaction_id(work.app(), net, hash);
    let found: Option<SimTransaction> = find(work, id).await?;
    Ok(found.filter(|found| matches!(found.state, PoolState::Pool | PoolState::Included)))
}

/// Who uses a point.
pub(super) async fn consumer(
    work: &mut Work<'_>,
    net: Net,
    point: &str,
) -> Result<Option<SimTransaction>, StoreError> {
    let id = point_id(work.app(), net, point);
    match find::<SimPoint>(work, id).await?.and_then(|point| point.consumer) {
        Some(hash) => known(work, net, &hash).await,
        None => Ok(None),
    }
}

/// Says who uses a point.
pub(super) async fn set_consumer(
    work: &mut Work<'_>,
    net: Net,
    (point, consumer): (&str, Option<&str>),
) -> Result<(), StoreError> {
    let id = point_id(work.app(), net, point);
    find::<SimPoint>(work, id).await?;
    work.put(&SimPoint { id, consumer: consumer.map(str::to_owned) })
}

async fn all(work: &mut Work<'_>, rows: Vec<Row>) -> Result<Vec<SimTransaction>, StoreError> {
    let ids = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<Uuid>, _>>()?;
    work.load(&ids.iter().map(|id| Touch::Object(&TRANSACTIONS, *id)).collect::<Vec<_>>()).await?;
    let missing = || StoreError::unexpected("a simulated transaction is gone");
    ids.into_iter().map(|id| work.object(id)?.ok_or_else(missing)).collect()
}

/// What waits, in the order in which it came.
pub(super) async fn pool(work: &mut Work<'_>, net: Net) -> Result<Vec<SimTransaction>, StoreError> {
    let rows = work.query(POOL, &params![net.slug]).await?;
    all(work, rows).await
}

/// How much waits.
pub(super) async fn pool_size(scope: &mut Scope, net: Net) -> Result<i64, StoreError> {
    number(scope.query_one(POOL_SIZE, &params![net.slug]).await?)
}

/// What is in the blocks from a height on.
pub(super) async fn from_height(
    work: &mut Work<'_>,
    net: Net,
    height: i64,
) -> Result<Vec<SimTransaction>, StoreError> {
    let rows = work.query(FROM_HEIGHT, &params![net.slug, height]).await?;
    all(work, rows).await
}

/// Takes back what the blocks from a height on moved.
pub(super) async fn undo(work: &mut Work<'_>, net: Net, height: i64) -> Result<(), StoreError> {
    work.execute(UNDO, &params![net.slug, height]).await.map(drop)
}

/// A line of what a transaction in a block moved.
pub(super) struct Entry {
    /// Which of the transaction's transfers it is. None: it is none, such as the fee.
    pub output: Option<u32>,
    pub address: String,
    pub currency: CurrencyCode,
    /// Minor units; below zero where the address gives.
    pub amount: i64,
}

/// The rows of what a transaction moved in its block.
pub(super) fn rows(work: &Work<'_>, of: &SimTransaction, entries: &[Entry]) -> Vec<Vec<Value>> {
    let row = |(line, entry): (i64, &Entry)| {
        params![
            work.book(),
            of.network.as_str(),
            of.height,
            of.place,
            line,
            of.hash.as_str(),
            entry.output.map(i64::from),
            entry.address.as_str(),
            of.body.from.clone(),
            entry.currency,
            entry.amount
        ]
        .to_vec()
    };
    (0..).zip(entries).map(row).collect()
}

pub(super) async fn insert(work: &mut Work<'_>, rows: Vec<Vec<Value>>) -> Result<(), StoreError> {
    work.write_set(&INSERT_ENTRIES, rows).await
}

fn number(row: Option<Row>) -> Result<i64, StoreError> {
    row.map_or(Ok(0), |row| row.get(0))
}

/// The nonce of an account's next transaction.
pub(super) async fn nonce(scope: &mut Scope, net: Net, sender: &str) -> Result<u64, StoreError> {
    let count = number(scope.query_one(NONCE, &params![net.slug, sender]).await?)?;
    u64::try_from(count).map_err(StoreError::unexpected)
}

/// What an address has by the newest block.
pub(super) async fn balance(
    scope: &mut Scope,
    net: Net,
    (address, currency): (&str, CurrencyCode),
) -> Result<i64, StoreError> {
    number(scope.query_one(BALANCE, &params![net.slug, address, currency]).await?)
}

/// The transfers of a block.
pub(super) async fn transfers(scope: &mut Scope, net: Net, height: u64) -> Result<Vec<Transfer>, StoreError> {
    let height = i64::try_from(height).map_err(StoreError::unexpected)?;
    let transfer = |row: &Row| {
        Ok(Transfer {
            transaction: row.get(0)?,
            output: u32::try_from(row.get::<i64>(1)?).map_err(StoreError::unexpected)?,
            to: row.get(2)?,
            from: row.get(3)?,
            currency: row.get(4)?,
            amount: row.get(5)?,
        })
    };
    scope.query(TRANSFERS, &params![net.slug, height]).await?.iter().map(transfer).collect()
}

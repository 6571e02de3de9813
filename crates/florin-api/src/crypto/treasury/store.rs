//! The rows of the treasury.

use super::transaction::{ChainCoin, ChainNonce, ChainTry, Spot, TopUp};
use crate::kit::app::App;
use crate::kit::book::keyed_id;
use florin_store::{
    Object, ObjectTable, Row, Scope, SealedTable, SetStatement, Statement, StoreError, Value, params,
    sealed_objects,
};
use florin_types::CurrencyCode;
use std::collections::HashMap;
use uuid::Uuid;

/// Signed transactions.
pub(in crate::crypto) static TRIES: ObjectTable = sealed_objects!(
    "chain_try",
    "withdrawal": Bytes,
    "network": Text,
    "hash": Text,
    "raw": Text,
    "plan": Bytes,
    "currency": Text,
    "amount": Int,
    "fee": Int,
    "paid": Int,
    "booked": Int,
    "state": Text,
    "height": Int,
    "made_at": Int,
);

/// Outputs of ours.
pub(in crate::crypto) static COINS: ObjectTable = sealed_objects!(
    "chain_coin",
    "network": Text,
    "hash": Text,
    "output": Int,
    "amount": Int,
    "branch": Int,
    "number": Int,
    "height": Int,
    "spent_by": Bytes,
);

/// Money that somebody paid to a hot wallet.
pub(in crate::crypto) static TOP_UPS: ObjectTable = sealed_objects!(
    "chain_top_up",
    "network": Text,
    "hash": Text,
    "output": Int,
    "currency": Text,
    "amount": Int,
    "height": Int,
);

/// The numbers of hot wallets' next transactions.
pub(in crate::crypto) static NONCES: ObjectTable =
    sealed_objects!("chain_nonce", "network": Text, "next": Int, "ahead": Int, "since": Int);

/// What decides where money goes, and whether it goes twice.
pub(in crate::crypto) const SEALED: [&SealedTable; 4] =
    [TRIES.seal(), COINS.seal(), TOP_UPS.seal(), NONCES.seal()];

/// Transactions whose fate is open, some at a time.
const OPEN_TRIES: Statement = "SELECT id, withdrawal, network, hash, raw, plan, currency, amount, fee, paid, booked, \
     state, height, made_at, seal FROM chain_try WHERE book = $1 AND network = $2 \
     AND state IN ('SIGNED', 'SENT', 'INCLUDED', 'REVERTED') AND id > $3 ORDER BY id LIMIT 500";
/// What leaves the hot wallet and is in no block up to a height: of each withdrawal the newest version, which offers
/// the most.
const UNDER_WAY: Statement = "SELECT currency, CAST(SUM(amount) AS BIGINT), CAST(SUM(fee) AS BIGINT) \
     FROM chain_try AS one WHERE book = $1 AND network = $2 \
     AND state IN ('SIGNED', 'SENT', 'INCLUDED', 'REVERTED') AND (height IS NULL OR height > $3) \
     AND NOT EXISTS (SELECT 1 FROM chain_try AS other WHERE other.book = $1 \
     AND other.withdrawal = one.withdrawal AND (other.height <= $3 \
     OR other.made_at > one.made_at OR (other.made_at = one.made_at AND other.id > one.id))) GROUP BY currency";
const TRIES_OF: Statement = "SELECT id, withdrawal, network, hash, raw, plan, currency, amount, fee, paid, booked, \
     state, height, made_at, seal FROM chain_try WHERE book = $1 AND withdrawal = $2 ORDER BY made_at, id";
/// The largest first, as they are chosen: as many as a transaction can spend. All must have their confirmations, change
/// of our own too: a reorganisation can put another version of what made it in its place, and what spends it could
/// never be included.
const FREE_COINS: Statement = "SELECT id, network, hash, output, amount, branch, number, height, spent_by, seal \
     FROM chain_coin WHERE book = $1 AND network = $2 AND spent_by IS NULL \
     AND height <= $3 ORDER BY amount DESC, id LIMIT 500";
const COINS_OF_BLOCK: Statement = "SELECT id, network, hash, output, amount, branch, number, height, spent_by, seal \
     FROM chain_coin WHERE book = $1 AND network = $2 AND height = $3";
const COINS_OF: Statement = "SELECT id, network, hash, output, amount, branch, number, height, spent_by, seal \
     FROM chain_coin WHERE book = $1 AND spent_by = $2";
const TOP_UPS_OF_BLOCK: Statement = "SELECT id, network, hash, output, currency, amount, height, seal \
     FROM chain_top_up WHERE book = $1 AND network = $2 AND height = $3";

const TRIES_OF_BLOCK: Statement = "SELECT id, withdrawal, network, hash, raw, plan, currency, amount, fee, paid, \
     booked, state, height, made_at, seal FROM chain_try WHERE book = $1 AND network = $2 AND height = $3";
/// What is in blocks or in the books.
const ALL_TRIES: Statement = "SELECT id, withdrawal, network, hash, raw, plan, currency, amount, fee, paid, booked, \
     state, height, made_at, seal FROM chain_try WHERE book = $1 AND network = $2 AND id > $3 \
     AND (height IS NOT NULL OR booked IS NOT NULL) ORDER BY id LIMIT 500";
/// Outputs of the hot wallet.
const ALL_COINS: Statement = "SELECT id, network, hash, output, amount, branch, number, height, spent_by, seal \
     FROM chain_coin WHERE book = $1 AND network = $2 AND id > $3 AND height IS NOT NULL \
     AND branch = 1 AND number = 0 ORDER BY id LIMIT 1000";
const ALL_TOP_UPS: Statement = "SELECT id, network, hash, output, currency, amount, height, seal \
     FROM chain_top_up WHERE book = $1 AND network = $2 AND id > $3 AND height IS NOT NULL ORDER BY id LIMIT 1000";

/// Every statement here, for the test that prepares and runs them all.
pub(in crate::crypto) const STATEMENTS: &[Statement] = &[
    OPEN_TRIES,
    UNDER_WAY,
    TRIES_OF,
    TRIES_OF_BLOCK,
    FREE_COINS,
    COINS_OF_BLOCK,
    COINS_OF,
    TOP_UPS_OF_BLOCK,
    ALL_TRIES,
    ALL_COINS,
    ALL_TOP_UPS,
];

/// Those over sets. Nothing is removed.
pub(in crate::crypto) static SETS: [&SetStatement; 12] = {
    let [find_try, insert_try, update_try, _] = TRIES.statements();
    let [find_coin, insert_coin, update_coin, _] = COINS.statements();
    let [find_top_up, insert_top_up, update_top_up, _] = TOP_UPS.statements();
    let [find_nonce, insert_nonce, update_nonce, _] = NONCES.statements();
    [
        find_try,
        insert_try,
        update_try,
        find_coin,
        insert_coin,
        update_coin,
        find_top_up,
        insert_top_up,
        update_top_up,
        find_nonce,
        insert_nonce,
        update_nonce,
    ]
};

/// The id of something on a network.
fn id_of(app: &App, network: &str, what: &str) -> Uuid {
    keyed_id::of(app, "florin 2026 treasury ids v1", network, what)
}

/// The id of a transaction's row.
pub(super) fn try_id(app: &App, network: &str, transaction: &str) -> Uuid {
    id_of(app, network, transaction)
}

/// The id of an output's row.
pub(super) fn output_id(app: &App, network: &str, (transaction, output): (&str, u32)) -> Uuid {
    id_of(app, network, &format!("{transaction}:{output}"))
}

/// The id of a network's nonce.
pub(super) fn nonce_id(app: &App, network: &str) -> Uuid {
    id_of(app, network, "nonce")
}

impl Object for ChainTry {
    const TABLE: &'static ObjectTable = &TRIES;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let plan: Vec<u8> = row.get(4)?;
        Ok(Self {
            id,
            withdrawal: row.get(0)?,
            network: row.get(1)?,
            hash: row.get(2)?,
            raw: row.get(3)?,
            plan: serde_json::from_slice(&plan).map_err(StoreError::unexpected)?,
            currency: row.get(5)?,
            amount: row.get(6)?,
            fee: row.get(7)?,
            paid: row.get(8)?,
            booked: row.get(9)?,
            state: row.get(10)?,
            height: row.get(11)?,
            made_at: row.get(12)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.withdrawal,
            self.network.as_str(),
            self.hash.as_str(),
            self.raw.as_str(),
            serde_json::to_vec(&self.plan).unwrap_or_default(),
            self.currency,
            self.amount,
            self.fee,
            self.paid,
            self.booked,
            self.state,
            self.height,
            self.made_at
        ]
        .to_vec()
    }
}

impl Object for ChainCoin {
    const TABLE: &'static ObjectTable = &COINS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            network: row.get(0)?,
            hash: row.get(1)?,
            output: output_of(row.get(2)?)?,
            amount: row.get(3)?,
            spot: Spot { branch: row.get(4)?, number: row.get(5)? },
            height: row.get(6)?,
            spent_by: row.get(7)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        let Self { network, hash, output, amount, spot, height, spent_by, .. } = self;
        let (network, hash) = (network.as_str(), hash.as_str());
        let Spot { branch, number } = *spot;
        params![network, hash, i64::from(*output), *amount, branch, number, *height, *spent_by].to_vec()
    }
}

impl Object for TopUp {
    const TABLE: &'static ObjectTable = &TOP_UPS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            network: row.get(0)?,
            hash: row.get(1)?,
            output: output_of(row.get(2)?)?,
            currency: row.get(3)?,
            amount: row.get(4)?,
            height: row.get(5)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        let Self { network, hash, output, currency, amount, height, .. } = self;
        let (network, hash) = (network.as_str(), hash.as_str());
        params![network, hash, i64::from(*output), *currency, *amount, *height].to_vec()
    }
}

impl Object for ChainNonce {
    const TABLE: &'static ObjectTable = &NONCES;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self { id, network: row.get(0)?, next: row.get(1)?, ahead: row.get(2)?, since: row.get(3)? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.network.as_str(), self.next, self.ahead, self.since].to_vec()
    }
}

fn output_of(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(StoreError::unexpected)
}

/// The transactions on a network whose fate is open, by their ids: some of those after one.
pub(super) async fn open_tries(
    scope: &mut Scope,
    network: &str,
    after: Uuid,
) -> Result<Vec<ChainTry>, StoreError> {
    let mut some: Vec<ChainTry> = scope.objects(OPEN_TRIES, &params![network, after]).await?;
    some.sort_unstable_by_key(|made| made.id);
    Ok(some)
}

/// What leaves the hot wallet and is in no block up to a height, by the currency; and the fees of all that, in the
/// chain's coin.
pub(super) async fn under_way(
    scope: &mut Scope,
    network: &str,
    height: i64,
) -> Result<(HashMap<CurrencyCode, i64>, i64), StoreError> {
    let (mut amounts, mut fees) = (HashMap::new(), 0_i64);
    for row in scope.query(UNDER_WAY, &params![network, height]).await? {
        amounts.insert(row.get(0)?, row.get(1)?);
        fees = fees.saturating_add(row.get(2)?);
    }
    Ok((amounts, fees))
}

/// The transactions of a withdrawal, the oldest first.
pub(in crate::crypto) async fn tries_of(
    scope: &mut Scope,
    withdrawal: Uuid,
) -> Result<Vec<ChainTry>, StoreError> {
    scope.objects(TRIES_OF, &params![withdrawal]).await
}

/// The transactions in a block.
pub(super) async fn tries_of_block(
    scope: &mut Scope,
    network: &str,
    height: i64,
) -> Result<Vec<ChainTry>, StoreError> {
    scope.objects(TRIES_OF_BLOCK, &params![network, height]).await
}

/// Whatever a statement finds on a network, page by page.
async fn all<T: Object>(
    scope: &mut Scope,
    statement: Statement,
    network: &str,
) -> Result<Vec<T>, StoreError> {
    let (mut all, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let mut some: Vec<T> = scope.objects(statement, &params![network, after]).await?;
        some.sort_unstable_by_key(Object::id);
        let Some(last) = some.last() else { return Ok(all) };
        after = last.id();
        all.extend(some);
    }
}

/// The transactions that are in blocks or in the books.
pub(super) async fn all_tries(scope: &mut Scope, network: &str) -> Result<Vec<ChainTry>, StoreError> {
    all(scope, ALL_TRIES, network).await
}

/// The outputs of the hot wallet that are in blocks, spent ones too.
pub(super) async fn all_coins(scope: &mut Scope, network: &str) -> Result<Vec<ChainCoin>, StoreError> {
    all(scope, ALL_COINS, network).await
}

/// What was paid to the hot wallet.
pub(super) async fn all_top_ups(scope: &mut Scope, network: &str) -> Result<Vec<TopUp>, StoreError> {
    all(scope, ALL_TOP_UPS, network).await
}

/// Outputs that nothing spends, the largest first: those in blocks up to a height.
pub(super) async fn free_coins(
    scope: &mut Scope,
    network: &str,
    height: i64,
) -> Result<Vec<ChainCoin>, StoreError> {
    scope.objects(FREE_COINS, &params![network, height]).await
}

/// The outputs in a block.
pub(super) async fn coins_of_block(
    scope: &mut Scope,
    network: &str,
    height: i64,
) -> Result<Vec<ChainCoin>, StoreError> {
    scope.objects(COINS_OF_BLOCK, &params![network, height]).await
}

/// The outputs that a withdrawal has taken.
pub(super) async fn coins_of(scope: &mut Scope, withdrawal: Uuid) -> Result<Vec<ChainCoin>, StoreError> {
    scope.objects(COINS_OF, &params![withdrawal]).await
}

/// The top-ups in a block.
pub(super) async fn top_ups_of_block(
    scope: &mut Scope,
    network: &str,
    height: i64,
) -> Result<Vec<TopUp>, StoreError> {
    scope.objects(TOP_UPS_OF_BLOCK, &params![network, height]).await
}

//! The rows of deposits.

use super::deposit::Deposit;
use crate::kit::app::App;
use crate::kit::book::keyed_id;
use florin_ledger::HolderId;
use florin_store::{
    Object, ObjectTable, Row, Scope, SealedTable, SetStatement, Statement, StoreError, Touch, Tx, Value,
    params, sealed_objects,
};
use uuid::Uuid;

/// Deposits that one command handles: as many records as a batch takes in some milliseconds.
pub const AT_ONCE: usize = 500;

/// What decides where money goes.
pub static DEPOSITS: ObjectTable = sealed_objects!(
    "crypto_deposit",
    "holder": Int,
    "currency": Text,
    "network": Text,
    "hash": Text,
    "output": Int,
    "address": Text,
    "sender": Text,
    "amount": Int,
    "state": Text,
    "height": Int,
    "sealed": Bytes,
    "created_at": Int,
    "pays": Bytes,
);

/// Its seal.
pub static SEALED: &SealedTable = DEPOSITS.seal();

const RIPE: Statement = "SELECT id, holder, currency, network, hash, output, address, sender, amount, state, height, \
     sealed, created_at, pays, seal FROM crypto_deposit \
     WHERE book = $1 AND network = $2 AND state = 'SEEN' AND height <= $3 ORDER BY height, id LIMIT 500";
const OF_BLOCK: Statement = "SELECT id, holder, currency, network, hash, output, address, sender, amount, state, \
     height, sealed, created_at, pays, seal FROM crypto_deposit \
     WHERE book = $1 AND network = $2 AND height = $3 ORDER BY id LIMIT 500";
const HELD_OF: Statement = "SELECT id, holder, currency, network, hash, output, address, sender, amount, state, \
     height, sealed, created_at, pays, seal FROM crypto_deposit \
     WHERE book = $1 AND holder = $2 AND state = 'HELD' ORDER BY id LIMIT 500";
const WAITS: Statement = "SELECT id FROM crypto_deposit WHERE book = $1 AND holder = $2 \
     AND state IN ('SEEN', 'TRAVEL_RULE', 'HELD') LIMIT 1";
const KNOWN: Statement = "SELECT id, holder, currency, network, hash, output, address, sender, amount, state, height, \
     sealed, created_at, pays, seal FROM crypto_deposit \
     WHERE book = $1 AND holder = $2 AND (sealed IS NOT NULL OR (sender IS NOT NULL \
     AND state NOT IN ('SANCTIONED', 'UNMATCHED', 'TOO_SMALL', 'UNEXPLAINED', 'RETURNING'))) LIMIT 500";

const OF_PURPOSE: Statement = "SELECT id, holder, currency, network, hash, output, address, sender, amount, state, \
     height, sealed, created_at, pays, seal FROM crypto_deposit WHERE book = $1 AND pays = $2 \
     ORDER BY CASE state WHEN 'FOR_ORDER' THEN 0 WHEN 'SETTLED' THEN 2 ELSE 1 END, created_at, id LIMIT 1000";
const SEEN_OF_PURPOSE: Statement = "SELECT CAST(SUM(amount) AS BIGINT) FROM crypto_deposit \
     WHERE book = $1 AND pays = $2 AND height IS NOT NULL AND state IN ('SEEN', 'FOR_ORDER', 'SETTLED')";

const ALL: Statement = "SELECT id, holder, currency, network, hash, output, address, sender, amount, state, height, \
     sealed, created_at, pays, seal FROM crypto_deposit WHERE book = $1 AND id > $2 ORDER BY id LIMIT 500";

const WAITING: Statement = "SELECT id, holder, currency, network, hash, output, address, sender, amount, state, \
     height, sealed, created_at, pays, seal FROM crypto_deposit WHERE book = $1 \
     AND state IN ('SANCTIONED', 'UNMATCHED', 'TOO_SMALL', 'UNEXPLAINED') ORDER BY created_at, id LIMIT 1001";

/// Every statement here, for the test that prepares and runs them all.
pub const STATEMENTS: &[Statement] =
    &[RIPE, OF_BLOCK, HELD_OF, WAITS, KNOWN, OF_PURPOSE, SEEN_OF_PURPOSE, WAITING, ALL];

/// Those over sets. Nothing here is removed.
pub static SETS: [&SetStatement; 3] = {
    let [find, insert, update, _] = DEPOSITS.statements();
    [find, insert, update]
};

/// The id of what an output brings.
pub fn id_of(app: &App, network: &str, transaction: &str, output: u32) -> Uuid {
    keyed_id::of(app, "florin 2026 ids of crypto deposits v1", network, &format!("{transaction}:{output}"))
}

impl Object for Deposit {
    const TABLE: &'static ObjectTable = &DEPOSITS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let height: Option<i64> = row.get(9)?;
        Ok(Self {
            id,
            holder: row.get(0)?,
            currency: row.get(1)?,
            network: row.get(2)?,
            hash: row.get(3)?,
            output: row.get(4)?,
            address: row.get(5)?,
            sender: row.get(6)?,
            amount: row.get(7)?,
            state: row.get(8)?,
            height: height.map(u64::try_from).transpose().map_err(StoreError::unexpected)?,
            sealed: row.get(10)?,
            created_at: row.get(11)?,
            pays: row.get(12)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.holder,
            self.currency,
            self.network.as_str(),
            self.hash.as_str(),
            self.output,
            self.address.as_str(),
            self.sender.as_deref(),
            self.amount,
            self.state,
            self.height.map(as_int),
            self.sealed.clone(),
            self.created_at,
            self.pays
        ]
        .to_vec()
    }
}

/// A height as the database counts. No chain has so many blocks that it would not fit.
fn as_int(height: u64) -> i64 {
    i64::try_from(height).unwrap_or(i64::MAX)
}

/// What must be touched to change a deposit.
pub fn touch(id: Uuid) -> Touch {
    Touch::Object(&DEPOSITS, id)
}

/// Deposits of a network that have been seen and are in blocks up to this height, some at a time.
pub async fn ripe(scope: &mut Scope, network: &str, height: u64) -> Result<Vec<Deposit>, StoreError> {
    scope.objects(RIPE, &params![network, as_int(height)]).await
}

/// Deposits of a block, some at a time.
pub async fn of_block(scope: &mut Scope, network: &str, height: u64) -> Result<Vec<Deposit>, StoreError> {
    scope.objects(OF_BLOCK, &params![network, as_int(height)]).await
}

/// What of a purpose is read at a time.
pub const OF_PURPOSE_AT_ONCE: usize = 1_000;

/// What of a purpose is in blocks and has settled it, or will by itself, in sum.
pub async fn seen_of_purpose(scope: &mut Scope, purpose: Uuid) -> Result<i64, StoreError> {
    let row = scope.query_one(SEEN_OF_PURPOSE, &params![purpose]).await?;
    let sum: Option<i64> = row.map_or(Ok(None), |row| row.get(0))?;
    Ok(sum.unwrap_or_default())
}

/// What came in for a purpose: what is not settled first, and within that the oldest; some at a time.
pub async fn of_purpose(scope: &mut Scope, purpose: Uuid) -> Result<Vec<Deposit>, StoreError> {
    scope.objects(OF_PURPOSE, &params![purpose]).await
}

/// A holder's deposits that wait until it is no longer suspended, some at a time.
pub async fn held(scope: &mut Scope, holder: HolderId) -> Result<Vec<Deposit>, StoreError> {
    scope.objects(HELD_OF, &params![holder]).await
}

/// All deposits of the book, some at a time: those after an id.
pub async fn all(scope: &mut Scope, after: Uuid) -> Result<Vec<Deposit>, StoreError> {
    scope.objects(ALL, &params![after]).await
}

/// The deposits that wait for a person, oldest first; one more than an operator is shown, where more wait.
pub async fn waiting(scope: &mut Scope) -> Result<Vec<Deposit>, StoreError> {
    scope.objects(WAITING, &[]).await
}

/// Whether something that came in for a holder has not ended.
pub async fn is_pending(scope: &mut Scope, holder: HolderId) -> Result<bool, StoreError> {
    Ok(scope.query_one(WAITS, &params![holder]).await?.is_some())
}

/// Empties the deposits of a user that is erased. Who sent one that may go back is known until it has.
pub async fn empty(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    loop {
        // What was put before is written first, so it is not found again.
        let some: Vec<Deposit> = tx.scope().objects(KNOWN, &params![holder]).await?;
        if some.is_empty() {
            return Ok(());
        }
        tx.load(&some.iter().map(|deposit| touch(deposit.id)).collect::<Vec<_>>()).await?;
        some.into_iter().try_for_each(|deposit| {
            let sender = deposit.sender.clone().filter(|_| deposit.state.may_go_back());
            tx.put(&Deposit { sealed: None, sender, ..deposit })
        })?;
    }
}

//! The rows of withdrawals.

use super::withdrawal::Withdrawal;
use florin_store::{
    HolderId, Object, ObjectTable, Row, Scope, SetStatement, Statement, StoreError, Touch, Tx, Value, params,
    sealed_objects,
};
use uuid::Uuid;

/// Withdrawals.
pub(in crate::crypto) static WITHDRAWALS: ObjectTable = sealed_objects!(
    "crypto_withdrawal",
    "holder": Int,
    "currency": Text,
    "network": Text,
    "amount": Int,
    "fee": Int,
    "network_fee": Int,
    "state": Text,
    "waits": Text,
    "failure": Text,
    "sealed": Bytes,
    "hash": Text,
    "height": Int,
    "confirmations": Int,
    "returns": Bytes,
    "created_at": Int,
);

const IS_OPEN: Statement = "SELECT id FROM crypto_withdrawal WHERE book = $1 AND holder = $2 \
     AND state IN ('HELD', 'APPROVAL', 'SIGNED', 'SENT') LIMIT 1";
const WAITING: Statement = "SELECT id, holder, currency, network, amount, fee, network_fee, state, waits, failure, \
     sealed, hash, height, confirmations, returns, created_at, seal FROM crypto_withdrawal \
     WHERE book = $1 AND state IN ('HELD', 'APPROVAL') ORDER BY created_at, id LIMIT 1001";
/// Withdrawals of a holder that are not emptied yet, some at a time.
const KNOWN: Statement = "SELECT id, holder, currency, network, amount, fee, network_fee, state, waits, failure, \
     sealed, hash, height, confirmations, returns, created_at, seal FROM crypto_withdrawal \
     WHERE book = $1 AND holder = $2 AND sealed IS NOT NULL LIMIT 500";

/// Every statement here, for the test that prepares and runs them all.
pub(in crate::crypto) const STATEMENTS: &[Statement] = &[IS_OPEN, WAITING, KNOWN];

/// Those over sets. Nothing is removed.
pub(in crate::crypto) static SETS: [&SetStatement; 3] = {
    let [find, insert, update, _] = WITHDRAWALS.statements();
    [find, insert, update]
};

impl Object for Withdrawal {
    const TABLE: &'static ObjectTable = &WITHDRAWALS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            holder: row.get(0)?,
            currency: row.get(1)?,
            network: row.get(2)?,
            amount: row.get(3)?,
            fee: row.get(4)?,
            network_fee: row.get(5)?,
            state: row.get(6)?,
            waits: row.get(7)?,
            failure: row.get(8)?,
            sealed: row.get(9)?,
            hash: row.get(10)?,
            height: row.get(11)?,
            confirmations: row.get(12)?,
            returns: row.get(13)?,
            created_at: row.get(14)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.holder,
            self.currency,
            self.network.as_str(),
            self.amount,
            self.fee,
            self.network_fee,
            self.state,
            self.waits,
            self.failure,
            self.sealed.clone(),
            self.hash.clone(),
            self.height,
            self.confirmations,
            self.returns,
            self.created_at
        ]
        .to_vec()
    }
}

/// Whether a withdrawal of a holder has not ended.
pub(super) async fn is_open(scope: &mut Scope, holder: HolderId) -> Result<bool, StoreError> {
    Ok(scope.query_one(IS_OPEN, &params![holder]).await?.is_some())
}

/// What is not signed yet, oldest first; one more than an operator is shown, where more wait.
pub(super) async fn waiting(scope: &mut Scope) -> Result<Vec<Withdrawal>, StoreError> {
    scope.objects(WAITING, &[]).await
}

/// Empties the withdrawals of a user that is erased.
pub(in crate::crypto) async fn empty(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    loop {
        // What was put before is written first, so it is not found again.
        let some: Vec<Withdrawal> = tx.scope().objects(KNOWN, &params![holder]).await?;
        if some.is_empty() {
            return Ok(());
        }
        let touches: Vec<_> = some.iter().map(|one| Touch::Object(&WITHDRAWALS, one.id)).collect();
        tx.load(&touches).await?;
        some.into_iter().try_for_each(|one| tx.put(&Withdrawal { sealed: None, ..one }))?;
    }
}

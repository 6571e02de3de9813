//! The rows of recalls.

use super::recall::Recall;
use crate::sepa::store::{empty_all, reason_of, reason_text};
use florin_store::{
    HolderId, Object, ObjectTable, Row, Scope, Statement, StoreError, Tx, Value, params, sealed_objects,
};
use uuid::Uuid;

/// Recalls, both ways.
pub(in crate::sepa) static RECALLS: ObjectTable = sealed_objects!(
    "sepa_recall",
    "direction": Text,
    "holder": Int,
    "payment": Bytes,
    "amount": Int,
    "reason": Text,
    "status": Text,
    "answer": Text,
    "message": Text,
    "sending": Text,
    "sealed": Bytes,
    "created_at": Int,
    "answer_by": Int,
);

/// Also one whose answer the bank does not have yet: what the answer repeats goes with the holder's key.
const IS_OPEN: Statement = "SELECT id FROM sepa_recall WHERE book = $1 AND holder = $2 AND (status = 'OPEN' \
     OR (direction = 'INCOMING' AND sending IN ('WAITING', 'SUBMITTING'))) LIMIT 1";
/// Newest first: ids begin with the time.
const PAGE: Statement = "SELECT id, direction, holder, payment, amount, reason, status, answer, message, sending, \
     sealed, created_at, answer_by, seal FROM sepa_recall WHERE book = $1 AND id < $2 ORDER BY id DESC LIMIT $3";

/// Recalls of a holder that are not emptied yet, some at a time.
const KNOWN: Statement = "SELECT id, direction, holder, payment, amount, reason, status, answer, message, sending, \
     sealed, created_at, answer_by, seal FROM sepa_recall \
     WHERE book = $1 AND holder = $2 AND sealed IS NOT NULL LIMIT 500";

/// Every statement here, for the test that prepares and runs them all.
pub(in crate::sepa) const STATEMENTS: &[Statement] = &[IS_OPEN, PAGE, KNOWN];

impl Object for Recall {
    const TABLE: &'static ObjectTable = &RECALLS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let reason = reason_of(row.get(4)?)?;
        Ok(Self {
            id,
            direction: row.get(0)?,
            holder: row.get(1)?,
            payment: row.get(2)?,
            amount: row.get(3)?,
            reason: reason.ok_or_else(|| StoreError::unexpected("a recall without a reason"))?,
            status: row.get(5)?,
            answer: reason_of(row.get(6)?)?,
            message: row.get(7)?,
            sending: row.get(8)?,
            sealed: row.get(9)?,
            created_at: row.get(10)?,
            answer_by: row.get(11)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.direction,
            self.holder,
            self.payment,
            self.amount,
            reason_text(Some(self.reason)),
            self.status,
            reason_text(self.answer),
            self.message.clone(),
            self.sending,
            self.sealed.clone(),
            self.created_at,
            self.answer_by
        ]
        .to_vec()
    }
}

/// Empties what is sealed under the key of a holder who is erased.
pub(in crate::sepa) async fn empty(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    empty_all(tx, holder, KNOWN, |recall| Recall { sealed: None, ..recall }).await
}

/// Whether a recall of a holder's money is open, or its answer was not handed over yet.
pub(in crate::sepa) async fn is_open(scope: &mut Scope, holder: HolderId) -> Result<bool, StoreError> {
    Ok(scope.query_one(IS_OPEN, &params![holder]).await?.is_some())
}

/// The newest recalls before one, newest first.
pub async fn page(scope: &mut Scope, before: Uuid, limit: u32) -> Result<Vec<Recall>, StoreError> {
    scope.objects(PAGE, &params![before, i64::from(limit)]).await
}

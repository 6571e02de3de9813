//! The rows of this family.

use super::contact::Contact;
use super::deposit::Deposit;
use super::transfer::{SepaSpeed, Transfer, TransferFailure};
use florin_rails::sepa::Reason;
use florin_store::{
    HolderId, Object, ObjectTable, Row, Scope, SealedTable, SetStatement, Statement, StoreError, Touch, Tx,
    Value, params, sealed_objects,
};
use uuid::Uuid;

/// Payments out.
pub(super) static TRANSFERS: ObjectTable = sealed_objects!(
    "sepa_transfer",
    "holder": Int,
    "amount": Int,
    "fee": Int,
    "speed": Text,
    "state": Text,
    "failure": Text,
    "reason": Text,
    "refunds": Bytes,
    "sealed": Bytes,
    "created_at": Int,
    "returned": Int,
    "file": Int,
    "requested": Text,
    "fell_back": Text,
    "recall": Bytes,
);

/// Payments in.
pub(super) static DEPOSITS: ObjectTable = sealed_objects!(
    "sepa_deposit",
    "holder": Int,
    "amount": Int,
    "state": Text,
    "returns": Bytes,
    "reason": Text,
    "sealed": Bytes,
    "created_at": Int,
    "recall": Bytes,
);

/// Accounts that are their holder's own.
pub(super) static CONTACTS: ObjectTable =
    sealed_objects!("sepa_contact", "holder": Int, "sealed": Bytes, "added_at": Int);

/// What decides where money goes.
pub(super) static SEALED: [&SealedTable; 5] =
    [TRANSFERS.seal(), DEPOSITS.seal(), CONTACTS.seal(), super::recalls::RECALLS.seal(), &super::vop::ASKERS];

/// Deposits that one job credits: as many records as a batch takes in a few milliseconds.
pub(super) const HELD_AT_ONCE: usize = 100;

const CONTACTS_OF: Statement = "SELECT id, holder, sealed, added_at, seal FROM sepa_contact \
     WHERE book = $1 AND holder = $2 ORDER BY added_at DESC, id DESC LIMIT 1000";
const HELD_OF: Statement =
    "SELECT id FROM sepa_deposit WHERE book = $1 AND holder = $2 AND state = 'HELD' ORDER BY id LIMIT 100";
const IN_SUSPENSE: Statement = "SELECT id, holder, amount, state, returns, reason, sealed, created_at, recall, seal \
     FROM sepa_deposit WHERE book = $1 AND state IN ('UNMATCHED', 'PENDING', 'HELD', 'STUCK') \
     ORDER BY created_at, id LIMIT 1001";
const IS_PENDING: Statement = "SELECT id FROM sepa_transfer WHERE book = $1 AND holder = $2 \
     AND state IN ('HELD', 'SUBMITTING', 'SUBMITTED') LIMIT 1";
const WAITS: Statement = "SELECT id FROM sepa_deposit WHERE book = $1 AND holder = $2 \
     AND state IN ('PENDING', 'HELD', 'RETURNING', 'STUCK') LIMIT 1";

/// Run when a user is erased; `$2` is the holder.
pub(super) const ERASE: &[Statement] = &["DELETE FROM sepa_contact WHERE book = $1 AND holder = $2"];

/// Payments of a holder that are not emptied yet, some at a time.
const KNOWN_TRANSFERS: Statement = "SELECT id, holder, amount, fee, speed, state, failure, reason, refunds, sealed, \
     created_at, returned, file, requested, fell_back, recall, seal FROM sepa_transfer \
     WHERE book = $1 AND holder = $2 AND sealed IS NOT NULL LIMIT 500";
const KNOWN_DEPOSITS: Statement = "SELECT id, holder, amount, state, returns, reason, sealed, created_at, recall, seal \
     FROM sepa_deposit WHERE book = $1 AND holder = $2 AND sealed IS NOT NULL LIMIT 500";

/// What a reset forgets: whose accounts were known.
pub(super) const FORGET: Statement = "DELETE FROM sepa_contact WHERE book = $1";

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] =
    &[CONTACTS_OF, HELD_OF, IN_SUSPENSE, IS_PENDING, WAITS, KNOWN_TRANSFERS, KNOWN_DEPOSITS];

/// Those over sets. Nothing here is removed.
pub(super) static SETS: [&SetStatement; 16] = {
    let [find, insert, update, _] = TRANSFERS.statements();
    let [find_deposit, insert_deposit, update_deposit, _] = DEPOSITS.statements();
    let [find_contact, insert_contact, _, _] = CONTACTS.statements();
    let [find_booking, insert_booking, update_booking, _] = super::files::BOOKINGS.statements();
    let [find_recall, insert_recall, update_recall, _] = super::recalls::RECALLS.statements();
    let [of_payments, heard_by] = super::files::SETS;
    [
        find,
        insert,
        update,
        find_deposit,
        insert_deposit,
        update_deposit,
        find_contact,
        insert_contact,
        of_payments,
        heard_by,
        find_booking,
        insert_booking,
        update_booking,
        find_recall,
        insert_recall,
        update_recall,
    ]
};

pub(super) fn reason_of(text: Option<String>) -> Result<Option<Reason>, StoreError> {
    text.map(|text| Reason::parse(&text).map_err(StoreError::unexpected)).transpose()
}

pub(super) fn reason_text(reason: Option<Reason>) -> Option<String> {
    reason.map(|reason| reason.to_string())
}

impl Object for Transfer {
    const TABLE: &'static ObjectTable = &TRANSFERS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let (code, reason) = (row.get::<Option<_>>(5)?, reason_of(row.get(6)?)?);
        Ok(Self {
            id,
            holder: row.get(0)?,
            amount: row.get(1)?,
            fee: row.get(2)?,
            speed: row.get::<SepaSpeed>(3)?.into(),
            requested: row.get(12)?,
            fell_back: reason_of(row.get(13)?)?,
            state: row.get(4)?,
            failure: code.map(|code| TransferFailure { code, reason }),
            refunds: row.get(7)?,
            recall: row.get(14)?,
            sealed: row.get(8)?,
            created_at: row.get(9)?,
            returned: row.get(10)?,
            file: row.get(11)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        let failure = self.failure;
        params![
            self.holder,
            self.amount,
            self.fee,
            SepaSpeed::from(self.speed),
            self.state,
            failure.map(|failure| failure.code),
            reason_text(failure.and_then(|failure| failure.reason)),
            self.refunds,
            self.sealed.clone(),
            self.created_at,
            self.returned,
            self.file,
            self.requested,
            reason_text(self.fell_back),
            self.recall
        ]
        .to_vec()
    }
}

impl Object for Deposit {
    const TABLE: &'static ObjectTable = &DEPOSITS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            holder: row.get(0)?,
            amount: row.get(1)?,
            state: row.get(2)?,
            returns: row.get(3)?,
            reason: reason_of(row.get(4)?)?,
            sealed: row.get(5)?,
            created_at: row.get(6)?,
            recall: row.get(7)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.holder,
            self.amount,
            self.state,
            self.returns,
            reason_text(self.reason),
            self.sealed.clone(),
            self.created_at,
            self.recall
        ]
        .to_vec()
    }
}

impl Object for Contact {
    const TABLE: &'static ObjectTable = &CONTACTS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self { id, holder: row.get(0)?, sealed: row.get(1)?, added_at: row.get(2)? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.holder, self.sealed.clone(), self.added_at].to_vec()
    }
}

/// A holder's contacts, newest first.
pub(super) async fn contacts(scope: &mut Scope, holder: HolderId) -> Result<Vec<Contact>, StoreError> {
    scope.objects(CONTACTS_OF, &params![holder]).await
}

/// A holder's deposits that wait until it is no longer suspended, some at a time.
pub(super) async fn held(scope: &mut Scope, holder: HolderId) -> Result<Vec<Uuid>, StoreError> {
    scope.query(HELD_OF, &params![holder]).await?.iter().map(|row| row.get(0)).collect()
}

/// The deposits that wait for a person, oldest first; one more than an operator is shown, where more wait.
pub(super) async fn in_suspense(scope: &mut Scope) -> Result<Vec<Deposit>, StoreError> {
    scope.objects(IN_SUSPENSE, &[]).await
}

/// Whether a payment of a holder, out or in, has not ended.
pub(super) async fn is_pending(scope: &mut Scope, holder: HolderId) -> Result<bool, StoreError> {
    let out = scope.query_one(IS_PENDING, &params![holder]).await?;
    Ok(out.is_some() || scope.query_one(WAITS, &params![holder]).await?.is_some())
}

/// Empties the payments of a user that is erased.
pub(super) async fn empty(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    empty_all(tx, holder, KNOWN_TRANSFERS, |transfer| Transfer { sealed: None, ..transfer }).await?;
    empty_all(tx, holder, KNOWN_DEPOSITS, |deposit| Deposit { sealed: None, ..deposit }).await?;
    super::recalls::empty(tx, holder).await
}

pub(super) async fn empty_all<T: Object>(
    tx: &mut Tx,
    holder: HolderId,
    known: Statement,
    emptied: fn(T) -> T,
) -> Result<(), StoreError> {
    loop {
        // What was put before is written first, so it is not found again.
        let some: Vec<T> = tx.scope().objects(known, &params![holder]).await?;
        if some.is_empty() {
            return Ok(());
        }
        tx.load(&some.iter().map(|object| Touch::Object(T::TABLE, object.id())).collect::<Vec<_>>()).await?;
        some.into_iter().try_for_each(|object| tx.put(&emptied(object)))?;
    }
}

//! The rows of locks and exchanges.

use super::completed::{Exchange, Side};
use super::lock::RateLock;
use florin_rails::rates::Rates;
use florin_store::{Object, ObjectTable, Row, SetStatement, Statement, StoreError, Type, Value, params};
use uuid::Uuid;

/// Where the locks are.
pub(super) static LOCKS: ObjectTable = ObjectTable::new(
    "exchange_lock",
    &[
        ("holder", Type::Int),
        ("rates", Type::Text),
        ("fee", Type::Text),
        ("created_at", Type::Int),
        ("valid_until", Type::Int),
        ("used_by", Type::Bytes),
    ],
);

static EXCHANGES: ObjectTable = ObjectTable::new(
    "exchange",
    &[
        ("holder", Type::Int),
        ("lock", Type::Bytes),
        ("from_currency", Type::Text),
        ("from_amount", Type::Int),
        ("from_rate", Type::Text),
        ("to_currency", Type::Text),
        ("to_amount", Type::Int),
        ("to_rate", Type::Text),
        ("fee", Type::Int),
        ("percentage", Type::Text),
        ("at", Type::Int),
    ],
);

/// Locks that expired long ago, some at a time. What came of a lock is in its exchange.
pub(super) const FORGET_OLD_LOCKS: Statement = "DELETE FROM exchange_lock WHERE book = $1 AND id IN (\
     SELECT id FROM exchange_lock WHERE book = $1 AND valid_until < $2 ORDER BY valid_until LIMIT 1000)";

/// The locks of a sandbox that is reset.
pub(super) const FORGET_LOCKS: Statement = "DELETE FROM exchange_lock WHERE book = $1";

/// Those over sets. No single lock is removed, and an exchange is final.
pub(super) static SETS: [&SetStatement; 5] = {
    let [find, insert, update, _] = LOCKS.statements();
    let [find_exchange, insert_exchange, _, _] = EXCHANGES.statements();
    [find, insert, update, find_exchange, insert_exchange]
};

impl Object for RateLock {
    const TABLE: &'static ObjectTable = &LOCKS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let rates = Rates::parse(&row.get::<String>(1)?);
        Ok(Self {
            id,
            holder: row.get(0)?,
            rates: rates.ok_or_else(|| StoreError::unexpected("a lock whose rates can't be read"))?,
            fee: row.get(2)?,
            created_at: row.get(3)?,
            valid_until: row.get(4)?,
            used_by: row.get(5)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        let rates = self.rates.to_string();
        params![self.holder, rates, self.fee, self.created_at, self.valid_until, self.used_by].to_vec()
    }
}

impl Object for Exchange {
    const TABLE: &'static ObjectTable = &EXCHANGES;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let side = |first: usize| {
            Ok::<_, StoreError>(Side {
                currency: row.get(first)?,
                amount: row.get(first + 1)?,
                rate: row.get(first + 2)?,
            })
        };
        Ok(Self {
            id,
            holder: row.get(0)?,
            lock: row.get(1)?,
            from: side(2)?,
            to: side(5)?,
            fee: row.get(8)?,
            percentage: row.get(9)?,
            at: row.get(10)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        let Self { from, to, .. } = self;
        params![
            self.holder,
            self.lock,
            from.currency,
            from.amount,
            from.rate,
            to.currency,
            to.amount,
            to.rate,
            self.fee,
            self.percentage,
            self.at
        ]
        .to_vec()
    }
}

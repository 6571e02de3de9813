//! The rows of this family.

use super::order::{LinkOrder, Order, OrderLock, Payment};
use florin_store::{
    Object, ObjectTable, Row, Scope, SealedTable, SetStatement, Statement, StoreError, Value, params,
    sealed_objects,
};
use uuid::Uuid;

/// Locks.
pub(super) static LOCKS: ObjectTable = sealed_objects!(
    "order_lock",
    "currency": Text,
    "network": Text,
    "settlement": Int,
    "required": Int,
    "rate": Text,
    "created_at": Int,
    "valid_until": Int,
    "used_by": Bytes,
);

/// Orders.
pub(super) static ORDERS: ObjectTable = sealed_objects!(
    "pay_order",
    "lock": Bytes,
    "currency": Text,
    "network": Text,
    "settlement": Int,
    "required": Int,
    "rate": Text,
    "state": Text,
    "address": Text,
    "seen": Int,
    "received": Int,
    "in_time": Int,
    "settled_locked": Int,
    "settled": Int,
    "created_at": Int,
    "expires_at": Int,
);

/// What was settled of deposits.
pub(super) static PAYMENTS: ObjectTable = sealed_objects!(
    "order_payment",
    "pay_order": Bytes,
    "amount": Int,
    "counted": Int,
    "settled_locked": Int,
    "settled": Int,
    "is_late": Int,
    "is_lost": Int,
);

/// Which orders are of payment links. A table of its own: orders from before links keep the seals that they have.
pub(super) static LINK_ORDERS: ObjectTable =
    sealed_objects!("link_order", "link": Bytes, "number": Int, "memo": Bytes);

/// What decides what is settled.
pub(super) static SEALED: [&SealedTable; 4] =
    [LOCKS.seal(), ORDERS.seal(), PAYMENTS.seal(), LINK_ORDERS.seal()];

/// A link has a bounded number of orders.
const OF_LINK: Statement = "SELECT id, link, number, memo, seal FROM link_order WHERE book = $1 AND link = $2 \
     ORDER BY number LIMIT 1000";

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[OF_LINK];

/// Locks that expired long ago, some at a time. What came of a lock is in its order.
pub(super) const FORGET_OLD_LOCKS: Statement = "DELETE FROM order_lock WHERE book = $1 AND id IN (\
     SELECT id FROM order_lock WHERE book = $1 AND valid_until < $2 ORDER BY valid_until LIMIT 1000)";

/// The locks of a sandbox that is reset.
pub(super) const FORGET_LOCKS: Statement = "DELETE FROM order_lock WHERE book = $1";

/// Those over sets. No single lock, order or payment is removed.
pub(super) static SETS: [&SetStatement; 11] = {
    let ([a, b, c, _], [d, e, f, _], [g, h, i, _]) =
        (LOCKS.statements(), ORDERS.statements(), PAYMENTS.statements());
    // Whose an order is never changes.
    let [j, k, _, _] = LINK_ORDERS.statements();
    [a, b, c, d, e, f, g, h, i, j, k]
};

/// The orders of a link, the oldest first.
pub(super) async fn of_link(scope: &mut Scope, link: Uuid) -> Result<Vec<Order>, StoreError> {
    let ids: Vec<LinkOrder> = scope.objects(OF_LINK, &params![link]).await?;
    let ids: Vec<_> = ids.into_iter().map(|of| of.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut orders: Vec<Order> = scope.objects_at(&ids).await?;
    orders.sort_by_key(|order| ids.iter().position(|id| *id == order.id));
    Ok(orders)
}

impl Object for LinkOrder {
    const TABLE: &'static ObjectTable = &LINK_ORDERS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self { id, link: row.get(0)?, number: row.get(1)?, memo: row.get(2)? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.link, self.number, self.memo.clone()].to_vec()
    }
}

impl Object for OrderLock {
    const TABLE: &'static ObjectTable = &LOCKS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            currency: row.get(0)?,
            network: row.get(1)?,
            settlement: row.get(2)?,
            required: row.get(3)?,
            rate: row.get(4)?,
            created_at: row.get(5)?,
            valid_until: row.get(6)?,
            used_by: row.get(7)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.currency,
            self.network.as_str(),
            self.settlement,
            self.required,
            self.rate,
            self.created_at,
            self.valid_until,
            self.used_by
        ]
        .to_vec()
    }
}

impl Object for Order {
    const TABLE: &'static ObjectTable = &ORDERS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            lock: row.get(0)?,
            currency: row.get(1)?,
            network: row.get(2)?,
            settlement: row.get(3)?,
            required: row.get(4)?,
            rate: row.get(5)?,
            state: row.get(6)?,
            address: row.get(7)?,
            seen: row.get(8)?,
            received: row.get(9)?,
            in_time: row.get(10)?,
            settled_locked: row.get(11)?,
            settled: row.get(12)?,
            created_at: row.get(13)?,
            expires_at: row.get(14)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.lock,
            self.currency,
            self.network.as_str(),
            self.settlement,
            self.required,
            self.rate,
            self.state,
            self.address.as_deref(),
            self.seen,
            self.received,
            self.in_time,
            self.settled_locked,
            self.settled,
            self.created_at,
            self.expires_at
        ]
        .to_vec()
    }
}

impl Object for Payment {
    const TABLE: &'static ObjectTable = &PAYMENTS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            order: row.get(0)?,
            amount: row.get(1)?,
            counted: row.get(2)?,
            settled_locked: row.get(3)?,
            settled: row.get(4)?,
            is_late: row.get(5)?,
            is_lost: row.get(6)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.order,
            self.amount,
            self.counted,
            self.settled_locked,
            self.settled,
            self.is_late,
            self.is_lost
        ]
        .to_vec()
    }
}

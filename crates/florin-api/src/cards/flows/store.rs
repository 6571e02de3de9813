//! The rows of card transactions.

use super::entry::{CardEntry, StepDetails};
use crate::cards::payment::{CardPayment, Counters};
use crate::cards::unclaimed::Unclaimed;
use crate::cards::usage::CardUsage;
use florin_store::{
    HolderId, Object, ObjectTable, Row, Scope, SealedTable, SetStatement, Statement, StoreError, Touch, Tx,
    Value, params, sealed_objects,
};
use uuid::Uuid;

/// Card transactions.
pub(in crate::cards) static PAYMENTS: ObjectTable = sealed_objects!(
    "card_payment",
    "holder": Int,
    "card": Bytes,
    "state": Text,
    "channel": Text,
    "currency": Text,
    "decimals": Int,
    "rate": Text,
    "percentage": Text,
    "authorised": Int,
    "released": Int,
    "cleared": Int,
    "refunded": Int,
    "charged_back": Int,
    "represented": Int,
    "held": Int,
    "fee": Int,
    "decline": Text,
    "decided_by": Text,
    "sealed": Bytes,
    "expires_at": Int,
    "counted_at": Int,
    "created_at": Int,
);

/// What counts for limits; the id is the card's.
pub(in crate::cards) static USAGES: ObjectTable =
    sealed_objects!("card_usage", "slots": Bytes, "uses": Bytes);

/// What was said about transactions.
pub(in crate::cards) static ENTRIES: ObjectTable = sealed_objects!(
    "card_entry",
    "card": Bytes,
    "payment": Bytes,
    "event": Int,
    "at": Int,
    "data": Bytes,
);

/// Money that came back for users that had been deleted.
pub(in crate::cards) static UNCLAIMED: ObjectTable = sealed_objects!(
    "card_unclaimed",
    "payment": Bytes,
    "amount": Int,
    "state": Text,
    "created_at": Int,
);

/// What decides whose money is spent.
pub(in crate::cards) static SEALED: [&SealedTable; 4] =
    [PAYMENTS.seal(), USAGES.seal(), ENTRIES.seal(), UNCLAIMED.seal()];

/// Newest first: events are numbered in their order.
const PAGE: Statement = "SELECT id, card, payment, event, at, data, seal FROM card_entry \
     WHERE book = $1 AND card = $2 AND event < $3 ORDER BY event DESC LIMIT $4";

/// Transactions of a holder that are not emptied yet, some at a time.
const KNOWN: Statement = "SELECT id, holder, card, state, channel, currency, decimals, rate, percentage, authorised, \
     released, cleared, refunded, charged_back, represented, held, fee, decline, decided_by, sealed, expires_at, \
     counted_at, created_at, seal FROM card_payment WHERE book = $1 AND holder = $2 AND sealed IS NOT NULL LIMIT 500";

const IS_OPEN: Statement =
    "SELECT id FROM card_payment WHERE book = $1 AND holder = $2 AND state = 'AUTHORISED' LIMIT 1";

const IS_UNCLAIMED: Statement = "SELECT id, payment, amount, state, created_at, seal FROM card_unclaimed \
     WHERE book = $1 AND state = 'WAITING' ORDER BY created_at, id LIMIT 1000";

/// Every statement here, for the test that prepares and runs them all.
pub(in crate::cards) const STATEMENTS: &[Statement] = &[PAGE, KNOWN, IS_OPEN, IS_UNCLAIMED];

/// Those over sets. Nothing is removed.
pub(in crate::cards) static SETS: [&SetStatement; 12] = {
    let ([a, b, c, _], [d, e, f, _]) = (PAYMENTS.statements(), USAGES.statements());
    let ([g, h, i, _], [j, k, l, _]) = (ENTRIES.statements(), UNCLAIMED.statements());
    [a, b, c, d, e, f, g, h, i, j, k, l]
};

impl Object for CardPayment {
    const TABLE: &'static ObjectTable = &PAYMENTS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let decimals: i64 = row.get(5)?;
        Ok(Self {
            id,
            holder: row.get(0)?,
            card: row.get(1)?,
            state: row.get(2)?,
            channel: row.get(3)?,
            currency: row.get(4)?,
            decimals: u8::try_from(decimals).map_err(StoreError::unexpected)?,
            rate: row.get(6)?,
            percentage: row.get(7)?,
            counters: Counters {
                authorised: row.get(8)?,
                released: row.get(9)?,
                cleared: row.get(10)?,
                refunded: row.get(11)?,
                charged_back: row.get(12)?,
                represented: row.get(13)?,
            },
            held: row.get(14)?,
            fee: row.get(15)?,
            decline: row.get(16)?,
            decided_by: row.get(17)?,
            sealed: row.get(18)?,
            expires_at: row.get(19)?,
            counted_at: row.get(20)?,
            created_at: row.get(21)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        let counters = self.counters;
        params![
            self.holder,
            self.card,
            self.state,
            self.channel,
            self.currency,
            i64::from(self.decimals),
            self.rate,
            self.percentage,
            counters.authorised,
            counters.released,
            counters.cleared,
            counters.refunded,
            counters.charged_back,
            counters.represented,
            self.held,
            self.fee,
            self.decline,
            self.decided_by,
            self.sealed.clone(),
            self.expires_at,
            self.counted_at,
            self.created_at
        ]
        .to_vec()
    }
}

impl Object for CardUsage {
    const TABLE: &'static ObjectTable = &USAGES;

    fn id(&self) -> Uuid {
        self.card
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let (slots, uses): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let usage = Self::from_bytes(id, &slots, &uses);
        usage.ok_or_else(|| StoreError::unexpected("what is used of a card cannot be read"))
    }

    fn to_row(&self) -> Vec<Value> {
        let (slots, uses) = self.to_bytes();
        params![slots, uses].to_vec()
    }
}

impl Object for CardEntry {
    const TABLE: &'static ObjectTable = &ENTRIES;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let data: Vec<u8> = row.get(4)?;
        Ok(Self {
            id,
            card: row.get(0)?,
            payment: row.get(1)?,
            event: row.get(2)?,
            at: row.get(3)?,
            details: StepDetails::read(&data)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.card, self.payment, self.event, self.at, self.details.written()].to_vec()
    }
}

impl Object for Unclaimed {
    const TABLE: &'static ObjectTable = &UNCLAIMED;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            payment: row.get(0)?,
            amount: row.get(1)?,
            state: row.get(2)?,
            created_at: row.get(3)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.payment, self.amount, self.state, self.created_at].to_vec()
    }
}

/// Money that waits for a person, the oldest first.
pub(in crate::cards) async fn unclaimed(scope: &mut Scope) -> Result<Vec<Unclaimed>, StoreError> {
    scope.objects(IS_UNCLAIMED, &params![]).await
}

/// The entries of a card before an event's number, newest first.
pub(super) async fn page(
    scope: &mut Scope,
    card: Uuid,
    before: i64,
    limit: u32,
) -> Result<Vec<CardEntry>, StoreError> {
    scope.objects(PAGE, &params![card, before, i64::from(limit)]).await
}

/// Whether money of a holder is on hold for a card transaction.
pub(in crate::cards) async fn is_open(scope: &mut Scope, holder: HolderId) -> Result<bool, StoreError> {
    Ok(scope.query_one(IS_OPEN, &params![holder]).await?.is_some())
}

/// Empties the transactions of a user that is erased.
pub(in crate::cards) async fn empty(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    loop {
        // What was put before is written first, so it is not found again.
        let some: Vec<CardPayment> = tx.scope().objects(KNOWN, &params![holder]).await?;
        if some.is_empty() {
            return Ok(());
        }
        let touches: Vec<_> = some.iter().map(|payment| Touch::Object(&PAYMENTS, payment.id)).collect();
        tx.load(&touches).await?;
        some.into_iter().try_for_each(|payment| tx.put(&CardPayment { sealed: None, ..payment }))?;
    }
}

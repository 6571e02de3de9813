//! The rows of this family.

use super::card::Card;
use super::limits::CardLimits;
use super::tries::CardTries;
use crate::kit::app::App;
use florin_store::{
    BookId, HolderId, Object, ObjectTable, Row, Scope, SealedTable, SetStatement, Statement, StoreError,
    Touch, Tx, Value, params, sealed_objects,
};
use uuid::Uuid;

/// Cards.
pub(super) static CARDS: ObjectTable = sealed_objects!(
    "card",
    "holder": Int,
    "status": Text,
    "is_locked": Int,
    "label": Bytes,
    "last4": Text,
    "pan_key": Bytes,
    "sealed": Bytes,
    "pin_block": Bytes,
    "monthly_all": Int,
    "daily_all": Int,
    "monthly_atm": Int,
    "daily_atm": Int,
    "monthly_ecom": Int,
    "daily_ecom": Int,
    "activation": Text,
    "fee_months": Int,
    "fee_owed": Int,
    "created_at": Int,
    "expires_at": Int,
    "deleted_at": Int,
);

/// Wrong PINs and CVVs; the id is the card's.
pub(super) static TRIES: ObjectTable = sealed_objects!("card_tries", "pins": Int, "cvvs": Int, "cvv_at": Int);

/// What decides whose money is spent.
pub(super) static SEALED: [&SealedTable; 2] = [CARDS.seal(), TRIES.seal()];

/// Numbers are unique over all books of the installation, so this alone does not look at its own book only.
const IS_TAKEN: Statement = "SELECT last4 FROM card WHERE pan_key = $2 AND CAST($1 AS BIGINT) > 0";
/// A processor knows the number alone, so this looks over all books.
const FIND_BY_NUMBER: Statement = "SELECT book, id, holder FROM card WHERE pan_key = $1";
/// A user has at most some twenty a year.
const OF_HOLDER: Statement = "SELECT id, holder, status, is_locked, label, last4, pan_key, sealed, pin_block, \
     monthly_all, daily_all, monthly_atm, daily_atm, monthly_ecom, daily_ecom, activation, fee_months, fee_owed, \
     created_at, expires_at, deleted_at, seal FROM card WHERE book = $1 AND holder = $2 \
     ORDER BY created_at DESC, id DESC LIMIT 1000";
const OF_BOOK: Statement = "SELECT id, holder, status, is_locked, label, last4, pan_key, sealed, pin_block, \
     monthly_all, daily_all, monthly_atm, daily_atm, monthly_ecom, daily_ecom, activation, fee_months, fee_owed, \
     created_at, expires_at, deleted_at, seal FROM card WHERE book = $1 AND id > $2 AND status <> 'DELETED' \
     ORDER BY id LIMIT 1000";
/// Cards of a holder that are not emptied yet, some at a time.
const KNOWN: Statement = "SELECT id, holder, status, is_locked, label, last4, pan_key, sealed, pin_block, \
     monthly_all, daily_all, monthly_atm, daily_atm, monthly_ecom, daily_ecom, activation, fee_months, fee_owed, \
     created_at, expires_at, deleted_at, seal FROM card WHERE book = $1 AND holder = $2 \
     AND (label IS NOT NULL OR sealed IS NOT NULL OR pin_block IS NOT NULL) LIMIT 500";

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[IS_TAKEN, FIND_BY_NUMBER, OF_HOLDER, OF_BOOK, KNOWN];

/// Those over sets. Nothing is removed.
pub(super) static SETS: [&SetStatement; 6] = {
    let ([a, b, c, _], [d, e, f, _]) = (CARDS.statements(), TRIES.statements());
    [a, b, c, d, e, f]
};

impl Object for CardTries {
    const TABLE: &'static ObjectTable = &TRIES;

    fn id(&self) -> Uuid {
        self.card
    }

    fn from_row(card: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self { card, pins: row.get(0)?, cvvs: row.get(1)?, cvv_at: row.get(2)? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.pins, self.cvvs, self.cvv_at].to_vec()
    }
}

impl Object for Card {
    const TABLE: &'static ObjectTable = &CARDS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            holder: row.get(0)?,
            status: row.get(1)?,
            is_locked: row.get(2)?,
            label: row.get(3)?,
            last4: row.get(4)?,
            pan_key: row.get(5)?,
            sealed: row.get(6)?,
            pin_block: row.get(7)?,
            limits: CardLimits {
                monthly_all: row.get(8)?,
                daily_all: row.get(9)?,
                monthly_atm: row.get(10)?,
                daily_atm: row.get(11)?,
                monthly_ecom: row.get(12)?,
                daily_ecom: row.get(13)?,
            },
            activation: row.get(14)?,
            fee_months: row.get(15)?,
            fee_owed: row.get(16)?,
            created_at: row.get(17)?,
            expires_at: row.get(18)?,
            deleted_at: row.get(19)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        let limits = self.limits;
        params![
            self.holder,
            self.status,
            self.is_locked,
            self.label.clone(),
            self.last4.as_str(),
            self.pan_key.clone(),
            self.sealed.clone(),
            self.pin_block.clone(),
            limits.monthly_all,
            limits.daily_all,
            limits.monthly_atm,
            limits.daily_atm,
            limits.monthly_ecom,
            limits.daily_ecom,
            self.activation,
            self.fee_months,
            self.fee_owed,
            self.created_at,
            self.expires_at,
            self.deleted_at
        ]
        .to_vec()
    }
}

/// Whether a number was ever given out.
pub(super) async fn is_taken(scope: &mut Scope, key: &[u8]) -> Result<bool, StoreError> {
    Ok(scope.query_one(IS_TAKEN, &params![key]).await?.is_some())
}

/// A card as it is found by its number. Its holder never changes.
#[derive(Copy, Clone)]
pub(super) struct Found {
    pub book: BookId,
    pub card: Uuid,
    pub holder: HolderId,
}

/// The card that has a number, or had it.
pub(super) async fn find_by_number(app: &App, key: &[u8]) -> Result<Option<Found>, StoreError> {
    let rows = app.store.look(FIND_BY_NUMBER, &params![key]).await?;
    let found = |row: &Row| Ok(Found { book: row.get(0)?, card: row.get(1)?, holder: row.get(2)? });
    rows.first().map(found).transpose()
}

/// The cards of a holder, deleted ones included, the newest first.
pub(super) async fn of_holder(scope: &mut Scope, holder: HolderId) -> Result<Vec<Card>, StoreError> {
    scope.objects(OF_HOLDER, &params![holder]).await
}

/// Cards of a book that are not deleted, after one, by id; 1,000 at most.
pub(super) async fn of_book(scope: &mut Scope, after: Uuid) -> Result<Vec<Card>, StoreError> {
    scope.objects(OF_BOOK, &params![after]).await
}

/// Empties the cards of a user that is erased. Their numbers' hashes stay, so that none is given out again.
pub(super) async fn empty(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    loop {
        // What was put before is written first, so it is not found again.
        let some: Vec<Card> = tx.scope().objects(KNOWN, &params![holder]).await?;
        if some.is_empty() {
            return Ok(());
        }
        let touches: Vec<_> = some.iter().map(|one| Touch::Object(&CARDS, one.id)).collect();
        tx.load(&touches).await?;
        some.into_iter()
            .try_for_each(|one| tx.put(&Card { label: None, sealed: None, pin_block: None, ..one }))?;
    }
}

//! The rows of challenges.

use super::state::CardChallenge;
use florin_store::{
    HolderId, Object, ObjectTable, Row, SetStatement, Statement, StoreError, Touch, Tx, Value, params,
    sealed_objects,
};
use uuid::Uuid;

/// Challenges.
pub(in crate::cards) static CHALLENGES: ObjectTable = sealed_objects!(
    "card_challenge",
    "holder": Int,
    "card": Bytes,
    "purpose": Text,
    "code": Bytes,
    "tries": Int,
    "sealed": Bytes,
    "currency": Text,
    "amount": Int,
    "outcome": Text,
    "created_at": Int,
    "expires_at": Int,
);

/// Those of a holder that are not emptied yet, some at a time.
const KNOWN: Statement = "SELECT id, holder, card, purpose, code, tries, sealed, currency, amount, outcome, \
     created_at, expires_at, seal FROM card_challenge WHERE book = $1 AND holder = $2 AND sealed IS NOT NULL LIMIT 500";

/// Every statement here, for the test that prepares and runs them all.
pub(in crate::cards) const STATEMENTS: &[Statement] = &[KNOWN];

/// Those over sets. No challenge is removed.
pub(in crate::cards) static SETS: [&SetStatement; 3] = {
    let [a, b, c, _] = CHALLENGES.statements();
    [a, b, c]
};

impl Object for CardChallenge {
    const TABLE: &'static ObjectTable = &CHALLENGES;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            holder: row.get(0)?,
            card: row.get(1)?,
            purpose: row.get(2)?,
            code: row.get(3)?,
            tries: row.get(4)?,
            sealed: row.get(5)?,
            currency: row.get(6)?,
            amount: row.get(7)?,
            outcome: row.get(8)?,
            created_at: row.get(9)?,
            expires_at: row.get(10)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.holder,
            self.card,
            self.purpose,
            self.code.clone(),
            self.tries,
            self.sealed.clone(),
            self.currency,
            self.amount,
            self.outcome,
            self.created_at,
            self.expires_at
        ]
        .to_vec()
    }
}

/// Empties the challenges of a user that is erased.
pub(in crate::cards) async fn empty(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    loop {
        let some: Vec<CardChallenge> = tx.scope().objects(KNOWN, &params![holder]).await?;
        if some.is_empty() {
            return Ok(());
        }
        let touches: Vec<_> = some.iter().map(|one| Touch::Object(&CHALLENGES, one.id)).collect();
        tx.load(&touches).await?;
        some.into_iter().try_for_each(|one| tx.put(&CardChallenge { sealed: None, ..one }))?;
    }
}

//! All SQL of the family. `$1` is the book.

use crate::cards::CardDecision;
use florin_ledger::{BookId, HolderId};
use florin_store::{
    Row, RowSeals, Scope, SealedTable, Statement, Store, StoreError, Tx, Value, params, sealed_table,
};
use florin_types::Timestamp;
use uuid::Uuid;

/// The rows of endpoints: who decides, and what holds without an answer.
pub(super) static CARD_DECISIONS: SealedTable =
    sealed_table!("card_decisions", "book": Int, "url", "enabled", "on_timeout", "on_error");

const FIND: Statement = "SELECT book, url, enabled, on_timeout, on_error, seal, created_at, updated_at \
     FROM card_decisions WHERE book = $1";
const INSERT: Statement = "INSERT INTO card_decisions (book, url, enabled, on_timeout, on_error, seal, created_at, \
     updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const CHANGE: Statement = "UPDATE card_decisions SET url = $2, enabled = $3, on_timeout = $4, on_error = $5, \
     seal = $6, created_at = $7, updated_at = $8 WHERE book = $1";

/// A book that replaces another takes its endpoint along; `$2` is the new one.
const MOVE: Statement = "UPDATE card_decisions SET book = $2, url = $3, enabled = $4, on_timeout = $5, on_error = $6, \
     seal = $7 WHERE book = $1";

/// The holder of a card whose authorisations nobody is asked about, as long as the book was not replaced: one statement
/// instead of a snapshot.
const UNASKED: Statement = "SELECT c.holder FROM card c JOIN book b ON b.id = c.book WHERE c.book = $1 AND c.id = $2 \
     AND b.successor IS NULL AND NOT EXISTS (SELECT 1 FROM card_decisions d WHERE d.book = $1)";

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[FIND, INSERT, CHANGE, MOVE, UNASKED];

/// Where a partner is asked, and what holds without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DecisionEndpoint {
    /// Its address.
    pub url: String,
    /// Whether it is asked.
    pub enabled: bool,
    /// What holds when it does not answer in time.
    pub on_timeout: CardDecision,
    /// What holds when it cannot be asked, or its answer cannot be read.
    pub on_error: CardDecision,
    /// When it was registered first.
    pub created_at: Timestamp,
    /// When the registration changed last.
    pub updated_at: Timestamp,
}

/// The endpoint of a book.
pub(super) async fn find(scope: &mut Scope) -> Result<Option<DecisionEndpoint>, StoreError> {
    let row = scope.query_one(FIND, &params![]).await?;
    row.as_ref().map(|row| of_row(row, scope.seals())).transpose()
}

/// The holder of a card, if the partner has registered no endpoint. None: a snapshot says more.
pub(super) async fn holder_of_unasked(
    store: &Store,
    book: BookId,
    card: Uuid,
) -> Result<Option<HolderId>, StoreError> {
    let rows = store.look(UNASKED, &params![book, card]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

fn of_row(row: &Row, seals: &RowSeals) -> Result<DecisionEndpoint, StoreError> {
    seals.check(&CARD_DECISIONS, &row.0)?;
    Ok(DecisionEndpoint {
        url: row.get(1)?,
        enabled: row.get(2)?,
        on_timeout: row.get(3)?,
        on_error: row.get(4)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

/// What is sealed of an endpoint in a book, and the seal.
fn sealed_row(seals: &RowSeals, book: BookId, endpoint: &DecisionEndpoint) -> Vec<Value> {
    let DecisionEndpoint { url, enabled, on_timeout, on_error, .. } = endpoint;
    let mut row = params![book, url.as_str(), i64::from(*enabled), *on_timeout, *on_error].to_vec();
    row.push(seals.seal(&CARD_DECISIONS, &row).into());
    row
}

/// Writes the endpoint, whether or not there was one.
pub(super) async fn put(tx: &mut Tx, endpoint: &DecisionEndpoint) -> Result<(), StoreError> {
    // Its first value is the book, which every statement of a command binds by itself.
    let sealed = sealed_row(tx.seals(), tx.book(), endpoint);
    let own = sealed.get(1..).unwrap_or_default();
    let row = [own, &params![endpoint.created_at, endpoint.updated_at]].concat();
    if tx.execute(CHANGE, &row).await? == 0 {
        tx.execute(INSERT, &row).await?;
    }
    Ok(())
}

/// Takes the endpoint along to the book that replaces this one.
pub(super) async fn move_to(tx: &mut Tx, book: BookId) -> Result<(), StoreError> {
    let Some(endpoint) = find(tx.scope()).await? else { return Ok(()) };
    let row = sealed_row(tx.seals(), book, &endpoint);
    tx.execute(MOVE, &row).await.map(drop)
}

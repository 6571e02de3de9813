//! What operators did to data of people: who, when, what, to which object. Written in the transaction of the deed.

use super::work::Work;
use florin_store::{Administration, BookId, Row, Scope, Statement, Store, StoreError, params};
use florin_types::{Entropy, Text, Timestamp, uuid_v7};
use uuid::Uuid;

/// Longest name of an operator.
pub const MAX_OPERATOR: usize = 100;

pub(super) const INSERT: Statement = "INSERT INTO audit (id, book, at, operator, action, object, detail) \
     VALUES ($2, $1, $3, $4, $5, $6, $7)";
const LIST: Statement = "SELECT at, operator, action, object, detail, id FROM audit WHERE book = $1 AND id > $2 \
     ORDER BY id LIMIT 1000";

/// A book that replaces another takes its audit along; `$2` is the new one.
pub(crate) const MOVE: Statement = "UPDATE audit SET book = $2 WHERE book = $1";

/// Every statement here, for the test that prepares and runs them all.
pub(crate) const STATEMENTS: &[Statement] = &[INSERT, LIST, MOVE];

/// The book of deeds that are about no partner. No book has this number.
const NO_BOOK: BookId = BookId(0);

/// A deed.
#[derive(Clone, Debug)]
pub struct Deed {
    /// Who says to have done it.
    pub operator: Text<MAX_OPERATOR>,
    /// What was done.
    pub action: &'static str,
    /// To what.
    pub object: Uuid,
    /// What else must be known; nothing of a person.
    pub detail: String,
}

/// A deed with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, by the book's clock.
    pub at: Timestamp,
    /// Who says to have done it.
    pub operator: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: Uuid,
    /// What else must be known.
    pub detail: String,
}

/// Writes a deed down.
pub async fn note(work: &mut Work<'_>, deed: &Deed) -> Result<(), StoreError> {
    let (id, at, operator) = (work.id(), work.now(), deed.operator.as_str());
    work.execute(INSERT, &params![id, at, operator, deed.action, deed.object, deed.detail.as_str()])
        .await
        .map(drop)
}

/// Writes a deed that is about no partner down.
pub(crate) async fn note_outside(
    administration: &mut Administration,
    (at, entropy): (Timestamp, &dyn Entropy),
    deed: &Deed,
) -> Result<(), StoreError> {
    let (id, operator) = (uuid_v7(at, entropy), deed.operator.as_str());
    let row = params![NO_BOOK, id, at, operator, deed.action, deed.object, deed.detail.as_str()];
    administration.execute(INSERT, &row).await.map(drop)
}

/// The deeds that are about no partner after one, oldest first, with their ids; 1,000 at most.
pub async fn list_outside(store: &Store, after: Uuid) -> Result<Vec<(Uuid, Entry)>, StoreError> {
    let rows = store.look(LIST, &params![NO_BOOK, after]).await?;
    rows.iter().map(|row| Ok((row.get(5)?, entry_of_row(row)?))).collect()
}

/// The deeds in a book after one, oldest first, with their ids; 1,000 at most.
pub async fn list(scope: &mut Scope, after: Uuid) -> Result<Vec<(Uuid, Entry)>, StoreError> {
    scope
        .query(LIST, &params![after])
        .await?
        .iter()
        .map(|row| Ok((row.get(5)?, entry_of_row(row)?)))
        .collect()
}

fn entry_of_row(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        at: row.get(0)?,
        operator: row.get(1)?,
        action: row.get(2)?,
        object: row.get(3)?,
        detail: row.get(4)?,
    })
}

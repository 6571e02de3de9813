//! The SQL of bank accounts: which IBAN a user's EUR balance has.

use crate::kit::app::App;
use crate::kit::request::types::words;
use florin_store::{
    HolderId, Row, Scope, SealedTable, Statement, StoreError, Tx, Value, params, sealed_table,
};
use florin_types::Iban;

/// The rows of bank accounts.
pub static BANK_ACCOUNTS: SealedTable =
    sealed_table!("bank_account", "holder": Int, "book", "status", "iban");

const INSERT: Statement =
    "INSERT INTO bank_account (holder, book, status, iban, seal) VALUES ($2, $1, $3, $4, $5)";
const ACTIVATE: Statement =
    "UPDATE bank_account SET status = $3, iban = $4, seal = $5 WHERE book = $1 AND holder = $2";
const FIND: Statement =
    "SELECT holder, book, status, iban, seal FROM bank_account WHERE book = $1 AND holder = $2";

/// IBANs are unique over all books of the installation, so this alone does not look at its own book only.
const IS_TAKEN: Statement = "SELECT holder FROM bank_account WHERE iban = $2 AND CAST($1 AS BIGINT) > 0";
const FIND_HOLDER: Statement =
    "SELECT holder, book, status, iban, seal FROM bank_account WHERE book = $1 AND iban = $2";

/// Run when a user is erased: the IBAN is personal data.
pub const ERASE: &[Statement] = &["DELETE FROM bank_account WHERE book = $1 AND holder = $2"];

/// Every statement here, for the test that prepares and runs them all.
pub const STATEMENTS: &[Statement] = &[INSERT, ACTIVATE, FIND, IS_TAKEN, FIND_HOLDER, ERASE[0]];

words! {
    /// Whether a EUR balance can be used.
    pub enum BalanceStatus {
        /// The balance is there, its IBAN not yet.
        Waiting = "WAITING_TO_BE_ACTIVATED",
        /// The balance has its IBAN, or its holder lives where there is none.
        Active = "ACTIVE",
    }
}

pub(super) async fn insert(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    tx.execute(INSERT, &row(tx, holder, BalanceStatus::Waiting, None)).await.map(drop)
}

pub(super) async fn activate(tx: &mut Tx, holder: HolderId, iban: Option<&Iban>) -> Result<(), StoreError> {
    tx.execute(ACTIVATE, &row(tx, holder, BalanceStatus::Active, iban)).await.map(drop)
}

/// The parameters of a row after the book, with the seal.
fn row(tx: &Tx, holder: HolderId, status: BalanceStatus, iban: Option<&Iban>) -> [Value; 4] {
    let iban = iban.map(|iban| iban.as_str().to_owned());
    let seal = tx.seals().seal(&BANK_ACCOUNTS, &params![holder, tx.book(), status, iban.clone()]);
    params![holder, status, iban, seal]
}

/// Whether any user of the installation has this IBAN.
pub(super) async fn is_taken(scope: &mut Scope, iban: &Iban) -> Result<bool, StoreError> {
    Ok(scope.query_one(IS_TAKEN, &params![iban.as_str()]).await?.is_some())
}

/// The holder of an account, whosever book it is in.
pub async fn holder_anywhere(app: &App, iban: &Iban) -> Result<Option<HolderId>, StoreError> {
    let rows = app.store.look(IS_TAKEN, &params![1_i64, iban.as_str()]).await?;
    let Some(holder) = rows.first().map(|row| row.get::<HolderId>(0)).transpose()? else { return Ok(None) };
    let mut snapshot = app.store.snapshot(holder.book()).await?;
    // A reset has closed the book: nobody has its accounts.
    if snapshot.book() != holder.book() {
        return Ok(None);
    }
    holder_of_iban(&mut snapshot, iban.as_str()).await
}

/// The holder of an account of this book.
pub async fn holder_of_iban(scope: &mut Scope, iban: &str) -> Result<Option<HolderId>, StoreError> {
    let Some(row) = scope.query_one(FIND_HOLDER, &params![iban]).await? else { return Ok(None) };
    scope.seals().check(&BANK_ACCOUNTS, &row.0)?;
    Ok(Some(row.get(0)?))
}

/// The IBAN of a holder, where it has one.
pub async fn iban_of(scope: &mut Scope, holder: HolderId) -> Result<Option<String>, StoreError> {
    Ok(find(scope, holder).await?.and_then(|(_, iban)| iban))
}

pub(super) async fn insert_active(tx: &mut Tx, holder: HolderId, iban: &Iban) -> Result<(), StoreError> {
    tx.execute(INSERT, &row(tx, holder, BalanceStatus::Active, Some(iban))).await.map(drop)
}

/// Status and IBAN of a user's EUR balance, once it was made.
pub(super) async fn find(
    scope: &mut Scope,
    holder: HolderId,
) -> Result<Option<(BalanceStatus, Option<String>)>, StoreError> {
    let row = scope.query_one(FIND, &params![holder]).await?;
    let read = |row: Row| {
        scope.seals().check(&BANK_ACCOUNTS, &row.0)?;
        Ok((row.get(2)?, row.get(3)?))
    };
    row.map(read).transpose()
}

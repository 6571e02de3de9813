//! The SQL of bank accounts: which IBAN a user's EUR balance has.

use crate::kit::app::App;
use crate::kit::request::types::words;
use florin_store::{
    HolderId, Row, Scope, SealedTable, SetStatement, Statement, StoreError, Tx, Type, Value, params,
    sealed_table,
};
use florin_types::Iban;
use std::collections::{BTreeSet, HashMap};

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
static FIND_ANYWHERE: SetStatement = SetStatement::Find {
    row: "SELECT iban, holder FROM bank_account WHERE iban = $2 AND CAST($1 AS BIGINT) > 0",
    set: "SELECT b.iban, b.holder FROM unnest($1::bigint[], $2::text[]) AS v(book, iban) \
          JOIN bank_account b ON b.iban = v.iban COLLATE \"C\" AND v.book > 0",
    parameters: &[Type::Int, Type::Text],
};
static FIND_HOLDERS: SetStatement = SetStatement::Find {
    row: "SELECT holder, book, status, iban, seal FROM bank_account WHERE book = $1 AND iban = $2",
    set: "SELECT b.holder, b.book, b.status, b.iban, b.seal FROM unnest($1::bigint[], $2::text[]) AS v(book, iban) \
          JOIN bank_account b ON b.book = v.book AND b.iban = v.iban COLLATE \"C\"",
    parameters: &[Type::Int, Type::Text],
};

/// Run when a user is erased: the IBAN is personal data.
pub const ERASE: &[Statement] = &["DELETE FROM bank_account WHERE book = $1 AND holder = $2"];

/// Every statement here, for the test that prepares and runs them all.
pub const STATEMENTS: &[Statement] = &[INSERT, ACTIVATE, FIND, IS_TAKEN, ERASE[0]];

/// The look-ups by sets, for the same test.
pub const SETS: &[&SetStatement] = &[&FIND_ANYWHERE, &FIND_HOLDERS];

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
    let iban = iban.as_str();
    Ok(holders_of_ibans(&mut snapshot, [iban].into_iter()).await?.remove(iban))
}

/// The holders of accounts, whosever books they are in, by the account.
pub async fn holders_anywhere(
    scope: &mut Scope,
    ibans: impl Iterator<Item = &str>,
) -> Result<HashMap<String, HolderId>, StoreError> {
    let rows = scope.find_set(&FIND_ANYWHERE, keys(ibans)).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

fn keys<'a>(ibans: impl Iterator<Item = &'a str>) -> Vec<Vec<Value>> {
    let ibans: BTreeSet<_> = ibans.collect();
    ibans.into_iter().map(|iban| params![iban].to_vec()).collect()
}

/// The holders of accounts of this book, by the account.
pub async fn holders_of_ibans(
    scope: &mut Scope,
    ibans: impl Iterator<Item = &str>,
) -> Result<HashMap<String, HolderId>, StoreError> {
    let rows = scope.find_set(&FIND_HOLDERS, keys(ibans)).await?;
    let read = |row: &Row| {
        scope.seals().check(&BANK_ACCOUNTS, &row.0)?;
        Ok((row.get(3)?, row.get(0)?))
    };
    rows.iter().map(read).collect()
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

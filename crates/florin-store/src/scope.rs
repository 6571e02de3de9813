//! Reading within one book: the connection and the book travel together, and the book is parameter `$1` of every
//! statement, so that no query can leave the tenant out.

use crate::db::Db;
use crate::dialect::{SetStatement, Statement};
use crate::holder::{
    FIND_ACCOUNT, FIND_BY_HANDLE, FIND_HOLDER, account_key_row, account_of_row, holder_of_row,
};
use crate::{Holder, Row, StoreError, Value, params};
use florin_ledger::{Account, AccountKey, BookId, HolderId};
use florin_types::CurrencyCode;

/// A connection that sees one book.
#[derive(Debug)]
pub struct Scope {
    db: Db,
    book: BookId,
}

impl Scope {
    pub(crate) fn new(db: Db, book: BookId) -> Self {
        Self { db, book }
    }

    pub(crate) fn into_db(self) -> Db {
        self.db
    }

    pub(crate) fn db(&mut self) -> &mut Db {
        &mut self.db
    }

    /// The book that is seen.
    pub fn book(&self) -> BookId {
        self.book
    }

    /// The rows that a statement answers. `$1` is the book; `parameters` follow from `$2`.
    pub async fn query(&mut self, sql: Statement, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let parameters = self.parameters(parameters);
        self.db.query(sql, &parameters).await
    }

    /// The one row that a statement answers, or none. `$1` is the book.
    pub async fn query_one(
        &mut self,
        sql: Statement,
        parameters: &[Value],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, parameters).await?.pop())
    }

    /// The rows that a look-up answers for a set of keys. The book is the first parameter of each key.
    pub async fn find_set(
        &mut self,
        statement: &'static SetStatement,
        keys: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        let keys = keys.iter().map(|key| self.parameters(key)).collect();
        self.db.find_set(statement, keys).await
    }

    pub(crate) async fn execute(&mut self, sql: Statement, parameters: &[Value]) -> Result<u64, StoreError> {
        let parameters = self.parameters(parameters);
        self.db.execute(sql, &parameters).await
    }

    /// A holder by what the partner calls it.
    pub async fn holder(&mut self, handle: &str) -> Result<Option<Holder>, StoreError> {
        let key = params![self.book, handle, "", 0_i64].to_vec();
        let rows = self.db.find_set(&FIND_BY_HANDLE, vec![key]).await?;
        rows.first().map(holder_of_row).transpose()
    }

    /// Holders by number, in no order.
    pub async fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        let book = self.book;
        let keys = ids.iter().filter(|id| id.book() == book).map(|id| params![*id].to_vec()).collect();
        self.db.find_set(&FIND_HOLDER, keys).await?.iter().map(holder_of_row).collect()
    }

    /// The main accounts of a holder in these currencies, where there are such; in no order.
    pub async fn accounts(
        &mut self,
        holder: HolderId,
        currencies: &[CurrencyCode],
    ) -> Result<Vec<Account>, StoreError> {
        if holder.book() != self.book {
            return Ok(Vec::new());
        }
        let keys = currencies.iter().map(|code| account_key_row(AccountKey::main(holder, *code))).collect();
        self.db.find_set(&FIND_ACCOUNT, keys).await?.iter().map(|row| account_of_row(row, 0)).collect()
    }

    fn parameters(&self, rest: &[Value]) -> Vec<Value> {
        let mut all = Vec::with_capacity(rest.len() + 1);
        all.push(self.book.into());
        all.extend_from_slice(rest);
        all
    }
}

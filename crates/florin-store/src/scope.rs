//! Reading within one book: the connection and the book travel together, and the book is parameter `$1` of every
//! statement, so that no query can leave the tenant out.

use crate::db::{Db, SetRows};
use crate::dialect::{SetStatement, Statement};
use crate::holder::{
    FIND_ACCOUNT, FIND_BY_HANDLE, FIND_HOLDER, account_key_row, account_of_row, holder_of_row,
};
use crate::object::{Object, ObjectTable};
use crate::objects::{Changed, Objects};
use crate::seal::RowSeals;
use crate::touch::Touched;
use crate::{Holder, Row, StoreError, Value, params};
use florin_ledger::{Account, AccountKey, AccountKind, BookId, HolderId};
use florin_types::CurrencyCode;
use uuid::Uuid;

/// A connection that sees one book. In a command it sees what the batch has made of object rows too: before a statement
/// runs that names their table, they are written.
#[derive(Debug)]
pub struct Scope {
    db: Db,
    book: BookId,
    seals: RowSeals,
    /// The object rows of the batch; none outside of a command.
    objects: Objects,
    /// The command that runs has a savepoint open.
    in_savepoint: bool,
    /// Some command wrote rows directly.
    wrote_rows: bool,
}

impl Scope {
    pub(crate) fn new(db: Db, book: BookId, seals: RowSeals, objects: Objects) -> Self {
        Self { db, book, seals, objects, in_savepoint: false, wrote_rows: false }
    }

    pub(crate) fn into_db(self) -> Db {
        self.db
    }

    pub(crate) fn buffered(&mut self) -> &mut Objects {
        &mut self.objects
    }

    /// The object rows to be written, all of them.
    pub(crate) fn take_objects(&mut self) -> Vec<SetRows> {
        self.objects.take_all((self.book, &self.seals))
    }

    /// Takes in object rows that a command read.
    pub(crate) fn absorb_objects(&mut self, touched: &Touched, found: &[Vec<Row>]) -> Result<(), StoreError> {
        self.objects.absorb_in_command(touched, found, (self.book, &self.seals))
    }

    /// An object row as the batch has left it.
    pub(crate) fn object_row(&self, table: &ObjectTable, id: Uuid) -> Result<Option<Row>, StoreError> {
        self.objects.get(table, id)
    }

    /// Whether commands changed object rows, or any rows directly.
    pub(crate) fn has_changes(&self) -> bool {
        self.wrote_rows || self.objects.has_changes()
    }

    pub(crate) fn db(&mut self) -> &mut Db {
        &mut self.db
    }

    /// The book that is seen.
    pub fn book(&self) -> BookId {
        self.book
    }

    /// Seals rows, and checks those that were read.
    pub fn seals(&self) -> &RowSeals {
        &self.seals
    }

    /// The rows that a statement answers. `$1` is the book; `parameters` follow from `$2`.
    pub async fn query(&mut self, sql: Statement, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.write_buffered(sql).await?;
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
        if !self.objects.is_empty() {
            self.write_buffered(&statement.row_sql()).await?;
        }
        let keys = keys.iter().map(|key| self.parameters(key)).collect();
        self.db.find_set(statement, keys).await
    }

    /// Objects by id, in no order; what is not there is left out.
    pub async fn objects_at<T: Object>(&mut self, ids: &[Uuid]) -> Result<Vec<T>, StoreError> {
        let keys = ids.iter().map(|id| params![*id].to_vec()).collect();
        let rows = self.find_set(&T::TABLE.find, keys).await?;
        self.objects_of(rows)
    }

    /// The objects that a statement answers: it selects the id, then the columns of the table in their order, the seal
    /// at the end where there is one. `$1` is the book.
    pub async fn objects<T: Object>(
        &mut self,
        sql: Statement,
        parameters: &[Value],
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.query(sql, parameters).await?;
        self.objects_of(rows)
    }

    fn objects_of<T: Object>(&self, rows: Vec<Row>) -> Result<Vec<T>, StoreError> {
        let object = |row| {
            let (id, columns) = T::TABLE.of_read(self.book, row, &self.seals)?;
            T::from_row(id, &Row(columns))
        };
        rows.into_iter().map(object).collect()
    }

    /// Writes rows directly, behind the command's savepoint; how many.
    pub(crate) async fn execute(&mut self, sql: Statement, parameters: &[Value]) -> Result<u64, StoreError> {
        self.write_buffered(sql).await?;
        self.before_direct_write().await?;
        let parameters = self.parameters(parameters);
        let changed = self.db.execute(sql, &parameters).await?;
        self.reread(sql).await?;
        Ok(changed)
    }

    /// The same for a set of rows.
    pub(crate) async fn write_set(
        &mut self,
        statement: &'static SetStatement,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        let sql = if self.objects.is_empty() { String::new() } else { statement.row_sql() };
        self.write_buffered(&sql).await?;
        self.before_direct_write().await?;
        self.db.write_sets(vec![(statement, rows)]).await?;
        self.reread(&sql).await
    }

    /// Writes the object rows that the batch has buffered, of the tables that a statement names, before it runs.
    ///
    /// Rows that the command has not changed are written before its savepoint: they are not taken back with it. If they
    /// cannot be written, the transaction is lost and the commands run one by one, so that the fault is found where it
    /// was made. Its own rows, and all once the savepoint is open, are written behind it. If the command is undone they
    /// go with the savepoint, and count as not written again.
    async fn write_buffered(&mut self, sql: &str) -> Result<(), StoreError> {
        if self.objects.is_empty() {
            return Ok(());
        }
        if !self.in_savepoint {
            let of = (self.book, &self.seals);
            let earlier = self.objects.take_named(of, sql, Changed::ByEarlierCommands);
            if !earlier.is_empty() {
                self.db.write_sets(earlier).await?;
            }
        }
        let rows = self.objects.take_named((self.book, &self.seals), sql, Changed::ByAny);
        if !rows.is_empty() {
            self.before_direct_write().await?;
            self.db.write_sets(rows).await?;
        }
        Ok(())
    }

    /// Reads the known rows of the tables that a direct write named once more: it may have changed them.
    async fn reread(&mut self, sql: &str) -> Result<(), StoreError> {
        let (tables, look_ups): (Vec<_>, Vec<_>) = self.objects.known(self.book, sql).into_iter().unzip();
        if tables.is_empty() {
            return Ok(());
        }
        let found = self.db.find_sets(look_ups).await?;
        let of = (self.book, &self.seals);
        tables.into_iter().zip(found).try_for_each(|(table, rows)| self.objects.refresh(table, rows, of))
    }

    /// Opens the command's savepoint at its first direct write.
    pub(crate) async fn before_direct_write(&mut self) -> Result<(), StoreError> {
        if !std::mem::replace(&mut self.in_savepoint, true) {
            self.db.savepoint().await?;
        }
        self.wrote_rows = true;
        Ok(())
    }

    /// Keeps what the command wrote.
    pub(crate) async fn keep(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.in_savepoint) {
            self.db.release_savepoint().await?;
        }
        Ok(())
    }

    /// Takes back what the command wrote and what it did to object rows since `point`.
    pub(crate) async fn undo(&mut self, point: usize) -> Result<(), StoreError> {
        self.objects.undo_to(point);
        if std::mem::take(&mut self.in_savepoint) {
            self.db.rollback_to_savepoint().await?;
        }
        Ok(())
    }

    /// A holder by what the partner calls it.
    pub async fn holder(&mut self, handle: &str) -> Result<Option<Holder>, StoreError> {
        let key = params![self.book, handle, "", 0_i64].to_vec();
        let rows = self.db.find_set(&FIND_BY_HANDLE, vec![key]).await?;
        rows.first().map(|row| holder_of_row(row, &self.seals)).transpose()
    }

    /// Holders by number, in no order.
    pub async fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        let book = self.book;
        let keys = ids.iter().filter(|id| id.book() == book).map(|id| params![*id].to_vec()).collect();
        let rows = self.db.find_set(&FIND_HOLDER, keys).await?;
        rows.iter().map(|row| holder_of_row(row, &self.seals)).collect()
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

    /// An account of the book's system, where there is one.
    pub async fn system_account(
        &mut self,
        currency: CurrencyCode,
        kind: AccountKind,
    ) -> Result<Option<Account>, StoreError> {
        let key = account_key_row(AccountKey::system(self.book, currency, kind));
        let rows = self.db.find_set(&FIND_ACCOUNT, vec![key]).await?;
        rows.first().map(|row| account_of_row(row, 0)).transpose()
    }

    fn parameters(&self, rest: &[Value]) -> Vec<Value> {
        let mut all = Vec::with_capacity(rest.len() + 1);
        all.push(self.book.into());
        all.extend_from_slice(rest);
        all
    }
}

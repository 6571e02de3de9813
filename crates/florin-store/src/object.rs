//! Objects: rows with a life of their own (a rate lock, a bank transfer, a card), which commands read and change in
//! memory. The batch reads them as sets with everything else that is touched, and writes them as sets at its end: a
//! command that changes a row costs no savepoint and no round trip.

use crate::dialect::{Column, ObjectAction, SetStatement};
use crate::seal::{RowSeals, SealedTable};
use crate::{Row, StoreError, Type, Value, params};
use florin_ledger::BookId;
use std::hash::{Hash, Hasher};
use uuid::Uuid;

/// The key columns of every table of objects.
pub(crate) const OBJECT_KEYS: [Column; 2] = [("book", Type::Int), ("id", Type::Bytes)];

/// A table of objects, described once in a `static`. Its migration makes it with the columns `book` (a number) and `id`
/// (16 bytes), which are its primary key, and then these. SQL that refers to the table writes its name exactly so, in
/// lower case: by the name it is found that a statement must see the rows that are buffered.
#[derive(Debug)]
pub struct ObjectTable {
    name: &'static str,
    /// What its rows are sealed as, where they are: see [`sealed_objects!`](crate::sealed_objects).
    sealed: Option<&'static SealedTable>,
    pub(crate) find: SetStatement,
    pub(crate) insert: SetStatement,
    pub(crate) update: SetStatement,
    pub(crate) delete: SetStatement,
}

impl ObjectTable {
    /// Describes a table: its name, and its columns after `book` and `id`.
    pub const fn new(name: &'static str, columns: &'static [Column]) -> Self {
        let (table, find, insert) = (name, ObjectAction::Find, ObjectAction::Insert);
        let (update, delete) = (ObjectAction::Update, ObjectAction::Delete);
        Self {
            name,
            sealed: None,
            find: SetStatement::Object { table, columns, action: find },
            insert: SetStatement::Object { table, columns, action: insert },
            update: SetStatement::Object { table, columns, action: update },
            delete: SetStatement::Object { table, columns, action: delete },
        }
    }

    /// The same of a table whose rows are sealed, with the column `seal` at the end. [`sealed_objects!`] describes
    /// both.
    ///
    /// [`sealed_objects!`]: crate::sealed_objects
    pub const fn sealed(columns: &'static [Column], sealed: &'static SealedTable) -> Self {
        Self { sealed: Some(sealed), ..Self::new(sealed.name, columns) }
    }

    /// What its rows are sealed as.
    ///
    /// # Panics
    /// They are not.
    pub const fn seal(&self) -> &'static SealedTable {
        self.sealed.expect("the table is described by sealed_objects")
    }

    /// How many values an object's row has: one for each column but the key and the seal.
    pub(crate) fn width(&self) -> usize {
        let with_seal = self.insert.parameters().len() - OBJECT_KEYS.len();
        with_seal - usize::from(self.sealed.is_some())
    }

    /// The values of an object that is written: the key, its columns, and the seal.
    pub(crate) fn to_write(&self, (book, id): (BookId, Uuid), row: &[Value], seals: &RowSeals) -> Vec<Value> {
        let mut values = Vec::with_capacity(row.len() + OBJECT_KEYS.len() + 1);
        values.extend(params![book, id]);
        values.extend_from_slice(row);
        if let Some(sealed) = self.sealed {
            values.push(seals.seal(sealed, &values).into());
        }
        values
    }

    /// The id and the columns of a row that was read: it begins with the id, and where rows are sealed it ends with the
    /// seal.
    ///
    /// # Errors
    /// The seal does not fit.
    pub(crate) fn of_read(
        &self,
        book: BookId,
        mut row: Row,
        seals: &RowSeals,
    ) -> Result<(Uuid, Vec<Value>), StoreError> {
        let id = row.get(0)?;
        if let Some(sealed) = self.sealed {
            row.0.insert(0, book.into());
            seals.check(sealed, &row.0)?;
            row.0.truncate(sealed.width);
            row.0.remove(0);
        }
        row.0.remove(0);
        Ok((id, row.0))
    }

    /// The table's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its statements, for the test that prepares and runs them all: find, insert, update, delete. A family that never
    /// removes an object registers the first three.
    pub const fn statements(&'static self) -> [&'static SetStatement; 4] {
        [&self.find, &self.insert, &self.update, &self.delete]
    }
}

/// Two descriptions are of the same table when their names are the same.
impl PartialEq for ObjectTable {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ObjectTable {}

impl Hash for ObjectTable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// A type whose values are rows of an [`ObjectTable`].
pub trait Object: Sized {
    /// Its table.
    const TABLE: &'static ObjectTable;

    /// The object's public id, which is its key within the book.
    fn id(&self) -> Uuid;

    /// The object of a row: the columns of [`Self::TABLE`] in their order, without `book` and `id`.
    ///
    /// # Errors
    /// The row holds what this build does not know.
    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError>;

    /// The row: a value for each column of [`Self::TABLE`].
    fn to_row(&self) -> Vec<Value>;
}

/// Describes an [`ObjectTable`] whose rows are sealed: its name, and its columns after `book` and `id`, with their
/// types. The table has a column `seal` too. What [`ObjectTable::seal`] answers belongs in the list of sealed tables.
///
/// A statement that writes such rows itself cannot seal them: it may only delete.
#[macro_export]
macro_rules! sealed_objects {
    ($table:literal, $($column:literal: $type:ident),+ $(,)?) => {{
        static SEALED: $crate::SealedTable =
            $crate::sealed_table!($table, ["book": Int = "$1", "id": Bytes = "$2"], $($column),+);
        $crate::ObjectTable::sealed(
            &[$(($column, $crate::Type::$type),)+ ("seal", $crate::Type::Bytes)],
            &SEALED,
        )
    }};
}

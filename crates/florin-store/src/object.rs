//! Objects: rows with a life of their own (a rate lock, a bank transfer, a card), which commands read and change in
//! memory. The batch reads them as sets with everything else that is touched, and writes them as sets at its end: a
//! command that changes a row costs no savepoint and no round trip.

use crate::dialect::{Column, ObjectAction, SetStatement};
use crate::{Row, StoreError, Type, Value};
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
            find: SetStatement::Object { table, columns, action: find },
            insert: SetStatement::Object { table, columns, action: insert },
            update: SetStatement::Object { table, columns, action: update },
            delete: SetStatement::Object { table, columns, action: delete },
        }
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

/// The object of a row that [`ObjectTable::find`] answered.
pub(crate) fn object_of<T: Object>(mut row: Row) -> Result<T, StoreError> {
    let id = row.get(0)?;
    row.0.remove(0);
    T::from_row(id, &row)
}

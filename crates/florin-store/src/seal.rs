//! Seals of rows: a keyed hash over a row's values, in a column of its own. The key comes from the master key, so who
//! can write the database but has not the key can neither make a row nor change one: a row whose seal does not fit is
//! refused when it is read for a decision, and `florin verify` names it.
//!
//! The key also comes from a random id that is drawn when an installation is made, or when one from before seals is
//! sealed. So sealing once more, by whatever trick, makes no row that fits those of the first time.
//!
//! What a seal cannot tell: that a row was removed, or that an older version of the same row was put back with the seal
//! that it had then.

use crate::db::Db;
use crate::dialect::{Column, SetStatement, Statement};
use crate::{Row, StoreError, Type, Value};
use std::fmt::Write;

/// Rows of a page of [`SealedTable::read`].
pub(crate) const PAGE: usize = 1_000;

/// A table whose rows are sealed. [`sealed_table!`](crate::sealed_table) describes one.
#[derive(Debug)]
pub struct SealedTable {
    /// Its name, which every seal covers.
    pub name: &'static str,
    /// The columns of its key.
    pub keys: &'static [Column],
    /// How many columns a seal covers, those of the key among them.
    pub width: usize,
    /// A page of rows after a key: the columns that are covered, those of the key first, then the seal.
    pub read: Statement,
    /// Seals rows of a database from before seals. It binds the key, then what `renew` changes, then the seal.
    pub write: SetStatement,
    /// What else is done with such a row: changes its values, and answers those that are to be written.
    pub renew: Option<Renew>,
}

/// See [`SealedTable::renew`].
pub type Renew = fn(&RowSeals, &mut [Value]) -> Result<Vec<Value>, StoreError>;

/// Describes a [`SealedTable`]: its name, its key with the type, and the other columns that a seal covers, in the order
/// in which their values are sealed. The table has a column `seal` too. A key of several columns says after each the
/// parameter that it is compared with: `["book": Int = "$1", "id": Bytes = "$2"]`.
#[macro_export]
macro_rules! sealed_table {
    ($table:literal, $key:literal: $type:ident, $($column:literal),+ $(,)?) => {
        $crate::sealed_table!($table, [$key: $type = "$1"], $($column),+)
    };
    (
        $table:literal, [$first:literal: $type:ident = $mark:literal
        $(, $key:literal: $of:ident = $number:literal)*], $($column:literal),+ $(,)?
    ) => {
        $crate::SealedTable {
            name: $table,
            keys: &[($first, $crate::Type::$type) $(, ($key, $crate::Type::$of))*],
            width: [$first, $($key,)* $($column),+].len(),
            read: concat!(
                "SELECT ", $first, $(", ", $key,)* $(", ", $column,)+ ", seal FROM ", $table,
                " WHERE (", $first, $(", ", $key,)* ") > (", $mark, $(", ", $number,)* ") ORDER BY ", $first,
                $(", ", $key,)* " LIMIT 1000"
            ),
            write: $crate::SetStatement::Update {
                table: $table,
                keys: &[($first, $crate::Type::$type) $(, ($key, $crate::Type::$of))*],
                columns: &[("seal", $crate::Type::Bytes)],
            },
            renew: None,
        }
    };
}

/// The key of all seals.
#[derive(Clone)]
pub struct RowSeals([u8; 32]);

impl std::fmt::Debug for RowSeals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowSeals")
    }
}

impl RowSeals {
    /// `sealing` is the random id.
    pub(crate) fn new(master_key: &[u8; 32], sealing: &[u8; 16]) -> Self {
        Self(blake3::derive_key("florin 2026 row seals v1", &[&master_key[..], sealing].concat()))
    }

    /// A keyed hash of where a book's journal and events end.
    pub(crate) fn of_heads(&self, heads: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&self.0, &[b"heads", heads].concat()).as_bytes()
    }

    /// The seal of a row: its values, the key first.
    pub fn seal(&self, table: &SealedTable, row: &[Value]) -> [u8; 32] {
        *self.hash_of(table, row).as_bytes()
    }

    /// Checks a row: its values, the key first, then its seal. More may follow.
    ///
    /// # Errors
    /// The seal does not fit: the row was written by somebody else.
    pub fn check(&self, table: &SealedTable, row: &[Value]) -> Result<(), StoreError> {
        match self.fits(table, row) {
            true => Ok(()),
            false => Err(StoreError::Unexpected(format!(
                "{}: row {} was not written by this installation: its seal does not fit",
                table.name,
                place(table, row)
            ))),
        }
    }

    /// A keyed hash of something that the database keeps only so, such as the hash of a key.
    pub fn hash(&self, table: &SealedTable, plain: &[u8]) -> [u8; 32] {
        let bytes = [b"hash", table.name.as_bytes(), &[0], plain].concat();
        *blake3::keyed_hash(&self.0, &bytes).as_bytes()
    }

    fn fits(&self, table: &SealedTable, row: &[Value]) -> bool {
        let (Some(values), Some(Value::Bytes(seal))) = (row.get(..table.width), row.get(table.width)) else {
            return false;
        };
        // Compared in constant time: else a seal could be found byte by byte.
        <[u8; 32]>::try_from(seal.as_slice()).is_ok_and(|seal| self.hash_of(table, values) == seal)
    }

    fn hash_of(&self, table: &SealedTable, values: &[Value]) -> blake3::Hash {
        debug_assert_eq!(values.len(), table.width, "{} is sealed whole", table.name);
        // Room for a holder's row, so that it is allocated once.
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(b"row ");
        push(&mut bytes, table.name.as_bytes());
        for value in values {
            match value {
                Value::Null => bytes.push(0),
                Value::Int(number) => {
                    bytes.push(1);
                    bytes.extend_from_slice(&number.to_be_bytes());
                }
                Value::Text(text) => {
                    bytes.push(2);
                    push(&mut bytes, text.as_bytes());
                }
                Value::Bytes(value) => {
                    bytes.push(3);
                    push(&mut bytes, value);
                }
            }
        }
        blake3::keyed_hash(&self.0, &bytes)
    }
}

/// Appends bytes after their length.
fn push(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
    bytes.extend_from_slice(value);
}

/// The key of a row, for a message.
fn place(table: &SealedTable, row: &[Value]) -> String {
    let key = |number| part_of_place(row.get(number));
    (0..table.keys.len()).map(key).collect::<Vec<_>>().join("/")
}

fn part_of_place(value: Option<&Value>) -> String {
    match value {
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Bytes(bytes)) => match uuid::Uuid::from_slice(bytes) {
            Ok(id) => id.to_string(),
            Err(_) => bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            }),
        },
        Some(Value::Null) | None => "without a key".to_owned(),
    }
}

/// Before the first key of a table.
fn before_all(table: &SealedTable) -> Vec<Value> {
    let least = |column: &Column| match column.1 {
        Type::Int => Value::Int(i64::MIN),
        Type::Text => Value::Text(String::new()),
        Type::Bytes => Value::Bytes(Vec::new()),
    };
    table.keys.iter().map(least).collect()
}

/// Reads a table in pages, in the order of the key.
pub(crate) struct Pages<'a> {
    table: &'a SealedTable,
    after: Option<Vec<Value>>,
}

impl<'a> Pages<'a> {
    pub(crate) fn of(table: &'a SealedTable) -> Self {
        Self { table, after: Some(before_all(table)) }
    }

    /// The next page; empty at the end.
    pub(crate) async fn next(&mut self, db: &mut Db) -> Result<Vec<Row>, StoreError> {
        let Some(after) = self.after.take() else { return Ok(Vec::new()) };
        let rows = db.query(self.table.read, &after).await?;
        if rows.len() == PAGE {
            self.after = rows.last().and_then(|row| row.0.get(..after.len())).map(<[Value]>::to_vec);
        }
        Ok(rows)
    }
}

/// Seals the rows of a database from before seals; how many. A row that has a seal keeps it.
pub(crate) async fn seal_rows(
    db: &mut Db,
    seals: &RowSeals,
    table: &'static SealedTable,
) -> Result<u64, StoreError> {
    let (mut pages, mut sealed) = (Pages::of(table), 0);
    loop {
        let rows = pages.next(db).await?;
        if rows.is_empty() {
            return Ok(sealed);
        }
        let unsealed = rows.into_iter().filter(|row| row.0.get(table.width) == Some(&Value::Null));
        let written = unsealed.map(|mut row| {
            row.0.truncate(table.width);
            let mut written: Vec<Value> = row.0.iter().take(table.keys.len()).cloned().collect();
            if let Some(renew) = table.renew {
                written.extend(renew(seals, &mut row.0)?);
            }
            written.push(seals.seal(table, &row.0).into());
            Ok(written)
        });
        let written = written.collect::<Result<Vec<_>, StoreError>>()?;
        sealed += written.len() as u64;
        db.write_sets(vec![(&table.write, written)]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    static ROWS: SealedTable = crate::sealed_table!("thing", "id": Int, "name", "body");
    static OTHERS: SealedTable = crate::sealed_table!("other", "id": Int, "name", "body");

    fn sealed(seals: &RowSeals, row: [Value; 3]) -> Vec<Value> {
        let seal = seals.seal(&ROWS, &row);
        row.into_iter().chain([seal.into()]).collect()
    }

    #[test]
    fn a_seal_fits_its_row_and_no_other() {
        let seals = RowSeals::new(&[7; 32], &[1; 16]);
        let row = sealed(&seals, params![1_i64, "ab", b"c".to_vec()]);
        seals.check(&ROWS, &row).expect("it fits");
        let others = [
            params![2_i64, "ab", b"c".to_vec()],
            params![1_i64, "a", b"bc".to_vec()],
            params![1_i64, b"ab".to_vec(), b"c".to_vec()],
            params![1_i64, "ab", Value::Null],
        ];
        for other in others {
            let forged: Vec<_> = other.into_iter().chain([row[3].clone()]).collect();
            let error = seals.check(&ROWS, &forged).expect_err("it was changed");
            assert!(error.to_string().starts_with("thing: row "), "{error}");
        }
        assert!(seals.check(&OTHERS, &row).is_err(), "another table's");
        assert!(RowSeals::new(&[8; 32], &[1; 16]).check(&ROWS, &row).is_err(), "another installation's");
        assert!(RowSeals::new(&[7; 32], &[2; 16]).check(&ROWS, &row).is_err(), "another sealing's");
        for missing in [Value::Null, Value::Bytes(Vec::new()), Value::Int(0)] {
            assert!(seals.check(&ROWS, &[row[..3].to_vec(), vec![missing]].concat()).is_err());
        }
        assert!(seals.check(&ROWS, &row[..3]).is_err());
    }

    #[test]
    fn a_key_may_have_several_columns() {
        static PAIRS: SealedTable =
            crate::sealed_table!("pair", ["book": Int = "$1", "name": Text = "$2"], "body");
        assert_eq!((PAIRS.width, before_all(&PAIRS)), (3, params![i64::MIN, ""].to_vec()));
        assert_eq!(
            PAIRS.read,
            "SELECT book, name, body, seal FROM pair WHERE (book, name) > ($1, $2) ORDER BY book, name LIMIT 1000"
        );
        let error =
            RowSeals::new(&[7; 32], &[1; 16]).check(&PAIRS, &params![1_i64, "ab", 2_i64, Value::Null]);
        assert!(error.expect_err("no seal").to_string().starts_with("pair: row 1/ab was not"));
    }
}

//! Everything in which the two engines differ when spoken to: placeholders, and how a set of rows is written or
//! looked up with one statement (PostgreSQL: arrays and `unnest`) or one prepared statement per row (SQLite, which
//! has no round trips to save).

use crate::{Type, Value};

/// Which database this is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Embedded, one file.
    Sqlite,
    /// A server, for several processes.
    Postgres,
}

/// A statement in the subset of SQL that both engines accept, with `$1`-style placeholders.
pub type Statement = &'static str;

/// A column with its type.
pub type Column = (&'static str, Type);

/// A statement that is run for each of many rows of parameters.
#[derive(Debug)]
pub enum SetStatement {
    /// New rows.
    Insert {
        /// Into which table.
        table: &'static str,
        /// The columns, in the order of a row's parameters.
        columns: &'static [Column],
    },
    /// New values in rows found by key.
    Update {
        /// In which table.
        table: &'static str,
        /// The key columns: the first parameters.
        keys: &'static [Column],
        /// The columns set: the parameters after the keys.
        columns: &'static [Column],
    },
    /// A look-up by several keys, written out for each engine; the set form joins `unnest($1, $2, …)`.
    Find {
        /// For one row of parameters.
        row: Statement,
        /// For all of them at once.
        set: Statement,
        /// The types of the parameters.
        parameters: &'static [Type],
    },
}

impl SetStatement {
    /// The types of a row's parameters.
    pub fn parameters(&self) -> Vec<Type> {
        match self {
            Self::Insert { columns, .. } => columns.iter().map(|c| c.1).collect(),
            Self::Update { keys, columns, .. } => keys.iter().chain(*columns).map(|c| c.1).collect(),
            Self::Find { parameters, .. } => parameters.to_vec(),
        }
    }

    /// The statement for one row.
    pub fn row_sql(&self) -> String {
        match self {
            Self::Insert { table, columns } => {
                let marks: Vec<_> = (1..=columns.len()).map(|n| format!("${n}")).collect();
                format!("INSERT INTO {table} ({}) VALUES ({})", names(columns), marks.join(", "))
            }
            Self::Update { table, keys, columns } => {
                let set: Vec<_> = numbered(columns, keys.len()).map(|(c, n)| format!("{c} = ${n}")).collect();
                let found: Vec<_> = numbered(keys, 0).map(|(c, n)| format!("{c} = ${n}")).collect();
                format!("UPDATE {table} SET {} WHERE {}", set.join(", "), found.join(" AND "))
            }
            Self::Find { row, .. } => (*row).to_owned(),
        }
    }

    /// The statement for a set of rows, given as one array per parameter (PostgreSQL).
    pub fn set_sql(&self) -> String {
        match self {
            Self::Insert { table, columns } => format!(
                "INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) AS v({names})",
                names = names(columns),
                arrays = arrays(columns.iter()),
            ),
            Self::Update { table, keys, columns } => {
                let set: Vec<_> = columns.iter().map(|c| format!("{0} = v.{0}", c.0)).collect();
                let found: Vec<_> = keys.iter().map(|c| format!("{table}.{0} = v.{0}", c.0)).collect();
                let all: Vec<_> = keys.iter().chain(*columns).map(|c| c.0).collect();
                format!(
                    "UPDATE {table} SET {} FROM unnest({}) AS v({}) WHERE {}",
                    set.join(", "),
                    arrays(keys.iter().chain(*columns)),
                    all.join(", "),
                    found.join(" AND "),
                )
            }
            Self::Find { set, .. } => (*set).to_owned(),
        }
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|c| c.0).collect::<Vec<_>>().join(", ")
}

fn numbered(columns: &[Column], before: usize) -> impl Iterator<Item = (&'static str, usize)> {
    columns.iter().enumerate().map(move |(index, column)| (column.0, before + index + 1))
}

fn arrays<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let spelt = columns.enumerate().map(|(index, column)| {
        let kind = match column.1 {
            Type::Int => "bigint",
            Type::Text => "text",
            Type::Bytes => "bytea",
        };
        format!("${}::{kind}[]", index + 1)
    });
    spelt.collect::<Vec<_>>().join(", ")
}

/// The same statement for SQLite, whose `$1` would be a name, numbered by first appearance; `?1` is the number.
pub(crate) fn for_sqlite(sql: &str) -> String {
    sql.replace('$', "?")
}

/// Turns rows of parameters into one array per parameter.
pub(crate) fn transpose(types: &[Type], rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    let mut columns: Vec<Vec<Value>> = types.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        debug_assert_eq!(row.len(), types.len(), "a row has a value for each parameter");
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[Column] = &[("id", Type::Int)];
    const COLUMNS: &[Column] = &[("name", Type::Text), ("body", Type::Bytes)];

    #[test]
    fn an_insert_is_spelt_for_a_row_and_for_a_set() {
        let insert = SetStatement::Insert { table: "t", columns: COLUMNS };
        assert_eq!(insert.row_sql(), "INSERT INTO t (name, body) VALUES ($1, $2)");
        assert_eq!(
            insert.set_sql(),
            "INSERT INTO t (name, body) SELECT * FROM unnest($1::text[], $2::bytea[]) AS v(name, body)"
        );
    }

    #[test]
    fn an_update_names_its_keys_first() {
        let update = SetStatement::Update { table: "t", keys: KEYS, columns: COLUMNS };
        assert_eq!(update.row_sql(), "UPDATE t SET name = $2, body = $3 WHERE id = $1");
        assert_eq!(
            update.set_sql(),
            "UPDATE t SET name = v.name, body = v.body FROM unnest($1::bigint[], $2::text[], $3::bytea[]) \
             AS v(id, name, body) WHERE t.id = v.id"
        );
    }

    #[test]
    fn sqlite_gets_numbered_placeholders() {
        assert_eq!(for_sqlite("SELECT $2 WHERE a = $1"), "SELECT ?2 WHERE a = ?1");
    }
}

//! Everything in which the two engines differ when spoken to: placeholders, and how a set of rows is written or
//! looked up with one statement (PostgreSQL: arrays and `unnest`) or one prepared statement per row (SQLite, which
//! has no round trips to save).

use crate::object::OBJECT_KEYS;
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
    /// One of the statements over a table of objects: see [`ObjectTable`](crate::ObjectTable), which makes them.
    Object {
        /// In which table.
        table: &'static str,
        /// Its columns after the key.
        columns: &'static [Column],
        /// What is done.
        action: ObjectAction,
    },
}

/// What is done with rows of a table of objects. The key is bound first.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ObjectAction {
    /// Rows are looked up: `id`, then the columns.
    Find,
    /// Rows are added. One that is there already is an error.
    Insert,
    /// The columns get other values. A row that is not there is an error.
    Update,
    /// Rows are removed. One that is not there is an error.
    Delete,
}

impl ObjectAction {
    fn binds_columns(self) -> bool {
        matches!(self, Self::Insert | Self::Update)
    }
}

impl SetStatement {
    /// The types of a row's parameters.
    pub fn parameters(&self) -> Vec<Type> {
        match self {
            Self::Insert { columns, .. } => columns.iter().map(|c| c.1).collect(),
            Self::Update { keys, columns, .. } => keys.iter().chain(*columns).map(|c| c.1).collect(),
            Self::Find { parameters, .. } => parameters.to_vec(),
            Self::Object { columns, action, .. } => bound(columns, *action).iter().map(|c| c.1).collect(),
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
            Self::Object { table, columns, action } => {
                let set: Vec<_> = numbered(columns, 2).map(|(c, n)| format!("{c} = ${n}")).collect();
                let marks: Vec<_> = (1..=columns.len() + 2).map(|n| format!("${n}")).collect();
                match action {
                    ObjectAction::Find => {
                        format!("SELECT id, {} FROM {table} WHERE book = $1 AND id = $2", names(columns))
                    }
                    ObjectAction::Insert => {
                        let all = names(&bound(columns, *action));
                        format!("INSERT INTO {table} ({all}) VALUES ({})", marks.join(", "))
                    }
                    ObjectAction::Update => {
                        format!("UPDATE {table} SET {} WHERE book = $1 AND id = $2", set.join(", "))
                    }
                    ObjectAction::Delete => format!("DELETE FROM {table} WHERE book = $1 AND id = $2"),
                }
            }
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
            Self::Object { table, columns, action } => object_set_sql(table, columns, *action),
        }
    }

    /// Whether each row of parameters must change a row, or the whole set is refused.
    pub(crate) fn must_change_each(&self) -> Option<&'static str> {
        match self {
            Self::Object { table, action: ObjectAction::Update | ObjectAction::Delete, .. } => Some(table),
            _ => None,
        }
    }
}

/// What an action binds: the key, then the columns that it sets.
fn bound(columns: &[Column], action: ObjectAction) -> Vec<Column> {
    let columns = if action.binds_columns() { columns } else { &[] };
    OBJECT_KEYS.iter().chain(columns).copied().collect()
}

/// The error of a row that is not there, as PostgreSQL reports it in the midst of another.
pub(crate) fn not_there(table: &str) -> String {
    format!("a row of {table} that was to be changed is not there")
}

fn object_set_sql(table: &str, columns: &[Column], action: ObjectAction) -> String {
    let bound = bound(columns, action);
    let rows = format!("unnest({}) AS v({})", arrays(bound.iter()), names(&bound));
    let key = format!("{table}.book = v.book AND {table}.id = v.id");
    let of_table: Vec<_> = columns.iter().map(|c| format!("{table}.{}", c.0)).collect();
    let change = match action {
        // LATERAL with LIMIT keeps each look-up one by the key: a planner without statistics would read the table.
        ObjectAction::Find => {
            return format!(
                "SELECT {table}.id, {} FROM {rows} CROSS JOIN LATERAL \
                 (SELECT * FROM {table} WHERE book = v.book AND id = v.id LIMIT 1) AS {table}",
                of_table.join(", ")
            );
        }
        ObjectAction::Insert => {
            let all = names(&bound);
            return format!("INSERT INTO {table} ({all}) SELECT * FROM {rows}");
        }
        ObjectAction::Update => {
            let set: Vec<_> = columns.iter().map(|c| format!("{0} = v.{0}", c.0)).collect();
            format!("UPDATE {table} SET {} FROM v WHERE {key}", set.join(", "))
        }
        ObjectAction::Delete => format!("DELETE FROM {table} USING v WHERE {key}"),
    };
    // COMMIT is sent without waiting for this statement's answer, so the server itself must refuse a row that is not
    // there: a text that is no number is an error of the statement.
    format!(
        "WITH v AS (SELECT * FROM {rows}), changed AS ({change} RETURNING 1) \
         SELECT (CASE WHEN (SELECT COUNT(*) FROM changed) = (SELECT COUNT(*) FROM v) THEN '0' \
         ELSE '{}' END)::bigint",
        not_there(table)
    )
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

    fn object(action: ObjectAction) -> SetStatement {
        SetStatement::Object { table: "t", columns: COLUMNS, action }
    }

    #[test]
    fn rows_of_objects_are_found_and_inserted_by_book_and_id() {
        let find = object(ObjectAction::Find);
        assert_eq!(find.parameters(), [Type::Int, Type::Bytes]);
        assert_eq!(find.row_sql(), "SELECT id, name, body FROM t WHERE book = $1 AND id = $2");
        assert_eq!(
            find.set_sql(),
            "SELECT t.id, t.name, t.body FROM unnest($1::bigint[], $2::bytea[]) AS v(book, id) \
             CROSS JOIN LATERAL (SELECT * FROM t WHERE book = v.book AND id = v.id LIMIT 1) AS t"
        );
        let insert = object(ObjectAction::Insert);
        assert_eq!(insert.parameters(), [Type::Int, Type::Bytes, Type::Text, Type::Bytes]);
        assert_eq!(insert.row_sql(), "INSERT INTO t (book, id, name, body) VALUES ($1, $2, $3, $4)");
        assert_eq!(
            insert.set_sql(),
            "INSERT INTO t (book, id, name, body) SELECT * FROM \
             unnest($1::bigint[], $2::bytea[], $3::text[], $4::bytea[]) AS v(book, id, name, body)"
        );
    }

    #[test]
    fn rows_of_objects_that_are_changed_must_be_there() {
        let update = object(ObjectAction::Update);
        assert_eq!(update.parameters(), [Type::Int, Type::Bytes, Type::Text, Type::Bytes]);
        assert_eq!(update.row_sql(), "UPDATE t SET name = $3, body = $4 WHERE book = $1 AND id = $2");
        assert_eq!(
            update.set_sql(),
            "WITH v AS (SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bytea[]) \
             AS v(book, id, name, body)), \
             changed AS (UPDATE t SET name = v.name, body = v.body FROM v WHERE t.book = v.book AND t.id = v.id \
             RETURNING 1) SELECT (CASE WHEN (SELECT COUNT(*) FROM changed) = (SELECT COUNT(*) FROM v) THEN '0' \
             ELSE 'a row of t that was to be changed is not there' END)::bigint"
        );
        let delete = object(ObjectAction::Delete);
        assert_eq!(delete.parameters(), [Type::Int, Type::Bytes]);
        assert_eq!(delete.row_sql(), "DELETE FROM t WHERE book = $1 AND id = $2");
        assert!(
            delete
                .set_sql()
                .contains("DELETE FROM t USING v WHERE t.book = v.book AND t.id = v.id RETURNING 1")
        );
        assert_eq!((update.must_change_each(), delete.must_change_each()), (Some("t"), Some("t")));
    }

    #[test]
    fn sqlite_gets_numbered_placeholders() {
        assert_eq!(for_sqlite("SELECT $2 WHERE a = $1"), "SELECT ?2 WHERE a = ?1");
    }
}

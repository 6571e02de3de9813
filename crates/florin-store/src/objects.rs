//! The object rows of a batch in memory: what was read, what commands made of it, and what is to be written.
//!
//! A row is written once, at the end of the batch, unless a statement of a command needs it earlier: see
//! [`Scope`](crate::Scope), which then writes the rows of the tables that the statement names. Each row knows what the
//! open transaction has of it, so that it is inserted, updated or deleted as the case is. What a command changes here,
//! rows written early included, is taken back with the command: its savepoint takes the same back in the database.

use crate::db::SetRows;
use crate::object::ObjectTable;
use crate::seal::RowSeals;
use crate::touch::Touched;
use crate::{Row, StoreError, Value, params};
use florin_ledger::BookId;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A row as the batch sees it.
#[derive(Clone, Debug)]
struct Slot {
    /// The values of its columns, without the key. None: there is no such row.
    row: Option<Vec<Value>>,
    /// Whether the open transaction has the row.
    is_stored: bool,
    /// Whether the open transaction has another row than this one, and so it is to be written.
    is_dirty: bool,
    /// The number of the command that changed it last.
    command: u64,
}

#[derive(Debug)]
struct Table {
    table: &'static ObjectTable,
    /// In the order of the ids, which is the order of the tree.
    slots: BTreeMap<Uuid, Slot>,
}

/// A row before a command changed it or read it. None: it was not known.
#[derive(Debug)]
struct Undo {
    table: &'static str,
    id: Uuid,
    before: Option<Slot>,
    is_change: bool,
}

/// Which of the rows that are to be written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Those that the command that runs has not changed.
    ByEarlierCommands,
    /// All.
    ByAny,
}

/// The rows of all tables.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    tables: BTreeMap<&'static str, Table>,
    undo: Vec<Undo>,
    /// How many commands have begun.
    command: u64,
}

impl Objects {
    /// Takes in what the look-ups of `touched` found. What the batch already changed stands above what was read.
    pub(crate) fn absorb(
        &mut self,
        touched: &Touched,
        found: &[Vec<Row>],
        (book, seals): (BookId, &RowSeals),
    ) -> Result<(), StoreError> {
        for ((table, ids), rows) in touched.objects.values().zip(found) {
            let slots = &mut self.table(table).slots;
            for row in rows {
                let (id, row) = table.of_read(book, row.clone(), seals)?;
                slots.entry(id).or_insert(read(Some(row)));
            }
            for id in ids {
                slots.entry(*id).or_insert(read(None));
            }
        }
        Ok(())
    }

    /// The same of rows that are not known yet, within a command. What it reads may be its own direct write, so it is
    /// forgotten when that is taken back.
    pub(crate) fn absorb_in_command(
        &mut self,
        touched: &Touched,
        found: &[Vec<Row>],
        of: (BookId, &RowSeals),
    ) -> Result<(), StoreError> {
        for (table, ids) in touched.objects.values() {
            self.undo.extend(ids.iter().map(|id| Undo {
                table: table.name(),
                id: *id,
                before: None,
                is_change: false,
            }));
        }
        self.absorb(touched, found, of)
    }

    /// Leaves what is not known yet.
    pub(crate) fn retain_unknown(&self, touched: &mut Touched) {
        for (table, ids) in touched.objects.values_mut() {
            ids.retain(|id| self.slot(table, *id).is_none());
        }
    }

    /// A row as this batch has left it.
    pub(crate) fn get(&self, table: &ObjectTable, id: Uuid) -> Result<Option<Row>, StoreError> {
        let slot = self.slot(table, id).ok_or_else(|| untouched(table, id))?;
        Ok(slot.row.clone().map(Row))
    }

    /// Puts a row in the place of the one that was read, or of none.
    pub(crate) fn put(
        &mut self,
        table: &'static ObjectTable,
        id: Uuid,
        row: Vec<Value>,
    ) -> Result<(), StoreError> {
        if row.len() != table.width() {
            let name = table.name();
            return Err(StoreError::unexpected(format!("a row of {name} has {} columns", row.len())));
        }
        let before = self.slot(table, id).cloned();
        if before.as_ref().is_some_and(|slot| slot.row.as_ref() == Some(&row)) {
            return Ok(());
        }
        let is_stored = before.as_ref().is_some_and(|slot| slot.is_stored);
        self.change(
            table,
            id,
            before,
            Slot { row: Some(row), is_stored, is_dirty: true, command: self.command },
        );
        Ok(())
    }

    /// Removes a row that is there.
    pub(crate) fn remove(&mut self, table: &'static ObjectTable, id: Uuid) -> Result<(), StoreError> {
        let before = self.slot(table, id).cloned().ok_or_else(|| untouched(table, id))?;
        if before.row.is_none() {
            return Err(StoreError::unexpected(format!("{} {id} to be removed is not there", table.name())));
        }
        let is_stored = before.is_stored;
        let after = Slot { row: None, is_stored, is_dirty: is_stored, command: self.command };
        self.change(table, id, Some(before), after);
        Ok(())
    }

    fn change(&mut self, table: &'static ObjectTable, id: Uuid, before: Option<Slot>, after: Slot) {
        self.undo.push(Undo { table: table.name(), id, before, is_change: true });
        self.table(table).slots.insert(id, after);
    }

    /// Begins a command; how far the batch was.
    pub(crate) fn begin_command(&mut self) -> usize {
        self.command += 1;
        self.undo.len()
    }

    /// Takes back what was changed since.
    pub(crate) fn undo_to(&mut self, point: usize) {
        for Undo { table, id, before, .. } in self.undo.drain(point..).rev() {
            let Some(table) = self.tables.get_mut(table) else { continue };
            match before {
                Some(slot) => drop(table.slots.insert(id, slot)),
                None => drop(table.slots.remove(&id)),
            }
        }
    }

    /// Whether any row was read or changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Whether commands changed rows, written or not.
    pub(crate) fn has_changes(&self) -> bool {
        self.undo.iter().any(|undo| undo.is_change)
    }

    /// The rows to be written of the tables that `sql` names, as sets. From now on they count as written.
    pub(crate) fn take_named(&mut self, of: (BookId, &RowSeals), sql: &str, which: Changed) -> Vec<SetRows> {
        self.take(of, |name| is_named(name, sql), which)
    }

    /// All rows to be written.
    pub(crate) fn take_all(&mut self, of: (BookId, &RowSeals)) -> Vec<SetRows> {
        self.take(of, |_| true, Changed::ByAny)
    }

    fn take(
        &mut self,
        (book, seals): (BookId, &RowSeals),
        is_wanted: impl Fn(&str) -> bool,
        which: Changed,
    ) -> Vec<SetRows> {
        let mut sets = Vec::new();
        for Table { table, slots } in self.tables.values_mut().filter(|of| is_wanted(of.table.name())) {
            let (mut deleted, mut updated, mut inserted) = (Vec::new(), Vec::new(), Vec::new());
            for (id, slot) in slots.iter_mut().filter(|(_, slot)| slot.is_dirty) {
                if which == Changed::ByEarlierCommands && slot.command == self.command {
                    continue;
                }
                if which == Changed::ByAny {
                    self.undo.push(Undo {
                        table: table.name(),
                        id: *id,
                        before: Some(slot.clone()),
                        is_change: true,
                    });
                }
                match (slot.is_stored, &slot.row) {
                    (true, None) => deleted.push(params![book, *id].to_vec()),
                    (true, Some(row)) => updated.push(table.to_write((book, *id), row, seals)),
                    (false, Some(row)) => inserted.push(table.to_write((book, *id), row, seals)),
                    (false, None) => {}
                }
                (slot.is_stored, slot.is_dirty) = (slot.row.is_some(), false);
            }
            // What goes makes room, should another index of the table be unique.
            let of_table = [(&table.delete, deleted), (&table.update, updated), (&table.insert, inserted)];
            sets.extend(of_table.into_iter().filter(|(_, rows)| !rows.is_empty()));
        }
        sets
    }

    /// The look-ups of the rows that are known of the tables that `sql` names, to see what it made of them.
    pub(crate) fn known(&self, book: BookId, sql: &str) -> Vec<(&'static ObjectTable, SetRows)> {
        let named = self.tables.values().filter(|of| is_named(of.table.name(), sql) && !of.slots.is_empty());
        named
            .map(|of| {
                let keys = of.slots.keys().map(|id| params![book, *id].to_vec()).collect();
                (of.table, (&of.table.find, keys))
            })
            .collect()
    }

    /// Takes in what a direct write has left of the rows that are known. All of them are as the transaction has them.
    pub(crate) fn refresh(
        &mut self,
        table: &'static ObjectTable,
        found: Vec<Row>,
        (book, seals): (BookId, &RowSeals),
    ) -> Result<(), StoreError> {
        let rows = found.into_iter().map(|row| table.of_read(book, row, seals));
        let mut found: HashMap<Uuid, Vec<Value>> = rows.collect::<Result<_, StoreError>>()?;
        let Some(of) = self.tables.get_mut(table.name()) else { return Ok(()) };
        for (id, slot) in &mut of.slots {
            let row = found.remove(id);
            if slot.row != row {
                let after = Slot { command: self.command, ..read(row) };
                let before = Some(std::mem::replace(slot, after));
                self.undo.push(Undo { table: table.name(), id: *id, before, is_change: true });
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &'static ObjectTable) -> &mut Table {
        self.tables.entry(table.name()).or_insert_with(|| Table { table, slots: BTreeMap::new() })
    }

    fn slot(&self, table: &ObjectTable, id: Uuid) -> Option<&Slot> {
        self.tables.get(table.name())?.slots.get(&id)
    }
}

/// A row as it was read.
fn read(row: Option<Vec<Value>>) -> Slot {
    Slot { is_stored: row.is_some(), row, is_dirty: false, command: 0 }
}

fn untouched(table: &ObjectTable, id: Uuid) -> StoreError {
    StoreError::unexpected(format!("{} {id} was neither touched nor loaded", table.name()))
}

/// Whether a statement names a table: as a word of its own, so that `thing` is not found in `thing_part`.
fn is_named(table: &str, sql: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    sql.match_indices(table).any(|(at, _)| {
        let (before, after) = (&sql[..at], &sql[at + table.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn a_table_is_named_as_a_word_of_its_own() {
        for sql in
            ["thing", "SELECT * FROM thing", "UPDATE thing SET x = 1", "… JOIN thing ON thing.id", "(thing)"]
        {
            assert!(is_named("thing", sql), "{sql}");
        }
        for sql in
            ["", "SELECT * FROM thing_part", "SELECT thing2 FROM a", "SELECT * FROM something", "_thing"]
        {
            assert!(!is_named("thing", sql), "{sql}");
        }
    }
}

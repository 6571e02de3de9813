//! `florin verify` finds what somebody with a database shell has done: each change on a copy of its own.

mod absent;
mod cut;
mod rows;
mod seals;

pub use rows::{Cell, Copy, database_file};

use crate::support::{Client, Server};
use rows::Column;

/// One change: what it is called and the statements that make it.
struct Tampering {
    table: &'static str,
    name: String,
    statements: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_untouched_copy_is_right() {
    let server = stopped_server().await;
    let copy = Copy::of(&server).await;
    let outcome = copy.verify();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    copy.remove().await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spoilt_journal_is_found() {
    let server = stopped_server().await;
    let plan = spoil_rows(&server, "journal").await;
    all_are_found(&server, plan).await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoilt_events_are_found() {
    let server = stopped_server().await;
    let plan = spoil_rows(&server, "event").await;
    all_are_found(&server, plan).await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_balances_and_heads_are_found() {
    let server = stopped_server().await;
    let copy = Copy::of(&server).await;
    let mut plan = Vec::new();
    for (table, words) in
        [("account", &["balance", "held", "hold"][..]), ("book", &["journal", "event", "chain"][..])]
    {
        plan.extend(change_columns(&copy, table, words).await);
    }
    copy.remove().await;
    all_are_found(&server, plan).await;
    server.finish().await;
}

/// A book with users, funds, transfers, a refusal and their events; stopped.
async fn stopped_server() -> Server {
    let mut server = Server::start().await;
    let client = server.client();
    client.verified_user("anna").await;
    client.verified_user("bela").await;
    client.settled(&["anna", "bela"]).await;
    client.fund(None, "1000", "eur").await;
    client.fund(Some("anna"), "0.5", "btc").await;
    for (source, destination) in [(None, Some("anna")), (Some("anna"), Some("bela")), (Some("bela"), None)] {
        move_money(&client, source, destination).await;
    }
    client.transfer(Some("bela"), None, "5000", "eur").await.expect_refusal("P433");
    server.stop();
    server.verify();
    server
}

async fn move_money(client: &Client, source: Option<&str>, destination: Option<&str>) {
    for amount in ["9.99", "0.01", "2.50"] {
        client.transfer(source, destination, amount, "eur").await.expect(201);
    }
}

/// Makes each change on a copy and lets `verify` look for it.
async fn all_are_found(server: &Server, plan: Vec<Tampering>) {
    let (mut missed, mut found, mut impossible) = (Vec::new(), 0, Vec::new());
    for tampering in plan {
        let copy = Copy::of(server).await;
        match copy.change(tampering.table, &tampering.statements).await {
            Err(refusal) => impossible.push(format!("{}: {refusal}", tampering.name)),
            Ok(()) => match fault(&copy, &tampering) {
                Some(fault) => missed.push(fault),
                None => found += 1,
            },
        }
        copy.remove().await;
    }
    eprintln!("verify: {found} found; refused by the database itself: {impossible:#?}");
    assert!(missed.is_empty(), "{missed:#?}");
    assert!(found > impossible.len(), "{found} found, {impossible:#?}");
}

/// What is wrong with the answer of `verify`, if anything.
fn fault(copy: &Copy, tampering: &Tampering) -> Option<String> {
    let outcome = copy.verify();
    let said = outcome.said();
    let complained = !matches!(outcome.code, None | Some(0 | 101)) && !said.contains("Usage:");
    if complained && said.to_lowercase().contains(tampering.table) {
        return None;
    }
    Some(format!("{} ({:?}): {:?} {said}", tampering.name, tampering.statements, outcome.code))
}

/// A table as the tampering sees it.
struct Table {
    name: &'static str,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The rows in the order of the primary key.
    async fn read(copy: &Copy, name: &'static str) -> Self {
        let columns = copy.columns(name).await;
        let key: Vec<String> = columns
            .iter()
            .filter(|column| column.in_key)
            .map(|column| format!("\"{}\"", column.name))
            .collect();
        assert!(!key.is_empty(), "{name} has no primary key");
        let rows = copy.rows(name, &columns, &key.join(", ")).await;
        Self { name, columns, rows }
    }

    /// The condition that picks one row.
    fn is(&self, row: &[Cell]) -> String {
        let key = self.columns.iter().zip(row).filter(|(column, _)| column.in_key);
        let parts: Vec<String> =
            key.map(|(column, cell)| format!("\"{}\" = {}", column.name, cell.literal())).collect();
        parts.join(" AND ")
    }

    /// Where the row's number stands: the last whole number of the key.
    fn number_column(&self) -> usize {
        let numbered =
            |place: &usize| self.columns[*place].in_key && matches!(self.rows[0][*place], Cell::Integer(_));
        let place = (0..self.columns.len()).rfind(numbered);
        place.unwrap_or_else(|| panic!("{} has no numbered rows", self.name))
    }

    fn number(&self, row: &[Cell]) -> i64 {
        match row[self.number_column()] {
            Cell::Integer(number) => number,
            _ => unreachable!("checked by number_column"),
        }
    }

    fn update(&self, row: &[Cell], place: usize, value: &Cell) -> String {
        let column = &self.columns[place].name;
        format!("UPDATE {} SET \"{column}\" = {} WHERE {}", self.name, value.literal(), self.is(row))
    }

    /// The same row under another number.
    fn renumbered(&self, row: &[Cell], number: i64) -> Vec<Cell> {
        let mut row = row.to_vec();
        row[self.number_column()] = Cell::Integer(number);
        row
    }

    fn renumber(&self, row: &[Cell], number: i64) -> String {
        self.update(row, self.number_column(), &Cell::Integer(number))
    }

    fn tampering(&self, name: String, statements: Vec<String>) -> Tampering {
        Tampering { table: self.name, name: format!("{}: {name}", self.name), statements }
    }
}

/// Every column of a middle row changed, rows deleted, doubled and swapped.
async fn spoil_rows(server: &Server, name: &'static str) -> Vec<Tampering> {
    let copy = Copy::of(server).await;
    let table = Table::read(&copy, name).await;
    copy.remove().await;
    assert!(table.rows.len() >= 5, "{name} has only {} rows", table.rows.len());
    let middle = &table.rows[table.rows.len() / 2];
    let before = &table.rows[table.rows.len() / 2 - 1];
    let last = table.rows.last().expect("a row");
    let next = table.number(last) + 1;
    let mut plan = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        let number = place == table.number_column();
        let value = if number { Cell::Integer(next + 1) } else { middle[place].changed(&column.kind) };
        plan.push(
            table.tampering(format!("{} changed", column.name), vec![table.update(middle, place, &value)]),
        );
    }
    for (what, row) in [("middle", middle), ("first", &table.rows[0]), ("last", last)] {
        let statement = format!("DELETE FROM {name} WHERE {}", table.is(row));
        plan.push(table.tampering(format!("{what} row deleted"), vec![statement]));
    }
    plan.push(table.tampering("all rows deleted".to_owned(), vec![format!("DELETE FROM {name}")]));
    for (what, row) in [("middle", middle), ("last", last)] {
        let cells: Vec<String> = table.renumbered(row, next).iter().map(Cell::literal).collect();
        let statement = format!("INSERT INTO {name} VALUES ({})", cells.join(", "));
        plan.push(table.tampering(format!("{what} row doubled"), vec![statement]));
    }
    let swap = vec![
        table.renumber(before, next + 5),
        table.renumber(middle, table.number(before)),
        table.renumber(&table.renumbered(before, next + 5), table.number(middle)),
    ];
    plan.push(table.tampering("two rows swapped".to_owned(), swap));
    plan
}

/// Each column whose name has one of these words, changed in the row that has the most in it.
async fn change_columns(copy: &Copy, name: &'static str, words: &[&str]) -> Vec<Tampering> {
    let table = Table::read(copy, name).await;
    let mut plan = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        if column.in_key || !words.iter().any(|word| column.name.contains(word)) {
            continue;
        }
        let fullest = |row: &&Vec<Cell>| match &row[place] {
            Cell::Integer(number) => *number,
            Cell::Text(text) => text.len() as i64,
            Cell::Blob(bytes) => bytes.len() as i64,
            Cell::Null => -1,
        };
        let row = table.rows.iter().max_by_key(fullest).expect("a row");
        let statement = table.update(row, place, &row[place].changed(&column.kind));
        plan.push(table.tampering(format!("{} changed", column.name), vec![statement]));
    }
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert!(!plan.is_empty(), "no column of {name} has one of {words:?} in its name: {names:?}");
    plan
}

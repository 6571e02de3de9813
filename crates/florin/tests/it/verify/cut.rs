//! The end of a book cut off so that everything left agrees with itself: only the book's seal can tell.

use super::rows::{Cell, Copy};
use super::{Table, stopped_server};
use crate::restart::fails_plainly;
use crate::support::Server;

/// Bytes of a stored leg: holder, currency, kind, amount, hold, balance, held, previous, ordinal.
const LEG_BYTES: usize = 65;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_whose_last_record_is_cut_off_is_found() {
    let server = funded_last().await;
    let copy = Copy::of(&server).await;
    let (journal, events) = (Table::read(&copy, "journal").await, Table::read(&copy, "event").await);
    let mut statements = cut_last(&journal, "journal");
    let last = journal.rows.last().expect("a row");
    let position = journal.whole(last, "position");
    let Cell::Blob(legs) = journal.cell(last, "legs") else { panic!("legs are bytes") };
    assert!(legs.len() == 2 * LEG_BYTES, "a funding has two legs");
    statements.extend(legs.chunks(LEG_BYTES).map(set_back));
    statements.push(format!("DELETE FROM mark WHERE position = {position}"));
    // What told of the record goes with it.
    let tells = |row: &Vec<Cell>| events.cell(row, "journal") == &Cell::Integer(position);
    match events.rows.iter().filter(|row| tells(row)).count() {
        0 => {}
        1 if tells(events.rows.last().expect("a row")) => statements.extend(cut_last(&events, "event")),
        _ => panic!("the events of the last record are not the last one"),
    }
    only_the_seal_tells(copy, &statements).await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_whose_last_event_is_cut_off_is_found() {
    let server = funded_last().await;
    let copy = Copy::of(&server).await;
    let statements = cut_last(&Table::read(&copy, "event").await, "event");
    only_the_seal_tells(copy, &statements).await;
    server.finish().await;
}

/// A stopped book that ends with money for a user who had none.
async fn funded_last() -> Server {
    let mut server = stopped_server().await;
    server.start_again().await;
    let client = server.client();
    client.verified_user("cili").await;
    client.settled(&["cili"]).await;
    client.fund(Some("cili"), "7", "eur").await;
    server.stop();
    server.verify();
    server
}

async fn only_the_seal_tells(copy: Copy, statements: &[String]) {
    for table in ["journal", "event", "account", "book", "mark"] {
        copy.change(table, &[]).await.expect("the triggers go");
    }
    copy.change("journal", statements).await.expect("the database lets it happen");
    fails_plainly(&copy.verify(), &["book: where book"]);
    copy.remove().await;
}

/// Takes the last row of a chained table away, and the book's head and chain back to the row before.
fn cut_last(table: &Table, head: &str) -> Vec<String> {
    let [.., before, last] = &table.rows[..] else { panic!("two rows") };
    let chain = table.cell(before, "chain").literal();
    let book = table.whole(last, "position") >> 40;
    vec![
        format!("DELETE FROM {} WHERE {}", table.name, table.is(last)),
        format!("UPDATE book SET {head}_head = {head}_head - 1, {head}_chain = {chain} WHERE id = {book}"),
    ]
}

/// The account of a leg as it was before.
fn set_back(leg: &[u8]) -> String {
    let number = |at: usize| i64::from_be_bytes(leg[at..at + 8].try_into().expect("eight bytes"));
    let (holder, kind) = (number(0), leg[16]);
    let currency = String::from_utf8_lossy(&leg[8..16]).trim_end_matches('\0').to_owned();
    let (balance, held) = (number(33) - number(17), number(41) - number(25));
    let (previous, entries) = (number(49), number(57) - 1);
    format!(
        "UPDATE account SET balance = {balance}, held = {held}, last = {previous}, entries = {entries} \
         WHERE holder = {holder} AND currency = '{currency}' AND kind = {kind}"
    )
}

impl Table {
    fn cell<'row>(&self, row: &'row [Cell], name: &str) -> &'row Cell {
        let place = self.columns.iter().position(|column| column.name == name);
        &row[place.unwrap_or_else(|| panic!("{} has no column {name}", self.name))]
    }

    fn whole(&self, row: &[Cell], name: &str) -> i64 {
        match self.cell(row, name) {
            Cell::Integer(number) => *number,
            other => panic!("{name} is {other:?}"),
        }
    }
}

//! What the simulated chains of a stopped server have.

use super::Made;
use super::calls::{ASSETS, NETWORKS, outside};
use crate::support::Server;
use crate::verify::{Cell, Copy};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a table, by the names of columns.
async fn rows(copy: &Copy, table: &str, order: &str) -> Vec<BTreeMap<String, Cell>> {
    let columns = copy.columns(table).await;
    let rows = copy.rows(table, &columns, order).await;
    let named = |row: Vec<Cell>| columns.iter().map(|column| column.name.clone()).zip(row).collect();
    rows.into_iter().map(named).collect()
}

fn text(cell: &Cell) -> &str {
    match cell {
        Cell::Text(text) => text,
        other => panic!("{other:?} is no text"),
    }
}

/// The blocks pay each withdrawal once, and the numbers of the hot wallet's transactions have no gap.
pub async fn check(server: &Server, made: &Made) {
    let copy = Copy::of(server).await;
    let mut paid: Vec<(String, i128)> = Vec::new();
    let outside: BTreeSet<String> = NETWORKS.map(outside).into();
    for row in rows(&copy, "sim_entry", "network, height, place, line").await {
        let (Cell::Integer(amount), currency) = (&row["amount"], text(&row["currency"])) else {
            panic!("an amount that is no number: {row:?}")
        };
        if outside.contains(text(&row["address"])) {
            paid.push((currency.to_owned(), i128::from(*amount)));
        }
    }
    let wanted = made.withdrawals.values();
    let mut wanted: Vec<_> =
        wanted.map(|(asset, amount)| (ASSETS[*asset].currency.to_owned(), *amount)).collect();
    paid.sort();
    wanted.sort();
    assert_eq!(paid, wanted, "what blocks pay, and what was to be paid");
    let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for row in rows(&copy, "sim_transaction", "network, place").await {
        if row["sender"] == Cell::Null {
            continue;
        }
        let state = text(&row["state"]);
        assert_ne!(state, "POOL", "a signed transaction waits: {row:?}");
        if state == "INCLUDED" {
            let Cell::Blob(body) = &row["body"] else { panic!("a body that is no JSON: {row:?}") };
            let body: Value = serde_json::from_slice(body).expect("JSON");
            let number = body["nonce"].as_u64().unwrap_or_else(|| panic!("no nonce: {body}"));
            numbers.entry(text(&row["network"]).to_owned()).or_default().push(number);
        }
    }
    for (network, mut numbers) in numbers {
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(0..numbers.len() as u64), "{network}: {numbers:?}");
    }
    copy.remove().await;
}

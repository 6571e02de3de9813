//! Which statements have run in this process: for the test that every registered one does, and no other, and for tests
//! of what a command costs. Nothing is kept until a test asks for it.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

static RAN: OnceLock<Mutex<Ran>> = OnceLock::new();

#[derive(Debug, Default)]
struct Ran {
    statements: BTreeSet<String>,
    cost: Cost,
}

/// What commands cost so far.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Statements, a set counted as one.
    pub statements: u64,
    /// Savepoints.
    pub savepoints: u64,
    /// How often the database was waited for.
    pub round_trips: u64,
}

/// Keeps the text of every statement from now on, and counts.
pub fn start() {
    RAN.get_or_init(Mutex::default);
}

/// The statements that ran since the start; look-ups and writes by sets in the form for a set, on either engine.
pub fn ran() -> BTreeSet<String> {
    RAN.get()
        .map(|ran| ran.lock().unwrap_or_else(PoisonError::into_inner).statements.clone())
        .unwrap_or_default()
}

/// What was counted since the start.
pub fn cost() -> Cost {
    RAN.get().map(|ran| ran.lock().unwrap_or_else(PoisonError::into_inner).cost).unwrap_or_default()
}

fn with(note: impl FnOnce(&mut Ran)) {
    if let Some(ran) = RAN.get() {
        note(&mut ran.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) fn note(sql: impl FnOnce() -> String) {
    with(|ran| {
        ran.cost.statements += 1;
        ran.statements.insert(sql());
    });
}

pub(crate) fn note_savepoint() {
    with(|ran| ran.cost.savepoints += 1);
}

pub(crate) fn note_round_trip() {
    with(|ran| ran.cost.round_trips += 1);
}

//! Which statements have run in this process: for the test that every registered one does, and no other. Nothing is
//! kept until a test asks for it.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

static RAN: OnceLock<Mutex<BTreeSet<String>>> = OnceLock::new();

/// Keeps the text of every statement from now on.
pub fn start() {
    RAN.get_or_init(Mutex::default);
}

/// The statements that ran since the start; look-ups and writes by sets in the form for a set, on either engine.
pub fn ran() -> BTreeSet<String> {
    RAN.get().map(|ran| ran.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
}

pub(crate) fn note(sql: impl FnOnce() -> String) {
    if let Some(ran) = RAN.get() {
        ran.lock().unwrap_or_else(PoisonError::into_inner).insert(sql());
    }
}

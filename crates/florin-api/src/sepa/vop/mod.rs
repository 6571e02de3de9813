//! Verification of Payee for other banks: is an account of ours held under a name? In the EPC's form
//! (`florin_rails::sepa::vop`), at a path of its own that no partner's key opens.
//!
//! A close match tells the holder's name, so nobody asks unknown: an asking bank is a row that an operator made, with a
//! token of its own (`askers.rs`). Whoever guesses names comes to an end: on one day an asker gets so many answers
//! other than a match for one account, and so many in all (`bounds.rs`). While there is no asker, there is no such
//! path.

mod answering;
mod askers;
mod bounds;

pub use askers::{Asker, AskerCount, Askers, NewAsker};
pub use bounds::MISSES_A_DAY;

pub(super) use askers::ASKERS;

use super::own_payee;
use crate::kit::app::App;
use axum::Router;
use axum::routing::any;
use bounds::Bounds;
use florin_store::{Statement, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often counts are written. A killed process loses those of a minute.
const INTERVAL: Duration = Duration::from_secs(60);

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = askers::STATEMENTS;

/// Where other banks ask.
#[derive(Clone)]
pub struct PayeeDesk {
    app: App,
    bounds: Arc<Bounds>,
}

impl PayeeDesk {
    /// The desk of a process.
    pub fn of(app: &App) -> Self {
        Self { app: app.clone(), bounds: Arc::default() }
    }

    /// Its path, which needs no partner's key.
    pub fn routes(&self) -> Router {
        Router::new().route(florin_rails::sepa::vop::PATH, any(answering::answer)).with_state(self.clone())
    }

    /// Writes counts now and then, until dropped.
    pub async fn work(self) {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            self.note_or_keep().await;
        }
    }

    /// Writes the counts that were not written yet. Those that cannot be written are kept.
    pub async fn note_or_keep(&self) {
        if let Err(error) = self.note_counts().await {
            tracing::warn!(%error, "could not note how many questions of other banks were answered");
        }
    }

    /// The same.
    ///
    /// # Errors
    /// The database is away; the counts are kept.
    pub async fn note_counts(&self) -> Result<(), StoreError> {
        let counts = self.bounds.take_counts();
        if counts.is_empty() {
            return Ok(());
        }
        let noted = askers::note_counts(&self.app.store, &counts).await;
        if noted.is_err() {
            self.bounds.give_back(counts);
        }
        noted
    }
}

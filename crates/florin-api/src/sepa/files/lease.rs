//! Which process works on files: one at a time, by a lease that it renews before each command.
//!
//! A process that has lost its lease without noticing does no harm. Payments get into a file, and the file is noted as
//! written, only by statements that name the state of the file; a message of the bank is applied once by its id.

use super::store;
use crate::kit::app::App;
use florin_store::StoreError;
use florin_types::Timestamp;
use std::time::Duration;

/// How long the lease lasts after it was renewed: how long files wait after the death of a process.
const LEASE: Duration = Duration::from_secs(20);

/// How long a process goes on without renewing it.
const RENEWAL: Duration = Duration::from_secs(10);

/// The lease of this process.
pub struct Lease {
    app: App,
    /// When it was taken, by the clock of this process, which only measures how long ago that was.
    taken_at: Option<Timestamp>,
}

impl Lease {
    pub fn new(app: &App) -> Self {
        Self { app: app.clone(), taken_at: None }
    }

    /// Whether this process is the one that works on files. Takes or renews the lease where that is due.
    ///
    /// # Errors
    /// The database is away.
    pub async fn hold(&mut self) -> Result<bool, StoreError> {
        let now = self.app.wall();
        if self.taken_at.is_some_and(|at| at <= now && now.saturating_since(at) < RENEWAL) {
            return Ok(true);
        }
        let is_ours = store::lease(&self.app, LEASE).await?;
        self.taken_at = is_ours.then_some(now);
        Ok(is_ours)
    }

    /// Ends the lease of whoever has it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn free(&self) -> Result<(), StoreError> {
        store::free_lease(&self.app).await
    }

    /// Lets another process go on at once.
    pub async fn end(self) {
        if let Err(error) = store::end_lease(&self.app).await {
            tracing::warn!(%error, "could not end the lease of SEPA files");
        }
    }
}

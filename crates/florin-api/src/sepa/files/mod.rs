//! SEPA over files: one process at a time brings payments out ([`out`]) and reads what the bank says ([`incoming`]).
//! Which process it is, says a lease; what a process does that has lost it without noticing is undone by nothing and
//! undoes nothing: each step is noted only if it follows on what stands.

mod incoming;
mod out;
mod reconcile;
mod store;

pub use reconcile::{Difference, Reconciled, reconcile};

use crate::kit::app::App;
use florin_rails::sepa::files::{FileRail, FolderError, Watched};
use florin_store::{SetStatement, Statement, StoreError};
use florin_types::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = store::STATEMENTS;

/// The look-up by sets, for the same test.
pub(super) static SET: &SetStatement = store::SET;

/// How often folder and cut-offs are looked at: a file that has come is read within twice this, for it must have
/// stopped growing. A look is a few statements by index.
const INTERVAL: Duration = Duration::from_secs(2);

/// How long the lease of a process lasts, unless that one renews it: how long files wait after its death.
const LEASE: Duration = Duration::from_secs(20);

/// The work on files of one process.
pub struct FileWork {
    app: App,
    rail: Arc<FileRail>,
    /// The installation, once the folder is known to be its own.
    installation: Option<Uuid>,
    leased_until: Timestamp,
    watched: Watched,
}

impl FileWork {
    /// None where payments do not go in files.
    pub fn of(app: &App) -> Option<Self> {
        let rail = Arc::clone(app.settings.sepa.files.as_ref()?);
        let (app, leased_until) = (app.clone(), Timestamp::from_micros(i64::MIN));
        Some(Self { app, rail, installation: None, leased_until, watched: Watched::new() })
    }

    /// Makes sure that the folder is there, and this installation's.
    ///
    /// # Errors
    /// It is not, or cannot be used.
    pub async fn claim(&mut self) -> Result<Uuid, StoreError> {
        if let Some(installation) = self.installation {
            return Ok(installation);
        }
        let installation = self.app.store.vault_mark().await?.installation;
        let (rail, was_written) = (Arc::clone(&self.rail), store::was_written(&self.app).await?);
        let claimed = blocking(move || rail.folder.claim(installation, was_written)).await?;
        claimed.map_err(|error: FolderError| StoreError::unavailable(error))?;
        self.installation = Some(installation);
        Ok(installation)
    }

    /// Does what is to be done now: brings out what is due, and reads what has come.
    ///
    /// # Errors
    /// Database or folder is away: the next step goes on from there.
    pub async fn step(&mut self) -> Result<(), StoreError> {
        let installation = self.claim().await?;
        if !self.has_lease().await? {
            return Ok(());
        }
        out::send(&self.app, &self.rail, installation).await?;
        for name in incoming::arrived(&self.rail, &mut self.watched).await? {
            if self.app.is_stopping() || !self.has_lease().await? {
                break;
            }
            incoming::receive(&self.app, &self.rail, installation, name).await?;
        }
        Ok(())
    }

    /// Ends the lease of whoever has it: for the start of a process that has the database to itself.
    ///
    /// # Errors
    /// The database is away.
    pub async fn free(&self) -> Result<(), StoreError> {
        store::free_lease(&self.app).await
    }

    /// Whether this process is the one that works on files. The lease is renewed when half of it is over.
    async fn has_lease(&mut self) -> Result<bool, StoreError> {
        let now = self.app.wall();
        if self.leased_until.saturating_sub(LEASE / 2) > now {
            return Ok(true);
        }
        let until = now.saturating_add(LEASE);
        let is_ours = store::lease(&self.app, now, until).await?;
        self.leased_until = if is_ours { until } else { Timestamp::from_micros(i64::MIN) };
        Ok(is_ours)
    }

    /// Lets another process go on at once.
    pub async fn end(self) {
        if let Err(error) = store::end_lease(&self.app).await {
            tracing::warn!(%error, "could not end the lease of SEPA files");
        }
    }
}

/// Works on files until the server stops.
pub async fn work_on_files(mut work: FileWork) {
    let app = work.app.clone();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stopped() => break,
        }
        if !app.may_write() {
            continue;
        }
        match work.step().await {
            Ok(()) => failed = false,
            // The same failure is said once.
            Err(error) if !failed => {
                failed = true;
                tracing::error!(%error, "the work on SEPA files stands still; it is tried again");
            }
            Err(_) => {}
        }
    }
    work.end().await;
}

/// Work on files, on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(StoreError::unexpected)
}

fn folder_fault(error: std::io::Error) -> StoreError {
    StoreError::unavailable(format!("the folder of SEPA files: {error}"))
}

//! SEPA over files: one process at a time ([`lease`]) brings payments out ([`out`]) and reads what the bank says
//! ([`incoming`]). The two do not wait for each other, and a book or a file that fails holds up no other.
//!
//! What comes in: [`route`] finds the book of a message, [`recalls`] the payment that a recall means, and [`booking`]
//! keeps what the bank has booked. [`mod@reconcile`] compares that with a [`statement`]; [`matching`] says which
//! bookings are the same. [`adopt`] is for files that an older copy of the database does not know, [`switch`] for a
//! change of rail, [`operator`] for what a person decides.

mod adopt;
mod booking;
mod incoming;
mod lease;
mod matching;
mod operator;
mod out;
mod recalls;
mod reconcile;
mod route;
mod statement;
mod store;
mod switch;

pub use adopt::Adopted;
pub(super) use adopt::check_all_known;
pub(super) use booking::paid_on;
pub use operator::{FileLine, Outcome};
pub use reconcile::{Difference, Reconciled, reconcile};
pub use switch::{hand_over_one_by_one, take_over};

use crate::kit::app::App;
use florin_rails::sepa::files::{FileRail, FolderError, Watched};
use florin_store::{SetStatement, Statement, StoreError};
use lease::Lease;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[&[Statement]] = &[store::STATEMENTS, booking::STATEMENTS];

/// The look-ups by sets, for the same test.
pub(super) static SETS: [&SetStatement; 2] = store::SETS;

/// The statements of the table of bookings, for the same test.
pub(super) static BOOKINGS: &florin_store::ObjectTable = &booking::BOOKINGS;

/// Run when a book is replaced.
pub(super) const FORGET: Statement = store::FORGET;

/// How often folder and cut-offs are looked at: a file that has come is read within twice this, for it must have
/// stopped growing. A look is a few statements by index.
const INTERVAL: Duration = Duration::from_secs(2);

/// The work on files of one process.
pub struct FileWork {
    app: App,
    rail: Arc<FileRail>,
    /// The installation, once the folder is known to be its own.
    installation: Option<Uuid>,
    lease: Lease,
    watched: Watched,
    /// What failed at the last round, each with its error.
    failing: BTreeMap<String, String>,
}

/// One look at cut-offs and inbox.
struct Round<'a> {
    app: &'a App,
    rail: &'a Arc<FileRail>,
    installation: Uuid,
    lease: &'a mut Lease,
    troubles: Vec<Trouble>,
    /// The files with recalls, which are read after all others.
    recalls: Vec<OsString>,
}

/// What failed, while the rest went on.
struct Trouble {
    about: String,
    error: StoreError,
}

impl Round<'_> {
    /// Notes what failed.
    fn failed(&mut self, about: impl Into<String>, error: StoreError) {
        self.troubles.push(Trouble { about: about.into(), error });
    }
}

impl FileWork {
    /// None where payments do not go in files.
    pub fn of(app: &App) -> Option<Self> {
        let rail = Arc::clone(app.settings.sepa.files.as_ref()?);
        Some(Self {
            app: app.clone(),
            rail,
            installation: None,
            lease: Lease::new(app),
            watched: Watched::new(),
            failing: BTreeMap::new(),
        })
    }

    /// Makes sure that the folder is there, and this installation's.
    ///
    /// # Errors
    /// It is not, or cannot be used.
    pub async fn claim(&mut self) -> Result<Uuid, StoreError> {
        let rail = Arc::clone(&self.rail);
        let unusable = |error: FolderError| StoreError::unavailable(error);
        if let Some(installation) = self.installation {
            blocking(move || rail.folder.check(installation)).await?.map_err(unusable)?;
            return Ok(installation);
        }
        let installation = self.app.store.vault_mark().await?.installation;
        let was_written = store::was_written(&self.app).await?;
        blocking(move || rail.folder.claim(installation, was_written)).await?.map_err(unusable)?;
        self.installation = Some(installation);
        Ok(installation)
    }

    /// Does what is to be done now: brings out what is due, and reads what has come.
    ///
    /// # Errors
    /// The first thing that failed, after all others were done.
    pub async fn step(&mut self) -> Result<(), StoreError> {
        self.round().await.into_iter().next().map_or(Ok(()), |trouble| Err(trouble.error))
    }

    async fn round(&mut self) -> Vec<Trouble> {
        let installation = match self.claim().await {
            Ok(installation) => installation,
            Err(error) => return vec![Trouble { about: "the folder".to_owned(), error }],
        };
        match self.lease.hold().await {
            Ok(true) => {}
            Ok(false) => return Vec::new(),
            Err(error) => return vec![Trouble { about: "the lease".to_owned(), error }],
        }
        let Self { app, rail, lease, watched, .. } = self;
        let mut round = Round { app, rail, installation, lease, troubles: Vec::new(), recalls: Vec::new() };
        match adopt::check_all_known(app).await {
            Ok(()) => {
                if let Err(error) = out::send(&mut round).await {
                    round.failed("payment files", error);
                }
                if let Err(error) = incoming::receive(&mut round, watched).await {
                    round.failed("files of the bank", error);
                }
            }
            // A status could be about a payment that this database takes for one that never went.
            Err(error) => round.failed("files that are not known", error),
        }
        round.troubles
    }

    /// Logs what fails when it begins to fail, or fails otherwise than before.
    fn log(&mut self, troubles: Vec<Trouble>) {
        let mut failing = BTreeMap::new();
        for Trouble { about, error } in troubles {
            let error = error.to_string();
            if self.failing.get(&about) != Some(&error) {
                tracing::error!(%about, %error, "the work on SEPA files stands still; it is tried again");
            }
            failing.insert(about, error);
        }
        for about in self.failing.keys().filter(|about| !failing.contains_key(*about)) {
            tracing::info!(%about, "the work on SEPA files goes on");
        }
        self.failing = failing;
    }

    /// Ends the lease of whoever has it: for the start of a process that has the database to itself.
    ///
    /// # Errors
    /// The database is away.
    pub async fn free(&self) -> Result<(), StoreError> {
        self.lease.free().await
    }

    /// Lets another process go on at once.
    pub async fn end(self) {
        self.lease.end().await;
    }
}

/// Works on files until the server stops.
pub async fn work_on_files(mut work: FileWork) {
    let app = work.app.clone();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stopped() => break,
        }
        if app.may_write() {
            let troubles = work.round().await;
            work.log(troubles);
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

/// The key of hashes of bookings.
fn booking_key(app: &App) -> [u8; 32] {
    app.store.derive_key("florin 2026 SEPA bookings v1")
}

//! Whose the vault is. Vault and database hold the same [`VaultMark`], whose epoch a server raises every minute. A copy
//! of the database, such as a restored dump on the vault of live, falls behind by that and is told: it reads its files,
//! but neither writes nor removes any, until an operator lets it take the vault over (`florin vault adopt`).
//!
//! A server that has just started raises nothing for two minutes. By then the server of the original has raised the
//! epoch, if there is one, and only a copy is behind.

use super::store;
use super::sweep::SWEEP_AGE;
use crate::kit::app::App;
use crate::kit::request::upload::vault_fault;
use florin_store::{StoreError, params};
use florin_types::{Belonging, VaultMark};
use florin_vault::ObjectName;
use futures_util::{StreamExt, TryStreamExt};
use std::pin::pin;
use std::time::Duration;

/// How often the epoch is raised. A database that was copied is told within this time that it is a copy; each raise
/// costs a small commit and a request to the bucket.
pub const RAISE_INTERVAL: Duration = Duration::from_secs(60);

/// Files that a vault without a mark may have though the database does not know them: what crashes left, some of each
/// of a few dozen, even in a bad week. More of them, and the vault is taken for another installation's.
const MAX_UNKNOWN: u64 = 100;

/// The files of a vault, as far as they are old enough to have a row.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Those that the database knows.
    pub known: u64,
    /// Those that it does not know.
    pub unknown: u64,
}

/// What stands in the vault and in the database.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The vault's mark; none where no installation has set one.
    pub vault: Option<VaultMark>,
    /// The database's.
    pub database: VaultMark,
}

impl Marks {
    /// Reads both: the vault's first, as an epoch is in the database before it is in the vault.
    pub async fn read(app: &App) -> Result<Self, StoreError> {
        let vault = app.vault.mark().await.map_err(vault_fault)?;
        Ok(Self { vault, database: app.store.vault_mark().await? })
    }

    /// Why the vault is not the database's; none where it is. A vault without a mark is nobody's yet.
    fn objection(&self) -> Option<String> {
        let (vault, database) = (self.vault.as_ref()?, &self.database);
        let whose = match database.judge(vault) {
            Belonging::Ours => return None,
            Belonging::OtherInstallation => {
                format!("belongs to installation {}, not to {}", vault.installation, database.installation)
            }
            Belonging::OtherCopy => format!(
                "is at epoch {} and this database at {}, so that this database is a copy",
                vault.epoch, database.epoch
            ),
        };
        Some(format!("the vault {whose}: {CONSEQUENCE}"))
    }

    /// Opens the vault for writing, or closes it with the reason.
    fn settle(&self, app: &App) -> Result<(), StoreError> {
        let objection = self.objection();
        close(app, objection.as_deref());
        objection.map_or(Ok(()), |objection| Err(StoreError::unavailable(objection)))
    }
}

/// What follows from a vault that is not ours, with the command that mends it.
const CONSEQUENCE: &str =
    "no file is written or removed until `florin vault adopt` lets this database take the vault over";

/// Closes the vault with a reason or opens it, and says so once.
fn close(app: &App, reason: Option<&str>) {
    match (app.vault.close_to_writing(reason), reason) {
        (true, Some(reason)) => tracing::warn!("{reason}"),
        (true, None) => tracing::info!("the vault is this database's again"),
        (false, _) => {}
    }
}

/// Before the first call: closes a vault that is not ours, and marks one that is empty and has no mark.
///
/// # Errors
/// When vault or database is away.
pub async fn begin(app: &App) -> Result<(), StoreError> {
    let marks = Marks::read(app).await?;
    if marks.vault.is_some() {
        // Not ours: that is no reason not to start.
        let _ = marks.settle(app);
        return Ok(());
    }
    let is_empty = pin!(app.vault.list()).next().await.is_none();
    if is_empty { raise(app, &marks.database).await } else { Ok(()) }
}

/// Raises the epoch until dropped, and looks whether the vault is ours.
pub async fn work(app: App) {
    if let Err(error) = mark_known(&app).await {
        tracing::warn!(%error, "could not mark the vault");
    }
    tokio::time::sleep(RAISE_INTERVAL).await;
    let mut ticks = tokio::time::interval(RAISE_INTERVAL);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match renew(&app).await {
            Err(_) if app.vault.closed_to_writing().is_some() => {}
            Err(error) => tracing::warn!(%error, "could not raise the epoch of the vault"),
            Ok(()) => {}
        }
    }
}

/// Marks a vault that has files and no mark, as older versions left it, if this database knows its files.
async fn mark_known(app: &App) -> Result<(), StoreError> {
    let marks = Marks::read(app).await?;
    if marks.vault.is_some() {
        return Ok(());
    }
    let Counted { known, unknown } = count(app).await?;
    if unknown > MAX_UNKNOWN {
        let files = known + unknown;
        let reason =
            format!("the vault has no mark, and this database does not know {unknown} of its {files} files");
        close(app, Some(&format!("{reason}: {CONSEQUENCE}")));
        return Ok(());
    }
    raise(app, &marks.database).await
}

/// Counts the vault's files.
pub async fn count(app: &App) -> Result<Counted, StoreError> {
    let mut counted = Counted::default();
    let mut objects = pin!(app.vault.list());
    while let Some(name) = objects.try_next().await.map_err(vault_fault)? {
        match is_known(app, name).await? {
            true => counted.known += 1,
            false if is_older(app, name, SWEEP_AGE) => counted.unknown += 1,
            false => {}
        }
    }
    Ok(counted)
}

/// Whether a row knows this object.
pub(super) async fn is_known(app: &App, name: ObjectName) -> Result<bool, StoreError> {
    Ok(!app.store.look(store::IS_KNOWN, &params![name.uuid()]).await?.is_empty())
}

/// Whether an object is of at least this age.
pub(super) fn is_older(app: &App, name: ObjectName, age: Duration) -> bool {
    app.wall().saturating_since(name.made_at()) >= age
}

/// The database's mark, if the vault is ours.
///
/// # Errors
/// Why it is not, or what is away.
pub(super) async fn require(app: &App) -> Result<VaultMark, StoreError> {
    let marks = Marks::read(app).await?;
    marks.settle(app)?;
    match marks.vault {
        Some(_) => Ok(marks.database),
        None => Err(StoreError::unavailable(
            "the vault has no mark yet: a server sets it, or `florin vault adopt`",
        )),
    }
}

/// Looks whether the vault is ours, and raises the epoch if it is time.
///
/// # Errors
/// Why it is not ours, or what is away.
pub async fn renew(app: &App) -> Result<(), StoreError> {
    let Marks { vault, database } = Marks::read(app).await?;
    Marks { vault, database }.settle(app)?;
    match vault {
        None => mark_known(app).await,
        // Several processes of one database take turns.
        Some(vault) if vault.epoch == database.epoch => match is_due(app, &database) {
            true => raise(app, &database).await,
            false => Ok(()),
        },
        // Raised in the database, and the vault was away.
        Some(_) => app.vault.set_mark(&database).await.map_err(vault_fault),
    }
}

/// Half an interval is enough: the ticks of several processes lie anywhere.
fn is_due(app: &App, database: &VaultMark) -> bool {
    let now = app.wall();
    now < database.raised_at || now.saturating_since(database.raised_at) >= RAISE_INTERVAL / 2
}

/// Raises the epoch in the database, then in the vault. What another process does at the same time stands.
pub(super) async fn raise(app: &App, from: &VaultMark) -> Result<(), StoreError> {
    let to = VaultMark { epoch: from.epoch + 1, draw: app.new_id(), raised_at: app.wall(), ..*from };
    put(app, from, &to).await.map(drop)
}

/// Whether it was put: false where another process was faster.
async fn put(app: &App, from: &VaultMark, to: &VaultMark) -> Result<bool, StoreError> {
    let is_raised = app.store.raise_vault_mark(from, to).await?;
    if is_raised {
        app.vault.set_mark(to).await.map_err(vault_fault)?;
    }
    Ok(is_raised)
}

/// Makes the vault this database's, whoever's it was: with an epoch above both.
///
/// # Errors
/// When vault or database is away.
pub(super) async fn take_over(app: &App, marks: &Marks) -> Result<VaultMark, StoreError> {
    let epoch = marks.vault.map_or(0, |vault| vault.epoch).max(marks.database.epoch) + 1;
    let to = VaultMark { epoch, draw: app.new_id(), raised_at: app.wall(), ..marks.database };
    if !put(app, &marks.database, &to).await? {
        return Err(StoreError::unavailable("a server raised the epoch meanwhile: try again"));
    }
    close(app, None);
    Ok(to)
}

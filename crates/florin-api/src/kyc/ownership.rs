//! Whose the vault is. Vault and database hold the same [`VaultMark`], whose epoch a server raises every minute. A copy
//! of the database, such as a restored dump on the vault of live, falls behind by that and is told: it reads its files,
//! but neither writes nor removes any, until an operator lets it take the vault over (`florin vault adopt`).
//!
//! A vault without a mark is closed too, but for an empty one at the first start and for one of an older version whose
//! files this database knows. A database that has had a vault does not take an unmarked one for it: a disk may not be
//! mounted, or a prefix be misspelt.
//!
//! A server that has just started raises nothing for two minutes. By then the server of the original has raised the
//! epoch, if there is one, and only a copy is behind.

use super::store;
use crate::kit::app::App;
use crate::kit::book::key_sheets;
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

/// By how much a takeover raises the epoch: servers of the former owner raise it once a minute, and must not reach the
/// new one's for as long as they may run without having looked at the vault.
const TAKEOVER: u64 = 1000;

/// The files of a vault.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Those that the database knows.
    pub known: u64,
    /// Those that it does not know, those of running uploads too.
    pub unknown: u64,
    /// Objects that the database knows, and that are not there.
    pub missing: u64,
}

/// What stands in the vault and in the database.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The vault's mark; none where no installation has set one.
    pub vault: Option<VaultMark>,
    /// The database's.
    pub database: VaultMark,
    /// Whether users' keys of this database need sheets: then it has had a vault.
    pub needs_sheets: bool,
}

impl Marks {
    /// Reads both: the vault's first, as an epoch is in the database before it is in the vault.
    pub async fn read(app: &App) -> Result<Self, StoreError> {
        let vault = app.vault.mark().await.map_err(vault_fault)?;
        let needs_sheets = key_sheets::is_there_one(&app.store).await?;
        Ok(Self { vault, database: app.store.vault_mark().await?, needs_sheets })
    }

    /// Whether the vault may get this database's mark without an operator: nobody has set one, and this database has
    /// had none.
    fn is_nobodys(&self) -> bool {
        self.vault.is_none() && !(self.database.epoch > 0 && self.needs_sheets)
    }

    /// Why the vault is not the database's; none where it is.
    fn objection(&self) -> Option<String> {
        let database = &self.database;
        let Some(vault) = &self.vault else {
            return Some(match self.is_nobodys() {
                true => format!("the vault has no mark yet: {UNTIL_COMPARED}"),
                false => format!(
                    "the vault has no mark, though this database has set one: {MOUNTED} {CONSEQUENCE}"
                ),
            });
        };
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
        if let (None, Some(reason)) = (self.vault, app.vault.closed_to_writing()) {
            // It was said more exactly.
            return Err(StoreError::unavailable(reason));
        }
        let objection = self.objection();
        close(app, objection.as_deref());
        objection.map_or(Ok(()), |objection| Err(StoreError::unavailable(objection)))
    }
}

/// What follows from a vault that is not ours, with the command that mends it.
const CONSEQUENCE: &str =
    "no file is written or removed until `florin vault adopt` lets this database take the vault over";

/// What follows from a vault that nobody has marked.
const UNTIL_COMPARED: &str =
    "no file is written or removed until a server has compared its files with this database";

/// What to look for where a mark is gone.
const MOUNTED: &str = "is the disk mounted, and the place the right one? If not, stop, put the vault back in its \
                       place and start again; otherwise";

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
    if marks.is_nobodys() && pin!(app.vault.list()).next().await.is_none() {
        return raise(app, &marks.database).await;
    }
    // Not ours, or not yet: that is no reason not to start.
    let _ = marks.settle(app);
    Ok(())
}

/// Raises the epoch until dropped, and looks whether the vault is ours.
pub async fn work(app: App) {
    while let Err(error) = mark_known(&app).await {
        tracing::warn!(%error, "could not mark the vault");
        tokio::time::sleep(RAISE_INTERVAL).await;
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

/// Marks a vault that has files and no mark, as older versions left it, if this database knows every file.
async fn mark_known(app: &App) -> Result<(), StoreError> {
    let marks = Marks::read(app).await?;
    if !marks.is_nobodys() {
        return Ok(());
    }
    let Counted { known, unknown, .. } = count(app).await?;
    if unknown > 0 {
        let files = known + unknown;
        let reason = format!(
            "the vault has no mark, and this database does not know {unknown} of its {files} files: {CONSEQUENCE}"
        );
        tracing::warn!("{reason}");
        app.vault.close_to_writing(Some(&reason));
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
            false => counted.unknown += 1,
        }
    }
    let rows: i64 = match app.store.look(store::COUNT_FILES, &[]).await?.first() {
        Some(row) => row.get(0)?,
        None => 0,
    };
    counted.missing = u64::try_from(rows).map_err(StoreError::unexpected)?.saturating_sub(counted.known);
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
    Ok(marks.database)
}

/// Looks whether the vault is ours, and raises the epoch if it is time.
///
/// # Errors
/// Why it is not ours, or what is away.
pub async fn renew(app: &App) -> Result<(), StoreError> {
    let marks = Marks::read(app).await?;
    marks.settle(app)?;
    let Marks { vault, database, .. } = marks;
    match vault {
        None => Ok(()),
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
    if put(app, from, &to).await? {
        close(app, None);
    }
    Ok(())
}

/// Whether it was put: false where another process was faster.
async fn put(app: &App, from: &VaultMark, to: &VaultMark) -> Result<bool, StoreError> {
    let is_raised = app.store.raise_vault_mark(from, to).await?;
    if is_raised {
        app.vault.set_mark(to).await.map_err(vault_fault)?;
    }
    Ok(is_raised)
}

/// Makes the vault this database's, whoever's it was: with an epoch far above both, as they are now. `shown` are the
/// marks that the operator has seen.
///
/// # Errors
/// When vault or database is away; when the vault is another installation's by now than was shown.
pub(super) async fn take_over(app: &App, shown: &Marks) -> Result<VaultMark, StoreError> {
    let marks = Marks::read(app).await?;
    let whose = |marks: &Marks| marks.vault.map(|vault| vault.installation);
    if whose(&marks) != whose(shown) {
        return Err(StoreError::unavailable("the vault got another mark meanwhile: look again"));
    }
    let epoch = marks.vault.map_or(0, |vault| vault.epoch).max(marks.database.epoch) + TAKEOVER;
    let to = VaultMark { epoch, draw: app.new_id(), raised_at: app.wall(), ..marks.database };
    if !put(app, &marks.database, &to).await? {
        return Err(StoreError::unavailable("a server raised the epoch meanwhile: try again"));
    }
    close(app, None);
    Ok(to)
}

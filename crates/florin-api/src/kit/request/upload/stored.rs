//! Files that are in the vault and that no row knows yet.

use crate::kit::app::App;
use crate::kit::endpoint::refusal::Refusal;
use florin_document::Facts;
use florin_store::{Keyed, StoreError};
use florin_vault::ObjectName;
use florin_vault::VaultError;
use std::fmt;
use std::ops::Deref;
use std::time::Duration;
use tokio::runtime::Handle;

/// How long an answer waits until nothing is left. A place that has not removed three files by then does not answer,
/// and the client of an upload that failed for that has waited long enough.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// A file in the vault, checked and durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// The part that it came in.
    pub part: &'static str,
    /// Its name in the vault.
    pub name: ObjectName,
    /// Its length.
    pub bytes: u64,
    /// What it is.
    pub facts: Facts,
}

/// The files of a request, in the order they came. Dropped without [`StoredFiles::keep`], they are removed from the
/// vault in the background.
pub struct StoredFiles {
    app: App,
    files: Vec<StoredFile>,
    /// One that is just being finished: if that is cut off, it may be there.
    finishing: Option<ObjectName>,
}

impl StoredFiles {
    pub(super) fn new(app: &App) -> Self {
        Self { app: app.clone(), files: Vec::new(), finishing: None }
    }

    /// Says that this object is about to be there.
    pub(super) fn begin(&mut self, name: ObjectName) {
        self.finishing = Some(name);
    }

    /// Says that it is.
    pub(super) fn add(&mut self, file: StoredFile) {
        self.finishing = None;
        self.files.push(file);
    }

    /// They belong to somebody now.
    pub fn keep(mut self) {
        self.take();
    }

    /// Removes them, and waits for it a while. What fails is left to the sweep.
    pub async fn discard(mut self) {
        self.clear().await;
    }

    pub(super) async fn clear(&mut self) {
        let names = self.take();
        if !names.is_empty() {
            // A task of its own: who waits may be dropped, and the names with it.
            let removing = tokio::spawn(remove(self.app.clone(), names));
            // It does not panic, could tell nothing else, and goes on when it is not waited for any longer.
            let _ = tokio::time::timeout(MAX_WAIT, removing).await;
        }
    }

    fn take(&mut self) -> Vec<ObjectName> {
        let names = self.files.drain(..).map(|file| file.name);
        names.chain(self.finishing.take()).collect()
    }
}

impl Deref for StoredFiles {
    type Target = [StoredFile];

    fn deref(&self) -> &[StoredFile] {
        &self.files
    }
}

impl fmt::Debug for StoredFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.files).finish()
    }
}

impl Drop for StoredFiles {
    fn drop(&mut self) {
        let names = self.take();
        if let (false, Ok(runtime)) = (names.is_empty(), Handle::try_current()) {
            runtime.spawn(remove(self.app.clone(), names));
        }
    }
}

async fn remove(app: App, names: Vec<ObjectName>) {
    if let Err(error) = app.vault.remove(&names).await {
        tracing::warn!(%error, "could not remove files; the sweep will");
    }
}

/// What a call brought.
#[derive(Debug)]
pub struct Received {
    /// Its idempotency key with what makes it the same request, where it brought one.
    pub keyed: Option<Keyed>,
    /// The files, or why there are none; empty where they were not to be kept.
    pub files: Result<StoredFiles, Refusal>,
}

/// A vault's fault as the answers and the jobs know it.
pub fn vault_fault(error: VaultError) -> StoreError {
    match error {
        VaultError::Unavailable(cause) => StoreError::unavailable(format!("the vault: {cause}")),
        VaultError::NotOurs(reason) => StoreError::unavailable(reason),
        VaultError::Missing | VaultError::Damaged | VaultError::Unexpected(_) => {
            StoreError::unexpected(error)
        }
    }
}

//! The data folder: database, keys, credentials and files in it are the owner's alone.

use crate::Failed;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Permissions of others than the owner.
const OF_OTHERS: u32 = 0o077;

/// Creates the folder with mode 0700 if it does not exist. The mode of an existing folder stays, because other data may
/// be in it too: one that others can enter is only reported.
pub fn create(folder: &Path) -> Result<(), Failed> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let mode = created.and_then(|()| std::fs::metadata(folder)).map(|found| found.permissions().mode());
    let mode = mode.map_err(|error| format!("the data folder {}: {error}", folder.display()))?;
    if mode & OF_OTHERS != 0 {
        let folder = folder.display();
        tracing::warn!(%folder, "other users can enter the data folder: run `chmod 700 {folder}`");
    }
    Ok(())
}

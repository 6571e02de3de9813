//! `florin vault`: exports, sweeps and checks users' files.

use crate::config::Flags;
use crate::operate::{id, platform, print};
use crate::review::{by, said};
use crate::{Failed, OperatorName};
use clap::{Args, Subcommand};
use florin_api::kit::book::key_sheets;
use florin_api::kyc::{Counted, Exported, Marks, Operator, SWEEP_AGE, count, sweep};
use florin_api::users::Deletion;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use uuid::Uuid;

/// Export and check users' files, which are stored encrypted.
#[derive(Subcommand)]
pub enum VaultCommand {
    /// Decrypt a user's files into a new folder. The audit log records who did it, before the first file is opened.
    ///
    /// Photos are exported without their metadata, such as place and time.
    Export(ExportArgs),
    /// Remove files that no database row refers to, such as those of aborted uploads.
    ///
    /// A running server does this every hour.
    Sweep {
        /// Remove only files that are at least this old. Use less than an hour only while no server runs: the files of
        /// a running upload have no row yet.
        #[arg(long, value_name = "SECONDS", default_value_t = SWEEP_AGE.as_secs())]
        older_than: u64,
        #[command(flatten)]
        flags: Flags,
    },
    /// Take the vault over for this database, after a restore or with a vault of another installation.
    ///
    /// Vault and database bear one mark. A database that is behind the vault's mark, such as a restored dump, neither
    /// writes nor removes files until this command raises the epoch in both; nor does one that finds no mark where it
    /// had set one. The audit log records it.
    Adopt(AdoptArgs),
    /// Read every file and list those that are missing or damaged. The exit code is 0 if there are none.
    Check {
        #[command(flatten)]
        flags: Flags,
    },
}

/// Taking a vault over.
#[derive(Args)]
pub struct AdoptArgs {
    /// Do it. Without this flag the command only says what it would do.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

/// An export.
#[derive(Args)]
pub struct ExportArgs {
    /// The partner's id, from `florin partner list`.
    #[arg(long, value_parser = id)]
    partner: Uuid,
    /// The user's externalUserId.
    #[arg(long)]
    user: String,
    /// A folder that does not exist yet.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

/// Runs a command.
pub async fn run(command: VaultCommand) -> Result<ExitCode, Failed> {
    match command {
        VaultCommand::Export(arguments) => export(&arguments).await?,
        VaultCommand::Sweep { older_than, flags } => {
            let app = platform(&flags.load()?).await?;
            let swept = sweep(&app, Duration::from_secs(older_than)).await?;
            print(&format!("{} files found, {} without a row removed", swept.objects, swept.removed));
        }
        VaultCommand::Check { flags } => return check(&flags).await,
        VaultCommand::Adopt(arguments) => return adopt(&arguments).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn export(arguments: &ExportArgs) -> Result<(), Failed> {
    let folder = &arguments.to;
    let app = platform(&arguments.flags.load()?).await?;
    let operator = by(&app, &arguments.operator)?;
    DirBuilder::new().mode(0o700).create(folder).map_err(|error| {
        format!("--to {}: {error}; name a folder that is not there yet", folder.display())
    })?;
    let written = operator.export(arguments.partner, &arguments.user, |file| write(folder, &file)).await;
    if !matches!(written, Ok(Some(_))) {
        // Remove the folder if it is empty, so that the next try can create it.
        let _ = std::fs::remove_dir(folder);
    }
    let written = written.map_err(said)?.ok_or("there is no such partner, or it has no such user")?;
    print(&format!("{written} files in {}", folder.display()));
    if let Some(deletion) = operator.deletion(arguments.partner, &arguments.user).await? {
        print(&said_of(&deletion, app.settings.retention));
    }
    Ok(())
}

/// What a deletion means for the files. Times are those of the book's clock.
fn said_of(Deletion { deleted_at, erased_at }: &Deletion, retention: Duration) -> String {
    match erased_at {
        Some(erased_at) => {
            format!(
                "the user was deleted at {deleted_at}, and the files and the profile were erased at {erased_at}"
            )
        }
        None => format!(
            "the user was deleted at {deleted_at}; the files and the profile will be erased at {}",
            deleted_at.saturating_add(retention)
        ),
    }
}

/// Writes a file that only its owner can read.
fn write(folder: &Path, file: &Exported) -> std::io::Result<()> {
    let path = folder.join(&file.file_name);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(&file.bytes)
}

async fn check(flags: &Flags) -> Result<ExitCode, Failed> {
    let app = platform(&flags.load()?).await?;
    let operator = Operator { app: &app, name: florin_types::Text::parse("florin")? };
    let (read, bad) = operator.check().await?;
    for name in &bad {
        eprintln!("{name} is missing or damaged");
    }
    if bad.is_empty() {
        print(&format!("checked: {read} files; nothing is wrong"));
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("NOT in order: {read} files; missing or damaged: {}", bad.len()));
    Ok(ExitCode::FAILURE)
}

async fn adopt(arguments: &AdoptArgs) -> Result<ExitCode, Failed> {
    let app = platform(&arguments.flags.load()?).await?;
    let operator = by(&app, &arguments.operator)?;
    let marks = Marks::read(&app).await?;
    let Counted { known, unknown, missing } = count(&app).await?;
    let sheets = key_sheets::missing(&app).await?;
    let (vault, database) = (marks.vault, marks.database);
    print(&match vault {
        Some(vault) => format!("vault:    installation {} at epoch {}", vault.installation, vault.epoch),
        None => "vault:    no mark".to_owned(),
    });
    print(&format!("database: installation {} at epoch {}", database.installation, database.epoch));
    print(&format!("files:    {known} that this database knows, {unknown} that it does not know"));
    if missing > 0 || sheets > 0 {
        print(&format!("MISSING:  {missing} files and {sheets} sheets of keys that this database knows"));
        print(
            "Without its sheet of keys nothing of a user can be opened: not the profile, not a file. If the right \
             vault is elsewhere, do not go on: stop the servers, put it back in its place, and start them again.",
        );
    }
    print(&format!(
        "The vault becomes this database's. Servers on any other database write and remove files until they look at \
         its mark: two minutes at most where they reach it. Stop them first. Sweeps of this database will remove the \
         {unknown} files that it does not know."
    ));
    if !arguments.yes {
        print("Nothing was changed. Repeat the command with --yes to do it.");
        return Ok(ExitCode::FAILURE);
    }
    let mark = operator.adopt(&marks).await.map_err(said)?;
    print(&format!("adopted: vault and database are at epoch {}", mark.epoch));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_types::Timestamp;

    #[test]
    fn a_deletion_says_when_files_are_erased() {
        let at = |text| Timestamp::parse(text).expect(text);
        let deleted_at = at("2026-01-02T03:04:05Z");
        let said = |erased_at| said_of(&Deletion { deleted_at, erased_at }, Duration::from_secs(86_400));
        assert_eq!(
            said(None),
            "the user was deleted at 2026-01-02T03:04:05.000Z; the files and the profile will be erased at \
             2026-01-03T03:04:05.000Z"
        );
        assert!(said(Some(at("2026-01-04T00:00:00Z"))).ends_with(" were erased at 2026-01-04T00:00:00.000Z"));
    }
}

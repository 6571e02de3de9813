//! `florin vault`: files out for a person to look at, and the vault in order.

use crate::config::Flags;
use crate::operate::{platform, print};
use crate::review::{by, said};
use crate::{Failed, OperatorName};
use clap::{Args, Subcommand};
use florin_api::kyc::{Exported, Operator, SWEEP_AGE, sweep};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use uuid::Uuid;

/// Files of users, which are kept encrypted.
#[derive(Subcommand)]
pub enum VaultCommand {
    /// Write a user's files, decrypted, into a new folder. The audit notes who did it before the first is opened.
    ///
    /// Metadata that tells where and when a photo was taken stays in the vault.
    Export(ExportArgs),
    /// Remove files that nothing refers to, such as those of uploads that were cut off. The server does it by itself
    /// every hour.
    Sweep {
        /// Only what is at least this old. Less than an hour is for when no server runs: an upload in progress has
        /// nothing that refers to it yet.
        #[arg(long, value_name = "SECONDS", default_value_t = SWEEP_AGE.as_secs())]
        older_than: u64,
        /// Also when most of what is there is unknown: by default that is taken for the wrong database or vault.
        #[arg(long)]
        even_many: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Read every file back and say which are gone or damaged; ends 0 when none is.
    Check {
        #[command(flatten)]
        flags: Flags,
    },
}

/// What is exported, where to, and by whom.
#[derive(Args)]
pub struct ExportArgs {
    /// The partner's id.
    #[arg(long)]
    partner: Uuid,
    /// The partner's id of the user.
    #[arg(long)]
    user: String,
    /// A folder that is not there yet.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

/// Runs one.
pub async fn run(command: VaultCommand) -> Result<ExitCode, Failed> {
    match command {
        VaultCommand::Export(arguments) => export(&arguments).await?,
        VaultCommand::Sweep { older_than, even_many, flags } => {
            let app = platform(&flags.load()?).await?;
            let swept = sweep(&app, Duration::from_secs(older_than), even_many).await?;
            print(&format!("{} files, {} removed that nothing referred to", swept.objects, swept.removed));
        }
        VaultCommand::Check { flags } => return check(&flags).await,
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
        // Gone if it is empty: it was made for nothing, and would be in the way of the next try.
        let _ = std::fs::remove_dir(folder);
    }
    let written = written.map_err(said)?.ok_or("there is no such partner, or it has no such user")?;
    print(&format!("{written} files in {}", folder.display()));
    Ok(())
}

/// Readable by its owner alone.
fn write(folder: &Path, file: &Exported) -> std::io::Result<()> {
    let path = folder.join(&file.file_name);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(&file.bytes)
}

async fn check(flags: &Flags) -> Result<ExitCode, Failed> {
    let app = platform(&flags.load()?).await?;
    let operator = Operator { app: &app, name: florin_types::Text::parse("florin")? };
    let (read, bad) = operator.check().await?;
    for name in &bad {
        eprintln!("{name} is gone or damaged");
    }
    if bad.is_empty() {
        print(&format!("checked: {read} files; nothing is wrong"));
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("NOT in order: {read} files; {} are gone or damaged", bad.len()));
    Ok(ExitCode::FAILURE)
}

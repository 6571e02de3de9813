//! `florin vop`: the banks that may ask who holds an account (Verification of Payee). A token is shown when it is made
//! and never again.

use crate::config::Flags;
use crate::operate::{name_of, platform, print};
use crate::system::SystemClock;
use crate::{Failed, OperatorName};
use clap::{Args, Subcommand};
use florin_api::kit::app::App;
use florin_api::sepa::{Asker, AskerCount, Askers, NewAsker};
use florin_types::{Bic, Clock, Date, Text, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// How many days' answers are listed.
const DAYS: u64 = 30;

/// Let other banks ask who holds an account.
#[derive(Subcommand)]
pub enum VopCommand {
    /// Create, list and revoke the banks that may ask.
    Asker {
        #[command(subcommand)]
        command: AskerCommand,
    },
}

/// Create, list and revoke askers.
#[derive(Subcommand)]
pub enum AskerCommand {
    /// Let a bank ask, and print its token as JSON. The audit records it.
    Create(CreateArgs),
    /// List the banks that may ask: id, name, BIC, when each was made and whether it may ask, and how many of each
    /// result it got in 30 days.
    ///
    /// The counts are up to a minute old. The token itself is never shown.
    List {
        #[command(flatten)]
        flags: Flags,
    },
    /// Revoke a bank's token. Running servers refuse it at once. The audit records it.
    Revoke {
        /// The asker's id, from `florin vop asker list`.
        #[arg(long)]
        id: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: Flags,
    },
}

/// An asker to be.
#[derive(Args)]
pub struct CreateArgs {
    /// The bank's name.
    #[arg(long)]
    name: String,
    /// The bank's BIC: it can ask for no other bank. Omit it for a service that asks for many.
    #[arg(long)]
    bic: Option<String>,
    /// Answers a day that may be something else than a match [default: 2000]. Then it is refused until midnight, UTC.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    misses_a_day: Option<u32>,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

/// Runs one.
pub async fn run(command: VopCommand) -> Result<(), Failed> {
    let VopCommand::Asker { command } = command;
    match command {
        AskerCommand::Create(arguments) => create(arguments).await,
        AskerCommand::List { flags } => list(&platform(&flags.load()?).await?).await,
        AskerCommand::Revoke { id, operator, flags } => {
            let operator = name_of(&operator)?;
            let app = platform(&flags.load()?).await?;
            if !(Askers { app: &app, name: operator }).revoke(id).await? {
                return Err("there is no such asker, or it was revoked before".into());
            }
            print(&format!("revoked {id}"));
            Ok(())
        }
    }
}

async fn create(arguments: CreateArgs) -> Result<(), Failed> {
    let CreateArgs { name, bic, misses_a_day, operator, flags } = arguments;
    let name = Text::parse(&name).map_err(|error| format!("--name {error}"))?;
    let bic = bic.map(|bic| Bic::parse(&bic)).transpose().map_err(|error| format!("--bic {error}"))?;
    let operator = name_of(&operator)?;
    let app = platform(&flags.load()?).await?;
    let askers = Askers { app: &app, name: operator };
    let (asker, token) = askers.create(NewAsker { name, bic, misses_a_day }).await?;
    let shown = serde_json::json!({"askerId": asker.id, "token": token});
    print(&serde_json::to_string(&shown)?);
    Ok(())
}

async fn list(app: &App) -> Result<(), Failed> {
    let askers = Askers { app, name: Text::parse("florin")? };
    let all = askers.list(first_day(SystemClock.now())).await?;
    if all.is_empty() {
        eprintln!("no askers");
    }
    for asker in all {
        match asker {
            Ok((asker, counts)) => {
                print(&line(&asker));
                counts.iter().for_each(|count| print(&count_line(count)));
            }
            Err(error) => eprintln!("not an asker: {error}"),
        }
    }
    Ok(())
}

fn first_day(now: Timestamp) -> Date {
    now.saturating_sub(Duration::from_secs(DAYS * 24 * 60 * 60)).date()
}

fn line(asker: &Asker) -> String {
    let state = asker.revoked_at.map_or_else(|| "may ask".to_owned(), |at| format!("revoked {at}"));
    let bic = asker.bic.as_ref().map_or("any bank", Bic::as_str);
    let Asker { id, name, misses_a_day, created_at, .. } = asker;
    format!("{id}  {name}  {bic}  misses a day {misses_a_day}  made {created_at}  {state}")
}

fn count_line(count: &AskerCount) -> String {
    let AskerCount { day, result, answers } = count;
    format!("  {day}  {result}  {answers}")
}

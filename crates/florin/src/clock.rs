//! `florin clock`: whether the system's clock is believed, and an operator's word that it is right.
//!
//! A running server notes the time in the database every minute, and looks there for an operator's word while it doubts
//! its clock.

use crate::config::{Config, Flags};
use crate::operate::{platform, print};
use crate::review::by;
use crate::system::SystemClock;
use crate::{Failed, OperatorName};
use clap::{Args, Subcommand};
use florin_api::kit::app::App;
use florin_api::kit::book::clock::{ahead_books, repair_time};
use florin_api::kit::settings::Environment;
use florin_store::{Store, StoreError};
use florin_types::{Clock, Known, MAX_STEP, Timestamp};
use std::process::ExitCode;
use std::time::Duration;

/// How far the clock may be ahead of the newest time in live data when a process starts: an operator knows of a longer
/// pause. Of the thirty days for which idempotency keys hold, a false clock could take these seven.
const LIVE_PAUSE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How often a server looks whether it doubts its clock, and then for an operator's word.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// After how many looks it notes the time: once a minute.
const LOOKS_PER_NOTE: u32 = 12;

/// Show the clock, and set the time of the data right.
#[derive(Subcommand)]
pub enum ClockCommand {
    /// Show the system's clock, the newest time in the data, and books that are ahead.
    Show {
        #[command(flatten)]
        flags: Flags,
    },
    /// Declare that the system's clock is right.
    ///
    /// Servers that doubt their clock believe it again within seconds, if it agrees with the clock of this machine. The
    /// time of books that are ahead is set back, and the audit log records it. What was dated by a false clock stays.
    Repair(RepairArgs),
}

/// A repair.
#[derive(Args)]
pub struct RepairArgs {
    /// Do it. Without this flag the command only says what it would do.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

/// Runs a command.
pub async fn run(command: ClockCommand) -> Result<ExitCode, Failed> {
    match command {
        ClockCommand::Show { flags } => show(&platform(&flags.load()?).await?).await?,
        ClockCommand::Repair(arguments) => return repair(&arguments).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(app: &App) -> Result<(), Failed> {
    let wall = SystemClock::wall();
    print(&format!("system clock:        {wall}"));
    let newest = app.store.newest_time().await?.map_or("none".to_owned(), |newest| newest.to_string());
    print(&format!("newest time in data: {newest}"));
    for book in ahead_books(app, wall).await? {
        print(&format!("the book of partner {} is {} s ahead", book.partner, book.ahead.as_secs()));
    }
    match SystemClock.doubt() {
        Some(doubt) => print(&doubt.to_string()),
        None => print("the system clock is believed"),
    }
    Ok(())
}

async fn repair(arguments: &RepairArgs) -> Result<ExitCode, Failed> {
    let app = platform(&arguments.flags.load()?).await?;
    let operator = by(&app, &arguments.operator)?;
    show(&app).await?;
    let wall = SystemClock::wall();
    if !arguments.yes {
        print(&format!("Nothing was changed. If it is {wall} now, repeat the command with --yes."));
        return Ok(ExitCode::FAILURE);
    }
    believe(wall);
    let books = repair_time(&app, &operator.name, wall).await?;
    print(&format!("repaired: it is {wall}; {} books were set back", books.len()));
    Ok(ExitCode::SUCCESS)
}

/// Judges the clock of this process by the data.
pub async fn begin(config: &Config, store: &Store) -> Result<(), StoreError> {
    let bound = match config.environment() {
        // A sandbox may rest on a disk for years, and has no money to lose.
        Environment::Sandbox => Duration::MAX,
        Environment::Live => LIVE_PAUSE,
    };
    let newest = store.newest_time().await?;
    SystemClock::restart(newest.map(|newest| Known { newest, bound }));
    Ok(())
}

/// Believes the system's clock as far as it agrees with a time.
fn believe(time: Timestamp) {
    SystemClock::restart(Some(Known { newest: time, bound: MAX_STEP }));
}

/// Notes the time in the database, and looks there for an operator's word, until dropped.
pub async fn watch(app: App) {
    let mut heard = app.store.repaired_time().await.unwrap_or_default();
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    let mut looks = 0;
    loop {
        ticks.tick().await;
        let (now, doubt) = (SystemClock.now(), SystemClock.doubt());
        let result = match doubt {
            Some(_) => hear(&app.store, &mut heard).await,
            None if looks % LOOKS_PER_NOTE == 0 => app.store.note_time(now).await,
            None => Ok(()),
        };
        looks = if doubt.is_some() { 0 } else { looks.wrapping_add(1) };
        if let Err(error) = result {
            tracing::warn!(%error, "could not compare the clock with the database");
        }
    }
}

async fn hear(store: &Store, heard: &mut Option<Timestamp>) -> Result<(), StoreError> {
    let said = store.repaired_time().await?;
    if said != *heard {
        *heard = said;
        said.into_iter().for_each(believe);
    }
    Ok(())
}

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
use florin_api::kit::book::clock::{AheadBook, ahead_books, repair_time};
use florin_api::kit::settings::Environment;
use florin_store::{Store, StoreError};
use florin_types::{Clock, Known, MAX_STEP, Timestamp};
use std::process::ExitCode;
use std::time::Duration;

/// How far the clock may be ahead of the newest time in live data when a process starts: an operator knows of a longer
/// pause. Of the thirty days for which idempotency keys hold, a false clock could take these seven at each start: what
/// is written then is the newest time of the next.
const LIVE_PAUSE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Books that are less ahead are not shown: a running server has written in them since this process read its clock.
const SHOWN_AHEAD: Duration = Duration::from_secs(1);

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
    for AheadBook { partner, ahead, .. } in ahead_books(app, wall, SHOWN_AHEAD).await? {
        let seconds = ahead.as_secs();
        let then = if ahead > MAX_STEP {
            "`florin clock repair` sets it back"
        } else {
            "its time stands still until then"
        };
        print(&format!("the book of partner {partner} is {seconds} s ahead of the system clock: {then}"));
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
    let (bound, trusts_behind) = match config.environment() {
        // A sandbox may rest on a disk for years, and has no money to lose.
        Environment::Sandbox => (Duration::MAX, true),
        Environment::Live => (LIVE_PAUSE, false),
    };
    let newest = store.newest_time().await?;
    SystemClock::restart(newest.map(|newest| Known { newest, bound, trusts_behind }));
    Ok(())
}

/// Believes the system's clock as far as it agrees with a time.
fn believe(time: Timestamp) {
    SystemClock::restart(Some(Known { newest: time, bound: MAX_STEP, trusts_behind: false }));
}

/// Notes the time in the database, and looks there for an operator's word, until dropped.
pub async fn watch(app: App) {
    let mut heard = None;
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    let mut looks = 0;
    loop {
        ticks.tick().await;
        if let Err(error) = look(&app.store, &mut heard, &mut looks).await {
            tracing::warn!(%error, "could not compare the clock with the database");
        }
    }
}

/// One look. `heard` is the last word; none before the first look that worked.
async fn look(
    store: &Store,
    heard: &mut Option<Option<Timestamp>>,
    looks: &mut u32,
) -> Result<(), StoreError> {
    let (now, doubt) = (SystemClock.now(), SystemClock.doubt());
    // Also without a doubt: what was said by then does not end a later one.
    let said = store.repaired_time().await?;
    let word = new_word(heard.replace(said), said);
    if doubt.is_some() {
        *looks = 0;
        match word {
            Some(word) if is_near(word, SystemClock::wall()) => believe(word),
            Some(word) => {
                tracing::warn!("an operator's word is not followed: it was {word}, far from this clock")
            }
            None => {}
        }
        return Ok(());
    }
    let is_due = looks.is_multiple_of(LOOKS_PER_NOTE);
    *looks = looks.wrapping_add(1);
    if is_due { store.note_time(now).await } else { Ok(()) }
}

/// What an operator has said since it was heard last. Before the first look everything is new.
fn new_word(heard: Option<Option<Timestamp>>, said: Option<Timestamp>) -> Option<Timestamp> {
    said.filter(|_| heard != Some(said))
}

/// Whether the clock may show `wall` soon after an operator said that it is `word`.
fn is_near(word: Timestamp, wall: Timestamp) -> bool {
    word.saturating_since(wall).max(wall.saturating_since(word)) <= MAX_STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

    #[test]
    fn a_word_is_followed_once() {
        let later = WORD.saturating_add(MAX_STEP);
        for (heard, said, word) in [
            (None, Some(WORD), Some(WORD)),
            (None, None, None),
            (Some(None), Some(WORD), Some(WORD)),
            (Some(Some(WORD)), Some(WORD), None),
            (Some(Some(WORD)), Some(later), Some(later)),
        ] {
            assert_eq!(new_word(heard, said), word, "{heard:?} {said:?}");
        }
    }

    /// The finding: a repair of last week restarted the guard of a server whose first look had failed.
    #[test]
    fn an_old_word_is_far_from_the_clock() {
        let week = Duration::from_secs(7 * 24 * 60 * 60);
        for (wall, expected) in [
            (WORD, true),
            (WORD.saturating_add(MAX_STEP), true),
            (WORD.saturating_sub(MAX_STEP), true),
            (WORD.saturating_add(week), false),
            (WORD.saturating_sub(week), false),
        ] {
            assert_eq!(is_near(WORD, wall), expected, "{wall}");
        }
    }
}

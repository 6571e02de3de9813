//! `florin demo`: starts a bank as a separate process, calls it over TCP as a partner's server would, and prints every
//! call with its answer. Each answer is checked, so the demo also tests the whole program.

mod bank;
mod cards;
mod client;
mod crypto;
mod documents;
mod json;
mod kyc;
mod screen;
mod sepa;
mod story;

use crate::Failed;
use crate::credentials::Credentials;
use bank::Bank;
use client::Client;
use screen::Screen;
use std::future::Future;
use tokio::signal::unix::{SignalKind, signal};

/// Runs the demo. With `exit` it ends after the last call, otherwise on Ctrl-C. In any case, also after an error, the
/// bank is stopped and its folder is removed.
pub async fn demo(exit: bool) -> Result<(), Failed> {
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let mut bank = Bank::prepare()?;
    let outcome = tokio::select! {
        told = tell(&mut bank, exit) => told.map_err(|error| bank.explain(error)),
        () = &mut stop => Err("interrupted before the demo was over".into()),
    };
    let outcome = match outcome {
        Ok(screen) if !exit => tokio::select! {
            () = &mut stop => screen.line("\nStopping the bank and removing its folder."),
            () = bank.ended() => Err(bank.explain("the bank stopped unexpectedly".into())),
        },
        told => told.map(drop),
    };
    bank.stop().await;
    outcome
}

/// Starts the bank and runs all steps. Returns the screen for the last lines.
async fn tell(bank: &mut Bank, exit: bool) -> Result<Screen, Failed> {
    let screen = Screen::stdout();
    let credentials = bank.start().await?;
    introduce(&screen, &credentials)?;
    let mut client = Client::new(screen, &credentials)?;
    story::tell(&mut client, bank).await?;
    let screen = client.into_screen();
    if exit {
        screen.line(
            "\nThe demo is over: every answer was as expected. The bank stops and its folder is removed.",
        )?;
    } else {
        invite(&screen, bank, &credentials)?;
    }
    Ok(screen)
}

/// Prints the introduction.
fn introduce(screen: &Screen, credentials: &Credentials) -> Result<(), Failed> {
    let text = format!(
        "A bank now runs at {}, in its own process, with its data in a temporary folder. You are its partner: a \
         company whose users get accounts there. Your server calls the bank with its key in `x-api-key`. Below, → \
         marks what your server sends, ← what the bank answers, and … something that is left out here.",
        credentials.base_url
    );
    screen.paragraph(&text)
}

/// What to do next, while the bank stays up.
fn invite(screen: &Screen, bank: &Bank, credentials: &Credentials) -> Result<(), Failed> {
    let (base, key) = (&credentials.base_url, &credentials.api_key);
    screen.line("\nEvery answer was as expected. The bank stays up for you to try:\n")?;
    screen.line(&format!("  address        {base}"))?;
    screen.line(&format!("  x-api-key      {key}"))?;
    screen.line(&format!("  documentation  {base}/docs"))?;
    screen.line(&format!("  log            {}\n", bank.log().display()))?;
    screen.line("Paste this into another terminal:\n")?;
    screen.line(&format!("curl '{base}/v1/user/transactions/ada?limit=1' \\"))?;
    screen.line(&format!("  -H 'x-api-key: {key}'\n"))?;
    screen.line("Ctrl-C stops the bank and removes its folder. `florin serve` runs one that keeps its data.")
}

/// Waits for a signal to end. The handlers are registered at once, so that no signal ends the process before it has
/// cleaned up.
fn stop_signal() -> Result<impl Future<Output = ()>, Failed> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

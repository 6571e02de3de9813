//! `florin crypto`: what an operator does about withdrawals to chains that are not paid yet.

use crate::operate::{id, platform, print};
use crate::review::say_cut;
use crate::{Failed, OperatorName};
use clap::Subcommand;
use florin_api::crypto::{CryptoOperator, WaitingWithdrawal, WaitingWithdrawals};
use florin_api::kit::app::App;
use std::process::ExitCode;
use uuid::Uuid;

/// Approve or reject withdrawals to chains, as an operator.
#[derive(Subcommand)]
pub enum CryptoCommand {
    /// List the withdrawals that wait for a person, and those for which the hot wallet has too little.
    List {
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Let a withdrawal that waits for approval be paid.
    Approve {
        /// The withdrawal's id, from `florin crypto list`.
        #[arg(value_parser = id)]
        withdrawal: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// End a withdrawal that is not paid yet: its money goes back to the balance.
    Reject {
        /// The withdrawal's id, from `florin crypto list`.
        #[arg(value_parser = id)]
        withdrawal: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
}

const NO_WITHDRAWAL: &str = "there is no such withdrawal; `florin crypto list` lists those that wait";

/// Runs a command.
pub async fn run(command: CryptoCommand) -> Result<ExitCode, Failed> {
    match command {
        CryptoCommand::List { flags } => list(&platform(&flags.load()?).await?).await?,
        CryptoCommand::Approve { withdrawal, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            by(&app, &operator)?.approve(withdrawal).await?.ok_or(NO_WITHDRAWAL)?;
            print("approved");
        }
        CryptoCommand::Reject { withdrawal, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            by(&app, &operator)?.reject(withdrawal).await?.ok_or(NO_WITHDRAWAL)?;
            print("rejected");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App) -> Result<(), Failed> {
    let operator = CryptoOperator { app, name: florin_types::Text::parse("florin")? };
    let WaitingWithdrawals { waiting, cut } = operator.list().await?;
    for one in &waiting {
        let WaitingWithdrawal { id, amount, currency, network, state, partner, since, .. } = one;
        let waits = one.waits.unwrap_or("-");
        let (to, user) = (one.destination.as_deref().unwrap_or("-"), one.user.as_deref().unwrap_or("-"));
        print(&format!(
            "{id}  {state}  {waits}  {since}  {amount} {currency}  {network}  {to}  {user}  ({partner})"
        ));
    }
    say_cut(&cut);
    if waiting.is_empty() {
        eprintln!("no withdrawal waits");
    }
    Ok(())
}

fn by<'a>(app: &'a App, operator: &OperatorName) -> Result<CryptoOperator<'a>, Failed> {
    let name =
        florin_types::Text::parse(&operator.operator).map_err(|error| format!("--operator {error}"))?;
    Ok(CryptoOperator { app, name })
}

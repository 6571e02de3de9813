//! `florin sepa`: what an operator does about money that came in and is nobody's yet.

mod files;

use crate::operate::{platform, print};
use crate::{Failed, OperatorName};
use clap::Subcommand;
use florin_api::kit::app::App;
use florin_api::sepa::SepaOperator;
use florin_rails::sepa::Reason;
use florin_types::{ExternalUserId, format_minor};
use std::process::ExitCode;
use uuid::Uuid;

/// Settle money that came in by SEPA, as an operator.
#[derive(Subcommand)]
pub enum SepaCommand {
    /// List the money that waits, and the messages of the bank that could not be true.
    List {
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Show who sent a deposit and what for. The audit log records who looked.
    Show {
        /// The deposit's id, from `florin sepa list`.
        deposit: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Credit a deposit whose sender's name is nearly the user's.
    Approve {
        /// The deposit's id, from `florin sepa list`.
        deposit: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Credit a deposit to a user of the same partner.
    Assign {
        /// The deposit's id, from `florin sepa list`.
        deposit: Uuid,
        /// The user's externalUserId.
        #[arg(long)]
        user: String,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Note that a message of the bank that could not be true was dealt with.
    Done {
        /// The message's id, from `florin sepa list`.
        message: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Send a deposit back to its sender.
    Return {
        /// The deposit's id, from `florin sepa list`.
        deposit: Uuid,
        /// Why: a reason code of ISO 20022.
        #[arg(long, default_value = "MS03")]
        reason: String,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    #[command(flatten)]
    Files(files::FileCommand),
}

const NO_MESSAGE: &str = "there is no such message; `florin sepa list` lists those that wait";
const NO_DEPOSIT: &str = "there is no such deposit; `florin sepa list` lists those that wait";

/// Runs a command.
pub async fn run(command: SepaCommand) -> Result<ExitCode, Failed> {
    if let SepaCommand::Files(command) = command {
        return files::run(command).await;
    }
    settle(command).await?;
    Ok(ExitCode::SUCCESS)
}

async fn settle(command: SepaCommand) -> Result<(), Failed> {
    match command {
        SepaCommand::Files(_) => Ok(()),
        SepaCommand::List { flags } => list(&platform(&flags.load()?).await?).await,
        SepaCommand::Show { deposit, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let sender = by(&app, &operator)?.show(deposit).await?.ok_or(NO_DEPOSIT)?;
            print(&serde_json::to_string_pretty(&sender)?);
            Ok(())
        }
        SepaCommand::Approve { deposit, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            by(&app, &operator)?.approve(deposit).await?.ok_or(NO_DEPOSIT)?;
            print("credited");
            Ok(())
        }
        SepaCommand::Assign { deposit, user, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let user = ExternalUserId::parse(&user).map_err(|error| format!("--user {error}"))?;
            by(&app, &operator)?.assign(deposit, &user).await?.ok_or(NO_DEPOSIT)?;
            print("assigned");
            Ok(())
        }
        SepaCommand::Done { message, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            by(&app, &operator)?.done(message).await?.ok_or(NO_MESSAGE)?;
            print("done");
            Ok(())
        }
        SepaCommand::Return { deposit, reason, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let reason = Reason::parse(&reason).map_err(|error| format!("--reason {error}"))?;
            by(&app, &operator)?.send_back(deposit, reason).await?.ok_or(NO_DEPOSIT)?;
            print("it goes back");
            Ok(())
        }
    }
}

async fn list(app: &App) -> Result<(), Failed> {
    let operator = SepaOperator { app, name: florin_types::Text::parse("florin")? };
    let (waiting, refused) = (operator.suspense().await?, operator.refused().await?);
    for deposit in &waiting {
        let (amount, user) = (format_minor(deposit.amount, 2), deposit.user.as_deref().unwrap_or("-"));
        let (id, state, since, partner) = (deposit.id, deposit.state, deposit.since, &deposit.partner);
        print(&format!("{id}  {state}  {since}  {amount} eur  {user}  ({partner})"));
    }
    for (partner, item) in &refused {
        let reason = item.reason.as_deref().unwrap_or_default();
        let (id, rail, external_id) = (item.id, &item.rail, &item.external_id);
        print(&format!("{id}  REFUSED  {}  {rail} {external_id:?}: {reason}  ({partner})", item.at));
    }
    if waiting.is_empty() && refused.is_empty() {
        eprintln!("no money waits");
    }
    Ok(())
}

fn by<'a>(app: &'a App, operator: &OperatorName) -> Result<SepaOperator<'a>, Failed> {
    let name =
        florin_types::Text::parse(&operator.operator).map_err(|error| format!("--operator {error}"))?;
    Ok(SepaOperator { app, name })
}

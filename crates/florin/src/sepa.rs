//! `florin sepa`: what an operator does about money that came in and is nobody's yet.

mod files;

use crate::operate::{id, name_of, platform, print};
use crate::review::say_cut;
use crate::{Failed, OperatorName};
use clap::{ArgGroup, Subcommand};
use florin_api::kit::app::App;
use florin_api::sepa::{Overview, SepaOperator, Shown, Waiting};
use florin_rails::sepa::Reason;
use florin_types::{ExternalUserId, format_minor};
use serde_json::json;
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
    /// Show money that came in (how much, whose, since when, who sent it), or what a message of the bank says. The
    /// audit log records who looked.
    Show {
        /// The id of a deposit or a message, from `florin sepa list`.
        #[arg(value_parser = id)]
        id: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Credit a deposit whose sender's name is nearly the user's.
    Approve {
        /// The deposit's id, from `florin sepa list`.
        #[arg(value_parser = id)]
        deposit: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Credit a deposit to a user, or to the partner's own balance.
    #[command(group = ArgGroup::new("to").args(["user", "partner"]).required(true))]
    Assign {
        /// The deposit's id, from `florin sepa list`.
        #[arg(value_parser = id)]
        deposit: Uuid,
        /// A user of the partner in whose book the money is, by its externalUserId.
        #[arg(long)]
        user: Option<String>,
        /// That partner itself: its master balance.
        #[arg(long)]
        partner: bool,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Note that a message of the bank that could not be true was dealt with.
    Done {
        /// The message's id, from `florin sepa list`.
        #[arg(value_parser = id)]
        message: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Send a deposit back to its sender.
    Return {
        /// The deposit's id, from `florin sepa list`.
        #[arg(value_parser = id)]
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
const NOTHING: &str = "there is no such deposit or message; `florin sepa list` lists those that wait";

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
        SepaCommand::Show { id, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let shown = by(&app, &operator)?.show(id).await?.ok_or(NOTHING)?;
            print(&serde_json::to_string_pretty(&json(shown))?);
            Ok(())
        }
        SepaCommand::Approve { deposit, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            by(&app, &operator)?.approve(deposit).await?.ok_or(NO_DEPOSIT)?;
            print("credited");
            Ok(())
        }
        SepaCommand::Assign { deposit, user, partner: _, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let operator = by(&app, &operator)?;
            let user = user.as_deref().map(ExternalUserId::parse).transpose();
            // Without a user it is --partner.
            let assigned = match user.map_err(|error| format!("--user {error}"))? {
                Some(user) => operator.assign(deposit, &user).await?,
                None => operator.assign_to_partner(deposit).await?,
            };
            assigned.ok_or(NO_DEPOSIT)?;
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
    let Overview { waiting, refused, cut } = operator.overview().await?;
    for Waiting { id, amount, state, partner, user, since, .. } in &waiting {
        let (amount, user) = (format_minor(*amount, 2), user.as_deref().unwrap_or("-"));
        print(&format!("{id}  {state}  {since}  {amount} eur  {user}  ({partner})"));
    }
    for (partner, item) in &refused {
        let reason = item.reason.as_deref().unwrap_or_default();
        let (id, rail, external_id) = (item.id, &item.rail, &item.external_id);
        print(&format!("{id}  REFUSED  {}  {rail} {external_id:?}: {reason}  ({partner})", item.at));
    }
    say_cut(&cut);
    if waiting.is_empty() && refused.is_empty() {
        eprintln!("no money waits");
    }
    Ok(())
}

fn json(shown: Shown) -> serde_json::Value {
    match shown {
        Shown::Deposit(Waiting { id, amount, state, partner, user, returns, since }, sender) => json!({
            "deposit": id,
            "state": state,
            "amount": format_minor(amount, 2),
            "currency": "eur",
            "partner": partner,
            "externalUserId": user,
            "returns": returns,
            "since": since.to_string(),
            "sender": sender,
        }),
        Shown::Message(partner, item, content) => json!({
            "message": item.id,
            "state": item.state.as_str(),
            "partner": partner,
            "rail": item.rail,
            "externalId": item.external_id,
            "reason": item.reason,
            "since": item.at.to_string(),
            "content": content,
        }),
    }
}

fn by<'a>(app: &'a App, operator: &OperatorName) -> Result<SepaOperator<'a>, Failed> {
    Ok(SepaOperator { app, name: name_of(operator)? })
}

//! `florin crypto`: what an operator looks at about chains, and does about withdrawals that are not paid yet.

use crate::operate::{id, name_of, platform, print};
use crate::review::say_cut;
use crate::{Failed, OperatorName};
use clap::Subcommand;
use florin_api::crypto::{
    BookStatus, CryptoOperator, NetworkStatus, WaitingDeposit, WaitingWithdrawal, WaitingWithdrawals,
    reconcile, status,
};
use florin_api::kit::app::App;
use florin_types::format_minor;
use std::process::ExitCode;
use uuid::Uuid;

/// Look at the chains, and approve or reject withdrawals, as an operator.
#[derive(Subcommand)]
pub enum CryptoCommand {
    /// Show each network: whether its node can be asked, how far each partner's book has followed it, and what the
    /// house has in its wallet there. For the networks of Bitcoin's kind that takes minutes.
    Status {
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Compare what all addresses hold with the books. The exit code is 1 if they differ, or if a network could not be
    /// compared. Run it beside a running server, which keeps up with the chains.
    Reconcile {
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// List the withdrawals that wait for a person, and those for which the hot wallet has too little.
    List {
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// List the deposits that wait for a person: too small, never explained, from a sanctioned sender, or of a user
    /// that is gone.
    Deposits {
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Credit a deposit that waits for a person to the user whose address it is.
    Credit {
        /// The deposit's id, from `florin crypto deposits`.
        #[arg(value_parser = id)]
        deposit: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Send a deposit that waits for a person back, less what the network takes.
    Return {
        /// The deposit's id, from `florin crypto deposits`.
        #[arg(value_parser = id)]
        deposit: Uuid,
        /// Where to. If omitted, to its sender, where its chain says who that is.
        #[arg(long)]
        address: Option<String>,
        #[command(flatten)]
        operator: OperatorName,
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

const NO_DEPOSIT: &str = "there is no such deposit; `florin crypto deposits` lists those that wait";

/// Runs a command.
pub async fn run(command: CryptoCommand) -> Result<ExitCode, Failed> {
    match command {
        CryptoCommand::Status { flags } => {
            let app = platform(&flags.load()?).await?;
            status(&app).await?.iter().for_each(show);
        }
        CryptoCommand::Reconcile { flags } => {
            let app = platform(&flags.load()?).await?;
            let outcome = reconcile(&app).await?;
            outcome.currencies.iter().for_each(|line| print(&line.to_string()));
            outcome.addresses.iter().for_each(|line| print(&line.to_string()));
            outcome.not_compared.iter().for_each(|line| print(&line.to_string()));
            print(if outcome.is_clean() {
                "chains and books agree"
            } else {
                "chains and books do NOT agree"
            });
            if !outcome.is_clean() {
                return Ok(ExitCode::FAILURE);
            }
        }
        CryptoCommand::List { flags } => list(&platform(&flags.load()?).await?).await?,
        CryptoCommand::Deposits { flags } => deposits(&platform(&flags.load()?).await?).await?,
        CryptoCommand::Credit { deposit, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let is_credited = by(&app, &operator)?.credit(deposit).await?.ok_or(NO_DEPOSIT)?;
            print(match is_credited {
                true => "credited",
                false => {
                    "not credited: its sender is on the list of sanctioned addresses by now; once more credits it"
                }
            });
        }
        CryptoCommand::Return { deposit, address, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let begun = by(&app, &operator)?.give_back(deposit, address.as_deref()).await?;
            begun.ok_or(NO_DEPOSIT)??;
            print("it goes back once the server pays it");
        }
        CryptoCommand::Approve { withdrawal, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let operator = by(&app, &operator)?;
            operator.approve(withdrawal).await?.ok_or(NO_WITHDRAWAL)?;
            match operator.will_fail(withdrawal).await? {
                Some(why) => print(&format!("approved, but {why}")),
                None => print("approved"),
            }
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

async fn deposits(app: &App) -> Result<(), Failed> {
    let operator = CryptoOperator { app, name: florin_types::Text::parse("florin")? };
    let (waiting, cut) = operator.deposits().await?;
    for one in &waiting {
        let WaitingDeposit { id, amount, currency, state, network, transaction, partner, since, .. } = one;
        let (sender, user) = (one.sender.as_deref().unwrap_or("-"), one.user.as_deref().unwrap_or("-"));
        print(&format!(
            "{id}  {state}  {since}  {amount} {currency}  {network}  {transaction}  {sender}  {user}  ({partner})"
        ));
    }
    say_cut(&cut);
    if waiting.is_empty() {
        eprintln!("no deposit waits");
    }
    Ok(())
}

fn by<'a>(app: &'a App, operator: &OperatorName) -> Result<CryptoOperator<'a>, Failed> {
    Ok(CryptoOperator { app, name: name_of(operator)? })
}

fn show(network: &NetworkStatus) {
    let NetworkStatus { network, kind, node, trouble, tip, books } = network;
    let state = match (trouble, tip) {
        (Some(trouble), _) => format!(": {trouble}"),
        (None, Some(tip)) => format!(", newest block {} {}", tip.height, tip.hash),
        (None, None) => String::new(),
    };
    print(&format!("{network}  {kind}  {node}{state}"));
    for BookStatus { partner, name, followed, behind, hot_wallet, balances } in books {
        let followed = followed.as_ref().map_or_else(
            || "not followed yet".to_owned(),
            |block| {
                let behind = behind.map_or_else(|| "?".to_owned(), |blocks| blocks.to_string());
                format!("followed to block {}, behind by {behind}", block.height)
            },
        );
        print(&format!("  {partner}  {name}: {followed}"));
        let Some(address) = hot_wallet else { continue };
        let balance = |(code, decimals, balance): &(_, u8, Result<i64, String>)| match balance {
            Ok(balance) => format!("{} {code}", format_minor(*balance, *decimals)),
            Err(error) => format!("{code}: {error}"),
        };
        let balances: Vec<_> = balances.iter().map(balance).collect();
        let balances = if balances.is_empty() { "-".to_owned() } else { balances.join(", ") };
        print(&format!("    the house's wallet {address}: {balances}"));
    }
}

//! `florin crypto`: what an operator looks at about chains.

use crate::Failed;
use crate::operate::{platform, print};
use clap::Subcommand;
use florin_api::crypto::{BookStatus, NetworkStatus, reconcile, status};
use florin_types::format_minor;
use std::process::ExitCode;

/// Look at the chains, as an operator.
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
}

/// Runs a command.
pub async fn run(command: CryptoCommand) -> Result<ExitCode, Failed> {
    match command {
        CryptoCommand::Status { flags } => {
            let app = platform(&flags.load()?).await?;
            status(&app).await?.iter().for_each(show);
            Ok(ExitCode::SUCCESS)
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
            Ok(if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
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

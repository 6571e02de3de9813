//! `florin cards`: what an operator looks at and does about users' cards.

use crate::config::Flags;
use crate::operate::{id, name_of, platform, print};
use crate::{Failed, OperatorName};
use clap::{ArgGroup, Args, Subcommand};
use florin_api::cards::{CardOperator, ShownCard, ShownUnclaimed};
use florin_api::kit::app::App;
use florin_types::{ExternalUserId, Text, format_minor};
use uuid::Uuid;

/// Look at users' cards, and block, suspend or release one, as an operator.
#[derive(Subcommand)]
pub enum CardsCommand {
    /// List the cards that are not deleted: id, status, last digits, expiry, when they were made, the fee that is owed
    /// for them in EUR, user and partner; and whether their PIN or CVV is locked.
    List {
        #[command(flatten)]
        flags: Flags,
    },
    /// Block a card: its payments are declined, and neither the partner nor the user can unblock it.
    Block(OneCard),
    /// Suspend a card for a while. It does the same as a block, and says that it is meant to end.
    Suspend(OneCard),
    /// Let a card that was blocked or suspended be used again, and a PIN or CVV be checked that was wrong too often. A
    /// card that its user had locked stays locked.
    Release(OneCard),
    /// List the money that came back by cards for users that had been deleted, and waits: id, when it came, EUR, the
    /// card transaction and the partner.
    Unclaimed {
        #[command(flatten)]
        flags: Flags,
    },
    /// Give such money to a user of the same partner, or to the partner's own balance.
    #[command(group = ArgGroup::new("to").args(["user", "partner"]).required(true))]
    Assign {
        /// The money's id, from `florin cards unclaimed`.
        #[arg(value_parser = id)]
        refund: Uuid,
        /// A user of the partner, by its externalUserId.
        #[arg(long)]
        user: Option<String>,
        /// The partner itself: its master balance.
        #[arg(long)]
        partner: bool,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: Flags,
    },
}

/// A card.
#[derive(Args)]
pub struct OneCard {
    /// The card's id, from `florin cards list`.
    #[arg(value_parser = id)]
    card: Uuid,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

const NO_CARD: &str = "there is no such card; `florin cards list` lists all";
const NO_MONEY: &str = "there is no such money; `florin cards unclaimed` lists what waits";

/// Runs a command.
pub async fn run(command: CardsCommand) -> Result<(), Failed> {
    match command {
        CardsCommand::List { flags } => return list(&platform(&flags.load()?).await?).await,
        CardsCommand::Block(OneCard { card, operator, flags }) => {
            let app = platform(&flags.load()?).await?;
            by(&app, &operator)?.block(card).await?.ok_or(NO_CARD)?;
            print("blocked");
        }
        CardsCommand::Suspend(OneCard { card, operator, flags }) => {
            let app = platform(&flags.load()?).await?;
            by(&app, &operator)?.suspend(card).await?.ok_or(NO_CARD)?;
            print("suspended");
        }
        CardsCommand::Release(OneCard { card, operator, flags }) => {
            let app = platform(&flags.load()?).await?;
            by(&app, &operator)?.release(card).await?.ok_or(NO_CARD)?;
            print("released");
        }
        CardsCommand::Unclaimed { flags } => return list_unclaimed(&platform(&flags.load()?).await?).await,
        CardsCommand::Assign { refund, user, partner: _, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let user = user.as_deref().map(ExternalUserId::parse).transpose();
            // Without a user it is --partner.
            let user = user.map_err(|error| format!("--user {error}"))?;
            by(&app, &operator)?.assign(refund, user.as_ref()).await?.ok_or(NO_MONEY)?;
            print("assigned");
        }
    }
    Ok(())
}

async fn list_unclaimed(app: &App) -> Result<(), Failed> {
    let all = CardOperator { app, name: Text::parse("florin")? }.unclaimed().await?;
    for ShownUnclaimed { id, payment, amount, partner, since } in &all {
        print(&format!("{id}  {since}  {}  {payment}  ({partner})", format_minor(*amount, 2)));
    }
    if all.is_empty() {
        eprintln!("no money waits");
    }
    Ok(())
}

async fn list(app: &App) -> Result<(), Failed> {
    let cards = CardOperator { app, name: Text::parse("florin")? }.list().await?;
    for ShownCard { id, status, last4, exp, locks, fee_owed, partner, user, since } in &cards {
        let (owed, user) = (format_minor(*fee_owed, 2), user.as_deref().unwrap_or("-"));
        let (pin, cvv) =
            (if locks.0 { "  PIN locked" } else { "" }, if locks.1 { "  CVV locked" } else { "" });
        print(&format!("{id}  {status}  {last4}  {exp}  {since}  {owed}  {user}  ({partner}){pin}{cvv}"));
    }
    if cards.is_empty() {
        eprintln!("there are no cards");
    }
    Ok(())
}

fn by<'a>(app: &'a App, operator: &OperatorName) -> Result<CardOperator<'a>, Failed> {
    Ok(CardOperator { app, name: name_of(operator)? })
}

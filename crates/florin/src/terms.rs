//! `florin partner terms`: what is agreed with a partner.

use crate::config::Flags;
use crate::operate::{id, name_of, platform, print};
use crate::{Failed, OperatorName};
use clap::{Args, Subcommand};
use florin_api::kit::app::App;
use florin_api::kit::book::audit::Deed;
use florin_api::kit::book::registry::book_of;
use florin_api::kit::book::set_terms::set_terms;
use florin_api::kit::book::terms::{Term, TermName, Terms};
use florin_types::Timestamp;
use uuid::Uuid;

/// The commands.
#[derive(Subcommand)]
pub enum TermsCommand {
    /// Show the history of a partner's terms, oldest first. What is not in it is as the configuration says.
    Show {
        /// The partner's id, from `florin partner list`.
        #[arg(long, value_parser = id)]
        partner: Uuid,
        #[command(flatten)]
        flags: Flags,
    },
    /// Set a term. Earlier ones stay in the history, so that past fees can be explained. The audit records it.
    Set(SetArgs),
}

/// A term.
#[derive(Args)]
pub struct SetArgs {
    /// The partner's id, from `florin partner list`.
    #[arg(long, value_parser = id)]
    partner: Uuid,
    /// sepa_percentage, sepa_minimum, exchange_percentage, card_monthly, card_foreign_percentage,
    /// card_blocked_categories, card_blocked_countries, withdrawal_fee, sepa_loop or auto_verify.
    #[arg(long, required_unless_present = "auto_verify")]
    name: Option<String>,
    /// With withdrawal_fee: currency and network, such as usdc/polygon.
    #[arg(long, default_value = "")]
    scope: String,
    /// A decimal such as 0.99 (percent, or whole units of the currency); with sepa_loop OPEN or CLOSED, with
    /// auto_verify ON or OFF. With card_blocked_categories codes and ranges such as 7995,6050-6051, with
    /// card_blocked_countries countries such as RU,BY; NONE for none.
    #[arg(long, required_unless_present = "auto_verify")]
    value: Option<String>,
    /// Short for --name auto_verify --value ON: a sandbox verifies users of older clients by itself.
    #[arg(long, conflicts_with_all = ["name", "scope", "value"])]
    auto_verify: bool,
    /// From when on, ISO 8601; now if omitted. Not in the past, as fees that were charged must stay explained.
    #[arg(long)]
    from: Option<String>,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

/// Runs one.
pub async fn run(command: TermsCommand) -> Result<(), Failed> {
    match command {
        TermsCommand::Show { partner, flags } => {
            let app = platform(&flags.load()?).await?;
            // An unknown partner is told apart from one without terms.
            book_of_partner(&app, partner).await?;
            Terms::of(&app.store, partner).await?.history().iter().for_each(|term| print(&line(term)));
            Ok(())
        }
        TermsCommand::Set(arguments) => set(arguments).await,
    }
}

fn line(term: &Term) -> String {
    let Term { name, scope, effective_from, set_at, value, operator } = term;
    let scope = if scope.is_empty() { String::new() } else { format!(" {scope}") };
    format!("{effective_from}  {name}{scope} = {value}  (set {set_at} by {operator})")
}

async fn book_of_partner(app: &App, partner: Uuid) -> Result<florin_store::BookId, Failed> {
    let book = book_of(&app.store, partner).await?;
    Ok(book
        .ok_or_else(|| format!("there is no partner {partner}; `florin partner list` lists the partners"))?)
}

async fn set(arguments: SetArgs) -> Result<(), Failed> {
    let SetArgs { partner, name, scope, value, auto_verify: _, from, operator, flags } = arguments;
    let known = || TermName::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    // Without a name and a value it is --auto-verify.
    let (name, value) =
        (name.unwrap_or_else(|| TermName::AutoVerify.to_string()), value.unwrap_or_else(|| "ON".to_owned()));
    let name = TermName::of_word(&name).ok_or_else(|| format!("--name must be one of {}", known()))?;
    let from =
        from.as_deref().map(Timestamp::parse).transpose().map_err(|error| format!("--from {error}"))?;
    let app = platform(&flags.load()?).await?;
    if name == TermName::AutoVerify && !app.is_sandbox() {
        return Err("auto_verify is for a sandbox: nobody is verified without a review in live".into());
    }
    let scope =
        Term::check(name, &scope, &value, &app.settings.reference).map_err(|error| format!("--{error}"))?;
    let book = book_of_partner(&app, partner).await?;
    let (wall, now) = (app.wall(), app.store.snapshot(book).await?.book_row().now(app.wall()));
    if from.is_some_and(|from| from < now) {
        return Err(format!("--from must not be in the past: it is {now} for this partner").into());
    }
    // By the wall's clock, which is never ahead of the book's, so also after a reset; but not before what it replaces.
    let terms = Terms::of(&app.store, partner).await?;
    let at_once = terms.at(name, &scope, now).map_or(wall, |term| term.effective_from.max(wall));
    let by = name_of(&operator)?;
    let detail = format!("{name} {scope} = {value}");
    let deed = Deed { operator: by, action: "terms.set", object: partner, detail };
    let term = Term {
        name,
        scope,
        effective_from: from.unwrap_or(at_once),
        set_at: wall,
        value,
        operator: operator.operator,
    };
    let said = line(&term);
    set_terms(&app, book, partner, term, deed).await?;
    print(&said);
    Ok(())
}

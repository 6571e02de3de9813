//! `florin webhook`: a partner's endpoint, registered by an operator.

use crate::config::Flags;
use crate::operate::{id, name_of, platform, print};
use crate::review::said;
use crate::{Failed, OperatorName};
use axum::body::to_bytes;
use axum::response::Response;
use clap::{Args, Subcommand};
use florin_api::kit::app::App;
use florin_api::kit::book::audit::Deed;
use florin_api::kit::book::registry::book_of;
use florin_api::kit::context::Context;
use florin_api::kit::edge::partner::Partner;
use florin_api::kit::endpoint::handler::Output;
use florin_api::webhooks::{Registration, set, shown};
use uuid::Uuid;

/// A bound on the length of an answer.
const MAX_ANSWER: usize = 1 << 20;

/// Register and show partners' webhook endpoints, as an operator.
#[derive(Subcommand)]
pub enum WebhookCommand {
    /// Register a partner's endpoint and print it as JSON. This replaces the registration before.
    ///
    /// A new signing secret is printed once, here.
    Set(SetArgs),
    /// Show the endpoint, without its secrets.
    Show {
        /// The partner's id, from `florin partner list`.
        #[arg(long, value_parser = id)]
        partner: Uuid,
        #[command(flatten)]
        flags: Flags,
    },
}

/// An endpoint.
#[derive(Args)]
pub struct SetArgs {
    /// The partner's id, from `florin partner list`.
    #[arg(long, value_parser = id)]
    partner: Uuid,
    /// The base URL. The path of an event's type is appended to it.
    #[arg(long)]
    url: String,
    /// The `Authorization` header of the webhooks. If omitted, the current one is kept. Prefer the variable: other
    /// users of this machine can see the arguments of a command.
    #[arg(long, env = "FLORIN_WEBHOOK_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The path of an event type, such as `transfer=/hooks/transfer`. Repeat for several.
    #[arg(long, value_name = "TYPE=/PATH", value_parser = pair)]
    path: Vec<(String, String)>,
    /// Disable the endpoint. Events wait until it is enabled again.
    #[arg(long)]
    disable: bool,
    /// Create a new signing secret. For 24 hours webhooks are signed with the old one as well.
    #[arg(long)]
    rotate_secret: bool,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (kind, path) = text.split_once('=').ok_or("must be TYPE=/PATH")?;
    Ok((kind.to_owned(), path.to_owned()))
}

/// Runs a command.
pub async fn run(command: WebhookCommand) -> Result<(), Failed> {
    match command {
        WebhookCommand::Set(arguments) => register(arguments).await,
        WebhookCommand::Show { partner, flags } => {
            let app = platform(&flags.load()?).await?;
            let partner = existing(&app, partner).await?;
            let answer = shown(&Context::of_operator(app, partner)).await.map_err(said)?;
            print_answer(answer.into_response()).await
        }
    }
}

async fn register(arguments: SetArgs) -> Result<(), Failed> {
    let SetArgs { url, token, path, disable, rotate_secret, .. } = &arguments;
    let registration = Registration::of_words(url, token.as_deref(), !disable, path, *rotate_secret)?;
    let app = platform(&arguments.flags.load()?).await?;
    let partner = existing(&app, arguments.partner).await?;
    let deed = Deed {
        operator: name_of(&arguments.operator)?,
        action: "webhook.set",
        object: partner.id,
        detail: url.clone(),
    };
    let context = Context::of_operator(app, partner);
    let answer = set(&context, registration, None, Some(deed)).await.map_err(said)?;
    print_answer(answer.into_response()).await
}

async fn existing(app: &App, id: Uuid) -> Result<Partner, Failed> {
    let book = book_of(&app.store, id).await?;
    let book =
        book.ok_or_else(|| format!("there is no partner {id}; `florin partner list` lists the partners"))?;
    Ok(Partner { id, book })
}

/// Prints an answer, or fails with the message of a refusal.
async fn print_answer(response: Response) -> Result<(), Failed> {
    let is_success = response.status().is_success();
    let body = to_bytes(response.into_body(), MAX_ANSWER).await?;
    let body: serde_json::Value = serde_json::from_slice(&body)?;
    if is_success {
        print(&serde_json::to_string_pretty(&body)?);
        return Ok(());
    }
    Err(body["errorMessage"].as_str().unwrap_or("refused").to_owned().into())
}

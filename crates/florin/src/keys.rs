//! `florin key`: partners' API keys. A key is shown when it is made and never again; a command names it by its id.

use crate::config::{Config, Flags};
use crate::operate::{id, name_of, open, print, registry, show};
use crate::system::SystemClock;
use crate::{Failed, OperatorName};
use clap::{ArgGroup, Args, Subcommand};
use florin_api::kit::book::api_keys::ApiKey;
use florin_api::kit::book::registry::{NewKey, Revoked};
use florin_api::kit::settings::Environment;
use florin_types::{Clock, Timestamp};
use ipnet::IpNet;
use std::io::BufRead;
use uuid::Uuid;

/// Create, list and revoke API keys.
#[derive(Subcommand)]
pub enum KeyCommand {
    /// Create another key for a partner, and print it as JSON. The audit records it.
    Create(CreateArgs),
    /// List keys: id, partner, when each was made, ends and was used last, from where, and whether it works.
    ///
    /// The last use is up to ten minutes old. The key itself is never shown.
    List {
        /// The keys of this partner only: its id, from `florin partner list`.
        #[arg(long, value_parser = id)]
        partner: Option<Uuid>,
        #[command(flatten)]
        flags: Flags,
    },
    /// Revoke keys. Running servers refuse them after one second at most. The audit records it.
    Revoke(RevokeArgs),
}

/// A key to be.
#[derive(Args)]
pub struct CreateArgs {
    /// The partner's id, from `florin partner list`.
    #[arg(long, value_parser = id)]
    partner: Uuid,
    /// Network from which the key may be used (CIDR). Repeat for several. Live only: a sandbox refuses it.
    #[arg(long)]
    allow: Vec<IpNet>,
    /// When the key ends, such as 2027-01-31 (the beginning of that day, UTC) or 2027-01-31T12:00:00Z.
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

/// Which keys to revoke: `--id`, or `--all` with `--partner`, or `--stdin`.
#[derive(Args)]
#[command(group = ArgGroup::new("which").args(["id", "all", "stdin"]).required(true))]
pub struct RevokeArgs {
    /// The key's id, from `florin key list`.
    #[arg(long, value_parser = id)]
    id: Option<Uuid>,
    /// With `--all`: the partner whose keys are revoked, by its id, from `florin partner list`.
    #[arg(long, requires = "all", value_parser = id)]
    partner: Option<Uuid>,
    /// All keys of the partner.
    #[arg(long, requires = "partner")]
    all: bool,
    /// Read the key from standard input, where no list of processes shows it.
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: Flags,
}

/// Runs one.
pub async fn run(command: KeyCommand) -> Result<(), Failed> {
    match command {
        KeyCommand::Create(arguments) => create(arguments).await,
        KeyCommand::List { partner, flags } => list(&flags.load()?, partner).await,
        KeyCommand::Revoke(arguments) => revoke(arguments).await,
    }
}

fn no_partner(partner: Uuid) -> Failed {
    format!("there is no partner {partner}; `florin partner list` lists the partners").into()
}

/// The end of a key. A day alone stands for its beginning.
fn end_of(text: &str, now: Timestamp) -> Result<Timestamp, Failed> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let end = Timestamp::parse(&whole).map_err(|error| format!("--expires {error}"))?;
    if end <= now {
        return Err("--expires must be in the future".into());
    }
    Ok(end)
}

async fn create(arguments: CreateArgs) -> Result<(), Failed> {
    let CreateArgs { partner, allow, expires, operator, flags } = arguments;
    let (config, operator) = (flags.load()?, name_of(&operator)?);
    let expires_at = expires.map(|text| end_of(&text, SystemClock.now())).transpose()?;
    if config.environment() == Environment::Sandbox && !allow.is_empty() {
        return Err("--allow is for live: a sandbox takes a key from every address".into());
    }
    let store = open(&config).await?;
    let mut administration = store.administer().await?;
    let mut registry = registry(&mut administration, operator.as_str());
    if !registry.has_partner(partner).await? {
        return Err(no_partner(partner));
    }
    let new = NewKey { allowed: allow, expires_at };
    let issued = registry.issue_key(partner, config.environment(), new).await?;
    administration.commit().await?;
    show(&issued)
}

async fn list(config: &Config, partner: Option<Uuid>) -> Result<(), Failed> {
    let store = open(config).await?;
    let mut administration = store.administer().await?;
    let mut registry = registry(&mut administration, "");
    if let Some(partner) = partner
        && !registry.has_partner(partner).await?
    {
        return Err(no_partner(partner));
    }
    let all = registry.keys(partner).await?;
    if all.is_empty() {
        eprintln!("no keys");
    }
    for key in all {
        match key {
            Ok(key) => print(&line(&key, SystemClock.now())),
            Err(error) => eprintln!("not a key: {error}"),
        }
    }
    Ok(())
}

fn line(key: &ApiKey, now: Timestamp) -> String {
    let used = key.used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let state = match key.revoked_at {
        Some(at) => format!("revoked {at}"),
        None if key.works_at(now) => "works".to_owned(),
        None => "expired".to_owned(),
    };
    let ApiKey { id, partner, created_at, .. } = key;
    format!("{id}  partner {partner}  made {created_at}  used {used}  {}  {state}", key.limits())
}

async fn revoke(arguments: RevokeArgs) -> Result<(), Failed> {
    let RevokeArgs { id, partner, stdin, operator, flags, .. } = arguments;
    let (config, operator) = (flags.load()?, name_of(&operator)?);
    let key = if stdin { Some(read_key()?) } else { None };
    let which = match (id, partner, &key) {
        (Some(id), _, _) => Revoked::Id(id),
        (None, Some(partner), _) => Revoked::AllOf(partner),
        (None, None, Some(key)) => Revoked::Key(key),
        (None, None, None) => return Err("say which keys: --id, --partner with --all, or --stdin".into()),
    };
    let store = open(&config).await?;
    let mut administration = store.administer().await?;
    let mut registry = registry(&mut administration, operator.as_str());
    if let Revoked::AllOf(partner) = which
        && !registry.has_partner(partner).await?
    {
        return Err(no_partner(partner));
    }
    let revoked = registry.revoke_keys(which).await?;
    if revoked.is_empty() {
        return Err("there is no such key, or it was revoked before".into());
    }
    administration.commit().await?;
    revoked.iter().for_each(|id| print(&format!("revoked {id}")));
    Ok(())
}

/// The first line of standard input.
fn read_key() -> Result<String, Failed> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let key = line.trim().to_owned();
    if key.is_empty() {
        return Err("--stdin: there is no key on standard input".into());
    }
    Ok(key)
}

//! Commands of an operator: partners, keys, `florin verify`.

use crate::config::Config;
use crate::system::{SystemClock, SystemEntropy};
use crate::{Failed, clock, data_folder, master_key};
use florin_api::kit::app::App;
use florin_api::kit::book::key_sheets;
use florin_api::kit::book::registry::{Issued, Registry};
use florin_api::kit::settings::Settings;
use florin_store::{Options, Store};
use florin_types::{Clock, Text};
use florin_vault::Vault;
use ipnet::IpNet;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use uuid::Uuid;

/// Longest name of a partner, in characters: a company's, with its legal form.
const MAX_PARTNER_NAME: usize = 140;

/// Opens the store that the configuration names.
pub async fn open(config: &Config) -> Result<Store, Failed> {
    if !config.uses_server() {
        data_folder::create(&config.data_dir)?;
    }
    let master_key = master_key::settle(config).await?;
    let options = Options {
        place: config.place(),
        environment: config.environment().as_str(),
        master_key: master_key.bytes,
        migrations: florin_api::migrations(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let store = Store::open(options).await.map_err(|error| master_key.explain(error))?;
    clock::begin(config, &store).await?;
    Ok(store)
}

/// The platform for a single command: it starts no workers and does not listen.
pub async fn platform(config: &Config) -> Result<App, Failed> {
    // Checked before anything is created.
    config.vault()?;
    let store = open(config).await?;
    let reference = config.reference()?;
    let rate_source = config.rates(&reference)?.source;
    let settings = Settings { reference, rate_source, ..config.settings() };
    assemble(config, store, settings).await
}

/// The platform over an open store, with the vault, the system's clock and randomness, and all families.
pub async fn assemble(config: &Config, store: Store, settings: Settings) -> Result<App, Failed> {
    let vault = Vault::open(&config.vault()?).await?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let app = App::new(store, vault, clock, entropy, settings, &florin_api::FAMILIES);
    key_sheets::load(&app).await?;
    Ok(app)
}

/// `florin verify`.
pub async fn verify(config: &Config) -> Result<ExitCode, Failed> {
    if let florin_store::Place::File(file) = config.place()
        && !file.is_file()
    {
        return Err(format!("there is no database in {}", config.data_dir.display()).into());
    }
    let key = master_key::find(config).await?;
    let report = Store::verify_at(&config.place(), &key.bytes).await.map_err(|error| key.explain(error))?;
    for finding in &report.findings {
        eprintln!("{finding}");
    }
    let (books, records, events, accounts) = (report.books, report.records, report.events, report.accounts);
    let read = format!("{books} books, {records} transactions, {events} events, {accounts} accounts");
    if report.is_clean() {
        print(&format!("verified: {read}; nothing is wrong"));
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("NOT verified: {read}; errors found: {}", report.faults));
    Ok(ExitCode::FAILURE)
}

/// `florin partner create`.
pub async fn create_partner(config: &Config, name: &str) -> Result<(), Failed> {
    let name = Text::<MAX_PARTNER_NAME>::parse(name).map_err(|error| format!("--name {error}"))?;
    let store = open(config).await?;
    let mut administration = store.administer().await?;
    let mut registry =
        Registry { administration: &mut administration, now: SystemClock.now(), entropy: &SystemEntropy };
    let issued = registry.create_partner(name.as_str(), config.environment()).await?;
    administration.commit().await?;
    show(&issued)
}

/// `florin partner list`.
pub async fn list_partners(config: &Config) -> Result<(), Failed> {
    let store = open(config).await?;
    let mut administration = store.administer().await?;
    let mut registry =
        Registry { administration: &mut administration, now: SystemClock.now(), entropy: &SystemEntropy };
    for (id, name, created_at) in registry.partners().await? {
        print(&format!("{id}  {created_at}  {name}"));
    }
    Ok(())
}

/// `florin key create`.
pub async fn create_key(config: &Config, partner: Uuid, allowed: &[IpNet]) -> Result<(), Failed> {
    let store = open(config).await?;
    let mut administration = store.administer().await?;
    let mut registry =
        Registry { administration: &mut administration, now: SystemClock.now(), entropy: &SystemEntropy };
    if !registry.has_partner(partner).await? {
        return Err(format!("there is no partner {partner}; `florin partner list` lists the partners").into());
    }
    let issued = registry.issue_key(partner, config.environment(), allowed).await?;
    administration.commit().await?;
    show(&issued)
}

/// `florin key revoke`.
pub async fn revoke_key(config: &Config, key: &str) -> Result<(), Failed> {
    let store = open(config).await?;
    let mut administration = store.administer().await?;
    let mut registry =
        Registry { administration: &mut administration, now: SystemClock.now(), entropy: &SystemEntropy };
    if !registry.revoke_key(key).await? {
        return Err("this key does not exist or was revoked before".into());
    }
    administration.commit().await?;
    print("revoked");
    Ok(())
}

fn show(issued: &Issued) -> Result<(), Failed> {
    let shown = serde_json::json!({ "partnerId": issued.partner, "apiKey": issued.api_key });
    print(&serde_json::to_string(&shown)?);
    Ok(())
}

/// Prints a line of a command's result. Who reads it may have enough, as `head` does: then the command ends.
pub fn print(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

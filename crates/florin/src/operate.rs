//! Commands of an operator: partners, `florin verify`.

use crate::config::Config;
use crate::system::{SystemClock, SystemEntropy};
use crate::{Failed, OperatorName, clock, data_folder, master_key};
use florin_api::kit::app::App;
use florin_api::kit::book::audit::MAX_OPERATOR;
use florin_api::kit::book::key_sheets;
use florin_api::kit::book::registry::{Issued, PartnerBook, Registry, unbelieved};
use florin_api::kit::settings::Settings;
use florin_store::{Administration, KeptKey, Options, Place, Store};
use florin_types::{Clock, Text};
use florin_vault::Vault;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use uuid::Uuid;

/// Longest name of a partner, in characters: a company's, with its legal form.
const MAX_PARTNER_NAME: usize = 140;

/// An id on the command line.
pub fn id(text: &str) -> Result<Uuid, String> {
    Uuid::parse_str(text)
        .map_err(|_| "it must be an id such as 0198c5d2-ad31-7f24-9c85-6e903b4c5d7f".to_owned())
}

/// Opens the data that the configuration names, for a single command. A command that finds none makes none: who has
/// named a wrong folder is told so, and has no second bank.
pub async fn open(config: &Config) -> Result<Store, Failed> {
    if matches!(Store::kept_master_key(&config.place()).await?, KeptKey::Nothing) {
        return Err(no_database(config));
    }
    open_as(config, false).await
}

/// The same for the first partner of an installation, which may be made before its first server.
pub async fn open_or_create(config: &Config) -> Result<Store, Failed> {
    open_as(config, false).await
}

/// The same for a server, which has the data to itself when it is the first of its version, and so seals older rows.
pub async fn open_for_server(config: &Config) -> Result<Store, Failed> {
    open_as(config, true).await
}

fn no_database(config: &Config) -> Failed {
    let place = match config.place() {
        Place::File(_) => format!("in {}: name its folder with --data-dir", config.data_dir.display()),
        Place::Server(_) => "at database_url, or it is empty: name it with --database-url".to_owned(),
    };
    format!("there is no database {place}. `florin serve` and `florin partner create` make a new one").into()
}

async fn open_as(config: &Config, may_seal: bool) -> Result<Store, Failed> {
    if !config.uses_server() {
        data_folder::create(&config.data_dir)?;
    }
    let master_key = master_key::settle(config).await?;
    let options = Options {
        place: config.place(),
        environment: config.environment().as_str(),
        master_key: master_key.bytes,
        migrations: florin_api::migrations(),
        sealed: florin_api::sealed_tables(),
        may_seal,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let store = Store::open(options).await.map_err(|error| master_key.explain(error))?;
    clock::begin(config, &store).await?;
    Ok(store)
}

/// Whoever goes on with another seed gives out addresses whose coins the right seed does not move.
const OTHER_SEED: &str = "the wallets of this database were not derived from this seed: set the FLORIN_WALLET_SEED \
                          that they were made with. A sandbox that never had one takes its seed from the master \
                          key: then remove the setting. If the seed is right, `mainnet` of a network was changed: \
                          set it as it was";

/// The platform for a single command: it starts no workers and does not listen.
pub async fn platform(config: &Config) -> Result<App, Failed> {
    // Checked before anything is created.
    config.vault()?;
    config.wallet_seed()?;
    let sepa = config.sepa()?;
    let store = open(config).await?;
    let reference = config.reference()?;
    let rate_source = config.rates(&reference)?.source;
    let chains = config.chains(&reference)?;
    let settings = Settings { reference, rate_source, sepa, chains, ..config.settings() };
    let app = assemble(config, store, settings).await?;
    for error in unbelieved(&app.store).await? {
        eprintln!("florin: a partner is left out: {error}");
    }
    Ok(app)
}

/// The platform over an open store, with the vault, the keys of wallets, the system's clock and randomness, and all
/// families.
pub async fn assemble(config: &Config, store: Store, settings: Settings) -> Result<App, Failed> {
    let vault = Vault::open(&config.vault()?).await?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let settings = Settings { keychain: config.keychain(&store)?, ..settings };
    let app = App::new(store, vault, clock, entropy, settings, &florin_api::FAMILIES);
    key_sheets::load(&app).await?;
    if !florin_api::wallets::check_seed(&app).await? {
        // Without this the process waits for the store's connections and never ends.
        app.store.close();
        return Err(OTHER_SEED.into());
    }
    Ok(app)
}

/// Refuses to start without the folder of files that the database has used, before anything is made in its place:
/// a disk that is not mounted leaves an empty folder or none.
pub async fn check_vault(config: &Config, store: &Store) -> Result<(), Failed> {
    let florin_vault::Place::Folder(folder) = config.vault()? else { return Ok(()) };
    let has_used_one = store.vault_mark().await?.epoch > 0 && key_sheets::is_there_one(store).await?;
    if !has_used_one || !is_empty(&folder) {
        return Ok(());
    }
    Err(format!(
        "the vault {} is empty or not there, though this database has used it, and nothing of a user can be opened \
         without it: is the disk mounted, and the place the right one? Put the vault back in its place. If it is \
         lost, `florin vault adopt` makes a new one",
        folder.display()
    )
    .into())
}

/// Whether there is nothing in a folder but what file systems put there, or no folder.
fn is_empty(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == "lost+found")),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// `florin verify`.
pub async fn verify(config: &Config) -> Result<ExitCode, Failed> {
    if let Place::File(file) = config.place()
        && !file.is_file()
    {
        return Err(no_database(config));
    }
    let key = master_key::find(config).await?;
    let report = Store::verify_at(&config.place(), &key.bytes, florin_api::sealed_tables()).await;
    let report = report.map_err(|error| key.explain(error))?;
    for note in &report.notes {
        print(&format!("note: {note}"));
    }
    for finding in &report.findings {
        eprintln!("{finding}");
    }
    let read = [
        counted(report.books, "book"),
        counted(report.records, "transaction"),
        counted(report.events, "event"),
        counted(report.accounts, "account"),
        counted(report.sealed, "sealed row"),
    ];
    let read = read.join(", ");
    if report.is_clean() {
        print(&format!("verified: {read}; nothing is wrong"));
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("NOT verified: {read}; errors found: {}", report.faults));
    Ok(ExitCode::FAILURE)
}

/// So many of a thing, for people.
fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// The operator's name, as the audit takes it.
pub fn name_of(operator: &OperatorName) -> Result<Text<MAX_OPERATOR>, Failed> {
    Ok(Text::parse(&operator.operator).map_err(|error| format!("--operator {error}"))?)
}

/// What an operator does with partners and keys, by name.
pub fn registry<'a>(administration: &'a mut Administration, operator: &'a str) -> Registry<'a> {
    Registry { administration, now: SystemClock.now(), entropy: &SystemEntropy, operator }
}

/// `florin partner create`.
pub async fn create_partner(config: &Config, name: &str, operator: &OperatorName) -> Result<(), Failed> {
    let name = Text::<MAX_PARTNER_NAME>::parse(name).map_err(|error| format!("--name {error}"))?;
    let operator = name_of(operator)?;
    let store = open_or_create(config).await?;
    let mut administration = store.administer().await?;
    let mut registry = registry(&mut administration, operator.as_str());
    let issued = registry.create_partner(name.as_str(), config.environment()).await?;
    administration.commit().await?;
    show(&issued)
}

/// `florin partner list`.
pub async fn list_partners(config: &Config) -> Result<(), Failed> {
    let store = open(config).await?;
    let mut administration = store.administer().await?;
    let mut registry = registry(&mut administration, "");
    let all = registry.partners().await?;
    if all.is_empty() {
        eprintln!("no partners");
    }
    for partner in all {
        match partner {
            Ok(PartnerBook { partner, name, created_at, .. }) => {
                print(&format!("{partner}  {created_at}  {name}"));
            }
            Err(error) => eprintln!("not a partner: {error}"),
        }
    }
    Ok(())
}

/// Shows a new key, for the only time.
pub fn show(issued: &Issued) -> Result<(), Failed> {
    let shown = serde_json::json!({
        "partnerId": issued.partner,
        "keyId": issued.id,
        "apiKey": issued.api_key,
    });
    print(&serde_json::to_string(&shown)?);
    Ok(())
}

/// Prints a line of a command's result. Who reads it may have enough, as `head` does: then the command ends.
pub fn print(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

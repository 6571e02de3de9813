//! Configuration: defaults < TOML file < `FLORIN_…` variables < flags, all by the same names.

use crate::Failed;
use crate::bank;
use crate::chains;
use crate::logs;
use crate::processor;
use crate::rates::{self, Rates, SourceName};
use crate::sections::{self, NOT_SET, quoted};
use crate::variables::{self, Variables};
use clap::Args;
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use florin_api::kit::settings::{
    Cards, Chains, DOCUMENT_MAX_BYTES, Environment, RATE_LOCK, RateLimit, Sepa, Settings, WebhookTargets,
};
use florin_api::kit::tables::{Reference, Tables};
use florin_store::{Place, Store};
use florin_types::{CardRange, Currencies};
use florin_vault::BucketSettings;
use florin_wallet::{Keychain, Seed};
use ipnet::IpNet;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The configuration file, unless `--config` names another.
const DEFAULT_FILE: &str = "florin.toml";

/// The longest life of a lock: whoever holds one chooses at its end whether the rate suits, so an hour costs the house
/// what rates move in an hour.
const MAX_RATE_LOCK_SECONDS: u32 = 3_600;

/// The prefix of a `vault` that is a bucket.
const BUCKET_SCHEME: &str = "s3://";

/// The flags that most commands share.
#[derive(Args, Serialize)]
pub struct Flags {
    /// Address to listen at [default: 127.0.0.1:8080]. Port 0 takes a free port, which is in the log and in the
    /// credentials file.
    #[arg(long, value_name = "ADDRESS:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// Folder of the embedded database, users' files, and a sandbox's credentials and master key [default:
    /// florin-data].
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<PathBuf>,
    /// Use this PostgreSQL database instead of the embedded one. The connection is not encrypted (no TLS).
    #[arg(long, value_name = "postgres://…")]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_url: Option<String>,
    /// `sandbox` or `live` [default: sandbox].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// `text` or `json` [default: text].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<String>,
    /// Configuration file [default: florin.toml, if it exists].
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
}

/// The format of the log.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// The environment, as the configuration spells it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Purpose {
    Sandbox,
    Live,
}

/// The configuration in effect.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address to listen at.
    pub listen: SocketAddr,
    /// Folder of the embedded database, the files, and the sandbox's credentials and master key.
    pub data_dir: PathBuf,
    /// The PostgreSQL database, if one is used.
    database_url: Option<SecretString>,
    environment: Purpose,
    /// Whether live may run on simulated rails: no money moves at a bank, and users get simulated IBANs.
    pub simulated_rails: bool,
    /// Whether live may run on networks to try things on: their coins are worth nothing.
    test_networks: bool,
    /// 64 hexadecimal digits. Required in live; a sandbox without one creates the file `vault.key`.
    master_key: Option<SecretString>,
    /// 64 hexadecimal digits, from which all wallets' keys are derived. Live makes no wallets without one; a sandbox
    /// derives one from the master key.
    wallet_seed: Option<SecretString>,
    /// Where users' files are kept: a folder, or `s3://bucket/prefix`. If omitted: `vault` in the data folder.
    vault: Option<String>,
    /// Whether all processes that use this database share the folder of files.
    vault_is_shared: bool,
    /// The object store; if omitted, AWS.
    vault_s3_endpoint: Option<String>,
    vault_s3_region: String,
    vault_s3_access_key_id: Option<String>,
    vault_s3_secret_access_key: Option<SecretString>,
    /// Whether the object store may be reached without TLS.
    vault_s3_allow_http: bool,
    /// The URL at which users' browsers reach this server. Required in live, with `https`.
    public_url: Option<String>,
    /// Largest size of one uploaded file, in bytes.
    document_max_bytes: u64,
    /// The log filter, in the syntax of `RUST_LOG`.
    pub log: String,
    /// The format of the log.
    pub log_format: LogFormat,
    /// How long simulated reviewers and rails take, in milliseconds of the book's clock.
    sandbox_settle_ms: u64,
    /// Calls per second that a partner may make; 0 means no limit.
    rate_limit_per_second: Option<u32>,
    /// Calls that a partner may make at once.
    rate_limit_burst: Option<u32>,
    /// Proxies whose `X-Forwarded-For` header is trusted (CIDR).
    trusted_proxies: Vec<IpNet>,
    /// `anywhere` or `public`: where webhooks may be sent. A sandbox sends anywhere unless this says otherwise; live
    /// sends to public addresses only.
    webhook_targets: Option<WebhookTargets>,
    /// Non-public networks to which webhooks may be sent all the same (CIDR).
    webhook_allow: Vec<IpNet>,
    /// Where rates of currencies come from: `simulated`, `fixed` or `published`. Required in live.
    rate_source: Option<SourceName>,
    /// How long a rate lock holds, in seconds of the book's clock.
    rate_lock_seconds: u32,
    /// How the numbers of cards begin: 6 to 10 digits.
    #[serde(deserialize_with = "card_range")]
    card_bin: CardRange,
    /// Countries, fees, networks and rates. An omitted table keeps its default. Only in the file.
    #[serde(default)]
    reference: Tables,
    /// Where published rates are read. Only in the file.
    #[serde(default)]
    rates: rates::Section,
    /// The bank in which the accounts are. Only in the file.
    #[serde(default)]
    sepa: bank::Section,
    /// The nodes of chains. Only in the file, but for addresses and passwords.
    #[serde(default)]
    chains: chains::Section,
    /// The processor of cards. Only in the file.
    #[serde(default)]
    cards: processor::Section,
}

/// What a checked configuration says of the parts of a server.
pub struct Parts {
    /// Countries, fees, networks and rates.
    pub reference: Reference,
    /// Where rates come from.
    pub rates: Rates,
    /// The bank in which the accounts are.
    pub sepa: Sepa,
    /// The chains, with the nodes that are asked.
    pub chains: Chains,
    /// The processor of cards to connect to, where there is one.
    pub processor: Option<processor::Plan>,
}

#[derive(Serialize)]
struct Defaults {
    listen: &'static str,
    data_dir: &'static str,
    environment: Purpose,
    simulated_rails: bool,
    test_networks: bool,
    vault_is_shared: bool,
    vault_s3_region: &'static str,
    vault_s3_allow_http: bool,
    document_max_bytes: u64,
    log: &'static str,
    log_format: LogFormat,
    sandbox_settle_ms: u64,
    trusted_proxies: Vec<IpNet>,
    webhook_allow: Vec<IpNet>,
    rate_lock_seconds: u64,
    card_bin: &'static str,
}

const DEFAULTS: Defaults = Defaults {
    listen: "127.0.0.1:8080",
    data_dir: "florin-data",
    environment: Purpose::Sandbox,
    simulated_rails: false,
    test_networks: false,
    vault_is_shared: false,
    vault_s3_region: "us-east-1",
    vault_s3_allow_http: false,
    document_max_bytes: DOCUMENT_MAX_BYTES,
    log: "info",
    log_format: LogFormat::Text,
    sandbox_settle_ms: 500,
    trusted_proxies: Vec::new(),
    webhook_allow: Vec::new(),
    rate_lock_seconds: RATE_LOCK.as_secs(),
    card_bin: "99990000",
};

fn card_range<'de, D: Deserializer<'de>>(text: D) -> Result<CardRange, D::Error> {
    CardRange::parse(&String::deserialize(text)?).map_err(D::Error::custom)
}

impl Flags {
    /// Merges all sources.
    pub fn load(&self) -> Result<Config, Failed> {
        let file = self.config.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        if self.config.is_some() && !file.is_file() {
            return Err(format!("the configuration file {} does not exist", file.display()).into());
        }
        variables::check(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()))?;
        let merged = Figment::from(Serialized::defaults(DEFAULTS))
            .merge(Toml::file(file))
            .merge(Variables::read())
            .merge(Serialized::defaults(self));
        Ok(merged.extract::<Config>().map_err(variables::explain)?)
    }
}

impl Config {
    /// The environment.
    pub fn environment(&self) -> Environment {
        match self.environment {
            Purpose::Sandbox => Environment::Sandbox,
            Purpose::Live => Environment::Live,
        }
    }

    /// Refuses what no server starts with. It creates nothing.
    ///
    /// # Errors
    /// Says which setting is wrong or missing.
    pub fn check(&self) -> Result<Parts, Failed> {
        logs::checked(&self.log).map(drop)?;
        self.check_rails()?;
        self.check_targets()?;
        let reference = self.reference()?;
        self.vault()?;
        self.public_url(self.listen)?;
        self.master_key()?;
        self.wallet_seed()?;
        let (rates, sepa, chains) = (self.rates(&reference)?, self.sepa()?, self.chains(&reference)?);
        let processor = self.cards.plan(self.environment())?;
        Ok(Parts { reference, rates, sepa, chains, processor })
    }

    /// Refuses live on simulated rails unless the operator has said that this is meant, and a sandbox on a real bank.
    fn check_rails(&self) -> Result<(), Failed> {
        self.sepa.check(self.environment())?;
        let is_fine = self.simulated_rails || !self.is_live_on_simulated_rails();
        if is_fine { Ok(()) } else { Err(bank::NOT_MEANT.into()) }
    }

    /// Whether no money moves though this is live.
    pub fn is_live_on_simulated_rails(&self) -> bool {
        self.environment() == Environment::Live && self.sepa.is_simulated()
    }

    /// The bank in which the accounts are.
    pub fn sepa(&self) -> Result<Sepa, Failed> {
        self.sepa.bank(Duration::from_millis(self.sandbox_settle_ms))
    }

    /// The chains, with the nodes that are asked.
    pub fn chains(&self, reference: &Reference) -> Result<Chains, Failed> {
        let around = chains::Around {
            environment: self.environment(),
            reference,
            has_seed: self.wallet_seed.is_some(),
            test_networks: self.test_networks,
        };
        self.chains.chains(&self.settings().chains, &around)
    }

    /// Refuses live that sends webhooks anywhere.
    fn check_targets(&self) -> Result<(), Failed> {
        match (self.environment, self.webhook_targets) {
            (Purpose::Live, Some(WebhookTargets::Anywhere)) => {
                Err("live sends webhooks to public addresses only: remove webhook_targets = \"anywhere\" \
                     (FLORIN_WEBHOOK_TARGETS), and list inner networks in webhook_allow"
                    .into())
            }
            (Purpose::Live | Purpose::Sandbox, _) => Ok(()),
        }
    }

    /// The settings for handlers, except for those that are only known once the server listens, and the keys of
    /// wallets, for which the database must be open.
    pub fn settings(&self) -> Settings {
        let base = match self.environment {
            Purpose::Sandbox => Settings::sandbox(),
            Purpose::Live => Settings::live(),
        };
        let rate_limit = match (self.rate_limit_per_second, base.rate_limit) {
            (Some(0), _) | (None, None) => None,
            (Some(per_second), _) => {
                Some(RateLimit { per_second, burst: self.rate_limit_burst.unwrap_or(per_second).max(1) })
            }
            (None, Some(limit)) => {
                Some(RateLimit { burst: self.rate_limit_burst.unwrap_or(limit.burst), ..limit })
            }
        };
        Settings {
            settle: Duration::from_millis(self.sandbox_settle_ms),
            trusted_proxies: self.trusted_proxies.clone(),
            webhook_targets: self.webhook_targets.unwrap_or(base.webhook_targets),
            webhook_allow: self.webhook_allow.clone(),
            rate_limit,
            document_max_bytes: self.document_max_bytes,
            rate_lock: Duration::from_secs(self.rate_lock_seconds.into()),
            keychain: None,
            cards: Cards { range: self.card_bin.clone(), ..base.cards },
            ..base
        }
    }

    /// The tables of countries, fees, networks and rates, checked.
    pub fn reference(&self) -> Result<Reference, Failed> {
        Reference::new(&self.reference, &Currencies::default())
            .map_err(|error| format!("configuration section reference: {error}").into())
    }

    /// Whether exchanges go by the rates that Florin brings along.
    pub fn has_built_in_rates(&self) -> bool {
        self.rate_source != Some(SourceName::Published)
            && self.reference.currencies == Tables::default().currencies
    }

    /// Where rates come from.
    pub fn rates(&self, reference: &Reference) -> Result<Rates, Failed> {
        if !(1..=MAX_RATE_LOCK_SECONDS).contains(&self.rate_lock_seconds) {
            return Err(format!("rate_lock_seconds must be from 1 to {MAX_RATE_LOCK_SECONDS}").into());
        }
        let is_live = self.environment() == Environment::Live;
        let source = match self.rate_source {
            None | Some(SourceName::Simulated) if is_live => {
                return Err(
                    "live needs rate_source: published, or fixed for the rates of the section reference \
                            (FLORIN_RATE_SOURCE). A simulated market is for sandboxes"
                        .into(),
                );
            }
            source => source.unwrap_or(SourceName::Simulated),
        };
        Rates::of(source, &self.rates, reference, is_live)
    }

    /// Where the data is.
    pub fn place(&self) -> Place {
        match &self.database_url {
            Some(url) => Place::Server(url.expose_secret().to_owned()),
            None => Place::File(self.data_dir.join("florin.db")),
        }
    }

    /// Whether a PostgreSQL server is used.
    pub fn uses_server(&self) -> bool {
        self.database_url.is_some()
    }

    /// The key from which all others are derived. Live never creates one: if it were lost with its disk, all files
    /// would be too.
    pub fn master_key(&self) -> Result<Option<[u8; 32]>, Failed> {
        let Some(text) = &self.master_key else {
            return match self.environment {
                Purpose::Sandbox => Ok(None),
                Purpose::Live => Err("live needs a master key: set FLORIN_MASTER_KEY".into()),
            };
        };
        let mut key = [0; 32];
        hex::decode_to_slice(text.expose_secret(), &mut key)
            .map_err(|_| "FLORIN_MASTER_KEY must be 64 hexadecimal digits")?;
        Ok(Some(key))
    }

    /// The seed of all wallets that is set.
    pub fn wallet_seed(&self) -> Result<Option<Seed>, Failed> {
        let Some(text) = &self.wallet_seed else { return Ok(None) };
        let seed = Seed::parse(text.expose_secret());
        seed.map(Some).map_err(|error| format!("FLORIN_WALLET_SEED {error}").into())
    }

    /// The keys of all wallets. None: live without a seed.
    pub fn keychain(&self, store: &Store) -> Result<Option<Arc<Keychain>>, Failed> {
        let seed = match (self.wallet_seed()?, self.environment()) {
            (Some(seed), _) => seed,
            (None, Environment::Sandbox) => Seed::new(store.derive_key("florin 2026 sandbox wallets v1")),
            (None, Environment::Live) => return Ok(None),
        };
        Ok(Some(Arc::new(Keychain::new(seed))))
    }

    /// Where files are kept.
    pub fn vault(&self) -> Result<florin_vault::Place, Failed> {
        let place = self.vault_text();
        if let Some(address) = place.strip_prefix(BUCKET_SCHEME) {
            return self.bucket(address);
        }
        if place.is_empty() || place.contains("://") {
            return Err(format!("vault must be a folder or s3://bucket/prefix, not \"{place}\"").into());
        }
        if self.uses_server() && !self.vault_is_shared {
            return Err(format!(
                "other processes may use this database, so they must share the folder of files {place}: set \
                 vault_is_shared = true if they do, or use vault = s3://…"
            )
            .into());
        }
        Ok(florin_vault::Place::Folder(place.into()))
    }

    fn vault_text(&self) -> String {
        self.vault.clone().unwrap_or_else(|| self.data_dir.join("vault").display().to_string())
    }

    fn bucket(&self, address: &str) -> Result<florin_vault::Place, Failed> {
        let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
        let (Some(access_key_id), Some(secret_access_key)) =
            (self.vault_s3_access_key_id.clone(), self.vault_s3_secret_access_key.clone())
        else {
            return Err("vault = s3://… needs vault_s3_access_key_id and vault_s3_secret_access_key".into());
        };
        if bucket.is_empty() {
            return Err("vault = s3://… needs a bucket's name after s3://".into());
        }
        let settings = BucketSettings {
            endpoint: self.vault_s3_endpoint.clone(),
            region: self.vault_s3_region.clone(),
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            access_key_id,
            secret_access_key,
            allow_http: self.vault_s3_allow_http,
        };
        Ok(florin_vault::Place::Bucket { settings, spool: self.data_dir.join("spool") })
    }

    /// The URL at which users' browsers reach the server that listens here, without a slash at the end.
    pub fn public_url(&self, listening: SocketAddr) -> Result<String, Failed> {
        let Some(text) = &self.public_url else {
            return match self.environment {
                Purpose::Sandbox => Ok(format!("http://{}", reachable(listening))),
                Purpose::Live => {
                    Err("live needs public_url, the https URL at which users' browsers reach this server \
                     (FLORIN_PUBLIC_URL)"
                        .into())
                }
            };
        };
        let url = Url::parse(text).map_err(|error| format!("public_url: {error}"))?;
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        match (self.environment, url.scheme()) {
            (_, "https") | (Purpose::Sandbox, "http") if is_bare => {
                Ok(url.as_str().trim_end_matches('/').to_owned())
            }
            (Purpose::Live, _) => {
                Err("in live, public_url must be https://host, optionally with a path".into())
            }
            (Purpose::Sandbox, _) => {
                Err("public_url must be http://host or https://host, optionally with a path".into())
            }
        }
    }

    /// The configuration as TOML, without secrets. What is not set is a comment.
    pub fn shown(&self) -> String {
        let limit = self.settings().rate_limit;
        let log_format = if self.log_format == LogFormat::Json { "json" } else { "text" };
        let or_none = |text: &Option<String>| text.as_ref().map_or(NOT_SET.to_owned(), quoted);
        let hidden = |secret: &Option<SecretString>| {
            secret.as_ref().map_or(NOT_SET.to_owned(), |_| quoted("(hidden)"))
        };
        let lines = [
            ("listen", quoted(self.listen)),
            ("data_dir", quoted(self.data_dir.display())),
            ("database_url", hidden(&self.database_url)),
            ("environment", quoted(self.environment().as_str())),
            ("simulated_rails", self.simulated_rails.to_string()),
            ("test_networks", self.test_networks.to_string()),
            ("master_key", hidden(&self.master_key)),
            ("wallet_seed", hidden(&self.wallet_seed)),
            ("vault", quoted(self.vault_text())),
            ("vault_is_shared", self.vault_is_shared.to_string()),
            ("vault_s3_endpoint", or_none(&self.vault_s3_endpoint)),
            ("vault_s3_region", quoted(&self.vault_s3_region)),
            ("vault_s3_access_key_id", or_none(&self.vault_s3_access_key_id)),
            ("vault_s3_secret_access_key", hidden(&self.vault_s3_secret_access_key)),
            ("vault_s3_allow_http", self.vault_s3_allow_http.to_string()),
            ("public_url", or_none(&self.public_url)),
            ("document_max_bytes", self.document_max_bytes.to_string()),
            ("log", quoted(&self.log)),
            ("log_format", quoted(log_format)),
            ("sandbox_settle_ms", self.sandbox_settle_ms.to_string()),
            ("rate_limit_per_second", limit.map_or(0, |limit| limit.per_second).to_string()),
            ("rate_limit_burst", limit.map_or(0, |limit| limit.burst).to_string()),
            ("trusted_proxies", sections::list(&self.trusted_proxies)),
            ("webhook_targets", quoted(self.settings().webhook_targets.as_str())),
            ("webhook_allow", sections::list(&self.webhook_allow)),
            ("rate_source", quoted(self.rate_source.map_or("simulated", SourceName::as_str))),
            ("rate_lock_seconds", self.rate_lock_seconds.to_string()),
            ("card_bin", quoted(self.card_bin.as_str())),
        ];
        let line = |(name, value)| match value == NOT_SET {
            true => sections::not_set(name),
            false => format!("{name} = {value}"),
        };
        let lines = lines.map(line).join("\n");
        let (unset_rates, rates) = self.rates.shown();
        let (unset_sepa, sepa) = self.sepa.shown();
        let (unset_chains, chains) = self.chains.shown();
        let (unset_cards, cards) = self.cards.shown();
        let lines = lines + &unset_rates + &unset_sepa + &unset_chains + &unset_cards;
        [lines, sections::reference(&self.reference), rates, sepa, chains, cards]
            .join("\n\n")
            .trim_end()
            .to_owned()
    }
}

/// The address to reach a server at: loopback for one that listens at all addresses.
fn reachable(mut listening: SocketAddr) -> SocketAddr {
    match listening.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => listening.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => listening.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    listening
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;

//! Configuration: defaults < TOML file < `FLORIN_…` variables < flags, all by the same names.

use crate::Failed;
use clap::Args;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use florin_api::kit::app::{Environment, RateLimit, Settings};
use florin_api::kit::tables::{Reference, Tables};
use florin_store::Place;
use florin_types::Currencies;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Where the configuration file is looked for, unless told.
const DEFAULT_FILE: &str = "florin.toml";

/// What is read from `FLORIN_…` variables; another one is none of ours.
const VARIABLES: &[&str] = &[
    "listen",
    "data_dir",
    "database_url",
    "environment",
    "master_key",
    "log",
    "log_format",
    "sandbox_settle_ms",
    "rate_limit_per_second",
    "rate_limit_burst",
    "trusted_proxies",
];

/// The flags that most commands share.
#[derive(Args, Serialize)]
pub struct Flags {
    /// Address to listen at.
    #[arg(long, value_name = "ADDRESS:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// Folder of the embedded database and the sandbox's credentials.
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<PathBuf>,
    /// PostgreSQL instead of the embedded database.
    #[arg(long, value_name = "postgres://…")]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_url: Option<String>,
    /// `sandbox` or `live`.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// `text` or `json`.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<String>,
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
}

/// How logs look.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// What an installation is for, as configuration spells it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Purpose {
    Sandbox,
    Live,
}

/// The configuration in force.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address to listen at.
    pub listen: SocketAddr,
    /// Folder of the embedded database and the sandbox's credentials.
    pub data_dir: PathBuf,
    /// PostgreSQL, where it is used.
    database_url: Option<SecretString>,
    environment: Purpose,
    /// 64 hexadecimal digits. Live needs one; a sandbox makes its own.
    master_key: Option<SecretString>,
    /// What is logged, in the syntax of `RUST_LOG`.
    pub log: String,
    /// How it looks.
    pub log_format: LogFormat,
    /// How long simulated reviewers and rails take, in milliseconds of business time.
    sandbox_settle_ms: u64,
    /// Calls a second that a partner may make; 0 is no limit.
    rate_limit_per_second: Option<u32>,
    /// Calls at once.
    rate_limit_burst: Option<u32>,
    /// Proxies whose `X-Forwarded-For` is believed (CIDR).
    trusted_proxies: Vec<IpNet>,
    /// Countries, fees, networks and rates; a table that is not given keeps its default. In the file only.
    #[serde(default)]
    reference: Tables,
}

#[derive(Serialize)]
struct Defaults {
    listen: &'static str,
    data_dir: &'static str,
    environment: Purpose,
    log: &'static str,
    log_format: LogFormat,
    sandbox_settle_ms: u64,
    trusted_proxies: Vec<IpNet>,
}

const DEFAULTS: Defaults = Defaults {
    listen: "127.0.0.1:8080",
    data_dir: "florin-data",
    environment: Purpose::Sandbox,
    log: "info",
    log_format: LogFormat::Text,
    sandbox_settle_ms: 500,
    trusted_proxies: Vec::new(),
};

impl Flags {
    /// Merges all sources.
    pub fn load(&self) -> Result<Config, Failed> {
        let file = self.config.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        if self.config.is_some() && !file.is_file() {
            return Err(format!("there is no configuration file {}", file.display()).into());
        }
        let merged = Figment::from(Serialized::defaults(DEFAULTS))
            .merge(Toml::file(file))
            .merge(Env::prefixed("FLORIN_").only(VARIABLES))
            .merge(Serialized::defaults(self));
        Ok(merged.extract::<Config>().map_err(Box::new)?)
    }
}

impl Config {
    /// What the installation is for.
    pub fn environment(&self) -> Environment {
        match self.environment {
            Purpose::Sandbox => Environment::Sandbox,
            Purpose::Live => Environment::Live,
        }
    }

    /// What handlers are given.
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
            rate_limit,
            ..base
        }
    }

    /// The tables of countries, fees, networks and rates, checked.
    pub fn reference(&self) -> Result<Reference, Failed> {
        Reference::new(&self.reference, &Currencies::default())
            .map_err(|error| format!("configuration section reference: {error}").into())
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

    /// The key from which all others are derived.
    pub fn master_key(&self) -> Result<Option<[u8; 32]>, Failed> {
        let Some(text) = &self.master_key else { return Ok(None) };
        let mut key = [0; 32];
        hex::decode_to_slice(text.expose_secret(), &mut key)
            .map_err(|_| "FLORIN_MASTER_KEY must be 64 hexadecimal digits")?;
        Ok(Some(key))
    }

    /// The configuration as TOML, secrets hidden.
    pub fn shown(&self) -> String {
        let hidden = |is_set: bool| if is_set { "\"(hidden)\"" } else { "(none)" };
        let proxies: Vec<_> = self.trusted_proxies.iter().map(|net| format!("\"{net}\"")).collect();
        let limit = self.settings().rate_limit;
        format!(
            "listen = \"{}\"\ndata_dir = \"{}\"\ndatabase_url = {}\nenvironment = \"{}\"\nmaster_key = {}\n\
             log = \"{}\"\n\
             log_format = \"{}\"\nsandbox_settle_ms = {}\nrate_limit_per_second = {}\nrate_limit_burst = {}\n\
             trusted_proxies = [{}]",
            self.listen,
            self.data_dir.display(),
            hidden(self.database_url.is_some()),
            self.environment().as_str(),
            hidden(self.master_key.is_some()),
            self.log,
            if self.log_format == LogFormat::Json { "json" } else { "text" },
            self.sandbox_settle_ms,
            limit.map_or(0, |limit| limit.per_second),
            limit.map_or(0, |limit| limit.burst),
            proxies.join(", "),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(section: &str) -> Result<Reference, String> {
        let merged = Figment::from(Serialized::defaults(DEFAULTS)).merge(Toml::string(section));
        let config = merged.extract::<Config>().map_err(|error| error.to_string())?;
        config.reference().map_err(|error| error.to_string())
    }

    #[test]
    fn the_file_may_change_a_part_of_the_reference() {
        let changed = reference("[reference.fees]\nexchange_percentage = \"0.99\"\n").expect("tables");
        assert_eq!(changed.fees().exchange_percentage.to_string(), "0.99");
        assert_eq!(changed.fees().card_monthly.to_string(), "0.25");
        let wrong = reference("[reference]\npoa_countries = [\"XX\"]\n").expect_err("no such country");
        assert!(wrong.starts_with("configuration section reference: country \"XX\""), "{wrong}");
        assert!(reference("[reference]\nfee = 1\n").is_err());
    }
}

//! The `FLORIN_…` variables of the environment: the ones that are settings, and the refusal of all that nothing reads.
//! A misspelt one must not start a server with a default in its place.

use crate::Failed;
use figment::error::Kind;
use figment::providers::Env;
use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};
use std::collections::BTreeMap;

/// The prefix of every variable.
pub const PREFIX: &str = "FLORIN_";

/// The settings that are read from `FLORIN_…` variables.
pub const SETTINGS: &[&str] = &[
    "listen",
    "data_dir",
    "database_url",
    "environment",
    "master_key",
    "wallet_seed",
    "simulated_rails",
    "vault",
    "vault_is_shared",
    "vault_s3_endpoint",
    "vault_s3_region",
    "vault_s3_access_key_id",
    "vault_s3_secret_access_key",
    "vault_s3_allow_http",
    "public_url",
    "document_max_bytes",
    "log",
    "log_format",
    "sandbox_settle_ms",
    "rate_limit_per_second",
    "rate_limit_burst",
    "trusted_proxies",
    "webhook_targets",
    "webhook_allow",
    "rate_source",
    "rate_lock_seconds",
    "card_bin",
    "test_networks",
    "chain_btc_url",
    "chain_btc_password",
    "chain_ltc_url",
    "chain_ltc_password",
    "chain_doge_url",
    "chain_doge_password",
    "chain_ethereum_url",
    "chain_polygon_url",
];

/// The beginning of those that are in a section of a network: `chain_btc_url` is `chains.btc.url`. All are secrets.
const OF_CHAINS: &str = "chain_";

/// The path in the file of a setting of a network.
fn of_chain(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(OF_CHAINS)?.split_once('_')
}

/// The settings that are numbers, yes or no, or lists. All others are text, also where they look like a number: a
/// secret of digits is no number.
const NOT_TEXT: &[&str] = &[
    "simulated_rails",
    "vault_is_shared",
    "vault_s3_allow_http",
    "document_max_bytes",
    "sandbox_settle_ms",
    "rate_limit_per_second",
    "rate_limit_burst",
    "trusted_proxies",
    "webhook_allow",
    "rate_lock_seconds",
    "test_networks",
];

/// The settings whose values no message shows.
const SECRETS: &[&str] =
    &["database_url", "master_key", "wallet_seed", "vault_s3_access_key_id", "vault_s3_secret_access_key"];

/// Variables that are no settings: the operator's name, which a flag reads, and what the client examples in `docs/`
/// read, which may run in the same shell.
const OTHERS: &[&str] = &["operator", "url", "key", "api_key", "webhook_token"];

/// What Kubernetes sets in every container beside a service named `florin`: where the service is.
const OF_KUBERNETES: &[&str] = &["service_host", "service_port", "port"];

/// The settings in the environment: their names without the prefix, in lower case, and their values.
pub struct Variables(Vec<(String, String)>);

impl Variables {
    /// Reads the environment.
    pub fn read() -> Self {
        Self(
            Env::prefixed(PREFIX)
                .only(SETTINGS)
                .iter()
                .map(|(name, value)| (name.to_string(), value))
                .collect(),
        )
    }
}

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        let name = |_: &Profile, path: &[&str]| path.join(".").to_ascii_uppercase();
        Metadata::named(format!("`{PREFIX}` environment variable(s)")).interpolater(name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let value = |name: &str, text: &str| match text.parse::<Value>() {
            Ok(value) if NOT_TEXT.contains(&name) => value,
            _ => Value::from(text.trim()),
        };
        let mut values = Dict::new();
        let mut chains: BTreeMap<&str, Dict> = BTreeMap::new();
        for (name, text) in &self.0 {
            match of_chain(name) {
                Some((network, field)) => {
                    chains.entry(network).or_default().insert(field.to_owned(), value(name, text));
                }
                None => drop(values.insert(name.clone(), value(name, text))),
            }
        }
        if !chains.is_empty() {
            let chains =
                chains.into_iter().map(|(network, fields)| (network.to_owned(), Value::from(fields)));
            values.insert("chains".to_owned(), Value::from(chains.collect::<Dict>()));
        }
        Ok(Profile::Default.collect(values))
    }
}

/// Whether the value at a path of the file is a secret.
fn is_secret(path: &[String]) -> bool {
    match path {
        [chains, network, field] if chains == "chains" => {
            SETTINGS.contains(&format!("{OF_CHAINS}{network}_{field}").as_str())
        }
        [name, ..] => SECRETS.contains(&name.as_str()),
        [] => false,
    }
}

/// The message of an error, without the value of a secret: figment names the value that has the wrong type, and the
/// parser of the file quotes the whole line.
pub fn explain(error: Error) -> String {
    let lines = error.into_iter().map(|mut error| {
        let is_secret = is_secret(&error.path);
        match &error.kind {
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) if is_secret => {
                error.kind = Kind::Message(format!("invalid value, which is not shown: expected {expected}"));
            }
            Kind::Message(text) => {
                let is_quote = |line: &str| {
                    line.trim_start_matches(|sign: char| sign == ' ' || sign.is_ascii_digit())
                        .starts_with('|')
                };
                error.kind =
                    Kind::Message(text.lines().filter(|line| !is_quote(line)).collect::<Vec<_>>().join(": "));
            }
            _ => {}
        }
        error.to_string()
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// Refuses variables with the prefix that nothing reads. Letter case does not count, as it does not when they are read.
pub fn check(names: impl Iterator<Item = String>) -> Result<(), Failed> {
    for name in names {
        let lower = name.to_ascii_lowercase();
        let Some(setting) = lower.strip_prefix(&PREFIX.to_ascii_lowercase()) else { continue };
        if !SETTINGS.contains(&setting) && !OTHERS.contains(&setting) && !is_of_kubernetes(setting) {
            return Err(unknown(&name, setting).into());
        }
    }
    Ok(())
}

fn is_of_kubernetes(setting: &str) -> bool {
    OF_KUBERNETES
        .iter()
        .any(|known| setting.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

/// How many edits a misspelt name has: one for each three letters, or it is another word.
const LETTERS_PER_EDIT: usize = 3;

fn unknown(name: &str, setting: &str) -> String {
    let distance = |known: &&str| strsim::damerau_levenshtein(known, setting);
    let nearest = SETTINGS.iter().min_by_key(|known| distance(known));
    let near = nearest.filter(|known| distance(known) <= setting.len().max(known.len()) / LETTERS_PER_EDIT);
    let hint = match near {
        Some(known) => format!("; did you mean {PREFIX}{}?", known.to_ascii_uppercase()),
        None => ".".to_owned(),
    };
    format!(
        "{name} is not a setting{hint} `florin config` lists all settings; unset variables that are not settings"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use figment::Figment;
    use figment::providers::{Format, Toml};
    use serde::Deserialize;

    fn said(names: &[&str]) -> Option<String> {
        check(names.iter().map(|name| (*name).to_owned())).err().map(|error| error.to_string())
    }

    #[test]
    fn a_misspelt_variable_is_refused_with_a_near_setting() {
        for (wrong, near) in [
            ("FLORIN_DATABASE_ULR", Some("FLORIN_DATABASE_URL")),
            ("FLORIN_ENVIROMENT", Some("FLORIN_ENVIRONMENT")),
            ("FLORIN_MASTERKEY", Some("FLORIN_MASTER_KEY")),
            ("florin_vaults", Some("FLORIN_VAULT")),
            ("FLORIN_VAULT_S3_SECRET_KEY", Some("FLORIN_VAULT_S3_SECRET_ACCESS_KEY")),
            ("FLORIN_NONSENSE", None),
            ("FLORIN_X", None),
            ("FLORIN_", None),
        ] {
            let said = said(&["PATH", "FLORIN_LOG", wrong]).expect(wrong);
            let hint = near.map_or(".".to_owned(), |near| format!("; did you mean {near}?"));
            assert!(
                said.starts_with(&format!("{wrong} is not a setting{hint} `florin config` lists")),
                "{said}"
            );
        }
    }

    #[test]
    fn variables_that_something_reads_are_accepted() {
        let settings = SETTINGS.iter().map(|name| format!("{PREFIX}{}", name.to_ascii_uppercase()));
        let settings: Vec<_> = settings.collect();
        let others = [
            "HOME",
            "FLORINS",
            "florin_log",
            "FLORIN_OPERATOR",
            "FLORIN_API_KEY",
            "FLORIN_PORT",
            "FLORIN_PORT_8080_TCP_ADDR",
            "FLORIN_SERVICE_HOST",
            "FLORIN_SERVICE_PORT_HTTP",
        ];
        let names: Vec<_> = settings.iter().map(String::as_str).chain(others).collect();
        assert_eq!(said(&names), None);
    }

    /// The text settings of a configuration file and of variables, or the message.
    fn texts(file: &str, variables: &[(&str, &str)]) -> Result<BTreeMap<String, Texts>, String> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let merged = Figment::from(Toml::string(file)).merge(Variables(variables));
        merged.extract().map_err(explain)
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Texts {
        Text(String),
        Yes(bool),
        Number(u64),
        List(Vec<String>),
    }

    #[test]
    fn text_of_digits_stays_text() {
        for name in SECRETS {
            for value in ["0123456789", "1e5", "true", "[1]", "{a=1}", "\"quoted\""] {
                let found = texts("", &[(name, value)]).expect(name);
                assert_eq!(found[*name], Texts::Text(value.to_owned()), "{name}");
            }
        }
        let others =
            [("rate_lock_seconds", "60"), ("vault_is_shared", "true"), ("trusted_proxies", "[\"::1/128\"]")];
        let found = texts("", &others).expect("settings");
        assert_eq!(found["rate_lock_seconds"], Texts::Number(60));
        assert_eq!(found["vault_is_shared"], Texts::Yes(true));
        assert_eq!(found["trusted_proxies"], Texts::List(vec!["::1/128".to_owned()]));
        assert!(NOT_TEXT.iter().chain(SECRETS).all(|name| SETTINGS.contains(name)));
    }

    #[test]
    fn a_variable_of_a_network_is_a_part_of_its_section() {
        type Sections = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;
        let variables =
            [("chain_btc_url", "http://b"), ("chain_btc_password", "123"), ("chain_polygon_url", "p")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let file = "[chains.btc]\nurl = \"http://a\"\nuser = \"u\"\n";
        let merged = Figment::from(Toml::string(file)).merge(Variables(variables));
        let chains = merged.extract::<Sections>().expect("sections")["chains"].clone();
        let values = |name: &str| chains[name].clone().into_iter().collect::<Vec<_>>();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(values("btc"), [pair("password", "123"), pair("url", "http://b"), pair("user", "u")]);
        assert_eq!(values("polygon"), [pair("url", "p")]);
        let path = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        for (name, expected) in [
            ("chains.btc.password", true),
            ("chains.ethereum.url", true),
            ("chains.btc.user", false),
            ("x", false),
        ] {
            assert_eq!(is_secret(&path(name)), expected, "{name}");
        }
    }

    #[test]
    fn no_message_shows_a_secret() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "read for its errors")]
        struct Secrets {
            master_key: Option<String>,
            vault_s3_secret_access_key: Option<String>,
            rate_lock_seconds: Option<u32>,
        }
        let said = |file: &str| {
            let error = Figment::from(Toml::string(file)).extract::<Secrets>().expect_err(file);
            explain(error)
        };
        for (file, expected) in [
            ("master_key = 777888", "invalid value, which is not shown: expected a string for key"),
            (
                "vault_s3_secret_access_key = [777888]",
                "invalid value, which is not shown: expected a string for key",
            ),
            ("master_key = abc777888", "TOML parse error at line 1, column 14: "),
            ("listen = \"x\"\nmaster_key = \"777888", "TOML parse error at line 2, column "),
        ] {
            let said = said(file);
            assert!(said.contains(expected) && !said.contains("777888"), "{said}");
        }
        // What is no secret is shown: it helps.
        assert!(said("rate_lock_seconds = \"777888\"").contains("777888"));
    }
}

//! The `FLORIN_…` variables of the environment: the ones that are settings, and the refusal of all that nothing reads.
//! A misspelt one must not start a server with a default in its place.

use crate::Failed;

/// The prefix of every variable.
pub const PREFIX: &str = "FLORIN_";

/// The settings that are read from `FLORIN_…` variables.
pub const SETTINGS: &[&str] = &[
    "listen",
    "data_dir",
    "database_url",
    "environment",
    "master_key",
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
];

/// Variables that are no settings: the operator's name, which a flag reads, and what the client examples in `docs/`
/// read, which may run in the same shell.
const OTHERS: &[&str] = &["operator", "url", "key", "api_key", "webhook_token"];

/// What Kubernetes sets in every container beside a service named `florin`: where the service is.
const OF_KUBERNETES: &[&str] = &["service_host", "service_port", "port"];

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

fn unknown(name: &str, setting: &str) -> String {
    let nearest = SETTINGS.iter().min_by_key(|known| strsim::damerau_levenshtein(known, setting));
    let nearest = nearest.copied().unwrap_or_default().to_ascii_uppercase();
    format!(
        "{name} is not a setting; the nearest one is {PREFIX}{nearest}. `florin config` lists all settings; unset \
         variables that are not settings"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(names: &[&str]) -> Option<String> {
        check(names.iter().map(|name| (*name).to_owned())).err().map(|error| error.to_string())
    }

    #[test]
    fn a_misspelt_variable_is_refused_with_the_nearest_setting() {
        for (wrong, nearest) in [
            ("FLORIN_DATABASE_ULR", "FLORIN_DATABASE_URL"),
            ("FLORIN_ENVIROMENT", "FLORIN_ENVIRONMENT"),
            ("FLORIN_MASTERKEY", "FLORIN_MASTER_KEY"),
            ("florin_vaults", "FLORIN_VAULT"),
            ("FLORIN_", "FLORIN_LOG"),
        ] {
            let said = said(&["PATH", "FLORIN_LOG", wrong]).expect(wrong);
            let expected = format!("{wrong} is not a setting; the nearest one is {nearest}. ");
            assert!(said.starts_with(&expected), "{said}");
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
}

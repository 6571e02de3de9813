//! How `florin config` shows the sections of the configuration file: as TOML, in a form that the file can have.

use florin_api::kit::tables::{CurrencyTable, Fees, NetworkTable, Tables};
use reqwest::Url;
use std::fmt::Display;

/// Words in the name of a query parameter that say that its value is a secret.
const SECRET_WORDS: &[&str] = &["key", "token", "secret", "password", "auth", "sign"];

/// What stands in the place of a value that is not set.
pub const NOT_SET: &str = "(not set)";

/// The line of a setting that is not set: a comment, so that all lines together can be a file.
pub fn not_set(name: &str) -> String {
    format!("# {name} = {NOT_SET}")
}

/// A TOML string.
pub fn quoted(text: impl Display) -> String {
    format!("\"{}\"", text.to_string().replace('\\', "\\\\").replace('"', "\\\""))
}

/// A TOML array of strings.
pub fn list<T: Display>(texts: impl IntoIterator<Item = T>) -> String {
    format!("[{}]", texts.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
}

/// An inline TOML table of strings.
pub fn table<'a>(rows: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    let rows: Vec<_> =
        rows.into_iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
    if rows.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", rows.join(", ")) }
}

/// An address without its password and without values of the query that look like secrets.
pub fn address(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    let is_secret = |name: &str| SECRET_WORDS.iter().any(|word| name.to_ascii_lowercase().contains(word));
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(name, _)| is_secret(name)) {
        let shown = pairs.iter().map(|(name, value)| (name, if is_secret(name) { "hidden" } else { value }));
        url.query_pairs_mut().clear().extend_pairs(shown);
    } else if url.password().is_none() {
        return text.to_owned();
    }
    if url.password().is_some() && url.set_password(Some("hidden")).is_err() {
        return "hidden".to_owned();
    }
    url.to_string()
}

/// The section `reference`. The tables are taken apart by their fields, so that none is forgotten.
pub fn reference(tables: &Tables) -> String {
    let Tables { currencies, fees, iban_countries, card_countries, .. } = tables;
    let Tables { denied_residences, poa_countries, overseas, .. } = tables;
    let Fees { sepa_percentage, sepa_minimum, exchange_percentage, card_monthly, card_foreign_percentage } =
        fees;
    let mut lines = vec![
        "[reference]".to_owned(),
        format!("iban_countries = {}", list(iban_countries)),
        format!("card_countries = {}", list(card_countries)),
        format!("denied_residences = {}", list(denied_residences)),
        format!("poa_countries = {}", list(poa_countries)),
        format!("overseas = {}", table(overseas)),
        String::new(),
        "[reference.fees]".to_owned(),
        format!("sepa_percentage = {}", quoted(sepa_percentage)),
        format!("sepa_minimum = {}", quoted(sepa_minimum)),
        format!("exchange_percentage = {}", quoted(exchange_percentage)),
        format!("card_monthly = {}", quoted(card_monthly)),
        format!("card_foreign_percentage = {}", quoted(card_foreign_percentage)),
    ];
    for CurrencyTable { code, rate_eur, networks } in currencies {
        lines.push("\n[[reference.currencies]]".to_owned());
        lines.push(format!("code = {}", quoted(code)));
        lines.push(format!("rate_eur = {}", quoted(rate_eur)));
        for table in networks {
            let NetworkTable { network, name, mainnet, local, .. } = table;
            let NetworkTable { fee_withdrawal, min_withdrawal, min_deposit, confirmations, .. } = table;
            lines.push("[[reference.currencies.networks]]".to_owned());
            lines.push(format!("network = {}", quoted(network)));
            lines.push(format!("name = {}", quoted(name)));
            lines.push(format!("mainnet = {mainnet}"));
            if *local {
                lines.push("local = true".to_owned());
            }
            lines.push(format!("fee_withdrawal = {}", quoted(fee_withdrawal)));
            lines.push(format!("min_withdrawal = {}", quoted(min_withdrawal)));
            lines.push(format!("min_deposit = {}", quoted(min_deposit)));
            lines.extend(confirmations.map(|blocks| format!("confirmations = {blocks}")));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_secrets() {
        for (text, shown) in [
            ("rates.json", "rates.json"),
            ("https://example.com/t?pair=XBTEUR,ETHEUR", "https://example.com/t?pair=XBTEUR,ETHEUR"),
            ("https://example.com/t?apikey=never&pair=A", "https://example.com/t?apikey=hidden&pair=A"),
            ("https://example.com/t?Access_Token=never", "https://example.com/t?Access_Token=hidden"),
            ("https://anna:never@example.com/t", "https://anna:hidden@example.com/t"),
        ] {
            assert_eq!(address(text), shown);
        }
    }
}

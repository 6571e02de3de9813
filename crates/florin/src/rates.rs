//! Where rates of currencies come from: the setting `rate_source`, and the section `rates` of the configuration file
//! for those that others publish.
//!
//! ```toml
//! rate_source = "published"
//!
//! [[rates.ticker]]
//! address = "https://api.kraken.com/0/public/Ticker?pair=XBTEUR,ETHEUR,LTCEUR,XDGEUR,POLEUR,USDCEUR,USDTEUR"
//! symbols = { btc = "XXBTZEUR", eth = "XETHZEUR", ltc = "XLTCZEUR", doge = "XDGEUR", pol = "POLEUR", usdc = "USDCEUR",
//!     usdt = "USDTEUR" }
//!
//! # Needed for fiat currencies besides EUR, and for a ticker with another `quote` than "eur".
//! [rates.ecb]
//! address = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"
//! ```

use crate::Failed;
use crate::sections::{self, quoted};
use florin_api::kit::settings::Rater;
use florin_api::kit::tables::Reference;
use florin_rails::rates::{Address, Board, EUR, Feed, FeedKind, Fixed, Market, RateSource};
use florin_types::{Clock, Currencies, Currency, CurrencyCode, CurrencyKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The daily rates are set on each TARGET day. The longest time between two is from the Thursday before Easter to the
/// Tuesday after it, five days; one more for a late file.
const ECB_MAX_AGE: u64 = 6 * 86_400;

/// The file changes once a day; an hour late is soon enough.
const ECB_EVERY: u64 = 3_600;

/// A rate of a minute ago is what a customer saw; crypto moves by a hundredth of a per cent in that time.
const TICKER_MAX_AGE: u64 = 60;

/// Six readings in the life of a rate: five may fail.
const TICKER_EVERY: u64 = 10;

/// The seed of the simulated market. Every sandbox sees the same rates at the same time.
const SEED: u64 = 1;

/// The setting `rate_source`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceName {
    /// A simulated market around the rates of the section `reference`, which moves with the clock of each book.
    Simulated,
    /// The rates of the section `reference`.
    Fixed,
    /// What others publish: the section `rates`.
    Published,
}

impl SourceName {
    /// The word of the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Fixed => "fixed",
            Self::Published => "published",
        }
    }
}

/// The section `rates`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    ecb: Option<Ecb>,
    ticker: Vec<Ticker>,
}

/// The reference rates of the European Central Bank.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ecb {
    /// A URL or a path.
    address: String,
    max_age_seconds: Option<u64>,
    every_seconds: Option<u64>,
}

/// An exchange's ticker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ticker {
    /// A URL or a path.
    address: String,
    /// The currency in which it quotes. If omitted, EUR.
    quote: Option<String>,
    /// The symbol of each currency.
    symbols: BTreeMap<String, String>,
    max_age_seconds: Option<u64>,
    every_seconds: Option<u64>,
}

/// A source of rates, and what brings them where somebody has to.
pub struct Rates {
    /// For the settings.
    pub source: Rater,
    feeds: Vec<Arc<Feed>>,
    board: Arc<Board>,
}

impl Rates {
    /// The source that the configuration names.
    pub fn of(
        source: SourceName,
        section: &Section,
        reference: &Reference,
        is_live: bool,
    ) -> Result<Self, Failed> {
        let board = Arc::new(Board::default());
        let feeds = section.feeds(reference, is_live);
        let feeds = feeds.map_err(|error| format!("configuration section rates: {error}"))?;
        let source: Arc<dyn RateSource> = match source {
            SourceName::Published => {
                section.covers(&Currencies::default())?;
                Arc::<Board>::clone(&board)
            }
            other if !feeds.is_empty() => {
                let word = other.as_str();
                return Err(format!(
                    "the section rates is read only with rate_source = \"published\", not with \"{word}\""
                )
                .into());
            }
            SourceName::Simulated => Arc::new(Market::new(SEED, reference.rates())),
            SourceName::Fixed => Arc::new(Fixed(reference.rates())),
        };
        Ok(Self { source: Rater(source), feeds, board })
    }

    /// Reads published rates again and again, each in a task of its own.
    pub fn start(self, clock: &Arc<dyn Clock>) -> Vec<JoinHandle<()>> {
        let work = |feed: Arc<Feed>| tokio::spawn(feed.work(Arc::clone(&self.board), Arc::clone(clock)));
        self.feeds.into_iter().map(work).collect()
    }
}

impl Section {
    /// The section as TOML: lines for what is not set, which come before all sections, and what is set.
    pub fn shown(&self) -> (String, String) {
        let Self { ecb, ticker } = self;
        let (mut unset, mut shown) = (String::new(), Vec::new());
        let seconds = |name: &str, seconds: Option<u64>| seconds.map(|seconds| format!("{name} = {seconds}"));
        match ecb {
            None => unset = format!("\n{}", sections::not_set("rates.ecb")),
            Some(Ecb { address, max_age_seconds, every_seconds }) => {
                shown.push("[rates.ecb]".to_owned());
                shown.push(format!("address = {}", quoted(sections::address(address))));
                shown.extend(seconds("max_age_seconds", *max_age_seconds));
                shown.extend(seconds("every_seconds", *every_seconds));
            }
        }
        if ticker.is_empty() {
            unset += &format!("\n{}", sections::not_set("rates.ticker"));
        }
        for Ticker { address, quote, symbols, max_age_seconds, every_seconds } in ticker {
            shown.push("[[rates.ticker]]".to_owned());
            shown.push(format!("address = {}", quoted(sections::address(address))));
            shown.extend(quote.as_ref().map(|quote| format!("quote = {}", quoted(quote))));
            shown.push(format!("symbols = {}", sections::table(symbols)));
            shown.extend(seconds("max_age_seconds", *max_age_seconds));
            shown.extend(seconds("every_seconds", *every_seconds));
        }
        (unset, shown.join("\n"))
    }

    /// Refuses what would leave a currency without a rate for ever.
    fn covers(&self, currencies: &Currencies) -> Result<(), Failed> {
        let has_symbol = |currency: Currency| {
            let slugs = self.ticker.iter().flat_map(|ticker| ticker.symbols.keys());
            slugs.filter_map(|slug| CurrencyCode::parse(slug)).any(|code| code == currency.code)
        };
        let is_covered = |currency: &Currency| {
            currency.code == EUR
                || has_symbol(*currency)
                || (currency.kind == CurrencyKind::Fiat && self.ecb.is_some())
        };
        let missing: Vec<_> = currencies.iter().filter(|currency| !is_covered(currency)).collect();
        let missing: Vec<_> = missing.iter().map(|currency| currency.code.to_string()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!(
            "rate_source = \"published\" needs a rate of every currency: add the symbols of {} to a [[rates.ticker]] \
             of the configuration file",
            missing.join(", ")
        )
        .into())
    }

    fn feeds(&self, reference: &Reference, is_live: bool) -> Result<Vec<Arc<Feed>>, String> {
        let mut feeds = Vec::new();
        let mut add = |kind, address: &str, max_age: u64, every: u64| {
            let address = Address::parse(address)?;
            if every == 0 || every >= max_age {
                return Err(format!(
                    "every_seconds of {address} must be from 1 to less than max_age_seconds"
                ));
            }
            if is_live && address.is_plain_http() {
                return Err(format!("in live, {address} must begin with https://"));
            }
            let times = [max_age, every].map(Duration::from_secs);
            feeds.push(Arc::new(Feed::new(kind, address, times, reference.rates())?));
            Ok(())
        };
        if let Some(Ecb { address, max_age_seconds, every_seconds }) = &self.ecb {
            let (max_age, every) =
                (max_age_seconds.unwrap_or(ECB_MAX_AGE), every_seconds.unwrap_or(ECB_EVERY));
            add(FeedKind::Ecb, address, max_age, every)?;
        }
        for Ticker { address, quote, symbols, max_age_seconds, every_seconds } in &self.ticker {
            let quote = match quote.as_deref() {
                None => EUR,
                Some(quote) => {
                    CurrencyCode::parse(quote).ok_or_else(|| format!("\"{quote}\" is no currency"))?
                }
            };
            if quote != EUR && self.ecb.is_none() {
                return Err(format!(
                    "a ticker that quotes in {quote} needs rates.ecb, for the rate of {quote}"
                ));
            }
            let kind = FeedKind::Ticker { symbols: symbols_of(symbols)?, quote };
            let (max_age, every) =
                (max_age_seconds.unwrap_or(TICKER_MAX_AGE), every_seconds.unwrap_or(TICKER_EVERY));
            add(kind, address, max_age, every)?;
        }
        Ok(feeds)
    }
}

/// The symbols, each of a currency that is served, and no currency twice.
fn symbols_of(symbols: &BTreeMap<String, String>) -> Result<BTreeMap<CurrencyCode, String>, String> {
    let mut found = BTreeMap::new();
    for (slug, symbol) in symbols {
        let currency = Currencies::default().parse(slug);
        let currency = currency.ok_or_else(|| format!("\"{slug}\" is no currency that is served"))?;
        if found.insert(currency.code, symbol.clone()).is_some() {
            return Err(format!("{} has two symbols", currency.code));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemClock;
    use figment::Figment;
    use figment::providers::{Format, Toml};
    use florin_rails::rates::Moment;

    /// Symbols of all currencies, with others in the place of some.
    fn symbols(address: &str, more: &str) -> String {
        let all =
            ["btc", "eth", "ltc", "doge", "pol", "usdc", "usdt"].map(|code| format!("{code} = \"{code}\""));
        format!("[[ticker]]\naddress = \"{address}\"\n{more}\nsymbols = {{ {} }}\n", all.join(", "))
    }

    fn rates(source: SourceName, section: &str, is_live: bool) -> Result<Rates, String> {
        let section: Section =
            Figment::from(Toml::string(section)).extract().map_err(|error| error.to_string())?;
        Rates::of(source, &section, &Reference::default(), is_live).map_err(|error| error.to_string())
    }

    #[test]
    fn the_section_is_checked() {
        let ecb = "[ecb]\naddress = \"https://example.com/a.xml\"\n";
        let all = |more: &str| symbols("https://example.com/ticker", more);
        assert!(rates(SourceName::Simulated, "", false).is_ok());
        assert!(rates(SourceName::Fixed, "", true).is_ok());
        assert!(rates(SourceName::Published, &all(""), true).is_ok());
        assert!(rates(SourceName::Published, &(all("quote = \"usd\"") + ecb), true).is_ok());
        let said = |section: &str| rates(SourceName::Published, section, true).err().unwrap_or_default();
        for (section, expected) in [
            (String::new(), "add the symbols of btc, eth, ltc, doge, pol, usdc, usdt to"),
            (ecb.to_owned(), "add the symbols of btc, eth,"),
            ("[ecb]\nurl = \"a.xml\"".to_owned(), "unknown field"),
            ("[ecb]\naddress = \"ftp://x\"".to_owned(), "must be a URL that begins with https://"),
            (symbols("api.example.com/ticker", ""), "must be a URL that begins with https://"),
            (
                symbols("http://example.com/ticker", ""),
                "in live, http://example.com/ticker must begin with https://",
            ),
            (all("quote = \"usd\""), "a ticker that quotes in usd needs rates.ecb"),
            (all("quote = \"\""), "\"\" is no currency"),
            (all("every_seconds = 0"), "every_seconds of https://example.com/ticker must be from 1"),
            (all("every_seconds = 60"), "must be from 1 to less than max_age_seconds"),
            (all("").replace("btc =", "bct ="), "\"bct\" is no currency that is served"),
            (all("").replace("{ btc", "{ BTC = \"X\", btc"), "btc has two symbols"),
        ] {
            assert!(said(&section).contains(expected), "{section}: {}", said(&section));
        }
        let unread = rates(SourceName::Simulated, ecb, false).err().unwrap_or_default();
        assert!(unread.contains("is read only with rate_source = \"published\""), "{unread}");
    }

    #[tokio::test]
    async fn published_rates_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        // Far from what is written down for btc alone.
        let ticker =
            r#"{"error":[],"result":{"btc":{"a":["3.0"],"b":["2.99"]},"eth":{"a":["3001"],"b":["2999"]}}}"#;
        std::fs::write(path("ticker.json"), ticker).unwrap();
        let yesterday = SystemClock.now().saturating_sub(Duration::from_secs(86_400)).date();
        let ecb = format!("<Cube time='{yesterday}'><Cube currency='USD' rate='1.25'/></Cube>");
        std::fs::write(path("ecb.xml"), ecb).unwrap();
        let section = format!("[ecb]\naddress = \"{}\"\n", path("ecb.xml"))
            + &symbols(&path("ticker.json"), "quote = \"usd\"");
        let rates = rates(SourceName::Published, &section, false).unwrap();
        let source = rates.source.clone();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let workers = rates.start(&clock);
        let now = || Moment { business: clock.now(), wall: clock.now() };
        let rate = |code| source.0.rate(CurrencyCode::new(code), now()).map(|rate| rate.to_string());
        while rate("eth").is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(rate("eth"), Ok("2400".to_owned()));
        assert!(rate("btc").is_err() && rate("ltc").is_err());
        workers.iter().for_each(JoinHandle::abort);
    }
}

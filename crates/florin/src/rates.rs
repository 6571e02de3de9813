//! Where prices of currencies come from: the setting `rate_source`, and the section `rates` of the configuration file
//! for those that others publish.
//!
//! ```toml
//! rate_source = "published"
//!
//! [rates.ecb]
//! address = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"
//!
//! [rates.ticker]
//! address = "https://api.kraken.com/0/public/Ticker?pair=XBTEUR,ETHEUR"
//! symbols = { btc = "XXBTZEUR", eth = "XETHZEUR" }
//! ```

use crate::Failed;
use florin_api::kit::settings::Prices;
use florin_api::kit::tables::Reference;
use florin_rails::rates::{Address, Board, EUR, Feed, Fixed, Kind, Market, Moment, RateSource};
use florin_types::{Clock, Currencies, CurrencyCode};
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

/// A price of a minute ago is what a customer saw; crypto moves by a hundredth of a per cent in that time.
const TICKER_MAX_AGE: u64 = 60;

/// Six readings in the life of a price: five may fail.
const TICKER_EVERY: u64 = 10;

/// The seed of the simulated market. Every sandbox sees the same prices at the same time.
const SEED: u64 = 1;

/// The setting `rate_source`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceName {
    /// A simulated market around the prices of the section `reference`, which moves with the clock of each book.
    Simulated,
    /// The prices of the section `reference`.
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
    ticker: Option<Ticker>,
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

/// Prices, and what brings them where somebody has to.
pub struct Rates {
    /// For the settings.
    pub prices: Prices,
    feeds: Vec<Arc<Feed>>,
    board: Arc<Board>,
}

impl Rates {
    /// The source that the configuration names.
    pub fn of(source: SourceName, section: &Section, reference: &Reference) -> Result<Self, Failed> {
        let board = Arc::new(Board::default());
        let feeds = section.feeds().map_err(|error| format!("configuration section rates: {error}"))?;
        let source: Arc<dyn RateSource> = match source {
            SourceName::Simulated => Arc::new(Market::new(SEED, reference.prices())),
            SourceName::Fixed => Arc::new(Fixed(reference.prices())),
            SourceName::Published if feeds.is_empty() => {
                return Err(
                    "rate_source = \"published\" needs rates.ecb or rates.ticker in the configuration \
                            file"
                        .into(),
                );
            }
            SourceName::Published => Arc::<Board>::clone(&board),
        };
        Ok(Self { prices: Prices(source), feeds, board })
    }

    /// Reads published prices once, then again and again in tasks of their own. What can't be read is in the log.
    pub async fn start(self, clock: Arc<dyn Clock>, currencies: &Currencies) -> Vec<JoinHandle<()>> {
        // In their order: the prices of a ticker may need those of the reference rates.
        for feed in &self.feeds {
            if let Err(error) = feed.refresh(&self.board, clock.now()).await {
                tracing::warn!(address = %feed.address, %error, "could not read prices");
            }
        }
        let now = Moment { business: clock.now(), wall: clock.now() };
        for currency in currencies.codes().into_iter().filter(|code| *code != EUR) {
            if let Err(error) = self.prices.0.rate(currency, now) {
                tracing::warn!(%currency, %error, "calls that need rates answer P501");
            }
        }
        let work = |feed: Arc<Feed>| tokio::spawn(feed.work(Arc::clone(&self.board), Arc::clone(&clock)));
        self.feeds.into_iter().map(work).collect()
    }
}

impl Section {
    fn feeds(&self) -> Result<Vec<Arc<Feed>>, String> {
        let mut feeds = Vec::new();
        let mut add = |kind, address: &str, max_age, every: u64| {
            let (max_age, every) = (Duration::from_secs(max_age), Duration::from_secs(every.max(1)));
            feeds.push(Arc::new(Feed::new(kind, Address::parse(address)?, max_age, every)?));
            Ok::<_, String>(())
        };
        if let Some(Ecb { address, max_age_seconds, every_seconds }) = &self.ecb {
            let (max_age, every) =
                (max_age_seconds.unwrap_or(ECB_MAX_AGE), every_seconds.unwrap_or(ECB_EVERY));
            add(Kind::Ecb, address, max_age, every)?;
        }
        if let Some(Ticker { address, quote, symbols, max_age_seconds, every_seconds }) = &self.ticker {
            let code =
                |text: &str| CurrencyCode::parse(text).ok_or_else(|| format!("\"{text}\" is no currency"));
            let symbols = symbols.iter().map(|(slug, symbol)| Ok((code(slug)?, symbol.clone())));
            let symbols = symbols.collect::<Result<_, String>>()?;
            let kind = Kind::Ticker { symbols, quote: quote.as_deref().map_or(Ok(EUR), code)? };
            let (max_age, every) =
                (max_age_seconds.unwrap_or(TICKER_MAX_AGE), every_seconds.unwrap_or(TICKER_EVERY));
            add(kind, address, max_age, every)?;
        }
        Ok(feeds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemClock;
    use figment::Figment;
    use figment::providers::{Format, Toml};

    fn rates(source: SourceName, section: &str) -> Result<Rates, String> {
        let section: Section =
            Figment::from(Toml::string(section)).extract().map_err(|error| error.to_string())?;
        Rates::of(source, &section, &Reference::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_section_is_checked() {
        assert!(rates(SourceName::Simulated, "").is_ok());
        assert!(rates(SourceName::Fixed, "").is_ok());
        let said = |section| rates(SourceName::Published, section).err().unwrap_or_default();
        assert!(said("").contains("needs rates.ecb or rates.ticker"), "{}", said(""));
        for (section, expected) in [
            ("[ecb]\naddress = \"ftp://x\"", "is no path and no URL"),
            ("[ecb]\nurl = \"a.xml\"", "unknown field"),
            ("[ticker]\naddress = \"a\"\nsymbols = {\"b-t-c\" = \"X\"}", "\"b-t-c\" is no currency"),
            ("[ticker]\naddress = \"a\"\nquote = \"\"\nsymbols = {}", "\"\" is no currency"),
        ] {
            assert!(said(section).contains(expected), "{section}: {}", said(section));
        }
    }

    #[tokio::test]
    async fn published_prices_are_there_once_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let ticker = r#"{"error":[],"result":{"XXBTZUSD":{"a":["100001.0"],"b":["99999.0"]}}}"#;
        std::fs::write(path("ticker.json"), ticker).unwrap();
        let day = SystemClock.now().date();
        let ecb = format!("<Cube time='{day}'><Cube currency='USD' rate='1.25'/></Cube>");
        std::fs::write(path("ecb.xml"), ecb).unwrap();
        let section = format!(
            "[ecb]\naddress = \"{}\"\n[ticker]\naddress = \"{}\"\nquote = \"usd\"\nsymbols = {{btc = \"XXBTZUSD\"}}",
            path("ecb.xml"),
            path("ticker.json")
        );
        let rates = rates(SourceName::Published, &section).unwrap();
        let prices = rates.prices.clone();
        let workers = rates.start(Arc::new(SystemClock), &Currencies::default()).await;
        assert_eq!(workers.len(), 2);
        workers.iter().for_each(JoinHandle::abort);
        let now = Moment { business: SystemClock.now(), wall: SystemClock.now() };
        let price = |code| prices.0.rate(CurrencyCode::new(code), now).map(|rate| rate.to_string());
        assert_eq!(price("btc"), Ok("80000".to_owned()));
        assert!(price("eth").is_err());
    }
}

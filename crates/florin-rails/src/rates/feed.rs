//! Brings published prices to a [`Board`]: reads a file or an address again and again, and says in the log when it
//! can't. What is on the board then grows old, until it is given out no more.

use super::{Board, EUR, Moment, Quotes, RateSource, read_ecb, read_ticker};
use florin_types::{Clock, CurrencyCode, Rate, Rounding, Timestamp};
use reqwest::Url;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// The time-out of one reading. A price that takes longer to arrive is no price of now.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of an answer at most. The daily file has 2 KB, a ticker of all pairs of an exchange 600 KB.
const MAX_BYTES: usize = 4 << 20;

/// How soon a reading that failed is tried again, unless the feed is read more often anyway.
const RETRY: Duration = Duration::from_secs(30);

/// When the day's reference rates were set: 14:15 CET (the ECB's framework for reference rates), an hour early in
/// summer, which makes them older, not newer.
const ECB_HOUR: Duration = Duration::from_secs(13 * 3600);

/// Where prices are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A file, which somebody else brings up to date.
    File(PathBuf),
    /// An address, by GET.
    Url(Url),
}

impl Address {
    /// An address that begins with `https://` or `http://`, else a path.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.starts_with("https://") || text.starts_with("http://") {
            true => Url::parse(text).map(Self::Url).map_err(|error| format!("{text}: {error}")),
            false if text.is_empty() || text.contains("://") => {
                Err(format!("\"{text}\" is no path and no URL"))
            }
            false => Ok(Self::File(text.into())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => f.write_str(url.as_str()),
        }
    }
}

/// What is read there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The daily reference rates of the European Central Bank.
    Ecb,
    /// An exchange's ticker.
    Ticker {
        /// The symbol of each currency.
        symbols: BTreeMap<CurrencyCode, String>,
        /// The currency in which the exchange quotes. Its own price must be on the board, unless it is EUR.
        quote: CurrencyCode,
    },
}

/// Why a reading failed.
#[derive(Debug, Error)]
pub enum FeedError {
    /// It could not be read.
    #[error("{0}")]
    Away(String),
    /// The other side says so.
    #[error("the server says: {0}")]
    Refused(String),
    /// It was read and can't be understood.
    #[error("not as expected: {0}")]
    Malformed(String),
    /// Prices in a currency whose own price is not known.
    #[error("there is no price of {0}, in which this feed quotes")]
    NoQuote(CurrencyCode),
}

/// A source of published prices.
pub struct Feed {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub address: Address,
    /// How old its prices may become.
    pub max_age: Duration,
    /// How often it is read.
    pub every: Duration,
    http: reqwest::Client,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Feed({})", self.address)
    }
}

impl Feed {
    /// A feed.
    ///
    /// # Errors
    /// This machine has no certificates of authorities, and the address is `https`.
    pub fn new(kind: Kind, address: Address, max_age: Duration, every: Duration) -> Result<Self, String> {
        let client =
            || reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let http = match (&address, client().build()) {
            (_, Ok(http)) => http,
            (Address::Url(url), Err(error)) if url.scheme() == "https" => {
                return Err(format!("{address}: {error}"));
            }
            (_, Err(_)) => {
                client().tls_certs_only([]).build().map_err(|error| format!("{address}: {error}"))?
            }
        };
        Ok(Self { kind, address, max_age, every, http })
    }

    /// Reads the prices for ever.
    pub async fn work(self: Arc<Self>, board: Arc<Board>, clock: Arc<dyn Clock>) {
        loop {
            let pause = match self.refresh(&board, clock.now()).await {
                Ok(()) => self.every,
                Err(error) => {
                    tracing::warn!(address = %self.address, %error, "could not read prices");
                    self.every.min(RETRY)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Reads the prices once, and puts them on the board.
    ///
    /// # Errors
    /// Then the board is as before.
    pub async fn refresh(&self, board: &Board, now: Timestamp) -> Result<(), FeedError> {
        let text = self.read().await?;
        let (at, rates) = match &self.kind {
            Kind::Ecb => {
                let (day, rates) = read_ecb(&text)?;
                (day.midnight().saturating_add(ECB_HOUR), rates)
            }
            Kind::Ticker { symbols, quote } => {
                let quoted_in = price_of(*quote, board, now)?;
                let in_eur = |(code, rate): (CurrencyCode, Rate)| {
                    let rate = rate.times(quoted_in, Rounding::HalfEven);
                    rate.map(|rate| (code, rate))
                        .map_err(|error| FeedError::Malformed(format!("{code} {error}")))
                };
                (now, read_ticker(&text, symbols)?.into_iter().map(in_eur).collect::<Result<_, _>>()?)
            }
        };
        board.put(&Quotes { rates, at, max_age: self.max_age });
        Ok(())
    }

    async fn read(&self) -> Result<String, FeedError> {
        let away = |error: &dyn std::error::Error| FeedError::Away(innermost(error));
        let bytes = match &self.address {
            Address::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
                read.map_err(|error| away(&error))?.map_err(|error| away(&error))?
            }
            Address::Url(url) => self.get(url).await?,
        };
        match bytes.len() {
            0..=MAX_BYTES => {
                String::from_utf8(bytes).map_err(|error| FeedError::Malformed(error.to_string()))
            }
            _ => Err(FeedError::Malformed(format!("more than {MAX_BYTES} bytes"))),
        }
    }

    async fn get(&self, url: &Url) -> Result<Vec<u8>, FeedError> {
        let away = |error: reqwest::Error| FeedError::Away(innermost(&error));
        let mut response = self.http.get(url.clone()).send().await.map_err(away)?;
        if !response.status().is_success() {
            return Err(FeedError::Refused(response.status().to_string()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_BYTES {
                break;
            }
        }
        Ok(bytes)
    }
}

/// The price of the currency in which a feed quotes.
fn price_of(quote: CurrencyCode, board: &Board, now: Timestamp) -> Result<Rate, FeedError> {
    if quote == EUR {
        return Ok(Rate::ONE);
    }
    board.rate(quote, Moment { business: now, wall: now }).map_err(|_| FeedError::NoQuote(quote))
}

/// The innermost cause.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;

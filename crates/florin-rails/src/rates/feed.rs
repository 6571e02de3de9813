//! Brings published rates to a [`Board`]: reads a file or an address again and again, and says in the log when it
//! can't, and when it can again. What is on the board then grows old, until it is given out no more.

use super::board::SKEW;
use super::{Board, EUR, Moment, Quotes, RateSource, Rates, Read, read_ecb, read_ticker};
use crate::http::{body, client, innermost};
use florin_types::{Clock, CurrencyCode, Rate, Rounding, Timestamp};
use reqwest::Url;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use thiserror::Error;

/// The time-out of one reading. A rate that takes longer to arrive is no rate of now.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of an answer at most. The daily file has 2 KB, a ticker of all pairs of an exchange 600 KB.
const MAX_BYTES: usize = 4 << 20;

/// How soon a reading that failed is tried again, unless the feed is read more often anyway.
const RETRY: Duration = Duration::from_secs(5);

/// When the rates of a day count as published: the ECB sets them at 14:15 CET, which is 12:15 UTC in summer. Rather a
/// little older than newer.
const ECB_HOUR: Duration = Duration::from_secs(12 * 3600);

/// How far a rate may be from the one that the operator has written down: five times as much, or a fifth. More is more
/// likely another currency's symbol than a market that has moved.
const FARTHEST: u64 = 5;

/// Where rates are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A file, which somebody else brings up to date.
    File(PathBuf),
    /// An address, by GET.
    Url(Url),
}

impl Address {
    /// A URL that begins with `https://` or `http://`, or a path that begins with `/` or `.`.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") || text.starts_with("http://") {
            return Url::parse(text).map(Self::Url).map_err(|error| format!("{text}: {error}"));
        }
        if text.starts_with(['/', '.']) && !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        Err(format!("\"{text}\" must be a URL that begins with https://, or a path that begins with / or ."))
    }

    /// Whether what is read there could be changed on its way.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        matches!(self, Self::Url(url) if url.scheme() == "http")
    }
}

/// Without user, password and query: these may hold the key of the operator's account, and this goes into logs.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => {
                write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                f.write_str(url.path())
            }
        }
    }
}

/// What is read there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// The daily reference rates of the European Central Bank.
    Ecb,
    /// An exchange's ticker.
    Ticker {
        /// The symbol of each currency.
        symbols: BTreeMap<CurrencyCode, String>,
        /// The currency in which the exchange quotes. Its own rate must be on the board, unless it is EUR.
        quote: CurrencyCode,
    },
}

/// Why a reading failed.
#[derive(Debug, Error)]
pub enum FeedError {
    /// It could not be read.
    #[error("{0}")]
    Unreachable(String),
    /// The other side says so.
    #[error("the server says: {0}")]
    Refused(String),
    /// It was read and can't be understood.
    #[error("not as expected: {0}")]
    Malformed(String),
    /// It quotes in a currency whose own rate is not known.
    #[error("there is no rate of {0}, in which this feed quotes")]
    NoQuote(CurrencyCode),
    /// What was read is too old already, or of the future.
    #[error("read, but published at {0}: too old, or of the future")]
    NotNow(Timestamp),
    /// Some rates were read, and some were not.
    #[error("without {}", .0.join(", "))]
    Partly(Vec<String>),
}

/// A source of published rates.
pub struct Feed {
    /// What it is.
    pub kind: FeedKind,
    /// Where it is.
    pub address: Address,
    /// How old its rates may become.
    pub max_age: Duration,
    /// How often it is read.
    pub every: Duration,
    /// Rates that the operator has written down: what is read must be near them.
    pub expected: Rates,
    http: reqwest::Client,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Feed({})", self.address)
    }
}

/// What was read, and when it was published.
struct Published {
    text: String,
    at: Timestamp,
}

impl Feed {
    /// A feed, to be read every so often.
    ///
    /// # Errors
    /// This machine has no certificates of authorities, and the address is `https`.
    pub fn new(
        kind: FeedKind,
        address: Address,
        [max_age, every]: [Duration; 2],
        expected: Rates,
    ) -> Result<Self, String> {
        let is_https = matches!(&address, Address::Url(url) if url.scheme() == "https");
        let http = client(is_https, TIMEOUT, TIMEOUT).map_err(|error| format!("{address}: {error}"))?;
        Ok(Self { kind, address, max_age, every, expected, http })
    }

    /// Reads the rates for ever.
    pub async fn work(self: Arc<Self>, board: Arc<Board>, clock: Arc<dyn Clock>) {
        let mut before: Option<String> = Some("not read yet".to_owned());
        loop {
            let failure = self.refresh(&board, clock.now()).await.err().map(|error| error.to_string());
            match &failure {
                Some(error) if before != failure => {
                    tracing::warn!(address = %self.address, error, "could not read all rates");
                }
                None if before.is_some() => tracing::info!(address = %self.address, "rates are read"),
                _ => {}
            }
            let pause = if failure.is_some() { self.every.min(RETRY) } else { self.every };
            before = failure;
            tokio::time::sleep(pause).await;
        }
    }

    /// Reads the rates once, and puts them on the board.
    ///
    /// # Errors
    /// What could not be read is on the board as before.
    pub async fn refresh(&self, board: &Board, now: Timestamp) -> Result<(), FeedError> {
        let Published { text, at } = self.read(now).await?;
        let (at, read): (_, Read) = match &self.kind {
            FeedKind::Ecb => {
                let (day, rates) = read_ecb(&text)?;
                let rates = rates.into_iter().map(|(code, rate)| (code, Ok(rate)));
                (day.midnight().saturating_add(ECB_HOUR), rates.collect())
            }
            FeedKind::Ticker { symbols, quote } => {
                let quoted_in = rate_of(*quote, board, now)?;
                let in_eur =
                    |rate: Rate| rate.times(quoted_in, Rounding::HalfEven).map_err(|error| error.to_string());
                let read = read_ticker(&text, symbols)?.into_iter();
                (at, read.map(|(code, rate)| (code, rate.and_then(in_eur))).collect())
            }
        };
        let (mut rates, mut missing) = (Vec::new(), Vec::new());
        for (code, rate) in read {
            match rate.and_then(|rate| self.believed(code, rate)) {
                Ok(rate) => rates.push((code, rate)),
                Err(why) => missing.push(format!("{code}: {why}")),
            }
        }
        board.put(&Quotes { rates, at, max_age: self.max_age }, now);
        let is_now = now.saturating_since(at) <= self.max_age && at.saturating_since(now) <= SKEW;
        match (is_now, missing.is_empty()) {
            (false, _) => Err(FeedError::NotNow(at)),
            (_, false) => Err(FeedError::Partly(missing)),
            _ => Ok(()),
        }
    }

    fn believed(&self, code: CurrencyCode, rate: Rate) -> Result<Rate, String> {
        let Some(expected) = self.expected.get(code) else { return Ok(rate) };
        let least = expected.scaled(1, FARTHEST, Rounding::Ceil).unwrap_or(expected);
        let most = expected.scaled(FARTHEST, 1, Rounding::Floor).unwrap_or(expected);
        match (least..=most).contains(&rate) {
            true => Ok(rate),
            false => Err(format!("{rate} is too far from rate_eur = {expected} of the section reference")),
        }
    }

    async fn read(&self, now: Timestamp) -> Result<Published, FeedError> {
        let (bytes, at) = match &self.address {
            Address::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
                read.map_err(|error| FeedError::Unreachable(error.to_string()))?
                    .map_err(|error| FeedError::Unreachable(error.to_string()))?
            }
            Address::Url(url) => {
                let (bytes, age) = self.get(url).await?;
                (bytes, now.saturating_sub(age))
            }
        };
        if bytes.len() > MAX_BYTES {
            return Err(too_long());
        }
        let text = String::from_utf8(bytes).map_err(|error| FeedError::Malformed(error.to_string()))?;
        Ok(Published { text, at })
    }

    /// The answer, and how long it lay in caches on the way (RFC 9111, section 5.1).
    async fn get(&self, url: &Url) -> Result<(Vec<u8>, Duration), FeedError> {
        let unreachable = |error: reqwest::Error| FeedError::Unreachable(innermost(&error));
        let response = self.http.get(url.clone()).send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(FeedError::Refused(response.status().to_string()));
        }
        let age = response.headers().get("age").and_then(|age| age.to_str().ok()?.trim().parse().ok());
        let bytes = body(response, MAX_BYTES).await.map_err(unreachable)?.ok_or_else(too_long)?;
        Ok((bytes, Duration::from_secs(age.unwrap_or(0))))
    }
}

fn too_long() -> FeedError {
    FeedError::Malformed(format!("more than {MAX_BYTES} bytes"))
}

/// A file, a byte more than may be of it, and when it was changed.
fn read_file(path: &Path) -> std::io::Result<(Vec<u8>, Timestamp)> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let changed = about.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes, Timestamp::from_micros(i64::try_from(changed.as_micros()).unwrap_or(i64::MAX))))
}

/// The rate of the currency in which a feed quotes.
fn rate_of(quote: CurrencyCode, board: &Board, now: Timestamp) -> Result<Rate, FeedError> {
    if quote == EUR {
        return Ok(Rate::ONE);
    }
    board.rate(quote, Moment { business: now, wall: now }).map_err(|_| FeedError::NoQuote(quote))
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;

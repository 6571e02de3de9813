//! Rates of currencies, which are their prices in EUR, behind one trait: a simulated [`Market`], a [`Fixed`] table, and
//! a [`Board`] to which [`Feed`]s bring what others publish (the reference rates of the European Central Bank, an
//! exchange's ticker).
//!
//! A source answers with a rate that holds at the moment that is asked for, or says why it has none.

mod board;
mod ecb;
mod feed;
mod fixed;
mod market;
mod ticker;

pub use board::{Board, Quotes};
pub use ecb::read_ecb;
pub use feed::{Address, Feed, FeedError, FeedKind};
pub use fixed::Fixed;
pub use market::Market;
pub use ticker::{Read, read_ticker};

use florin_types::{CurrencyCode, Rate, Timestamp};
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// The currency of all rates: its own is always 1.
pub const EUR: CurrencyCode = CurrencyCode::new("eur");

/// When a rate is asked for. A sandbox's book is ahead of the wall clock by what its partner has advanced it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the clock of the book: a simulated market moves with it.
    pub business: Timestamp,
    /// By the wall clock: published rates age by it.
    pub wall: Timestamp,
}

/// Why there is no rate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoRate {
    /// Nobody has published one since the start.
    #[error("there is no rate of {0}")]
    Absent(CurrencyCode),
    /// The newest is too old.
    #[error("the rate of {0} is {age} s old", age = .1.as_secs())]
    TooOld(CurrencyCode, Duration),
    /// The newest was published after the moment that is asked for: one of the two clocks is wrong.
    #[error("the rate of {0} was published {ahead} s from now", ahead = .1.as_secs())]
    OfTheFuture(CurrencyCode, Duration),
}

/// Who knows rates.
pub trait RateSource: Send + Sync {
    /// EUR for one unit of a currency other than EUR, at a moment.
    ///
    /// # Errors
    /// There is none, or none that is new enough.
    fn quote(&self, currency: CurrencyCode, moment: Moment) -> Result<Rate, NoRate>;

    /// EUR for one unit of a currency at a moment. That of EUR needs no source.
    ///
    /// # Errors
    /// As [`Self::quote`].
    fn rate(&self, currency: CurrencyCode, moment: Moment) -> Result<Rate, NoRate> {
        if currency == EUR { Ok(Rate::ONE) } else { self.quote(currency, moment) }
    }
}

/// Rates of one moment: EUR for one unit of each currency.
///
/// Prints as `btc=95000.5 eur=1`, which is how it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates(Vec<(CurrencyCode, Rate)>);

impl Rates {
    /// The rate of a currency, where it is one of these.
    #[must_use]
    pub fn get(&self, currency: CurrencyCode) -> Option<Rate> {
        self.0.iter().find(|(code, _)| *code == currency).map(|(_, rate)| *rate)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (CurrencyCode, Rate)> + '_ {
        self.0.iter().copied()
    }

    /// Puts a rate in the place of the one that there is, or behind the others.
    pub fn set(&mut self, currency: CurrencyCode, rate: Rate) {
        match self.0.iter_mut().find(|(code, _)| *code == currency) {
            Some((_, present)) => *present = rate,
            None => self.0.push((currency, rate)),
        }
    }

    /// Takes a rate away.
    pub fn remove(&mut self, currency: CurrencyCode) {
        self.0.retain(|(code, _)| *code != currency);
    }

    /// Reads what was printed; none for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let pair = |pair: &str| {
            let (code, rate) = pair.split_once('=')?;
            Some((CurrencyCode::parse(code)?, Rate::parse(rate).ok()?))
        };
        text.split_whitespace().map(pair).collect::<Option<_>>().map(Self)
    }
}

impl FromIterator<(CurrencyCode, Rate)> for Rates {
    fn from_iter<I: IntoIterator<Item = (CurrencyCode, Rate)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (code, rate)) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{code}={rate}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        Rate::parse(text).unwrap()
    }

    #[test]
    fn rates_are_read_as_they_were_printed() {
        let (btc, doge) = (CurrencyCode::new("btc"), CurrencyCode::new("doge"));
        let mut rates: Rates = [(EUR, Rate::ONE), (btc, rate("95000.5"))].into_iter().collect();
        assert_eq!(rates.to_string(), "eur=1 btc=95000.5");
        assert_eq!(Rates::parse("eur=1 btc=95000.5"), Some(rates.clone()));
        rates.set(btc, rate("1"));
        rates.set(doge, rate("0.000000000001"));
        assert_eq!(rates.to_string(), "eur=1 btc=1 doge=0.000000000001");
        assert_eq!(
            (rates.get(doge), rates.get(CurrencyCode::new("pol"))),
            (Some(rate("0.000000000001")), None)
        );
        rates.remove(btc);
        assert_eq!(rates.to_string(), "eur=1 doge=0.000000000001");
        assert_eq!(Rates::parse(""), Some(Rates::default()));
        for text in ["btc", "btc=", "=1", "btc=0", "btc=x", "btc 1"] {
            assert_eq!(Rates::parse(text), None, "{text}");
        }
    }
}

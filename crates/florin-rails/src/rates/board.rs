//! A board of published prices: feeds write on it, and it forgets nothing, but gives out nothing old.

use super::{Moment, NoRate, RateSource};
use florin_types::{CurrencyCode, Rate, Timestamp};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// Prices as somebody published them at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotes {
    /// EUR for one unit of each currency.
    pub rates: Vec<(CurrencyCode, Rate)>,
    /// When they were published.
    pub at: Timestamp,
    /// How old they may become.
    pub max_age: Duration,
}

/// A price on the board.
#[derive(Copy, Clone, Debug)]
struct Quote {
    rate: Rate,
    at: Timestamp,
    max_age: Duration,
}

/// The newest published price of each currency.
#[derive(Debug, Default)]
pub struct Board(RwLock<BTreeMap<CurrencyCode, Quote>>);

impl Board {
    /// Puts prices on the board. One that is older than what stands there changes nothing.
    pub fn put(&self, quotes: &Quotes) {
        let Quotes { at, max_age, .. } = *quotes;
        let mut board = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for &(code, rate) in &quotes.rates {
            let present = board.entry(code).or_insert(Quote { rate, at, max_age });
            if present.at <= at {
                *present = Quote { rate, at, max_age };
            }
        }
    }
}

impl RateSource for Board {
    fn rate(&self, currency: CurrencyCode, moment: Moment) -> Result<Rate, NoRate> {
        let board = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let quote = *board.get(&currency).ok_or(NoRate::Absent(currency))?;
        match moment.wall.saturating_since(quote.at) {
            age if age > quote.max_age => Err(NoRate::TooOld(currency, age)),
            _ => Ok(quote.rate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_price_is_none_and_an_older_one_takes_no_place() {
        let btc = CurrencyCode::new("btc");
        let seconds = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let quotes = |rate: &str, at| Quotes {
            rates: vec![(btc, Rate::parse(rate).unwrap())],
            at: seconds(at),
            max_age: Duration::from_secs(60),
        };
        let board = Board::default();
        let price = |wall| {
            let moment = Moment { business: seconds(9_999), wall: seconds(wall) };
            board.rate(btc, moment).map(|rate| rate.to_string())
        };
        assert_eq!(price(100), Err(NoRate::Absent(btc)));
        board.put(&quotes("2", 100));
        assert_eq!(price(160), Ok("2".to_owned()));
        assert_eq!(price(161), Err(NoRate::TooOld(btc, Duration::from_secs(61))));
        board.put(&quotes("3", 99));
        assert_eq!(price(100), Ok("2".to_owned()));
        board.put(&quotes("4", 161));
        assert_eq!(price(161), Ok("4".to_owned()));
    }
}

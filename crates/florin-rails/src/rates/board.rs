//! A board of published rates: feeds write on it. It gives out nothing that is too old, and nothing of the future.

use super::{Moment, NoRate, RateSource};
use florin_types::{CurrencyCode, Rate, Timestamp};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// How far the clock of a publisher may be ahead of ours. Clocks that are kept by NTP differ by less than a second.
pub(super) const SKEW: Duration = Duration::from_secs(60);

/// Rates as somebody published them at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotes {
    /// EUR for one unit of each currency.
    pub rates: Vec<(CurrencyCode, Rate)>,
    /// When they were published.
    pub at: Timestamp,
    /// How old they may become.
    pub max_age: Duration,
}

/// A rate on the board.
#[derive(Copy, Clone, Debug)]
struct Quote {
    rate: Rate,
    at: Timestamp,
    max_age: Duration,
}

/// The newest published rate of each currency.
#[derive(Debug, Default)]
pub struct Board(RwLock<BTreeMap<CurrencyCode, Quote>>);

impl Board {
    /// Puts rates on the board. Older ones than stand there change nothing, unless those turn out to be of the future:
    /// then a clock was wrong when they came.
    pub fn put(&self, quotes: &Quotes, now: Timestamp) {
        let Quotes { at, max_age, .. } = *quotes;
        let mut board = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for &(code, rate) in &quotes.rates {
            let present = board.entry(code).or_insert(Quote { rate, at, max_age });
            if present.at <= at || is_of_the_future(present.at, now) {
                *present = Quote { rate, at, max_age };
            }
        }
    }
}

fn is_of_the_future(at: Timestamp, now: Timestamp) -> bool {
    at.saturating_since(now) > SKEW
}

impl RateSource for Board {
    fn quote(&self, currency: CurrencyCode, moment: Moment) -> Result<Rate, NoRate> {
        let board = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let quote = *board.get(&currency).ok_or(NoRate::Absent(currency))?;
        if is_of_the_future(quote.at, moment.wall) {
            return Err(NoRate::OfTheFuture(currency, quote.at.saturating_since(moment.wall)));
        }
        match moment.wall.saturating_since(quote.at) {
            age if age > quote.max_age => Err(NoRate::TooOld(currency, age)),
            _ => Ok(quote.rate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BTC: CurrencyCode = CurrencyCode::new("btc");

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn put(board: &Board, rate: &str, at: i64, now: i64) {
        let rates = vec![(BTC, Rate::parse(rate).unwrap())];
        board.put(&Quotes { rates, at: seconds(at), max_age: Duration::from_secs(60) }, seconds(now));
    }

    fn rate(board: &Board, wall: i64) -> Result<String, NoRate> {
        let moment = Moment { business: seconds(9_999), wall: seconds(wall) };
        board.rate(BTC, moment).map(|rate| rate.to_string())
    }

    #[test]
    fn an_old_rate_is_none_and_an_older_one_takes_no_place() {
        let board = Board::default();
        assert_eq!(rate(&board, 100), Err(NoRate::Absent(BTC)));
        put(&board, "2", 100, 100);
        assert_eq!(rate(&board, 160), Ok("2".to_owned()));
        assert_eq!(rate(&board, 161), Err(NoRate::TooOld(BTC, Duration::from_secs(61))));
        put(&board, "3", 99, 100);
        assert_eq!(rate(&board, 100), Ok("2".to_owned()));
        put(&board, "4", 161, 161);
        assert_eq!(rate(&board, 161), Ok("4".to_owned()));
    }

    #[test]
    fn a_rate_of_the_future_is_none_and_gives_way() {
        let board = Board::default();
        put(&board, "2", 5_000, 5_000);
        // The clock is set right: it was ahead.
        assert_eq!(rate(&board, 100), Err(NoRate::OfTheFuture(BTC, Duration::from_secs(4_900))));
        put(&board, "3", 100, 100);
        assert_eq!(rate(&board, 100), Ok("3".to_owned()));
        // A publisher's clock may be a little ahead.
        put(&board, "4", 160, 101);
        assert_eq!(rate(&board, 101), Ok("4".to_owned()));
    }
}

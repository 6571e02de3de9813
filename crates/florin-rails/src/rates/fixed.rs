//! A table of rates that never change.

use super::{Moment, NoRate, RateSource, Rates};
use florin_types::{CurrencyCode, Rate};

/// Rates that somebody wrote down.
#[derive(Clone, Debug, Default)]
pub struct Fixed(pub Rates);

impl RateSource for Fixed {
    fn quote(&self, currency: CurrencyCode, _: Moment) -> Result<Rate, NoRate> {
        self.0.get(currency).ok_or(NoRate::Absent(currency))
    }
}

#[cfg(test)]
mod tests {
    use super::super::EUR;
    use super::*;
    use florin_types::Timestamp;

    #[test]
    fn a_currency_that_is_not_in_the_table_has_no_rate() {
        let at = Timestamp::from_micros(0);
        let (btc, now) = (CurrencyCode::new("btc"), Moment { business: at, wall: at });
        let source = Fixed(Rates::parse("btc=2").unwrap());
        assert_eq!(source.rate(EUR, now), Ok(Rate::ONE));
        assert_eq!(source.rate(btc, now), Rate::parse("2").map_err(|_| NoRate::Absent(btc)));
        let eth = CurrencyCode::new("eth");
        assert_eq!(source.rate(eth, now), Err(NoRate::Absent(eth)));
    }
}

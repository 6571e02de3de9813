//! A simulated market: each price wanders around its published level, the same way for everybody who has the same seed
//! and the same clock.
//!
//! A price is a function of the seed, the currency and the second. It is the sum of waves of several lengths; each wave
//! has a random height at every multiple of its length and runs straight between them (one-dimensional value noise).
//! So nothing is kept, a clock that is advanced by a year costs nothing, and a price can be computed again later.

use super::{Moment, NoRate, RateSource, Rates};
use florin_types::{CurrencyCode, Rate, Rounding};

/// Parts of a whole in which heights are told.
const MILLION: i64 = 1_000_000;

/// Lengths of the waves in seconds, and how far each moves a price at most, in millionths. Together at most 3.1 %, as a
/// calm week of a large coin.
const WAVES: [(i64, i64); 5] = [(604_800, 18_000), (86_400, 8_000), (3_600, 3_500), (60, 1_200), (5, 300)];

/// A simulated market.
#[derive(Clone, Debug)]
pub struct Market {
    seed: u64,
    levels: Rates,
}

impl Market {
    /// A market around these prices.
    #[must_use]
    pub fn new(seed: u64, levels: Rates) -> Self {
        Self { seed, levels }
    }

    /// How far a price is from its level at a second, in millionths.
    fn swing(&self, currency: CurrencyCode, second: i64) -> i64 {
        let wave = |(index, (length, most)): (u64, (i64, i64))| {
            let (at, since) = (second.div_euclid(length), second.rem_euclid(length));
            let height = |at: i64| self.height(currency, index, at);
            let (from, to) = (height(at), height(at + 1));
            (from + (to - from) * since / length) * most / MILLION
        };
        (0..).zip(WAVES).map(wave).sum()
    }

    /// The height of a wave at one of its ends, from minus one million to one million.
    fn height(&self, currency: CurrencyCode, wave: u64, at: i64) -> i64 {
        let code = u64::from_be_bytes(currency.to_bytes());
        let mixed = [code, wave, at.cast_unsigned()].iter().fold(self.seed, |state, part| mix(state ^ part));
        // Less than 2,000,001, so it fits.
        i64::try_from(mixed % 2_000_001).map_or(0, |height| height - MILLION)
    }
}

/// The step of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the outcome depends on every bit that goes in.
const fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Decimals with which markets quote a price of this height.
fn decimals(level: Rate) -> u8 {
    let of_height = [("1000", 2), ("1", 4), ("0.01", 6)];
    let found = of_height.iter().find(|(from, _)| Rate::parse(from).is_ok_and(|from| level >= from));
    found.map_or(10, |(_, decimals)| *decimals)
}

impl RateSource for Market {
    fn quote(&self, currency: CurrencyCode, moment: Moment) -> Result<Rate, NoRate> {
        let level = self.levels.get(currency).ok_or(NoRate::Absent(currency))?;
        let second = moment.business.micros().div_euclid(MILLION);
        let millionths = (MILLION + self.swing(currency, second)).unsigned_abs();
        let moved = level.scaled(millionths, MILLION.unsigned_abs(), Rounding::HalfEven);
        let price = moved.and_then(|moved| moved.rounded(decimals(level), Rounding::HalfEven));
        // Only of the smallest and the largest price that there can be nothing is left, or too much.
        Ok(price.unwrap_or(level))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_types::Timestamp;
    use proptest::prelude::*;

    const LEVELS: &str = "btc=95000.5 eth=2500.5 doge=0.15 pol=0.4 usdc=0.86";

    fn market(seed: u64) -> Market {
        Market::new(seed, Rates::parse(LEVELS).unwrap())
    }

    fn at(second: i64) -> Moment {
        let business = Timestamp::from_micros(second * MILLION);
        Moment { business, wall: Timestamp::from_micros(0) }
    }

    fn price(market: &Market, code: &'static str, second: i64) -> Rate {
        market.rate(CurrencyCode::new(code), at(second)).unwrap()
    }

    #[test]
    fn the_same_seed_and_second_give_the_same_price() {
        let second = 1_795_435_200;
        let prices =
            |seed, second| ["btc", "eth", "doge"].map(|code| price(&market(seed), code, second).to_string());
        assert_eq!(prices(1, second), prices(1, second));
        assert_ne!(prices(1, second), prices(2, second));
        assert_ne!(prices(1, second), prices(1, second + 60));
        // Known values: a change here changes every sandbox.
        assert_eq!(prices(1, second).join(" "), "95380.79 2514.51 0.150121");
    }

    #[test]
    fn wall_time_does_not_move_it() {
        let (btc, business) = (CurrencyCode::new("btc"), Timestamp::from_micros(7 * MILLION));
        let moment = |wall| Moment { business, wall: Timestamp::from_micros(wall) };
        let market = market(1);
        assert_eq!(market.rate(btc, moment(1)), market.rate(btc, moment(1 << 50)));
    }

    proptest! {
        #[test]
        fn a_price_stays_near_its_level_and_moves_in_small_steps(seed: u64, second in -(1_i64 << 40)..1 << 40) {
            let market = market(seed);
            for (code, level) in market.levels.iter() {
                let here = market.swing(code, second);
                prop_assert!(here.abs() <= 31_000, "{here}");
                prop_assert!((market.swing(code, second + 1) - here).abs() <= 200);
                let price = market.rate(code, at(second)).unwrap();
                let far = |share: u64| level.scaled(share, 1_000_000, Rounding::Floor).unwrap();
                prop_assert!(price >= far(968_000) && price <= far(1_032_000), "{price}");
            }
        }
    }
}

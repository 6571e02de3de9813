//! When an attempt that failed is made again: the contract's schedule, in business time. Pure.

use florin_types::Timestamp;
use std::time::Duration;

/// Seconds from the end of one attempt to the next: five quick attempts, then a slow tail over three days.
const GAPS: [u64; 11] = [8, 16, 32, 64, 300, 1_800, 7_200, 21_600, 43_200, 86_400, 86_400];

/// The first gap that is spread: by then an outage has gathered deliveries, which must not all come back in one
/// second.
const FIRST_SPREAD: usize = 4;

/// How much of a gap is added at most, in thousandths: the contract's 10 %.
const MAX_SPREAD: u64 = 100;

/// The longest wait that a `Retry-After` can ask for: the schedule's own. More would be a way to fill our disks.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// When the next attempt is made after `tries` that failed, the last of which ended at `ended`; none when that was the
/// last. `chance` spreads the slow ones.
pub fn next_try(
    tries: i64,
    ended: Timestamp,
    retry_after: Option<Duration>,
    chance: u16,
) -> Option<Timestamp> {
    let index = usize::try_from(tries).ok()?.checked_sub(1)?;
    let gap = *GAPS.get(index)?;
    let spread = match index {
        FIRST_SPREAD.. => gap * 1_000 * MAX_SPREAD * u64::from(chance) / u64::from(u16::MAX) / 1_000,
        _ => 0,
    };
    let wait = Duration::from_secs(gap) + Duration::from_millis(spread);
    let asked = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
    Some(ended.saturating_add(wait.max(asked)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Timestamp = Timestamp::from_micros(1_000_000_000);

    /// Milliseconds of a wait.
    fn wait(tries: i64, retry_after: u64, chance: u16) -> Option<u128> {
        let next = next_try(tries, END, Some(Duration::from_secs(retry_after)), chance)?;
        Some(next.saturating_since(END).as_millis())
    }

    #[test]
    fn the_gaps_are_the_contracts() {
        let expected = [8, 16, 32, 64, 300, 1_800, 7_200, 21_600, 43_200, 86_400, 86_400];
        for (index, seconds) in expected.into_iter().enumerate() {
            assert_eq!(wait(index as i64 + 1, 0, 0), Some(seconds * 1_000));
        }
        assert_eq!((wait(0, 0, 0), wait(12, 0, 0), wait(-1, 0, 0)), (None, None, None));
    }

    #[test]
    fn only_the_tail_is_spread_and_by_a_tenth_at_most() {
        assert_eq!(wait(4, 0, u16::MAX), Some(64_000));
        assert_eq!(wait(5, 0, u16::MAX), Some(330_000));
        assert_eq!(wait(11, 0, u16::MAX), Some(95_040_000));
        assert_eq!(wait(11, 0, u16::MAX / 2), Some(90_719_934));
    }

    #[test]
    fn an_endpoint_may_ask_for_more_time_and_not_for_less() {
        assert_eq!(wait(1, 3, 0), Some(8_000));
        assert_eq!(wait(1, 30, 0), Some(30_000));
        assert_eq!(wait(1, 1_000_000, 0), Some(86_400_000));
        assert_eq!(wait(12, 30, 0), None);
    }
}

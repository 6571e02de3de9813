//! When payments go: at some times of each business day of T2, in Central European time, as banks name their cut-offs.

use florin_types::{Date, TimeOfDay, Timestamp};
use std::collections::BTreeSet;
use thiserror::Error;

/// Cut-offs of a day. Banks have a few; each costs a file.
const MAX_CUT_OFFS: usize = 24;

/// Days without a business day at most, with room to spare: Good Friday to Easter Monday are four.
const LONGEST_PAUSE: usize = 10;

/// Times of the day: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOffs(Vec<TimeOfDay>);

/// Why texts are no cut-offs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CutOffError {
    /// None at all, or too many.
    #[error("must be 1 to {MAX_CUT_OFFS} times of the day")]
    Number,
    /// Not a time of the day.
    #[error("must be times of the day in the form HH:MM, in Central European time, not {0:?}")]
    Time(String),
}

impl CutOffs {
    /// Reads `HH:MM`, in any order.
    ///
    /// # Errors
    /// Says which is wrong.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, CutOffError> {
        let read = |text: &T| {
            let text = text.as_ref();
            TimeOfDay::parse(text).ok_or_else(|| CutOffError::Time(text.to_owned()))
        };
        let times = texts.iter().map(read).collect::<Result<BTreeSet<_>, _>>()?;
        if !(1..=MAX_CUT_OFFS).contains(&times.len()) {
            return Err(CutOffError::Number);
        }
        Ok(Self(times.into_iter().collect()))
    }

    /// The first cut-off after a time.
    #[must_use]
    pub fn next_after(&self, now: Timestamp) -> Timestamp {
        let mut day = now.day_of_t2().add_business_days(0);
        for _ in 0..LONGEST_PAUSE {
            if let Some(next) = self.on(day).find(|at| *at > now) {
                return next;
            }
            day = day.next_business_day();
        }
        now
    }

    /// The last cut-off that is not after a time: what was made before it goes now.
    #[must_use]
    pub fn last(&self, now: Timestamp) -> Timestamp {
        let mut day = now.day_of_t2();
        for _ in 0..LONGEST_PAUSE {
            let last = self.on(day).filter(|at| *at <= now).last();
            if let Some(last) = last.filter(|_| day.is_business_day()) {
                return last;
            }
            let Some(yesterday) = day.yesterday() else { break };
            day = yesterday;
        }
        Timestamp::from_micros(i64::MIN)
    }

    fn on(&self, day: Date) -> impl Iterator<Item = Timestamp> + '_ {
        self.0.iter().map(move |time| time.on(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn payments_go_on_business_days() {
        let cut_offs = CutOffs::parse(&["15:00", "08:00", "12:00"]).expect("cut-offs");
        for (now, last, next) in [
            ("2026-11-23T06:59:59Z", "2026-11-20T14:00:00Z", "2026-11-23T07:00:00Z"),
            ("2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z", "2026-11-23T11:00:00Z"),
            ("2026-11-23T12:00:00Z", "2026-11-23T11:00:00Z", "2026-11-23T14:00:00Z"),
            // A Friday evening, a Saturday.
            ("2026-11-27T20:00:00Z", "2026-11-27T14:00:00Z", "2026-11-30T07:00:00Z"),
            ("2026-11-28T11:00:00Z", "2026-11-27T14:00:00Z", "2026-11-30T07:00:00Z"),
            // Easter, and the change to summer time before it.
            ("2026-04-05T10:00:00Z", "2026-04-02T13:00:00Z", "2026-04-07T06:00:00Z"),
        ] {
            assert_eq!(cut_offs.last(at(now)), at(last), "{now}");
            assert_eq!(cut_offs.next_after(at(now)), at(next), "{now}");
        }
    }

    #[test]
    fn what_is_due_is_what_was_made_before_the_last_cut_off() {
        let cut_offs = CutOffs::parse(&["08:00", "15:00"]).expect("cut-offs");
        let start = at("2026-03-20T00:00:00Z").micros();
        let hours = |count: i64| Timestamp::from_micros(start + count * 1_800_000_000);
        for (made, now) in (0..700).flat_map(|made| (0..60).map(move |later| (made, made + later))) {
            let (made, now) = (hours(made), hours(now));
            assert_eq!(made < cut_offs.last(now), cut_offs.next_after(made) <= now, "{made} {now}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        assert_eq!(CutOffs::parse::<&str>(&[]), Err(CutOffError::Number));
        assert_eq!(CutOffs::parse(&["8:00"]), Err(CutOffError::Time("8:00".to_owned())));
    }
}

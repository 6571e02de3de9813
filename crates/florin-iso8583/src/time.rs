//! Times and days of messages, which have no year.

use std::time::Duration;

use florin_types::{Date, Timestamp};

use crate::Problem;
use crate::secret::is_digits;
use crate::values::Parsed;

/// The numbers of a text of two digits each.
fn pairs<const COUNT: usize>(text: &str) -> Option<[u8; COUNT]> {
    if !is_digits(text) || text.len() != COUNT * 2 {
        return None;
    }
    let mut numbers = [0; COUNT];
    for (number, pair) in numbers.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *number = pair.iter().fold(0, |number, digit| number * 10 + (digit - b'0'));
    }
    Some(numbers)
}

/// A day of some year.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthDay {
    month: u8,
    day: u8,
}

/// How far the day of a message may be ahead of ours. No day that a merchant means is nearly so far ahead, or 200 days
/// back, so nothing that is read about it changes its year.
const AHEAD: Duration = Duration::from_secs(165 * 24 * 3_600);

/// A year that has every day that there is.
const LEAP_YEAR: i16 = 2_000;

impl MonthDay {
    /// The day of a month, from 1; none that is in no year.
    #[must_use]
    pub fn new(month: u8, day: u8) -> Option<Self> {
        let found = Self { month, day };
        found.in_year(LEAP_YEAR).map(|_| found)
    }

    fn in_year(self, year: i16) -> Option<Date> {
        Date::new(year, i8::try_from(self.month).ok()?, i8::try_from(self.day).ok()?)
    }

    /// The day that is meant by somebody who reads this now: the last such day that is less than 165 days ahead. So it
    /// is the same day for all who read it within half a year, however wrong a merchant's clock is.
    #[must_use]
    pub fn latest(self, now: Timestamp) -> Option<Date> {
        let end = now.saturating_add(AHEAD).date();
        // 29 February may be eight years back.
        let years = (0..=8).map(|back| end.year().saturating_sub(back));
        years.filter_map(|year| self.in_year(year)).find(|date| *date <= end)
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let found = pairs(text).and_then(|[month, day]| Self::new(month, day));
        found.ok_or(Problem::Value("a day"))
    }

    /// Month and day, two digits each.
    pub(crate) fn digits(self) -> String {
        format!("{:02}{:02}", self.month, self.day)
    }
}

/// A time of some day.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
    second: u8,
}

impl TimeOfDay {
    /// A time; none that no clock shows.
    #[must_use]
    pub fn new(hour: u8, minute: u8, second: u8) -> Option<Self> {
        (hour < 24 && minute < 60 && second < 60).then_some(Self { hour, minute, second })
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let found = pairs(text).and_then(|[hour, minute, second]| Self::new(hour, minute, second));
        found.ok_or(Problem::Value("a time"))
    }

    pub(crate) fn digits(self) -> String {
        format!("{:02}{:02}{:02}", self.hour, self.minute, self.second)
    }

    fn seconds(self) -> u64 {
        u64::from(self.hour) * 3_600 + u64::from(self.minute) * 60 + u64::from(self.second)
    }
}

/// When a message was sent, in UTC.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SentAt {
    /// The day.
    pub day: MonthDay,
    /// The time.
    pub time: TimeOfDay,
}

const SECONDS_PER_DAY: i64 = 86_400;

impl SentAt {
    /// What a message says that is sent now.
    ///
    /// # Panics
    /// Never: an instant has a day and a time.
    #[must_use]
    pub fn of(now: Timestamp) -> Self {
        let date = now.date();
        let second = now.millis().div_euclid(1_000).rem_euclid(SECONDS_PER_DAY);
        let [hour, minute, second] = [second / 3_600, second / 60 % 60, second % 60]
            .map(|part| u8::try_from(part).unwrap_or_default());
        let day = MonthDay { month: date.month().unsigned_abs(), day: date.day().unsigned_abs() };
        Self { day, time: TimeOfDay { hour, minute, second } }
    }

    /// The instant that is meant by somebody who reads this now: the nearest one.
    #[must_use]
    pub fn nearest(self, now: Timestamp) -> Timestamp {
        let year = now.date().year();
        let distance = |instant: &Timestamp| (instant.micros() - now.micros()).unsigned_abs();
        // 29 February may be two years away.
        let years = year.saturating_sub(4)..=year.saturating_add(4);
        let instants = years.filter_map(|year| self.day.in_year(year));
        let instants =
            instants.map(|date| date.midnight().saturating_add(Duration::from_secs(self.time.seconds())));
        instants.min_by_key(distance).unwrap_or(now)
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let (day, time) = text.split_at_checked(4).ok_or(Problem::Value("a day and time"))?;
        Ok(Self { day: MonthDay::parse(day)?, time: TimeOfDay::parse(time)? })
    }

    pub(crate) fn digits(self) -> String {
        self.day.digits() + &self.time.digits()
    }
}

/// Until when a card is good: the end of a month.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expiry {
    year: u8,
    month: u8,
}

impl Expiry {
    /// A month, from 1, of a year of two digits.
    #[must_use]
    pub fn new(year: u8, month: u8) -> Option<Self> {
        (year < 100 && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The two digits of the year.
    #[must_use]
    pub const fn year(self) -> u8 {
        self.year
    }

    /// The month, from 1.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let found = pairs(text).and_then(|[year, month]| Self::new(year, month));
        found.ok_or(Problem::Value("a year and month"))
    }

    pub(crate) fn digits(self) -> String {
        format!("{:02}{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_a_year_is_the_last_such_day() {
        for (day, now, date) in [
            ((11, 30), "2026-11-30T12:00:00Z", "2026-11-30"),
            ((12, 1), "2026-11-30T12:00:00Z", "2026-12-01"),
            ((12, 2), "2026-11-30T11:59:59Z", "2026-12-02"),
            ((12, 31), "2027-07-18T00:00:00Z", "2026-12-31"),
            ((12, 31), "2027-07-19T00:00:00Z", "2027-12-31"),
            ((12, 31), "2027-01-01T00:30:00Z", "2026-12-31"),
            ((1, 1), "2026-12-31T13:00:00Z", "2027-01-01"),
            ((2, 29), "2027-03-01T00:00:00Z", "2024-02-29"),
            ((2, 29), "1903-02-01T00:00:00Z", "1896-02-29"),
        ] {
            let found = MonthDay::new(day.0, day.1).unwrap().latest(Timestamp::parse(now).unwrap());
            assert_eq!(found, Date::parse(date).ok(), "{day:?} {now}");
        }
    }

    #[test]
    fn days_and_times_that_there_are() {
        for text in ["0101", "0229", "1231"] {
            assert_eq!(MonthDay::parse(text).unwrap().digits(), text);
        }
        for text in ["0230", "0000", "1301", "0431", "", "1", "+1+1", "010101"] {
            assert!(MonthDay::parse(text).is_err(), "{text}");
        }
        for text in ["240000", "006000", "000060", "00000"] {
            assert!(TimeOfDay::parse(text).is_err(), "{text}");
        }
        assert!(Expiry::parse("2913").is_err() && Expiry::parse("2900").is_err());
        assert_eq!(Expiry::parse("2912"), Ok(Expiry { year: 29, month: 12 }));
    }

    #[test]
    fn the_year_is_the_nearest() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        for (sent, now, meant) in [
            ("1231235959", "2026-01-01T00:00:01Z", "2025-12-31T23:59:59Z"),
            ("0101000001", "2025-12-31T23:59:59Z", "2026-01-01T00:00:01Z"),
            ("0615120000", "2026-06-15T12:00:00Z", "2026-06-15T12:00:00Z"),
            ("0229120000", "2028-03-01T00:00:00Z", "2028-02-29T12:00:00Z"),
            ("0229120000", "2027-03-01T00:00:00Z", "2028-02-29T12:00:00Z"),
        ] {
            assert_eq!(SentAt::parse(sent).unwrap().nearest(at(now)), at(meant), "{sent} {now}");
        }
        let now = at("2026-11-30T15:04:05.678Z");
        assert_eq!(SentAt::of(now).digits(), "1130150405");
        assert_eq!(SentAt::of(now).nearest(now), at("2026-11-30T15:04:05Z"));
    }
}

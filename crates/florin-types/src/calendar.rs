//! The business days of T2 (formerly TARGET2), on which euro payments settle between banks.
//!
//! Source: the European Central Bank's long-term calendar, in force since 2002: closed on Saturdays, Sundays, New
//! Year's Day, Good Friday, Easter Monday, 1 May, 25 and 26 December. Instant payments settle on every day.
//!
//! The crate `fasti` has the same calendar and checks this one in the tests. It ends in 2199, so that each call could
//! fail; six fixed rules cannot.

use jiff::civil::{self, Weekday};
use jiff::tz::TimeZone;
use std::fmt;

use crate::{Date, Timestamp};

/// Central European time, by which T2 runs and banks name their cut-offs. The rule is the law of the EU (directive
/// 2000/84) and has not changed since 1996, so no database of time zones is needed, and none can be out of date.
const CENTRAL_EUROPEAN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// A time of the day in Central European time, printed and read as `HH:MM`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(i8, i8);

impl TimeOfDay {
    /// Reads `HH:MM`; none for every other text, and for what the clock does not show.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let &[h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
        let number = |tens: u8, ones: u8| {
            let are_digits = tens.is_ascii_digit() && ones.is_ascii_digit();
            are_digits.then(|| i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok()).flatten()
        };
        let (hour, minute) = (number(h1, h2)?, number(m1, m2)?);
        (hour <= 23 && minute <= 59).then_some(Self(hour, minute))
    }

    /// When it is so late on a day. An hour that is there twice is its first; one that is left out, the one after it.
    #[must_use]
    pub fn on(self, day: Date) -> Timestamp {
        let midnight = day.midnight();
        let Ok(zone) = TimeZone::posix(CENTRAL_EUROPEAN) else { return midnight };
        let local = day.civil().to_datetime(civil::Time::constant(0, 0, 0, 0));
        let local = local.with().hour(self.0).minute(self.1).build().unwrap_or(local);
        zone.to_timestamp(local).map_or(midnight, |at| Timestamp::from_micros(at.as_microsecond()))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0, self.1)
    }
}

impl Timestamp {
    /// Its day in Central European time.
    #[must_use]
    pub fn day_of_t2(self) -> Date {
        let zone = TimeZone::posix(CENTRAL_EUROPEAN);
        let at = jiff::Timestamp::from_microsecond(self.micros());
        let local = zone.and_then(|zone| at.map(|at| zone.to_datetime(at).date()));
        local.map_or(self.date(), Date::of_civil)
    }
}

/// Good Friday and Easter Monday, in days from Easter Sunday.
const AROUND_EASTER: [i32; 2] = [-2, 1];

/// Closing days of each year: month and day.
const FIXED: [(i8, i8); 4] = [(1, 1), (5, 1), (12, 25), (12, 26)];

impl Date {
    /// Whether T2 is open on this day.
    #[must_use]
    pub fn is_business_day(self) -> bool {
        let weekend = matches!(self.civil().weekday(), Weekday::Saturday | Weekday::Sunday);
        let since_easter = self.day_of_year() - easter_sunday(i32::from(self.year()));
        !weekend && !FIXED.contains(&(self.month(), self.day())) && !AROUND_EASTER.contains(&since_easter)
    }

    /// The first business day after this day. The last day that can be written, in year 9999, has none and stays.
    #[must_use]
    pub fn next_business_day(self) -> Self {
        self.add_business_days(1)
    }

    /// The business day that is so many business days after this day; with 0 this day itself, or the next business day
    /// if it is none. Days after year 9999 do not exist: the result stops at the last one.
    #[must_use]
    pub fn add_business_days(self, count: u16) -> Self {
        let mut day = self;
        let mut left = count;
        loop {
            if left == 0 && day.is_business_day() {
                return day;
            }
            let Some(next) = day.tomorrow() else { return day };
            day = next;
            left -= u16::from(left > 0 && day.is_business_day());
        }
    }

    /// 1 for 1 January.
    fn day_of_year(self) -> i32 {
        i32::from(self.civil().day_of_year())
    }
}

/// Easter Sunday as the day of the year: the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8).
fn easter_sunday(year: i32) -> i32 {
    let golden = year % 19;
    let (century, of_century) = (year / 100, year % 100);
    let moon_shift = (8 * century + 13) / 25;
    let epact = (19 * golden + century - century / 4 - moon_shift + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let correction = (golden + 11 * epact + 22 * weekday) / 451;
    let from_first_of_march = epact + weekday - 7 * correction + 21;
    let leap = i32::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    31 + 28 + leap + from_first_of_march + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn closing_days_of_2026_and_2027() {
        for text in [
            "2026-01-01",
            "2026-04-03",
            "2026-04-06",
            "2026-05-01",
            "2026-12-25",
            "2026-12-26",
            "2027-01-01",
            "2027-03-26",
            "2027-03-29",
            "2027-05-01",
            "2027-12-25",
            "2027-12-26",
            "2026-11-28",
            "2026-11-29",
        ] {
            assert!(!day(text).is_business_day(), "{text}");
        }
        for text in
            ["2026-01-02", "2026-04-02", "2026-04-07", "2026-12-24", "2026-12-28", "2026-12-31", "2026-11-30"]
        {
            assert!(day(text).is_business_day(), "{text}");
        }
    }

    #[test]
    fn business_days_are_counted() {
        for (from, count, to) in [
            ("2026-11-27", 0, "2026-11-27"),
            ("2026-11-28", 0, "2026-11-30"),
            ("2026-11-27", 1, "2026-11-30"),
            ("2026-11-28", 1, "2026-11-30"),
            ("2026-11-29", 2, "2026-12-01"),
            ("2026-04-02", 1, "2026-04-07"),
            ("2026-12-24", 1, "2026-12-28"),
            ("2026-12-31", 1, "2027-01-04"),
            ("2026-11-30", 5, "2026-12-07"),
            ("9999-12-31", 3, "9999-12-31"),
        ] {
            assert_eq!(day(from).add_business_days(count), day(to), "{from} + {count}");
        }
        assert_eq!(day("2026-04-02").next_business_day(), day("2026-04-07"));
    }

    #[test]
    fn times_of_the_day_are_central_european() {
        for (time, on, at) in [
            ("08:00", "2026-11-23", "2026-11-23T07:00:00Z"),
            ("08:00", "2026-07-01", "2026-07-01T06:00:00Z"),
            ("15:30", "2026-03-27", "2026-03-27T14:30:00Z"),
            ("15:30", "2026-03-30", "2026-03-30T13:30:00Z"),
            // The hour that is left out, and the one that is there twice.
            ("02:30", "2026-03-29", "2026-03-29T01:30:00Z"),
            ("02:30", "2026-10-25", "2026-10-25T00:30:00Z"),
        ] {
            let parsed = TimeOfDay::parse(time).unwrap();
            assert_eq!(parsed.to_string(), time);
            assert_eq!(parsed.on(day(on)), Timestamp::parse(at).unwrap(), "{time} on {on}");
        }
        for text in ["", "8:00", "24:00", "12:60", "12.00", "-1:00", "12:0x"] {
            assert_eq!(TimeOfDay::parse(text), None, "{text}");
        }
        for (at, on) in [
            ("2026-11-23T22:59:59Z", "2026-11-23"),
            ("2026-11-23T23:00:00Z", "2026-11-24"),
            ("2026-07-01T22:00:00Z", "2026-07-02"),
        ] {
            assert_eq!(Timestamp::parse(at).unwrap().day_of_t2(), day(on), "{at}");
        }
    }

    #[test]
    fn every_day_is_that_of_another_implementation() {
        let mut today = day("2002-01-01");
        while today.year() < 2200 {
            let year = u16::try_from(today.year()).unwrap();
            let month = fasti::Month::try_from_u8(today.month().unsigned_abs()).unwrap();
            let theirs = fasti::Date::from_ymd(year, month, today.day().unsigned_abs()).unwrap();
            assert_eq!(today.is_business_day(), fasti::calendars::TARGET.is_business_day(theirs), "{today}");
            today = today.tomorrow().unwrap();
        }
    }

    #[test]
    fn every_year_has_an_easter() {
        for year in 0..=9999_i16 {
            let easter = easter_sunday(i32::from(year));
            let january = Date::new(year, 1, 1).unwrap();
            let sunday = january.civil().saturating_add(jiff::Span::new().days(easter - 1));
            assert_eq!(sunday.weekday(), Weekday::Sunday, "{year}");
            assert!((80..=116).contains(&easter), "{year}");
        }
    }
}

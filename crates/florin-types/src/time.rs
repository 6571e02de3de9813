//! Time: instants to the microsecond, calendar days, and the clock that everything is given.
//!
//! There is no system clock here: the binary has one, the tests set a [`ManualClock`], and a sandbox book moves its
//! own by an offset.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::ClockDoubt;
use jiff::SignedDuration;
use jiff::civil;
use thiserror::Error;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// `0000-01-01T00:00:00Z`, the first instant that four digits of year can write.
const FIRST_MICROS: i64 = -62_167_219_200 * MICROS_PER_SECOND;
/// `9999-12-31T23:59:59.999999Z`, the last one.
const LAST_MICROS: i64 = 253_402_300_800 * MICROS_PER_SECOND - 1;

const EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Why a text is no [`Timestamp`] or no [`Date`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum TimeError {
    /// Not RFC 3339, or no such day or hour.
    #[error("must be a date or an ISO 8601 time with a time zone, such as 2026-11-23T17:26:57Z")]
    MalformedTimestamp,
    /// A space where the offset's `+` was: a query in which it was not encoded.
    #[error(
        "must be a date or an ISO 8601 time with a time zone, such as 2026-11-23T17:26:57Z: in an address a + is \
         written %2B"
    )]
    LostPlus,
    /// Not `YYYY-MM-DD`, or no such day.
    #[error("must be a date in the form YYYY-MM-DD")]
    MalformedDate,
    /// The time zone carries it out of the years 0000 to 9999.
    #[error("is out of range")]
    OutOfRange,
}

/// An instant: microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Prints in UTC with milliseconds, cut and not rounded; years before 0000 and after 9999 print as the nearest
/// instant inside.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// So many microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded towards the past.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Reads an RFC 3339 time with any offset, or a plain date as its midnight in UTC. Digits after the microseconds
    /// are cut; the leap second `23:59:60` (UTC) is the first second of the next day.
    ///
    /// # Errors
    /// [`TimeError`] for every other text, and for an instant outside the years 0000 to 9999 in UTC.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        if let Ok(date) = Date::parse(text) {
            return Ok(date.midnight());
        }
        match parse_date_time(text).ok_or_else(|| malformed(text))? {
            micros @ FIRST_MICROS..=LAST_MICROS => Ok(Self(micros)),
            _ => Err(TimeError::OutOfRange),
        }
    }

    /// Later by so much, or the last instant there is.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_micros(duration)))
    }

    /// Earlier by so much, or the first instant there is.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_micros(duration)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        let micros = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// So many months later, at the same time of the day in UTC. A day that the month has not is its last: a month
    /// after 31 January is 28 February, and two months after it 31 March.
    #[must_use]
    pub fn saturating_add_months(self, months: u16) -> Self {
        let later = self.civil().saturating_add(jiff::Span::new().months(i32::from(months)));
        let since = EPOCH.duration_until(later);
        Self(i64::try_from(since.as_micros()).unwrap_or(LAST_MICROS))
    }

    /// Its day in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        Date(self.civil().date())
    }

    fn civil(self) -> civil::DateTime {
        EPOCH.saturating_add(SignedDuration::from_micros(self.0.clamp(FIRST_MICROS, LAST_MICROS)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}Z", self.civil())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}Z", self.civil())
    }
}

/// Why a text is no time: often a `+` became a space, as queries are read.
fn malformed(text: &str) -> TimeError {
    let is_lost = text.matches(' ').count() == 1 && parse_date_time(&text.replace(' ', "+")).is_some();
    if is_lost { TimeError::LostPlus } else { TimeError::MalformedTimestamp }
}

fn whole_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// RFC 3339 section 5.6 `date-time`, to microseconds since the epoch.
fn parse_date_time(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let midnight = Date::parse(date).ok()?.midnight().micros();
    let (time, rest) = rest.strip_prefix(['T', 't'])?.split_at_checked(8)?;
    let (minutes, seconds) = time.split_at_checked(5)?;
    let seconds = two_digits(seconds.strip_prefix(':')?).filter(|&seconds| seconds <= 60)?;
    let (fraction, offset) = parse_fraction(rest)?;
    let offset = parse_offset_minutes(offset)?;
    let whole = (parse_minutes(minutes)? - offset) * 60 + seconds;
    let instant = midnight + whole * MICROS_PER_SECOND;
    if seconds == 60 && instant.rem_euclid(MICROS_PER_DAY) != 0 {
        return None;
    }
    Some(instant + fraction)
}

/// `HH:MM` to minutes.
fn parse_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let hours = two_digits(hours).filter(|&hours| hours <= 23)?;
    let minutes = two_digits(minutes).filter(|&minutes| minutes <= 59)?;
    Some(hours * 60 + minutes)
}

fn two_digits(text: &str) -> Option<i64> {
    match text.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        }
        _ => None,
    }
}

/// An optional `.digits` to microseconds, and the rest.
fn parse_fraction(text: &str) -> Option<(i64, &str)> {
    let Some(after_point) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let rest = after_point.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = &after_point.as_bytes()[..after_point.len() - rest.len()];
    if digits.is_empty() {
        return None;
    }
    let padded = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
    Some((padded.fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0')), rest))
}

/// `Z` or `+HH:MM` or `-HH:MM` to minutes east of UTC.
fn parse_offset_minutes(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        Some(0)
    } else if let Some(east) = text.strip_prefix('+') {
        parse_minutes(east)
    } else {
        Some(-parse_minutes(text.strip_prefix('-')?)?)
    }
}

/// A day of the Gregorian calendar, of the years 0000 to 9999; printed and read as `YYYY-MM-DD`.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// This day; `None` when the calendar has no such day or the year is not from 0 to 9999.
    #[must_use]
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        (0..=9999).contains(&year).then(|| civil::Date::new(year, month, day).ok().map(Self)).flatten()
    }

    /// Reads `YYYY-MM-DD` and nothing else.
    ///
    /// # Errors
    /// [`TimeError::MalformedDate`] for every other text and for a day that does not exist.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
            return Err(TimeError::MalformedDate);
        };
        let year = number(&[y1, y2, y3, y4]);
        let month = number(&[m1, m2]).and_then(|month| i8::try_from(month).ok());
        let day = number(&[d1, d2]).and_then(|day| i8::try_from(day).ok());
        let (Some(year), Some(month), Some(day)) = (year, month, day) else {
            return Err(TimeError::MalformedDate);
        };
        Self::new(year, month, day).ok_or(TimeError::MalformedDate)
    }

    /// The year, 0 to 9999.
    #[must_use]
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> i8 {
        self.0.day()
    }

    /// Its first instant in UTC.
    #[must_use]
    pub fn midnight(self) -> Timestamp {
        let since = EPOCH.duration_until(self.0.to_datetime(civil::Time::midnight()));
        Timestamp(since.as_secs() * MICROS_PER_SECOND)
    }

    /// The day after it; none after the last day of year 9999.
    #[must_use]
    pub fn tomorrow(self) -> Option<Self> {
        self.0.tomorrow().ok().map(Self)
    }

    /// The day before it; none before the first day of year 0.
    #[must_use]
    pub fn yesterday(self) -> Option<Self> {
        self.0.yesterday().ok().filter(|day| day.year() >= 0).map(Self)
    }

    pub(crate) fn civil(self) -> civil::Date {
        self.0
    }

    pub(crate) fn of_civil(day: civil::Date) -> Self {
        Self(day)
    }

    /// The age in whole years, on `today`, of someone born on this day; negative before the birth.
    ///
    /// Who was born on 29 February grows a year older on 1 March in common years.
    #[must_use]
    pub fn years_old_on(self, today: Self) -> i32 {
        let had_birthday = (today.month(), today.day()) >= (self.month(), self.day());
        i32::from(today.year()) - i32::from(self.year()) - i32::from(!had_birthday)
    }
}

/// Up to four ASCII digits as a number.
fn number(digits: &[u8]) -> Option<i16> {
    digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i16::from(digit - b'0')))
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What says how late it is.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Why the system's clock is not believed, and this one goes on by itself.
    fn doubt(&self) -> Option<ClockDoubt> {
        None
    }
}

/// A clock that stands still until it is moved: for tests and simulations.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this instant.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    /// Moves it forward.
    pub fn advance(&self, duration: Duration) {
        let moved = |micros| Some(Timestamp(micros).saturating_add(duration).micros());
        // The closure always answers `Some`, so this cannot fail.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// Moves it to this instant, be it later or earlier.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: &str = "2026-11-23T12:00:00.000Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap_or_else(|error| panic!("{text} {error}"))
    }

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap_or_else(|error| panic!("{text} {error}"))
    }

    #[test]
    fn timestamps_are_read_with_any_offset_and_printed_in_utc() {
        for (text, printed) in [
            ("2026-11-23T12:00:00Z", NOON),
            ("2026-11-23t12:00:00z", NOON),
            ("2026-11-23T13:00:00+01:00", NOON),
            ("2026-11-23T06:30:00.000-05:30", NOON),
            ("2026-11-23T12:00:00-00:00", NOON),
            ("2026-11-23", "2026-11-23T00:00:00.000Z"),
            ("2026-11-23T17:26:57.1239999Z", "2026-11-23T17:26:57.123Z"),
            ("2026-11-23T17:26:57.1Z", "2026-11-23T17:26:57.100Z"),
            ("2026-11-23T00:30:00+01:00", "2026-11-22T23:30:00.000Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
            ("2017-01-01T00:59:60.5+01:00", "2017-01-01T00:00:00.500Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("0000-01-01", "0000-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(at(text).to_string(), printed, "{text}");
        }
        assert_eq!(at("1970-01-01T00:00:00.123456Z").micros(), 123_456);
        assert_eq!(format!("{:?}", at("1970-01-01T00:00:00.123456Z")), "1970-01-01T00:00:00.123456Z");
        assert_eq!(at("2026-11-23").micros(), 1_795_392_000_000_000);
    }

    #[test]
    fn other_texts_are_no_timestamps() {
        for text in [
            "",
            "now",
            "1795392000",
            "2026-11-23T",
            "2026-11-23T12:00:00",
            "2026-11-23T12:00Z",
            "2026-11-23 12:00:00Z",
            "2026-11-23T12:00:00.Z",
            "2026-11-23T12:00:00,5Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T12:60:00Z",
            "2026-11-23T12:00:60Z",
            "2026-11-23T12:00:61Z",
            "2026-11-23T12:00:00+0100",
            "2026-11-23T12:00:00+01",
            "2026-11-23T12:00:00+24:00",
            "2026-11-23T12:00:00Z[UTC]",
            "2026-11-23T12:00:00Z ",
            "2026-02-29T12:00:00Z",
            "+002026-11-23T12:00:00Z",
            "2026-11-23T1é:00:00Z",
            "2026-11-2é12:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), Err(TimeError::MalformedTimestamp), "{text:?}");
        }
        assert_eq!(Timestamp::parse("2026-11-23T17:26:57 01:00"), Err(TimeError::LostPlus));
        for text in ["0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z"] {
            assert_eq!(Timestamp::parse(text), Err(TimeError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn years_beyond_four_digits_print_as_the_nearest() {
        assert_eq!(Timestamp::from_micros(i64::MIN).to_string(), "0000-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_micros(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_micros(i64::MAX).date(), day("9999-12-31"));
    }

    #[test]
    fn timestamps_are_moved_without_overflow() {
        let noon = at(NOON);
        assert_eq!(noon.saturating_add(Duration::from_secs(60)), at("2026-11-23T12:01:00Z"));
        assert_eq!(noon.saturating_sub(Duration::from_secs(60)), at("2026-11-23T11:59:00Z"));
        assert_eq!(noon.saturating_add(Duration::MAX).micros(), i64::MAX);
        assert_eq!(Timestamp::from_micros(-5).saturating_sub(Duration::MAX).micros(), i64::MIN);
        assert_eq!(noon.saturating_since(at("2026-11-23")), Duration::from_secs(43_200));
        assert_eq!(at("2026-11-23").saturating_since(noon), Duration::ZERO);
        let longest = Timestamp::from_micros(i64::MAX).saturating_since(Timestamp::from_micros(i64::MIN));
        assert_eq!(longest, Duration::from_micros(u64::MAX));
        assert_eq!(Timestamp::from_micros(-1).millis(), -1);
        assert_eq!(Timestamp::from_micros(1_999).millis(), 1);
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let last = at("2026-01-31T09:30:00.5Z");
        for (months, then) in [
            (0, "2026-01-31T09:30:00.5Z"),
            (1, "2026-02-28T09:30:00.5Z"),
            (2, "2026-03-31T09:30:00.5Z"),
            (25, "2028-02-29T09:30:00.5Z"),
            (36, "2029-01-31T09:30:00.5Z"),
        ] {
            assert_eq!(last.saturating_add_months(months), at(then), "{months}");
        }
        assert_eq!(at(NOON).saturating_add_months(u16::MAX).date().year(), 7488);
        assert_eq!(at("9999-12-01").saturating_add_months(u16::MAX).date(), day("9999-12-31"));
    }

    #[test]
    fn dates_have_one_form() {
        assert_eq!(day("2024-02-29").to_string(), "2024-02-29");
        assert_eq!(day("0001-01-01").to_string(), "0001-01-01");
        for text in [
            "",
            "2023-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-04-31",
            "2026-1-01",
            "20260101",
            "26-01-01",
            "2026/01/01",
            "2026-01-01T00:00:00Z",
            " 2026-01-01",
            "-001-01-01",
            "2026-01-0é",
            "٢٠٢٦-01-01",
        ] {
            assert_eq!(Date::parse(text), Err(TimeError::MalformedDate), "{text:?}");
        }
        assert_eq!(Date::new(-1, 1, 1), None);
        assert_eq!(Date::new(10_000, 1, 1), None);
    }

    #[test]
    fn ages_are_whole_years() {
        for (born, today, years) in [
            ("2000-06-15", "2018-06-14", 17),
            ("2000-06-15", "2018-06-15", 18),
            ("2000-06-15", "2018-01-20", 17),
            ("2000-06-15", "2018-12-01", 18),
            ("2004-02-29", "2022-02-28", 17),
            ("2004-02-29", "2022-03-01", 18),
            ("2004-02-29", "2024-02-28", 19),
            ("2004-02-29", "2024-02-29", 20),
            ("2000-06-15", "2000-06-15", 0),
            ("2000-06-15", "2000-06-14", -1),
        ] {
            assert_eq!(day(born).years_old_on(day(today)), years, "{born} on {today}");
        }
    }

    #[test]
    fn a_manual_clock_stands_until_moved() {
        let clock = ManualClock::new(at(NOON));
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(clock.now(), at("2026-11-23T12:00:01.5Z"));
        clock.set(at("2020-01-01"));
        assert_eq!(clock.now(), at("2020-01-01"));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().micros(), i64::MAX);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(micros in FIRST_MICROS..=LAST_MICROS) {
            let instant = Timestamp::from_micros(micros);
            prop_assert_eq!(at(&instant.to_string()).millis(), instant.millis());
            prop_assert_eq!(at(&format!("{instant:?}")), instant);
            prop_assert_eq!(day(&instant.date().to_string()), instant.date());
            prop_assert!(instant.date().midnight() <= instant);
            prop_assert!(instant.saturating_since(instant.date().midnight()) < Duration::from_secs(86_400));
        }

        #[test]
        fn jiff_agrees(
            micros in FIRST_MICROS..LAST_MICROS - 2 * MICROS_PER_DAY,
            (hours, minutes) in (-23_i32..=23, 0_i32..60),
        ) {
            let seconds = hours * 3_600 + hours.signum() * minutes * 60;
            let offset = jiff::tz::Offset::from_seconds(seconds).unwrap();
            let jiffs = jiff::Timestamp::from_microsecond(micros).unwrap();
            let text = jiffs.display_with_offset(offset).to_string();
            if !text.starts_with('-') {
                prop_assert_eq!(at(&text).micros(), micros, "{}", text);
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>(), near in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-9:.Zé+-]{0,20}") {
            for text in [text, near] {
                if let Ok(instant) = Timestamp::parse(&text) {
                    prop_assert_eq!(at(&format!("{instant:?}")), instant);
                }
                let _ = Date::parse(&text);
            }
        }
    }
}

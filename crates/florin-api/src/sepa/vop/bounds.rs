//! How much an asker is told on a day, in UTC, and how many answers of each kind it got. Pure but for a lock.
//!
//! Who guesses a name gets answers that are no match, until one is close and tells the name. So an asker gets a few of
//! them for one account on a day, and then NOAP, whatever is right: the answer is the same for an account that is not
//! there. And it gets so many of them in all, and then is refused, which ends the search for accounts that are there.
//!
//! The bound per account is that of a process: with several, an asker that reaches all of them gets as many times more.
//! The bound in all starts from what the database has, where processes write their counts.

use florin_rails::sepa::vop::NameResult;
use florin_types::{Date, Iban};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Answers other than a match that an asker gets for one account of a person on a day. A payer tries a name twice or
/// three times, and hardly more than three payers of one bank pay a person for the first time on one day. By ten
/// guesses nobody finds a name: the most frequent family name of a country is that of one in a hundred.
const MISSES_OF_A_PERSON: u32 = 10;

/// The same for a company, which many pay for the first time, under its brand or an old name. Its name is no secret.
const MISSES_OF_A_COMPANY: u32 = 1_000;

/// Answers other than a match that an asker gets on a day in all, unless something else is agreed with it. Of the names
/// that payers write some five in a hundred are none of the account's, so this is for 40,000 questions. Whoever looks
/// for accounts by chance needs 100,000 questions for each, with a million users among 100 billion numbers.
pub const MISSES_A_DAY: u32 = 2_000;

/// What is counted.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counted {
    Match,
    CloseMatch,
    NoMatch,
    NotPossible,
    /// NOAP without a look into the books: an identification, or an account of another bank.
    NotAsked,
    /// A request that was refused.
    Refused,
}

impl Counted {
    /// The word in the database.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Match => "MTCH",
            Self::CloseMatch => "CMTC",
            Self::NoMatch => "NMTC",
            Self::NotPossible => "NOAP",
            Self::NotAsked => "NOT_ASKED",
            Self::Refused => "REFUSED",
        }
    }

    fn of(result: &NameResult) -> Self {
        match result {
            NameResult::Match => Self::Match,
            NameResult::CloseMatch(_) => Self::CloseMatch,
            NameResult::NoMatch => Self::NoMatch,
            NameResult::NotPossible => Self::NotPossible,
        }
    }

    /// Whether so many of these would be a search.
    fn is_miss(self) -> bool {
        matches!(self, Self::CloseMatch | Self::NoMatch | Self::NotPossible)
    }

    /// Whether a word of the database is that of a miss.
    pub(super) fn is_word_of_miss(word: &str) -> bool {
        [Self::CloseMatch, Self::NoMatch, Self::NotPossible].iter().any(|one| one.as_str() == word)
    }
}

/// Which count: of whom, on which day, of what.
pub(super) type Key = (Uuid, Date, Counted);

/// What an asker has got on a day.
#[derive(Default)]
struct Got {
    misses: u64,
    of_iban: HashMap<Iban, u32>,
}

#[derive(Default)]
struct Days {
    today: Option<Date>,
    askers: HashMap<Uuid, Got>,
    /// What is not in the database yet.
    counts: BTreeMap<Key, i64>,
}

/// The bounds of a process.
#[derive(Default)]
pub(super) struct Bounds(Mutex<Days>);

impl Bounds {
    fn on(&self, day: Date) -> MutexGuard<'_, Days> {
        let mut days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that is set back by a little must not give a new day.
        if days.today.is_none_or(|today| today < day) {
            days.today = Some(day);
            days.askers.clear();
        }
        days
    }

    /// Whether it is known what an asker got on this day.
    pub(super) fn knows(&self, asker: Uuid, day: Date) -> bool {
        self.on(day).askers.contains_key(&asker)
    }

    /// Learns what an asker got on this day before, from the database.
    pub(super) fn learn(&self, asker: Uuid, day: Date, misses: u64) {
        self.on(day).askers.entry(asker).or_insert_with(|| Got { misses, ..Got::default() });
    }

    /// Whether an asker has room for another miss.
    pub(super) fn has_room(&self, asker: Uuid, day: Date, misses_a_day: u32) -> bool {
        self.on(day).askers.get(&asker).is_none_or(|got| got.misses < u64::from(misses_a_day))
    }

    /// Counts an answer that told nothing.
    pub(super) fn count(&self, asker: Uuid, day: Date, counted: Counted) {
        *self.on(day).counts.entry((asker, day, counted)).or_default() += 1;
    }

    /// Counts a result, and answers what may be told of it. `is_company` is none where there is no such account.
    pub(super) fn settle(
        &self,
        (asker, day): (Uuid, Date),
        iban: &Iban,
        is_company: Option<bool>,
        result: NameResult,
    ) -> NameResult {
        let mut days = self.on(day);
        let got = days.askers.entry(asker).or_default();
        let bound = is_company.map(|is| if is { MISSES_OF_A_COMPANY } else { MISSES_OF_A_PERSON });
        let before = got.of_iban.get(iban).copied().unwrap_or_default();
        let told = if bound.is_some_and(|bound| before >= bound) { NameResult::NotPossible } else { result };
        let counted = Counted::of(&told);
        if counted.is_miss() {
            got.misses += 1;
            if is_company.is_some() {
                *got.of_iban.entry(iban.clone()).or_default() += 1;
            }
        }
        *days.counts.entry((asker, day, counted)).or_default() += 1;
        told
    }

    /// The counts that are not in the database yet.
    pub(super) fn take_counts(&self) -> BTreeMap<Key, i64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).counts)
    }

    /// Takes counts back that could not be written.
    pub(super) fn give_back(&self, counts: BTreeMap<Key, i64>) {
        let mut days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, answers) in counts {
            *days.counts.entry(key).or_default() += answers;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_types::{Text, lithuanian};

    const ASKER: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn day(text: &str) -> Date {
        Date::parse(text).expect("a day")
    }

    fn close() -> NameResult {
        NameResult::CloseMatch(Text::parse("Ada").expect("a name"))
    }

    #[test]
    fn who_guesses_is_told_nothing_more_until_the_next_day() {
        let (bounds, today) = (Bounds::default(), day("2026-11-23"));
        let iban = lithuanian(1, 1);
        let ask = |asker, day, result| bounds.settle((asker, day), &iban, Some(false), result);
        for _ in 0..MISSES_OF_A_PERSON - 1 {
            assert_eq!(ask(ASKER, today, NameResult::NoMatch), NameResult::NoMatch);
            assert_eq!(ask(ASKER, today, NameResult::Match), NameResult::Match, "is not counted");
        }
        assert_eq!(ask(ASKER, today, close()), close());
        for result in [NameResult::Match, close(), NameResult::NoMatch] {
            assert_eq!(ask(ASKER, today, result), NameResult::NotPossible);
        }
        assert_eq!(ask(OTHER, today, close()), close(), "another asker");
        let other = bounds.settle((ASKER, today), &lithuanian(1, 2), Some(false), close());
        assert_eq!(other, close(), "another account");
        assert_eq!(ask(ASKER, day("2026-11-22"), close()), NameResult::NotPossible, "a clock set back");
        assert_eq!(ask(ASKER, day("2026-11-24"), close()), close());
    }

    #[test]
    fn a_company_is_asked_about_more_often() {
        let (bounds, today) = (Bounds::default(), day("2026-11-23"));
        let ask = || bounds.settle((ASKER, today), &lithuanian(1, 1), Some(true), NameResult::NoMatch);
        assert!((0..MISSES_OF_A_COMPANY).all(|_| ask() == NameResult::NoMatch));
        assert_eq!(ask(), NameResult::NotPossible);
    }

    #[test]
    fn misses_are_bounded_in_all_and_begin_with_those_of_before() {
        let (bounds, today) = (Bounds::default(), day("2026-11-23"));
        assert!(!bounds.knows(ASKER, today));
        bounds.learn(ASKER, today, 7);
        bounds.learn(ASKER, today, 100);
        assert!(bounds.knows(ASKER, today) && bounds.has_room(ASKER, today, 8));
        let unknown = |number| {
            let iban = lithuanian(1, number);
            bounds.settle((ASKER, today), &iban, None, NameResult::NotPossible)
        };
        unknown(1);
        assert!(!bounds.has_room(ASKER, today, 8) && bounds.has_room(ASKER, today, 9));
        bounds.count(ASKER, today, Counted::NotAsked);
        bounds.count(ASKER, today, Counted::Refused);
        assert!(bounds.has_room(ASKER, today, 9), "these are no misses");
        assert!(bounds.has_room(ASKER, day("2026-11-24"), 1) && !bounds.knows(ASKER, day("2026-11-24")));
    }

    #[test]
    fn counts_are_taken_once_and_can_be_given_back() {
        let (bounds, today) = (Bounds::default(), day("2026-11-23"));
        bounds.count(ASKER, today, Counted::Refused);
        bounds.settle((ASKER, today), &lithuanian(1, 1), Some(false), NameResult::Match);
        let counts = bounds.take_counts();
        let expected = [((ASKER, today, Counted::Match), 1), ((ASKER, today, Counted::Refused), 1)];
        assert_eq!(counts, BTreeMap::from(expected));
        assert!(bounds.take_counts().is_empty());
        bounds.count(ASKER, today, Counted::Refused);
        bounds.give_back(counts);
        assert_eq!(bounds.take_counts()[&(ASKER, today, Counted::Refused)], 2);
    }

    #[test]
    fn every_miss_is_known_by_its_word() {
        for one in [
            Counted::Match,
            Counted::CloseMatch,
            Counted::NoMatch,
            Counted::NotPossible,
            Counted::NotAsked,
            Counted::Refused,
        ] {
            assert_eq!(Counted::is_word_of_miss(one.as_str()), one.is_miss());
        }
    }
}

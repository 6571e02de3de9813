//! What counts for a card's limits, and how often it was used: a small row beside the card, so that an authorisation
//! asks the database nothing. Pure.
//!
//! A card has *slots*: a time, and what was authorised or taken then. Within the last 24 hours each time has its own
//! slot, so the daily window rolls exactly. Older slots of one hour are merged into the newest of them, so something
//! may count up to an hour longer than 30 days, and never shorter. What is let go later leaves its slot.

use super::decide::{Counted, MAX_AN_HOUR, Windows};
use super::payment::CardChannel;
use florin_types::Timestamp;
use std::time::Duration;
use uuid::Uuid;

/// The length of a day: what "daily" means.
const DAY: Duration = Duration::from_secs(86_400);

/// The length of a month: what "monthly" means. 30 days, so that every month has the same limit.
const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// An hour: the window of uses, and of what is merged.
const HOUR: Duration = Duration::from_secs(3_600);

/// Bytes of a slot: time, and three amounts.
const SLOT_BYTES: usize = 32;

/// Bytes of a time.
const TIME_BYTES: usize = 8;

/// What was authorised or taken at a time.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Slot {
    at: Timestamp,
    counted: Counted,
}

/// What is used of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardUsage {
    /// The card's id.
    pub card: Uuid,
    /// Oldest first, one for each time.
    slots: Vec<Slot>,
    /// The last uses, oldest first, at most as many as an hour may have.
    uses: Vec<Timestamp>,
}

impl CardUsage {
    /// A card that was never used.
    pub const fn new(card: Uuid) -> Self {
        Self { card, slots: Vec::new(), uses: Vec::new() }
    }

    /// What counts for the limits at a time.
    pub fn windows(&self, now: Timestamp) -> Windows {
        let since = |length| {
            let from = now.saturating_sub(length);
            let within = self.slots.iter().rev().take_while(|slot| slot.at > from);
            within.fold(Counted::default(), |sum, slot| sum.plus(slot.counted))
        };
        Windows { day: since(DAY), month: since(MONTH) }
    }

    /// How often the card was used within the hour before a time.
    pub fn uses(&self, now: Timestamp) -> usize {
        let from = now.saturating_sub(HOUR);
        self.uses.iter().rev().take_while(|at| **at > from).count()
    }

    /// Notes a use.
    pub fn use_at(&mut self, now: Timestamp) {
        if self.uses.len() == MAX_AN_HOUR {
            self.uses.remove(0);
        }
        self.uses.push(now);
    }

    /// Notes that cents more, or fewer, count of what was authorised or taken at a time. It counts from that time on.
    pub fn count(&mut self, (at, now): (Timestamp, Timestamp), channel: CardChannel, cents: i64) {
        self.tidy(now);
        let counted = Counted::of(channel, cents);
        let index = self.slots.partition_point(|slot| slot.at < at);
        // Its own slot, or the one that it was merged into.
        let is_of = |slot: &&mut Slot| slot.at == at || (cents < 0 && hour_of(slot.at) == hour_of(at));
        match self.slots.get_mut(index).filter(is_of) {
            Some(slot) => slot.counted = slot.counted.plus(counted),
            None if cents > 0 => self.slots.insert(index, Slot { at, counted }),
            None => {}
        }
    }

    /// Forgets what is older than a month, and merges what is older than a day by hours.
    fn tidy(&mut self, now: Timestamp) {
        let (month, day) = (now.saturating_sub(MONTH), now.saturating_sub(DAY));
        self.slots.retain(|slot| slot.at > month);
        let mut merged: Vec<Slot> = Vec::with_capacity(self.slots.len());
        for slot in self.slots.drain(..) {
            match merged.last_mut() {
                Some(last) if slot.at <= day && hour_of(last.at) == hour_of(slot.at) => {
                    *last = Slot { at: slot.at, counted: last.counted.plus(slot.counted) };
                }
                _ => merged.push(slot),
            }
        }
        self.slots = merged;
    }

    /// The row's bytes: slots and uses.
    pub fn to_bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let slot = |slot: &Slot| {
            let Counted { all, atm, ecom } = slot.counted;
            [slot.at.micros(), all, atm, ecom].into_iter().flat_map(i64::to_be_bytes)
        };
        let uses = self.uses.iter().flat_map(|at| at.micros().to_be_bytes());
        (self.slots.iter().flat_map(slot).collect(), uses.collect())
    }

    /// What [`Self::to_bytes`] wrote; none for anything else.
    pub fn from_bytes(card: Uuid, slots: &[u8], uses: &[u8]) -> Option<Self> {
        if !slots.len().is_multiple_of(SLOT_BYTES) || !uses.len().is_multiple_of(TIME_BYTES) {
            return None;
        }
        let number = |bytes: &[u8]| Some(i64::from_be_bytes(bytes.try_into().ok()?));
        let slot = |bytes: &[u8]| {
            let mut numbers = bytes.chunks_exact(TIME_BYTES).map(number);
            let mut next = || numbers.next().flatten();
            let at = Timestamp::from_micros(next()?);
            Some(Slot { at, counted: Counted { all: next()?, atm: next()?, ecom: next()? } })
        };
        let slots = slots.chunks_exact(SLOT_BYTES).map(slot).collect::<Option<_>>()?;
        let uses = uses.chunks_exact(TIME_BYTES).map(|bytes| Some(Timestamp::from_micros(number(bytes)?)));
        Some(Self { card, slots, uses: uses.collect::<Option<_>>()? })
    }
}

fn hour_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(3_600_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    const POS: CardChannel = CardChannel::Pos;

    #[test]
    fn windows_roll_by_the_second() {
        let mut usage = CardUsage::new(Uuid::nil());
        usage.count((at(100), at(100)), CardChannel::Atm, 40);
        usage.count((at(200), at(200)), POS, 2);
        let day = |now| usage.windows(at(now)).day;
        assert_eq!(day(200), Counted { all: 42, atm: 40, ecom: 0 });
        assert_eq!((day(100 + 86_399).all, day(100 + 86_400).all, day(200 + 86_400).all), (42, 2, 0));
        let month = |now| usage.windows(at(now)).month.all;
        assert_eq!((month(100 + 30 * 86_400 - 1), month(100 + 30 * 86_400)), (42, 2));
    }

    #[test]
    fn what_is_let_go_counts_no_more_also_when_it_was_merged() {
        let mut usage = CardUsage::new(Uuid::nil());
        usage.count((at(100), at(100)), POS, 40);
        usage.count((at(160), at(160)), POS, 2);
        let later = 3 * 86_400;
        usage.count((at(100), at(later)), POS, -40);
        assert_eq!((usage.slots.len(), usage.windows(at(later)).month.all), (1, 2));
        usage.count((at(100), at(40 * 86_400)), POS, -40);
        assert_eq!((usage.slots.len(), usage.windows(at(40 * 86_400)).month.all), (0, 0));
    }

    #[test]
    fn uses_of_an_hour_are_counted() {
        let mut usage = CardUsage::new(Uuid::nil());
        (0..100).for_each(|second| usage.use_at(at(second)));
        assert_eq!((usage.uses.len(), usage.uses(at(99))), (MAX_AN_HOUR, MAX_AN_HOUR));
        assert_eq!((usage.uses(at(70 + 3_600)), usage.uses(at(99 + 3_600))), (MAX_AN_HOUR - 1, 0));
    }

    proptest! {
        /// Against a list of everything: the day is exact, and the month counts at most an hour longer.
        #[test]
        fn windows_are_those_of_a_list(
            steps in prop::collection::vec((0_i64..40_000, 1_i64..100, any::<bool>(), 0_usize..3), 1..200),
        ) {
            let (mut usage, mut all, mut now) = (CardUsage::new(Uuid::nil()), Vec::new(), 0);
            for (pause, cents, lets_go, channel) in steps {
                now += pause;
                let channel = CardChannel::ALL[channel];
                usage.count((at(now), at(now)), channel, cents);
                all.push((now, cents));
                if lets_go {
                    // Half of the one before last is let go.
                    let index = all.len().saturating_sub(2);
                    let (then, of) = all[index];
                    if all[index].1 > 1 && index + 1 < all.len() {
                        // Each step has its own channel: all that is compared is the sum.
                        usage.count((at(then), at(now)), POS, -(of / 2));
                        all[index].1 -= of / 2;
                    }
                }
                let since = |length: i64| -> i64 {
                    all.iter().filter(|(then, _)| *then > now - length).map(|(_, cents)| cents).sum()
                };
                let windows = usage.windows(at(now));
                prop_assert_eq!(windows.day.all, since(86_400));
                let month = windows.month.all;
                prop_assert!(month >= since(30 * 86_400) && month <= since(30 * 86_400 + 3_600), "{month}");
                let (slots, uses) = usage.to_bytes();
                prop_assert_eq!(CardUsage::from_bytes(Uuid::nil(), &slots, &uses), Some(usage.clone()));
            }
            prop_assert!(usage.slots.len() <= 200);
        }
    }
}

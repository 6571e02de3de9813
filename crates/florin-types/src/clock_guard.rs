//! Which time to believe: a wall clock that jumps is not, and a process goes on by the time that has passed since.
//!
//! Payments depend on time: an answer is kept for its idempotency key for thirty days, so that a clock which jumps
//! forty days ahead for a moment would let a repeated request pay twice, and what is dated in the future stays so. So
//! the wall clock is compared with a clock that only counts on ([`Reading`]), and at the start with what the data were
//! dated last.

use crate::{Clock, Timestamp};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How far the wall clock may step, forward or back. Time servers correct seconds; five minutes more or less let no key
/// expire that a client may still use.
pub const MAX_STEP: Duration = Duration::from_secs(5 * 60);

/// How long steps are measured against one reading. Until then they add up, so that many small ones are no large one;
/// by then the two clocks of a machine have drifted apart by a second at most.
const ANCHOR_LIFE: Duration = Duration::from_secs(60 * 60);

/// How long a process may write by its own time. A glitch passes within seconds; one that lasts needs an operator,
/// since other processes and the data go on by other clocks.
pub const OWN_TIME: Duration = Duration::from_secs(60 * 60);

/// Both clocks of a machine at one instant.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the wall clock shows.
    pub wall: Timestamp,
    /// Time since any fixed instant, on a clock that nobody sets and that counts while the machine sleeps.
    pub monotonic: Duration,
}

impl Reading {
    /// What the wall clock should show by now.
    fn expected(&self, monotonic: Duration) -> Timestamp {
        self.wall.saturating_add(monotonic.saturating_sub(self.monotonic))
    }
}

/// What the data say about time when a process starts.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The newest time in them.
    pub newest: Timestamp,
    /// How far the wall clock may be ahead of it: how long nobody may have written.
    pub bound: Duration,
    /// Whether a wall clock that is behind it is believed.
    pub trusts_behind: bool,
}

/// Why the wall clock is not believed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ClockDoubt {
    /// It stepped while the process ran.
    Stepped {
        /// What it shows.
        wall: Timestamp,
        /// What is believed.
        believed: Timestamp,
        /// For how long it has been so.
        lasted: Duration,
    },
    /// At the start it is further ahead of the data than anybody was away: nobody knows the time.
    AheadOfData {
        /// What it shows.
        wall: Timestamp,
        /// The newest time in the data.
        newest: Timestamp,
    },
    /// At the start it is behind the data: it, or what is in the data, is wrong.
    BehindData {
        /// What it shows.
        wall: Timestamp,
        /// The newest time in the data.
        newest: Timestamp,
        /// Whether it is believed all the same.
        is_believed: bool,
    },
}

impl ClockDoubt {
    /// Whether nothing may be written until an operator has looked.
    #[must_use]
    pub fn forbids_writing(&self) -> bool {
        match self {
            Self::Stepped { wall, believed, lasted } => wall > believed && *lasted >= OWN_TIME,
            Self::AheadOfData { .. } => true,
            // Believed, a book's time stands still at worst.
            Self::BehindData { is_believed, .. } => !is_believed,
        }
    }
}

impl fmt::Display for ClockDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writing = if self.forbids_writing() { "; nothing is written" } else { "" };
        match self {
            Self::Stepped { wall, believed, .. } => {
                write!(f, "the system clock jumped to {wall} and is not believed; it is taken for {believed}")
            }
            Self::AheadOfData { wall, newest } => {
                write!(f, "the system clock shows {wall}, long after the newest time in the data, {newest}")
            }
            Self::BehindData { wall, newest, .. } => {
                write!(f, "the system clock shows {wall}, before the newest time in the data, {newest}")
            }
        }?;
        write!(f, "{writing}: see `florin clock show`")
    }
}

/// Judges readings of both clocks, one after another. Pure.
#[derive(Clone, Debug)]
pub struct ClockGuard {
    /// What the data say, until the wall clock has agreed with them.
    data: Option<(Reading, Known)>,
    /// What steps are measured against; none before anything was believed.
    anchor: Option<Reading>,
    /// The last reading that was believed.
    last: Option<Reading>,
    /// Since when the wall clock has stepped.
    stepped: Option<Duration>,
    doubt: Option<ClockDoubt>,
}

impl ClockGuard {
    /// Begins with what the data say, and believes the wall clock where they say nothing.
    #[must_use]
    pub fn new(known: Option<Known>, monotonic: Duration) -> Self {
        let data = known.map(|known| (Reading { wall: known.newest, monotonic }, known));
        Self { data, anchor: None, last: None, stepped: None, doubt: None }
    }

    /// Why the last reading was not believed.
    #[must_use]
    pub fn doubt(&self) -> Option<ClockDoubt> {
        self.doubt
    }

    /// The time to believe. Readings come in the order of their monotonic time.
    pub fn observe(&mut self, now: Reading) -> Timestamp {
        let agrees = |from: &Reading, ahead: Duration| {
            let expected = from.expected(now.monotonic);
            now.wall <= expected.saturating_add(ahead) && now.wall >= expected.saturating_sub(MAX_STEP)
        };
        let is_first = self.data.is_none() && self.anchor.is_none();
        if is_first || self.data.is_some_and(|(newest, known)| agrees(&newest, known.bound)) {
            self.data = None;
            return self.believe(now, true);
        }
        if self.anchor.is_some_and(|anchor| agrees(&anchor, MAX_STEP)) {
            return self.believe(now, false);
        }
        match (self.last, self.data) {
            (Some(last), _) => self.go_on(now, last),
            (None, Some((newest, _))) if now.wall > newest.expected(now.monotonic) => {
                self.doubt = Some(ClockDoubt::AheadOfData { wall: now.wall, newest: newest.wall });
                newest.expected(now.monotonic)
            }
            (None, Some((newest, known))) if !known.trusts_behind => {
                let (wall, is_believed) = (now.wall, false);
                self.doubt = Some(ClockDoubt::BehindData { wall, newest: newest.wall, is_believed });
                newest.expected(now.monotonic)
            }
            (None, _) => self.believe(now, true),
        }
    }

    fn believe(&mut self, now: Reading, is_new: bool) -> Timestamp {
        let is_old = |anchor: Reading| now.monotonic.saturating_sub(anchor.monotonic) >= ANCHOR_LIFE;
        if is_new || self.anchor.is_none_or(is_old) {
            self.anchor = Some(now);
        }
        (self.last, self.stepped) = (Some(now), None);
        let behind = |(newest, _): (Reading, _)| ClockDoubt::BehindData {
            wall: now.wall,
            newest: newest.wall,
            is_believed: true,
        };
        self.doubt = self.data.map(behind);
        now.wall
    }

    fn go_on(&mut self, now: Reading, last: Reading) -> Timestamp {
        let since = *self.stepped.get_or_insert(now.monotonic);
        let (believed, lasted) = (last.expected(now.monotonic), now.monotonic.saturating_sub(since));
        self.doubt = Some(ClockDoubt::Stepped { wall: now.wall, believed, lasted });
        believed
    }
}

/// A clock that is judged whenever it is read.
pub struct GuardedClock<S> {
    source: S,
    guard: Mutex<ClockGuard>,
}

impl<S: Fn() -> Reading> GuardedClock<S> {
    /// Reads both clocks from `source`.
    pub fn new(source: S, known: Option<Known>) -> Self {
        let guard = Mutex::new(ClockGuard::new(known, source().monotonic));
        Self { source, guard }
    }

    /// Begins anew with what the data say.
    pub fn restart(&self, known: Option<Known>) {
        let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        *guard = ClockGuard::new(known, (self.source)().monotonic);
        guard.observe((self.source)());
    }

    /// The time to believe, and why the wall clock is not.
    pub fn read(&self) -> (Timestamp, Option<ClockDoubt>) {
        // Read under the lock, so that readings are judged in their order.
        let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        (guard.observe((self.source)()), guard.doubt())
    }
}

impl<S: Fn() -> Reading + Send + Sync> Clock for GuardedClock<S> {
    fn now(&self) -> Timestamp {
        self.read().0
    }

    fn doubt(&self) -> Option<ClockDoubt> {
        self.read().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_795_435_200;
    const DAY: i64 = 86_400;

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_micros((START + seconds) * 1_000_000)
    }

    fn known(newest: i64, days: u64) -> Option<Known> {
        let bound = Duration::from_secs(days * 86_400);
        Some(Known { newest: seconds(newest), bound, trusts_behind: true })
    }

    /// As in live.
    fn strictly(newest: i64, days: u64) -> Option<Known> {
        known(newest, days).map(|known| Known { trusts_behind: false, ..known })
    }

    /// What is said of a reading: nothing, or why it is not believed, and whether that forbids writing.
    fn word(doubt: Option<ClockDoubt>) -> &'static str {
        let forbids = doubt.is_some_and(|doubt| doubt.forbids_writing());
        match (doubt, forbids) {
            (None, _) => "good",
            (Some(ClockDoubt::Stepped { .. }), false) => "stepped",
            (Some(ClockDoubt::Stepped { .. }), true) => "stepped, no writing",
            (Some(ClockDoubt::AheadOfData { .. }), _) => "ahead, no writing",
            (Some(ClockDoubt::BehindData { .. }), false) => "behind",
            (Some(ClockDoubt::BehindData { .. }), true) => "behind, no writing",
        }
    }

    /// Rows of monotonic seconds, wall seconds, believed seconds, word.
    fn check(name: &str, known: Option<Known>, rows: &[(u64, i64, i64, &str)]) {
        let mut guard = ClockGuard::new(known, Duration::ZERO);
        for &(monotonic, wall, believed, expected) in rows {
            let now = Reading { wall: seconds(wall), monotonic: Duration::from_secs(monotonic) };
            let told = guard.observe(now);
            assert_eq!((told, word(guard.doubt())), (seconds(believed), expected), "{name}, {now:?}");
        }
    }

    #[test]
    fn a_glitch_is_not_believed() {
        for glitch in [301 + 20, 40 * DAY, 3_650 * DAY, -400, -56 * 365 * DAY] {
            let rows = [
                (10, 10, 10, "good"),
                (20, glitch, 20, "stepped"),
                (21, glitch + 1, 21, "stepped"),
                (30, 30, 30, "good"),
                (31, 31, 31, "good"),
            ];
            check("a glitch", None, &rows);
            check("a glitch", known(0, 7), &rows);
        }
    }

    #[test]
    fn corrections_are_believed() {
        let rows =
            [(0, 0, 0, "good"), (10, 200, 200, "good"), (20, 20, 20, "good"), (30, -260, -260, "good")];
        check("a time server", None, &rows);
        // A machine that slept: its monotonic clock counted on.
        check("sleep", None, &[(0, 0, 0, "good"), (90_000, 90_000, 90_000, "good")]);
    }

    #[test]
    fn small_steps_do_not_add_up_within_the_hour() {
        let rows = [
            (0, 0, 0, "good"),
            (10, 210, 210, "good"),
            (20, 520, 220, "stepped"),
            (30, 230, 230, "good"),
            (3_600, 3_800, 3_800, "good"),
            (3_610, 4_100, 4_100, "good"),
            (3_620, 4_300, 4_110, "stepped"),
        ];
        check("small steps", None, &rows);
    }

    #[test]
    fn what_lasts_needs_an_operator() {
        let rows = [
            (0, 0, 0, "good"),
            (10, DAY, 10, "stepped"),
            (3_600, DAY + 3_590, 3_600, "stepped"),
            (3_610, DAY + 3_600, 3_610, "stepped, no writing"),
            (3_620, 3_620, 3_620, "good"),
        ];
        check("forward", None, &rows);
        let rows = [(0, 0, 0, "good"), (10, -DAY, 10, "stepped"), (90_000, -1, 90_000, "stepped")];
        check("back", None, &rows);
    }

    #[test]
    fn a_start_is_judged_by_the_data() {
        let rows = [(0, 6 * DAY, 6 * DAY, "good"), (10, 6 * DAY + 10, 6 * DAY + 10, "good")];
        check("a pause", known(0, 7), &rows);
        let rows = [
            (0, 40 * DAY, 0, "ahead, no writing"),
            (10, 40 * DAY + 10, 10, "ahead, no writing"),
            (20, 20, 20, "good"),
            (30, 40 * DAY, 30, "stepped"),
        ];
        check("a wrong clock", known(0, 7), &rows);
        let rows = [
            // No battery, until a time server answers.
            (0, -20_000 * DAY, -20_000 * DAY, "behind"),
            (10, -20_000 * DAY + 10, -20_000 * DAY + 10, "behind"),
            (20, DAY, DAY, "good"),
            (30, 9 * DAY, DAY + 10, "stepped"),
        ];
        check("a clock without battery", known(0, 7), &rows);
        let rows = [
            (0, 0, 0, "behind"),
            (10, 10, 10, "behind"),
            (20, 40 * DAY, 20, "stepped"),
            (30, 30, 30, "behind"),
        ];
        check("data from the future", known(3_650 * DAY, 7), &rows);
        let rows = [
            (0, -20_000 * DAY, 0, "behind, no writing"),
            (10, -20_000 * DAY + 10, 10, "behind, no writing"),
            (15, -301, 15, "behind, no writing"),
            (20, DAY, DAY, "good"),
            (30, -DAY, DAY + 10, "stepped"),
        ];
        check("a clock without battery in live", strictly(0, 7), &rows);
        check("a clock that is a little behind", strictly(0, 7), &[(0, -300, -300, "good")]);
    }

    #[test]
    fn an_operator_restarts_it() {
        let wall = Mutex::new(Duration::ZERO);
        let jump = Duration::from_secs(40 * 86_400);
        let source = || {
            let ahead = *wall.lock().unwrap();
            Reading { wall: seconds(0).saturating_add(ahead), monotonic: Duration::ZERO }
        };
        let clock = GuardedClock::new(source, None);
        assert_eq!(clock.read(), (seconds(0), None));
        *wall.lock().unwrap() = jump;
        assert_eq!(clock.now(), seconds(0));
        assert_eq!(word(clock.doubt()), "stepped");
        clock.restart(Some(Known {
            newest: seconds(0).saturating_add(jump),
            bound: MAX_STEP,
            trusts_behind: true,
        }));
        assert_eq!(clock.read(), (seconds(40 * DAY), None));
    }
}

//! Wrong PINs and CVVs of a card in a row, and whether one more is checked. A small row beside the card, which is
//! there only once one was wrong. Pure.

use super::decide::{Presented, Proof};
use florin_types::Timestamp;
use std::time::Duration;
use uuid::Uuid;

/// Wrong PINs in a row after which none is checked any more: three, as chips of cards have it. Three of 10,000 PINs hit
/// once in 3,333 times. Time resets nothing, else a thief who waits could try them all: another PIN of the holder does,
/// or an operator.
pub const MAX_PINS: i64 = 3;

/// Wrong CVVs in a row after which none is checked for [`CVV_PAUSE`]: five. A holder who takes digits for others, and a
/// shop that sends them once more by itself, need three or four. Five of 1,000 CVVs hit once in 200 times.
pub const MAX_CVVS: i64 = 5;

/// How long no CVV is checked after too many were wrong: a day. Whoever knows a number can lock its CVV, so it must
/// end by itself: a CVV cannot be changed. Then one more is checked, and if that is wrong too, it is the next day's
/// turn: who tries a number each day needs 1,000 days for all, about as long as a card is valid.
pub const CVV_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Wrong ones in a row.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CardTries {
    /// The card's id.
    pub card: Uuid,
    /// PINs.
    pub pins: i64,
    /// CVVs.
    pub cvvs: i64,
    /// When a CVV was wrong last.
    pub cvv_at: Timestamp,
}

impl CardTries {
    /// Of a card for which none was wrong.
    pub const fn none(card: Uuid) -> Self {
        Self { card, pins: 0, cvvs: 0, cvv_at: Timestamp::from_micros(0) }
    }

    /// Whether no PIN is checked.
    pub const fn locks_pin(&self) -> bool {
        self.pins >= MAX_PINS
    }

    /// Whether no CVV is checked at a time.
    pub fn locks_cvv(&self, now: Timestamp) -> bool {
        self.cvvs >= MAX_CVVS && now < self.cvv_at.saturating_add(CVV_PAUSE)
    }

    /// After something was presented. What was not checked counts for nothing.
    #[must_use]
    pub const fn after(self, presented: Presented, now: Timestamp) -> Self {
        let mut next = self;
        match presented.cvv {
            Some(Proof::Right) => next.cvvs = 0,
            Some(Proof::Wrong) => (next.cvvs, next.cvv_at) = (next.cvvs.saturating_add(1), now),
            Some(Proof::Unchecked) | None => {}
        }
        match presented.pin {
            Some(Proof::Right) => next.pins = 0,
            Some(Proof::Wrong) => next.pins = next.pins.saturating_add(1),
            Some(Proof::Unchecked) | None => {}
        }
        next
    }

    /// With another PIN.
    #[must_use]
    pub const fn with_new_pin(self) -> Self {
        Self { pins: 0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn cvv(proof: Proof) -> Presented {
        Presented { cvv: Some(proof), ..Presented::default() }
    }

    #[test]
    fn a_right_one_begins_anew_and_what_is_unchecked_counts_not() {
        let presented = |pin| Presented { pin: Some(pin), ..Presented::default() };
        let none = CardTries::none(Uuid::nil());
        let after =
            |proofs: &[Proof]| proofs.iter().fold(none, |tries, proof| tries.after(presented(*proof), at(1)));
        use Proof::{Right, Unchecked, Wrong};
        for (proofs, pins, locks) in [
            (&[Wrong, Wrong][..], 2, false),
            (&[Wrong, Wrong, Right, Wrong], 1, false),
            (&[Wrong, Wrong, Wrong], 3, true),
            (&[Wrong, Wrong, Wrong, Unchecked], 3, true),
        ] {
            let tries = after(proofs);
            assert_eq!((tries.pins, tries.locks_pin(), tries.cvvs), (pins, locks, 0), "{proofs:?}");
            assert!(!tries.with_new_pin().locks_pin());
        }
        assert_eq!(none.after(Presented { expiry: Some(false), ..Presented::default() }, at(1)), none);
    }

    #[test]
    fn a_cvv_is_locked_for_a_day_and_then_for_each_wrong_one() {
        let mut tries = CardTries::none(Uuid::nil());
        for second in 1..=MAX_CVVS {
            assert!(!tries.locks_cvv(at(second)));
            tries = tries.after(cvv(Proof::Wrong), at(second));
        }
        let day = 86_400;
        assert!(tries.locks_cvv(at(MAX_CVVS)) && tries.locks_cvv(at(MAX_CVVS + day - 1)));
        assert!(!tries.locks_cvv(at(MAX_CVVS + day)));
        let again = tries.after(cvv(Proof::Wrong), at(2 * day));
        assert!(again.locks_cvv(at(3 * day - 1)) && !again.locks_cvv(at(3 * day)));
        assert!(!tries.after(cvv(Proof::Right), at(2 * day)).locks_cvv(at(2 * day)));
        assert!(!tries.locks_pin() && tries.with_new_pin().locks_cvv(at(MAX_CVVS)));
    }
}

//! What a challenge is, and what an answer makes of it. Pure.

use crate::kit::request::types::words;
use florin_ledger::HolderId;
use florin_types::{CurrencyCode, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// How often a code may be given: three times, as a PIN. Of a million codes that is a chance of one in 333,333.
pub const TRIES: i64 = 3;

/// How long a code can be given: five minutes, the longest that Regulation (EU) 2018/389, article 4(3)(d), allows a
/// payer to be idle.
pub const VALID: Duration = Duration::from_secs(5 * 60);

/// How long a passed challenge counts for a payment: a day, for shops that authorise when they pack.
const COUNTS: Duration = Duration::from_secs(24 * 60 * 60);

words! {
    /// What a code is for.
    pub enum Purpose {
        /// A payment.
        Secure = "3DS",
        /// Activating a card; the challenge has the card's id.
        Activation = "ACTIVATION",
    }
}

words! {
    /// How a challenge stands.
    pub enum ChallengeStatus {
        /// The code was sent, and not given yet.
        Pending = "PENDING",
        /// The right code was given.
        Authenticated = "AUTHENTICATED",
        /// No code was needed.
        Frictionless = "FRICTIONLESS",
        /// A wrong code was given three times.
        Failed = "FAILED",
        /// The code was not given in time.
        Expired = "EXPIRED",
        /// It was declined without a code.
        Declined = "DECLINED",
        /// It was passed, and a payment was approved by it.
        Used = "USED",
    }
}

/// A challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardChallenge {
    /// Its id.
    pub id: Uuid,
    /// Whose card it is.
    pub holder: HolderId,
    /// The card.
    pub card: Uuid,
    /// What it is for.
    pub purpose: Purpose,
    /// A keyed hash of the code.
    pub code: Vec<u8>,
    /// How often a wrong code was given.
    pub tries: i64,
    /// The merchant's name, sealed; none once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// The merchant's currency.
    pub currency: Option<CurrencyCode>,
    /// How much is to be paid, in its minor units.
    pub amount: Option<i64>,
    /// How it stands.
    pub outcome: ChallengeStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on the code cannot be given.
    pub expires_at: Timestamp,
}

impl CardChallenge {
    /// How it stands at a time.
    pub fn status(&self, now: Timestamp) -> ChallengeStatus {
        let is_over = self.outcome == ChallengeStatus::Pending && now >= self.expires_at;
        if is_over { ChallengeStatus::Expired } else { self.outcome }
    }

    /// The challenge after a code was given at a time.
    #[must_use]
    pub fn after(self, is_right: bool, now: Timestamp) -> Self {
        let outcome = self.status(now);
        if outcome != ChallengeStatus::Pending {
            return Self { outcome, ..self };
        }
        if is_right {
            return Self { outcome: ChallengeStatus::Authenticated, ..self };
        }
        let tries = self.tries + 1;
        let outcome = if tries >= TRIES { ChallengeStatus::Failed } else { outcome };
        Self { tries, outcome, ..self }
    }

    /// Whether it was passed, and counts for a payment at a time.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        let is_passed =
            matches!(self.outcome, ChallengeStatus::Authenticated | ChallengeStatus::Frictionless);
        is_passed && now < self.created_at.saturating_add(COUNTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn challenge() -> CardChallenge {
        CardChallenge {
            id: Uuid::nil(),
            holder: HolderId(7),
            card: Uuid::nil(),
            purpose: Purpose::Secure,
            code: Vec::new(),
            tries: 0,
            sealed: None,
            currency: None,
            amount: None,
            outcome: ChallengeStatus::Pending,
            created_at: at(0),
            expires_at: at(0).saturating_add(VALID),
        }
    }

    #[test]
    fn three_tries_in_five_minutes() {
        use ChallengeStatus as S;
        let after = |answers: &[bool]| {
            answers.iter().fold(challenge(), |challenge, is_right| challenge.after(*is_right, at(299)))
        };
        for (answers, expected) in [
            (&[true][..], S::Authenticated),
            (&[false], S::Pending),
            (&[false, false, true], S::Authenticated),
            (&[false, false, false], S::Failed),
            (&[false, false, false, true], S::Failed),
            (&[true, false, false, false], S::Authenticated),
        ] {
            assert_eq!(after(answers).outcome, expected, "{answers:?}");
        }
        assert_eq!(challenge().after(true, at(300)).outcome, S::Expired);
        assert_eq!((challenge().status(at(299)), challenge().status(at(300))), (S::Pending, S::Expired));
        let used = CardChallenge { outcome: S::Used, ..challenge() };
        assert_eq!(used.after(true, at(1)).outcome, S::Used);
    }

    #[test]
    fn what_is_passed_counts_for_a_day() {
        use ChallengeStatus as S;
        for status in S::ALL {
            let challenge = CardChallenge { outcome: *status, ..challenge() };
            let is_passed = matches!(status, S::Authenticated | S::Frictionless);
            assert_eq!(challenge.counts_at(at(86_399)), is_passed, "{status}");
            assert!(!challenge.counts_at(at(86_400)), "{status}");
        }
    }
}

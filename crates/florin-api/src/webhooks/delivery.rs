//! A delivery: an event on its way to the endpoint, and the attempts that were made. Pure.

use super::schedule::next_try;
use crate::kit::request::types::words;
use florin_types::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Attempts that are kept of a delivery: a whole run of the schedule and some retries by hand.
const MAX_KEPT: usize = 20;

/// The answer by which an endpoint says that it is gone for good (RFC 9110, section 15.5.11).
const GONE: u16 = 410;

words! {
    /// Where a delivery stands.
    pub enum DeliveryStatus {
        /// Not delivered yet.
        Pending = "PENDING",
        /// The endpoint answered 2xx.
        Delivered = "DELIVERED",
        /// The last attempt of the schedule failed.
        Failed = "FAILED",
    }
}

impl DeliveryStatus {
    /// The number that is kept: deliveries are many, and their indexes hold it.
    pub const fn number(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Delivered => 1,
            Self::Failed => 2,
        }
    }

    /// What is kept as this number.
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.number() == number)
    }
}

/// One attempt, as it is kept: short names, since there is one or more for every event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it ended, µs of business time.
    #[serde(rename = "at")]
    pub at: i64,
    /// The answer's status; none where there was no answer.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// The first bytes of the answer's body, as text.
    #[serde(rename = "b", skip_serializing_if = "String::is_empty", default)]
    pub answer: String,
    /// Why there was no answer.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How it is kept.
    pub attempt: Attempt,
    /// What the endpoint asked for.
    pub retry_after: Option<Duration>,
}

impl Ended {
    /// Whether the endpoint took it.
    pub fn is_success(&self) -> bool {
        self.attempt.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the endpoint says that it is no more.
    pub fn is_gone(&self) -> bool {
        self.attempt.status == Some(GONE)
    }

    /// Whether the endpoint seems to have more than it can take, or to be away: then it gets fewer at a time.
    pub fn is_overload(&self) -> bool {
        matches!(self.attempt.status, None | Some(429 | 502..=504))
    }
}

/// How a delivery stands, besides which event it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub status: DeliveryStatus,
    /// When it is tried next, business time; none when it is settled, or waits for an earlier one of its object.
    pub due_at: Option<Timestamp>,
    /// Attempts of the present run of the schedule.
    pub tries: i64,
    /// The newest attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

impl Standing {
    /// Waits for an earlier one of its object.
    pub const WAITING: Self =
        Self { status: DeliveryStatus::Pending, due_at: None, tries: 0, attempts: Vec::new() };

    /// Whether it waits for an earlier one of its object.
    pub fn is_waiting(&self) -> bool {
        self.status == DeliveryStatus::Pending && self.due_at.is_none()
    }

    /// What an attempt makes of it. `chance` spreads what is tried much later.
    pub fn after(mut self, ended: &Ended, chance: u16) -> Self {
        self.tries += 1;
        self.attempts.push(ended.attempt.clone());
        let excess = self.attempts.len().saturating_sub(MAX_KEPT);
        self.attempts.drain(..excess);
        let at = Timestamp::from_micros(ended.attempt.at);
        (self.status, self.due_at) = match ended.is_success() {
            true => (DeliveryStatus::Delivered, None),
            false => match next_try(self.tries, at, ended.retry_after, chance) {
                Some(next) => (DeliveryStatus::Pending, Some(next)),
                None => (DeliveryStatus::Failed, None),
            },
        };
        self
    }

    /// What an attempt makes of it that was given up for no fault of the endpoint's: it is due at once, and is no try.
    pub fn after_move(mut self, ended: &Ended) -> Self {
        let tries = self.tries;
        self = self.after(ended, 0);
        let due_at = Some(Timestamp::from_micros(ended.attempt.at));
        Self { status: DeliveryStatus::Pending, due_at, tries, ..self }
    }

    /// Sent again from the start of the schedule, as soon as it is its turn.
    pub fn again(self) -> Self {
        Self { status: DeliveryStatus::Pending, due_at: None, tries: 0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: Option<u16>) -> Ended {
        let attempt = Attempt { at: 5_000_000, status, answer: String::new(), error: None };
        Ended { attempt, retry_after: None }
    }

    #[test]
    fn only_2xx_is_a_success() {
        for (status, success) in
            [(200, true), (204, true), (299, true), (199, false), (301, false), (302, false), (404, false)]
        {
            assert_eq!(ended(Some(status)).is_success(), success, "{status}");
        }
        assert!(!ended(None).is_success());
    }

    #[test]
    fn a_delivery_fails_with_its_last_attempt_and_begins_anew() {
        let mut standing = Standing::WAITING;
        for tries in 1..12 {
            standing = standing.after(&ended(Some(500)), 0);
            assert_eq!((standing.status, standing.tries), (DeliveryStatus::Pending, tries));
            assert!(standing.due_at.is_some());
        }
        standing = standing.after(&ended(None), 0);
        assert_eq!((standing.status, standing.due_at), (DeliveryStatus::Failed, None));
        assert_eq!(standing.attempts.len(), 12);
        standing = standing.again();
        assert_eq!((standing.status, standing.due_at, standing.tries), (DeliveryStatus::Pending, None, 0));
        for _ in 0..10 {
            standing = standing.after(&ended(Some(500)), 0);
        }
        assert_eq!((standing.attempts.len(), standing.tries), (MAX_KEPT, 10));
        standing = standing.after(&ended(Some(200)), 0);
        assert_eq!((standing.status, standing.due_at), (DeliveryStatus::Delivered, None));
    }

    #[test]
    fn attempts_are_kept_short() {
        let text = serde_json::to_string(&ended(Some(200)).attempt).unwrap();
        assert_eq!(text, r#"{"at":5000000,"s":200}"#);
        assert_eq!(serde_json::from_str::<Attempt>(&text).unwrap(), ended(Some(200)).attempt);
    }
}

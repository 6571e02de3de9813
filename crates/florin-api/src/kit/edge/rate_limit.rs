//! How many calls: a bucket per partner (off in the sandbox), and one per address for wrong keys. Per process, by the
//! `governor` crate's GCRA over the wall clock that is passed in. Headers in the form of
//! draft-ietf-httpapi-ratelimit-headers-10.

use crate::kit::endpoint::codes::P429;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::settings::RateLimit;
use florin_types::{Clock, Timestamp};
use governor::clock::Reference;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter as Governor};
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Wrong keys from one address: nobody mistypes more than one a second, or twenty in a row.
const WRONG_KEYS: RateLimit = RateLimit { per_second: 1, burst: 20 };

/// Questions of one other bank about payees. A bank that sends 100,000 payments a day asks 1.2 times a second, and in
/// its busiest hour four times; a file of payments is asked about in bursts. Each answer costs a look into one book.
const PAYEE_QUESTIONS: RateLimit = RateLimit { per_second: 20, burst: 100 };

/// Calls of payers' pages from one address: a page with its files and its stream is six, and a shop's or a phone
/// network's many customers have one address.
const PAYERS: RateLimit = RateLimit { per_second: 20, burst: 200 };

/// Buckets kept; full ones are dropped when there are more, for a full bucket is as good as none.
const MAX_BUCKETS: usize = 100_000;

/// What is left after a call.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    limit: RateLimit,
    calls: u32,
}

impl Remaining {
    /// `RateLimit-Policy` and `RateLimit`.
    pub fn headers(&self) -> [(&'static str, String); 2] {
        let missing = self.limit.burst.saturating_sub(self.calls);
        let full_in = missing.div_ceil(self.limit.per_second.max(1)).max(1);
        [
            ("ratelimit-policy", format!("\"default\";q={};w=1", self.limit.per_second)),
            ("ratelimit", format!("\"default\";r={};t={full_in}", self.calls)),
        ]
    }
}

/// Our wall clock as governor reads it.
#[derive(Clone)]
struct WallClock(Arc<dyn Clock>);

impl governor::clock::Clock for WallClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now().saturating_since(Timestamp::from_micros(0))
    }
}

struct Buckets<K: Hash + Eq + Clone> {
    limit: RateLimit,
    clock: WallClock,
    governor: Governor<K, DashMapStateStore<K>, WallClock, StateInformationMiddleware>,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(limit: RateLimit, clock: &Arc<dyn Clock>) -> Self {
        let clock = WallClock(Arc::clone(clock));
        let per_second = NonZeroU32::new(limit.per_second).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(limit.burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(per_second).allow_burst(burst);
        let governor: Governor<K, DashMapStateStore<K>, WallClock, StateInformationMiddleware> =
            Governor::new(quota, DashMapStateStore::default(), clock.clone());
        Self { limit, clock, governor }
    }

    /// Counts one and says what is left; over the limit it is P429, with the time after which there is room again.
    fn take(&self, key: &K) -> (Result<(), Refusal>, Remaining) {
        if self.governor.len() > MAX_BUCKETS {
            self.governor.retain_recent();
        }
        let left = |calls| Remaining { limit: self.limit, calls };
        match self.governor.check_key(key) {
            Ok(state) => (Ok(()), left(state.remaining_burst_capacity())),
            Err(not_until) => (Err(over(&not_until, &self.clock)), left(0)),
        }
    }
}

fn over<P: Reference>(not_until: &NotUntil<P>, clock: &impl governor::clock::Clock<Instant = P>) -> Refusal {
    let wait = not_until.wait_time_from(governor::clock::Clock::now(clock));
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Refusal::of(&P429).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX).max(1))
}

/// The limits of an installation.
pub(crate) struct RateLimiter {
    partners: Option<Buckets<Uuid>>,
    addresses: Buckets<IpAddr>,
    askers: Buckets<Uuid>,
    payers: Buckets<IpAddr>,
}

impl RateLimiter {
    pub(crate) fn new(limit: Option<RateLimit>, clock: &Arc<dyn Clock>) -> Self {
        Self {
            partners: limit.map(|limit| Buckets::new(limit, clock)),
            addresses: Buckets::new(WRONG_KEYS, clock),
            askers: Buckets::new(PAYEE_QUESTIONS, clock),
            payers: Buckets::new(PAYERS, clock),
        }
    }

    /// One call of a partner, and what is left after it; none where there is no limit.
    pub(crate) fn check_partner(&self, partner: Uuid) -> Option<(Result<(), Refusal>, Remaining)> {
        self.partners.as_ref().map(|partners| partners.take(&partner))
    }

    /// One call of a payer's page.
    pub(crate) fn check_payer(&self, address: IpAddr) -> Result<(), Refusal> {
        self.payers.take(&address).0
    }

    /// One question of another bank about a payee.
    pub(crate) fn check_asker(&self, asker: Uuid) -> Result<(), Refusal> {
        self.askers.take(&asker).0
    }

    /// Counts a wrong key from an address, and refuses when there were too many. A right key from the same address
    /// still works: who shares it with others is not locked out by them. Off where partners have no limit either.
    pub(crate) fn check_wrong_key(&self, source: Option<IpAddr>) -> Result<(), Refusal> {
        match (source, &self.partners) {
            (Some(ip), Some(_)) => self.addresses.take(&ip).0,
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_types::ManualClock;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_000_000)));
        let shared: Arc<dyn Clock> = clock.clone();
        let buckets = Buckets::new(RateLimit { per_second: 2, burst: 3 }, &shared);
        let calls = |key: u8| match buckets.take(&key) {
            (Ok(()), left) => Ok(left.calls),
            (Err(refusal), left) => {
                assert_eq!(left.calls, 0);
                Err(refusal.details.retry_after_secs)
            }
        };
        assert_eq!([calls(1), calls(1), calls(1)], [Ok(2), Ok(1), Ok(0)]);
        assert_eq!(calls(1), Err(Some(1)));
        assert_eq!(calls(2), Ok(2), "another's bucket is its own");
        clock.advance(Duration::from_millis(499));
        assert_eq!(calls(1), Err(Some(1)));
        clock.advance(Duration::from_millis(1));
        assert_eq!(calls(1), Ok(0));
        clock.advance(Duration::from_secs(60));
        assert_eq!(calls(1), Ok(2), "never fuller than the burst");
    }

    #[test]
    fn headers_have_the_form_of_the_draft() {
        let left = Remaining { limit: RateLimit { per_second: 100, burst: 200 }, calls: 50 };
        let [policy, state] = left.headers();
        assert_eq!(policy, ("ratelimit-policy", "\"default\";q=100;w=1".to_owned()));
        assert_eq!(state, ("ratelimit", "\"default\";r=50;t=2".to_owned()));
    }
}

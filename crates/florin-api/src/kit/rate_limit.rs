//! How many calls: a token bucket per partner (off in the sandbox), and one per address for wrong keys. Per process.
//! Headers in the form of draft-ietf-httpapi-ratelimit-headers-10.

use super::app::RateLimit;
use super::codes::P429;
use super::refusal::Refusal;
use florin_types::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// Wrong keys from one address: nobody mistypes more than one a second, or twenty in a row.
const WRONG_KEYS: RateLimit = RateLimit { per_second: 1, burst: 20 };

/// Buckets kept; full ones are dropped when there are more, for a full bucket is as good as none.
const MAX_BUCKETS: usize = 100_000;

/// Millionths of a token, so that a bucket fills by whole numbers per microsecond.
const TOKEN: u64 = 1_000_000;

/// A bucket at a time.
#[derive(Copy, Clone)]
struct Bucket {
    level: u64,
    at: Timestamp,
}

/// What is left after a call.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// The limit.
    pub limit: RateLimit,
    /// Calls left now.
    pub calls: u64,
    /// Seconds until the bucket is full again, at least 1.
    pub reset_seconds: u64,
}

struct Buckets<K> {
    limit: RateLimit,
    levels: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash + Copy> Buckets<K> {
    fn new(limit: RateLimit) -> Self {
        Self { limit, levels: Mutex::default() }
    }

    /// Takes `tokens` out; over the limit answers after how many seconds there will be one.
    fn take(&self, key: K, tokens: u64, now: Timestamp) -> Result<Remaining, u64> {
        let full = u64::from(self.limit.burst) * TOKEN;
        let rate = u64::from(self.limit.per_second);
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        if levels.len() >= MAX_BUCKETS {
            levels.retain(|_, bucket| filled(*bucket, rate, full, now) < full);
        }
        let bucket = levels.entry(key).or_insert(Bucket { level: full, at: now });
        let level = filled(*bucket, rate, full, now);
        *bucket = Bucket { level, at: now };
        match level.checked_sub(TOKEN) {
            None => Err((TOKEN - level).div_ceil(rate * TOKEN).max(1)),
            Some(_) => {
                bucket.level = level.saturating_sub(tokens * TOKEN);
                let reset_seconds = (full - bucket.level).div_ceil(rate * TOKEN).max(1);
                Ok(Remaining { limit: self.limit, calls: bucket.level / TOKEN, reset_seconds })
            }
        }
    }
}

fn filled(bucket: Bucket, rate: u64, full: u64, now: Timestamp) -> u64 {
    let micros = u64::try_from(now.saturating_since(bucket.at).as_micros()).unwrap_or(u64::MAX);
    bucket.level.saturating_add(micros.saturating_mul(rate)).min(full)
}

/// The limits of an installation.
pub(crate) struct RateLimiter {
    partners: Option<Buckets<Uuid>>,
    addresses: Buckets<IpAddr>,
}

impl RateLimiter {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self { partners: limit.map(Buckets::new), addresses: Buckets::new(WRONG_KEYS) }
    }

    /// One call of a partner; none where there is no limit.
    pub(crate) fn check_partner(&self, partner: Uuid, now: Timestamp) -> Result<Option<Remaining>, Refusal> {
        let Some(partners) = &self.partners else { return Ok(None) };
        partners.take(partner, 1, now).map(Some).map_err(over)
    }

    /// Refuses an address that has tried too many wrong keys. Off where partners have no limit either.
    pub(crate) fn check_address(&self, source: Option<IpAddr>, now: Timestamp) -> Result<(), Refusal> {
        match (source, &self.partners) {
            (Some(ip), Some(_)) => self.addresses.take(ip, 0, now).map(drop).map_err(over),
            _ => Ok(()),
        }
    }

    /// Counts a wrong key.
    pub(crate) fn count_wrong_key(&self, source: Option<IpAddr>, now: Timestamp) {
        if let Some(ip) = source {
            let _ = self.addresses.take(ip, 1, now);
        }
    }
}

fn over(seconds: u64) -> Refusal {
    Refusal::of(&P429).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
}

impl Remaining {
    /// `RateLimit-Policy` and `RateLimit`.
    pub fn headers(&self) -> [(&'static str, String); 2] {
        [
            ("ratelimit-policy", format!("\"default\";q={};w=1", self.limit.per_second)),
            ("ratelimit", format!("\"default\";r={};t={}", self.calls, self.reset_seconds)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let buckets = Buckets::new(RateLimit { per_second: 2, burst: 3 });
        let at = |micros| Timestamp::from_micros(micros);
        for left in [2, 1, 0] {
            assert_eq!(buckets.take(1, 1, at(0)).map(|r| r.calls), Ok(left));
        }
        assert_eq!(buckets.take(1, 1, at(0)), Err(1));
        assert_eq!(buckets.take(2, 1, at(0)).map(|r| r.calls), Ok(2), "another's bucket is its own");
        assert_eq!(buckets.take(1, 1, at(499_999)), Err(1));
        assert_eq!(buckets.take(1, 1, at(500_000)).map(|r| r.calls), Ok(0));
        assert_eq!(buckets.take(1, 1, at(60_000_000)).map(|r| r.calls), Ok(2), "never fuller than the burst");
    }
}

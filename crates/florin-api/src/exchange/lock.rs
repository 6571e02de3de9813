//! What a rate lock is. Pure.

use crate::kit::endpoint::codes::{P435, P436};
use crate::kit::endpoint::refusal::Refusal;
use florin_ledger::HolderId;
use florin_rails::rates::Rates;
use florin_types::{Percentage, Timestamp};
use uuid::Uuid;

/// Rates and a fee that hold for one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLock {
    /// Its id.
    pub id: Uuid,
    /// Whose it is: a user's, or the partner's.
    pub holder: HolderId,
    /// EUR for one unit of each currency.
    pub rates: Rates,
    /// The fee, of what is received.
    pub fee: Percentage,
    /// When it was given.
    pub created_at: Timestamp,
    /// From then on it is expired.
    pub valid_until: Timestamp,
    /// The exchange that used it.
    pub used_by: Option<Uuid>,
}

impl RateLock {
    /// Uses the lock that was found for an exchange of this holder.
    ///
    /// # Errors
    /// P436 where there is none, it is another holder's of the partner, or was used; P435 where it has expired, or
    /// is of a time that is yet to come: a clock was wrong.
    pub fn take(
        found: Option<Self>,
        holder: HolderId,
        now: Timestamp,
        exchange: Uuid,
    ) -> Result<Self, Refusal> {
        let lock = found.ok_or_else(|| Refusal::because(&P436, "it is unknown, or was forgotten"))?;
        if lock.holder != holder {
            return Err(Refusal::because(&P436, "it was given to another holder"));
        }
        if let Some(exchange) = lock.used_by {
            return Err(Refusal::because(&P436, format!("exchange {exchange} has used it")));
        }
        if now < lock.created_at {
            return Err(Refusal::because(&P435, format!("it is valid from {}", lock.created_at)));
        }
        if now >= lock.valid_until {
            return Err(Refusal::because(&P435, format!("it was valid until {}", lock.valid_until)));
        }
        Ok(Self { used_by: Some(exchange), ..lock })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_used_once_by_its_holder_in_time() {
        let at = Timestamp::from_micros;
        let (anna, ben) = (HolderId(7), HolderId(8));
        let [id, first, second] = [1, 2, 3].map(Uuid::from_u128);
        let lock = RateLock {
            id,
            holder: anna,
            rates: Rates::default(),
            fee: Percentage::ZERO,
            created_at: at(100),
            valid_until: at(140),
            used_by: None,
        };
        let take = |lock: &RateLock, holder, now, exchange| {
            RateLock::take(Some(lock.clone()), holder, at(now), exchange).map_err(|refusal| refusal.code.code)
        };
        let used = take(&lock, anna, 139, first).unwrap();
        assert_eq!(used, RateLock { used_by: Some(first), ..lock.clone() });
        assert_eq!(take(&lock, anna, 140, first), Err("P435"));
        assert_eq!(take(&lock, anna, 99, first), Err("P435"), "the clock was set back");
        assert_eq!(take(&lock, ben, 100, first), Err("P436"));
        assert_eq!(
            take(&lock, ben, 140, first),
            Err("P436"),
            "whose it is comes before whether it has expired"
        );
        assert_eq!(take(&used, anna, 101, second), Err("P436"));
        assert_eq!(take(&used, anna, 140, second), Err("P436"));
        assert_eq!(
            RateLock::take(None, anna, at(100), first).map_err(|refusal| refusal.code.code),
            Err("P436")
        );
    }
}

//! A partner as its key proves it, and the keys that were looked up lately.

use crate::kit::book::terms::Terms;
use florin_ledger::BookId;
use florin_types::Timestamp;
use ipnet::IpNet;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long a key is believed without looking again: the longest that a revoked key still works, and how soon another
/// process notices a reset. The book itself is always checked under its lock.
const KEY_CACHE_TIME: Duration = Duration::from_secs(1);

/// Keys remembered. Wrong ones are not, so this is the number of keys in use.
const KEY_CACHE_SIZE: usize = 10_000;

/// A partner, proven by its key.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its public id.
    pub id: Uuid,
    /// Its book, or one that its book has replaced: door and snapshots follow.
    pub book: BookId,
}

/// A partner that calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub partner: Partner,
    /// What is agreed with it.
    pub terms: Arc<Terms>,
}

#[derive(Clone)]
pub(super) struct Known {
    pub(super) caller: Caller,
    pub(super) allowed: Vec<IpNet>,
    pub(super) is_revoked: bool,
    pub(super) looked_at: Timestamp,
}

/// Keys that were looked up lately, by hash.
#[derive(Default)]
pub(crate) struct KeyCache(Mutex<HashMap<[u8; 32], Known>>);

impl KeyCache {
    pub(super) fn get(&self, hash: &[u8; 32], now: Timestamp) -> Option<Known> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|k| now.saturating_since(k.looked_at) < KEY_CACHE_TIME).cloned()
    }

    pub(super) fn keep(&self, hash: [u8; 32], key: Known) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEY_CACHE_SIZE {
            known.clear();
        }
        known.insert(hash, key);
    }

    /// Forgets, so that the next call of any partner looks again.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

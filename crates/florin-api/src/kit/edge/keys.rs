//! A partner as its key proves it, and the keys that were looked up lately.

use crate::kit::book::api_keys::ApiKey;
use crate::kit::book::terms::Terms;
use florin_ledger::BookId;
use florin_types::Timestamp;
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
    /// The keyed hash of the key that it called with.
    pub(crate) key: [u8; 32],
}

#[derive(Clone)]
pub(super) struct Known {
    pub(super) caller: Caller,
    pub(super) key: ApiKey,
    pub(super) looked_at: Timestamp,
}

/// Keys that were looked up lately, by hash, and when keys were used.
#[derive(Default)]
pub(crate) struct KeyCache {
    known: Mutex<HashMap<[u8; 32], Known>>,
    used: Mutex<HashMap<Uuid, Use>>,
}

/// When a key was used last.
#[derive(Copy, Clone)]
struct Use {
    at: Timestamp,
    /// No use of it was noted before: an operator who looks whether a new key is in use need not wait.
    is_first: bool,
}

impl KeyCache {
    pub(super) fn get(&self, hash: &[u8; 32], now: Timestamp) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|k| now.saturating_since(k.looked_at) < KEY_CACHE_TIME).cloned()
    }

    pub(super) fn keep(&self, hash: [u8; 32], key: Known) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEY_CACHE_SIZE {
            known.clear();
        }
        known.insert(hash, key);
    }

    /// Forgets, so that the next call of any partner looks again.
    pub(crate) fn clear(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Remembers that a key was used. Called where a key is looked up, so at most once in [`KEY_CACHE_TIME`] of each.
    pub(super) fn note_use(&self, key: Uuid, at: Timestamp, is_first: bool) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Use { at, is_first });
    }

    /// The uses that were not taken yet, for the row of each key: all of them, or those of keys that have none noted.
    pub(crate) fn take_uses(&self, only_first: bool) -> Vec<(Uuid, Timestamp)> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.extract_if(|_, one| one.is_first || !only_first).map(|(key, one)| (key, one.at)).collect()
    }
}

//! What a command gives back beside its answer.

use std::sync::{Arc, Mutex, PoisonError};

/// What a command gives back beside its answer, to be used once it is committed. A command can run twice: what its last
/// run has put counts.
pub struct Aside<T>(Arc<Mutex<T>>);

impl<T: Default> Aside<T> {
    /// Puts it in the place of what an earlier run has put.
    pub fn put(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }

    /// Takes it, once the command has ended.
    pub fn take(&self) -> T {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: Default> Default for Aside<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Aside<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

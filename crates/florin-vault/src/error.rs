//! What can go wrong with a vault.

use std::io;
use thiserror::Error;

/// What a vault could not do. The texts are for the log: they name folders and addresses, never a key or a content.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VaultError {
    /// Full, gone, not writable, refused or too slow: it may work later, or once the operator has seen to it.
    #[error("the vault is not available: {0}")]
    Unavailable(String),
    /// The vault is another installation's: nothing is written to it or removed from it.
    #[error("{0}")]
    NotOurs(String),
    /// The place is there and the object is not in it.
    #[error("the vault has no such object")]
    Missing,
    /// The object is not what was stored, or the key is not the one it was stored under.
    #[error("the object is damaged, or was not encrypted to this key")]
    Damaged,
    /// Settings that cannot be right, a name used twice, or a fault of ours.
    #[error("the vault failed: {0}")]
    Unexpected(String),
}

impl VaultError {
    /// Any fault of a disk is the place being unavailable: full, read-only, unmounted, out of file descriptors.
    pub(crate) fn io(doing: &str, error: &io::Error) -> Self {
        Self::Unavailable(format!("{doing}: {error}"))
    }

    /// What the type system cannot rule out and the code does.
    pub(crate) fn unexpected(what: impl ToString) -> Self {
        Self::Unexpected(what.to_string())
    }
}

/// Why a deposit was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DepositError<R> {
    /// Its check would not have it.
    #[error("the content was rejected by its check")]
    Rejected(R),
    /// The vault could not take it.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

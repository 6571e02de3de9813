//! What the jobs of this family carry: the user, and the attempt or submission that they are about.

use florin_store::{Job, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A job's payload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    /// The user's handle.
    pub(super) user: String,
    /// The attempt or submission.
    pub(super) of: Uuid,
    /// Objects in the vault, where it is about some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) files: Vec<Uuid>,
}

impl Task {
    pub(super) fn of(user: &str, of: Uuid) -> Self {
        Self { user: user.to_owned(), of, files: Vec::new() }
    }

    pub(super) fn payload(&self) -> Vec<u8> {
        // Strings and ids into memory: there is nothing in it that could fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn read(job: &Job) -> Result<Self, StoreError> {
        serde_json::from_slice(&job.payload).map_err(StoreError::unexpected)
    }
}

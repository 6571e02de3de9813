//! What a command answers, and how it stops short of an answer.

use crate::StoreError;
use bytes::Bytes;

/// An answer as the client gets it, kept byte for byte for a repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Bytes,
}

/// Why a command changed nothing.
#[derive(Clone, Debug)]
pub enum Stop {
    /// It was decided so; kept for a repeat like any answer.
    Refused(Answer),
    /// The request itself was wrong, which only showed inside; not kept, a repeat is looked at anew.
    Invalid(Answer),
    /// Something broke. Nothing is kept; a repeat runs again.
    Fault(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Fault(error)
    }
}

/// What came of a request at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command ran and this is its answer, committed.
    Answered(Answer),
    /// The key was used for the same request before; this was the answer.
    Replayed(Answer),
    /// The key was used for another request, which differed in these fields.
    KeyReused(Vec<String>),
    /// A request with this key is still running.
    InProgress,
}

//! How a handler ends without an answer: a refusal that the client may branch on, or a fault that is logged once, with
//! its cause, and answered P500 or P501 with nothing inside.

use crate::kit::endpoint::codes::{P403, P500, P501};
use crate::kit::endpoint::refusal::Refusal;
use axum::response::{IntoResponse, Response};
use florin_store::{Answer, Stop, StoreError};

/// The end of a call that went wrong.
#[derive(Debug)]
pub enum Failure {
    /// Decided: the client did something that is refused.
    Refused(Refusal),
    /// Broken: something of ours.
    Fault(StoreError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Fault(error)
    }
}

/// A refusal inside a command is an answer like any other, kept for a repeat; but for P403, which is never kept.
impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        let answer = Answer { status: refusal.status().as_u16(), body: refusal.body() };
        if refusal.code.code == P403.code { Self::Invalid(answer) } else { Self::Refused(answer) }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response(),
            Self::Fault(error @ StoreError::Unavailable(_)) => {
                tracing::error!(%error, "answered P501");
                Refusal::of(&P501).into_response()
            }
            Self::Fault(error @ StoreError::Unexpected(_)) => {
                tracing::error!(%error, "answered P500");
                Refusal::of(&P500).into_response()
            }
        }
    }
}

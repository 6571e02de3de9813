//! What a decision on a user's verification does, whoever makes it.

use super::KYC_STATUS_EVENT;
use super::store::{self, Standing};
use crate::kit::codes::{P448, P464};
use crate::kit::refusal::Refusal;
use crate::users::{self, Gate, existing};
use florin_store::{NewEvent, Stop, Tx};
use uuid::Uuid;

/// Why a verification is rejected: the contract's words.
pub const REJECTION_REASONS: &[&str] = &[
    "NO_FACE_FOUND",
    "FACE_MISMATCH",
    "DOCUMENT_UNREADABLE",
    "DOCUMENT_EXPIRED",
    "DOCUMENT_NOT_SUPPORTED",
    "DATA_MISMATCH",
    "SUSPECTED_FRAUD",
    "OTHER",
];

/// A reviewer's word.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The person is who they say.
    Approve,
    /// Not, or not shown; one of [`REJECTION_REASONS`].
    Reject(&'static str),
}

/// Carries a decision out on a touched user. The ids are drawn before the command runs.
pub async fn decide(
    tx: &mut Tx,
    handle: &str,
    decision: Decision,
    [verification_id, event_id]: [Uuid; 2],
) -> Result<(), Stop> {
    let holder = existing(tx.holder(handle))?;
    let (id, uuid, gate) = (holder.id, holder.uuid, Gate::of(holder));
    if gate.is_verified {
        return Err(Refusal::of(&P448).into());
    }
    let standing = match decision {
        Decision::Approve => {
            if !users::find(tx.scope(), id).await?.terms_accepted {
                return Err(Refusal::of(&P464).into());
            }
            tx.set_gate(handle, Gate { is_verified: true, ..gate }.bits())?;
            Standing { status: "VERIFIED", attempt: "SUCCESSFUL", rejection_reason: None }
        }
        Decision::Reject(reason) => Standing {
            status: "NOT_VERIFIED",
            attempt: "REJECTED_BY_PROVIDER",
            rejection_reason: Some(reason),
        },
    };
    store::put(tx, id, verification_id, &standing).await?;
    let data = serde_json::json!({
        "verificationStatus": standing.status,
        "attemptStatus": standing.attempt,
        "rejectionReason": standing.rejection_reason,
    });
    tx.emit(NewEvent {
        id: event_id,
        kind: KYC_STATUS_EVENT,
        object: uuid,
        holder: Some(id),
        of_last_record: false,
        data: data.to_string().into_bytes(),
    });
    Ok(())
}

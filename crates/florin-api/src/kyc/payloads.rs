//! The payloads of this family's events, as their documents show them. The payloads themselves are put together when an
//! event is read: `externalUserId` from the user, the rest as it was kept.

use super::standing::{AttemptStatus, RejectionReason, VerificationStatus};
use crate::kit::request::types::words;
use utoipa::ToSchema;

words! {
    /// The result of decoding the files of an upload.
    pub enum FilesStatus {
        /// All files can be read.
        Added = "ADDED",
        /// A file cannot be read. Upload it again.
        Error = "ERROR",
    }
}

words! {
    /// Where a user's proof of address stands.
    pub enum PoaEventStatus {
        /// It was sent and is being reviewed.
        Waiting = "WAITING",
        /// Accepted.
        Approved = "APPROVED",
        /// Not accepted. Other files may be sent.
        Rejected = "REJECTED",
        /// Not enough. More is to be sent.
        Questioned = "QUESTIONED",
    }
}

/// The result of decoding a user's files.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the payload")]
pub struct KycFilesPayload {
    /// Your own id of the user.
    external_user_id: String,
    /// The result.
    status: FilesStatus,
}

/// Where a user's proof of address stands.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the payload")]
pub struct PoaVerificationPayload {
    /// Your own id of the user.
    external_user_id: String,
    /// Where it stands.
    status: PoaEventStatus,
}

/// Where a user's verification stands.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the payload")]
pub struct KycVerificationPayload {
    /// Your own id of the user.
    external_user_id: String,
    /// Whether the user is known.
    verification_status: VerificationStatus,
    /// How far the current attempt is.
    attempt_status: AttemptStatus,
    /// Why the attempt was rejected; null if it was not.
    #[schema(required)]
    rejection_reason: Option<RejectionReason>,
}

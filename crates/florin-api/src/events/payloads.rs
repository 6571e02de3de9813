//! The events that there are, with what their payloads say. What is not in the table is not rendered.

use crate::balances::{USER_STATUS_EVENT, UserStatusPayload};
use crate::kit::endpoint::table::Shape;
use crate::kyc::{
    FILES_EVENT, KYC_STATUS_EVENT, KycFilesPayload, KycVerificationPayload, POA_EVENT, PoaVerificationPayload,
};
use crate::transfers::{TRANSFER_EVENT, TransferPayload};

/// A type of events that happens today.
pub struct Told {
    /// Its name among [`TYPES`](super::TYPES).
    pub kind: &'static str,
    /// One line.
    pub summary: &'static str,
    /// When it happens.
    pub description: &'static str,
    /// What it says.
    pub payload: Shape,
    /// A payload, as text.
    pub example: &'static str,
}

/// All of them, in the contract's order.
pub const TOLD: &[Told] = &[
    Told {
        kind: USER_STATUS_EVENT,
        summary: "User Balance Generation",
        description: "The balances of a verified user can be used; where the residence has one, the IBAN is there.",
        payload: Shape::of::<UserStatusPayload>(),
        example: r#"{"externalUserId":"customer-1001","status":"ACTIVE"}"#,
    },
    Told {
        kind: FILES_EVENT,
        summary: "KYC File Added",
        description: "The files of an upload were read in full.",
        payload: Shape::of::<KycFilesPayload>(),
        example: r#"{"externalUserId":"customer-1001","status":"ADDED"}"#,
    },
    Told {
        kind: POA_EVENT,
        summary: "POA Verification Status",
        description: "Proof of address was sent, or decided on.",
        payload: Shape::of::<PoaVerificationPayload>(),
        example: r#"{"externalUserId":"customer-1001","status":"APPROVED"}"#,
    },
    Told {
        kind: KYC_STATUS_EVENT,
        summary: "KYC Verification Status",
        description: "The verification of a user went a step further, was decided on, or its document expired.",
        payload: Shape::of::<KycVerificationPayload>(),
        example: concat!(
            r#"{"externalUserId":"customer-1001","verificationStatus":"VERIFIED","#,
            r#""attemptStatus":"SUCCESSFUL","rejectionReason":null}"#,
        ),
    },
    Told {
        kind: TRANSFER_EVENT,
        summary: "P2P Transfer",
        description: "Money went from one user to another, or between a user and your master balance.",
        payload: Shape::of::<TransferPayload>(),
        example: concat!(
            r#"{"id":"0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e6f","sourceExternalUserId":"customer-1001","#,
            r#""destinationExternalUserId":"customer-1002","amount":12.5,"currency":"eur","#,
            r#""status":"SUCCESSFUL","createdAt":"2026-01-31T09:30:00.000Z"}"#,
        ),
    },
];

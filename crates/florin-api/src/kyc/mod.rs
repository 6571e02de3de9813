//! Verification of users: what they send, where it stands, and what a decision does.
//!
//! Method A: files, in any order, then the user verification, then a review. Method B: a verification on a hosted page,
//! then the user verification. Each try is an *attempt*; the present one, and whether the user is known, is the
//! *standing* (`standing.rs` says what may follow what):
//!
//! nothing → `PENDING` → `VERIFICATION` → `SUCCESSFUL`, or `REJECTED_BY_PROVIDER` → `PENDING` … A rejected attempt
//! keeps its files, as evidence; the next one begins without any. `VERIFIED` becomes `EXPIRED` with the document.
//!
//! Balances are made in the transaction that brings the last of approval and user verification. Files go to the vault
//! first and get their rows in the command; objects without a row are removed, at the latest by the sweep. Proof of
//! address (`poa.rs`) goes beside: `REQUIRED` → `WAITING` → `APPROVED`, `REJECTED` or `QUESTIONED`.
//!
//! Accounts touched: none, but those that the balances make. Events: `kyc_files.status`, `kyc_verification.status`,
//! `poa_verification.status`. Jobs: decoding, reviews, expiry.

mod auto_verify;
mod change;
mod create;
mod decide;
mod decode;
mod documents;
mod expire;
mod files;
mod operator;
mod ownership;
mod page;
mod payloads;
mod poa;
mod poa_files;
mod receive;
mod review;
mod shown;
mod standing;
mod status;
mod store;
mod sweep;
mod task;
mod verification;

pub use change::AttemptSecret;
pub use decide::{Decision, decide};
pub use operator::{Exported, OpenReview, Operator, ReviewOf};
pub use ownership::{
    Counted, Marks, RAISE_INTERVAL, begin as begin_ownership, count, renew, work as own_vault,
};
pub use poa::{PoaStatus, decide as decide_poa};
pub use shown::Shown;
pub use standing::RejectionReason;
pub use store::identity_document;
pub use sweep::{SWEEP_AGE, Swept, sweep, work as sweep_now_and_then};

use crate::kit::app::App;
use crate::kit::book::audit;
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{
    Erasure, EventRow, Family, Obstacle, Placeholder, Scenario, no_objects, no_obstacle,
};
use crate::kit::endpoint::table::Shape;
use crate::users::{AUTO_VERIFY_JOB, RENDER_USER_EVENTS};
use florin_store::migration;
use payloads::{KycFilesPayload, KycVerificationPayload, PoaVerificationPayload};

/// The family's table.
pub static FAMILY: Family = Family {
    tag: (
        "Verification",
        "Who your users are: documents, hosted pages, proof of address, and where it all stands.",
    ),
    endpoints: || {
        vec![
            files::endpoint(),
            create::endpoint(),
            page::endpoint(),
            status::endpoint(),
            verification::endpoint(),
            poa_files::endpoint(),
        ]
    },
    jobs: &[
        (decode::DECODE_JOB, |app, job| Box::pin(decode::decode_files(app, job))),
        (review::REVIEW_JOB, |app, job| Box::pin(review::review(app, job))),
        (AUTO_VERIFY_JOB, |app, job| Box::pin(auto_verify::auto_verify(app, job))),
        (poa::POA_REVIEW_JOB, |app, job| Box::pin(poa::review(app, job))),
        (expire::EXPIRE_JOB, |app, job| Box::pin(expire::expire(app, job))),
    ],
    events: EVENTS,
    statements: &[store::STATEMENTS, poa::STATEMENTS, operator::STATEMENTS],
    sets: &[&store::SETS],
    migrations: &[migration!(1003, "1003_kyc")],
    erasures: &[Erasure {
        list: Some(store::NAMES),
        statements: store::ERASE,
        objects: no_objects,
        remove: |app, rows| Box::pin(sweep::remove_objects(app, rows)),
    }],
    sealed: &[&store::VERIFICATIONS, &poa::PROOFS],
    forgets: &[store::FORGET],
    moves: &[audit::MOVE],
    obstacles: &[Obstacle {
        to_suspending: no_obstacle,
        to_deleting: |tx, holder| Box::pin(shown::check_no_review(tx, holder)),
        to_changing_identity: |tx, holder| Box::pin(shown::check_identity_may_change(tx, holder)),
        to_changing_address: |tx, holder| Box::pin(shown::check_address_may_change(tx, holder)),
    }],
    scenarios,
    placeholders: &[Placeholder {
        word: "$verification",
        shown: "3f9c2b7a51d84e06a1c0f5e2d7b89643",
        unknown: "0123456789abcdef0123456789abcdef",
        made_by: Some(("POST", "/v1/kyc", "verificationId")),
    }],
    ..Family::EMPTY
};

const EVENTS: &[EventRow] = &[
    EventRow {
        event: EventType::KycFiles,
        summary: "KYC File Added",
        description: "The files of an upload were decoded.",
        payload: Shape::of::<KycFilesPayload>(),
        example: r#"{"externalUserId":"customer-1001","status":"ADDED"}"#,
        render: RENDER_USER_EVENTS,
    },
    EventRow {
        event: EventType::PoaVerification,
        summary: "POA Verification Status",
        description: "A proof of address was sent or decided on.",
        payload: Shape::of::<PoaVerificationPayload>(),
        example: r#"{"externalUserId":"customer-1001","status":"APPROVED"}"#,
        render: RENDER_USER_EVENTS,
    },
    EventRow {
        event: EventType::KycVerification,
        summary: "KYC Verification Status",
        description: "The verification of a user went a step further, was decided on, or its document expired.",
        payload: Shape::of::<KycVerificationPayload>(),
        example: concat!(
            r#"{"externalUserId":"customer-1001","verificationStatus":"VERIFIED","#,
            r#""attemptStatus":"SUCCESSFUL","rejectionReason":null}"#,
        ),
        render: RENDER_USER_EVENTS,
    },
];

/// The document numbers that end a sandbox's review otherwise.
fn scenarios(_: &App) -> Vec<Scenario> {
    let document = |value: String, outcome: String| Scenario {
        call: "POST /v1/user/verification",
        field: "documentNumber",
        value,
        outcome,
    };
    let hold = "stays in review until POST /v1/sandbox/kyc/{externalUserId}";
    let rejections = RejectionReason::ALL.iter().map(|reason| {
        document(format!("{}{reason}", review::REJECT_PREFIX), format!("rejected with {reason}"))
    });
    rejections.chain([document(review::HOLD.to_owned(), hold.to_owned())]).collect()
}

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

mod change;
mod create;
mod decide;
mod decode;
mod documents;
mod expire;
mod files;
mod operator;
mod page;
mod payloads;
mod poa;
mod poa_files;
mod receive;
mod review;
mod standing;
mod status;
mod store;
mod sweep;
mod verification;
mod work;

pub use change::Drawn;
pub use decide::{Decision, decide};
pub use decode::{DECODE_JOB, decode_files};
pub use expire::{EXPIRE_JOB, expire};
pub use operator::{Exported, OpenReview, Operator, ReviewOf, Shown};
pub use payloads::{KycFilesPayload, KycVerificationPayload, PoaVerificationPayload};
pub use poa::{POA_REVIEW_JOB, PoaStatus, decide as decide_poa, review as review_poa};
pub use review::{HOLD, REJECT_PREFIX, REVIEW_JOB, review};
pub use standing::REJECTION_REASONS;
pub(crate) use store::SETS;
pub use store::{ERASE, FORGET, NAMES};
pub use sweep::{SWEEP_AGE, Swept, remove_objects, sweep, work as sweep_now_and_then};

use crate::kit::endpoint::table::Endpoint;
use florin_store::Statement;

/// The event types of this family.
pub const KYC_STATUS_EVENT: &str = "kyc_verification.status";
/// What came of the full decode of uploaded files.
pub const FILES_EVENT: &str = "kyc_files.status";
/// Where proof of address stands.
pub const POA_EVENT: &str = "poa_verification.status";

/// The calls of this family.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        files::endpoint(),
        create::endpoint(),
        page::endpoint(),
        status::endpoint(),
        verification::endpoint(),
        poa_files::endpoint(),
    ]
}

/// Every statement here, for the test that prepares and runs them all.
pub fn statements() -> Vec<Statement> {
    [store::STATEMENTS, poa::STATEMENTS, operator::STATEMENTS].concat()
}

//! Verification of users: where it stands, and what a decision does.
//!
//! An approval is one transaction: the verification is `VERIFIED`, the gate opens, and the partner is told; the
//! caller makes the balances in the same transaction (`sandbox/kyc.rs`). A rejection can be followed by another
//! attempt.
//!
//! Deliberately not here yet: files, the hosted page, automatic reviewers. Decisions come from the sandbox.
//!
//! Accounts touched: none. Events: `kyc_verification.status`.

mod decide;
mod store;

pub use decide::{Decision, REJECTION_REASONS, decide};
pub use store::STATEMENTS;

/// The event type of this family.
pub const KYC_STATUS_EVENT: &str = "kyc_verification.status";

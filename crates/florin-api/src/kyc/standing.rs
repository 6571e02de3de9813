//! Where a verification stands and what may follow what. Pure.

use super::documents::DocumentType;
use crate::kit::endpoint::codes::{Code, P448, P449, P459, P464, P465};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::types::words;

words! {
    /// Whether the user is known.
    pub enum VerificationStatus {
        /// Not yet.
        NotVerified = "NOT_VERIFIED",
        /// The user is known.
        Verified = "VERIFIED",
        /// The document by which the user was verified has expired since. The user can receive money, but not send it.
        Expired = "EXPIRED",
    }
}

words! {
    /// How far the current attempt is.
    pub enum AttemptStatus {
        /// Something was sent, or a page was opened for it.
        Pending = "PENDING",
        /// Everything was sent and is being reviewed.
        InReview = "VERIFICATION",
        /// Not accepted. Another attempt may follow.
        Rejected = "REJECTED_BY_PROVIDER",
        /// Accepted.
        Successful = "SUCCESSFUL",
    }
}

words! {
    /// How an attempt goes.
    pub enum Method {
        /// Method A: the partner sends files.
        Files = "FILES",
        /// Method B: the user sends them on a hosted page.
        Hosted = "HOSTED",
        /// Decided without anything having been sent, in a sandbox.
        Reviewer = "REVIEWER",
    }
}

words! {
    /// Why a verification was rejected.
    pub enum RejectionReason {
        /// No face was found in the selfie.
        NoFaceFound = "NO_FACE_FOUND",
        /// The face is not the one in the document.
        FaceMismatch = "FACE_MISMATCH",
        /// The document cannot be read.
        DocumentUnreadable = "DOCUMENT_UNREADABLE",
        /// The document has expired.
        DocumentExpired = "DOCUMENT_EXPIRED",
        /// Documents of this kind are not accepted.
        DocumentNotSupported = "DOCUMENT_NOT_SUPPORTED",
        /// The document says something else than the user's profile.
        DataMismatch = "DATA_MISMATCH",
        /// The document looks forged.
        SuspectedFraud = "SUSPECTED_FRAUD",
        /// Another reason.
        Other = "OTHER",
    }
}

/// Where a user stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether the user is known.
    pub status: VerificationStatus,
    /// How far the present attempt is.
    pub progress: AttemptStatus,
    /// Why it was rejected, when it was.
    pub rejection_reason: Option<RejectionReason>,
    /// How the present attempt goes.
    pub method: Method,
}

impl Standing {
    /// Before anything was sent.
    const NOTHING: Self = Self {
        status: VerificationStatus::NotVerified,
        progress: AttemptStatus::Rejected,
        rejection_reason: None,
        method: Method::Files,
    };

    /// The first step of a new attempt. A user whose document has expired stays so until another is approved.
    pub fn begun(before: Option<Self>, method: Method) -> Self {
        let status = before.map_or(VerificationStatus::NotVerified, |standing| standing.status);
        Self { status, progress: AttemptStatus::Pending, rejection_reason: None, method }
    }

    /// All was sent.
    pub fn in_review(self) -> Self {
        Self { progress: AttemptStatus::InReview, ..self }
    }

    /// Approved.
    pub fn approved(self) -> Self {
        Self {
            status: VerificationStatus::Verified,
            progress: AttemptStatus::Successful,
            rejection_reason: None,
            ..self
        }
    }

    /// Rejected.
    pub fn rejected(self, reason: RejectionReason) -> Self {
        Self { progress: AttemptStatus::Rejected, rejection_reason: Some(reason), ..self }
    }

    /// The document has expired.
    pub fn expired(self) -> Self {
        Self { status: VerificationStatus::Expired, ..self }
    }

    /// Whether files that come now belong to the present attempt; else they begin a new one.
    pub fn takes_files(self) -> bool {
        self.progress == AttemptStatus::Pending && self.method == Method::Files
    }

    /// Whether a reviewer's word is about the present attempt; else it begins a new one.
    pub fn takes_decision(self) -> bool {
        matches!(self.progress, AttemptStatus::Pending | AttemptStatus::InReview)
    }
}

/// Whether something may be sent, or a page opened for it: not by who is known, and not while somebody looks.
pub fn may_begin(standing: Option<Standing>) -> Result<(), Refusal> {
    let Some(standing) = standing else { return Ok(()) };
    match (standing.status, standing.progress) {
        (VerificationStatus::Verified, _) => Err(Refusal::of(&P448)),
        (_, AttemptStatus::InReview) => Err(Refusal::of(&P465)),
        _ => Ok(()),
    }
}

/// What a user verification leads to.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A review.
    Review,
    /// Nothing is left to look at: the balances.
    Balances,
}

/// What is known when a user verification comes.
#[derive(Copy, Clone, Debug)]
pub struct Submission<'a> {
    /// Where the user stands.
    pub standing: Option<Standing>,
    /// Whether there are balances already.
    pub has_balances: bool,
    /// Whether the present attempt has the data of its document already.
    pub has_document: bool,
    /// Whether the terms were accepted.
    pub terms_accepted: bool,
    /// The document that is named.
    pub document: DocumentType,
    /// The parts that the present attempt has files of.
    pub parts: &'a [String],
}

impl Submission<'_> {
    /// What follows, or why nothing may.
    pub fn next(self) -> Result<Next, Refusal> {
        let standing = self.standing.unwrap_or(Standing::NOTHING);
        match (standing.status, standing.progress) {
            (VerificationStatus::Verified, _) if self.has_document || self.is_decided(standing) => {
                return Err(Refusal::of(&P448));
            }
            (_, AttemptStatus::InReview) => return Err(Refusal::of(&P465)),
            _ => {}
        }
        let next = match (standing.status, standing.method) {
            (VerificationStatus::Verified, _) => Next::Balances,
            (_, Method::Hosted) if standing.progress != AttemptStatus::Successful => {
                return Err(Refusal::of(&P459));
            }
            _ => self.check_files(standing).map(|()| Next::Review)?,
        };
        if self.terms_accepted { Ok(next) } else { Err(Refusal::of(&P464)) }
    }

    /// Whether nothing is waited for although no data came: a reviewer's short way.
    fn is_decided(self, standing: Standing) -> bool {
        self.has_balances && standing.method == Method::Reviewer
    }

    fn check_files(self, standing: Standing) -> Result<(), Refusal> {
        let is_there = |part: &str| standing.takes_files() && self.parts.iter().any(|there| there == part);
        let needed = self.document.parts();
        let missing: Vec<_> = needed.iter().copied().filter(|part| !is_there(part)).collect();
        match missing.as_slice() {
            [] => Ok(()),
            missing => Err(Refusal::with(&P449, format!("{}: {} missing", P449.message, listed(missing)))),
        }
    }
}

/// `front_id is`, `front_id and selfie are`.
fn listed(parts: &[&str]) -> String {
    match parts {
        [one] => format!("{one} is"),
        [first @ .., last] => format!("{} and {last} are", first.join(", ")),
        [] => String::new(),
    }
}

/// Whether a reviewer may decide: not about who is known already.
pub fn may_decide(standing: Option<Standing>) -> Result<(), &'static Code> {
    match standing {
        Some(Standing { status: VerificationStatus::Verified, .. }) => Err(&P448),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;

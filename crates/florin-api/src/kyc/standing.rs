//! Where a verification stands and what may follow what. Pure.

use super::documents::DocumentType;
use crate::kit::endpoint::codes::{Code, P448, P449, P459, P464, P465};
use crate::kit::endpoint::refusal::Refusal;

/// Whether the user is known: the contract's `verificationStatus`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not yet.
    NotVerified,
    /// Yes.
    Verified,
    /// By a document that has expired since.
    Expired,
}

/// How far the present attempt is: the contract's `attemptStatus`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Something was sent, or a page was opened for it.
    Pending,
    /// All was sent: somebody looks at it.
    InReview,
    /// Not accepted; another attempt may follow.
    Rejected,
    /// Accepted.
    Successful,
}

/// How an attempt goes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// A: the partner sends files.
    Files,
    /// B: the user sends them on a hosted page.
    Hosted,
    /// Decided without anything having been sent: a sandbox's short way.
    Reviewer,
}

macro_rules! words {
    ($type:ident: $($case:ident $word:literal),+) => {
        impl $type {
            /// The word that is kept and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$case => $word),+ }
            }

            /// The case of a kept word.
            pub fn parse(word: &str) -> Option<Self> {
                [$(Self::$case),+].into_iter().find(|case| case.as_str() == word)
            }
        }
    };
}

words!(Status: NotVerified "NOT_VERIFIED", Verified "VERIFIED", Expired "EXPIRED");
words!(Progress: Pending "PENDING", InReview "VERIFICATION", Rejected "REJECTED_BY_PROVIDER", Successful "SUCCESSFUL");
words!(Method: Files "FILES", Hosted "HOSTED", Reviewer "REVIEWER");

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

/// The reason of a file that can't be decoded in full.
pub const UNREADABLE: &str = "DOCUMENT_UNREADABLE";

/// Where a user stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether the user is known.
    pub status: Status,
    /// How far the present attempt is.
    pub progress: Progress,
    /// Why it was rejected, when it was.
    pub rejection_reason: Option<&'static str>,
    /// How the present attempt goes.
    pub method: Method,
}

impl Standing {
    /// Before anything was sent.
    const NOTHING: Self = Self {
        status: Status::NotVerified,
        progress: Progress::Rejected,
        rejection_reason: None,
        method: Method::Files,
    };

    /// The first step of a new attempt. A user whose document has expired stays so until another is approved.
    pub fn begun(before: Option<Self>, method: Method) -> Self {
        let status = before.map_or(Status::NotVerified, |standing| standing.status);
        Self { status, progress: Progress::Pending, rejection_reason: None, method }
    }

    /// All was sent.
    pub fn in_review(self) -> Self {
        Self { progress: Progress::InReview, ..self }
    }

    /// Approved.
    pub fn approved(self) -> Self {
        Self { status: Status::Verified, progress: Progress::Successful, rejection_reason: None, ..self }
    }

    /// Rejected.
    pub fn rejected(self, reason: &'static str) -> Self {
        Self { progress: Progress::Rejected, rejection_reason: Some(reason), ..self }
    }

    /// The document has expired.
    pub fn expired(self) -> Self {
        Self { status: Status::Expired, ..self }
    }

    /// Whether files that come now belong to the present attempt; else they begin a new one.
    pub fn takes_files(self) -> bool {
        self.progress == Progress::Pending && self.method == Method::Files
    }

    /// Whether a reviewer's word is about the present attempt; else it begins a new one.
    pub fn takes_decision(self) -> bool {
        matches!(self.progress, Progress::Pending | Progress::InReview)
    }
}

/// Whether something may be sent, or a page opened for it: not by who is known, and not while somebody looks.
pub fn may_begin(standing: Option<Standing>) -> Result<(), Refusal> {
    let Some(standing) = standing else { return Ok(()) };
    match (standing.status, standing.progress) {
        (Status::Verified, _) => Err(Refusal::of(&P448)),
        (_, Progress::InReview) => Err(Refusal::of(&P465)),
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
            (Status::Verified, _) if self.has_document || self.is_decided(standing) => {
                return Err(Refusal::of(&P448));
            }
            (_, Progress::InReview) => return Err(Refusal::of(&P465)),
            _ => {}
        }
        let next = match (standing.status, standing.method) {
            (Status::Verified, _) => Next::Balances,
            (_, Method::Hosted) if standing.progress != Progress::Successful => {
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
        Some(Standing { status: Status::Verified, .. }) => Err(&P448),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;

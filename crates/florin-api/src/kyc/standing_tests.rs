//! Who is where gets what: tables.

use super::*;

const fn standing(status: VerificationStatus, progress: AttemptStatus, method: Method) -> Standing {
    Standing { status, progress, rejection_reason: None, method }
}

const ALL_STATUSES: [VerificationStatus; 3] =
    [VerificationStatus::NotVerified, VerificationStatus::Verified, VerificationStatus::Expired];
const ALL_PROGRESS: [AttemptStatus; 4] =
    [AttemptStatus::Pending, AttemptStatus::InReview, AttemptStatus::Rejected, AttemptStatus::Successful];
const ALL_METHODS: [Method; 3] = [Method::Files, Method::Hosted, Method::Reviewer];

fn code<T>(result: Result<T, Refusal>) -> &'static str {
    result.map_or_else(|refusal| refusal.code.code, |_| "")
}

#[test]
fn words_are_the_contracts_and_come_back() {
    assert_eq!(ALL_STATUSES.map(VerificationStatus::as_str), ["NOT_VERIFIED", "VERIFIED", "EXPIRED"]);
    let progress = ["PENDING", "VERIFICATION", "REJECTED_BY_PROVIDER", "SUCCESSFUL"];
    assert_eq!(ALL_PROGRESS.map(AttemptStatus::as_str), progress);
    assert!(ALL_STATUSES.iter().all(|status| VerificationStatus::of_word(status.as_str()) == Some(*status)));
    assert!(ALL_PROGRESS.iter().all(|progress| AttemptStatus::of_word(progress.as_str()) == Some(*progress)));
    assert!(ALL_METHODS.iter().all(|method| Method::of_word(method.as_str()) == Some(*method)));
    assert_eq!(VerificationStatus::of_word("verified"), None);
}

#[test]
fn nothing_is_begun_by_who_is_known_or_while_somebody_looks() {
    assert_eq!(code(may_begin(None)), "");
    for (status, progress, expected) in [
        (VerificationStatus::NotVerified, AttemptStatus::Pending, ""),
        (VerificationStatus::NotVerified, AttemptStatus::InReview, "P465"),
        (VerificationStatus::NotVerified, AttemptStatus::Rejected, ""),
        (VerificationStatus::Verified, AttemptStatus::Successful, "P448"),
        (VerificationStatus::Expired, AttemptStatus::Successful, ""),
        (VerificationStatus::Expired, AttemptStatus::Pending, ""),
        (VerificationStatus::Expired, AttemptStatus::InReview, "P465"),
        (VerificationStatus::Expired, AttemptStatus::Rejected, ""),
    ] {
        for method in ALL_METHODS {
            let found = code(may_begin(Some(standing(status, progress, method))));
            assert_eq!(found, expected, "{status:?} {progress:?} {method:?}");
        }
    }
}

/// Who is where, with which files and terms, gets what: the table of the contract's section 2.1.
#[test]
fn a_user_verification_leads_to_a_review_or_to_balances_or_nowhere() {
    use AttemptStatus::{InReview, Pending, Rejected, Successful};
    use Method::{Files, Hosted, Reviewer};
    use VerificationStatus::{Expired, NotVerified, Verified};
    let all = ["front_id", "back_id", "selfie"];
    /// Standing, balances, parts, terms, expected.
    type Row<'a> = (Option<Standing>, bool, &'a [&'a str], bool, &'a str);
    let rows: &[Row<'_>] = &[
        (None, false, &[], true, "P449"),
        (None, false, &[], false, "P449"),
        (Some(standing(NotVerified, Pending, Files)), false, &all, true, "review"),
        (Some(standing(NotVerified, Pending, Files)), false, &all, false, "P464"),
        (Some(standing(NotVerified, Pending, Files)), false, &all[..2], true, "P449"),
        (Some(standing(NotVerified, Pending, Files)), false, &all[..2], false, "P449"),
        (Some(standing(NotVerified, InReview, Files)), false, &all, true, "P465"),
        (Some(standing(NotVerified, Rejected, Files)), false, &all, true, "P449"),
        (Some(standing(NotVerified, Rejected, Reviewer)), false, &[], true, "P449"),
        (Some(standing(Verified, Successful, Files)), true, &all, true, "P448"),
        (Some(standing(Verified, Successful, Reviewer)), true, &[], true, "P448"),
        (Some(standing(NotVerified, Pending, Hosted)), false, &[], true, "P459"),
        (Some(standing(NotVerified, InReview, Hosted)), false, &[], true, "P465"),
        (Some(standing(NotVerified, Rejected, Hosted)), false, &[], true, "P459"),
        (Some(standing(Verified, Successful, Hosted)), false, &[], true, "balances"),
        (Some(standing(Verified, Successful, Hosted)), false, &[], false, "P464"),
        (Some(standing(Verified, Successful, Hosted)), true, &[], true, "P448"),
        (Some(standing(Verified, Successful, Files)), false, &all[..1], true, "balances"),
        (Some(standing(Expired, Successful, Files)), true, &all, true, "P449"),
        (Some(standing(Expired, Pending, Files)), true, &all, true, "review"),
        (Some(standing(Expired, Pending, Hosted)), true, &[], true, "P459"),
    ];
    for (standing, has_balances, parts, terms_accepted, expected) in rows {
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let submission = Submission {
            standing: *standing,
            has_balances: *has_balances,
            has_document: *has_balances
                && standing.is_some_and(|standing| standing.method != Method::Reviewer),
            terms_accepted: *terms_accepted,
            document: DocumentType::IdCard,
            parts: &parts,
        };
        let found = match submission.next() {
            Ok(Next::Review) => "review",
            Ok(Next::Balances) => "balances",
            Err(refusal) => refusal.code.code,
        };
        assert_eq!(found, *expected, "{standing:?} {parts:?} terms {terms_accepted}");
    }
}

#[test]
fn each_document_needs_its_own_files() {
    let needs = |document: DocumentType, parts: &[&str]| {
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let standing = Some(standing(VerificationStatus::NotVerified, AttemptStatus::Pending, Method::Files));
        let submission = Submission {
            standing,
            has_balances: false,
            has_document: false,
            terms_accepted: true,
            document,
            parts: &parts,
        };
        submission.next().map_or_else(|refusal| refusal.message.into_owned(), |_| String::new())
    };
    assert_eq!(needs(DocumentType::Passport, &["selfie", "front_id"]), "");
    assert_eq!(needs(DocumentType::Passport, &["front_id"]), "KYC files are incomplete: selfie is missing");
    for card in [DocumentType::IdCard, DocumentType::ResidencePermit, DocumentType::DriverLicense] {
        assert_eq!(needs(card, &["front_id", "back_id", "selfie"]), "");
        let message = "KYC files are incomplete: front_id, back_id and selfie are missing";
        assert_eq!(needs(card, &["files"]), message);
        assert_eq!(needs(card, &["front_id", "selfie"]), "KYC files are incomplete: back_id is missing");
    }
}

#[test]
fn steps_keep_what_they_do_not_change() {
    let begun = Standing::begun(None, Method::Files);
    assert_eq!(begun, standing(VerificationStatus::NotVerified, AttemptStatus::Pending, Method::Files));
    let rejected = begun.in_review().rejected(RejectionReason::Other);
    assert_eq!(
        (rejected.status, rejected.rejection_reason),
        (VerificationStatus::NotVerified, Some(RejectionReason::Other))
    );
    assert!(!rejected.takes_files() && !rejected.takes_decision());
    let again = Standing::begun(Some(rejected), Method::Hosted);
    assert_eq!(again.rejection_reason, None);
    assert!(!again.takes_files() && again.takes_decision());
    let expired = begun.in_review().approved().expired();
    assert_eq!(expired, standing(VerificationStatus::Expired, AttemptStatus::Successful, Method::Files));
    // A new attempt does not make an expired user anything else; its approval does.
    let renewing = Standing::begun(Some(expired), Method::Files);
    assert_eq!(renewing, standing(VerificationStatus::Expired, AttemptStatus::Pending, Method::Files));
    assert_eq!(renewing.rejected(RejectionReason::Other).status, VerificationStatus::Expired);
    assert_eq!(renewing.approved().status, VerificationStatus::Verified);
}

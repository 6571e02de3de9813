//! What a status report (pain.002) says about the payments of one of our files. Pure.
//!
//! A status of a payment counts for it alone. A status of the payment information counts for a payment below it that is
//! named without a status. It also counts, or else a status of the whole file, for all payments that the report does
//! not name.

use super::messages::{NotHeard, payment_of};
use crate::sepa::{Reason, Status};
use florin_iso20022::{StatusReason, StatusReport, TransactionStatus};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Why a payment was refused, where the bank's reason is no code.
const NO_REASON: Reason = Reason::NOT_GIVEN;

/// Reasons for which a bank refuses what it has already. The payments that it has go on, so such a refusal must not
/// release their money.
const DUPLICATE: [&str; 8] = ["AM05", "DUPL", "DUPM", "DU01", "DU02", "DU03", "DU04", "DU05"];

/// What banks write for an identifier that they do not give.
const NOT_PROVIDED: &str = "NOTPROVIDED";

/// A status report about one of our files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses {
    /// What the bank calls the report.
    pub report: String,
    /// The message id of our file.
    pub file: String,
    /// Every payment that the report names, each time that it does, with its status where it has one that decides
    /// something.
    pub named: Vec<(Uuid, Option<Told>)>,
    /// The status of all other payments of the file.
    pub others: Option<Told>,
}

/// A status with what the bank says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The bank's code of the status.
    pub code: String,
    /// The status.
    pub status: Status,
    /// Whether the bank refuses it as something that it has already.
    pub is_duplicate: bool,
}

impl Statuses {
    /// The payments that the report names.
    #[must_use]
    pub fn names(&self) -> BTreeSet<Uuid> {
        self.named.iter().map(|(payment, _)| *payment).collect()
    }
}

pub(super) fn statuses(report: &StatusReport) -> Result<Statuses, NotHeard> {
    let of_report = report.status.as_ref().map(|status| (status, report.reason.as_ref()));
    let (mut named, mut of_group) = (Vec::new(), None);
    for group in &report.groups {
        let is_ours = group.original_id == report.original_message_id || group.original_id == NOT_PROVIDED;
        let above = group.status.as_ref().map(|status| (status, group.reason.as_ref()));
        if above.is_some() && !is_ours {
            return Err(NotHeard::Group);
        }
        for payment in &group.payments {
            let id = payment.original_end_to_end_id.as_deref();
            let Some(id) = payment_of(id.or(payment.original_instruction_id.as_deref())) else { continue };
            let own = payment.status.as_ref().map(|status| (status, payment.reason.as_ref()));
            named.push((id, own.or(above).and_then(told)));
        }
        of_group = of_group.or(above);
    }
    // That the bank works on a file is known when it was sent.
    let others = of_group.or(of_report).and_then(told).filter(|told| told.status != Status::Accepted);
    let (report_id, file) = (report.message_id.clone(), report.original_message_id.clone());
    Ok(Statuses { report: report_id, file, named, others })
}

fn told((code, reason): (&TransactionStatus, Option<&StatusReason>)) -> Option<Told> {
    let status = status_of(code, reason)?;
    let word = reason.and_then(|reason| reason.reason.as_ref()).map(|reason| reason.as_str());
    let is_duplicate =
        matches!(status, Status::Rejected(_)) && word.is_some_and(|word| DUPLICATE.contains(&word));
    Some(Told { code: code.code().to_owned(), status, is_duplicate })
}

/// What a code means for a payment. None: it is not decided yet, or not for all.
fn status_of(code: &TransactionStatus, reason: Option<&StatusReason>) -> Option<Status> {
    use TransactionStatus as S;
    match code {
        S::Rejected | S::Cancelled => Some(Status::Rejected(reason_of(reason))),
        S::SettledForDebtor | S::SettledForCreditor => Some(Status::Settled),
        S::AcceptedTechnically
        | S::AcceptedProfile
        | S::AcceptedFunds
        | S::AcceptedWithChange
        | S::AcceptedNotPosted
        | S::SettlementInProcess => Some(Status::Accepted),
        S::Received | S::PartiallyAccepted | S::Pending | S::Other(_) => None,
    }
}

pub(super) fn reason_of(reason: Option<&StatusReason>) -> Reason {
    let code = reason.and_then(|reason| reason.reason.as_ref());
    code.and_then(|code| Reason::parse(code.as_str()).ok()).unwrap_or(NO_REASON)
}

//! Recalls in files: what a camt.056 of the bank asks for, what a camt.029 answers, and the files by which we ask and
//! answer. One file of ours is about one recall, whose id is in its name. Pure.

use super::bookings::{mark, reference};
use super::messages::payment_of;
use super::statuses::reason_of;
use super::{FileRail, Folder, message_id};
use crate::sepa::{Order, RailError, Reason, RecallCase, RecallOrder, RecallRequest, RecallWhat};
use florin_iso20022::{
    Document, Limits, Original, RecallAnswer, RecallDecision, RecallOutcome, RecalledPayment, StatusReason,
    WriteError, WriteProblem, read,
};
use florin_types::{Bic, Date};
use uuid::Uuid;

/// The message that our payments are in.
const OF_OURS: &str = "pain.001.001.09";

/// Keyed hashes of the references by which a recall names a payment; none of what is not given.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The payer's reference.
    pub end_to_end_id: Option<[u8; 8]>,
    /// The first bank's reference.
    pub transaction_id: Option<[u8; 8]>,
    /// The unique reference.
    pub uetr: Option<[u8; 8]>,
}

impl Names {
    pub(super) fn of(
        key: &[u8; 32],
        [end_to_end_id, transaction_id]: [Option<&str>; 2],
        uetr: Option<Uuid>,
    ) -> Self {
        let uetr = uetr.map(|uetr| uetr.to_string());
        Self {
            end_to_end_id: mark(key, 1, reference(end_to_end_id)),
            transaction_id: mark(key, 4, transaction_id),
            uetr: mark(key, 5, uetr.as_deref()),
        }
    }

    /// Those that a recall names. `key` is that of the bookings.
    #[must_use]
    pub fn of_case(case: &RecallCase, key: &[u8; 32]) -> Self {
        let [end_to_end_id, transaction_id] = [&case.end_to_end_id, &case.transaction_id];
        Self::of(key, [end_to_end_id.as_deref(), transaction_id.as_deref()], case.uetr)
    }

    /// Whether both name one payment. The surest reference that both have decides: payers use theirs again.
    #[must_use]
    pub fn agree(self, other: Self) -> bool {
        let pairs = [
            (self.uetr, other.uetr),
            (self.transaction_id, other.transaction_id),
            (self.end_to_end_id, other.end_to_end_id),
        ];
        let surest = pairs.into_iter().find_map(|(one, other)| Some((one?, other?)));
        surest.is_some_and(|(one, other)| one == other)
    }

    /// Whether both certainly name two payments: the surest reference that both have decides. Banks pass the unique
    /// reference and the payer's on, and some change or cut the payer's. The transaction id can be another bank's, so
    /// that another one says nothing.
    #[must_use]
    pub fn differ(self, other: Self) -> bool {
        let both = |one: Option<[u8; 8]>, other: Option<[u8; 8]>| one.zip(other);
        if let Some((one, other)) = both(self.uetr, other.uetr) {
            return one != other;
        }
        if both(self.transaction_id, other.transaction_id).is_some_and(|(one, other)| one == other) {
            return false;
        }
        both(self.end_to_end_id, other.end_to_end_id).is_some_and(|(one, other)| one != other)
    }
}

/// A payment that a bank asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedFor {
    /// The id of the request for it: the same in every file that has it.
    pub id: String,
    /// The request. It does not know yet which message has brought the money.
    pub request: RecallRequest,
    /// What is known of the payment, and of who asks.
    pub case: RecallCase,
}

/// What a bank answers about a payment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The id of the answer: the same in every file that has it.
    pub id: String,
    /// The payment, where it is named in our form.
    pub payment: Option<Uuid>,
    /// What it names that may be the id of a recall of ours, the nearest first.
    pub recalls: Vec<Uuid>,
    /// Why the money does not come back. None where it does, or where that is not decided.
    pub refusal: Option<Reason>,
}

pub(super) fn asked_for(message: &florin_iso20022::RecallRequest, key: &[u8; 32]) -> Vec<AskedFor> {
    let bank = |bic: &Option<Bic>| bic.as_ref().map(|bic| bic.as_str().to_owned());
    let asked_for = |payment: &RecalledPayment| {
        let RecalledPayment { recall_id, original, reason } = payment;
        let case = RecallCase {
            from: bank(&message.from),
            to: bank(&message.to),
            asked_on: message.created_at.day_of_t2().to_string(),
            message_id: original.message_id.clone(),
            message_name: original.message_name.clone(),
            instruction_id: original.instruction_id.clone(),
            end_to_end_id: original.end_to_end_id.clone(),
            transaction_id: original.transaction_id.clone(),
            uetr: original.uetr,
            amount: original.cents.unwrap_or_default(),
            settled_on: original.settlement_date.map(|date| date.to_string()),
        };
        let recall_id = recall_id.clone().unwrap_or_default();
        let text = reason.as_ref().and_then(|reason| reason.info.as_ref());
        AskedFor {
            id: id_of(key, "camt.056", (&case.from, &message.id), &[&recall_id], original),
            request: RecallRequest {
                credit: String::new(),
                amount: case.amount,
                reason: reason_of(reason.as_ref()),
                text: text.map(|text| text.as_str().to_owned()).unwrap_or_default(),
                case: None,
            },
            case,
        }
    };
    message.payments.iter().map(asked_for).collect()
}

pub(super) fn answered(message: &RecallAnswer, key: &[u8; 32]) -> Vec<Answered> {
    let from = message.from.as_ref().map(|bic| bic.as_str().to_owned());
    let answered = |decision: &RecallDecision| {
        let RecallDecision { answer_id, recall_ids, original, outcome, reason } = decision;
        // Some banks repeat our id as that of their answer.
        let ids = recall_ids.iter().chain(answer_id);
        let recalls = ids.filter_map(|id| payment_of(Some(id))).collect();
        let answer_id = answer_id.clone().unwrap_or_default();
        let named = recall_ids.iter().map(String::as_str);
        let more: Vec<&str> = [&*answer_id, outcome.code()].into_iter().chain(named).collect();
        Answered {
            id: id_of(key, "camt.029", (&from, &message.id), &more, original),
            payment: payment_of(original.end_to_end_id.as_deref()),
            recalls,
            refusal: (*outcome == RecallOutcome::Refused).then(|| reason_of(reason.as_ref())),
        }
    };
    message.decisions.iter().map(answered).collect()
}

/// The id of one payment's part of a message: who sent the message and its id, and a hash of what the part names.
fn id_of(
    key: &[u8; 32],
    kind: &str,
    (from, id): (&Option<String>, &str),
    more: &[&str],
    original: &Original,
) -> String {
    let [end_to_end_id, transaction_id] =
        [&original.end_to_end_id, &original.transaction_id].map(|text| text.clone().unwrap_or_default());
    let uetr = original.uetr.map(|uetr| uetr.to_string()).unwrap_or_default();
    let cents = original.cents.unwrap_or_default().to_string();
    let mut hasher = blake3::Hasher::new_keyed(key);
    for field in more.iter().copied().chain([&*end_to_end_id, &transaction_id, &uetr, &cents]) {
        // No field has a zero byte, so no two lists of fields are one text.
        hasher.update(field.as_bytes()).update(&[0]);
    }
    let content = &hasher.finalize().to_hex()[..16];
    format!("{kind}/{}/{id}/{content}", from.as_deref().unwrap_or("-"))
}

/// Whether a bank that asks can be answered: whether an answer can repeat what it names.
///
/// # Errors
/// Names what no bank would take.
pub fn check_answer(rail: &FileRail, case: &RecallCase) -> Result<(), WriteError> {
    let order = RecallOrder {
        id: Uuid::nil(),
        installation: Uuid::nil(),
        at: florin_types::Timestamp::from_micros(0),
        reason: Reason::NOT_GIVEN,
        what: RecallWhat::Refuse { message: String::new(), case: Some(Box::new(case.clone())) },
    };
    file_of(rail, &order).map(drop)
}

/// What the file is called that says something about a recall of this id. None: nothing is written about it.
#[must_use]
pub fn recall_file_name(order: &RecallOrder) -> Option<String> {
    let kind = match &order.what {
        RecallWhat::Ask { .. } => "camt056",
        RecallWhat::Refuse { case, .. } | RecallWhat::Accept { case, .. } => {
            case.as_ref()?;
            "camt029"
        }
    };
    Some(format!("florin-{kind}-{}.xml", order.id.simple()))
}

/// A file about a recall that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRecall {
    /// The recall.
    pub id: Uuid,
    /// Whether it answers a recall of a bank. Else it is one of ours.
    pub is_answer: bool,
    /// What it answers. None: it is a recall of ours, or it cannot be read.
    pub outcome: Option<RecallOutcome>,
}

/// The files about recalls that were sent, of those whose copies are still there.
///
/// # Errors
/// The folder cannot be read.
pub fn sent_recalls(folder: &Folder) -> std::io::Result<Vec<SentRecall>> {
    let mut sent = Vec::new();
    for name in folder.copies()? {
        let id = |prefix| payment_of(name.strip_prefix(prefix)?.strip_suffix(".xml"));
        let (answer, request) = (id("florin-camt029-"), id("florin-camt056-"));
        let Some(id) = answer.or(request) else { continue };
        let outcome = if answer.is_some() { outcome_of(&folder.copy(&name)?) } else { None };
        sent.push(SentRecall { id, is_answer: answer.is_some(), outcome });
    }
    Ok(sent)
}

/// Whether what the bank has, by the copy of a file, is what is to be said now.
///
/// # Errors
/// It is the opposite: this database is an older copy of the one that said it.
pub(super) fn check_copy(order: &RecallOrder, name: &str, copy: &[u8]) -> Result<(), RailError> {
    let outcome = match order.what {
        RecallWhat::Ask { .. } => return Ok(()),
        RecallWhat::Refuse { .. } => RecallOutcome::Refused,
        RecallWhat::Accept { .. } => RecallOutcome::Accepted,
    };
    let said = outcome_of(copy).map_or("an answer that cannot be read", RecallOutcome::code);
    if said == outcome.code() {
        return Ok(());
    }
    Err(RailError::Contradicted(format!(
        "the bank has {said} as the answer to recall {}, and here it is {}: clear that up with the bank. If {} is what \
         it is to have, remove sent/{name}, and it is sent",
        order.id,
        outcome.code(),
        outcome.code()
    )))
}

fn outcome_of(answer: &[u8]) -> Option<RecallOutcome> {
    match read(answer, Limits::default()) {
        Ok(Document::RecallAnswer(answer)) => answer.decisions.first().map(|decision| decision.outcome),
        _ => None,
    }
}

/// The bytes of the file that says something about a recall. None: it did not come over this rail, so nobody is to be
/// told.
pub(super) fn file_of(rail: &FileRail, order: &RecallOrder) -> Result<Option<Vec<u8>>, WriteError> {
    match &order.what {
        RecallWhat::Ask { order: payment, file, paid_on } => {
            let original = original_of(order.installation, payment, *file, *paid_on);
            let request = florin_iso20022::RecallRequest {
                id: order.id.simple().to_string(),
                created_at: order.at,
                from: Some(rail.bic.clone()),
                to: Some(rail.bic.clone()),
                payments: vec![RecalledPayment {
                    recall_id: Some(order.id.simple().to_string()),
                    original,
                    reason: Some(StatusReason::code(order.reason.as_str())),
                }],
            };
            request.to_xml().map(Some)
        }
        RecallWhat::Refuse { case: Some(case), .. } => {
            let reason = Some(StatusReason::code(order.reason.as_str()));
            answer(rail, order, case, (RecallOutcome::Refused, reason)).map(Some)
        }
        RecallWhat::Accept { case: Some(case), .. } => {
            answer(rail, order, case, (RecallOutcome::Accepted, None)).map(Some)
        }
        RecallWhat::Refuse { case: None, .. } | RecallWhat::Accept { case: None, .. } => Ok(None),
    }
}

/// A payment of ours, as the bank knows it from our file.
fn original_of(
    installation: Uuid,
    payment: &Order,
    file: Option<i64>,
    settlement_date: Option<Date>,
) -> Original {
    Original {
        message_id: file.map(|number| message_id(installation, number)),
        message_name: Some(OF_OURS.to_owned()),
        end_to_end_id: Some(payment.id.simple().to_string()),
        cents: Some(payment.amount),
        settlement_date,
        ..Original::default()
    }
}

fn answer(
    rail: &FileRail,
    order: &RecallOrder,
    case: &RecallCase,
    (outcome, reason): (RecallOutcome, Option<StatusReason>),
) -> Result<Vec<u8>, WriteError> {
    let missing = |element| WriteError { element, problem: WriteProblem::Missing };
    // A bank that leaves somebody out is the one that we have.
    let bank = |text: &Option<String>, element| match text {
        Some(text) => Bic::parse(text).map_err(|_| missing(element)),
        None => Ok(rail.bic.clone()),
    };
    let settlement_date = case.settled_on.as_deref().map(Date::parse).transpose();
    let original = Original {
        message_id: case.message_id.clone(),
        message_name: case.message_name.clone(),
        instruction_id: case.instruction_id.clone(),
        end_to_end_id: case.end_to_end_id.clone(),
        transaction_id: case.transaction_id.clone(),
        uetr: case.uetr,
        cents: Some(case.amount),
        settlement_date: settlement_date.map_err(|_| missing("OrgnlIntrBkSttlmDt"))?,
    };
    let id = order.id.simple().to_string();
    let answer = RecallAnswer {
        id: id.clone(),
        created_at: order.at,
        // Who was asked answers who asked.
        from: Some(bank(&case.to, "Assgnr")?),
        to: Some(bank(&case.from, "Assgne")?),
        confirmation: outcome.code().to_owned(),
        decisions: vec![RecallDecision {
            answer_id: Some(id),
            recall_ids: Vec::new(),
            original,
            outcome,
            reason,
        }],
    };
    answer.to_xml()
}

//! The monthly fee of a card, from the partner's EUR balance.
//!
//! A job looks at each card a month after it was made, and after each month more. A month costs if the card is active
//! or locked at its end. Where the balance is too small the fee stays owed, the partner is told once, and the job tries
//! again each day.

use super::card::{Card, CardStatus};
use super::store::CARDS;
use crate::kit::app::App;
use crate::kit::book::command::posting_refused;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::memo::Memo;
use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::book::terms::Terms;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use crate::kit::request::types::words;
use florin_ledger::{AccountKey, AccountKind, Posting, PostingError, RecordKind};
use florin_store::{Job, Lane, NewJob, Stop, StoreError, Touch};
use florin_types::{CurrencyCode, Timestamp, format_minor};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// The kind of the job; its payload is the card's id.
pub const FEE_JOB: &str = "cards.fee";

/// How long after a balance was too small it is looked at again.
const RETRY: Duration = Duration::from_secs(24 * 60 * 60);

/// A partner paid the fee of a card.
pub const FEE: RecordType = RecordType {
    kind: RecordKind(47),
    history: HistoryType::Fee,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: |operation| {
        let line = Line::of(operation);
        // The fee is all that was paid, and not on top of something.
        Line { amount: line.amount - line.fee, fee: 0, ..line }
    },
};

words! {
    /// What became of the monthly fee of a card.
    pub enum CardFeeStatus {
        /// Your balance was too small. We try again each day.
        Unpaid = "UNPAID",
        /// What was owed is paid.
        Paid = "PAID",
    }
}

/// The payload of `card.fee`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardFeePayload {
    /// Whose card it is.
    #[schema(example = "customer-1001")]
    external_user_id: String,
    /// The card.
    card_id: Uuid,
    /// What is owed, or was owed and is paid now: a decimal string.
    #[schema(example = "0.25")]
    amount: String,
    /// Always `eur`.
    #[schema(example = "eur")]
    currency: String,
    /// What became of it.
    status: CardFeeStatus,
}

/// A payload, as text.
pub const EXAMPLE: &str = r#"{"externalUserId":"customer-1001","cardId":"0198c5d2-e175-7368-8fb9-a2d47e8091b3",
    "amount":"0.25","currency":"eur","status":"UNPAID"}"#;

const EUR: CurrencyCode = CurrencyCode::new("eur");

/// Leaves the job for a card that is made now.
pub(super) fn leave_first(work: &mut Work<'_>, card: &Card) {
    leave(work, card.id, month_end(card));
}

fn leave(work: &mut Work<'_>, card: Uuid, due: Timestamp) {
    let payload = card.as_bytes().to_vec();
    work.enqueue(NewJob { kind: FEE_JOB, lane: Lane::Quick, due, payload });
}

/// The end of the first month whose fee was not looked at yet.
fn month_end(card: &Card) -> Timestamp {
    card.created_at.saturating_add_months(u16::try_from(card.fee_months + 1).unwrap_or(u16::MAX))
}

/// Looks at the fee of a card.
pub async fn take(app: &App, job: &Job) -> Result<(), StoreError> {
    let id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let (terms, defaults) =
        (Terms::of_book(&app.store, job.position.book()).await?, app.settings.reference.fees());
    let touches = vec![
        Touch::Object(&CARDS, id),
        Touch::Partner,
        Touch::PartnerAccount(EUR),
        Touch::SystemAccount(EUR, AccountKind::Fees),
    ];
    carry_out(app, job, touches, async move |work: &mut Work<'_>| {
        let Some(mut card) = work.object::<Card>(id)? else { return Ok(()) };
        let (was_owed, end) = (card.fee_owed, month_end(&card));
        if end <= work.now() {
            card.fee_months += 1;
            // What expires with the month was there for all of it.
            if card.is_users() && card.expires_at >= end {
                card.fee_owed += terms.fees(defaults, end).card()?;
            }
        }
        pay(work, &mut card, was_owed)?;
        let is_over = card.status == CardStatus::Deleted || month_end(&card) > card.expires_at;
        let retry = work.now().saturating_add(RETRY);
        let next = match (card.fee_owed > 0, is_over) {
            (true, true) => Some(retry),
            (true, false) => Some(retry.min(month_end(&card))),
            (false, false) => Some(month_end(&card)),
            (false, true) => None,
        };
        if let Some(due) = next {
            leave(work, id, due);
        }
        Ok(work.put(&card)?)
    })
    .await
}

/// Pays what is owed for a card, all of it or nothing, and says so where it could not be paid before, or cannot now.
fn pay(work: &mut Work<'_>, card: &mut Card, was_owed: i64) -> Result<(), Stop> {
    let owed = card.fee_owed;
    if owed == 0 {
        return Ok(());
    }
    let (record, partner) = (work.id(), work.book().partner());
    let fees = AccountKey::system(work.book(), EUR, AccountKind::Fees);
    let posting = Posting::between(AccountKey::main(partner, EUR), fees, owed);
    let memo = Memo { reference: Some(format!("Card fee: {}", card.id)), ..Memo::default() };
    let memo = memo.seal(work, partner)?;
    match work.post(FEE.kind, record, &posting, memo) {
        Ok(()) => card.fee_owed = 0,
        Err(PostingError::InsufficientFunds(_)) => {}
        Err(other) => return Err(posting_refused(other)),
    }
    match (was_owed > 0, card.fee_owed > 0) {
        (false, true) => {
            let book = work.book().0;
            tracing::warn!(card = %card.id, book, "the partner's EUR balance is too small for the fee of a card");
            emit(work, card, owed, CardFeeStatus::Unpaid);
        }
        (true, false) => emit(work, card, owed, CardFeeStatus::Paid),
        _ => {}
    }
    Ok(())
}

fn emit(work: &mut Work<'_>, card: &Card, owed: i64, status: CardFeeStatus) {
    let payload = serde_json::json!({
        "cardId": card.id, "amount": format_minor(owed, 2), "currency": EUR.as_str(), "status": status,
    });
    let event = Event::about(EventType::CardFee, card.id).of_holder(card.holder);
    work.emit(event.with(payload.to_string().into_bytes()));
}

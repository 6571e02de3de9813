//! What is said about a card transaction: the payload of its event, and the item of a card's list.

use super::consulted::{CardPartnerDecision, PartnerReply};
use super::store::PAYMENTS;
use crate::cards::decide::DeclineReason;
use crate::cards::payment::{CardChannel, CardPayment, DecidedBy, Merchant};
use crate::kit::app::App;
use crate::kit::book::sealed;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::Rendered;
use crate::kit::prelude::ExactNumber;
use crate::kit::request::types::words;
use florin_ledger::HolderId;
use florin_store::{Holder, Scope, StoreError, StoredEvent};
use florin_types::{Rate, Timestamp, format_minor};
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

words! {
    /// What happened to a card transaction.
    pub enum CardTransactionType {
        /// It was approved, and the amount is on hold; or more of it was.
        Authorization = "AUTHORIZATION",
        /// The merchant took money, or took money again that was charged back.
        Clearing = "CLEARING",
        /// What was on hold, or a part of it, can be spent again.
        Reversal = "REVERSAL",
        /// Money came back.
        Refund = "REFUND",
        /// It was declined.
        Decline = "DECLINE",
    }
}

words! {
    /// How it happened.
    pub enum CardTransactionStatus {
        /// The whole amount is approved.
        Approved = "APPROVED",
        /// A part of the amount is approved: the balance was too small for all of it.
        PartiallyApproved = "PARTIALLY_APPROVED",
        /// Nothing is approved.
        Declined = "DECLINED",
        /// The merchant has the money.
        Cleared = "CLEARED",
        /// The merchant has disputed a chargeback, and has the money again.
        Represented = "REPRESENTED",
        /// The merchant let it go.
        Reversed = "REVERSED",
        /// The merchant did not take it in time.
        Expired = "EXPIRED",
        /// The merchant gave it back.
        Refunded = "REFUNDED",
        /// It was taken back from the merchant, for the holder disputes the payment.
        ChargedBack = "CHARGED_BACK",
    }
}

/// What an event says that its transaction does not. Amounts are never below zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDetails {
    /// What happened.
    #[serde(rename = "k")]
    pub kind: CardTransactionType,
    /// How.
    #[serde(rename = "s")]
    pub status: CardTransactionStatus,
    /// In cents. None: the merchant's currency has no rate.
    #[serde(rename = "a")]
    pub cents: Option<i64>,
    /// The fee in that, or given back with it.
    #[serde(rename = "f")]
    pub fee: i64,
    /// In minor units of the merchant's currency.
    #[serde(rename = "m")]
    pub minor: i64,
    /// What was asked for, in the same units.
    #[serde(rename = "w")]
    pub wanted: i64,
    /// Why it was declined.
    #[serde(rename = "d")]
    pub decline: Option<DeclineReason>,
    /// Who decided, where somebody had to.
    #[serde(rename = "b")]
    pub by: Option<DecidedBy>,
    /// What the partner said, where it was asked.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<PartnerReply>,
    /// Of `minor`, what later messages about this one let go or gave back, where a processor names what it reverses.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub reversed: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl StepDetails {
    /// The bytes of a row and an event.
    pub(super) fn written(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what was written.
    pub(super) fn read(data: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(data).map_err(StoreError::unexpected)
    }
}

/// What was said about a transaction, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardEntry {
    /// Its id: where the partner was asked, the question's.
    pub id: Uuid,
    /// The card.
    pub card: Uuid,
    /// The transaction.
    pub payment: Uuid,
    /// The number of its event in the book.
    pub event: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What was said.
    pub details: StepDetails,
}

/// Emits what happened, and keeps it for the card's list.
pub(super) fn emit_step(
    work: &mut Work<'_>,
    payment: &CardPayment,
    details: StepDetails,
) -> Result<CardEntry, StoreError> {
    let event = Event::about(EventType::CardTransaction, payment.id).of_holder(payment.holder);
    work.emit(event.with(details.written()));
    let id = details.reply.as_ref().map_or_else(|| work.id(), |said| said.question);
    let (at, event) = (work.now(), work.last_event());
    let entry = CardEntry { id, card: payment.card, payment: payment.id, event, at, details };
    work.put(&entry)?;
    Ok(entry)
}

/// A step of a card transaction.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardTransaction {
    /// Id of the card transaction: the same for all that happens to a purchase.
    id: Uuid,
    /// Your own id of the user.
    external_user_id: String,
    /// The card.
    card_id: Uuid,
    /// What happened.
    #[serde(rename = "type")]
    kind: CardTransactionType,
    /// How it happened.
    status: CardTransactionStatus,
    /// What it is in the user's balance: a decimal string. In the merchant's currency where that has no rate.
    #[schema(example = "12.50")]
    amount: String,
    /// The currency of `amount`: `eur`, or the merchant's where that has no rate.
    #[schema(example = "eur")]
    currency: String,
    /// The merchant's name; null once the user's data is erased.
    #[schema(required, example = "Bookshop")]
    merchant_name: Option<String>,
    /// What the merchant sells: four digits (ISO 18245); null once the user's data is erased.
    #[schema(required, example = "5942")]
    mcc: Option<String>,
    /// The merchant's country; null where it is not known, and once the user's data is erased.
    #[schema(required, example = "DE")]
    merchant_country: Option<String>,
    /// How the card was used.
    channel: CardChannel,
    /// What it is in the merchant's currency: a decimal string.
    #[schema(example = "12.50")]
    merchant_amount: String,
    /// The merchant's currency.
    #[schema(example = "eur")]
    merchant_currency: String,
    /// EUR for one unit of the merchant's currency; null for `eur`.
    #[schema(required, value_type = Option<ExactNumber>, example = json!(null))]
    rate: Option<ExactNumber>,
    /// The fee for the foreign currency, in EUR, which is part of `amount`: what was charged, or what came back.
    #[schema(example = "0.00")]
    fee: String,
    /// What was asked for, in the merchant's currency: more than `merchantAmount` where a part was approved.
    #[schema(example = "12.50")]
    requested_amount: String,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_reason: Option<DeclineReason>,
    /// Who approved or declined it; null for what nobody can refuse.
    #[schema(required)]
    decided_by: Option<DecidedBy>,
    /// What your endpoint said, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_decision: Option<CardPartnerDecision>,
    /// When it happened.
    #[schema(format = DateTime)]
    created_at: String,
}

/// An event, as text.
pub const EXAMPLE: &str = concat!(
    r#"{"id":"0198c5d2-f286-7479-9aca-b3e58f91a2c4","externalUserId":"customer-1001","#,
    r#""cardId":"0198c5d2-e175-7368-8fb9-a2d47e8091b3","type":"AUTHORIZATION","status":"APPROVED","amount":"12.50","#,
    r#""currency":"eur","merchantName":"Bookshop","mcc":"5942","merchantCountry":"DE","channel":"ECOM","#,
    r#""merchantAmount":"12.50","merchantCurrency":"eur","rate":null,"fee":"0.00","#,
    r#""requestedAmount":"12.50","decidedBy":"RULES","createdAt":"2026-01-31T09:30:00.000Z"}"#,
);

/// Renders events.
pub async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let shown = Shown::load(scope, events.iter().map(|event| event.object)).await?;
    let render = |event: &&StoredEvent| {
        let details = StepDetails::read(&event.data)?;
        to_raw_value(&shown.of(app, event.object, &details, event.at)?).map_err(StoreError::unexpected)
    };
    Ok(events.iter().map(render).collect())
}

/// Transactions with their holders, read as sets.
pub(super) struct Shown {
    payments: HashMap<Uuid, CardPayment>,
    holders: HashMap<HolderId, Holder>,
}

impl Shown {
    /// Reads them.
    pub(super) async fn load(
        scope: &mut Scope,
        payments: impl Iterator<Item = Uuid>,
    ) -> Result<Self, StoreError> {
        let mut ids: Vec<Uuid> = payments.collect();
        ids.sort_unstable();
        ids.dedup();
        let payments = scope.objects_at::<CardPayment>(&ids).await?;
        let mut holders: Vec<_> = payments.iter().map(|payment| payment.holder).collect();
        holders.sort_unstable();
        holders.dedup();
        let holders = scope.holders(&holders).await?;
        Ok(Self {
            payments: payments.into_iter().map(|payment| (payment.id, payment)).collect(),
            holders: holders.into_iter().map(|holder| (holder.id, holder)).collect(),
        })
    }

    /// What is shown of a step.
    pub(super) fn of(
        &self,
        app: &App,
        payment: Uuid,
        details: &StepDetails,
        at: Timestamp,
    ) -> Result<CardTransaction, StoreError> {
        let payment = self.payments.get(&payment);
        let payment =
            payment.ok_or_else(|| StoreError::unexpected(format!("a row of {} is gone", PAYMENTS.name())))?;
        let holder = self.holders.get(&payment.holder);
        let merchant: Option<Merchant> = sealed::open(&app.seals, holder, payment.sealed.as_deref())?;
        let in_merchants = |minor| format_minor(minor, payment.decimals);
        let (amount, currency) = match details.cents {
            Some(cents) => (format_minor(cents, 2), "eur".to_owned()),
            None => (in_merchants(details.minor), payment.currency.to_string()),
        };
        let is_foreign = payment.rate != Rate::ONE && details.cents.is_some();
        let rate = is_foreign.then(|| ExactNumber::parse(&payment.rate.to_string()));
        let text = |of: fn(&Merchant) -> &String| merchant.as_ref().map(|merchant| of(merchant).clone());
        Ok(CardTransaction {
            id: payment.id,
            external_user_id: holder.and_then(|holder| holder.handle.clone()).unwrap_or_default(),
            card_id: payment.card,
            kind: details.kind,
            status: details.status,
            amount,
            currency,
            merchant_name: text(|merchant| &merchant.name),
            mcc: text(|merchant| &merchant.mcc),
            merchant_country: merchant.as_ref().and_then(|merchant| merchant.country.clone()),
            channel: payment.channel,
            merchant_amount: in_merchants(details.minor),
            merchant_currency: payment.currency.to_string(),
            rate: rate.transpose().map_err(StoreError::unexpected)?,
            fee: format_minor(details.fee, 2),
            requested_amount: in_merchants(details.wanted),
            decline_reason: details.decline,
            decided_by: details.by,
            partner_decision: details.reply.as_ref().map(CardPartnerDecision::from),
            created_at: at.to_string(),
        })
    }
}

//! The partner's own decision about an authorisation: the question that it is asked, and what it says.
//!
//! Asking takes up to a second and a half, so it is done before the command, about what the rules would approve then.
//! The command decides anew, with the answer.

use super::authorise::{Authorisation, case_of};
use super::entry::CardEntry;
use super::foreign::MerchantCurrency;
use super::hear::rail;
use super::known::Known;
use super::store::ENTRIES;
use crate::cards::decide::{Decision, DeclineReason, PartnerWord};
use crate::cards::payment::{CardChannel, CardPayment, Merchant};
use crate::kit::app::App;
use crate::kit::book::inbox;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::sealed;
use crate::kit::book::terms::Terms;
use crate::kit::book::work::Work;
use crate::kit::prelude::ExactNumber;
use crate::kit::request::types::words;
use florin_ledger::BookId;
use florin_store::{Scope, Stop, StoreError, Touch};
use florin_types::{Rate, Timestamp, format_minor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

words! {
    /// What your endpoint says about an authorisation.
    pub enum CardDecision {
        /// It is approved.
        Approve = "APPROVE",
        /// It is declined.
        Decline = "DECLINE",
    }
}

/// What the partner was asked about an authorisation, and what it said.
#[derive(Clone, Debug)]
pub struct Consulted {
    /// What that means for the decision.
    pub word: PartnerWord,
    /// What is kept of it, where a question was asked.
    pub reply: Option<PartnerReply>,
    /// The id that the new transaction has in the question.
    pub transaction: Option<Uuid>,
    /// Of how much the question was, in minor units of the merchant's currency: no more is approved.
    pub most: Option<i64>,
}

impl Consulted {
    /// Without a question.
    pub const fn without(word: PartnerWord) -> Self {
        Self { word, reply: None, transaction: None, most: None }
    }
}

impl Default for Consulted {
    fn default() -> Self {
        Self::without(PartnerWord::NotAsked)
    }
}

/// What the partner said to a question, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerReply {
    /// The question's id.
    #[serde(rename = "q")]
    pub question: Uuid,
    /// The answer. None: there was none, or none that could be read.
    #[serde(rename = "d")]
    pub decision: Option<CardDecision>,
    /// Milliseconds until then.
    #[serde(rename = "t")]
    pub after: i64,
    /// Whether the answer came after the decision.
    #[serde(rename = "l")]
    pub is_late: bool,
    /// Why there is no answer.
    #[serde(rename = "e")]
    pub error: Option<String>,
}

/// What your endpoint said about an authorisation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardPartnerDecision {
    /// Id of the question: the `webhook-id` that your endpoint got.
    question_id: Uuid,
    /// The answer; null where there was none, or none that could be read.
    #[schema(required)]
    decision: Option<CardDecision>,
    /// Milliseconds until the answer, or until we waited no longer.
    #[schema(example = 87)]
    after_milliseconds: i64,
    /// Whether the answer came too late. Then it has changed nothing, and only the list of the card's
    /// transactions says so.
    is_late: bool,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "answered 500")]
    error: Option<String>,
}

impl From<&PartnerReply> for CardPartnerDecision {
    fn from(said: &PartnerReply) -> Self {
        Self {
            question_id: said.question,
            decision: said.decision,
            after_milliseconds: said.after,
            is_late: said.is_late,
            error: said.error.clone(),
        }
    }
}

/// An authorisation that you may decide.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardQuestion {
    /// Id of the question.
    pub id: Uuid,
    /// Id of the card transaction.
    pub transaction_id: Uuid,
    /// Your own id of the user.
    external_user_id: String,
    /// The card.
    card_id: Uuid,
    /// What would be on hold, in EUR: a decimal string.
    #[schema(example = "12.50")]
    amount: String,
    /// The currency of `amount`: `eur`.
    #[schema(example = "eur")]
    currency: &'static str,
    /// The merchant's name.
    #[schema(required, example = "Bookshop")]
    merchant_name: Option<String>,
    /// What the merchant sells: four digits (ISO 18245).
    #[schema(required, example = "5942")]
    mcc: Option<String>,
    /// The merchant's country; null where it is not known.
    #[schema(required, example = "DE")]
    merchant_country: Option<String>,
    /// How the card is used.
    channel: CardChannel,
    /// The amount in the merchant's currency: a decimal string.
    #[schema(example = "12.50")]
    merchant_amount: String,
    /// The merchant's currency.
    #[schema(example = "eur")]
    merchant_currency: String,
    /// EUR for one unit of the merchant's currency; null for `eur`.
    #[schema(required, value_type = Option<ExactNumber>, example = json!(null))]
    rate: Option<ExactNumber>,
    /// The fee for the foreign currency, in EUR, which is part of `amount`.
    #[schema(example = "0.00")]
    fee: String,
    /// What the merchant asks for, where less would be approved; in its currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_amount: Option<String>,
    /// Whether it is more of a transaction that was approved before.
    is_incremental: bool,
    /// When the merchant asked.
    #[schema(format = DateTime)]
    created_at: String,
}

/// What the rules say of an authorisation before its command.
pub enum Preview {
    /// They would approve it: the partner may be asked. How much, in minor units of the merchant's currency.
    Approved(Box<CardQuestion>, i64),
    /// They decline it.
    Declined(DeclineReason),
    /// There is no such card or transaction, or it cannot be authorised; the command will say so.
    Refused,
    /// The message was heard before, and will be answered as it was.
    Heard,
}

/// What the rules would say now. `message` is the network's id of the message.
///
/// # Errors
/// When the database is away, or what is read does not fit.
pub async fn preview(
    (app, now): (&App, Timestamp),
    scope: &mut Scope,
    terms: &Terms,
    message: Option<&str>,
    asked: &Authorisation,
) -> Result<Preview, StoreError> {
    if let Some(message) = message
        && inbox::was_heard(app, scope, rail(app), message).await?
    {
        return Ok(Preview::Heard);
    }
    let Some(known) = Known::read(scope, asked).await? else { return Ok(Preview::Refused) };
    let case = match case_of(known, (app, terms), asked, (app.new_id(), now)) {
        Ok(Ok(case)) => case,
        Ok(Err(_)) | Err(Stop::Refused(_) | Stop::Invalid(_)) => return Ok(Preview::Refused),
        Err(Stop::Fault(error)) => return Err(error),
    };
    let presented = case.presented(app, asked, now)?;
    let cents = match case.decide((app, now), asked, presented).0 {
        Decision::Approved(cents) => cents,
        Decision::Declined(reason) => return Ok(Preview::Declined(reason)),
    };
    let minor = match case.part(cents) {
        Ok(0) => return Ok(Preview::Declined(DeclineReason::InsufficientFunds)),
        Ok(minor) => minor,
        Err(_) => return Ok(Preview::Refused),
    };
    let payment = &case.payment;
    let merchant = match case.merchant {
        Some(merchant) => Some(merchant.clone()),
        None => sealed::open(&app.seals, Some(&case.holder), payment.sealed.as_deref())?,
    };
    let (Ok(cents), Ok(fee)) = (payment.cost_of(minor), payment.fee_in(minor)) else {
        return Ok(Preview::Refused);
    };
    let user = case.holder.handle.clone().unwrap_or_default();
    let question = question(app, (payment, user, merchant), (minor, case.amount), (cents, fee), now)?;
    Ok(Preview::Approved(Box::new(question), minor))
}

/// The question about a part of an amount, which costs so many cents, a fee among them.
fn question(
    app: &App,
    (payment, external_user_id, merchant): (&CardPayment, String, Option<Merchant>),
    (minor, wanted): (i64, i64),
    (cents, fee): (i64, i64),
    now: Timestamp,
) -> Result<CardQuestion, StoreError> {
    let in_merchants = |minor| format_minor(minor, payment.decimals);
    let is_foreign = payment.rate != Rate::ONE;
    let rate = is_foreign.then(|| ExactNumber::parse(&payment.rate.to_string()));
    let text = |of: fn(&Merchant) -> &String| merchant.as_ref().map(|merchant| of(merchant).clone());
    Ok(CardQuestion {
        id: app.new_id(),
        transaction_id: payment.id,
        external_user_id,
        card_id: payment.card,
        amount: format_minor(cents, 2),
        currency: "eur",
        merchant_name: text(|merchant| &merchant.name),
        mcc: text(|merchant| &merchant.mcc),
        merchant_country: merchant.as_ref().and_then(|merchant| merchant.country.clone()),
        channel: payment.channel,
        merchant_amount: in_merchants(minor),
        merchant_currency: payment.currency.to_string(),
        rate: rate.transpose().map_err(StoreError::unexpected)?,
        fee: format_minor(fee, 2),
        requested_amount: (wanted != minor).then(|| in_merchants(wanted)),
        is_incremental: payment.counters.authorised > 0,
        created_at: now.to_string(),
    })
}

/// The currency of a transaction that is there.
///
/// # Errors
/// When the database is away.
pub async fn currency_of(scope: &mut Scope, payment: Uuid) -> Result<Option<MerchantCurrency>, StoreError> {
    let payment = scope.objects_at::<CardPayment>(&[payment]).await?.pop();
    Ok(payment.and_then(|payment| MerchantCurrency::of(payment.currency.as_str())))
}

/// Notes an answer that came after the decision about a question.
///
/// # Errors
/// When the database is away.
pub async fn note_late(
    app: &App,
    book: BookId,
    question: Uuid,
    (decision, after): (CardDecision, i64),
) -> Result<(), StoreError> {
    let touches = vec![Touch::Object(&ENTRIES, question)];
    run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        let Some(mut entry) = work.object::<CardEntry>(question)? else {
            tracing::info!(%question, %decision, "a late answer is about an authorisation that was not decided");
            return Ok(());
        };
        entry.details.reply =
            Some(PartnerReply { question, decision: Some(decision), after, is_late: true, error: None });
        work.put(&entry)?;
        tracing::info!(%question, transaction = %entry.payment, %decision, after, "an answer came too late");
        Ok(())
    })
    .await
}

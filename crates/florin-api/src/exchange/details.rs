//! `GET /v1/exchange/details/{exchangeId}` and `GET /v1/partner/exchange/details/{exchangeId}`, and the payload of an
//! exchange's event, which is the same.

use super::completed::{Exchange, Side};
use crate::kit::endpoint::family::Rendered;
use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use crate::kit::request::number::Number;
use crate::kit::request::types::words;
use florin_ledger::HolderId;
use florin_store::{Holder, Scope, StoredEvent};
use florin_types::{Percentage, Rate, format_minor};
use serde_json::value::to_raw_value;
use std::collections::HashMap;

words! {
    /// Where an exchange stands.
    pub enum ExchangeStatus {
        /// The money has moved. An exchange that was refused does not exist.
        Completed = "COMPLETED",
        /// Reserved: not used yet.
        Failed = "FAILED",
    }
}

/// An exchange.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeDetails {
    /// Its id.
    exchange_id: Uuid,
    /// Where it stands.
    status: ExchangeStatus,
    /// What was from.
    #[schema(example = "eur")]
    currency_from: String,
    /// What was to.
    #[schema(example = "btc")]
    currency_to: String,
    /// How much was sold: a decimal string at the scale of `currencyFrom`.
    #[schema(example = "10.00")]
    amount_from: String,
    /// How much was received, after the fee: a decimal string at the scale of `currencyTo`.
    #[schema(example = "0.00010369")]
    amount_to: String,
    /// EUR for one unit of `currencyFrom`.
    #[schema(value_type = ExactNumber, example = 1)]
    rate_from: Number<Rate>,
    /// EUR for one unit of `currencyTo`.
    #[schema(value_type = ExactNumber, example = 95000.5)]
    rate_to: Number<Rate>,
    /// The fee, in `currencyTo`: a decimal string at its scale.
    #[schema(example = "0.00000157")]
    fee: String,
    /// The share that the fee is, in per cent.
    #[schema(value_type = ExactNumber, example = 1.49)]
    fee_percentage: Number<Percentage>,
    /// The lock that it used.
    lock_id: Uuid,
    /// When it was executed.
    #[schema(format = DateTime)]
    created_at: String,
    /// Why it failed; null otherwise.
    #[schema(required)]
    error: Option<String>,
    /// Whose money was exchanged: your own id of the user; null for your master balance.
    #[schema(required)]
    external_user_id: Option<String>,
}

/// An exchange, as text.
pub const EXAMPLE: &str = concat!(
    r#"{"exchangeId":"0198c5d2-9c20-7e13-8b74-5d8f2a3b4c6e","status":"COMPLETED","currencyFrom":"eur","#,
    r#""currencyTo":"btc","amountFrom":"10.00","amountTo":"0.00010369","rateFrom":1,"rateTo":95000.5,"#,
    r#""fee":"0.00000157","feePercentage":1.49,"lockId":"0198c5d2-8b1f-7d02-9a63-4c7e1f2a3b5d","#,
    r#""createdAt":"2026-01-31T09:30:00.000Z","error":null,"externalUserId":"customer-1001"}"#,
);

uuid_in_path!(
    ExchangeId,
    "exchangeId",
    "The id of the exchange, from `POST /v1/exchange` or `POST /v1/partner/exchange`.",
    "$exchange"
);

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let described = |id, summary, endpoint| Endpoint {
        id,
        summary,
        description: "One exchange, of a user or of your master balance: both paths find both.",
        answer: EXAMPLE,
        refusals: &[&P438],
        ..endpoint
    };
    [
        described("getExchange", "Get an exchange", get("/v1/exchange/details/{exchangeId}", get_exchange)),
        described(
            "getPartnerExchange",
            "Get an exchange, for your master balance",
            get("/v1/partner/exchange/details/{exchangeId}", get_exchange),
        ),
    ]
}

/// Either path shows either kind: an id is enough to find it.
async fn get_exchange(
    context: Context,
    Path(ExchangeId(id)): Path<ExchangeId>,
) -> Result<Success<ExchangeDetails>, Failure> {
    let id = id.ok_or_else(|| {
        Refusal::because(&P438, "exchangeId must be a UUID, as the call that made the exchange answers")
    })?;
    let mut snapshot = context.snapshot().await?;
    let exchange = snapshot.objects_at::<Exchange>(&[id]).await?.pop();
    let exchange = exchange.ok_or_else(|| Refusal::of(&P438))?;
    let holder = snapshot.holders(&[exchange.holder]).await?.pop();
    Success::of(&details(&context.app, &exchange, holder.as_ref())?)
}

/// The payloads of exchanges' events, in their order.
pub async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let ids: Vec<Uuid> = events.iter().map(|event| event.object).collect();
    let exchanges = scope.objects_at::<Exchange>(&ids).await?;
    let mut holders: Vec<HolderId> = exchanges.iter().map(|exchange| exchange.holder).collect();
    holders.sort_unstable();
    holders.dedup();
    let holders: HashMap<_, _> =
        scope.holders(&holders).await?.into_iter().map(|holder| (holder.id, holder)).collect();
    let exchanges: HashMap<_, _> = exchanges.into_iter().map(|exchange| (exchange.id, exchange)).collect();
    let render = |event: &&StoredEvent| {
        let exchange = exchanges.get(&event.object);
        let exchange = exchange.ok_or_else(|| StoreError::unexpected("the exchange of an event is gone"))?;
        let holder = holders.get(&exchange.holder);
        to_raw_value(&details(app, exchange, holder)?).map_err(StoreError::unexpected)
    };
    Ok(events.iter().map(render).collect())
}

fn details(app: &App, exchange: &Exchange, holder: Option<&Holder>) -> Result<ExchangeDetails, StoreError> {
    let Exchange { from, to, .. } = exchange;
    let in_currency = |side: &Side, minor| {
        let currency = app.currencies.get(side.currency);
        let currency =
            currency.ok_or_else(|| StoreError::unexpected("an exchange of an unknown currency"))?;
        Ok::<_, StoreError>(format_minor(minor, currency.decimals))
    };
    Ok(ExchangeDetails {
        exchange_id: exchange.id,
        status: ExchangeStatus::Completed,
        currency_from: from.currency.to_string(),
        currency_to: to.currency.to_string(),
        amount_from: in_currency(from, from.amount)?,
        amount_to: in_currency(to, to.amount)?,
        rate_from: Number(from.rate),
        rate_to: Number(to.rate),
        fee: in_currency(to, exchange.fee)?,
        fee_percentage: Number(exchange.percentage),
        lock_id: exchange.lock,
        created_at: exchange.at.to_string(),
        error: None,
        external_user_id: holder.and_then(|holder| holder.handle.clone()),
    })
}

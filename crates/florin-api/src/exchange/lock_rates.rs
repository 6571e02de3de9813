//! `GET /v1/exchange/get-lock/{externalUserId}` and `GET /v1/partner/exchange/get-lock`: one use case, two routes.

use super::lock::RateLock;
use crate::kit::prelude::*;
use crate::kit::request::number::Number;
use crate::rates::{self, RateTable};
use crate::users::{UserId, require};
use florin_types::Percentage;
use std::sync::Arc;

/// A rate lock.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lock {
    /// What `POST /v1/exchange` takes as `lockId`.
    id: Uuid,
    /// EUR for one unit of each currency, guaranteed while the lock is valid.
    rates: RateTable,
    /// The fee, in per cent of what is received.
    #[schema(value_type = ExactNumber, example = 1.49)]
    fee_percentage: Number<Percentage>,
    /// When the lock was given.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the lock expires.
    #[schema(format = DateTime)]
    valid_until: String,
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let of_user = Endpoint {
        id: "lockRates",
        summary: "Lock the rates for a user",
        refusals: &[&P412],
        ..described(get("/v1/exchange/get-lock/{externalUserId}", lock_rates))
    };
    let of_partner = Endpoint {
        id: "lockPartnerRates",
        summary: "Lock the rates for your master balance",
        ..described(get("/v1/partner/exchange/get-lock", lock_partner_rates))
    };
    [of_user, of_partner]
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        description: "Guarantees the rates and the fee of now for one exchange, until `validUntil`: for 40 seconds by \
                      default. Each call gives a new lock; one that is not used costs nothing. A currency whose rate \
                      is missing or too old is left out.",
        answer: r#"{"id":"$lock","rates":{"eur":1,"btc":95000.5,"eth":2500.5,"ltc":80,"doge":0.15,"pol":0.4,
            "usdc":0.86,"usdt":0.86},"feePercentage":1.49,"createdAt":"2026-01-31T09:30:00.000Z",
            "validUntil":"2026-01-31T09:30:40.000Z"}"#,
        is_writing_get: true,
        ..endpoint
    }
}

async fn lock_rates(context: Context, Path(user): Path<UserId>) -> Result<Success<Lock>, Failure> {
    lock_for(&context, Some(user.into_string())).await
}

async fn lock_partner_rates(context: Context) -> Result<Success<Lock>, Failure> {
    lock_for(&context, None).await
}

async fn lock_for(context: &Context, user: Option<String>) -> Result<Success<Lock>, Failure> {
    let terms = Arc::clone(&context.terms);
    let touches = user.clone().map(Touch::User).into_iter().chain(rates::touch(&context.app)).collect();
    context
        .run(None, touches, async move |work| {
            let holder = match &user {
                Some(user) => require(work.holder(user), user)?.id,
                None => work.book().partner(),
            };
            let (now, rates) = (work.now(), rates::in_command(work)?);
            let settings = &work.app().settings;
            let fee = terms.fees(settings.reference.fees(), now).exchange()?;
            let valid_until = now.saturating_add(settings.rate_lock);
            let id = work.id();
            let lock = RateLock { id, holder, rates, fee, created_at: now, valid_until, used_by: None };
            work.put(&lock)?;
            Ok(Lock {
                id: lock.id,
                rates: RateTable(lock.rates),
                fee_percentage: Number(fee),
                created_at: now.to_string(),
                valid_until: lock.valid_until.to_string(),
            })
        })
        .await
}

//! The payloads of codes. Only here a code is opened.

use super::ask::CodeMessage;
use super::state::CardChallenge;
use crate::cards::flows::MerchantCurrency;
use crate::kit::app::App;
use crate::kit::book::sealed;
use crate::kit::endpoint::family::Rendered;
use florin_store::{Scope, StoreError, StoredEvent};
use florin_types::format_minor;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A code for a payment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Card3dsPayload {
    /// Your own id of the user.
    external_user_id: String,
    /// The card.
    card_id: Uuid,
    /// The challenge.
    challenge_id: Uuid,
    /// The code, for the user alone: give it to nobody else and keep it nowhere. Null once the user's data is erased.
    #[schema(required, example = "482913")]
    code: Option<String>,
    /// What is to be paid: a decimal string.
    #[schema(example = "49.90")]
    amount: String,
    /// The merchant's currency.
    #[schema(example = "eur")]
    currency: String,
    /// Who is to be paid; null once the user's data is erased.
    #[schema(required, example = "Bookshop")]
    merchant_name: Option<String>,
    /// Until when the code can be given.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A code that activates a card.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardActivationPayload {
    /// Your own id of the user.
    external_user_id: String,
    /// The card.
    card_id: Uuid,
    /// The code, for the user alone: give it to nobody else and keep it nowhere. Null once the user's data is erased.
    #[schema(required, example = "482913")]
    code: Option<String>,
}

/// An event about a payment, as text.
pub const SECURE_EXAMPLE: &str = concat!(
    r#"{"externalUserId":"customer-1001","cardId":"0198c5d2-e175-7368-8fb9-a2d47e8091b3","#,
    r#""challengeId":"0198c5d3-0397-758a-8bdb-c4f6a0a2b3d5","code":"482913","amount":"49.90","currency":"eur","#,
    r#""merchantName":"Bookshop","expiresAt":"2026-01-31T09:35:00.000Z"}"#,
);

/// An event about an activation, as text.
pub const ACTIVATION_EXAMPLE: &str =
    r#"{"externalUserId":"customer-1001","cardId":"0198c5d2-e175-7368-8fb9-a2d47e8091b3","code":"482913"}"#;

/// Renders codes for payments.
pub async fn render_secure(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    render(app, scope, events, |challenge, external_user_id, said| {
        let currency = challenge.currency.and_then(|code| MerchantCurrency::of(code.as_str()));
        let currency =
            currency.ok_or_else(|| StoreError::unexpected("a challenge without a currency"))?.currency();
        let (code, merchant_name) = said.map_or((None, None), |said| (Some(said.code), said.merchant));
        to_raw_value(&Card3dsPayload {
            external_user_id,
            card_id: challenge.card,
            challenge_id: challenge.id,
            code,
            amount: format_minor(challenge.amount.unwrap_or_default(), currency.decimals),
            currency: currency.code.to_string(),
            merchant_name,
            expires_at: challenge.expires_at.to_string(),
        })
        .map_err(StoreError::unexpected)
    })
    .await
}

/// Renders codes that activate cards.
pub async fn render_activation(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    render(app, scope, events, |challenge, external_user_id, said| {
        let (card_id, code) = (challenge.card, said.map(|said| said.code));
        to_raw_value(&CardActivationPayload { external_user_id, card_id, code })
            .map_err(StoreError::unexpected)
    })
    .await
}

type RenderOne = fn(&CardChallenge, String, Option<CodeMessage>) -> Result<Box<RawValue>, StoreError>;

async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent], one: RenderOne) -> Rendered {
    let ids: Vec<Uuid> = events.iter().map(|event| event.object).collect();
    let challenges = scope.objects_at::<CardChallenge>(&ids).await?;
    let holders: Vec<_> = challenges.iter().map(|challenge| challenge.holder).collect();
    let holders = scope.holders(&holders).await?;
    let challenges: HashMap<_, _> = challenges.into_iter().map(|one| (one.id, one)).collect();
    let holders: HashMap<_, _> = holders.into_iter().map(|holder| (holder.id, holder)).collect();
    let render = |event: &&StoredEvent| {
        let challenge = challenges.get(&event.object);
        let challenge =
            challenge.ok_or_else(|| StoreError::unexpected("the challenge of an event is gone"))?;
        let holder = holders.get(&challenge.holder);
        let said = sealed::open(&app.seals, holder, Some(&event.data))?;
        one(challenge, holder.and_then(|holder| holder.handle.clone()).unwrap_or_default(), said)
    };
    Ok(events.iter().map(render).collect())
}

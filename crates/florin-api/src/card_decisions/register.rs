//! `PUT /v1/card/decisions` and `GET /v1/card/decisions`: where a partner is asked about authorisations.

use super::store::{self, DecisionEndpoint};
use crate::cards::CardDecision;
use crate::kit::prelude::*;
use crate::webhooks::Signer;
use florin_webhook::BaseUrl;

/// What holds without an answer, if the partner has not said: nothing is paid that it wants to be asked about and was
/// not.
pub(super) const DEFAULT: CardDecision = CardDecision::Decline;

struct Registration {
    url: BaseUrl,
    enabled: bool,
    on_timeout: CardDecision,
    on_error: CardDecision,
}

impl Request for Registration {
    const NAME: &'static str = "CardDecisionsRequest";
    const ABOUT: &'static str = "A registration. It replaces the one before.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "Where each question is POSTed. In live it must be `https` and a public address.";
        let url = fields.required("url").about(about).text();
        let about = "Whether you are asked; true if omitted. While false, the rules alone decide.";
        let enabled = fields.optional("enabled").about(about).boolean().unwrap_or(true);
        let about = "What holds when you do not answer within 1.5 seconds; `DECLINE` if omitted.";
        let on_timeout = fields.optional("onTimeout").about(about).text().unwrap_or(DEFAULT);
        let about =
            "What holds when you cannot be reached, or your answer cannot be read; `DECLINE` if omitted.";
        let on_error = fields.optional("onError").about(about).text().unwrap_or(DEFAULT);
        Some(Self { url: url?, enabled, on_timeout, on_error })
    }
}

/// Where you are asked about authorisations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardDecisions {
    /// Where each question is POSTed; null until an endpoint is registered.
    #[schema(required, example = "http://localhost:3000/card-decisions")]
    url: Option<String>,
    /// Whether you are asked.
    enabled: bool,
    /// What holds when you do not answer within 1.5 seconds.
    on_timeout: CardDecision,
    /// What holds when you cannot be reached, or your answer cannot be read.
    on_error: CardDecision,
    /// When it was registered; null until then.
    #[schema(required, format = DateTime)]
    created_at: Option<String>,
    /// When the registration changed last; null until then.
    #[schema(required, format = DateTime)]
    updated_at: Option<String>,
}

impl From<Option<DecisionEndpoint>> for CardDecisions {
    fn from(endpoint: Option<DecisionEndpoint>) -> Self {
        let of =
            |decision: fn(&DecisionEndpoint) -> CardDecision| endpoint.as_ref().map_or(DEFAULT, decision);
        Self {
            enabled: endpoint.as_ref().is_some_and(|endpoint| endpoint.enabled),
            on_timeout: of(|endpoint| endpoint.on_timeout),
            on_error: of(|endpoint| endpoint.on_error),
            created_at: endpoint.as_ref().map(|endpoint| endpoint.created_at.to_string()),
            updated_at: endpoint.as_ref().map(|endpoint| endpoint.updated_at.to_string()),
            url: endpoint.map(|endpoint| endpoint.url),
        }
    }
}

const REGISTERED: &str = r#"{"url":"http://localhost:3000/card-decisions","enabled":true,"onTimeout":"APPROVE",
    "onError":"APPROVE","createdAt":"2026-01-31T09:30:00.000Z","updatedAt":"2026-01-31T09:30:00.000Z"}"#;

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "registerCardDecisions",
            summary: "Decide about authorisations",
            description: "From now on each authorisation of a card that the rules would approve is POSTed to your \
                          endpoint as a `CardQuestion`, and you have 1.5 seconds to answer 200 with \
                          `{\"decision\":\"APPROVE\"}` or `{\"decision\":\"DECLINE\"}`. The request has the headers of \
                          your webhooks, with their token and signed with their secret: without a webhook endpoint \
                          this call is P467. You cannot approve what the rules decline: they are asked again \
                          afterwards. A redirect is an error, and not followed.",
            example: r#"{"url":"http://localhost:3000/card-decisions","onTimeout":"APPROVE","onError":"APPROVE"}"#,
            answer: REGISTERED,
            refusals: &[&P467],
            ..put("/v1/card/decisions", register_card_decisions)
        },
        Endpoint {
            id: "getCardDecisions",
            summary: "Get the endpoint for decisions",
            description: "Where you are asked about authorisations, and what holds without an answer.",
            answer: REGISTERED,
            ..get("/v1/card/decisions", get_card_decisions)
        },
    ]
}

async fn get_card_decisions(context: Context) -> Result<Success<CardDecisions>, Failure> {
    let endpoint = store::find(&mut *context.snapshot().await?).await?;
    Success::of(&CardDecisions::from(endpoint))
}

async fn register_card_decisions(
    context: Context,
    call: Call<Registration>,
) -> Result<Success<CardDecisions>, Failure> {
    let Call { request: Registration { url, enabled, on_timeout, on_error }, keyed } = call;
    let app = &context.app;
    // It waits for name servers, as a registration of the webhook endpoint does.
    let registering = app.outgoing.begin_registration(context.partner.id);
    let _registering = registering
        .ok_or_else(|| Refusal::because(&P429, "too many registrations of an endpoint are under way"))?;
    app.outgoing.sender.check(&url).await.map_err(|error| Refusal::invalid(format!("url {error}")))?;
    context
        .run(keyed, Vec::new(), async move |work| {
            let now = work.now();
            let signer = Signer::of_book(work.app(), work.scope(), now).await?;
            signer.ok_or_else(|| Refusal::of(&P467))?;
            let present = store::find(work.scope()).await?;
            let endpoint = DecisionEndpoint {
                url: url.to_string(),
                enabled,
                on_timeout,
                on_error,
                created_at: present.map_or(now, |present| present.created_at),
                updated_at: now,
            };
            store::put(work, &endpoint).await?;
            Ok(CardDecisions::from(Some(endpoint)))
        })
        .await
}

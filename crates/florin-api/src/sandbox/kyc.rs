//! `POST /v1/sandbox/kyc/{externalUserId}`: be the reviewer.

use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::codes::{P412, P448, P464};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape, post};
use crate::kit::request::body::Request;
use crate::kit::request::call::{Call, PathIds};
use crate::kit::request::fields::Fields;
use crate::kyc::{Decision, Drawn, REJECTION_REASONS, decide};
use axum::extract::State;
use axum::response::Response;
use florin_store::{Touch, Tx};
use http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

/// A decision.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct DecisionRequest {
    #[schema(schema_with = decisions)]
    decision: String,
    #[schema(schema_with = rejection_reasons)]
    rejection_reason: Option<String>,
}

const DECISIONS: &[&str] = &["APPROVE", "REJECT"];

fn decisions() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(DECISIONS.iter().copied()))
}

fn rejection_reasons() -> ObjectBuilder {
    let reasons = REJECTION_REASONS.iter().map(|reason| Value::from(*reason)).chain([Value::Null]);
    ObjectBuilder::new()
        .schema_type([Type::String, Type::Null].into_iter().collect::<SchemaType>())
        .enum_values(Some(reasons))
        .description(Some("With `REJECT`: why; `OTHER` by default."))
}

impl Request for Decision {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let decision = fields.required("decision").one_of(DECISIONS);
        let reason = fields.optional("rejectionReason").one_of(REJECTION_REASONS);
        Some(match decision? {
            "APPROVE" => Self::Approve,
            _ => Self::Reject(reason.unwrap_or("OTHER")),
        })
    }
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        summary: "Decide on a user's verification",
        description: "Decides at once, whether or not anything was sent. An approval makes the balances, but of a user \
                      with a hosted verification only once the user verification is added; EUR is active, with an \
                      IBAN, a short time later. Both decisions are told by a `kyc_verification.status` event, the \
                      active balances by `user.status`.",
        request: RequestBody::Json(Shape::of::<DecisionRequest>(), r#"{"decision":"APPROVE"}"#),
        refusals: &[&P412, &P448, &P464],
        ..post("/v1/sandbox/kyc/{externalUserId}", handle, (200, Shape::of::<Message>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    call: Call<Decision>,
) -> Result<Response, Failure> {
    let Call { request: decision, keyed } = call;
    let handle = ids.user(0).map(|id| id.as_str().to_owned()).unwrap_or_default();
    let drawn = Drawn::draw(&app);
    let touches = vec![Touch::Holder(handle.clone())];
    let platform = app.clone();
    app.run(&partner, keyed, touches, async move |tx: &mut Tx| {
        decide(&platform, tx, &handle, (decision, "sandbox"), &drawn).await?;
        let word = if decision == Decision::Approve { "approved" } else { "rejected" };
        Ok(answer(StatusCode::OK, &Message::new(format!("User verification {word}")))?)
    })
    .await
}

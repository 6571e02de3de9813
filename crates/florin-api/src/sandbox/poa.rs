//! `POST /v1/sandbox/poa/{externalUserId}`: ask for proof of address, and be its reviewer.

use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::codes::{P211, P412, P447, P460};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape, post};
use crate::kit::request::body::Request;
use crate::kit::request::call::{Call, PathIds};
use crate::kit::request::fields::Fields;
use crate::kyc::{PoaStatus, decide_poa};
use axum::extract::State;
use axum::response::Response;
use florin_store::{Touch, Tx};
use http::StatusCode;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// A decision.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct PoaDecisionRequest {
    #[schema(schema_with = decisions)]
    decision: String,
}

const DECISIONS: &[(&str, PoaStatus)] = &[
    ("REQUIRE", PoaStatus::Required),
    ("APPROVE", PoaStatus::Approved),
    ("REJECT", PoaStatus::Rejected),
    ("QUESTION", PoaStatus::Questioned),
];

fn decisions() -> ObjectBuilder {
    let words = DECISIONS.iter().map(|(word, _)| *word);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}

/// What a request says, typed.
struct Wanted(PoaStatus);

impl Request for Wanted {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("decision").choice(DECISIONS).map(Self)
    }
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        summary: "Ask for proof of address, or decide on one",
        description: "`REQUIRE` asks a user for proof of address. The other decisions are the reviewer's, told by a \
                      `poa_verification.status` event; they work also after the automatic approval, which comes half a \
                      second after the files. P460 for a user who was not asked.",
        request: RequestBody::Json(Shape::of::<PoaDecisionRequest>(), r#"{"decision":"REQUIRE"}"#),
        refusals: &[&P211, &P412, &P447, &P460],
        ..post("/v1/sandbox/poa/{externalUserId}", handle, (200, Shape::of::<Message>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    call: Call<Wanted>,
) -> Result<Response, Failure> {
    let Call { request: Wanted(status), keyed } = call;
    let handle = ids.user(0).map(|id| id.as_str().to_owned()).unwrap_or_default();
    let event = app.new_id();
    app.run(&partner, keyed, vec![Touch::Holder(handle.clone())], async move |tx: &mut Tx| {
        decide_poa(tx, &handle, status, event).await?;
        let word = match status {
            PoaStatus::Required | PoaStatus::Waiting => "asked for",
            PoaStatus::Approved => "approved",
            PoaStatus::Rejected => "rejected",
            PoaStatus::Questioned => "questioned",
        };
        Ok(answer(StatusCode::OK, &Message::new(format!("Proof of address {word}")))?)
    })
    .await
}

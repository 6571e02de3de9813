//! `POST /v1/sandbox/clock/advance`: move the book's clock forward. What comes due by it has been done when the call
//! answers.

use crate::JOB_HANDLERS;
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::book::jobs::run_due;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape, post};
use crate::kit::request::body::Request;
use crate::kit::request::call::Call;
use crate::kit::request::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use florin_store::{Due, StoreError, Tx};
use http::StatusCode;
use std::time::Duration;
use utoipa::ToSchema;

/// The farthest step, in seconds: ten years, past every period that the platform knows.
const MAX_STEP_SECONDS: i64 = 10 * 366 * 24 * 60 * 60;

/// A step forward.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct AdvanceRequest {
    /// 1 to 316224000 (ten years).
    #[schema(minimum = 1, maximum = 316224000)]
    seconds: i64,
}

struct Advance(Duration);

impl Request for Advance {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let seconds = fields.required("seconds").integer(1..=MAX_STEP_SECONDS)?;
        Some(Self(Duration::from_secs(seconds.unsigned_abs())))
    }
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        summary: "Advance the clock",
        description: "Moves the clock of your book forward, and with it everything that waits. What comes due by it \
                      has been done when the call answers.",
        request: RequestBody::Json(Shape::of::<AdvanceRequest>(), r#"{"seconds":60}"#),
        ..post("/v1/sandbox/clock/advance", handle, (200, Shape::of::<Message>()))
    }
}

async fn handle(State(app): State<App>, partner: Partner, call: Call<Advance>) -> Result<Response, Failure> {
    let Call { request: Advance(step), keyed } = call;
    let response = app
        .run(&partner, keyed, Vec::new(), async move |tx: &mut Tx| {
            tx.advance_clock(step).await?;
            let message = Message::new(format!("Clock advanced by {} seconds", step.as_secs()));
            Ok(answer(StatusCode::OK, &message)?)
        })
        .await?;
    // The clock has moved, whatever comes of this: jobs that are left are run by the worker.
    if let Err(error) = run_jobs(&app, &partner).await {
        tracing::warn!(%error, "could not run what came due");
    }
    Ok(response)
}

async fn run_jobs(app: &App, partner: &Partner) -> Result<(), StoreError> {
    let book = app.store.snapshot(partner.book).await?.book();
    run_due(app, JOB_HANDLERS, Due::OfBook(book)).await.map(drop)
}

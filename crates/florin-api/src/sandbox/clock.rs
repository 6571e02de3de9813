//! `POST /v1/sandbox/clock/advance`: move the book's clock forward. What comes due by it has been done when the call
//! answers.

use crate::kit::book::jobs::run_due;
use crate::kit::prelude::*;
use florin_store::Due;
use std::time::Duration;

/// The farthest step, in seconds: ten years, past every period that the platform knows.
const MAX_STEP_SECONDS: i64 = 10 * 366 * 24 * 60 * 60;

struct Advance(Duration);

impl Request for Advance {
    const NAME: &'static str = "AdvanceRequest";
    const ABOUT: &'static str = "A step of the clock.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let seconds = fields.required("seconds").about("Seconds, up to ten years.");
        let seconds = seconds.integer(1..=MAX_STEP_SECONDS)?;
        Some(Self(Duration::from_secs(seconds.unsigned_abs())))
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "advanceClock",
        summary: "Advance the clock",
        description: "Moves the clock of your book forward, and with it everything that waits. What comes due by it \
                      has been done when the call answers.",
        example: r#"{"seconds":60}"#,
        answer: r#"{"message":"Clock advanced by 60 seconds"}"#,
        ..post("/v1/sandbox/clock/advance", advance_clock)
    }
}

async fn advance_clock(context: SandboxContext, call: Call<Advance>) -> Result<Success<Message>, Failure> {
    let Call { request: Advance(step), keyed } = call;
    let answer = context
        .run(keyed, Vec::new(), async move |work| {
            work.advance_clock(step).await?;
            Ok(Message::new(format!("Clock advanced by {} seconds", step.as_secs())))
        })
        .await?;
    // The clock has moved, whatever happens here: jobs that are left are run by the worker.
    if let Err(error) = run_jobs(&context).await {
        tracing::warn!(%error, "could not run what came due");
    }
    Ok(answer)
}

async fn run_jobs(context: &Context) -> Result<(), StoreError> {
    let book = context.snapshot().await?.book();
    run_due(&context.app, Due::OfBook(book)).await.map(drop)
}

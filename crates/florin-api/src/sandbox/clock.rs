//! `POST /v1/sandbox/clock/advance` and `GET /v1/sandbox/clock`: move the book's clock forward, and read it. What comes
//! due by a step has been done when the call answers: jobs first, then an attempt at each webhook. What is due already
//! is done before the step: a withdrawal that was made just now is signed by then, so that the step reaches its blocks.

use crate::kit::book::jobs::run_due;
use crate::kit::prelude::*;
use crate::webhooks::attempt_due;
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

/// The clock after a step.
#[derive(Serialize, ToSchema)]
pub struct ClockAdvanced {
    /// What was done.
    message: String,
    /// The time in your book.
    #[schema(format = DateTime)]
    now: String,
}

/// The clock of a book.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookClock {
    /// The time in your book.
    #[schema(format = DateTime)]
    now: String,
    /// How far it is ahead of the real time.
    offset_seconds: u64,
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "advanceClock",
            summary: "Advance the clock",
            description: "Moves the clock of your book forward, after what is due already. What comes due by it has \
                          been done when the call answers: files are checked, reviews are decided, balances are \
                          active, withdrawals are in the chain, and each webhook that is due was attempted once. What \
                          one of them starts counts from the time at which it came due, so one step reaches all of \
                          it.\n\nThe call waits at most two seconds for your server to answer webhooks; attempts that \
                          take longer go on after the answer.",
            example: r#"{"seconds":60}"#,
            answer: r#"{"message":"Clock advanced by 60 seconds","now":"2026-01-31T09:31:00.000Z"}"#,
            ..post("/v1/sandbox/clock/advance", advance_clock)
        },
        Endpoint {
            id: "getClock",
            summary: "Read the clock",
            description: "The time in your book: the real time and what you have advanced it by.",
            answer: r#"{"now":"2026-01-31T09:31:00.000Z","offsetSeconds":60}"#,
            ..get("/v1/sandbox/clock", get_clock)
        },
    ]
}

async fn advance_clock(
    context: SandboxContext,
    call: Call<Advance>,
) -> Result<Success<ClockAdvanced>, Failure> {
    let Call { request: Advance(step), keyed } = call;
    do_what_is_due_now(&context).await;
    let answer = context
        .run(keyed, Vec::new(), async move |work| {
            let now = work.now().saturating_add(step);
            work.advance_clock(step).await?;
            let message = format!("Clock advanced by {} seconds", step.as_secs());
            Ok(ClockAdvanced { message, now: now.to_string() })
        })
        .await?;
    // The clock has moved, whatever happens here: what is left is done by the workers.
    if let Err(error) = do_what_is_due(&context).await {
        tracing::warn!(%error, "could not do all that came due");
    }
    Ok(answer)
}

/// Does what is due before something happens to the book: what that starts counts from now.
pub(super) async fn do_what_is_due_now(context: &Context) {
    let due = async {
        let book = context.snapshot().await?.book();
        run_due(&context.app, Due::OfBook(book)).await
    };
    if let Err(error) = due.await {
        tracing::warn!(%error, "could not do all that was due");
    }
}

async fn do_what_is_due(context: &Context) -> Result<(), StoreError> {
    let book = context.snapshot().await?.book();
    run_due(&context.app, Due::OfBook(book)).await?;
    attempt_due(&context.app, book).await
}

async fn get_clock(context: SandboxContext) -> Result<Success<BookClock>, Failure> {
    let snapshot = context.snapshot().await?;
    let book = snapshot.book_row();
    let now = book.now(context.app.wall()).to_string();
    Success::of(&BookClock { now, offset_seconds: book.offset().as_secs() })
}

//! Fault injection, in a sandbox: a header makes a call fail as it may fail one day, for a partner who tests its
//! client's retries and time-outs. A valid key comes first. `P429`, `P500` and `P501` answer so and do nothing; `LOST`
//! and `SLOW` do the call and spoil its answer.

use crate::kit::app::App;
use crate::kit::edge::http::LostAnswer;
use crate::kit::edge::partner::Caller;
use crate::kit::endpoint::codes::{P429, P500, P501};
use crate::kit::endpoint::refusal::Refusal;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// The header.
pub const FAULT_HEADER: &str = "x-sandbox-fault";

/// The longest that an answer is held back: past the time-out of most clients, and no more, since each such answer
/// holds a connection.
const MAX_SLOW_SECONDS: u64 = 60;

/// Its values, each with what happens.
pub const FAULTS: [(&str, &str); 5] = [
    (P429.code, "answered P429, changing nothing"),
    (P500.code, "answered P500, changing nothing"),
    (P501.code, "answered P501, changing nothing"),
    ("LOST", "done, and the connection is closed without an answer"),
    ("SLOW:5", "done, and answered so many seconds later; from 0 to 60"),
];

/// What a value asks for.
enum Fault {
    /// An answer in place of the call. It is no fault of ours, so it is not logged as one.
    Answer(Refusal),
    /// The call without its answer.
    Lost,
    /// The call with its answer so much later.
    Slow(Duration),
}

impl Fault {
    fn read(value: &[u8]) -> Self {
        match value {
            b"P429" => Self::Answer(Refusal::of(&P429)),
            b"P500" => Self::Answer(Refusal::of(&P500)),
            b"P501" => Self::Answer(Refusal::of(&P501)),
            b"LOST" => Self::Lost,
            other => {
                seconds(other).map_or_else(Self::unknown, |seconds| Self::Slow(Duration::from_secs(seconds)))
            }
        }
    }

    fn unknown() -> Self {
        let message = format!(
            "{FAULT_HEADER} must be one of the following values: P429, P500, P501, LOST, SLOW:<seconds> with 0 to \
             {MAX_SLOW_SECONDS} seconds"
        );
        Self::Answer(Refusal::invalid(message))
    }
}

/// The seconds of `SLOW:<seconds>`.
fn seconds(value: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(value).ok()?.strip_prefix("SLOW:")?;
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|seconds| is_plain && *seconds <= MAX_SLOW_SECONDS)
}

/// Goes on, unless the header asks for a fault.
pub(super) async fn fail_to_order(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(value) = request.headers().get(FAULT_HEADER).cloned() else { return next.run(request).await };
    let (mut parts, body) = request.into_parts();
    match Caller::of_request(&parts, &app).await {
        Ok(partner) => drop(parts.extensions.insert(partner)),
        Err(failure) => return failure.into_response(),
    }
    match Fault::read(value.as_bytes()) {
        Fault::Answer(refusal) => refusal.into_response(),
        Fault::Lost => {
            let mut response = next.run(Request::from_parts(parts, body)).await;
            response.extensions_mut().insert(LostAnswer);
            response
        }
        Fault::Slow(time) => {
            let response = next.run(Request::from_parts(parts, body)).await;
            tokio::select! {
                () = tokio::time::sleep(time) => {}
                () = app.stopped() => {}
            }
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_held_back_for_a_bounded_time() {
        for (value, expected) in [("SLOW:0", Some(0)), ("SLOW:5", Some(5)), ("SLOW:60", Some(60))] {
            assert_eq!(seconds(value.as_bytes()), expected);
        }
        for value in [
            "SLOW",
            "SLOW:",
            "SLOW:61",
            "SLOW:-1",
            "SLOW:+1",
            "SLOW:1.5",
            "SLOW: 1",
            "slow:1",
            "SLOW:99999999999999999999",
        ] {
            assert_eq!(seconds(value.as_bytes()), None, "{value}");
        }
        assert!(FAULTS.iter().all(|(value, _)| !matches!(
            Fault::read(value.as_bytes()),
            Fault::Answer(refusal) if refusal.code.code == "P403"
        )));
    }
}

//! Faults to order, in a sandbox: a header ends a call as a fault of ours would, for a partner who wants to see how its
//! client takes that. The key counts first; nothing else of the call is looked at, and nothing happens.

use crate::kit::app::App;
use crate::kit::edge::partner::Caller;
use crate::kit::endpoint::codes::{P500, P501};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use florin_store::StoreError;

/// The header.
pub const FAULT_HEADER: &str = "x-sandbox-fault";

/// Its values.
pub const FAULTS: [&str; 2] = [P500.code, P501.code];

/// Goes on, unless the header asks for a fault.
pub(super) async fn fail_to_order(State(app): State<App>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(FAULT_HEADER) {
        return next.run(request).await;
    }
    let (parts, _) = request.into_parts();
    let failure = match Caller::of_request(&parts, &app).await {
        Ok(_) => ordered(parts.headers[FAULT_HEADER].as_bytes()),
        Err(failure) => failure,
    };
    failure.into_response()
}

fn ordered(value: &[u8]) -> Failure {
    let cause = format!("{FAULT_HEADER} asked for it");
    if value == P500.code.as_bytes() {
        StoreError::unexpected(cause).into()
    } else if value == P501.code.as_bytes() {
        StoreError::unavailable(cause).into()
    } else {
        Refusal::invalid(format!("{FAULT_HEADER} must be {} or {}", P500.code, P501.code)).into()
    }
}

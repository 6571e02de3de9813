//! `GET /v1/sandbox/scenarios`: the values that make a sandbox do something else than succeed.

use crate::kit::book::command::ok;
use crate::kit::edge::fault::{FAULT_HEADER, FAULTS};
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, Shape, get};
use crate::kyc::{HOLD, REJECT_PREFIX, REJECTION_REASONS};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// The scenarios.
#[derive(Serialize, ToSchema)]
pub struct Scenarios {
    /// One for each value that is magic.
    data: Vec<Scenario>,
}

/// A value and what it does.
#[derive(Serialize, ToSchema)]
pub struct Scenario {
    /// The call.
    call: &'static str,
    /// The field of its request, or the header.
    field: &'static str,
    /// The value.
    value: String,
    /// What comes of it.
    outcome: String,
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        summary: "List the magic values",
        description: "Everything else succeeds by itself after a short delay.",
        ..get("/v1/sandbox/scenarios", handle, (200, Shape::of::<Scenarios>()))
    }
}

async fn handle(_: Partner) -> Result<Response, Failure> {
    let document = |value: String, outcome: String| Scenario {
        call: "POST /v1/user/verification",
        field: "documentNumber",
        value,
        outcome,
    };
    let rejections = REJECTION_REASONS
        .iter()
        .map(|reason| document(format!("{REJECT_PREFIX}{reason}"), format!("rejected with {reason}")));
    let hold =
        document(HOLD.to_owned(), "left in review, for POST /v1/sandbox/kyc/{externalUserId}".to_owned());
    let faults = FAULTS.map(|code| Scenario {
        call: "every call with a key",
        field: FAULT_HEADER,
        value: code.to_owned(),
        outcome: format!("answered {code}, changing nothing"),
    });
    ok(&Scenarios { data: rejections.chain([hold]).chain(faults).collect() })
}

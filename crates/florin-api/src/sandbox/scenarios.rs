//! `GET /v1/sandbox/scenarios`: the values that make a sandbox do something else than succeed.

use crate::kit::edge::fault::{FAULT_HEADER, FAULTS};
use crate::kit::endpoint::family::Scenario;
use crate::kit::prelude::*;

/// The scenarios.
#[derive(Serialize, ToSchema)]
pub struct Scenarios {
    /// One for each magic value.
    data: Vec<Scenario>,
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getScenarios",
        summary: "List the magic values",
        description: "Values that force an outcome. Everything else succeeds by itself after a short delay.",
        answer: r#"{"data":[{"call":"POST /v1/user/verification","field":"documentNumber",
            "value":"REJECT-FACE_MISMATCH","outcome":"rejected with FACE_MISMATCH"}]}"#,
        ..get("/v1/sandbox/scenarios", get_scenarios)
    }
}

async fn get_scenarios(context: SandboxContext) -> Result<Success<Scenarios>, Failure> {
    let app = &context.app;
    let families = app.families().iter().flat_map(|family| (family.scenarios)(app));
    let faults = FAULTS.map(|(value, outcome)| Scenario {
        call: "every call with a key",
        field: FAULT_HEADER,
        value: value.to_owned(),
        outcome: outcome.to_owned(),
    });
    Success::of(&Scenarios { data: families.chain(faults).collect() })
}

//! `PATCH /v1/user/suspend/{externalUserId}` and `PATCH /v1/user/unsuspend/{externalUserId}`: one use case, two routes.

use super::user::{Gate, existing};
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::codes::P412;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, Shape, patch};
use crate::kit::request::call::{BareCall, PathIds};
use axum::extract::State;
use axum::response::Response;
use florin_store::{Keyed, Touch, Tx};
use http::StatusCode;

/// The route that suspends.
pub fn suspend_endpoint() -> Endpoint {
    Endpoint {
        tag: "Users",
        summary: "Suspend a user",
        description: "A suspended user can neither send nor receive by your calls (P455). Repeating it changes \
                      nothing.",
        refusals: &[&P412],
        ..patch("/v1/user/suspend/{externalUserId}", suspend, (200, Shape::of::<Message>()))
    }
}

/// The route that lifts it.
pub fn unsuspend_endpoint() -> Endpoint {
    Endpoint {
        tag: "Users",
        summary: "Unsuspend a user",
        description: "Lifts a suspension. Repeating it changes nothing.",
        refusals: &[&P412],
        ..patch("/v1/user/unsuspend/{externalUserId}", unsuspend, (200, Shape::of::<Message>()))
    }
}

async fn suspend(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    call: BareCall,
) -> Result<Response, Failure> {
    set(&app, &partner, &ids, call.keyed, true).await
}

async fn unsuspend(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    call: BareCall,
) -> Result<Response, Failure> {
    set(&app, &partner, &ids, call.keyed, false).await
}

async fn set(
    app: &App,
    partner: &Partner,
    ids: &PathIds,
    keyed: Option<Keyed>,
    is_suspended: bool,
) -> Result<Response, Failure> {
    let handle = ids.user(0).map(|id| id.as_str().to_owned()).unwrap_or_default();
    let touches = vec![Touch::Holder(handle.clone())];
    app.run(partner, keyed, touches, async move |tx: &mut Tx| {
        let gate = Gate::of(existing(tx.holder(&handle))?);
        if gate.is_suspended != is_suspended {
            tx.set_gate(&handle, Gate { is_suspended, ..gate }.bits())?;
        }
        let word = if is_suspended { "suspended" } else { "unsuspended" };
        Ok(answer(StatusCode::OK, &Message::new(format!("User {word} successfully")))?)
    })
    .await
}

//! `POST /v1/sandbox/reset`: a fresh book in place of the caller's. The key stays; users, money, events and the keys
//! of repeated requests begin anew. A repeat of the reset itself is known in the new book.

use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::book::registry::{move_partner, new_book};
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, Shape, post};
use crate::kit::request::call::BareCall;
use crate::kyc::FORGET;
use crate::webhooks;
use axum::extract::State;
use axum::response::Response;
use florin_store::{Tx, params};
use http::StatusCode;

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        summary: "Start afresh",
        description: "Replaces your book by a new one: no users, no money, no events, the clock at the present. Your \
                      key and your webhook endpoint stay.",
        ..post("/v1/sandbox/reset", handle, (200, Shape::of::<Message>()))
    }
}

async fn handle(State(app): State<App>, partner: Partner, call: BareCall) -> Result<Response, Failure> {
    let new = new_book(partner.id, &app.currencies);
    let response = app
        .run(&partner, call.keyed, Vec::new(), async move |tx: &mut Tx| {
            tx.execute(FORGET, &params![]).await?;
            let book = tx.succeed_book(new.clone()).await?;
            tx.execute(webhooks::MOVE, &params![book]).await?;
            move_partner(tx, book).await?;
            Ok(answer(StatusCode::OK, &Message::new("Sandbox reset"))?)
        })
        .await?;
    app.keys.clear();
    Ok(response)
}

//! `DELETE /v1/user/{externalUserId}`: close a user for good.

use super::erase::ERASE_JOB;
use super::store;
use super::user::{Gate, existing};
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::codes::{P412, P456};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, Shape, delete};
use crate::kit::request::call::{BareCall, PathIds};
use axum::extract::State;
use axum::response::Response;
use florin_ledger::AccountKey;
use florin_store::{Lane, NewJob, Touch, Tx};
use http::StatusCode;

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Users",
        summary: "Delete a user",
        description: "Closes the user at once: every call answers P412 from then on, and the id is never free again. \
                      Refused while money or pending work is left. Personal data is erased when the retention time is \
                      over (sandbox: at once).",
        refusals: &[&P412, &P456],
        ..delete("/v1/user/{externalUserId}", handle, (200, Shape::of::<Message>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    call: BareCall,
) -> Result<Response, Failure> {
    let handle = ids.user(0).map(|id| id.as_str().to_owned()).unwrap_or_default();
    let touches =
        app.currencies.iter().map(|currency| Touch::Handle(handle.clone(), currency.code)).collect();
    let codes = app.currencies.codes();
    let retention = app.settings.retention;
    app.run(&partner, call.keyed, touches, async move |tx: &mut Tx| {
        let holder = existing(tx.holder(&handle))?;
        let (id, gate) = (holder.id, Gate::of(holder));
        let accounts = codes.iter().filter_map(|code| tx.account(AccountKey::main(id, *code)));
        if accounts.into_iter().any(|account| account.balance != 0 || account.held != 0) {
            return Err(Refusal::of(&P456).into());
        }
        tx.set_gate(&handle, Gate { is_closed: true, ..gate }.bits())?;
        store::close(tx, id).await?;
        let due = tx.now().saturating_add(retention);
        tx.enqueue(NewJob { kind: ERASE_JOB, lane: Lane::Slow, due, payload: handle.clone().into_bytes() });
        Ok(answer(StatusCode::OK, &Message::new("User deleted successfully"))?)
    })
    .await
}

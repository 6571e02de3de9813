//! `POST /v1/sandbox/reset`: a fresh book in place of the caller's. The key stays; users, money, events and the keys of
//! repeated requests begin anew. A repeat of the reset itself is known in the new book.

use crate::kit::book::registry::{move_partner, new_book};
use crate::kit::prelude::*;
use florin_store::params;

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "resetSandbox",
        summary: "Start afresh",
        description: "Replaces your book by a new one: no users, no money, no events, the clock at the present. Your \
                      key and your webhook endpoint stay.",
        answer: r#"{"message":"Sandbox reset"}"#,
        ..post("/v1/sandbox/reset", reset_sandbox)
    }
}

async fn reset_sandbox(context: SandboxContext, call: BareCall) -> Result<Success<Message>, Failure> {
    let new = new_book(context.partner.id, &context.app.currencies);
    let answer = context
        .run(call.keyed, Vec::new(), async move |work| {
            let families = work.app().families();
            for statement in families.iter().flat_map(|family| family.forgets) {
                work.execute(statement, &params![]).await?;
            }
            let book = work.succeed_book(new.clone()).await?;
            for statement in families.iter().flat_map(|family| family.moves) {
                work.execute(statement, &params![book]).await?;
            }
            for move_sealed in families.iter().flat_map(|family| family.moves_sealed) {
                move_sealed(work, book).await?;
            }
            move_partner(work, book).await?;
            Ok(Message::new("Sandbox reset"))
        })
        .await?;
    context.app.keys.clear();
    Ok(answer)
}

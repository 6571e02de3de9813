//! `DELETE /v1/user/{externalUserId}`: close a user for good.

use super::erase::ERASE_JOB;
use super::path::UserId;
use super::store;
use super::user::{Gate, require};
use crate::kit::prelude::*;
use florin_ledger::AccountKey;
use florin_store::{Lane, NewJob};

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "deleteUser",
        summary: "Delete a user",
        description: "Closes the user at once: every call answers P412 from then on, and the id is never free again. \
                      Refused while the user has money or pending work. Personal data is erased when the retention \
                      time is over (in a sandbox: at once).",
        answer: r#"{"message":"User deleted successfully"}"#,
        refusals: &[&P412, &P456],
        ..delete("/v1/user/{externalUserId}", delete_user)
    }
}

async fn delete_user(
    context: Context,
    Path(user): Path<UserId>,
    call: BareCall,
) -> Result<Success<Message>, Failure> {
    let user = user.into_string();
    let codes = context.app.currencies.codes();
    let touches = codes.iter().flat_map(|code| {
        [Touch::UserAccount(user.clone(), *code), Touch::UserReceivable(user.clone(), *code)]
    });
    let touches = touches.collect();
    context
        .run(call.keyed, touches, async move |work| {
            let holder = require(work.holder(&user), &user)?.clone();
            let (id, gate) = (holder.id, Gate::of(&holder));
            let keys = codes
                .iter()
                .flat_map(|code| [AccountKey::main(id, *code), AccountKey::receivable(id, *code)]);
            let mut accounts = keys.filter_map(|key| work.account(key));
            // Not money of the user's, nor held, nor owed.
            if accounts.any(|account| account.balance != 0 || account.held != 0) {
                return Err(Refusal::of(&P456).into());
            }
            for obstacle in work.app().families().iter().flat_map(|family| family.obstacles) {
                (obstacle.to_deleting)(work, &holder).await?;
            }
            work.set_gate(&user, Gate { is_closed: true, ..gate }.bits())?;
            store::close(work, id).await?;
            let due = work.now().saturating_add(work.app().settings.retention);
            let payload = user.clone().into_bytes();
            work.enqueue(NewJob { kind: ERASE_JOB, lane: Lane::Slow, due, payload });
            Ok(Message::new("User deleted successfully"))
        })
        .await
}

//! `PATCH /v1/user/suspend/{externalUserId}` and `PATCH /v1/user/unsuspend/{externalUserId}`: one use case, two routes.

use super::path::UserId;
use super::user::{Gate, require};
use crate::kit::prelude::*;
use florin_store::{Lane, NewJob};

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "suspendUser",
            summary: "Suspend a user",
            description: "A suspended user can neither send nor receive by your calls (P455). Suspending a suspended \
                          user changes nothing. Refused while a card of the user is `ACTIVE`: block it first.",
            answer: r#"{"message":"User suspended successfully"}"#,
            refusals: &[&P412, &P454],
            ..patch("/v1/user/suspend/{externalUserId}", suspend_user)
        },
        Endpoint {
            id: "unsuspendUser",
            summary: "Unsuspend a user",
            description: "Lifts a suspension. If the user is not suspended, nothing changes.",
            answer: r#"{"message":"User unsuspended successfully"}"#,
            refusals: &[&P412],
            ..patch("/v1/user/unsuspend/{externalUserId}", unsuspend_user)
        },
    ]
}

async fn suspend_user(
    context: Context,
    Path(user): Path<UserId>,
    call: BareCall,
) -> Result<Success<Message>, Failure> {
    set_suspended(&context, user, call.keyed, true).await
}

async fn unsuspend_user(
    context: Context,
    Path(user): Path<UserId>,
    call: BareCall,
) -> Result<Success<Message>, Failure> {
    set_suspended(&context, user, call.keyed, false).await
}

async fn set_suspended(
    context: &Context,
    user: UserId,
    keyed: Option<Keyed>,
    is_suspended: bool,
) -> Result<Success<Message>, Failure> {
    let touches = vec![Touch::User(user.as_str().to_owned())];
    context
        .run(keyed, touches, async move |work| {
            let holder = require(work.holder(user.as_str()), user.as_str())?.clone();
            let gate = Gate::of(&holder);
            if gate.is_suspended != is_suspended {
                if is_suspended {
                    let obstacles = work.app().families().iter().flat_map(|family| family.obstacles);
                    for obstacle in obstacles {
                        (obstacle.to_suspending)(work, &holder).await?;
                    }
                }
                if !is_suspended {
                    // What came in meanwhile was held.
                    let (due, families) = (work.now(), work.app().families());
                    for kind in families.iter().flat_map(|family| family.unsuspended) {
                        let payload = user.as_str().as_bytes().to_vec();
                        work.enqueue(NewJob { kind, lane: Lane::Quick, due, payload });
                    }
                }
                work.set_gate(user.as_str(), Gate { is_suspended, ..gate }.bits())?;
            }
            let word = if is_suspended { "suspended" } else { "unsuspended" };
            Ok(Message::new(format!("User {word} successfully")))
        })
        .await
}

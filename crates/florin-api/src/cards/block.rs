//! `PATCH /v1/card/block` and `PATCH /v1/card/unblock`: one use case, two routes.

use super::card::{Card, CardStatus};
use super::named::NamedCard;
use crate::kit::prelude::*;
use crate::users::Gate;

/// The card to be locked or unlocked.
struct CardRequest(NamedCard);

impl Request for CardRequest {
    const NAME: &'static str = "CardRequest";
    const ABOUT: &'static str = "A card of a user.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        NamedCard::read(fields).map(Self)
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    const EXAMPLE: &str = r#"{"externalUserId":"$user","cardId":"$card"}"#;
    [
        Endpoint {
            id: "blockCard",
            summary: "Block a card",
            description: "Locks the card for the user, who can unlock it: its status is `LOCKED_BY_USER`, and payments \
                          are declined. What is authorised already can still be cleared. Blocking a locked card \
                          changes nothing. P453 if we have blocked or suspended the card.",
            example: EXAMPLE,
            answer: r#"{"message":"Card blocked successfully"}"#,
            refusals: &[&P412, &P434, &P453],
            ..patch("/v1/card/block", block_card)
        },
        Endpoint {
            id: "unblockCard",
            summary: "Unblock a card",
            description: "Unlocks a card that was locked for the user: its status is `ACTIVE`. Unblocking an active \
                          card changes nothing. P453 if we have blocked or suspended the card.",
            example: EXAMPLE,
            answer: r#"{"message":"Card unblocked successfully"}"#,
            refusals: &[&P412, &P434, &P453, &P455],
            ..patch("/v1/card/unblock", unblock_card)
        },
    ]
}

async fn block_card(context: Context, call: Call<CardRequest>) -> Result<Success<Message>, Failure> {
    set_locked(&context, call, true).await
}

async fn unblock_card(context: Context, call: Call<CardRequest>) -> Result<Success<Message>, Failure> {
    set_locked(&context, call, false).await
}

async fn set_locked(
    context: &Context,
    call: Call<CardRequest>,
    is_locked: bool,
) -> Result<Success<Message>, Failure> {
    let Call { request: CardRequest(named), keyed } = call;
    context
        .run(keyed, named.touches(), async move |work| {
            if !is_locked {
                // A suspended user has no active card.
                Gate::of(&named.holder(work)?).check_active()?;
            }
            let (_, card) = named.find(work)?;
            card.check_not_held()?;
            let status = if is_locked { CardStatus::Locked } else { CardStatus::Active };
            work.put(&Card { status, is_locked, ..card })?;
            let word = if is_locked { "blocked" } else { "unblocked" };
            Ok(Message::new(format!("Card {word} successfully")))
        })
        .await
}

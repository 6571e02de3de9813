//! `DELETE /v1/card`: the end of a card.

use super::card::{Card, CardStatus};
use super::named::NamedCard;
use super::number::CardSeed;
use super::secrets::{CardData, keys_of};
use crate::kit::prelude::*;

/// The card to be deleted.
struct DeletedCard(NamedCard);

impl Request for DeletedCard {
    const NAME: &'static str = "DeleteCardRequest";
    const ABOUT: &'static str = "The card to be deleted.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        NamedCard::read(fields).map(Self)
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "deleteCard",
        summary: "Delete a card",
        description: "Ends the card for good: it is in no list any more, and its payments are declined. What was \
                      authorised before stays on hold until the merchant clears or reverses it, and refunds still \
                      reach the user. Its number is never given out again.",
        example: r#"{"externalUserId":"$user","cardId":"$card"}"#,
        answer: r#"{"message":"Card deleted successfully"}"#,
        refusals: &[&P412, &P434],
        ..delete("/v1/card", delete_card)
    }
}

async fn delete_card(context: Context, call: Call<DeletedCard>) -> Result<Success<Message>, Failure> {
    let Call { request: DeletedCard(named), keyed } = call;
    let seed = CardSeed::draw(&context.app);
    context
        .run(keyed, named.touches(), async move |work| {
            let (holder, card) = named.find(work)?;
            // Nobody may pay by it any more, so nothing by which somebody could is kept. The number is still needed: a
            // merchant names it in a refund, and a network in a dispute.
            let keys = keys_of(work.app(), &holder)?;
            let data = CardData::open(&keys, card.sealed.as_deref())?.without_cvv();
            let (deleted_at, sealed) = (Some(work.now()), Some(data.seal(&keys, &seed.stream())?));
            work.put(&Card { status: CardStatus::Deleted, deleted_at, sealed, pin_block: None, ..card })?;
            Ok(Message::new("Card deleted successfully"))
        })
        .await
}

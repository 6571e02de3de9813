//! `GET /v1/card/all/{externalUserId}`: the cards of a user.

use super::card::{Card, CardStatus};
use super::store;
use crate::kit::book::sealed;
use crate::kit::prelude::*;
use crate::users::{UserId, require};

/// The cards of a user.
#[derive(Serialize, ToSchema)]
pub struct CardList {
    /// Those that were not deleted, the newest first.
    cards: Vec<CardListItem>,
}

/// A card in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardListItem {
    /// Its id.
    card_id: Uuid,
    /// Where it stands.
    status: CardStatus,
    /// What it is called.
    #[schema(example = "Travel")]
    label: String,
    /// The last four digits of its number.
    #[schema(example = "0012")]
    card_last_digits: String,
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "listCards",
        summary: "List a user's cards",
        description: "All cards of a user but deleted ones, the newest first.",
        answer: r#"{"cards":[{"cardId":"$card","status":"ACTIVE","label":"Travel","cardLastDigits":"0012"}]}"#,
        refusals: &[&P412],
        ..get("/v1/card/all/{externalUserId}", list_cards)
    }
}

async fn list_cards(context: Context, Path(user): Path<UserId>) -> Result<Success<CardList>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.holder(user.as_str()).await?;
    let holder = require(holder.as_ref(), user.as_str())?;
    let cards = store::of_holder(&mut snapshot, holder.id).await?;
    drop(snapshot);
    let item = |card: Card| {
        let label: Option<String> = sealed::open(&context.app.seals, Some(holder), card.label.as_deref())?;
        Ok::<_, StoreError>(CardListItem {
            card_id: card.id,
            status: card.status,
            label: label.unwrap_or_default(),
            card_last_digits: card.last4,
        })
    };
    let kept = cards.into_iter().filter(|card| card.status != CardStatus::Deleted);
    Success::of(&CardList { cards: kept.map(item).collect::<Result<_, _>>()? })
}

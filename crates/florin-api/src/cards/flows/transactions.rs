//! `GET /v1/card/transactions/{externalUserId}/{cardId}`: what happened by a card, as its events say.

use super::entry::{CardTransaction, Shown};
use super::store;
use crate::cards::card::Card;
use crate::cards::details::CardId;
use crate::kit::prelude::*;
use crate::kit::request::types::Cursor;
use crate::users::{UserId, require};

struct PageRequest {
    limit: u32,
    cursor: Option<Cursor>,
}

impl Request for PageRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { limit: fields.page_limit(), cursor: fields.page_cursor() })
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getCardTransactions",
        summary: "List the transactions of a card",
        description: "Every step of every transaction of the card, newest first: what the event `card.transaction` \
                      said of each. The steps of one purchase have one `id`. A card that is deleted has its list \
                      still: clearings and refunds can come after.",
        answer: r#"{"data":[{"id":"$purchase","externalUserId":"$user","cardId":"$card",
            "type":"AUTHORIZATION","status":"APPROVED","amount":"12.50","currency":"eur","merchantName":"Bookshop",
            "mcc":"5942","merchantCountry":"DE","channel":"ECOM","merchantAmount":"12.50","merchantCurrency":"eur",
            "rate":null,"fee":"0.00","requestedAmount":"12.50","decidedBy":"RULES",
            "createdAt":"2026-01-31T09:30:00.000Z"}],"nextCursor":null}"#,
        refusals: &[&P412, &P434],
        ..get("/v1/card/transactions/{externalUserId}/{cardId}", get_card_transactions)
    }
}

async fn get_card_transactions(
    context: Context,
    Path(user): Path<UserId>,
    Path(card): Path<CardId>,
    Query(page): Query<PageRequest>,
) -> Result<Success<Page<CardTransaction>>, Failure> {
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.holder(user.as_str()).await?;
    let holder = require(holder.as_ref(), user.as_str())?;
    let card = card.find_even_deleted(&mut snapshot, holder).await?;
    let list = list_name(&card);
    let before = match &page.cursor {
        Some(cursor) => {
            let place = app.place_of(&list, &cursor.0)?;
            i64::from_be_bytes(
                place.try_into().map_err(|_| StoreError::unexpected("a cursor of another size"))?,
            )
        }
        None => i64::MAX,
    };
    let mut entries = store::page(&mut snapshot, card.id, before, page.limit + 1).await?;
    let has_more = entries.len() > usize::try_from(page.limit).unwrap_or(usize::MAX);
    if has_more {
        entries.pop();
    }
    let last = entries.last().filter(|_| has_more);
    let next_cursor = last.map(|entry| app.cursor(&list, &entry.event.to_be_bytes()));
    let shown = Shown::load(&mut snapshot, entries.iter().map(|entry| entry.payment)).await?;
    let one = |entry: &super::CardEntry| shown.of(app, entry.payment, &entry.details, entry.at);
    let data = entries.iter().map(one).collect::<Result<_, _>>()?;
    Success::of(&Page { data, next_cursor })
}

/// Names the list for its cursors. Clients hold cursors made from this text, so it never changes.
fn list_name(card: &Card) -> String {
    format!("card transactions {}", card.id)
}

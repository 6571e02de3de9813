//! `GET /v1/sepa-recalls`, `GET /v1/sepa-recall/details/{recallId}`, and the payload of a recall's event.

use super::RecallId;
use super::recall::{Recall, RecallDirection, RecallStatus, Words};
use super::store;
use crate::kit::app::App;
use crate::kit::book::sealed;
use crate::kit::endpoint::family::Rendered;
use crate::kit::prelude::*;
use crate::kit::request::types::Cursor;
use crate::sepa::people::People;
use florin_ledger::HolderId;
use florin_store::{BookId, Scope, StoredEvent};
use florin_types::format_minor;
use serde_json::value::to_raw_value;
use std::collections::HashMap;

/// A recall.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SepaRecall {
    /// Its id.
    id: Uuid,
    /// Who asks whom.
    direction: RecallDirection,
    /// Where it stands.
    status: RecallStatus,
    /// The deposit that is asked for, if it is incoming; null for a payment that never came.
    #[schema(required)]
    deposit_id: Option<Uuid>,
    /// The transfer whose money is asked for, if it is outgoing.
    #[schema(required)]
    transfer_id: Option<Uuid>,
    /// Your own id of the user whose money it is; null for your master balance, and where nobody knows.
    #[schema(required)]
    external_user_id: Option<String>,
    /// What is asked for: a decimal string.
    #[schema(example = "25.00")]
    amount: String,
    /// Always `eur`.
    #[schema(example = "eur")]
    currency: String,
    /// Why it is asked for: a reason code of ISO 20022.
    #[schema(example = "DUPL")]
    reason: String,
    /// What the asking bank adds, for people; null where it adds nothing, and once the user's data is erased.
    #[schema(required, example = "The customer paid twice")]
    text: Option<String>,
    /// Why it was refused: a reason code of ISO 20022; null otherwise.
    #[schema(required, example = "CUST")]
    answer: Option<String>,
    /// Until when it is to be answered. After that it is refused with `NOAS`.
    #[schema(format = DateTime)]
    answer_by: String,
    /// When it came in, or was made.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A recall's event, as text.
pub const EXAMPLE: &str = concat!(
    r#"{"id":"0198c5d2-cf53-7146-8ea7-80b25d6e7f91","direction":"INCOMING","status":"OPEN","#,
    r#""depositId":"0198c5d2-be42-7035-8d96-7fa14c5d6e80","transferId":null,"externalUserId":"customer-1001","#,
    r#""amount":"25.00","currency":"eur","reason":"DUPL","text":"The customer paid twice","answer":null,"#,
    r#""answerBy":"2026-02-20T17:00:00.000Z","createdAt":"2026-01-31T09:30:00.000Z"}"#,
);

const ANSWER: &str = r#"{"id":"$sepaRecall","direction":"INCOMING","status":"OPEN","depositId":"$sepaDeposit",
    "transferId":null,"externalUserId":"customer-1001","amount":"25.00","currency":"eur","reason":"DUPL",
    "text":"The customer paid twice","answer":null,"answerBy":"2026-02-20T17:00:00.000Z",
    "createdAt":"2026-01-31T09:30:00.000Z"}"#;

const LIST: &str = r#"{"data":[{"id":"$sepaRecall","direction":"INCOMING","status":"OPEN",
    "depositId":"$sepaDeposit","transferId":null,"externalUserId":"customer-1001","amount":"25.00",
    "currency":"eur","reason":"DUPL","text":"The customer paid twice","answer":null,
    "answerBy":"2026-02-20T17:00:00.000Z","createdAt":"2026-01-31T09:30:00.000Z"}],"nextCursor":null}"#;

struct PageRequest {
    limit: u32,
    cursor: Option<Cursor>,
}

impl Request for PageRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { limit: fields.page_limit(), cursor: fields.page_cursor() })
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let list = Endpoint {
        id: "getSepaRecalls",
        summary: "List SEPA recalls",
        description: "The recalls of other banks and your own, newest first.",
        answer: LIST,
        ..get("/v1/sepa-recalls", get_sepa_recalls)
    };
    let one = Endpoint {
        id: "getSepaRecall",
        summary: "Get a SEPA recall",
        description: "One recall, of another bank or your own.",
        answer: ANSWER,
        refusals: &[&P472],
        ..get("/v1/sepa-recall/details/{recallId}", get_sepa_recall)
    };
    [list, one]
}

async fn get_sepa_recalls(
    context: Context,
    Query(page): Query<PageRequest>,
) -> Result<Success<Page<SepaRecall>>, Failure> {
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let list = list_name(snapshot.book());
    let before = match &page.cursor {
        Some(cursor) => Uuid::from_slice(&app.place_of(&list, &cursor.0)?).map_err(StoreError::unexpected)?,
        None => Uuid::max(),
    };
    let mut recalls = store::page(&mut snapshot, before, page.limit + 1).await?;
    let has_more = recalls.len() > usize::try_from(page.limit).unwrap_or(usize::MAX);
    if has_more {
        recalls.pop();
    }
    let last = recalls.last().filter(|_| has_more);
    let next_cursor = last.map(|recall| app.cursor(&list, recall.id.as_bytes()));
    let people = people_of(app, &mut snapshot, &recalls).await?;
    let data = recalls.iter().map(|recall| shown(app, recall, &people)).collect::<Result<_, _>>()?;
    Success::of(&Page { data, next_cursor })
}

/// Names the list for its cursors. Clients hold cursors made from this text, so it never changes.
fn list_name(book: BookId) -> String {
    format!("sepa recalls {}", book.0)
}

async fn get_sepa_recall(
    context: Context,
    Path(RecallId(id)): Path<RecallId>,
) -> Result<Success<SepaRecall>, Failure> {
    let id = id.ok_or_else(|| Refusal::because(&P472, "recallId must be a UUID"))?;
    let mut snapshot = context.snapshot().await?;
    let recall = snapshot.objects_at::<Recall>(&[id]).await?.pop().ok_or_else(|| Refusal::of(&P472))?;
    let people = people_of(&context.app, &mut snapshot, std::slice::from_ref(&recall)).await?;
    Success::of(&shown(&context.app, &recall, &people)?)
}

/// The payloads of recalls' events, in their order. An event's data says how the recall stood then.
pub async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let ids: Vec<Uuid> = events.iter().map(|event| event.object).collect();
    let recalls = scope.objects_at::<Recall>(&ids).await?;
    let people = people_of(app, scope, &recalls).await?;
    let recalls: HashMap<_, _> = recalls.into_iter().map(|recall| (recall.id, recall)).collect();
    let render = |event: &&StoredEvent| {
        let recall = recalls.get(&event.object);
        let recall = recall.ok_or_else(|| StoreError::unexpected("the recall of an event is gone"))?;
        let recall = recall.at_event(&event.data);
        let recall = recall.ok_or_else(|| StoreError::unexpected("an event of an unknown status"))?;
        to_raw_value(&shown(app, &recall, &people)?).map_err(StoreError::unexpected)
    };
    Ok(events.iter().map(render).collect())
}

/// Whose money it is, and the partner.
async fn people_of(
    app: &App,
    scope: &mut Scope,
    recalls: &[Recall],
) -> Result<(People, HolderId), StoreError> {
    let partner = scope.book().partner();
    let holders = recalls.iter().filter_map(|recall| recall.holder).chain([partner]);
    Ok((People::load(app, scope, holders).await?, partner))
}

fn shown(
    app: &App,
    recall: &Recall,
    (people, partner): &(People, HolderId),
) -> Result<SepaRecall, StoreError> {
    // Words about money of which nobody knows whose it is are under the partner's key.
    let keeper = people.holder(recall.holder.unwrap_or(*partner));
    let words: Option<Words> = sealed::open(&app.seals, keeper, recall.sealed.as_deref())?;
    let payment = |direction| recall.payment.filter(|_| recall.direction == direction);
    let user = recall.holder.and_then(|holder| people.user(holder));
    Ok(SepaRecall {
        id: recall.id,
        direction: recall.direction,
        status: recall.status,
        deposit_id: payment(RecallDirection::Incoming),
        transfer_id: payment(RecallDirection::Outgoing),
        external_user_id: user.and_then(|(holder, _)| holder.handle.clone()),
        amount: format_minor(recall.amount, 2),
        currency: "eur".to_owned(),
        reason: recall.reason.to_string(),
        text: words.map(|words| words.text).filter(|text| !text.is_empty()),
        answer: recall.answer.map(|reason| reason.to_string()),
        answer_by: recall.answer_by.to_string(),
        created_at: recall.created_at.to_string(),
    })
}

//! `GET /v1/transfer/details/{transferId}`, and the payload of a transfer's event.

use super::transfer::{Sides, record_of};
use crate::kit::book::memo::SealedMemo;
use crate::kit::endpoint::family::Rendered;
use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::users;
use florin_ledger::{HolderId, Record};
use florin_store::{Holder, Scope, StoredEvent, records_at, records_of_object};
use serde_json::value::to_raw_value;
use std::collections::HashMap;

words! {
    /// Where a transfer stands.
    pub enum TransferStatus {
        /// The money has moved. A transfer that was refused does not exist.
        Successful = "SUCCESSFUL",
    }
}

/// A transfer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferDetails {
    /// Its id.
    id: Uuid,
    /// Null for the partner, and once the user's data is erased.
    #[schema(required)]
    source_email: Option<String>,
    /// Null for the partner, and once the user's data is erased.
    #[schema(required)]
    destination_email: Option<String>,
    /// Null for the partner.
    #[schema(required)]
    source_external_user_id: Option<String>,
    /// Null for the partner.
    #[schema(required)]
    destination_external_user_id: Option<String>,
    /// Where it stands.
    status: TransferStatus,
    /// A number, exact.
    #[schema(example = 12.5)]
    amount: ExactNumber,
    /// In upper case.
    #[schema(example = "EUR")]
    currency: String,
    /// What the sender wrote.
    #[schema(required)]
    reference: Option<String>,
    /// When it happened.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: String,
}

/// A transfer was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferPayload {
    /// The id that the transfer was answered with.
    id: Uuid,
    /// Who paid: your own id of the user; null for your master balance.
    #[schema(required)]
    source_external_user_id: Option<String>,
    /// Who was paid: your own id of the user; null for your master balance.
    #[schema(required)]
    destination_external_user_id: Option<String>,
    /// A number, exact.
    amount: ExactNumber,
    /// In lower case.
    currency: String,
    /// Where it stands.
    status: TransferStatus,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

uuid_in_path!(TransferId, "transferId", "The id of the transfer, from `POST /v1/transfer`.", "$transfer");

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getTransfer",
        summary: "Get a transfer",
        description: "One transfer. Unlike elsewhere, `amount` is a JSON number and `currency` is upper case (`EUR`).",
        answer: r#"{"id":"$transfer","sourceEmail":"ada@example.com","destinationEmail":"charles@example.com",
            "sourceExternalUserId":"$user","destinationExternalUserId":"$other","status":"SUCCESSFUL","amount":12.5,
            "currency":"EUR","reference":"Lunch","createdAt":"2026-01-31T09:30:00.000Z"}"#,
        refusals: &[&P437],
        ..get("/v1/transfer/details/{transferId}", get_transfer)
    }
}

async fn get_transfer(
    context: Context,
    Path(TransferId(id)): Path<TransferId>,
) -> Result<Success<TransferDetails>, Failure> {
    let id =
        id.ok_or_else(|| Refusal::because(&P437, "transferId must be a UUID, as POST /v1/transfer answers"))?;
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let record = record_of(records_of_object(&mut snapshot, id).await?)?;
    let sides = Sides::of(&record).ok_or_else(|| StoreError::unexpected("a transfer without two sides"))?;
    let ids: Vec<HolderId> = [sides.source, sides.destination].into_iter().flatten().collect();
    let holders = snapshot.holders(&ids).await?;
    let users = users::find_many(&mut snapshot, &ids).await?;
    drop(snapshot);
    let find = |id: Option<HolderId>| holders.iter().find(|holder| Some(holder.id) == id);
    let email = |id: Option<HolderId>| -> Result<Option<String>, StoreError> {
        let user = users.iter().find(|user| Some(user.holder) == id);
        let Some((user, holder)) = user.zip(find(id)) else { return Ok(None) };
        Ok(user.profile(&app.seals, holder)?.email)
    };
    let memo = SealedMemo::of(&record.memo);
    let memo = memo.and_then(|memo| memo.open(&app.seals, find(Some(memo.holder))?));
    Success::of(&TransferDetails {
        id: record.object,
        source_email: email(sides.source)?,
        destination_email: email(sides.destination)?,
        source_external_user_id: find(sides.source).and_then(|holder| holder.handle.clone()),
        destination_external_user_id: find(sides.destination).and_then(|holder| holder.handle.clone()),
        status: TransferStatus::Successful,
        amount: amount(app, &sides)?,
        currency: sides.currency.as_str().to_ascii_uppercase(),
        reference: memo.and_then(|memo| memo.reference),
        created_at: record.at.to_string(),
    })
}

/// The payloads of transfers' events, in their order.
pub async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let positions: Vec<_> = events.iter().filter_map(|event| event.journal).collect();
    let records: HashMap<_, _> =
        records_at(scope, &positions).await?.into_iter().map(|record| (record.position, record)).collect();
    let sides = records.values().filter_map(Sides::of);
    let mut ids: Vec<HolderId> =
        sides.flat_map(|sides| [sides.source, sides.destination]).flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    let holders: HashMap<_, _> =
        scope.holders(&ids).await?.into_iter().map(|holder| (holder.id, holder)).collect();
    let render = |event: &&StoredEvent| {
        let record = event.journal.and_then(|position| records.get(&position));
        let record = record.ok_or_else(|| StoreError::unexpected("a transfer's record is gone"))?;
        to_raw_value(&payload(app, record, &holders)?).map_err(StoreError::unexpected)
    };
    Ok(events.iter().map(render).collect())
}

fn payload(
    app: &App,
    record: &Record,
    holders: &HashMap<HolderId, Holder>,
) -> Result<TransferPayload, StoreError> {
    let sides = Sides::of(record).ok_or_else(|| StoreError::unexpected("a transfer without two sides"))?;
    let user = |id: Option<HolderId>| holders.get(&id?).and_then(|holder| holder.handle.clone());
    Ok(TransferPayload {
        id: record.object,
        source_external_user_id: user(sides.source),
        destination_external_user_id: user(sides.destination),
        amount: amount(app, &sides)?,
        currency: sides.currency.to_string(),
        status: TransferStatus::Successful,
        created_at: record.at.to_string(),
    })
}

fn amount(app: &App, sides: &Sides) -> Result<ExactNumber, StoreError> {
    let currency = app.currencies.get(sides.currency);
    let currency = currency.ok_or_else(|| StoreError::unexpected("the books hold an unknown currency"))?;
    Ok(ExactNumber::new(sides.amount, currency.decimals))
}

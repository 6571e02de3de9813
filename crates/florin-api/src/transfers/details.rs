//! `GET /v1/transfer/details/{transferId}`, and what the event of a transfer says.

use super::transfer::{Sides, record_of};
use crate::kit::app::App;
use crate::kit::book::command::ok;
use crate::kit::book::record::SealedReference;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::codes::P437;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, Shape, get};
use crate::kit::request::call::PathIds;
use crate::kit::request::number::ExactNumber;
use crate::users;
use axum::extract::State;
use axum::response::Response;
use florin_ledger::{HolderId, Record};
use florin_store::{Holder, StoreError, records_of_object};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// `SUCCESSFUL`: what was refused is no transfer.
    #[schema(example = "SUCCESSFUL")]
    status: &'static str,
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
    /// `SUCCESSFUL`: what was refused is no transfer.
    status: &'static str,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Internal transfers",
        summary: "Get a transfer",
        description: "Here `amount` is a number and `currency` upper case.",
        refusals: &[&P437],
        ..get("/v1/transfer/details/{transferId}", handle, (200, Shape::of::<TransferDetails>()))
    }
}

async fn handle(State(app): State<App>, partner: Partner, ids: PathIds) -> Result<Response, Failure> {
    let id = ids.uuid(0).ok_or_else(|| Refusal::of(&P437))?;
    let mut snapshot = app.store.snapshot(partner.book).await?;
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
    let sealed = SealedReference::of_memo(&record.memo);
    let reference = sealed.and_then(|sealed| sealed.open(&app.seals, find(Some(sealed.holder))?));
    ok(&TransferDetails {
        id: record.object,
        source_email: email(sides.source)?,
        destination_email: email(sides.destination)?,
        source_external_user_id: find(sides.source).and_then(|holder| holder.handle.clone()),
        destination_external_user_id: find(sides.destination).and_then(|holder| holder.handle.clone()),
        status: "SUCCESSFUL",
        amount: amount(&app, &sides)?,
        currency: sides.currency.as_str().to_ascii_uppercase(),
        reference,
        created_at: record.at.to_string(),
    })
}

/// What the event of a transfer says, from its record and the holders of both sides.
pub fn payload(
    app: &App,
    record: &Record,
    holders: &HashMap<HolderId, Holder>,
) -> Result<TransferPayload, StoreError> {
    let sides = Sides::of(record).ok_or_else(|| StoreError::unexpected("a transfer without two sides"))?;
    let handle = |id: Option<HolderId>| holders.get(&id?).and_then(|holder| holder.handle.clone());
    Ok(TransferPayload {
        id: record.object,
        source_external_user_id: handle(sides.source),
        destination_external_user_id: handle(sides.destination),
        amount: amount(app, &sides)?,
        currency: sides.currency.to_string(),
        status: "SUCCESSFUL",
        created_at: record.at.to_string(),
    })
}

fn amount(app: &App, sides: &Sides) -> Result<ExactNumber, StoreError> {
    let currency = app.currencies.get(sides.currency);
    let currency = currency.ok_or_else(|| StoreError::unexpected("the books hold an unknown currency"))?;
    Ok(ExactNumber::new(sides.amount, currency.decimals))
}

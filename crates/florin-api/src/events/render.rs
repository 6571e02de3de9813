//! From a stored event to what a partner sees. Everything that a page refers to is read as sets.

use super::payloads::TOLD;
use crate::balances::USER_STATUS_EVENT;
use crate::kit::app::App;
use crate::kyc::{FILES_EVENT, KYC_STATUS_EVENT, POA_EVENT};
use crate::transfers::{self, Sides, TRANSFER_EVENT};
use florin_ledger::{HolderId, Position, Record};
use florin_store::{Holder, Scope, StoreError, StoredEvent, records_at};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Types in the order of the contract, with the default path of each one's webhook.
pub const TYPES: &[(&str, &str)] = &[
    ("user.status", "/webhook/user/status"),
    ("kyc_files.status", "/webhook/kyc-files/status"),
    ("poa_verification.status", "/webhook/poa-verification/status"),
    ("kyc_verification.status", "/webhook/kyc-verification/status"),
    ("wallet.created", "/webhook/wallet/created"),
    ("transfer", "/transfer-webhook"),
    ("sepa_transfer", "/sepa-transfer-webhook"),
    ("sepa_deposit", "/sepa-deposit-webhook"),
    ("iban.status", "/webhook/iban/status"),
    ("crypto_withdrawal", "/crypto-withdrawal-webhook"),
    ("crypto_deposit", "/crypto-deposit-webhook"),
    ("exchange", "/exchange-webhook"),
    ("card.transaction", "/card-transaction-webhook"),
    ("order", "/order-webhook"),
    ("payment_link", "/payment-link-webhook"),
    ("card.3ds", "/webhook/card/3ds"),
    ("card.activation", "/webhook/card/activation"),
];

/// An event as a partner sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventItem {
    /// The same for ever; the `webhook-id` of its deliveries.
    pub id: Uuid,
    /// Gapless per partner, from 1.
    pub sequence: i64,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "transfer")]
    pub kind: String,
    /// Where its webhook goes, below the base URL.
    #[schema(example = "/transfer-webhook")]
    pub path: &'static str,
    /// As the webhook's body.
    #[schema(value_type = Object)]
    pub payload: Box<RawValue>,
    /// When it happened.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    pub created_at: String,
}

/// Renders events of one book.
pub async fn render(
    app: &App,
    scope: &mut Scope,
    events: &[StoredEvent],
) -> Result<Vec<EventItem>, StoreError> {
    render_each(app, scope, events).await?.into_iter().collect()
}

/// Renders events of one book, each by itself: one that can't be rendered does not stand in the way of the others.
pub async fn render_each(
    app: &App,
    scope: &mut Scope,
    events: &[StoredEvent],
) -> Result<Vec<Result<EventItem, StoreError>>, StoreError> {
    let positions: Vec<Position> = events.iter().filter_map(|event| event.journal).collect();
    let records = records_at(scope, &positions).await?;
    let records: HashMap<Position, Record> = records.into_iter().map(|r| (r.position, r)).collect();
    let sides = records.values().filter_map(Sides::of).flat_map(|sides| [sides.source, sides.destination]);
    let mut ids: Vec<HolderId> =
        events.iter().filter_map(|event| event.holder).chain(sides.flatten()).collect();
    ids.sort_unstable();
    ids.dedup();
    let holders = scope.holders(&ids).await?.into_iter().map(|holder| (holder.id, holder)).collect();
    let sources = Sources { app, records, holders };
    Ok(events.iter().map(|event| sources.item(event)).collect())
}

struct Sources<'a> {
    app: &'a App,
    records: HashMap<Position, Record>,
    holders: HashMap<HolderId, Holder>,
}

impl Sources<'_> {
    fn item(&self, event: &StoredEvent) -> Result<EventItem, StoreError> {
        let path = TYPES.iter().find(|(kind, _)| *kind == event.kind).map(|(_, path)| *path);
        Ok(EventItem {
            id: event.id,
            sequence: event.position.sequence(),
            kind: event.kind.clone(),
            path: path.ok_or_else(|| StoreError::unexpected("an event of an unknown type"))?,
            payload: self.payload(event)?,
            created_at: event.at.to_string(),
        })
    }

    fn payload(&self, event: &StoredEvent) -> Result<Box<RawValue>, StoreError> {
        if !TOLD.iter().any(|told| told.kind == event.kind) {
            return Err(StoreError::unexpected("an event that its document does not know"));
        }
        match event.kind.as_str() {
            TRANSFER_EVENT => {
                let record = event.journal.and_then(|position| self.records.get(&position));
                let record = record.ok_or_else(|| StoreError::unexpected("a transfer's record is gone"))?;
                let payload = transfers::payload(self.app, record, &self.holders)?;
                to_raw_value(&payload).map_err(StoreError::unexpected)
            }
            USER_STATUS_EVENT | FILES_EVENT | POA_EVENT | KYC_STATUS_EVENT => self.of_user(event),
            _ => Err(StoreError::unexpected("an event that nobody renders")),
        }
    }

    /// `externalUserId`, then what the family kept.
    fn of_user(&self, event: &StoredEvent) -> Result<Box<RawValue>, StoreError> {
        let handle = event.holder.and_then(|holder| self.holders.get(&holder)?.handle.clone());
        let handle = handle.ok_or_else(|| StoreError::unexpected("an event's user is gone"))?;
        let mut payload = serde_json::Map::new();
        payload.insert("externalUserId".to_owned(), handle.into());
        let kept: serde_json::Map<_, _> =
            serde_json::from_slice(&event.data).map_err(StoreError::unexpected)?;
        payload.extend(kept);
        to_raw_value(&payload).map_err(StoreError::unexpected)
    }
}

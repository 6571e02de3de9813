//! The payloads of events about payments in.

use super::deposit::{Deposit, Sender};
use super::incoming::IbanStatusWord;
use super::people::People;
use crate::kit::app::App;
use crate::kit::book::sealed;
use crate::kit::endpoint::family::Rendered;
use crate::kit::request::types::words;
use florin_store::{Scope, StoreError, StoredEvent};
use florin_types::format_minor;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

words! {
    /// Where a SEPA deposit stands.
    pub enum SepaDepositStatus {
        /// It is credited.
        Successful = "SUCCESSFUL",
    }
}

/// A SEPA payment was credited.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SepaDepositPayload {
    /// Its id.
    id: Uuid,
    /// Your own id of the user; null for your master balance.
    #[schema(required)]
    external_user_id: Option<String>,
    /// A decimal string.
    amount: String,
    /// Always `eur`.
    currency: String,
    /// The sender's name; null once the user's data is erased.
    #[schema(required)]
    sender_name: Option<String>,
    /// The sender's account; null once the user's data is erased.
    #[schema(required)]
    sender_iban: Option<String>,
    /// What the sender wrote; null once the user's data is erased.
    #[schema(required)]
    title: Option<String>,
    /// Where it stands.
    status: SepaDepositStatus,
    /// When the money came in.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A sender's account was checked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IbanStatusPayload {
    /// Your own id of the user; null for your master balance.
    #[schema(required)]
    external_user_id: Option<String>,
    /// The sender's account; null once the user's data is erased.
    #[schema(required)]
    iban: Option<String>,
    /// What became of it.
    status: IbanStatusWord,
}

/// A deposit's event, as text.
pub const DEPOSIT_EXAMPLE: &str = concat!(
    r#"{"id":"0198c5d2-be42-7035-8d96-7fa14c5d6e80","externalUserId":"customer-1001","amount":"25.00","#,
    r#""currency":"eur","#,
    r#""senderName":"Ada Lovelace","senderIban":"DE89370400440532013000","title":"Savings","status":"SUCCESSFUL","#,
    r#""createdAt":"2026-01-31T09:30:00.000Z"}"#,
);

/// An account's event, as text.
pub const IBAN_EXAMPLE: &str =
    r#"{"externalUserId":"customer-1001","iban":"DE89370400440532013000","status":"APPROVED"}"#;

/// Renders the payloads of deposits.
pub async fn render_deposits(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    render(app, scope, events, |_, deposit, handle, sender| {
        let text = |text: fn(&Sender) -> &String| sender.map(|sender| text(sender).clone());
        to_raw_value(&SepaDepositPayload {
            id: deposit.id,
            external_user_id: handle,
            amount: format_minor(deposit.amount, 2),
            currency: "eur".to_owned(),
            sender_name: text(|sender| &sender.name),
            sender_iban: text(|sender| &sender.iban),
            title: text(|sender| &sender.title),
            status: SepaDepositStatus::Successful,
            created_at: deposit.created_at.to_string(),
        })
        .map_err(StoreError::unexpected)
    })
    .await
}

/// Renders the payloads of senders' accounts. An event's data is the status.
pub async fn render_iban_statuses(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    render(app, scope, events, |event, _, external_user_id, sender| {
        let status = std::str::from_utf8(&event.data).ok().and_then(IbanStatusWord::of_word);
        let status = status.ok_or_else(|| StoreError::unexpected("an event of an unknown status"))?;
        let iban = sender.as_ref().map(|sender| sender.iban.clone());
        to_raw_value(&IbanStatusPayload { external_user_id, iban, status }).map_err(StoreError::unexpected)
    })
    .await
}

type RenderOne =
    fn(&StoredEvent, &Deposit, Option<String>, Option<&Sender>) -> Result<Box<RawValue>, StoreError>;

async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent], one: RenderOne) -> Rendered {
    let ids: Vec<Uuid> = events.iter().map(|event| event.object).collect();
    let deposits = scope.objects_at::<Deposit>(&ids).await?;
    let partner = scope.book().partner();
    let of_deposits = deposits.iter().filter_map(|deposit| deposit.holder).chain([partner]);
    let of_events = events.iter().filter_map(|event| event.holder);
    let people = People::load(app, scope, of_deposits.chain(of_events)).await?;
    let deposits: HashMap<_, _> = deposits.into_iter().map(|deposit| (deposit.id, deposit)).collect();
    let render = |event: &&StoredEvent| {
        let deposit = deposits.get(&event.object);
        let deposit = deposit.ok_or_else(|| StoreError::unexpected("the deposit of an event is gone"))?;
        let keeper = people.keeper(deposit.holder, partner);
        let sender: Option<Sender> = sealed::open(&app.seals, keeper, deposit.sealed.as_deref())?;
        // An operator may have given the money to another user since.
        let of_event = event.holder.and_then(|holder| people.holder(holder));
        one(event, deposit, of_event.and_then(|holder| holder.handle.clone()), sender.as_ref())
    };
    Ok(events.iter().map(render).collect())
}

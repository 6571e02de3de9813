//! One line of history, and what makes it: an entry of an account in a journal record.

use crate::kit::app::App;
use crate::kit::book::record::{HistoryStatus, HistoryType, RecordType, SealedReference};
use crate::users::{self, Profile, User};
use crate::words;
use florin_ledger::{AccountKind, HolderId, Leg, Record};
use florin_store::{Holder, Scope, StoreError};
use florin_types::{CurrencyCode, format_minor};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// An entry of a holder's account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryItem {
    /// The id that the matching details call takes.
    id: Uuid,
    /// What it was.
    #[serde(rename = "type")]
    kind: HistoryType,
    /// How far it is.
    status: HistoryStatus,
    /// Signed for this holder: a decimal string at the currency's scale.
    #[schema(example = "-12.50")]
    amount: String,
    /// What it cost, in the same currency.
    #[schema(example = "0.00")]
    fee: String,
    /// The currency.
    #[schema(example = "eur")]
    currency: String,
    /// The balance that it left.
    #[schema(example = "100.00")]
    balance_after: String,
    /// The other side, where there is one.
    #[schema(required)]
    counterparty: Option<Counterparty>,
    /// What the sender wrote.
    #[schema(required)]
    reference: Option<String>,
    /// When it happened.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: String,
}

words! {
    /// Who the other side of an entry is.
    pub enum CounterpartyType {
        /// One of your users.
        User = "USER",
        /// You: your master balance.
        Partner = "PARTNER",
        /// Somebody outside.
        External = "EXTERNAL",
    }
}

/// The other side of an entry.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counterparty {
    /// Who it is.
    #[serde(rename = "type")]
    kind: CounterpartyType,
    /// Your id of the user.
    #[schema(required)]
    external_user_id: Option<String>,
    /// First and last name, as long as they are kept.
    #[schema(required)]
    name: Option<String>,
}

/// Entries of a page, before they are shown.
pub(super) type Entry = (Record, Leg);

/// Everything that the lines of a page refer to, read as sets.
pub(super) struct Renderer<'a> {
    app: &'a App,
    holders: HashMap<HolderId, Holder>,
    users: HashMap<HolderId, User>,
}

impl<'a> Renderer<'a> {
    pub(super) async fn load(app: &'a App, scope: &mut Scope, entries: &[Entry]) -> Result<Self, StoreError> {
        let mut needed: Vec<HolderId> = Vec::new();
        for (record, leg) in entries {
            needed.extend(other_side(record, leg));
            needed.extend(SealedReference::of_memo(&record.memo).map(|sealed| sealed.holder));
        }
        needed.sort_unstable();
        needed.dedup();
        let holders = scope.holders(&needed).await?.into_iter().map(|holder| (holder.id, holder)).collect();
        let users = users::find_many(scope, &needed).await?.into_iter().map(|u| (u.holder, u)).collect();
        Ok(Self { app, holders, users })
    }

    pub(super) fn item(&self, (record, leg): &Entry) -> Result<HistoryItem, StoreError> {
        let currency = leg.account.currency;
        let decimals = decimals_of(self.app, currency)?;
        let RecordType { history, status, .. } = *type_of(self.app, record)?;
        let sealed = SealedReference::of_memo(&record.memo);
        let reference = sealed.and_then(|s| s.open(&self.app.seals, self.holders.get(&s.holder)?));
        Ok(HistoryItem {
            id: record.object,
            kind: history,
            status,
            amount: format_minor(leg.amount, decimals),
            fee: format_minor(0, decimals),
            currency: currency.to_string(),
            balance_after: format_minor(leg.balance_after, decimals),
            counterparty: other_side(record, leg).map(|holder| self.counterparty(holder)).transpose()?,
            reference,
            created_at: record.at.to_string(),
        })
    }

    fn counterparty(&self, id: HolderId) -> Result<Counterparty, StoreError> {
        if id == id.book().partner() {
            return Ok(Counterparty { kind: CounterpartyType::Partner, external_user_id: None, name: None });
        }
        let holder = self.holders.get(&id);
        let profile = match (self.users.get(&id), holder) {
            (Some(user), Some(holder)) => user.profile(&self.app.seals, holder)?,
            _ => Profile::default(),
        };
        let names = profile.first_name.zip(profile.last_name);
        Ok(Counterparty {
            kind: CounterpartyType::User,
            external_user_id: holder.and_then(|holder| holder.handle.clone()),
            name: names.map(|(first, last)| format!("{first} {last}")),
        })
    }
}

/// The kind of a record, from its family's table.
pub(super) fn type_of<'a>(app: &'a App, record: &Record) -> Result<&'a RecordType, StoreError> {
    let mut types = app.families.iter().flat_map(|family| family.records);
    let found = types.find(|known| known.kind == record.kind);
    found.ok_or_else(|| StoreError::unexpected(format!("no family has records of kind {}", record.kind.0)))
}

/// The decimals of a currency that the books know.
fn decimals_of(app: &App, currency: CurrencyCode) -> Result<u8, StoreError> {
    let known = app.currencies.get(currency);
    known.map(|c| c.decimals).ok_or_else(|| StoreError::unexpected("the books hold an unknown currency"))
}

/// The holder on the other side of an entry: of the main account that moved the other way.
fn other_side(record: &Record, leg: &Leg) -> Option<HolderId> {
    let is_other = |other: &&Leg| {
        other.account.kind == AccountKind::Main
            && other.account.currency == leg.account.currency
            && other.amount.signum() == -leg.amount.signum()
    };
    record.legs.iter().find(is_other).map(|other| other.account.holder)
}

//! One line of history, and what makes it: an entry of an account in a journal record.

use crate::kit::app::App;
use crate::kit::book::memo::SealedMemo;
use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType};
use crate::kit::request::types::words;
use crate::users::{self, Profile, User};
use florin_ledger::{AccountKey, HolderId, Record};
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

impl Counterparty {
    fn outside(name: String) -> Self {
        Self { kind: CounterpartyType::External, external_user_id: None, name: Some(name) }
    }
}

/// A line of a page, before it is shown: the record that it stands at, and what the object's records come to.
pub(super) struct Entry {
    /// The object's first record with an entry of the account.
    pub(super) record: Record,
    pub(super) account: AccountKey,
    pub(super) history: HistoryType,
    pub(super) status: HistoryStatus,
    pub(super) line: Line,
}

/// Everything that the lines of a page refer to, read as sets.
pub(super) struct Renderer<'a> {
    app: &'a App,
    holders: HashMap<HolderId, Holder>,
    users: HashMap<HolderId, User>,
}

impl<'a> Renderer<'a> {
    pub(super) async fn load(app: &'a App, scope: &mut Scope, entries: &[Entry]) -> Result<Self, StoreError> {
        let mut needed: Vec<HolderId> = Vec::new();
        for entry in entries {
            needed.extend(entry.line.counterparty);
            needed.extend(SealedMemo::of(&entry.record.memo).map(|memo| memo.holder));
        }
        needed.sort_unstable();
        needed.dedup();
        let holders = scope.holders(&needed).await?.into_iter().map(|holder| (holder.id, holder)).collect();
        let users = users::find_many(scope, &needed).await?.into_iter().map(|u| (u.holder, u)).collect();
        Ok(Self { app, holders, users })
    }

    pub(super) fn item(&self, entry: &Entry) -> Result<HistoryItem, StoreError> {
        let Entry { record, account, history, status, line } = entry;
        let decimals = decimals_of(self.app, account.currency)?;
        let memo = SealedMemo::of(&record.memo);
        let memo = memo.and_then(|memo| memo.open(&self.app.seals, self.holders.get(&memo.holder)?));
        let memo = memo.unwrap_or_default();
        let outside = memo.name.or(memo.merchant);
        Ok(HistoryItem {
            id: record.object,
            kind: *history,
            status: *status,
            amount: format_minor(line.amount, decimals),
            fee: format_minor(line.fee, decimals),
            currency: account.currency.to_string(),
            balance_after: format_minor(line.balance_after, decimals),
            counterparty: match line.counterparty {
                Some(holder) => Some(self.counterparty(holder)?),
                None => outside.map(Counterparty::outside),
            },
            reference: memo.reference,
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
    let mut types = app.families().iter().flat_map(|family| family.records);
    let found = types.find(|known| known.kind == record.kind);
    found.ok_or_else(|| StoreError::unexpected(format!("no family has records of kind {}", record.kind.0)))
}

/// The decimals of a currency that the books know.
fn decimals_of(app: &App, currency: CurrencyCode) -> Result<u8, StoreError> {
    let known = app.currencies.get(currency);
    known.map(|c| c.decimals).ok_or_else(|| StoreError::unexpected("the books hold an unknown currency"))
}

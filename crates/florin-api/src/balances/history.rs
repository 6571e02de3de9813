//! `GET /v1/user/transactions/{externalUserId}` and `GET /v1/partner/transactions`: what happened to a holder's
//! balances, newest first.
//!
//! A line stands where an object's first record is, and says what its last record has left: a payment on hold is one
//! line, and stays one when it is paid.
//!
//! Each account's entries are linked, newest to oldest; a page merges the lists of the holder's accounts by position.
//! A cursor is where each list goes on, so a page costs what it shows, and stays stable while new entries arrive. A
//! filter that matches little reads at most [`MAX_READ`] entries and answers a short page with a cursor.

use super::item::{Entry, HistoryItem, Renderer, type_of};
use crate::kit::book::record::{HistoryStatus, HistoryType, Operation, Steps};
use crate::kit::prelude::*;
use crate::kit::request::types::Cursor;
use crate::users::{UserId, require};
use florin_ledger::{AccountKey, HolderId, Position, Record};
use florin_store::{Scope, entries_back, records_of_objects, skip_to};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Entries that one page reads at most: a page of the largest size with nine of ten filtered out.
const MAX_READ: usize = 2_000;

/// What is asked for.
struct Filter {
    currency: Option<CurrencyCode>,
    kind: Option<HistoryType>,
    status: Option<HistoryStatus>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: usize,
    cursor: Option<Cursor>,
}

impl Request for Filter {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let currency = fields.optional("currency").about("Only this currency.").currency();
        let kind = fields.optional("type").about("Only entries of this type.").text();
        let status = fields.optional("status").about("Only entries with this status.").text();
        let from = fields.optional("from").about("Only entries from this time on.").text();
        let to = fields.optional("to").about("Only entries before this time.").text();
        let limit = usize::try_from(fields.page_limit()).unwrap_or(usize::MAX);
        let cursor = fields.page_cursor();
        Some(Self { currency: currency.map(|currency| currency.code), kind, status, from, to, limit, cursor })
    }
}

impl Filter {
    fn shows(&self, entry: &Entry) -> bool {
        self.kind.is_none_or(|kind| kind == entry.history)
            && self.status.is_none_or(|status| status == entry.status)
            && self.to.is_none_or(|to| entry.record.at < to)
    }

    /// Names the list for its cursors: whose it is, and by which filters. Clients hold cursors made from this text, so
    /// it never changes: it has the contract's words, not the names of types and cases here.
    fn list(&self, holder: HolderId) -> String {
        let Self { currency, from, to, .. } = self;
        let (kind, status) = (self.kind.map(HistoryType::as_str), self.status.map(HistoryStatus::as_str));
        format!("history {} {currency:?} {kind:?} {status:?} {from:?} {to:?}", holder.0)
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "getUserTransactions",
            summary: "Get a user's history",
            refusals: &[&P412],
            ..described(get("/v1/user/transactions/{externalUserId}", get_user_transactions))
        },
        Endpoint {
            id: "getPartnerTransactions",
            summary: "Get the partner's history",
            ..described(get("/v1/partner/transactions", get_partner_transactions))
        },
    ]
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        description: "Entries of all balances, newest first. `amount` is signed for this holder: negative went out.\n\n\
                      A page may hold fewer entries than `limit`, even none, and still have a next one: stop only at \
                      `nextCursor: null`.",
        answer: r#"{"data":[{"id":"$transfer","type":"INTERNAL_TRANSFER","status":"SUCCESSFUL","amount":"-12.50",
            "fee":"0.00","currency":"eur","balanceAfter":"100.00","counterparty":{"type":"USER",
            "externalUserId":"$other","name":"Charles Babbage"},"reference":"Lunch",
            "createdAt":"2026-01-31T09:30:00.000Z"}],"nextCursor":null}"#,
        ..endpoint
    }
}

async fn get_user_transactions(
    context: Context,
    Path(user): Path<UserId>,
    Query(filter): Query<Filter>,
) -> Result<Success<Page<HistoryItem>>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.holder(user.as_str()).await?;
    let holder = require(holder.as_ref(), user.as_str())?.id;
    Success::of(&page(&context.app, &mut snapshot, holder, &filter).await?)
}

async fn get_partner_transactions(
    context: Context,
    Query(filter): Query<Filter>,
) -> Result<Success<Page<HistoryItem>>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.book().partner();
    Success::of(&page(&context.app, &mut snapshot, holder, &filter).await?)
}

async fn page(
    app: &App,
    scope: &mut Scope,
    holder: HolderId,
    filter: &Filter,
) -> Result<Page<HistoryItem>, Failure> {
    let list = filter.list(holder);
    let mut heads = match &filter.cursor {
        Some(cursor) => decode(&app.place_of(&list, &cursor.0)?, holder)?,
        None => first_heads(app, scope, holder, filter).await?,
    };
    let entries = walk(app, scope, &mut heads, filter).await?;
    let renderer = Renderer::load(app, scope, &entries).await?;
    let data = entries.iter().map(|entry| renderer.item(entry)).collect::<Result<Vec<_>, _>>()?;
    let next_cursor = (!heads.is_empty()).then(|| app.cursor(&list, &encode(&heads)));
    Ok(Page { data, next_cursor })
}

/// Where each account's list goes on; accounts whose list has ended are not in it.
type Heads = BTreeMap<AccountKey, Position>;

async fn first_heads(
    app: &App,
    scope: &mut Scope,
    holder: HolderId,
    filter: &Filter,
) -> Result<Heads, StoreError> {
    let currencies = filter.currency.map_or_else(|| app.currencies.codes(), |currency| vec![currency]);
    let mut heads = Heads::new();
    for account in scope.accounts(holder, &currencies).await? {
        if account.last == Position::NONE {
            continue;
        }
        let head = match filter.to {
            Some(to) => skip_to(scope, account.key, account.last, to).await?,
            None => account.last,
        };
        heads.insert(account.key, head);
    }
    Ok(heads)
}

/// Takes the newest entry of all lists, again and again, until the page is full, the lists end, or enough was read.
async fn walk(
    app: &App,
    scope: &mut Scope,
    heads: &mut Heads,
    filter: &Filter,
) -> Result<Vec<Entry>, StoreError> {
    let mut ahead = Ahead::default();
    let mut entries = Vec::new();
    let mut left = MAX_READ;
    while entries.len() < filter.limit && left > 0 {
        left -= 1;
        let newest = heads.iter().max_by_key(|(_, position)| **position);
        let Some((account, position)) = newest.map(|(account, at)| (*account, *at)) else { break };
        let record = ahead.next(app, scope, (account, position), filter.limit).await?;
        let Some(leg) = record.leg_of(account).copied() else { return Err(broken(account, position)) };
        if filter.from.is_some_and(|from| record.at < from) {
            heads.remove(&account);
            continue;
        }
        match leg.previous_entry() {
            Some(previous) => heads.insert(account, previous),
            None => heads.remove(&account),
        };
        if let Some(entry) = ahead.entry(app, account, record)?
            && filter.shows(&entry)
        {
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn broken(account: AccountKey, position: Position) -> StoreError {
    StoreError::unexpected(format!("the entries of {account:?} break at {position:?}"))
}

/// What was read ahead: entries of each account, and all records of the objects that can have several.
#[derive(Default)]
struct Ahead {
    entries: BTreeMap<AccountKey, VecDeque<Record>>,
    objects: HashMap<Uuid, Vec<Record>>,
}

impl Ahead {
    /// The record of an account's entry, read with those behind it.
    async fn next(
        &mut self,
        app: &App,
        scope: &mut Scope,
        (account, position): (AccountKey, Position),
        count: usize,
    ) -> Result<Record, StoreError> {
        if let Some(record) = self.entries.entry(account).or_default().pop_front() {
            return Ok(record);
        }
        let mut read: VecDeque<Record> = entries_back(scope, account, position, count).await?.into();
        let mut several = Vec::new();
        for record in &read {
            if type_of(app, record)?.steps == Steps::Many && !self.objects.contains_key(&record.object) {
                several.push(record.object);
            }
        }
        if !several.is_empty() {
            self.objects.extend(records_of_objects(scope, &several).await?);
        }
        let record = read.pop_front().ok_or_else(|| broken(account, position))?;
        self.entries.insert(account, read);
        Ok(record)
    }

    /// The line that stands at a record; none where the object's line stands at an earlier one.
    fn entry(&self, app: &App, account: AccountKey, record: Record) -> Result<Option<Entry>, StoreError> {
        let kind = type_of(app, &record)?;
        let only = std::slice::from_ref(&record);
        let records = match kind.steps {
            Steps::One => only,
            Steps::Many => self.objects.get(&record.object).map_or(only, Vec::as_slice),
        };
        let of_account = || records.iter().filter(|record| record.leg_of(account).is_some());
        if of_account().next().is_some_and(|first| first.position != record.position) {
            return Ok(None);
        }
        let last = of_account().next_back().map(|last| type_of(app, last)).transpose()?.unwrap_or(kind);
        let line = (last.line)(&Operation { account, records });
        Ok(Some(Entry { account, history: kind.history, status: last.status, line, record }))
    }
}

/// Bytes of one list in a cursor: currency, position.
const HEAD_BYTES: usize = 16;

fn encode(heads: &Heads) -> Vec<u8> {
    heads.iter().flat_map(|(key, at)| [key.currency.to_bytes(), at.0.to_be_bytes()]).flatten().collect()
}

fn decode(place: &[u8], holder: HolderId) -> Result<Heads, Refusal> {
    let head = |bytes: &[u8]| {
        let (currency, position) = bytes.split_first_chunk::<8>()?;
        let position = i64::from_be_bytes(position.try_into().ok()?);
        Some((AccountKey::main(holder, CurrencyCode::from_bytes(*currency)?), Position(position)))
    };
    let heads: Option<Heads> = place.chunks(HEAD_BYTES).map(head).collect();
    heads.ok_or_else(|| Refusal::invalid("cursor is not one that this list gave"))
}

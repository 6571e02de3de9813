//! `GET /v1/user/transactions/{externalUserId}` and `GET /v1/partner/transactions`: what happened to a holder's
//! balances, newest first.
//!
//! Each account's entries are linked, newest to oldest; a page merges the lists of the holder's accounts by position.
//! A cursor is where each list goes on, so a page costs what it shows, and stays stable while new entries arrive. A
//! filter that matches little reads at most [`MAX_READ`] entries and answers a short page with a cursor.

use super::item::{Entry, HistoryItem, Renderer, STATUS};
use crate::kit::app::App;
use crate::kit::book::command::ok;
use crate::kit::book::record::{HISTORY_TYPES, history_type};
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::codes::P412;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::page::Page;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, Form, Parameter, Shape, get};
use crate::kit::request::body::Request;
use crate::kit::request::call::{PathIds, Query};
use crate::kit::request::fields::Fields;
use crate::kit::request::query::PAGE_LIMIT;
use crate::users::existing;
use axum::extract::State;
use axum::response::Response;
use florin_ledger::{AccountKey, HolderId, Position, Record};
use florin_store::{Scope, StoreError, entries_back, skip_to};
use florin_types::{CurrencyCode, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// Entries that one page reads at most: a page of the largest size with nine of ten filtered out.
const MAX_READ: usize = 2_000;

const STATUSES: &[&str] = &["PENDING", "SUCCESSFUL", "FAILED"];

const QUERY: &[Parameter] = &[
    Parameter { name: "currency", form: Form::Text, meaning: "Only this currency.", example: "eur" },
    Parameter {
        name: "type",
        form: Form::OneOf(types),
        meaning: "Only this type of entry.",
        example: "INTERNAL_TRANSFER",
    },
    Parameter {
        name: "status",
        form: Form::OneOf(|| STATUSES.to_vec()),
        meaning: "`PENDING`, `SUCCESSFUL` or `FAILED`.",
        example: "SUCCESSFUL",
    },
    Parameter {
        name: "from",
        form: Form::Time,
        meaning: "Not before this time (ISO 8601).",
        example: "2026-01-01T00:00:00.000Z",
    },
    Parameter {
        name: "to",
        form: Form::Time,
        meaning: "Before this time.",
        example: "2100-01-01T00:00:00.000Z",
    },
    Parameter {
        name: "limit",
        form: PAGE_LIMIT,
        meaning: "Items of a page, 1 to 200; 50 by default.",
        example: "50",
    },
    Parameter {
        name: "cursor",
        form: Form::Text,
        meaning: "`nextCursor` of the page before, with the same filters.",
        example: "",
    },
];

fn types() -> Vec<&'static str> {
    HISTORY_TYPES.iter().map(|(name, _)| *name).collect()
}

/// What is asked for.
struct Filter {
    currency: Option<CurrencyCode>,
    kind: Option<&'static str>,
    status: Option<&'static str>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: usize,
    cursor: Option<String>,
}

impl Request for Filter {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let currency = fields.optional("currency").currency().map(|currency| currency.code);
        let kind = fields.optional("type").one_of(&types());
        let status = fields.optional("status").one_of(STATUSES);
        let from = fields.optional("from").text(Timestamp::parse);
        let to = fields.optional("to").text(Timestamp::parse);
        let limit = usize::try_from(fields.page_limit()).ok()?;
        let cursor = fields.optional("cursor").text(|text| Ok::<_, String>(text.to_owned()));
        Some(Self { currency, kind, status, from, to, limit, cursor })
    }
}

impl Filter {
    fn shows(&self, record: &Record) -> bool {
        self.kind.is_none_or(|kind| kind == history_type(record.kind))
            && self.status.is_none_or(|status| status == STATUS)
            && self.to.is_none_or(|to| record.at < to)
    }

    /// Names the list for its cursors: whose it is, and by which filters.
    fn list(&self, holder: HolderId) -> String {
        let Self { currency, kind, status, from, to, .. } = self;
        format!("history {} {currency:?} {kind:?} {status:?} {from:?} {to:?}", holder.0)
    }
}

/// The route of a user's history.
pub fn user_endpoint() -> Endpoint {
    let shape = (200, Shape::of::<Page<HistoryItem>>());
    Endpoint {
        summary: "Get a user's history",
        refusals: &[&P412],
        ..described(get("/v1/user/transactions/{externalUserId}", user, shape))
    }
}

/// The route of the partner's history.
pub fn partner_endpoint() -> Endpoint {
    let shape = (200, Shape::of::<Page<HistoryItem>>());
    Endpoint {
        summary: "Get the partner's history",
        ..described(get("/v1/partner/transactions", partner_history, shape))
    }
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        tag: "Balances and history",
        description: "Newest first. `amount` is signed for this holder. A filter that matches little may answer a \
                      short page with a cursor: go on until `nextCursor` is null.",
        query: QUERY,
        ..endpoint
    }
}

async fn user(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let handle = ids.user(0).ok_or_else(|| Refusal::of(&P412))?;
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let holder = snapshot.holder(handle.as_str()).await?;
    let holder = existing(holder.as_ref())?.id;
    ok(&page(&app, &mut snapshot, holder, &filter).await?)
}

async fn partner_history(
    State(app): State<App>,
    partner: Partner,
    Query(filter): Query<Filter>,
) -> Result<Response, Failure> {
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let holder = snapshot.book().partner();
    ok(&page(&app, &mut snapshot, holder, &filter).await?)
}

async fn page(
    app: &App,
    scope: &mut Scope,
    holder: HolderId,
    filter: &Filter,
) -> Result<Page<HistoryItem>, Failure> {
    let list = filter.list(holder);
    let mut heads = match &filter.cursor {
        Some(cursor) => decode(&app.place_of(&list, cursor)?, holder)?,
        None => first_heads(app, scope, holder, filter).await?,
    };
    let entries = walk(scope, &mut heads, filter).await?;
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
async fn walk(scope: &mut Scope, heads: &mut Heads, filter: &Filter) -> Result<Vec<Entry>, StoreError> {
    let mut ahead: BTreeMap<AccountKey, VecDeque<Record>> = BTreeMap::new();
    let mut entries = Vec::new();
    let mut left = MAX_READ;
    while entries.len() < filter.limit && left > 0 {
        left -= 1;
        let newest = heads.iter().max_by_key(|(_, position)| **position);
        let Some((key, position)) = newest.map(|(key, position)| (*key, *position)) else { break };
        let read = ahead.entry(key).or_default();
        if read.is_empty() {
            read.extend(entries_back(scope, key, position, filter.limit).await?);
        }
        let record = read.pop_front();
        let leg = record.as_ref().and_then(|record| record.leg_of(key).copied());
        let (Some(record), Some(leg)) = (record, leg) else {
            return Err(StoreError::unexpected(format!("the entries of {key:?} break at {position:?}")));
        };
        if filter.from.is_some_and(|from| record.at < from) {
            heads.remove(&key);
            continue;
        }
        match leg.previous_entry() {
            Some(previous) => heads.insert(key, previous),
            None => heads.remove(&key),
        };
        if filter.shows(&record) {
            entries.push((record, leg));
        }
    }
    Ok(entries)
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

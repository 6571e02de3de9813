//! All SQL of the family. `$1` is the book, but for the look across books.

use super::delivery::{Attempt, DeliveryStatus, Standing};
use super::endpoint::{Paths, WebhookEndpoint};
use florin_ledger::{BookId, Position};
use florin_store::{
    Row, RowSeals, Scope, SealedTable, SetStatement, Statement, StoreError, Tx, Type, Value, params,
    sealed_table,
};
use florin_types::Timestamp;
use std::collections::HashSet;
use uuid::Uuid;

/// The rows of endpoints: where events go. What changes with every batch of deliveries is not covered.
pub(super) static ENDPOINTS: SealedTable =
    sealed_table!("webhook_endpoint", "book": Int, "url", "enabled", "paths", "secrets");

const FIND: Statement = "SELECT book, url, enabled, paths, secrets, seal, disabled_reason, cursor, epoch, owner, \
     created_at, updated_at FROM webhook_endpoint WHERE book = $1";
const INSERT: Statement = "INSERT INTO webhook_endpoint (book, url, enabled, paths, secrets, seal, disabled_reason, \
     cursor, created_at, updated_at, epoch, owner, leased_until) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const CHANGE: Statement = "UPDATE webhook_endpoint SET url = $2, enabled = $3, paths = $4, secrets = $5, seal = $6, \
     disabled_reason = $7, cursor = $8, created_at = $9, updated_at = $10 WHERE book = $1";
const CLAIM: Statement = "UPDATE webhook_endpoint SET owner = $2, epoch = epoch + 1, leased_until = $3 \
     WHERE book = $1 AND enabled = 1 AND (leased_until <= $4 OR owner = $2)";
const ADVANCE: Statement =
    "UPDATE webhook_endpoint SET cursor = $3, leased_until = $4 WHERE book = $1 AND epoch = $2";

/// What is pending becomes due, all at one time and so in order; but for what waits for another of its object.
const MAKE_DUE: Statement = "UPDATE webhook_delivery SET due_at = $2 WHERE position IN \
     (SELECT position FROM webhook_delivery WHERE book = $1 AND due_at > $2 ORDER BY due_at LIMIT 1000)";

/// A book that replaces another takes its endpoint along; `$2` is the new one. All that is sealed is written as it is
/// sealed: an older version may have written the paths in another order.
const MOVE: Statement = "UPDATE webhook_endpoint SET book = $2, url = $3, enabled = $4, paths = $5, secrets = $6, \
     seal = $7, cursor = 0, epoch = epoch + 1, leased_until = 0 WHERE book = $1";

/// Books with something to deliver that this process may deliver: `$1` is the wall clock, `$2` the process. An index
/// probe per endpoint that is registered. Due is only the first that is pending of its object, here and in [`DUE`].
const WITH_WORK: Statement = "SELECT e.book FROM webhook_endpoint e JOIN book b ON b.id = e.book \
     WHERE e.enabled = 1 AND (e.leased_until <= $1 OR e.owner = $2) AND (b.event_head > e.cursor OR EXISTS \
     (SELECT 1 FROM webhook_delivery d WHERE d.book = e.book AND d.due_at <= $1 + b.clock_offset AND NOT EXISTS \
     (SELECT 1 FROM webhook_delivery f WHERE f.book = d.book AND f.object = d.object AND f.status = 0 \
     AND f.position < d.position))) LIMIT 1000";

/// Whether an enabled endpoint has something that is due and was not attempted: an event up to `$2`, which the cursor
/// has not passed yet, or a row that came due by `$3`.
const HAS_UNATTEMPTED: Statement = "SELECT e.book FROM webhook_endpoint e WHERE e.book = $1 AND e.enabled = 1 \
     AND (e.cursor < $2 OR EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.book = e.book AND d.due_at <= $3 \
     AND NOT EXISTS (SELECT 1 FROM webhook_delivery f WHERE f.book = d.book AND f.object = d.object AND f.status = 0 \
     AND f.position < d.position)))";

const DUE: Statement = "SELECT position, object, status, due_at, tries, attempts FROM webhook_delivery d \
     WHERE book = $1 AND due_at <= $2 AND NOT EXISTS (SELECT 1 FROM webhook_delivery f WHERE f.book = d.book \
     AND f.object = d.object AND f.status = 0 AND f.position < d.position) ORDER BY due_at, position LIMIT $3";
const FIND_DELIVERY: Statement = "SELECT position, object, status, due_at, tries, attempts FROM webhook_delivery \
     WHERE book = $1 AND position = $2";
const BETWEEN: Statement = "SELECT position, object, status, due_at, tries, attempts FROM webhook_delivery \
     WHERE book = $1 AND position > $2 AND position < $3 ORDER BY position DESC LIMIT $4";
const BETWEEN_OF_STATUS: Statement = "SELECT position, object, status, due_at, tries, attempts FROM webhook_delivery \
     WHERE book = $1 AND status <> 1 AND status = $5 AND position > $2 AND position < $3 \
     ORDER BY position DESC LIMIT $4";

/// Objects with something pending.
static FIND_BUSY: SetStatement = SetStatement::Find {
    row: "SELECT object FROM webhook_delivery WHERE book = $1 AND object = $2 AND status = 0 LIMIT 1",
    set: "SELECT w.object FROM unnest($1::bigint[], $2::bytea[]) AS v(book, object), LATERAL (SELECT d.object \
          FROM webhook_delivery d WHERE d.book = v.book AND d.object = v.object AND d.status = 0 LIMIT 1) w",
    parameters: &[Type::Int, Type::Bytes],
};

/// The first pending one of each object.
static FIND_NEXT: SetStatement = SetStatement::Find {
    row: "SELECT position, due_at FROM webhook_delivery WHERE book = $1 AND object = $2 AND status = 0 \
          ORDER BY position LIMIT 1",
    set: "SELECT w.position, w.due_at FROM unnest($1::bigint[], $2::bytea[]) AS v(book, object), LATERAL (SELECT \
          d.position, d.due_at FROM webhook_delivery d WHERE d.book = v.book AND d.object = v.object AND d.status = 0 \
          ORDER BY d.position LIMIT 1) w",
    parameters: &[Type::Int, Type::Bytes],
};

/// Those that are pending after so many tries.
static FIND_TRIED: SetStatement = SetStatement::Find {
    row: "SELECT position FROM webhook_delivery WHERE book = $1 AND position = $2 AND tries = $3 AND status = 0",
    set: "SELECT d.position FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS v(book, position, tries) \
          JOIN webhook_delivery d ON d.book = v.book AND d.position = v.position AND d.tries = v.tries \
          AND d.status = 0",
    parameters: &[Type::Int, Type::Int, Type::Int],
};

static INSERT_DELIVERY: SetStatement = SetStatement::Insert {
    table: "webhook_delivery",
    columns: &[
        ("position", Type::Int),
        ("book", Type::Int),
        ("object", Type::Bytes),
        ("status", Type::Int),
        ("due_at", Type::Int),
        ("tries", Type::Int),
        ("attempts", Type::Text),
    ],
};

static UPDATE_DELIVERY: SetStatement = SetStatement::Update {
    table: "webhook_delivery",
    keys: &[("position", Type::Int)],
    columns: &[("status", Type::Int), ("due_at", Type::Int), ("tries", Type::Int), ("attempts", Type::Text)],
};

static UPDATE_DUE: SetStatement = SetStatement::Update {
    table: "webhook_delivery",
    keys: &[("position", Type::Int)],
    columns: &[("due_at", Type::Int)],
};

/// Every statement here, for the test that prepares and runs them all.
pub(crate) const STATEMENTS: &[Statement] = &[
    FIND,
    INSERT,
    CHANGE,
    CLAIM,
    ADVANCE,
    MAKE_DUE,
    MOVE,
    WITH_WORK,
    HAS_UNATTEMPTED,
    DUE,
    FIND_DELIVERY,
    BETWEEN,
    BETWEEN_OF_STATUS,
];

/// Every set here, for the same test.
pub(crate) static SETS: [&SetStatement; 6] =
    [&FIND_BUSY, &FIND_NEXT, &FIND_TRIED, &INSERT_DELIVERY, &UPDATE_DELIVERY, &UPDATE_DUE];

/// A delivery that has a row.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    /// The event's.
    pub position: Position,
    /// What the event is about.
    pub object: Uuid,
    /// How it stands.
    pub standing: Standing,
}

/// The endpoint of a book; there may be one without a URL.
pub(super) async fn find(scope: &mut Scope) -> Result<Option<WebhookEndpoint>, StoreError> {
    let row = scope.query_one(FIND, &params![]).await?;
    row.as_ref().map(|row| endpoint_of_row(row, scope.seals())).transpose()
}

/// The paths that a book's partner has registered, none if there is no endpoint.
pub async fn own_paths(scope: &mut Scope) -> Result<Paths, StoreError> {
    Ok(find(scope).await?.map(|endpoint| endpoint.paths).unwrap_or_default())
}

fn endpoint_of_row(row: &Row, seals: &RowSeals) -> Result<WebhookEndpoint, StoreError> {
    seals.check(&ENDPOINTS, &row.0)?;
    Ok(WebhookEndpoint {
        url: row.get(1)?,
        enabled: row.get(2)?,
        paths: Paths::of_json(&row.get::<String>(3)?)?,
        secrets: row.get(4)?,
        disabled_reason: row.get(6)?,
        cursor: row.get(7)?,
        epoch: row.get(8)?,
        owner: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
    })
}

/// What is sealed of an endpoint in a book, and the seal.
fn sealed_row(seals: &RowSeals, book: BookId, endpoint: &WebhookEndpoint) -> Result<Vec<Value>, StoreError> {
    let (url, enabled) = (endpoint.url.clone(), i64::from(endpoint.enabled));
    let (paths, secrets) = (endpoint.paths.to_json()?, endpoint.secrets.clone());
    let mut row = params![book, url, enabled, paths, secrets].to_vec();
    row.push(seals.seal(&ENDPOINTS, &row).into());
    Ok(row)
}

/// Writes the endpoint, whether or not there was one. Cursor included; epoch and lease stay as they are.
pub(super) async fn put(tx: &mut Tx, endpoint: &WebhookEndpoint) -> Result<(), StoreError> {
    let (reason, cursor) = (endpoint.disabled_reason.clone(), endpoint.cursor);
    let (created, updated) = (endpoint.created_at, endpoint.updated_at);
    // Its first value is the book, which every statement of a command binds by itself.
    let sealed = sealed_row(tx.seals(), tx.book(), endpoint)?;
    let own = sealed.get(1..).unwrap_or_default();
    let row = [own, &params![reason, cursor, created, updated]].concat();
    if tx.execute(CHANGE, &row).await? == 0 {
        let row = [&row[..], &params![0_i64, [0_u8; 16], 0_i64]].concat();
        tx.execute(INSERT, &row).await?;
    }
    Ok(())
}

/// Takes the endpoint over until a time; `now` is the wall clock too. False: another process has it, or it is disabled.
pub(super) async fn claim(
    tx: &mut Tx,
    owner: [u8; 16],
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(CLAIM, &params![owner, until, now]).await? == 1)
}

/// Moves the cursor and keeps the endpoint until a time. False: another process has taken over.
pub(super) async fn advance(
    tx: &mut Tx,
    epoch: i64,
    cursor: i64,
    until: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(ADVANCE, &params![epoch, cursor, until]).await? == 1)
}

/// Disables the endpoint, if it is still at this address.
pub(super) async fn disable(tx: &mut Tx, url: &str, reason: &str) -> Result<(), StoreError> {
    let Some(endpoint) = find(tx.scope()).await?.filter(|found| found.url.as_deref() == Some(url)) else {
        return Ok(());
    };
    let disabled_reason = Some(reason.to_owned());
    let endpoint = WebhookEndpoint { enabled: false, disabled_reason, updated_at: tx.now(), ..endpoint };
    put(tx, &endpoint).await
}

/// Takes the endpoint along to the book that replaces this one.
pub(super) async fn move_endpoint(tx: &mut Tx, book: BookId) -> Result<(), StoreError> {
    let Some(endpoint) = find(tx.scope()).await? else { return Ok(()) };
    let row = sealed_row(tx.seals(), book, &endpoint)?;
    tx.execute(MOVE, &row).await.map(drop)
}

/// Deliveries that one command makes due: as many as the others of a batch can wait for.
const MADE_DUE_AT_ONCE: u64 = 1_000;

/// Makes some of what is pending due now, what would have come first before the rest. Whether there may be more.
pub(super) async fn make_due(tx: &mut Tx) -> Result<bool, StoreError> {
    let now = tx.now();
    Ok(tx.execute(MAKE_DUE, &params![now]).await? == MADE_DUE_AT_ONCE)
}

/// Books with something to deliver.
pub(super) async fn with_work(
    store: &florin_store::Store,
    wall: Timestamp,
    owner: [u8; 16],
) -> Result<Vec<BookId>, StoreError> {
    let rows = store.look(WITH_WORK, &params![wall, owner]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Whether something is due and was not attempted yet: an event up to this number, or a row that came due by `now`.
pub(super) async fn has_unattempted(
    scope: &mut Scope,
    last_event: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(scope.query_one(HAS_UNATTEMPTED, &params![last_event, now]).await?.is_some())
}

/// Deliveries that are due, the longest waiting first.
pub(super) async fn due(scope: &mut Scope, now: Timestamp, limit: i64) -> Result<Vec<Delivery>, StoreError> {
    scope.query(DUE, &params![now, limit]).await?.iter().map(delivery_of_row).collect()
}

/// One delivery, where it has a row.
pub(super) async fn delivery(scope: &mut Scope, sequence: i64) -> Result<Option<Delivery>, StoreError> {
    let position = scope.book().position(sequence);
    scope.query_one(FIND_DELIVERY, &params![position]).await?.as_ref().map(delivery_of_row).transpose()
}

/// Those that have a row, between two sequence numbers, newest first; of one status or of any.
pub(super) async fn between(
    scope: &mut Scope,
    (after, before): (i64, i64),
    status: Option<DeliveryStatus>,
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let (after, before) = (scope.book().position(after), scope.book().position(before));
    let rows = match status {
        Some(status) => {
            scope.query(BETWEEN_OF_STATUS, &params![after, before, limit, status.number()]).await?
        }
        None => scope.query(BETWEEN, &params![after, before, limit]).await?,
    };
    rows.iter().map(delivery_of_row).collect()
}

fn delivery_of_row(row: &Row) -> Result<Delivery, StoreError> {
    let status = DeliveryStatus::of_number(row.get(2)?);
    let attempts: Vec<Attempt> =
        serde_json::from_str(&row.get::<String>(5)?).map_err(StoreError::unexpected)?;
    let standing = Standing {
        status: status.ok_or_else(|| StoreError::unexpected("a delivery of an unknown status"))?,
        due_at: row.get(3)?,
        tries: row.get(4)?,
        attempts,
    };
    Ok(Delivery { position: row.get(0)?, object: row.get(1)?, standing })
}

/// Which of these objects have something pending.
pub(super) async fn busy(scope: &mut Scope, objects: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let keys = objects.iter().map(|object| params![*object].to_vec()).collect();
    scope.find_set(&FIND_BUSY, keys).await?.iter().map(|row| row.get(0)).collect()
}

/// Writes deliveries that had no row.
pub(super) async fn insert(tx: &mut Tx, deliveries: &[Delivery]) -> Result<(), StoreError> {
    let book = tx.book();
    let rows = deliveries.iter().map(|delivery| {
        let Delivery { position, object, standing } = delivery;
        let attempts = attempts_text(&standing.attempts)?;
        let (status, due, tries) = (standing.status.number(), standing.due_at, standing.tries);
        Ok(params![*position, book, *object, status, due, tries, attempts].to_vec())
    });
    let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    tx.write_set(&INSERT_DELIVERY, rows).await
}

/// Writes how deliveries stand after one attempt more; but for those that were asked for again during the attempt,
/// which begin anew. (A first attempt that was under way counts for what was asked for.)
pub(super) async fn update_tried(tx: &mut Tx, deliveries: &[Delivery]) -> Result<(), StoreError> {
    let keys = deliveries.iter().map(|Delivery { position, standing, .. }| {
        let before = standing.tries - 1;
        params![*position, before].to_vec()
    });
    let tried = tx.scope().find_set(&FIND_TRIED, keys.collect()).await?;
    let tried = tried.iter().map(|row| row.get(0)).collect::<Result<HashSet<Position>, _>>()?;
    let as_before = deliveries.iter().filter(|delivery| tried.contains(&delivery.position));
    update(tx, &as_before.cloned().collect::<Vec<_>>()).await
}

/// Writes how deliveries stand that have a row.
pub(super) async fn update(tx: &mut Tx, deliveries: &[Delivery]) -> Result<(), StoreError> {
    let rows = deliveries.iter().map(|Delivery { position, standing, .. }| {
        let attempts = attempts_text(&standing.attempts)?;
        Ok(params![*position, standing.status.number(), standing.due_at, standing.tries, attempts].to_vec())
    });
    let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    tx.write_set(&UPDATE_DELIVERY, rows).await
}

/// The first pending delivery of each of these objects becomes due now, if it only waited for its turn.
pub(super) async fn let_next_go(tx: &mut Tx, objects: &[Uuid]) -> Result<(), StoreError> {
    let keys = objects.iter().map(|object| params![*object].to_vec()).collect();
    let now = tx.now();
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for row in tx.scope().find_set(&FIND_NEXT, keys).await? {
        let (position, due): (Position, Option<Timestamp>) = (row.get(0)?, row.get(1)?);
        if due.is_none() {
            rows.push(params![position, now].to_vec());
        }
    }
    tx.write_set(&UPDATE_DUE, rows).await
}

fn attempts_text(attempts: &[Attempt]) -> Result<String, StoreError> {
    serde_json::to_string(attempts).map_err(StoreError::unexpected)
}

//! The journal's rows: writing them at the end, reading one back, walking an account's entries newest first.

use crate::dialect::SetStatement;
use crate::scope::Scope;
use crate::{Row, StoreError, Type, Value, params};
use florin_ledger::{AccountKey, Chain, HolderId, Leg, Position, Record, RecordKind};
use florin_types::Timestamp;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

pub(crate) static INSERT_RECORD: SetStatement = SetStatement::Insert {
    table: "journal",
    columns: &[
        ("position", Type::Int),
        ("version", Type::Int),
        ("kind", Type::Int),
        ("at", Type::Int),
        ("object", Type::Bytes),
        ("legs", Type::Bytes),
        ("memo", Type::Bytes),
        ("chain", Type::Bytes),
    ],
};

pub(crate) static INSERT_MARK: SetStatement = SetStatement::Insert {
    table: "mark",
    columns: &[
        ("holder", Type::Int),
        ("currency", Type::Text),
        ("kind", Type::Int),
        ("ordinal", Type::Int),
        ("position", Type::Int),
        ("at", Type::Int),
    ],
};

macro_rules! record_columns {
    () => {
        "position, version, kind, at, object, legs, memo, chain"
    };
}

/// A book's records in order, from after a position; for `verify`, which reads them all.
pub(crate) const READ_RECORDS: &str = concat!(
    "SELECT ",
    record_columns!(),
    " FROM journal WHERE position > $1 AND position < $2 ORDER BY position LIMIT 1000"
);

/// Records by position. Parameters: position.
pub(crate) static FIND_RECORD: SetStatement = SetStatement::Find {
    row: concat!("SELECT ", record_columns!(), " FROM journal WHERE position = $1"),
    set: concat!("SELECT ", record_columns!(), " FROM journal WHERE position = ANY($1)"),
    parameters: &[Type::Int],
};

/// One end of an object's records: the 32 oldest, or newest. An object has one for each step of its life, two or three,
/// some ten where it is captured in parts; so both ends are read, and an object that is posted to without end costs no
/// more than a page of history.
macro_rules! end_of_object {
    ($object:literal, $position:literal, $start:literal, $past:literal, $order:literal) => {
        concat!(
            "SELECT ",
            record_columns!(),
            " FROM journal WHERE object = ",
            $object,
            " AND ",
            $position,
            " > ",
            $start,
            " AND ",
            $position,
            " < ",
            $past,
            " ORDER BY ",
            $position,
            $order,
            " LIMIT 32"
        )
    };
}

/// The oldest and the newest records of objects, found by `journal_object`. Parameters: object, the book's first
/// position, the next book's. On PostgreSQL `position + 0` says that the order is no reason to walk the primary key: a
/// planner without statistics would read the whole book for one object.
pub(crate) static FIND_RECORDS_OF_OBJECT: SetStatement = SetStatement::Find {
    row: concat!(
        "SELECT * FROM (",
        end_of_object!("$1", "position", "$2", "$3", ""),
        ") UNION SELECT * FROM (",
        end_of_object!("$1", "position", "$2", "$3", " DESC"),
        ") ORDER BY position"
    ),
    set: concat!(
        "SELECT r.* FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS v(wanted, start, past) \
         CROSS JOIN LATERAL ((",
        end_of_object!("v.wanted", "position + 0", "v.start", "v.past", ""),
        ") UNION (",
        end_of_object!("v.wanted", "position + 0", "v.start", "v.past", " DESC"),
        ")) r ORDER BY r.position"
    ),
    parameters: &[Type::Bytes, Type::Int, Type::Int],
};

/// The first mark of an account after its last one before a time: from there back everything newer is skipped. Where a
/// false clock was set right, older marks than that may be dated later.
pub(crate) const MARK_AT: &str = "SELECT position FROM mark \
     WHERE holder = $1 AND currency = $2 AND kind = $3 AND ordinal > COALESCE((SELECT ordinal FROM mark \
       WHERE holder = $1 AND currency = $2 AND kind = $3 AND at < $4 ORDER BY ordinal DESC LIMIT 1), 0) \
     ORDER BY ordinal LIMIT 1";

pub(crate) fn record_of_row(row: &Row) -> Result<(Record, Chain, Vec<u8>), StoreError> {
    let (version, legs) = (row.get(1)?, row.get::<Vec<u8>>(5)?);
    let record = Record {
        position: row.get(0)?,
        version,
        kind: RecordKind(row.get(2)?),
        at: row.get(3)?,
        object: row.get(4)?,
        legs: Record::decode_legs(version, &legs).map_err(StoreError::unexpected)?,
        memo: row.get(6)?,
    };
    Ok((record, Chain(row.get(7)?), legs))
}

pub(crate) fn record_row(record: Record, legs: Vec<u8>, chain: Chain) -> Vec<Value> {
    params![
        record.position,
        record.version,
        record.kind.0,
        record.at,
        record.object,
        legs,
        record.memo,
        chain.0
    ]
    .to_vec()
}

pub(crate) fn mark_row(leg: &Leg, position: Position, at: Timestamp) -> Vec<Value> {
    let key = leg.account;
    params![key.holder, key.currency, key.kind as u8 as i64, leg.ordinal, position, at].to_vec()
}

/// The newest entries of an account from a position back, along the links that the legs carry: one statement on
/// PostgreSQL, which reads a leg's key and link by their offsets ([`florin_ledger::LEG_BYTES`]), and a look-up per
/// entry on SQLite, which has no round trips to save. Parameters: position, the leg's first 17 bytes (holder, currency,
/// kind), how many.
pub(crate) static ENTRIES_BACK: SetStatement = SetStatement::Find {
    row: concat!(
        "SELECT ",
        record_columns!(),
        " FROM journal WHERE position = $1 AND instr(legs, $2) > 0 LIMIT $3"
    ),
    set: "WITH RECURSIVE wanted AS ( \
            SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS w(start, leg, count)), \
          walk AS ( \
            SELECT j.*, 1::bigint AS n FROM wanted JOIN journal j ON j.position = wanted.start \
            UNION ALL \
            SELECT j.*, walk.n + 1 FROM walk CROSS JOIN wanted JOIN journal j ON j.position = ('x' || encode( \
              substring(walk.legs FROM position(wanted.leg IN walk.legs) + 49 FOR 8), 'hex'))::bit(64)::bigint \
            WHERE walk.n < wanted.count) \
          SELECT position, version, kind, at, object, legs, memo, chain FROM walk ORDER BY n",
    parameters: &[Type::Int, Type::Bytes, Type::Int],
};

/// Up to `count` records with an entry of `account`, newest first, from the one at `newest` back.
pub async fn entries_back(
    scope: &mut Scope,
    account: AccountKey,
    newest: Position,
    count: usize,
) -> Result<Vec<Record>, StoreError> {
    let key = account.leg_prefix();
    let mut records = Vec::new();
    let mut next = (newest.book() == scope.book()).then_some(newest);
    while let Some(position) = next
        && records.len() < count
    {
        let left = (count - records.len()) as i64;
        let found = scope.db().find_set(&ENTRIES_BACK, vec![params![position, key, left].to_vec()]).await?;
        if found.is_empty() {
            return Err(StoreError::unexpected(format!("the entries of {account:?} break at {position:?}")));
        }
        for row in &found {
            records.push(record_of_row(row)?.0);
        }
        next = records.last().and_then(|record| record.leg_of(account)?.previous_entry());
    }
    Ok(records)
}

/// The records of an object, oldest first: all of them, or the first and the last thirty-two. In a command: without
/// those that the batch has posted, so nothing that money depends on can be decided by them.
pub async fn records_of_object(scope: &mut Scope, object: Uuid) -> Result<Vec<Record>, StoreError> {
    Ok(records_of_objects(scope, &[object]).await?.remove(&object).unwrap_or_default())
}

/// The same of many objects, with one statement on PostgreSQL. Objects without a record are left out.
pub async fn records_of_objects(
    scope: &mut Scope,
    objects: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Record>>, StoreError> {
    let (start, end) = (scope.book().start(), scope.book().end());
    let wanted: BTreeSet<Uuid> = objects.iter().copied().collect();
    let keys = wanted.into_iter().map(|object| params![object, start, end].to_vec()).collect();
    let mut found: HashMap<Uuid, Vec<Record>> = HashMap::new();
    for row in &scope.db().find_set(&FIND_RECORDS_OF_OBJECT, keys).await? {
        let record = record_of_row(row)?.0;
        found.entry(record.object).or_default().push(record);
    }
    Ok(found)
}

/// The first and the last of an object's records, oldest first, in which a holder has an entry. A line of history
/// stands where the first is, and says what the last has left: they are the same where the object has one step only.
pub fn first_and_last(records: &[Record], holder: HolderId) -> Option<(&Record, &Record)> {
    let mut of_holder =
        records.iter().filter(|record| record.legs.iter().any(|leg| leg.account.holder == holder));
    let first = of_holder.next()?;
    Some((first, of_holder.next_back().unwrap_or(first)))
}

/// Records by position, in no order. Positions of other books answer nothing.
pub async fn records_at(scope: &mut Scope, positions: &[Position]) -> Result<Vec<Record>, StoreError> {
    let book = scope.book();
    let keys = positions.iter().filter(|p| p.book() == book).map(|p| params![*p].to_vec()).collect();
    let rows = scope.db().find_set(&FIND_RECORD, keys).await?;
    rows.iter().map(|row| Ok(record_of_row(row)?.0)).collect()
}

/// Where an account's entries from before `before` begin, going back from `newest`: the position itself, or a mark
/// that skips what is newer.
pub async fn skip_to(
    scope: &mut Scope,
    account: AccountKey,
    newest: Position,
    before: Timestamp,
) -> Result<Position, StoreError> {
    let key = params![account.holder, account.currency, account.kind as u8 as i64, before];
    let mark = scope.db().query_one(MARK_AT, &key).await?;
    let mark: Option<Position> = mark.map(|row| row.get(0)).transpose()?;
    Ok(mark.map_or(newest, |mark| mark.min(newest)))
}

//! Events: what partners are told, numbered without gaps per book, chained like the journal, kept.

use crate::dialect::SetStatement;
use crate::scope::Scope;
use crate::{Row, StoreError, Type, Value, params};
use florin_ledger::{Chain, ChainKey, HolderId, Position};
use florin_types::Timestamp;
use uuid::Uuid;

/// An event as a family emits it. What a partner sees is rendered when it is read, so nothing personal is kept here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id for ever, `webhook-id` included.
    pub id: Uuid,
    /// The type, as the contract spells it.
    pub kind: &'static str,
    /// What it is about, by public id: events of one object reach an endpoint in order.
    pub object: Uuid,
    /// The holder that it is about, where it is about one.
    pub holder: Option<HolderId>,
    /// Whether it tells of the record that the command posted last.
    pub of_last_record: bool,
    /// What else its family needs to render it.
    pub data: Vec<u8>,
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Book and gapless number.
    pub position: Position,
    /// Its id.
    pub id: Uuid,
    /// The type.
    pub kind: String,
    /// Business time.
    pub at: Timestamp,
    /// What it is about.
    pub object: Uuid,
    /// The holder that it is about.
    pub holder: Option<HolderId>,
    /// The record that it tells of.
    pub journal: Option<Position>,
    /// What its family renders it from.
    pub data: Vec<u8>,
}

pub(crate) static INSERT_EVENT: SetStatement = SetStatement::Insert {
    table: "event",
    columns: &[
        ("position", Type::Int),
        ("id", Type::Bytes),
        ("kind", Type::Text),
        ("at", Type::Int),
        ("object", Type::Bytes),
        ("holder", Type::Int),
        ("journal", Type::Int),
        ("data", Type::Bytes),
        ("chain", Type::Bytes),
    ],
};

macro_rules! event_columns {
    () => {
        "position, id, kind, at, object, holder, journal, data, chain"
    };
}

/// Events from after a position to before another, in order.
pub(crate) const READ_EVENTS: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM event WHERE position > $1 AND position < $2 ORDER BY position LIMIT $3"
);

/// The same, newest first.
pub(crate) const READ_EVENTS_BACK: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM event WHERE position > $1 AND position < $2 ORDER BY position DESC LIMIT $3"
);

/// Single events.
pub(crate) static FIND_EVENT: SetStatement = SetStatement::Find {
    row: concat!("SELECT ", event_columns!(), " FROM event WHERE position = $1"),
    set: concat!("SELECT ", event_columns!(), " FROM event WHERE position = ANY($1)"),
    parameters: &[Type::Int],
};

impl StoredEvent {
    pub(crate) fn link(&self, before: Chain, key: &ChainKey) -> Chain {
        before.next(
            key,
            &[
                &self.position.0.to_be_bytes(),
                self.id.as_bytes(),
                self.kind.as_bytes(),
                &self.at.micros().to_be_bytes(),
                self.object.as_bytes(),
                &self.holder.map_or([0; 8], |h| h.0.to_be_bytes()),
                &self.journal.map_or([0; 8], |j| j.0.to_be_bytes()),
                &self.data,
            ],
        )
    }

    pub(crate) fn from_row(row: &Row) -> Result<(Self, Chain), StoreError> {
        let event = Self {
            position: row.get(0)?,
            id: row.get(1)?,
            kind: row.get(2)?,
            at: row.get(3)?,
            object: row.get(4)?,
            holder: row.get(5)?,
            journal: row.get(6)?,
            data: row.get(7)?,
        };
        Ok((event, Chain(row.get(8)?)))
    }

    pub(crate) fn into_row(self, chain: Chain) -> Vec<Value> {
        params![
            self.position,
            self.id,
            self.kind,
            self.at,
            self.object,
            self.holder,
            self.journal,
            self.data,
            chain.0
        ]
        .to_vec()
    }
}

/// The events after a sequence number, oldest first.
pub async fn events_after(
    scope: &mut Scope,
    sequence: i64,
    limit: i64,
) -> Result<Vec<StoredEvent>, StoreError> {
    let (after, end) = (scope.book().position(sequence), scope.book().end());
    let rows = scope.db().query(READ_EVENTS, &params![after, end, limit]).await?;
    rows.iter().map(|row| Ok(StoredEvent::from_row(row)?.0)).collect()
}

/// The events before one sequence number and after another, newest first.
pub async fn events_before(
    scope: &mut Scope,
    before: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<StoredEvent>, StoreError> {
    let (before, after) = (scope.book().position(before), scope.book().position(after));
    let rows = scope.db().query(READ_EVENTS_BACK, &params![after, before, limit]).await?;
    rows.iter().map(|row| Ok(StoredEvent::from_row(row)?.0)).collect()
}

/// Events by number, in no order.
pub async fn events_at(scope: &mut Scope, sequences: &[i64]) -> Result<Vec<StoredEvent>, StoreError> {
    let keys = sequences.iter().map(|sequence| params![scope.book().position(*sequence)].to_vec()).collect();
    let rows = scope.db().find_set(&FIND_EVENT, keys).await?;
    rows.iter().map(|row| Ok(StoredEvent::from_row(row)?.0)).collect()
}

//! A book's row: where its sequences stand, its clock, its chain heads, and the book that replaced it, if one did.

use crate::dialect::{Column, SetStatement};
use crate::seal::RowSeals;
use crate::{Row, StoreError, Type, Value, params};
use florin_ledger::{AccountKey, BookId, Chain, ChainKey};
use florin_types::{CurrencyCode, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// A book as its row says. Every write to the book reads it under a lock and writes it back.
#[derive(Clone, Debug)]
pub struct Book {
    /// Its number.
    pub id: BookId,
    /// The book that took its place at a reset; from then on nothing is written here.
    pub(crate) successor: Option<BookId>,
    /// What `clock/advance` has added to the wall clock, µs.
    pub(crate) clock_offset: i64,
    /// The newest business time that was written: time never runs backwards in a book.
    pub(crate) last_at: Timestamp,
    pub(crate) journal_head: i64,
    pub(crate) journal_chain: Chain,
    pub(crate) event_head: i64,
    pub(crate) event_chain: Chain,
    pub(crate) command_head: i64,
    pub(crate) holder_head: i64,
    pub(crate) job_head: i64,
    /// The random id of the batch that wrote last: it tells whether a commit that was not answered has happened.
    pub(crate) batch: [u8; 16],
    /// A keyed hash over where journal and events end, as it was read: what stands in the rows themselves would let
    /// anybody cut the last of them off.
    pub(crate) seal: [u8; 32],
}

/// What a new book starts with.
#[derive(Clone, Debug)]
pub struct NewBook {
    /// The partner's public id, carried by the holder of the master balance.
    pub partner: Uuid,
    /// The partner's own key, wrapped. It can be given later: [`Tx::set_secret`](crate::Tx::set_secret).
    pub partner_secret: Option<Vec<u8>>,
    /// The currencies in which the partner gets an account. The accounts of the book itself open themselves.
    pub currencies: Vec<CurrencyCode>,
}

macro_rules! book_columns {
    () => {
        "id, successor, clock_offset, last_at, journal_head, journal_chain, event_head, event_chain, command_head, \
         holder_head, job_head, batch, seal"
    };
}

/// Reads a book without locking it.
pub(crate) const READ_BOOK: &str = concat!("SELECT ", book_columns!(), " FROM book WHERE id = $1");

/// All books, in order.
pub(crate) const READ_BOOKS: &str =
    concat!("SELECT ", book_columns!(), " FROM book WHERE id > $1 ORDER BY id LIMIT 100");

/// The newest time that was written, without what sandboxes have added. Books that were replaced have ended.
pub(crate) const NEWEST_TIME: &str = "SELECT MAX(last_at - clock_offset) FROM book WHERE successor IS NULL";

/// The newest book's number.
pub(crate) const LAST_BOOK: &str = "SELECT COALESCE(MAX(id), 0) FROM book";

/// Reads a book and locks its row until the transaction ends (on SQLite the transaction itself is the lock).
pub(crate) static LOCK_BOOK: SetStatement = SetStatement::Find {
    row: concat!("SELECT ", book_columns!(), " FROM book WHERE id = $1"),
    set: concat!("SELECT ", book_columns!(), " FROM book WHERE id = ANY($1) FOR UPDATE"),
    parameters: &[Type::Int],
};

/// Only one transaction at a time makes a new book; on SQLite the transaction itself is the lock.
pub(crate) static LOCK_BOOK_NUMBERS: SetStatement = SetStatement::Find {
    row: "SELECT $1",
    set: "SELECT 0::bigint FROM unnest($1::bigint[]) AS v(n), pg_advisory_xact_lock(v.n)",
    parameters: &[Type::Int],
};

/// The clock of the database, in microseconds: all processes have the same one. `$1` is any number.
pub(crate) static CLOCK: SetStatement = SetStatement::Find {
    row: "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + 0 * CAST($1 AS INTEGER)",
    set: "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) FROM unnest($1::bigint[]) AS v(n)",
    parameters: &[Type::Int],
};

const BOOK_STATE: [Column; 12] = [
    ("successor", Type::Int),
    ("clock_offset", Type::Int),
    ("last_at", Type::Int),
    ("journal_head", Type::Int),
    ("journal_chain", Type::Bytes),
    ("event_head", Type::Int),
    ("event_chain", Type::Bytes),
    ("command_head", Type::Int),
    ("holder_head", Type::Int),
    ("job_head", Type::Int),
    ("batch", Type::Bytes),
    ("seal", Type::Bytes),
];

pub(crate) static UPDATE_BOOK: SetStatement =
    SetStatement::Update { table: "book", keys: &[("id", Type::Int)], columns: &BOOK_STATE };

/// Seals a book of data whose rows were just sealed.
pub(crate) static RESEAL_BOOK: SetStatement =
    SetStatement::Update { table: "book", keys: &[("id", Type::Int)], columns: &[("seal", Type::Bytes)] };

pub(crate) static INSERT_BOOK: SetStatement = SetStatement::Insert {
    table: "book",
    columns: &{
        let mut columns = [("id", Type::Int); 13];
        let mut index = 0;
        while index < BOOK_STATE.len() {
            columns[index + 1] = BOOK_STATE[index];
            index += 1;
        }
        columns
    },
};

impl Book {
    pub(crate) fn fresh(id: BookId) -> Self {
        Self {
            id,
            successor: None,
            clock_offset: 0,
            last_at: Timestamp::from_micros(0),
            journal_head: 0,
            journal_chain: Chain::START,
            event_head: 0,
            event_chain: Chain::START,
            command_head: 0,
            // 0 is the book's system, 1 the partner.
            holder_head: 1,
            job_head: 0,
            batch: [0; 16],
            seal: [0; 32],
        }
    }

    pub(crate) fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            successor: row.get(1)?,
            clock_offset: row.get(2)?,
            last_at: row.get(3)?,
            journal_head: row.get(4)?,
            journal_chain: Chain(row.get(5)?),
            event_head: row.get(6)?,
            event_chain: Chain(row.get(7)?),
            command_head: row.get(8)?,
            holder_head: row.get(9)?,
            job_head: row.get(10)?,
            batch: row.get(11)?,
            seal: row.get(12)?,
        })
    }

    /// The row's parameters, key first, for insert and update alike.
    pub(crate) fn to_row(&self, seals: &RowSeals) -> Vec<Value> {
        params![
            self.id,
            self.successor,
            self.clock_offset,
            self.last_at,
            self.journal_head,
            self.journal_chain.0,
            self.event_head,
            self.event_chain.0,
            self.command_head,
            self.holder_head,
            self.job_head,
            self.batch,
            self.seal_of_heads(seals),
        ]
        .to_vec()
    }

    /// The keyed hash over where journal and events end.
    pub(crate) fn seal_of_heads(&self, seals: &RowSeals) -> [u8; 32] {
        seals.of_heads(&[&self.heads(), &self.journal_chain.0[..], &self.event_chain.0].concat())
    }

    /// The same as versions before seals of rows made it.
    pub(crate) fn old_seal_of_heads(&self, key: &ChainKey) -> [u8; 32] {
        Chain::START.next(key, &[b"heads", &self.heads(), &self.journal_chain.0, &self.event_chain.0]).0
    }

    fn heads(&self) -> Vec<u8> {
        [self.id.0, self.journal_head, self.event_head].map(i64::to_be_bytes).concat()
    }

    /// Business time of this book at a wall-clock time.
    pub fn now(&self, wall: Timestamp) -> Timestamp {
        self.at_wall(wall).max(self.last_at)
    }

    /// How far the newest time of this book is ahead of a wall-clock time.
    pub fn ahead_of(&self, wall: Timestamp) -> Duration {
        self.wall_at(self.last_at).saturating_since(wall)
    }

    /// Takes the newest time back to a wall-clock time.
    pub(crate) fn set_back(&mut self, wall: Timestamp) {
        self.last_at = Timestamp::from_micros(wall.micros().saturating_add(self.clock_offset));
    }

    /// What advancing the clock has added to the wall clock.
    pub fn offset(&self) -> Duration {
        Duration::from_micros(self.clock_offset.unsigned_abs())
    }

    /// The number of the newest event.
    pub fn last_event(&self) -> i64 {
        self.event_head
    }

    /// The wall-clock time at which a business time of this book comes.
    pub(crate) fn wall_at(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_micros(at.micros().saturating_sub(self.clock_offset))
    }

    /// The business time of this book that comes at a wall-clock time.
    pub(crate) fn at_wall(&self, wall: Timestamp) -> Timestamp {
        Timestamp::from_micros(wall.micros().saturating_add(self.clock_offset))
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.clock_offset = self.clock_offset.saturating_add(micros);
    }
}

impl NewBook {
    /// Every account that the book has from the start.
    pub(crate) fn accounts(&self, id: BookId) -> Vec<AccountKey> {
        self.currencies.iter().map(|currency| AccountKey::main(id.partner(), *currency)).collect()
    }
}

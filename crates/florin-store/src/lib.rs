//! The store: one code base over SQLite and PostgreSQL. Books, the one door for writes, batches, the journal and its
//! readers, events, keys of repeated requests, jobs, migrations.
//!
//! The way of a write: [`Door::run`] → `queue` (one per book) → `writer` (takes what has queued, one transaction) →
//! [`Tx`] (what the command sees) over `batch` (its state in memory) → flush → commit → answers.
//! The way of a read: [`Store::snapshot`] → [`Scope`], whose every statement has the book as `$1`.
//!
//! Never here: a business rule, or a table or name of a family. What the engines do differently is in `dialect`.

mod answer;
mod batch;
mod book;
mod db;
mod dialect;
mod door;
mod error;
mod event;
mod holder;
mod idempotency;
mod installation;
mod integrity;
mod job;
mod journal;
mod migration;
mod object;
mod objects;
mod queue;
#[doc(hidden)]
pub mod recorder;
mod scope;
mod seal;
mod source;
mod statements;
mod store;
mod touch;
mod tx;
mod value;
mod verify;
mod watch;
mod writer;

pub use answer::{Answer, Outcome, Stop};
pub use book::{Book, NewBook};
pub use db::{Db, ReservedLog, reserve_log};
pub use dialect::{Column, Engine, ObjectAction, SetStatement, Statement};
pub use door::{Command, Door, TakenKey};
pub use error::StoreError;
pub use event::{NewEvent, StoredEvent, events_after, events_at, events_before};
pub use florin_ledger::{BookId, HolderId, Position};
pub use holder::Holder;
pub use idempotency::{KEY_LIFETIME, Keyed};
pub use installation::{KeptKey, OpenError};
pub use job::{Due, Job, Lane, NewJob};
pub use journal::{entries_back, first_and_last, records_at, records_of_object, records_of_objects, skip_to};
pub use migration::Migration;
pub use object::{Object, ObjectTable};
pub use scope::Scope;
pub use seal::{Renew, RowSeals, SealedTable};
pub use source::Snapshot;
pub use statements::{sets, statements};
pub use store::{Administration, Options, Place, Store};
pub use touch::Touch;
pub use tx::Tx;
pub use value::{FromValue, Row, Type, Value};
pub use verify::Report;

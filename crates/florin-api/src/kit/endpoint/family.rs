//! The table of a family: everything that the rest of the platform needs to know of it. `lib.rs` lists the families in
//! reading order and nothing else; adding one is a folder, a line there, and a rank in `cargo xtask tidy`.

use super::events::EventType;
use super::table::{Endpoint, Shape};
use crate::kit::app::App;
use crate::kit::book::jobs::JobHandler;
use crate::kit::book::record::RecordType;
use florin_store::{
    BookId, Holder, HolderId, Migration, Row, Scope, SealedTable, SetStatement, Statement, Stop, StoreError,
    StoredEvent, Tx,
};
use serde_json::value::RawValue;
use std::future::Future;
use std::pin::Pin;

/// A future that a table of functions can answer.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A future of a command: commands run on the writer's thread and need not be sent to another.
pub type BoxedInCommand<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A family of calls.
pub struct Family {
    /// The heading that its calls stand under in the documentation, and what stands below the heading.
    pub tag: (&'static str, &'static str),
    /// Its calls.
    pub endpoints: fn() -> Vec<Endpoint>,
    /// Its jobs.
    pub jobs: &'static [JobHandler],
    /// The events that it emits.
    pub events: &'static [EventRow],
    /// The kinds of records that it posts.
    pub records: &'static [RecordType],
    /// Its statements, for the test that prepares and runs them all.
    pub statements: &'static [&'static [Statement]],
    /// Its statements over sets of rows, for the same test.
    pub sets: &'static [&'static [&'static SetStatement]],
    /// Its tables.
    pub migrations: &'static [Migration],
    /// What it empties when a user is erased.
    pub erasures: &'static [Erasure],
    /// What it deletes of a book that a reset closes; `$1` is that book.
    pub forgets: &'static [Statement],
    /// What it deletes of rows that nobody needs any more, some at a time; `$2` is the time before which they ended.
    pub outlived: &'static [Statement],
    /// What it moves to the book that a reset opens; `$1` is the old book, `$2` the new one.
    pub moves: &'static [Statement],
    /// The same of rows that are sealed; the book is the one that a reset opens.
    pub moves_sealed: &'static [MoveSealed],
    /// Its tables whose rows are sealed.
    pub sealed: &'static [&'static SealedTable],
    /// What keeps a user from being suspended, deleted or changed.
    pub obstacles: &'static [Obstacle],
    /// Its jobs that follow when a user is no longer suspended: what came in meanwhile was held. Their payload is the
    /// user's id.
    pub unsuspended: &'static [&'static str],
    /// Values that make a sandbox do something else than succeed.
    pub scenarios: fn(&App) -> Vec<Scenario>,
    /// What stands for ids in its examples.
    pub placeholders: &'static [Placeholder],
}

impl Family {
    /// A family without anything, to be filled in with struct update syntax.
    pub const EMPTY: Self = Self {
        tag: ("", ""),
        endpoints: Vec::new,
        jobs: &[],
        events: &[],
        records: &[],
        statements: &[],
        sets: &[],
        migrations: &[],
        erasures: &[],
        forgets: &[],
        outlived: &[],
        moves: &[],
        moves_sealed: &[],
        sealed: &[],
        obstacles: &[],
        unsuspended: &[],
        scenarios: |_| Vec::new(),
        placeholders: &[],
    };
}

/// All families, in reading order, as [`App::new`] takes them.
pub struct Families(pub &'static [&'static Family]);

impl App {
    /// The families of calls, in reading order.
    pub fn families(&self) -> &'static [&'static Family] {
        self.families.downcast_ref::<Families>().map_or(&[], |families| families.0)
    }
}

/// A type of events that happens today.
pub struct EventRow {
    /// Its type.
    pub event: EventType,
    /// The contract's name of its webhook.
    pub summary: &'static str,
    /// When it happens.
    pub description: &'static str,
    /// What it says.
    pub payload: Shape,
    /// A payload, as text.
    pub example: &'static str,
    /// Renders events of this type, in their order.
    pub render: Render,
}

/// Renders the events of a page that have one type: what they refer to is read as sets. Each by itself: one that can't
/// be rendered does not stand in the way of the others.
pub type Render = for<'a> fn(&'a App, &'a mut Scope, &'a [&'a StoredEvent]) -> Boxed<'a, Rendered>;

/// What rendering a page's events of a type comes to.
pub type Rendered = Result<Vec<Result<Box<RawValue>, StoreError>>, StoreError>;

/// What a family does when a user is erased. The user's key is destroyed in the same transaction.
pub struct Erasure {
    /// Lists what must be removed outside of the database; `$2` is the holder.
    pub list: Option<Statement>,
    /// Empties the family's rows; `$2` of each is the holder.
    pub statements: &'static [Statement],
    /// Empties the family's objects, which a statement could not seal anew.
    pub objects: EmptyObjects,
    /// Removes what was listed, after the commit.
    pub remove: Remove,
}

/// Empties the objects of a holder.
pub type EmptyObjects = for<'a> fn(&'a mut Tx, HolderId) -> BoxedInCommand<'a, Result<(), StoreError>>;

/// For a family without such objects.
pub fn no_objects<'a>(_: &'a mut Tx, _: HolderId) -> BoxedInCommand<'a, Result<(), StoreError>> {
    Box::pin(async { Ok(()) })
}

/// Removes what was listed.
pub type Remove = for<'a> fn(&'a App, &'a [Row]) -> Boxed<'a, Result<(), StoreError>>;

impl Erasure {
    /// An erasure of rows alone.
    pub const fn of_rows(statements: &'static [Statement]) -> Self {
        Self { list: None, statements, objects: no_objects, remove: |_, _| Box::pin(async { Ok(()) }) }
    }
}

/// Moves sealed rows of the command's book to another: checks their seals and seals them anew.
pub type MoveSealed = for<'a> fn(&'a mut Tx, BookId) -> BoxedInCommand<'a, Result<(), StoreError>>;

/// Refuses that a user is suspended, deleted or changed. It runs in the command, after the user was found.
pub struct Obstacle {
    /// To suspending.
    pub to_suspending: Check,
    /// To deleting.
    pub to_deleting: Check,
    /// To changing names, birth date or citizenship.
    pub to_changing_identity: Check,
    /// To changing the address.
    pub to_changing_address: Check,
}

/// Looks at a user in a command, and refuses.
pub type Check = for<'a> fn(&'a mut Tx, &'a Holder) -> BoxedInCommand<'a, Result<(), Stop>>;

/// A check that never refuses.
pub fn no_obstacle<'a>(_: &'a mut Tx, _: &'a Holder) -> BoxedInCommand<'a, Result<(), Stop>> {
    Box::pin(async { Ok(()) })
}

/// A value that makes a sandbox do something else than succeed.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct Scenario {
    /// The call, or which calls.
    #[schema(example = "POST /v1/user/verification")]
    pub call: &'static str,
    /// The field of the request, or the header.
    #[schema(example = "documentNumber")]
    pub field: &'static str,
    /// The value.
    #[schema(example = "HOLD")]
    pub value: String,
    /// What happens then.
    #[schema(example = "stays in review until POST /v1/sandbox/kyc/{externalUserId}")]
    pub outcome: String,
}

/// A word of the examples that stands for an id.
pub struct Placeholder {
    /// The word, such as `$transfer`.
    pub word: &'static str,
    /// What the documentation shows in its place.
    pub shown: &'static str,
    /// An id of the same form that nobody has.
    pub unknown: &'static str,
    /// How the tests' walks get a real one: a call by method and path, whose example works, and the field of its answer
    /// that holds the id. None where the walks make it themselves.
    pub made_by: Option<(&'static str, &'static str, &'static str)>,
}

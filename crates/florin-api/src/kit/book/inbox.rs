//! The inbox: what the outside world says to a book. Each message is a row, unique by the rail that brought it and the
//! rail's own id of it, written in the transaction that applies the message. So a message that comes twice is applied
//! once, whatever crashes in between.
//!
//! A message that cannot be true as the book stands (a payment settled that had failed) is kept as refused, with its
//! content, for a person. A fault keeps nothing: whoever listens to the rail brings the message again.

use super::keyed_id;
use super::sealed;
use super::work::Work;
use crate::kit::app::App;
use crate::kit::request::types::words;
use florin_store::{
    Object, ObjectTable, Row, Scope, SealedTable, SetStatement, Statement, StoreError, Touch, Value, params,
    sealed_objects,
};
use florin_types::Timestamp;
use serde::Serialize;
use uuid::Uuid;

words! {
    /// What became of a message.
    pub enum InboxState {
        /// The book has it.
        Applied = "APPLIED",
        /// It could not be true, and waits for a person.
        Refused = "REFUSED",
        /// A person has dealt with it.
        Done = "DONE",
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// A keyed hash of rail and external id: the same message has the same id.
    pub id: Uuid,
    /// The rail that brought it.
    pub rail: String,
    /// The rail's own id of it.
    pub external_id: String,
    /// What became of it.
    pub state: InboxState,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Its content, under the partner's key, where it was refused.
    pub sealed: Option<Vec<u8>>,
    /// When it was heard.
    pub at: Timestamp,
    /// What it made, where it made something.
    pub made: Option<Uuid>,
}

static INBOX: ObjectTable = sealed_objects!(
    "inbox",
    "rail": Text,
    "external_id": Text,
    "state": Text,
    "reason": Text,
    "sealed": Bytes,
    "at": Int,
    "made": Bytes,
);

/// Its rows say what was heard, and so what is not heard again.
pub static SEALED: &SealedTable = INBOX.seal();

/// What a list of an operator shows of a partner at most: more than anybody reads, in a few hundred KB. A statement
/// reads one more, so that the list can say that it ends too early.
pub const SHOWN: usize = 1_000;

/// Those that wait for a person, oldest first: one more than are shown.
const REFUSED: Statement = "SELECT id, rail, external_id, state, reason, sealed, at, made, seal FROM inbox \
     WHERE book = $1 AND state = 'REFUSED' ORDER BY at, id LIMIT 1001";

/// Every statement here, for the test that prepares and runs them all.
pub(crate) const STATEMENTS: &[Statement] = &[REFUSED, SEALED.read];

/// Those over sets. No message is removed.
pub(crate) static SETS: [&SetStatement; 3] = {
    let [find, insert, update, _] = INBOX.statements();
    [find, insert, update]
};

impl Object for InboxItem {
    const TABLE: &'static ObjectTable = &INBOX;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            rail: row.get(0)?,
            external_id: row.get(1)?,
            state: row.get(2)?,
            reason: row.get(3)?,
            sealed: row.get(4)?,
            at: row.get(5)?,
            made: row.get(6)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.rail.as_str(),
            self.external_id.as_str(),
            self.state,
            self.reason.clone(),
            self.sealed.clone(),
            self.at,
            self.made
        ]
        .to_vec()
    }
}

/// What applying a message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The book has it, or had it before.
    Applied,
    /// It cannot be true, for this reason.
    Refused(String),
}

/// The id of a message: the same message has the same id.
pub fn id_of(app: &App, rail: &str, external_id: &str) -> Uuid {
    keyed_id::of(app, "florin 2026 inbox ids v1", rail, external_id)
}

/// What a command must touch to apply a message.
pub fn touch(app: &App, rail: &str, external_id: &str) -> Touch {
    Touch::Object(&INBOX, id_of(app, rail, external_id))
}

/// What a command must touch to change a message.
pub fn touch_item(id: Uuid) -> Touch {
    Touch::Object(&INBOX, id)
}

/// Whether a message was heard before. It must have been touched.
pub fn is_known(work: &Work<'_>, rail: &str, external_id: &str) -> Result<bool, StoreError> {
    Ok(work.object::<InboxItem>(id_of(work.app(), rail, external_id))?.is_some())
}

/// The same of a snapshot.
pub async fn was_heard(
    app: &App,
    scope: &mut Scope,
    rail: &str,
    external_id: &str,
) -> Result<bool, StoreError> {
    Ok(!scope.objects_at::<InboxItem>(&[id_of(app, rail, external_id)]).await?.is_empty())
}

/// What a message made that was heard before, of a snapshot.
pub async fn made_before(
    app: &App,
    scope: &mut Scope,
    rail: &str,
    external_id: &str,
) -> Result<Option<Uuid>, StoreError> {
    let item = scope.objects_at::<InboxItem>(&[id_of(app, rail, external_id)]).await?.pop();
    Ok(item.and_then(|item| item.made))
}

/// What a message made that was heard before. It must have been touched or loaded.
pub fn made(work: &Work<'_>, rail: &str, external_id: &str) -> Result<Option<Uuid>, StoreError> {
    let item = work.object::<InboxItem>(id_of(work.app(), rail, external_id))?;
    Ok(item.and_then(|item| item.made))
}

/// Why a message was refused that was heard before. It must have been touched or loaded.
pub fn refused_because(work: &Work<'_>, rail: &str, external_id: &str) -> Result<Option<String>, StoreError> {
    let item = work.object::<InboxItem>(id_of(work.app(), rail, external_id))?;
    Ok(item.and_then(|item| item.reason))
}

/// Keeps a message as heard, with what it made. The content of one that was refused is kept under the partner's key:
/// [`Touch::Partner`].
pub fn keep(
    work: &mut Work<'_>,
    rail: &str,
    external_id: &str,
    (verdict, made): (Verdict, Option<Uuid>),
    content: &impl Serialize,
) -> Result<(), StoreError> {
    let (state, reason, sealed) = match verdict {
        Verdict::Applied => (InboxState::Applied, None, None),
        Verdict::Refused(reason) => {
            let partner = work.book().partner();
            (InboxState::Refused, Some(reason), Some(sealed::seal(work, partner, content)?))
        }
    };
    let (id, at) = (id_of(work.app(), rail, external_id), work.now());
    let (rail, external_id) = (rail.to_owned(), external_id.to_owned());
    work.put(&InboxItem { id, rail, external_id, state, reason, sealed, at, made })
}

/// Notes that a person has dealt with a refused message. It must have been touched. False: it was not refused, or a
/// person has dealt with it before.
pub fn done(work: &mut Work<'_>, id: Uuid) -> Result<bool, StoreError> {
    let item = work.object::<InboxItem>(id)?.filter(|item| item.state == InboxState::Refused);
    let Some(item) = item else { return Ok(false) };
    work.put(&InboxItem { state: InboxState::Done, sealed: None, ..item })?;
    Ok(true)
}

/// Notes what a message made when a person had it booked. It must have been touched.
pub fn note_made(work: &mut Work<'_>, id: Uuid, made: Option<Uuid>) -> Result<(), StoreError> {
    let item = work.object::<InboxItem>(id)?;
    item.map_or(Ok(()), |item| work.put(&InboxItem { made, ..item }))
}

/// The messages that wait for a person, oldest first; one more than an operator is shown, where more wait.
pub async fn refused(scope: &mut Scope) -> Result<Vec<InboxItem>, StoreError> {
    scope.objects(REFUSED, &[]).await
}

//! The SQL of verifications: where users stand, their attempts, their files.

use super::documents::{Details, Document};
use super::standing::{Method, Standing};
use crate::kit::app::App;
use crate::kit::book::seal::{Nonce, Seals};
use crate::kit::request::types::words;
use crate::kit::request::upload::StoredFile;
use florin_document::{Decoded, Kind, Size};
use florin_store::{
    Holder, HolderId, Row, RowSeals, Scope, SealedTable, SetStatement, Statement, StoreError, Tx, Type,
    params, sealed_table,
};
use florin_types::Timestamp;
use florin_vault::ObjectName;
use uuid::Uuid;

/// The rows of verifications: where users stand.
pub static VERIFICATIONS: SealedTable = sealed_table!(
    "verification", "holder": Int, "book", "id", "status", "attempt", "rejection_reason", "updated_at"
);

const FIND: Statement = "SELECT v.holder, v.book, v.id, v.status, v.attempt, v.rejection_reason, v.updated_at, v.seal, \
     a.method, a.expires_at, a.details FROM verification v JOIN kyc_attempt a ON a.id = v.id \
     WHERE v.book = $1 AND v.holder = $2";
const PUT: Statement = "INSERT INTO verification \
     (holder, book, id, status, attempt, rejection_reason, updated_at, seal) VALUES ($2, $1, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (holder) DO UPDATE SET id = excluded.id, status = excluded.status, attempt = excluded.attempt, \
     rejection_reason = excluded.rejection_reason, updated_at = excluded.updated_at, seal = excluded.seal \
     WHERE verification.book = excluded.book";
const INSERT_ATTEMPT: Statement = "INSERT INTO kyc_attempt \
     (id, book, holder, method, secret, details, created_at, expires_at, decided_at, decision, decided_by) \
     VALUES ($2, $1, $3, $4, $5, $6, $7, $8, NULL, NULL, NULL)";
const SET_DETAILS: Statement = "UPDATE kyc_attempt SET details = $3 WHERE book = $1 AND id = $2";
const SET_DECISION: Statement =
    "UPDATE kyc_attempt SET decided_at = $3, decision = $4, decided_by = $5 WHERE book = $1 AND id = $2";
const FIND_SECRET: Statement = "SELECT holder FROM kyc_attempt WHERE book = $1 AND secret = $2";

/// Who opens a hosted page shows nothing but its secret, which is of one book only.
pub(super) const BOOK_OF_SECRET: Statement = "SELECT book FROM kyc_attempt WHERE secret = $1";

static INSERT_FILE: SetStatement = SetStatement::Insert {
    table: "kyc_file",
    columns: &[
        ("name", Type::Bytes),
        ("book", Type::Int),
        ("holder", Type::Int),
        ("owner", Type::Bytes),
        ("part", Type::Text),
        ("type", Type::Text),
        ("bytes", Type::Int),
        ("state", Type::Text),
        ("created_at", Type::Int),
    ],
};

static CHECK_FILE: SetStatement = SetStatement::Update {
    table: "kyc_file",
    keys: &[("book", Type::Int), ("name", Type::Bytes)],
    columns: &[("state", Type::Text), ("width", Type::Int), ("height", Type::Int), ("pages", Type::Int)],
};

const DELETE_FILE: Statement = "DELETE FROM kyc_file WHERE book = $1 AND name = $2";
const FILES: Statement = "SELECT name, owner, part, type, bytes, width, height, pages, state, created_at \
     FROM kyc_file WHERE book = $1 AND holder = $2 ORDER BY name";

/// For the sweep, which asks for objects of any book.
pub(super) const IS_KNOWN: Statement = "SELECT book FROM kyc_file WHERE name = $1";

/// For a takeover, which tells how many of the objects are gone.
pub(super) const COUNT_FILES: Statement = "SELECT COUNT(*) FROM kyc_file";

/// The objects of a user, for the erasure.
pub const NAMES: Statement = "SELECT name FROM kyc_file WHERE book = $1 AND holder = $2";

/// Run when a user is erased: what the user's key does not cover goes with it.
pub const ERASE: &[Statement] = &[
    "DELETE FROM kyc_file WHERE book = $1 AND holder = $2",
    "UPDATE kyc_attempt SET details = NULL, secret = NULL WHERE book = $1 AND holder = $2",
];

/// Run when a sandbox is reset: nobody can reach the files of a book that was replaced.
pub const FORGET: Statement = "DELETE FROM kyc_file WHERE book = $1";

/// Open reviews of a book, oldest first.
pub(super) const OPEN_REVIEWS: Statement = "SELECT v.id, v.holder, v.updated_at FROM verification v \
     WHERE v.book = $1 AND v.attempt = 'VERIFICATION' ORDER BY v.updated_at LIMIT 1001";

/// Files of a book, for those who look at all of them.
const ALL_FILES: Statement = "SELECT name, owner, part, type, bytes, width, height, pages, state, created_at, holder \
     FROM kyc_file WHERE book = $1 AND name > $2 ORDER BY name LIMIT 200";

/// The statements of a book, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[
    FIND,
    PUT,
    INSERT_ATTEMPT,
    SET_DETAILS,
    SET_DECISION,
    FIND_SECRET,
    BOOK_OF_SECRET,
    DELETE_FILE,
    FILES,
    IS_KNOWN,
    COUNT_FILES,
    NAMES,
    ERASE[0],
    ERASE[1],
    FORGET,
    OPEN_REVIEWS,
    ALL_FILES,
];

/// Every set, for the same test.
pub(crate) static SETS: [&SetStatement; 2] = [&INSERT_FILE, &CHECK_FILE];

/// A user's present attempt, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub(super) standing: Standing,
    pub(super) updated_at: Timestamp,
    pub(super) attempt: Uuid,
    /// When the link of a hosted one ends.
    pub(super) expires_at: Option<Timestamp>,
    sealed: Option<Vec<u8>>,
}

impl Current {
    /// What was given besides files; empty once the holder's key is destroyed.
    pub(super) fn details(&self, seals: &Seals, secret: Option<&[u8]>) -> Result<Details, StoreError> {
        open_details(seals, secret, self.sealed.as_deref())
    }
}

/// Opens what [`seal`] sealed.
pub(super) fn open_details(
    seals: &Seals,
    secret: Option<&[u8]>,
    sealed: Option<&[u8]>,
) -> Result<Details, StoreError> {
    let (Some(sealed), Some(secret)) = (sealed, secret) else { return Ok(Details::default()) };
    let text = seals.open(secret, sealed);
    if text.is_none() && seals.is_destroyed(secret) {
        return Ok(Details::default());
    }
    let text =
        text.ok_or_else(|| seals.fault(Some(secret), "details can't be opened with their holder's key"))?;
    serde_json::from_str(&text).map_err(StoreError::unexpected)
}

/// Details as they are stored: JSON under the holder's wrapped key.
pub(super) fn seal(
    seals: &Seals,
    secret: Option<&[u8]>,
    nonce: Nonce,
    details: &Details,
) -> Result<Vec<u8>, StoreError> {
    let text = serde_json::to_string(details).map_err(StoreError::unexpected)?;
    let sealed = secret.and_then(|secret| seals.seal(secret, nonce, &text));
    sealed.ok_or_else(|| seals.fault(secret, "details can't be sealed under their holder's key"))
}

/// A new attempt's row.
#[derive(Clone, Debug)]
pub(super) struct NewAttempt {
    pub(super) id: Uuid,
    pub(super) method: Method,
    /// Keyed hash of the verification id.
    pub(super) secret: [u8; 32],
    /// Sealed [`Details`].
    pub(super) details: Vec<u8>,
    pub(super) expires_at: Option<Timestamp>,
}

/// Where a user stands; none before anything was sent.
pub(super) async fn find(scope: &mut Scope, holder: HolderId) -> Result<Option<Current>, StoreError> {
    let row = scope.query_one(FIND, &params![holder]).await?;
    row.as_ref().map(|row| current_of_row(row, scope.seals())).transpose()
}

/// The document that a user has named for its verification.
pub async fn identity_document(
    app: &App,
    scope: &mut Scope,
    holder: &Holder,
) -> Result<Option<Document>, StoreError> {
    let Some(current) = find(scope, holder.id).await? else { return Ok(None) };
    Ok(current.details(&app.seals, holder.secret.as_deref())?.document)
}

/// The holder of an attempt, by the keyed hash of its verification id.
pub(super) async fn holder_of_secret(
    scope: &mut Scope,
    secret: &[u8; 32],
) -> Result<Option<HolderId>, StoreError> {
    scope.query_one(FIND_SECRET, &params![*secret]).await?.map(|row| row.get(0)).transpose()
}

/// Writes where a user stands, whether or not there was a row before.
pub(super) async fn put(
    tx: &mut Tx,
    holder: HolderId,
    attempt: Uuid,
    standing: &Standing,
) -> Result<(), StoreError> {
    let Standing { status, progress, rejection_reason, .. } = *standing;
    let (book, now) = (tx.book(), tx.now());
    let sealed = params![holder, book, attempt, status, progress, rejection_reason, now];
    let seal = tx.seals().seal(&VERIFICATIONS, &sealed);
    let row = params![holder, attempt, status, progress, rejection_reason, now, seal];
    tx.execute(PUT, &row).await.map(drop)
}

pub(super) async fn insert_attempt(
    tx: &mut Tx,
    holder: HolderId,
    new: &NewAttempt,
) -> Result<(), StoreError> {
    let (method, now) = (new.method.as_str(), tx.now());
    let row = params![new.id, holder, method, new.secret, new.details.clone(), now, new.expires_at];
    tx.execute(INSERT_ATTEMPT, &row).await.map(drop)
}

pub(super) async fn set_details(tx: &mut Tx, attempt: Uuid, sealed: Vec<u8>) -> Result<(), StoreError> {
    tx.execute(SET_DETAILS, &params![attempt, sealed]).await.map(drop)
}

/// Notes who decided what.
pub(super) async fn set_decision(
    tx: &mut Tx,
    attempt: Uuid,
    decision: &str,
    decided_by: &str,
) -> Result<(), StoreError> {
    let now = tx.now();
    tx.execute(SET_DECISION, &params![attempt, now, decision, decided_by]).await.map(drop)
}

words! {
    /// How far the full decode of a file is.
    pub enum FileState {
        /// Not begun. The file counts all the same.
        Unchecked = "UNCHECKED",
        /// It can be decoded.
        Readable = "READABLE",
        /// It cannot.
        Unreadable = "UNREADABLE",
    }
}

/// A file's row.
#[derive(Clone, Debug)]
pub struct File {
    /// Its object in the vault.
    pub name: ObjectName,
    /// The attempt or submission that it belongs to.
    pub owner: Uuid,
    /// The part that it came in.
    pub part: String,
    /// What it is.
    pub kind: Kind,
    /// Its length in clear.
    pub bytes: i64,
    /// Upright, once it was decoded.
    pub size: Option<Size>,
    /// Of a PDF, once it was read.
    pub pages: Option<i64>,
    /// How far the full decode is.
    pub state: FileState,
    /// When it came.
    pub created_at: Timestamp,
}

/// A file to be.
#[derive(Clone, Debug)]
pub(super) struct NewFile {
    pub(super) name: ObjectName,
    pub(super) part: &'static str,
    kind: Kind,
    bytes: u64,
}

impl NewFile {
    pub(super) fn of(stored: &StoredFile) -> Self {
        Self { name: stored.name, part: stored.part, kind: stored.facts.kind, bytes: stored.bytes }
    }
}

pub(super) async fn insert_files(
    tx: &mut Tx,
    holder: HolderId,
    owner: Uuid,
    files: &[NewFile],
) -> Result<(), StoreError> {
    let (book, state, now) = (tx.book(), FileState::Unchecked.as_str(), tx.now());
    let rows = files.iter().map(|file| {
        let bytes = i64::try_from(file.bytes).map_err(StoreError::unexpected)?;
        let (name, kind) = (file.name.uuid(), file.kind.as_str());
        Ok(params![name, book, holder, owner, file.part, kind, bytes, state, now].to_vec())
    });
    let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    tx.write_set(&INSERT_FILE, rows).await
}

pub(super) async fn delete_file(tx: &mut Tx, name: ObjectName) -> Result<(), StoreError> {
    tx.execute(DELETE_FILE, &params![name.uuid()]).await.map(drop)
}

/// Stores the results of full decodes of files that were not checked before.
pub(super) async fn check_files(tx: &mut Tx, files: &[&Checked]) -> Result<(), StoreError> {
    let book = tx.book();
    let rows = files.iter().map(|file| {
        let side = |side: fn(&Size) -> u32| file.size.as_ref().map(|size| i64::from(side(size)));
        let (width, height) = (side(|size| size.width), side(|size| size.height));
        let (name, state, pages) = (file.name.uuid(), file.state.as_str(), file.pages.map(i64::from));
        params![book, name, state, width, height, pages].to_vec()
    });
    let rows = rows.collect();
    tx.write_set(&CHECK_FILE, rows).await
}

/// What came of a full decode.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) name: ObjectName,
    pub(super) state: FileState,
    pub(super) size: Option<Size>,
    pub(super) pages: Option<u32>,
}

impl Checked {
    pub(super) fn of(file: &File, state: FileState, decoded: Option<&Decoded>) -> Self {
        let (size, pages) = decoded.map_or((None, None), |decoded| (decoded.size, decoded.pages));
        Self { name: file.name, state, size, pages }
    }
}

/// A user's files, of all attempts, oldest first.
pub(super) async fn files(scope: &mut Scope, holder: HolderId) -> Result<Vec<File>, StoreError> {
    scope.query(FILES, &params![holder]).await?.iter().map(file_of_row).collect()
}

/// Files of a book after a name, with their holders; a page.
pub(super) async fn all_files(scope: &mut Scope, after: Uuid) -> Result<Vec<(HolderId, File)>, StoreError> {
    let rows = scope.query(ALL_FILES, &params![after]).await?;
    rows.iter().map(|row| Ok((row.get(10)?, file_of_row(row)?))).collect()
}

fn current_of_row(row: &Row, seals: &RowSeals) -> Result<Current, StoreError> {
    seals.check(&VERIFICATIONS, &row.0)?;
    let standing = Standing {
        status: row.get(3)?,
        progress: row.get(4)?,
        rejection_reason: row.get(5)?,
        method: row.get(8)?,
    };
    Ok(Current {
        standing,
        updated_at: row.get(6)?,
        attempt: row.get(2)?,
        expires_at: row.get(9)?,
        sealed: row.get(10)?,
    })
}

fn damaged(column: &str, id: Uuid) -> StoreError {
    StoreError::unexpected(format!("kyc_file {id}: {column} holds an unknown value"))
}

fn file_of_row(row: &Row) -> Result<File, StoreError> {
    let (id, kind): (Uuid, String) = (row.get(0)?, row.get(3)?);
    let side = |index: usize| -> Result<Option<u32>, StoreError> {
        Ok(row.get::<Option<i64>>(index)?.and_then(|side| u32::try_from(side).ok()))
    };
    let size = side(5)?.zip(side(6)?).map(|(width, height)| Size { width, height });
    Ok(File {
        name: ObjectName::new(id).ok_or_else(|| damaged("name", id))?,
        owner: row.get(1)?,
        part: row.get(2)?,
        kind: Kind::from_name(&kind).ok_or_else(|| damaged("type", id))?,
        bytes: row.get(4)?,
        size,
        pages: row.get(7)?,
        state: row.get(8)?,
        created_at: row.get(9)?,
    })
}

//! The SQL of users.

use super::changes::{changed_fields, note_changes};
use super::user::Profile;
use crate::kit::book::seal::{Nonce, Seals};
use crate::kit::book::work::Work;
use florin_store::{Holder, HolderId, Row, Scope, SetStatement, Statement, StoreError, Tx, Type, params};
use florin_types::Timestamp;

/// A user's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The holder that it stands beside.
    pub holder: HolderId,
    /// What is known of the person, under the holder's key; none once it is erased. See [`User::profile`].
    sealed: Option<Vec<u8>>,
    /// `hasAcceptedP100Tc`.
    pub terms_accepted: bool,
    /// Whether proof of address was asked for.
    pub poa_required: bool,
}

impl User {
    /// What is known of the person; empty once the holder's key is destroyed.
    pub fn profile(&self, seals: &Seals, holder: &Holder) -> Result<Profile, StoreError> {
        let (Some(sealed), Some(secret)) = (&self.sealed, &holder.secret) else {
            return Ok(Profile::default());
        };
        let text = seals.open(secret, sealed);
        if text.is_none() && seals.is_destroyed(secret) {
            return Ok(Profile::default());
        }
        let text =
            text.ok_or_else(|| seals.fault(Some(secret), "a profile can't be opened with its holder's key"))?;
        serde_json::from_str(&text).map_err(StoreError::unexpected)
    }
}

const INSERT: Statement = "INSERT INTO end_user \
     (holder, book, profile, terms_accepted, poa_required, created_at, closed_at, erased_at) \
     VALUES ($2, $1, $3, $4, $5, $6, NULL, NULL)";
const FIND: Statement = "SELECT holder, profile, terms_accepted, poa_required FROM end_user \
     WHERE book = $1 AND holder = $2";
static FIND_MANY: SetStatement = SetStatement::Find {
    row: "SELECT holder, profile, terms_accepted, poa_required FROM end_user WHERE book = $1 AND holder = $2",
    set: "SELECT u.holder, u.profile, u.terms_accepted, u.poa_required \
          FROM unnest($1::bigint[], $2::bigint[]) AS v(book, holder) \
          JOIN end_user u ON u.book = v.book AND u.holder = v.holder",
    parameters: &[Type::Int, Type::Int],
};
const UPDATE: Statement =
    "UPDATE end_user SET profile = $3, terms_accepted = $4 WHERE book = $1 AND holder = $2";
const ACCEPT_TERMS: Statement = "UPDATE end_user SET terms_accepted = $3 WHERE book = $1 AND holder = $2";
const SET_POA_REQUIRED: Statement = "UPDATE end_user SET poa_required = $3 WHERE book = $1 AND holder = $2";
const CLOSE: Statement = "UPDATE end_user SET closed_at = $3 WHERE book = $1 AND holder = $2";
const DELETION: Statement =
    "SELECT closed_at, erased_at FROM end_user WHERE book = $1 AND holder = $2 AND closed_at IS NOT NULL";
const ERASE: Statement = "UPDATE end_user SET profile = NULL, erased_at = $3 WHERE book = $1 AND holder = $2";

/// Every statement here, for the test that prepares and runs them all.
pub const STATEMENTS: &[Statement] =
    &[INSERT, FIND, UPDATE, ACCEPT_TERMS, SET_POA_REQUIRED, CLOSE, DELETION, ERASE];

/// The look-ups by sets, for the same test.
pub const SETS: &[&SetStatement] = &[&FIND_MANY];

/// A user by holder.
pub async fn find(scope: &mut Scope, holder: HolderId) -> Result<User, StoreError> {
    let row = scope.query_one(FIND, &params![holder]).await?;
    user_of_row(&row.ok_or_else(|| StoreError::unexpected("a holder has no user"))?)
}

/// Users by holder, in no order; holders that are no users answer nothing.
pub async fn find_many(scope: &mut Scope, holders: &[HolderId]) -> Result<Vec<User>, StoreError> {
    let keys = holders.iter().map(|holder| params![*holder].to_vec()).collect();
    scope.find_set(&FIND_MANY, keys).await?.iter().map(user_of_row).collect()
}

/// A profile as it is stored: JSON under the holder's wrapped key.
pub(super) fn seal(
    seals: &Seals,
    secret: Option<&[u8]>,
    nonce: Nonce,
    profile: &Profile,
) -> Result<Vec<u8>, StoreError> {
    let text = serde_json::to_string(profile).map_err(StoreError::unexpected)?;
    let sealed = secret.and_then(|secret| seals.seal(secret, nonce, &text));
    sealed.ok_or_else(|| seals.fault(secret, "a profile can't be sealed under its holder's key"))
}

/// What a new row says, besides the profile.
pub(super) struct NewUser {
    pub(super) holder: HolderId,
    pub(super) terms_accepted: bool,
    pub(super) poa_required: bool,
}

pub(super) async fn insert(tx: &mut Tx, new: &NewUser, sealed: &[u8]) -> Result<(), StoreError> {
    let at = tx.now();
    let row = params![new.holder, sealed, new.terms_accepted, new.poa_required, at];
    tx.execute(INSERT, &row).await.map(drop)
}

pub(super) async fn update(
    tx: &mut Tx,
    holder: HolderId,
    sealed: &[u8],
    terms_accepted: bool,
) -> Result<(), StoreError> {
    let row = params![holder, sealed, terms_accepted];
    tx.execute(UPDATE, &row).await.map(drop)
}

/// Replaces what is known of a person, and notes in the audit what changed.
pub async fn set_profile(work: &mut Work<'_>, holder: &Holder, profile: &Profile) -> Result<(), StoreError> {
    let nonce = work.nonce();
    let sealed = seal(&work.app().seals, holder.secret.as_deref(), nonce, profile)?;
    let user = find(work.scope(), holder.id).await?;
    let changed = changed_fields(&user.profile(&work.app().seals, holder)?, profile)?;
    update(work, holder.id, &sealed, user.terms_accepted).await?;
    note_changes(work, holder, &changed).await
}

/// Notes that the terms are accepted.
pub async fn accept_terms(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    tx.execute(ACCEPT_TERMS, &params![holder, true]).await.map(drop)
}

/// Asks for proof of address, or no longer.
pub async fn set_poa_required(tx: &mut Tx, holder: HolderId, is_required: bool) -> Result<(), StoreError> {
    tx.execute(SET_POA_REQUIRED, &params![holder, is_required]).await.map(drop)
}

pub(super) async fn close(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    let at: Timestamp = tx.now();
    tx.execute(CLOSE, &params![holder, at]).await.map(drop)
}

/// When a user was deleted, and when all that is personal was erased.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When the user was deleted, by the clock of the book.
    pub deleted_at: Timestamp,
    /// When the profile was erased, and the files with it; none before.
    pub erased_at: Option<Timestamp>,
}

/// When a user was deleted; none if it was not.
pub async fn deletion(scope: &mut Scope, holder: HolderId) -> Result<Option<Deletion>, StoreError> {
    let row = scope.query_one(DELETION, &params![holder]).await?;
    row.map(|row| Ok(Deletion { deleted_at: row.get(0)?, erased_at: row.get(1)? })).transpose()
}

pub(super) async fn erase(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    let at: Timestamp = tx.now();
    tx.execute(ERASE, &params![holder, at]).await.map(drop)
}

fn user_of_row(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        holder: row.get(0)?,
        sealed: row.get(1)?,
        terms_accepted: row.get(2)?,
        poa_required: row.get(3)?,
    })
}

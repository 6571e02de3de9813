//! What a reviewer is shown, and its version. A decision names the version, and is refused once anything shown has
//! changed. While a review is open, the identity or the address that it is about cannot change. The automatic reviewer
//! needs no version: it reads and decides in one transaction.

use super::documents::{BACK, Details, FRONT, SELFIE};
use super::operator::ReviewOf;
use super::poa::{self, PoaStatus};
use super::standing::{AttemptStatus, Standing};
use super::store::{self, File};
use crate::kit::app::App;
use crate::kit::endpoint::codes::{P456, P465};
use crate::kit::endpoint::refusal::Refusal;
use crate::users::{self, Profile};
use florin_store::{Holder, Scope, Stop, StoreError, Tx};
use uuid::Uuid;

/// Bytes of a version: 64 bits of a keyed hash. Who changes a profile does not know the key, and has one try per review
/// to hit the version that an operator read. Sixteen digits can still be compared by eye.
const VERSION_BYTES: usize = 8;

/// Where the files of a part stand among those of a review. What came in one millisecond has names in any order.
fn place(part: &str) -> Option<usize> {
    [FRONT, BACK, SELFIE].iter().position(|known| *known == part)
}

/// All that a reviewer needs to see.
#[derive(Debug)]
pub struct Shown {
    /// What it is about.
    pub of: ReviewOf,
    /// The partner's id of the user.
    pub user: String,
    /// What the partner said of the user.
    pub profile: Profile,
    /// What was said with the verification.
    details: Details,
    /// Where the user stands.
    pub standing: Option<Standing>,
    /// Where proof of address stands.
    pub poa: Option<PoaStatus>,
    /// The files of this review: front, back, selfie; those of one part as they came, to the millisecond.
    pub files: Vec<File>,
    /// The version of the profile, the verification's data and the files. A decision names it.
    pub version: String,
}

impl Shown {
    /// Reads what a review shows.
    pub(super) async fn read(
        app: &App,
        scope: &mut Scope,
        holder: &Holder,
        (of, id): (ReviewOf, Uuid),
    ) -> Result<Self, StoreError> {
        let profile = users::find(scope, holder.id).await?.profile(&app.seals, holder)?;
        let current = store::find(scope, holder.id).await?;
        let secret = holder.secret.as_deref();
        let details = current.as_ref().map(|current| current.details(&app.seals, secret)).transpose()?;
        let files = store::files(scope, holder.id).await?.into_iter().filter(|file| file.owner == id);
        let mut files: Vec<_> = files.collect();
        files.sort_by_key(|file| (place(&file.part), file.name));
        let mut shown = Self {
            of,
            user: holder.handle.clone().unwrap_or_default(),
            profile,
            details: details.unwrap_or_default(),
            standing: current.map(|current| current.standing),
            poa: poa::find(scope, holder.id).await?.map(|poa| poa.status),
            files,
            version: String::new(),
        };
        shown.version = shown.version_of(app, id)?;
        Ok(shown)
    }

    /// What was said with the verification, as JSON, but for the verification id: it would open the user's page.
    pub fn said(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(Details { verification_id: String::new(), ..self.details.clone() })
    }

    /// Refuses a decision on another version than this.
    pub(super) fn check_version(&self, version: &str) -> Result<(), StoreError> {
        if self.version == version {
            return Ok(());
        }
        Err(StoreError::unexpected(
            "the profile, the verification's data or the files are not those of the version that was shown: show the \
             review again, then decide",
        ))
    }

    /// Covers what a decision is about. Results of decoding are left out: they say more of the same bytes, and an
    /// unreadable file rejects by itself. An address is not decided by the identity's documents.
    fn version_of(&self, app: &App, id: Uuid) -> Result<String, StoreError> {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|file| (file.name.to_string(), &file.part, file.kind.as_str(), file.bytes))
            .collect();
        let details = (self.of == ReviewOf::Identity).then_some(&self.details);
        let content =
            serde_json::to_vec(&(id, &self.profile, details, files)).map_err(StoreError::unexpected)?;
        let key = app.store.derive_key("florin 2026 versions of reviews v1");
        let hash = blake3::keyed_hash(&key, &content);
        Ok(hash.as_bytes().iter().take(VERSION_BYTES).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Refuses to change an identity that is being reviewed.
pub(super) async fn check_identity_may_change(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    if is_identity_reviewed(tx, holder).await? { Err(Refusal::of(&P465).into()) } else { Ok(()) }
}

/// Refuses to change an address whose proof is being reviewed.
pub(super) async fn check_address_may_change(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    if !is_address_reviewed(tx, holder).await? {
        return Ok(());
    }
    let message = format!("{}: the proof of address is being checked", P465.message);
    Err(Refusal::with(&P465, message).into())
}

/// Refuses to delete a user whose identity or address is being reviewed.
pub(super) async fn check_no_review(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    let review = match (is_identity_reviewed(tx, holder).await?, is_address_reviewed(tx, holder).await?) {
        (true, _) => "the verification is being reviewed",
        (_, true) => "the proof of address is being checked",
        _ => return Ok(()),
    };
    Err(Refusal::because(&P456, review).into())
}

async fn is_identity_reviewed(tx: &mut Tx, holder: &Holder) -> Result<bool, StoreError> {
    let current = store::find(tx.scope(), holder.id).await?;
    Ok(current.is_some_and(|current| current.standing.progress == AttemptStatus::InReview))
}

async fn is_address_reviewed(tx: &mut Tx, holder: &Holder) -> Result<bool, StoreError> {
    let poa = poa::find(tx.scope(), holder.id).await?;
    Ok(poa.is_some_and(|poa| poa.status == PoaStatus::Waiting))
}

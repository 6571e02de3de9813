//! What a family keeps about people, as JSON under the key of a holder, a user or the partner. Destroying that key
//! destroys it.

use super::seal::Seals;
use super::work::Work;
use florin_ledger::HolderId;
use florin_store::{Holder, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Seals a value. `holder` is the touched holder of a user, or the partner's, which is given a key where it has none
/// yet.
///
/// # Errors
/// A key that can't be unwrapped.
pub fn seal(work: &mut Work<'_>, holder: HolderId, value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let (secret, nonce) = (work.secret_of(holder)?, work.nonce());
    let text = serde_json::to_string(value).map_err(StoreError::unexpected)?;
    let seals = &work.app().seals;
    let sealed = seals.seal(&secret, nonce, &text);
    sealed.ok_or_else(|| seals.fault(Some(&secret), "a holder's key can't be unwrapped"))
}

/// Opens what [`seal`] sealed; none once the holder's key is destroyed.
///
/// # Errors
/// A key that does not open it, or a value that this build does not know.
pub fn open<T: DeserializeOwned>(
    seals: &Seals,
    holder: Option<&Holder>,
    sealed: Option<&[u8]>,
) -> Result<Option<T>, StoreError> {
    let secret = holder.and_then(|holder| holder.secret.as_deref());
    let (Some(sealed), Some(secret)) = (sealed, secret) else { return Ok(None) };
    let text = seals.open(secret, sealed);
    if text.is_none() && seals.is_destroyed(secret) {
        return Ok(None);
    }
    let text = text.ok_or_else(|| seals.fault(Some(secret), "it can't be opened with its holder's key"))?;
    serde_json::from_str(&text).map(Some).map_err(StoreError::unexpected)
}

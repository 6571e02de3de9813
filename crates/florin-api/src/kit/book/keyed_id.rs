//! Ids that are found again without being kept: keyed hashes of what they stand for.

use crate::kit::app::App;
use uuid::Uuid;

/// The id (UUID version 8, RFC 9562) of two texts. The first must have no zero byte, so that no two pairs are one text.
/// It is 122 bits of a hash under a key of the installation for this purpose: nobody outside can choose texts whose ids
/// meet, or tell the texts from an id.
pub fn of(app: &App, purpose: &str, first: &str, second: &str) -> Uuid {
    let mut hasher = blake3::Hasher::new_keyed(&app.store.derive_key(purpose));
    hasher.update(first.as_bytes()).update(&[0]).update(second.as_bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

//! Changes of a profile, as the audit keeps them: which fields changed, not their content.

use super::user::Profile;
use crate::kit::book::audit::{self, Deed};
use crate::kit::book::work::Work;
use florin_store::{Holder, StoreError};
use florin_types::Text;

/// Who changes a profile by a call of the API.
const PARTNER: &str = "partner";

/// Notes in the audit which fields of a profile change. Without a change it notes nothing.
pub(super) async fn note_changes(
    work: &mut Work<'_>,
    holder: &Holder,
    fields: &[String],
) -> Result<(), StoreError> {
    if fields.is_empty() {
        return Ok(());
    }
    let operator = Text::parse(PARTNER).map_err(StoreError::unexpected)?;
    let detail = fields.join(" ");
    audit::note(work, &Deed { operator, action: "user.update", object: holder.uuid, detail }).await
}

/// The names of the fields that differ, as the API spells them.
pub(super) fn changed_fields(before: &Profile, after: &Profile) -> Result<Vec<String>, StoreError> {
    let value = |profile: &Profile| serde_json::to_value(profile).map_err(StoreError::unexpected);
    let (before, after) = (value(before)?, value(after)?);
    let fields = after.as_object().into_iter().flatten();
    Ok(fields.filter(|(name, new)| before.get(name) != Some(new)).map(|(name, _)| name.clone()).collect())
}

//! The job that verifies a user of an older client in a sandbox that is set so (`users::AUTO_VERIFY_JOB`): an approval
//! like the reviewer's, with the same events.

use super::change::AttemptSecret;
use super::decide::{Decision, decide};
use super::store;
use crate::kit::app::App;
use crate::kit::book::work::Work;
use crate::users::{self, carry_out_for};
use florin_store::{Holder, Job, StoreError};

/// Who decides.
const AUTO_VERIFY: &str = "autoVerify";

/// Approves, unless something was sent or decided meanwhile. Older clients know no call that accepts the terms either,
/// so the setting accepts them too.
pub async fn auto_verify(app: &App, job: &Job) -> Result<(), StoreError> {
    let user = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    let (external_user_id, secret) = (user.clone(), AttemptSecret::draw(app));
    carry_out_for(app, job, &user, async move |work: &mut Work<'_>, holder: Holder| {
        if store::find(work.scope(), holder.id).await?.is_some() {
            return Ok(());
        }
        users::accept_terms(work, holder.id).await?;
        decide(work, &external_user_id, (Decision::Approve, AUTO_VERIFY), &secret).await
    })
    .await
}

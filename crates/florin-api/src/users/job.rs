//! Jobs about one user.

use super::user::existing;
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::work::Work;
use florin_store::{Holder, Job, Stop, StoreError, Touch};

/// Carries out a job about a user, as [`carry_out`] does. A user who was closed meanwhile needs nothing any more.
///
/// # Errors
/// As [`carry_out`].
pub async fn carry_out_for(
    app: &App,
    job: &Job,
    user: &str,
    command: impl AsyncFn(&mut Work<'_>, Holder) -> Result<(), Stop> + Send + 'static,
) -> Result<(), StoreError> {
    let (touches, user) = (vec![Touch::User(user.to_owned())], user.to_owned());
    carry_out(app, job, touches, async move |work: &mut Work<'_>| {
        let Ok(holder) = existing(work.holder(&user)).cloned() else { return Ok(()) };
        command(work, holder).await
    })
    .await
}

//! Sets what is agreed with a partner: an operator's deed.

use super::audit::{self, Deed};
use super::jobs::run_inside;
use super::terms::{self, Term};
use super::work::Work;
use crate::kit::app::App;
use florin_store::{BookId, StoreError};
use uuid::Uuid;

/// Adds a change to a partner's terms and to the audit, in one transaction.
///
/// # Errors
/// When the database is away.
pub async fn set_terms(
    app: &App,
    book: BookId,
    partner: Uuid,
    term: Term,
    deed: Deed,
) -> Result<(), StoreError> {
    debug_assert_eq!(deed.object, partner, "the audit names the partner");
    run_inside(app, book, Vec::new(), async move |work: &mut Work<'_>| {
        if terms::insert(work, partner, &term).await? != 1 {
            return Err(StoreError::unexpected("terms without a partner").into());
        }
        Ok(audit::note(work, &deed).await?)
    })
    .await?;
    app.keys.clear();
    Ok(())
}

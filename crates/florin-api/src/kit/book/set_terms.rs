//! Sets what is agreed with a partner: an operator's deed.

use super::audit::{self, Deed};
use super::jobs::run_inside;
use super::terms::{INSERT, Term};
use super::work::Work;
use crate::kit::app::App;
use florin_store::{BookId, StoreError, params};
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
        let Term { name, scope, effective_from, set_at, value, operator } = term.clone();
        let row = params![name, scope.as_str(), effective_from, set_at, value.as_str(), operator.as_str()];
        if work.execute(INSERT, &row).await? != 1 {
            return Err(StoreError::unexpected("terms without a partner").into());
        }
        Ok(audit::note(work, &deed).await?)
    })
    .await?;
    app.keys.clear();
    Ok(())
}

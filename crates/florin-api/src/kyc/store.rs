//! The SQL of verifications.

use florin_store::{HolderId, Statement, StoreError, Tx, params};
use uuid::Uuid;

const INSERT: Statement = "INSERT INTO verification \
     (holder, book, id, status, attempt, rejection_reason, updated_at) VALUES ($2, $1, $3, $4, $5, $6, $7)";
const UPDATE: Statement = "UPDATE verification SET status = $3, attempt = $4, rejection_reason = $5, \
     updated_at = $6 WHERE book = $1 AND holder = $2";

/// Every statement here, for the test that prepares and runs them all.
pub const STATEMENTS: &[Statement] = &[INSERT, UPDATE];

/// Where a verification stands, in the contract's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: &'static str,
    pub(super) attempt: &'static str,
    pub(super) rejection_reason: Option<&'static str>,
}

/// Writes where the verification of a user stands, whether or not there was one before.
pub(super) async fn put(
    tx: &mut Tx,
    holder: HolderId,
    new_id: Uuid,
    standing: &Standing,
) -> Result<(), StoreError> {
    let (Standing { status, attempt, rejection_reason }, at) = (standing, tx.now());
    let changed = tx.execute(UPDATE, &params![holder, *status, *attempt, *rejection_reason, at]).await?;
    if changed == 0 {
        let row = params![holder, new_id, *status, *attempt, *rejection_reason, at];
        tx.execute(INSERT, &row).await?;
    }
    Ok(())
}

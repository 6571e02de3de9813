//! The job that erases a closed user: the key is destroyed, and with it whatever was sealed under it, the profile
//! first of all; what other families keep of the person is emptied too. Ledger rows stay; they hold nothing personal
//! in clear.

use super::store;
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, done};
use florin_store::{Job, Row, Statement, StoreError, Touch, Tx, params};
use std::sync::{Arc, Mutex, PoisonError};

/// The kind of the job; its payload is the handle.
pub const ERASE_JOB: &str = "users.erase";

/// Erases. `others` are what later families empty: statements whose `$2` is the holder. What `list` answers before that
/// is given back, and nothing where somebody else erased.
pub async fn erase(
    app: &App,
    job: &Job,
    list: Statement,
    others: &'static [Statement],
) -> Result<Vec<Row>, StoreError> {
    let handle = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    let position = job.position;
    let touches = vec![Touch::Holder(handle.clone())];
    let listed = Arc::new(Mutex::new(Vec::new()));
    let found = Arc::clone(&listed);
    let command = async move |tx: &mut Tx| {
        found.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if tx.finish_job(position).await?
            && let Some(holder) = tx.holder(&handle)
        {
            let id = holder.id;
            let rows = tx.query(list, &params![id]).await?;
            *found.lock().unwrap_or_else(PoisonError::into_inner) = rows;
            tx.destroy_secret(&handle)?;
            store::erase(tx, id).await?;
            for statement in others {
                tx.execute(statement, &params![id]).await?;
            }
        }
        done()
    };
    carry_out(app, position, touches, command).await?;
    Ok(std::mem::take(&mut *listed.lock().unwrap_or_else(PoisonError::into_inner)))
}

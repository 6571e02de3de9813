//! The job that erases a closed user: the key is destroyed, and with it whatever was sealed under it, the profile
//! first of all; what other families keep of the person is emptied too. Ledger rows stay; they hold nothing personal
//! in clear.

use super::store;
use crate::kit::app::App;
use crate::kit::jobs::done;
use florin_store::{Job, Statement, StoreError, Touch, Tx, params};

/// The kind of the job; its payload is the handle.
pub const ERASE_JOB: &str = "users.erase";

/// Erases. `others` are what later families empty: statements whose `$2` is the holder.
pub async fn erase(app: &App, job: &Job, others: &'static [Statement]) -> Result<(), StoreError> {
    let handle = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    let position = job.position;
    let touches = vec![Touch::Holder(handle.clone())];
    let command = async move |tx: &mut Tx| {
        if tx.finish_job(position).await?
            && let Some(holder) = tx.holder(&handle)
        {
            let id = holder.id;
            tx.destroy_secret(&handle)?;
            store::erase(tx, id).await?;
            for statement in others {
                tx.execute(statement, &params![id]).await?;
            }
        }
        done()
    };
    app.store.door().run(position.book(), None, touches, command).await.map(drop)
}

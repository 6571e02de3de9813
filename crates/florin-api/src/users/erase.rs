//! The job that erases a closed user: the key is destroyed, and with it whatever was sealed under it, the profile first
//! of all; what other families keep of the person is emptied too. Ledger rows stay; they hold nothing personal in
//! clear.

use super::store;
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::work::Work;
use crate::kit::endpoint::family::Erasure;
use florin_store::{Job, Row, StoreError, Touch, params};
use std::sync::{Arc, Mutex, PoisonError};

/// The kind of the job; its payload is the external user id.
pub const ERASE_JOB: &str = "users.erase";

/// Erases a user everywhere: first what the database holds, the user's key above all, then what stands outside of it,
/// which nobody can open any more. Where another process erased the user, nothing is left to do.
pub async fn erase(app: &App, job: &Job) -> Result<(), StoreError> {
    let user = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    let touches = vec![Touch::User(user.clone())];
    let listed: Arc<Mutex<Vec<Vec<Row>>>> = Arc::default();
    let (found, families) = (Arc::clone(&listed), app.families());
    let command = async move |work: &mut Work<'_>| {
        let mut lists = Vec::new();
        if let Some(holder) = work.holder(&user) {
            let id = holder.id;
            for Erasure { list, .. } in families.iter().flat_map(|family| family.erasures) {
                lists.push(match list {
                    Some(list) => work.query(list, &params![id]).await?,
                    None => Vec::new(),
                });
            }
            work.destroy_secret(&user)?;
            store::erase(work, id).await?;
            let statements = families.iter().flat_map(|family| family.erasures);
            for statement in statements.flat_map(|erasure| erasure.statements) {
                work.execute(statement, &params![id]).await?;
            }
        }
        *found.lock().unwrap_or_else(PoisonError::into_inner) = lists;
        Ok(())
    };
    carry_out(app, job, touches, command).await?;
    let lists = std::mem::take(&mut *listed.lock().unwrap_or_else(PoisonError::into_inner));
    let erasures = families.iter().flat_map(|family| family.erasures);
    for (erasure, rows) in erasures.zip(&lists) {
        (erasure.remove)(app, rows).await?;
    }
    Ok(())
}

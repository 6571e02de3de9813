//! The job that erases a closed user: the key is destroyed, and with it whatever was sealed under it, the profile first
//! of all; what other families keep of the person is emptied too. Ledger rows stay; they hold nothing personal in
//! clear.

use super::store;
use crate::kit::app::App;
use crate::kit::book::aside::Aside;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::key_sheets;
use crate::kit::book::seal::Slot;
use crate::kit::book::work::Work;
use crate::kit::endpoint::family::Erasure;
use florin_store::{Job, Row, StoreError, Touch, params};

/// The kind of the job; its payload is the external user id.
pub const ERASE_JOB: &str = "users.erase";

/// Erases a user everywhere: first the slot of the user's key in the vault, without which nothing of the user can be
/// opened, wherever it was copied; then what the database holds; then the files. Where another process erased the user,
/// nothing is left to do.
pub async fn erase(app: &App, job: &Job) -> Result<(), StoreError> {
    let user = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    erase_slot(app, job, &user).await?;
    let touches = vec![Touch::User(user.clone())];
    let listed = Aside::<Vec<Vec<Row>>>::default();
    let (found, families) = (listed.clone(), app.families());
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
            for Erasure { statements, objects, .. } in families.iter().flat_map(|family| family.erasures) {
                for statement in *statements {
                    work.execute(statement, &params![id]).await?;
                }
                objects(work, id).await?;
            }
        }
        found.put(lists);
        Ok(())
    };
    carry_out(app, job, touches, command).await?;
    let erasures = families.iter().flat_map(|family| family.erasures);
    for (erasure, rows) in erasures.zip(&listed.take()) {
        (erasure.remove)(app, rows).await?;
    }
    Ok(())
}

/// Overwrites what unwraps the user's key. This comes first: if it fails, the job comes again and finds the slot.
async fn erase_slot(app: &App, job: &Job, user: &str) -> Result<(), StoreError> {
    let mut snapshot = app.store.snapshot(job.position.book()).await?;
    if snapshot.book() != job.position.book() {
        // The book was replaced, and its jobs with it: a user of this id in the new one is another.
        return Ok(());
    }
    let holder = snapshot.holder(user).await?;
    drop(snapshot);
    match holder.and_then(|holder| holder.secret).as_deref().and_then(Slot::of_secret) {
        Some(slot) => key_sheets::erase(app, slot).await,
        None => Ok(()),
    }
}

//! What waits when the operator changes from one rail to the other.

use super::store;
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, run_inside};
use crate::kit::book::work::Work;
use crate::sepa::store::TRANSFERS;
use crate::sepa::submit::leave;
use crate::sepa::transfer::{NO_FILE_YET, State, Transfer};
use florin_store::{Job, StoreError, Touch};
use florin_types::Timestamp;
use uuid::Uuid;

/// The job of a payment that was to go by itself, now that payments go in files: it waits for a file. One that was
/// being handed over to the other bank waits for a person.
pub async fn take_over(app: &App, job: &Job, id: Uuid) -> Result<(), StoreError> {
    let mut snapshot = app.store.snapshot(job.position.book()).await?;
    let transfer = snapshot.objects_at::<Transfer>(&[id]).await?.pop();
    drop(snapshot);
    if transfer.is_some_and(|transfer| transfer.state == State::Submitting) {
        tracing::error!(payment = %id, "a payment was being handed over to another bank: settle or reject it by hand");
    }
    carry_out(app, job, vec![Touch::Object(&TRANSFERS, id)], async move |work: &mut Work<'_>| {
        if let Some(transfer) = work.object::<Transfer>(id)?.filter(|transfer| transfer.state == State::Held)
        {
            work.put(&Transfer { file: Some(NO_FILE_YET), ..transfer })?;
        }
        Ok(())
    })
    .await
}

/// Leaves payments that waited for a file to be handed over one by one, where they do not go in files any more.
///
/// # Errors
/// The database is away.
pub async fn hand_over_one_by_one(app: &App) -> Result<(), StoreError> {
    if app.settings.sepa.rail.gathers() {
        return Ok(());
    }
    for book in store::waiting_books(app).await? {
        loop {
            let mut snapshot = app.store.snapshot(book).await?;
            let waiting = if snapshot.book() == book {
                store::waiting_in(&mut snapshot, Timestamp::from_micros(i64::MAX)).await?
            } else {
                Vec::new()
            };
            drop(snapshot);
            if waiting.is_empty() {
                break;
            }
            let touches = waiting.iter().map(|id| Touch::Object(&TRANSFERS, *id)).collect();
            run_inside(app, book, touches, async move |work: &mut Work<'_>| {
                for id in &waiting {
                    let waits = |transfer: &Transfer| {
                        transfer.state == State::Held && transfer.file == Some(NO_FILE_YET)
                    };
                    if let Some(mut transfer) = work.object::<Transfer>(*id)?.filter(waits) {
                        transfer.file = None;
                        leave(work, &mut transfer);
                        work.put(&transfer)?;
                    }
                }
                Ok(())
            })
            .await?;
        }
    }
    Ok(())
}

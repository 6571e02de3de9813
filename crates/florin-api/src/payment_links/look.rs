//! The job that looks at a link after each change of it or its orders, and when its time is over: it saves the status
//! and emits the event.

use super::LINK_JOB;
use super::details::View;
use super::link::PaymentLink;
use super::store::touch;
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::{keyed_id, sealed};
use crate::kit::endpoint::events::EventType;
use crate::kit::prelude::*;
use florin_store::{Job, Lane, NewJob};

/// The job that looks at a link. It can run at any time and as often as it likes.
pub async fn look(app: &App, job: &Job) -> Result<(), StoreError> {
    let id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    carry_out(app, job, vec![Touch::Partner, touch(id)], async move |work: &mut Work<'_>| {
        match work.object::<PaymentLink>(id)? {
            Some(link) => tell(work, link).await,
            // It was of a book that a reset has closed.
            None => Ok(()),
        }
    })
    .await
}

/// Writes where a link stands, and emits the event if that is new. The partner and the link must be touched.
pub(super) async fn tell(work: &mut Work<'_>, link: PaymentLink) -> Result<(), Stop> {
    let now = work.now();
    let partner = work.partner_holder().cloned();
    let app = work.app();
    let view = View::of(app, work.scope(), partner.as_ref(), link).await?;
    let payload = view.details(app, now)?;
    let told = told(app, &payload)?;
    if told == view.link.told {
        return Ok(());
    }
    let status = view.status_at(now);
    let link = PaymentLink { status, told, ..view.link };
    work.put(&link)?;
    let holder = work.book().partner();
    let data = sealed::seal(work, holder, &payload)?;
    work.emit(Event::about(EventType::PaymentLink, link.id).with(data));
    Ok(())
}

/// A keyed hash of what is told, by which the same is not told again.
pub(super) fn told(app: &App, payload: &impl Serialize) -> Result<Uuid, StoreError> {
    let text = serde_json::to_string(payload).map_err(StoreError::unexpected)?;
    Ok(keyed_id::of(app, "florin 2026 what was told of payment links v1", &text, ""))
}

/// Leaves a look at a link for the end of its time.
pub(super) fn look_at_end(work: &mut Work<'_>, link: &PaymentLink) {
    let payload = link.id.as_bytes().to_vec();
    work.enqueue(NewJob { kind: LINK_JOB, lane: Lane::Quick, due: link.expires_at, payload });
}

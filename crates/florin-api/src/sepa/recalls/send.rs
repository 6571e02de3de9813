//! The job that says something about a recall to the bank, once: a request of ours, or our answer. It has the three
//! steps of a payment's hand-over (`sepa/submit.rs`): mark, ask the bank whether it has it and give it if not, mark.

use super::recall::{HandOver, Recall, RecallDirection, RecallStatus, Words};
use super::store::RECALLS;
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, run_inside};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::sepa::files::{check_all_known, paid_on};
use crate::sepa::hear::ANSWER_JOB;
use crate::sepa::people::People;
use crate::sepa::submit::{in_time, leave_said, order_of};
use crate::sepa::transfer::{NO_FILE_YET, Transfer};
use florin_rails::sepa::{RecallOrder, RecallWhat};
use florin_store::{Job, Scope, StoreError, Touch};
use uuid::Uuid;

/// Hands it over. An older copy of the database, restored from a backup, says nothing before it knows what was sent:
/// the bank may have another answer.
pub async fn send(app: &App, job: &Job) -> Result<(), StoreError> {
    let id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let book = job.position.book();
    let touch = || vec![Touch::Object(&RECALLS, id)];
    check_all_known(app).await?;
    run_inside(app, book, touch(), async move |work: &mut Work<'_>| {
        let recall = work.object::<Recall>(id)?.filter(has_something_to_say);
        if let Some(recall) = recall.filter(|recall| recall.sending == Some(HandOver::Waiting)) {
            work.put(&Recall { sending: Some(HandOver::Submitting), ..recall })?;
        }
        Ok(())
    })
    .await?;
    let mut snapshot = app.store.snapshot(book).await?;
    let recall = snapshot.objects_at::<Recall>(&[id]).await?.pop().filter(has_something_to_say);
    let Some(recall) = recall.filter(|recall| recall.sending == Some(HandOver::Submitting)) else {
        return carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await;
    };
    if recall.direction == RecallDirection::Incoming && recall.sealed.is_none() {
        tracing::error!(recall = %id, "an answer to a bank has lost what it must repeat: answer the bank by hand");
    }
    let what = what_of(app, &mut snapshot, &recall).await?;
    let at = snapshot.book_row().now(app.wall());
    drop(snapshot);
    let installation = app.store.vault_mark().await?.installation;
    let order = RecallOrder { id, installation, at, what, reason: reason_of(&recall) };
    let rail = &app.settings.sepa.rail;
    let said = match in_time(rail.find_recall(&order)).await? {
        Some(said) => said,
        None => in_time(rail.submit_recall(&order)).await?,
    };
    carry_out(app, job, touch(), async move |work: &mut Work<'_>| {
        let recall = work.object::<Recall>(id)?;
        if let Some(recall) = recall.filter(|recall| recall.sending == Some(HandOver::Submitting)) {
            work.put(&Recall { sending: Some(HandOver::Sent), ..recall })?;
        }
        Ok(leave_said(work, ANSWER_JOB, &said)?)
    })
    .await
}

/// A request whose money has come back need not be made any more.
fn has_something_to_say(recall: &Recall) -> bool {
    recall.direction == RecallDirection::Incoming || recall.status == RecallStatus::Open
}

/// Why we ask, or why we refuse; with an acceptance it is not told.
fn reason_of(recall: &Recall) -> florin_rails::sepa::Reason {
    match recall.direction {
        RecallDirection::Incoming => recall.answer.unwrap_or(recall.reason),
        RecallDirection::Outgoing => recall.reason,
    }
}

async fn what_of(app: &App, scope: &mut Scope, recall: &Recall) -> Result<RecallWhat, StoreError> {
    if recall.direction == RecallDirection::Incoming {
        let keeper = recall.holder.unwrap_or(scope.book().partner());
        let people = People::load(app, scope, [keeper].into_iter()).await?;
        let words: Option<Words> = sealed::open(&app.seals, people.holder(keeper), recall.sealed.as_deref())?;
        let (message, case) =
            (recall.message.clone().unwrap_or_default(), words.and_then(|words| words.case));
        return Ok(match recall.status {
            RecallStatus::Accepted => RecallWhat::Accept { message, case },
            RecallStatus::Open | RecallStatus::Refused => RecallWhat::Refuse { message, case },
        });
    }
    let ids: Vec<Uuid> = recall.payment.into_iter().collect();
    let transfer = scope.objects_at::<Transfer>(&ids).await?.pop();
    let transfer = transfer.ok_or_else(|| StoreError::unexpected("the transfer of a recall is gone"))?;
    let order = order_of(app, scope, &transfer).await?;
    let file = transfer.file.filter(|number| *number > NO_FILE_YET);
    let paid_on = match file {
        Some(_) => paid_on(app, transfer.id).await?,
        None => None,
    };
    Ok(RecallWhat::Ask { order, file, paid_on })
}

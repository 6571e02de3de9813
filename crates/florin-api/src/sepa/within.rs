//! The job by which a payment to an account of our own comes in again, in a sandbox: the simulated bank has no other
//! way from one of our accounts to another.

use super::hear::{Ready, hear};
use super::incoming::Prepared;
use super::people::People;
use super::store::TRANSFERS;
use super::transfer::{Payee, State, Transfer};
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use florin_rails::sepa::{Credit, Message, Party, Reason, Said, Status};
use florin_store::{Job, StoreError, Touch};
use uuid::Uuid;

/// The id of the message by which a transfer comes in again.
pub(super) fn message_id(transfer: Uuid) -> String {
    format!("{}/within", transfer.simple())
}

/// Brings the money of a settled transfer in.
pub async fn pay_in(app: &App, job: &Job) -> Result<(), StoreError> {
    let id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let mut snapshot = app.store.snapshot(job.position.book()).await?;
    let found = snapshot.objects_at::<Transfer>(&[id]).await?.pop();
    let transfer = found.ok_or_else(|| StoreError::unexpected("the transfer of a job is gone"))?;
    let people = People::load(app, &mut snapshot, [transfer.holder].into_iter()).await?;
    let payee: Option<Payee> =
        sealed::open(&app.seals, people.holder(transfer.holder), transfer.sealed.as_deref())?;
    let payee = payee.ok_or_else(|| StoreError::unexpected("the payee of a job's transfer was erased"))?;
    let Party { name, iban } = people.party(app, &mut snapshot, transfer.holder).await?;
    let credit = Credit {
        iban: payee.iban,
        amount: transfer.amount,
        sender_name: name,
        sender_iban: iban.into_string(),
        title: payee.title,
    };
    let prepared = Prepared::of(app, &mut snapshot, &credit).await?;
    // What its payee cannot have, comes back at once: there is no bank between that could send it back later.
    let comes_back = if prepared.is_nobodys() {
        Some(Reason::new(*b"AC01"))
    } else if prepared.can_be_had() {
        None
    } else {
        Some(Reason::NOT_GIVEN)
    };
    let message = match comes_back {
        Some(reason) => Message::Payment(transfer.order_id(), Status::Returned(transfer.amount, reason)),
        None => Message::Credit(credit),
    };
    let said = Said { id: message_id(id), message };
    let (ready, mut touches) = Ready::of(app, &mut snapshot, said).await?;
    drop(snapshot);
    touches.push(Touch::Object(&TRANSFERS, id));
    carry_out(app, job, touches, async move |work: &mut Work<'_>| {
        // A person may have decided meanwhile that it came back.
        let transfer = work.object::<Transfer>(id)?;
        let is_settled = transfer.is_some_and(|transfer| transfer.state == State::Settled);
        if is_settled { hear(work, &ready).await.map(drop) } else { Ok(()) }
    })
    .await
}

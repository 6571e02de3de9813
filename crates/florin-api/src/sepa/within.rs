//! The job by which a payment to an account of our own comes in again, in a sandbox: the simulated bank has no other
//! way from one of our accounts to another.

use super::hear::{Ready, hear};
use super::incoming::Prepared;
use super::people::People;
use super::transfer::{Payee, Transfer};
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use florin_rails::sepa::{Credit, Message, Party, Reason, Said, Status};
use florin_store::{Job, StoreError};
use uuid::Uuid;

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
    } else if prepared.is_foreign() {
        Some(Reason::NOT_GIVEN)
    } else {
        None
    };
    let message = match comes_back {
        Some(reason) => Message::Payment(id, Status::Returned(transfer.amount, reason)),
        None => Message::Credit(credit),
    };
    let said = Said { id: format!("{}/within", id.simple()), message };
    let (ready, touches) = Ready::of(app, &mut snapshot, said).await?;
    drop(snapshot);
    carry_out(app, job, touches, async move |work: &mut Work<'_>| hear(work, &ready).await.map(drop)).await
}

//! Money of the suspense account that goes to the book of another partner: its payer wrote nothing that says whose it
//! is, and it came into the book for what concerns no other.
//!
//! A ledger transaction touches one book, so there are two. The first takes the money out and leaves a job, which puts
//! it into the other book, once: as a message of the inbox.

use super::deposit::{Deposit, DepositState, MOVED, Sender};
use super::incoming;
use super::operator::SepaOperator;
use super::people::People;
use super::postings::{self, EUR};
use super::recalls;
use super::store::DEPOSITS;
use crate::kit::app::App;
use crate::kit::book::audit;
use crate::kit::book::command::posting_refused;
use crate::kit::book::inbox::{self, Verdict};
use crate::kit::book::jobs::{carry_out, run_inside};
use crate::kit::book::registry::book_of;
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use florin_ledger::AccountKind;
use florin_store::{Job, Lane, NewJob, StoreError, Touch};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// The kind of the job that puts moved money into the other book.
pub const MOVE_JOB: &str = "sepa.move";

/// What the job is to do.
#[derive(Serialize, Deserialize)]
struct Move {
    /// The deposit that the money was.
    deposit: Uuid,
    /// The partner who gets it.
    to: Uuid,
}

impl SepaOperator<'_> {
    /// Moves money that waits, and of which nobody knows whose it is, to another partner, where it waits. None: there
    /// is no such deposit.
    ///
    /// # Errors
    /// There is no such partner, or the money does not wait.
    pub async fn move_to(&self, id: Uuid, partner: Uuid) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_of_deposit(id).await? else { return Ok(None) };
        let to = book_of(&self.app.store, partner).await?;
        let to = to.ok_or_else(|| StoreError::unexpected("there is no such partner"))?;
        if to == book {
            return Err(StoreError::unexpected("the money is this partner's"));
        }
        let touches = [AccountKind::SepaSettlement, AccountKind::Suspense]
            .map(|kind| Touch::SystemAccount(EUR, kind))
            .into_iter()
            .chain([Touch::Object(&DEPOSITS, id)]);
        let payload =
            serde_json::to_vec(&Move { deposit: id, to: partner }).map_err(StoreError::unexpected)?;
        let deed = self.deed("sepa.move", id, format!("to partner {partner}"));
        run_inside(self.app, book, touches.collect(), async move |work: &mut Work<'_>| {
            let found = work.object::<Deposit>(id)?;
            let deposit = found.ok_or_else(|| StoreError::unexpected("a deposit is gone"))?;
            if deposit.state != DepositState::Unmatched || deposit.returns.is_some() {
                return Err(Refusal::invalid(format!("the deposit is {}", deposit.state)).into());
            }
            recalls::require_none_open(work, deposit.recall).await?;
            let posting = postings::refund(work.book(), deposit.amount);
            work.post(MOVED.kind, deposit.id, &posting, Vec::new()).map_err(posting_refused)?;
            work.put(&Deposit { state: DepositState::Moved, ..deposit })?;
            let (due, payload) = (work.in_time(Duration::ZERO), payload.clone());
            work.enqueue(NewJob { kind: MOVE_JOB, lane: Lane::Quick, due, payload });
            Ok(audit::note(work, &deed).await?)
        })
        .await
        .map(Some)
    }
}

/// The job: puts moved money into the book of its partner.
pub async fn move_in(app: &App, job: &Job) -> Result<(), StoreError> {
    let Move { deposit: id, to } = serde_json::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let from = job.position.book();
    let mut snapshot = app.store.snapshot(from).await?;
    let found = snapshot.objects_at::<Deposit>(&[id]).await?.pop();
    let deposit = found.ok_or_else(|| StoreError::unexpected("the deposit of a job is gone"))?;
    let keeper = deposit.holder.unwrap_or(from.partner());
    let people = People::load(app, &mut snapshot, [keeper].into_iter()).await?;
    drop(snapshot);
    let sender: Option<Sender> = sealed::open(&app.seals, people.holder(keeper), deposit.sealed.as_deref())?;
    let sender = sender.unwrap_or_default();
    let book = book_of(&app.store, to).await?;
    let book = book.ok_or_else(|| StoreError::unexpected("the partner of moved money is gone"))?;
    let (rail, message) = (app.settings.sepa.rail.name(), format!("moved/{}", id.simple()));
    let touches = vec![
        Touch::Partner,
        Touch::SystemAccount(EUR, AccountKind::SepaSettlement),
        Touch::SystemAccount(EUR, AccountKind::Suspense),
        inbox::touch(app, rail, &message),
    ];
    run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        if inbox::is_known(work, rail, &message)? {
            return Ok(());
        }
        let (new, partner, created_at) = (work.id(), work.book().partner(), work.now());
        let sealed = Some(sealed::seal(work, partner, &sender)?);
        let deposit = Deposit { id: new, holder: None, recall: None, sealed, created_at, ..deposit.clone() };
        incoming::wait(work, deposit, DepositState::Unmatched)?;
        Ok(inbox::keep(work, rail, &message, (Verdict::Applied, None), &())?)
    })
    .await?;
    carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await
}

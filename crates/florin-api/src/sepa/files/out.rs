//! Payments out, in files. At a cut-off the payments that wait are gathered from all books into the file of the next
//! number; then the file goes through the states of [`FileState`], each of which may be the last before a crash.
//!
//! Which payments are in a file is settled before its bytes are made, and its bytes are settled when the database notes
//! that it is written: until then it is made anew, from then on it is only renamed. [`Folder`] says why a file comes to
//! the outbox once.
//!
//! [`Folder`]: florin_rails::sepa::files::Folder

use super::store::{self, FileState, InFile, PaymentFile};
use super::{blocking, folder_fault};
use crate::kit::app::App;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::work::Work;
use crate::sepa::hear::pay;
use crate::sepa::people::People;
use crate::sepa::postings::EUR;
use crate::sepa::refund;
use crate::sepa::store::TRANSFERS;
use crate::sepa::submit::{Sides, keeper_of};
use crate::sepa::transfer::{NO_FILE_YET, State, Transfer};
use florin_ledger::{AccountKind, BookId};
use florin_rails::sepa::files::{FileRail, Payment, check, file_name, message_id, render};
use florin_rails::sepa::{Reason, Status};
use florin_store::{Scope, StoreError, Touch};
use std::sync::Arc;
use uuid::Uuid;

/// Payments of a file: 20,000 are about 15 MB, and banks' channels commonly stop at 20 to 50. What is left goes in a
/// file of the next number.
const MAX_PAYMENTS: usize = 20_000;

/// Payments of a command: as many as a batch writes in a moment.
const AT_ONCE: usize = 500;

/// Brings the files that are due to the bank.
///
/// # Errors
/// Database or folder is away: it goes on from there the next time.
pub async fn send(app: &App, rail: &Arc<FileRail>, installation: Uuid) -> Result<(), StoreError> {
    let of_look = Arc::clone(rail);
    let sent = blocking(move || of_look.folder.last_sent()).await?.map_err(folder_fault)?;
    if !store::knows(app, sent).await? {
        return Err(StoreError::unavailable(format!(
            "payment file {sent} was sent, and this database does not know it: it is an older copy, so no payments are \
             sent. See which payments the bank has, then put the file's row into sepa_file"
        )));
    }
    loop {
        match store::open_file(app).await? {
            Some(file) => carry_on(app, rail, installation, file).await?,
            None if is_due(app, rail).await? => store::begin(app).await?,
            None => return Ok(()),
        }
    }
}

/// Whether a payment waits whose cut-off has passed.
async fn is_due(app: &App, rail: &FileRail) -> Result<bool, StoreError> {
    for book in store::waiting_books(app).await? {
        if !due_in(app, rail, book).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The payments of a book whose cut-off has passed, by its clock, with what is wrong with those that can be in no file.
async fn due_in(
    app: &App,
    rail: &FileRail,
    book: BookId,
) -> Result<Vec<(Transfer, Option<Reason>)>, StoreError> {
    let mut snapshot = app.store.snapshot(book).await?;
    if snapshot.book() != book {
        // A reset has ended it.
        return Ok(Vec::new());
    }
    let before = rail.cut_offs.last(snapshot.book_row().now(app.wall()));
    let ids = store::waiting_in(&mut snapshot, before).await?;
    let payments = payments(app, &mut snapshot, &ids).await?;
    let judged = payments.into_iter().map(|(transfer, payment)| {
        let wrong = check(rail, &payment).err();
        if let Some(error) = &wrong {
            tracing::warn!(payment = %transfer.id, %error, "a payment can be in no file, and fails");
        }
        (transfer, wrong.map(|error| error.reason()))
    });
    Ok(judged.collect())
}

/// Payments by id, as a file has them, in the order of their ids.
async fn payments(
    app: &App,
    scope: &mut Scope,
    ids: &[Uuid],
) -> Result<Vec<(Transfer, Payment)>, StoreError> {
    let mut transfers = scope.objects_at::<Transfer>(ids).await?;
    transfers.sort_unstable_by_key(|transfer| transfer.id);
    let people = People::load(app, scope, transfers.iter().map(keeper_of)).await?;
    let payment = |transfer: Transfer| {
        let Sides { payee, iban, title, .. } = Sides::of(app, &people, &transfer)?;
        let payment = Payment { id: transfer.id, amount: transfer.amount, name: payee, iban, title };
        Ok((transfer, payment))
    };
    transfers.into_iter().map(payment).collect()
}

/// Takes a file one state on.
async fn carry_on(
    app: &App,
    rail: &Arc<FileRail>,
    installation: Uuid,
    file: PaymentFile,
) -> Result<(), StoreError> {
    match file.state {
        FileState::Gathering => {
            gather(app, rail, file.number).await?;
            write(app, rail, installation, &file).await
        }
        FileState::Written => {
            let staged =
                file.staged.ok_or_else(|| StoreError::unexpected("a written file without a name"))?;
            let (rail, number, name) = (Arc::clone(rail), file.number, file_name(file.number));
            let sent =
                blocking(move || rail.folder.send(number, &staged, &name)).await?.map_err(folder_fault)?;
            if store::note(app, file.number, FileState::Written, FileState::Sent).await? {
                tracing::info!(file = file.number, ?sent, "a payment file is in the outbox");
            }
            Ok(())
        }
        FileState::Sent => {
            mark_submitted(app, file.number).await?;
            store::note(app, file.number, FileState::Sent, FileState::Done).await.map(drop)
        }
        FileState::Done | FileState::Empty => Ok(()),
    }
}

/// Puts what is due into a file.
async fn gather(app: &App, rail: &FileRail, number: i64) -> Result<(), StoreError> {
    let mut count = store::in_file(app, number).await?.len();
    for book in store::waiting_books(app).await? {
        while count < MAX_PAYMENTS {
            let due = due_in(app, rail, book).await?;
            if due.is_empty() {
                break;
            }
            count += due.len();
            let system = |kind| Touch::SystemAccount(EUR, kind);
            let mut touches = vec![
                Touch::Partner,
                system(AccountKind::SepaSettlement),
                system(AccountKind::Suspense),
                system(AccountKind::Fees),
            ];
            for (transfer, wrong) in &due {
                touches.push(Touch::Object(&TRANSFERS, transfer.id));
                if wrong.is_some() {
                    touches.push(Touch::HolderAccount(transfer.holder, EUR));
                    touches.extend(refund::touch(transfer));
                }
            }
            let due: Vec<_> = due.into_iter().map(|(transfer, wrong)| (transfer.id, wrong)).collect();
            run_inside(app, book, touches, async move |work: &mut Work<'_>| {
                for (id, wrong) in &due {
                    let transfer = work.object::<Transfer>(*id)?;
                    let waits = |transfer: &Transfer| {
                        transfer.state == State::Held && transfer.file == Some(NO_FILE_YET)
                    };
                    let Some(transfer) = transfer.filter(waits) else { continue };
                    let file = Some(number);
                    work.put(&Transfer { state: State::Submitting, file, ..transfer })?;
                    if let Some(reason) = wrong {
                        pay(work, *id, Status::Rejected(*reason)).await?;
                    }
                }
                Ok(())
            })
            .await?;
        }
    }
    Ok(())
}

/// Writes a file's bytes into the staging folder, and notes it.
async fn write(
    app: &App,
    rail: &Arc<FileRail>,
    installation: Uuid,
    file: &PaymentFile,
) -> Result<(), StoreError> {
    let mut all = Vec::new();
    for (book, ids) in submitting(app, file.number).await? {
        let mut snapshot = app.store.snapshot(book).await?;
        if snapshot.book() == book {
            all.extend(payments(app, &mut snapshot, &ids).await?.into_iter().map(|(_, payment)| payment));
        }
    }
    if all.is_empty() {
        return store::note(app, file.number, FileState::Gathering, FileState::Empty).await.map(drop);
    }
    let amount = all.iter().try_fold(0_i64, |sum, payment| sum.checked_add(payment.amount));
    let amount = amount.ok_or_else(|| StoreError::unexpected("the sum of a payment file is too large"))?;
    let count = i64::try_from(all.len()).map_err(StoreError::unexpected)?;
    // Drawn anew for each try: only the one that the database notes is ever sent.
    let staged = format!("{:06}.{}", file.number, app.new_id().simple());
    let (rail, name, created_at, number) = (Arc::clone(rail), staged.clone(), file.created_at, file.number);
    let message_id = message_id(installation, file.number);
    let stage = move || {
        let bytes = render(&rail, &message_id, created_at, &all).map_err(StoreError::unexpected)?;
        rail.folder.clear_staging(number).map_err(folder_fault)?;
        rail.folder.stage(&name, &bytes).map_err(folder_fault)
    };
    blocking(stage).await??;
    store::note_written(app, file.number, &staged, (count, amount)).await.map(drop)
}

/// The payments of a file that are being handed over, by book, some at a time.
async fn submitting(app: &App, number: i64) -> Result<Vec<(BookId, Vec<Uuid>)>, StoreError> {
    let mut parts: Vec<(BookId, Vec<Uuid>)> = Vec::new();
    let in_file = store::in_file(app, number).await?;
    let is_submitting = |(_, _, state): &InFile| *state == State::Submitting;
    for (book, id, _) in in_file.into_iter().filter(is_submitting) {
        match parts.last_mut().filter(|(last, ids)| *last == book && ids.len() < AT_ONCE) {
            Some((_, ids)) => ids.push(id),
            None => parts.push((book, vec![id])),
        }
    }
    Ok(parts)
}

/// Notes at all payments of a file that the bank has them.
async fn mark_submitted(app: &App, number: i64) -> Result<(), StoreError> {
    for (book, ids) in submitting(app, number).await? {
        let touches = ids.iter().map(|id| Touch::Object(&TRANSFERS, *id)).collect();
        run_inside(app, book, touches, async move |work: &mut Work<'_>| {
            for id in &ids {
                let transfer = work.object::<Transfer>(*id)?;
                if let Some(transfer) = transfer.filter(|transfer| transfer.state == State::Submitting) {
                    work.put(&Transfer { state: State::Submitted, ..transfer })?;
                }
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

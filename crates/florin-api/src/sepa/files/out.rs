//! Payments out, in files. At a cut-off the payments that wait are gathered from all books into the file of the next
//! number; then the file goes through the states of [`FileState`], each of which may be the last before a crash.
//!
//! A payment gets into a file in a command that also counts it in the file's row, which must still be gathering. The
//! file is noted as written if its bytes have the payments that were counted. Until then its bytes are made anew, from
//! then on they are only renamed. So no payment is marked as in a file that does not have it, whichever process is
//! late. One whose row cannot be read any more is noted as left out.
//! [`Folder`] says why a file comes to the outbox once.
//!
//! [`Folder`]: florin_rails::sepa::files::Folder

use super::store::{self, FileState, PaymentFile, Written};
use super::{Round, blocking, folder_fault};
use crate::kit::app::App;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::work::Work;
use crate::sepa::hear::pay;
use crate::sepa::people::People;
use crate::sepa::postings::EUR;
use crate::sepa::refund;
use crate::sepa::store::TRANSFERS;
use crate::sepa::submit::{Sides, fail_if_suspended, keeper_of};
use crate::sepa::transfer::{NO_FILE_YET, State, Transfer};
use florin_ledger::{AccountKind, BookId};
use florin_rails::sepa::files::{Payment, check, file_name, message_id, render};
use florin_rails::sepa::{Reason, Status};
use florin_store::{Scope, StoreError, Touch, params};
use std::sync::Arc;
use uuid::Uuid;

/// Payments of a file: 20,000 are about 15 MB, and banks' channels commonly stop at 20 to 50. What is left goes in a
/// file of the next number.
const MAX_PAYMENTS: i64 = 20_000;

/// Payments of a command: as many as a batch writes in a moment.
const AT_ONCE: usize = 500;

/// Brings the files that are due to the bank.
///
/// # Errors
/// Database or folder is away: it goes on from there the next time.
pub async fn send(round: &mut Round<'_>) -> Result<(), StoreError> {
    let app = round.app;
    while !app.is_stopping() && round.lease.hold().await? {
        let goes_on = match store::open_file(app).await? {
            Some(file) => carry_on(round, file).await?,
            None if is_due(round).await? => {
                store::begin(app).await?;
                true
            }
            None => false,
        };
        if !goes_on {
            break;
        }
    }
    Ok(())
}

/// Whether a payment waits whose cut-off has passed.
async fn is_due(round: &mut Round<'_>) -> Result<bool, StoreError> {
    for book in store::waiting_books(round.app).await? {
        match due_in(round, book).await {
            Ok(due) if !due.is_empty() => return Ok(true),
            Ok(_) => {}
            Err(error) => round.failed(format!("the payments of book {}", book.0), error),
        }
    }
    Ok(false)
}

/// The payments of a book whose cut-off has passed, by its clock, with what is wrong with those that can be in no file.
async fn due_in(round: &mut Round<'_>, book: BookId) -> Result<Vec<(Transfer, Option<Reason>)>, StoreError> {
    let mut snapshot = round.app.store.snapshot(book).await?;
    if snapshot.book() != book {
        // A reset has ended it.
        return Ok(Vec::new());
    }
    let before = round.rail.cut_offs.last(snapshot.book_row().now(round.app.wall()));
    let ids = store::waiting_in(&mut snapshot, before).await?;
    let found = match payments(round.app, &mut snapshot, &ids).await {
        Err(StoreError::Unexpected(_)) => {
            let (found, unreadable) = payments_one_by_one(round.app, &mut snapshot, &ids).await?;
            for (id, error) in unreadable {
                // It waits for a person, and the others go.
                round.failed(format!("payment {id}"), error);
            }
            found
        }
        found => found?,
    };
    let mut due = Vec::new();
    for (transfer, payment) in found {
        match payment {
            Ok(payment) => {
                let wrong = check(round.rail, &payment).err().map(|error| error.reason());
                due.push((transfer, wrong));
            }
            Err(error) => round.failed(format!("payment {}", transfer.id), error),
        }
    }
    Ok(due)
}

/// A payment as a file has it, or why that cannot be read.
type Found = (Transfer, Result<Payment, StoreError>);

/// Payments by id, as a file has them, in the order of their ids; with an error each one that cannot be read.
async fn payments(app: &App, scope: &mut Scope, ids: &[Uuid]) -> Result<Vec<Found>, StoreError> {
    let mut transfers = scope.objects_at::<Transfer>(ids).await?;
    transfers.sort_unstable_by_key(|transfer| transfer.id);
    let people = People::load(app, scope, transfers.iter().map(keeper_of)).await?;
    let payment = |transfer: &Transfer| {
        let Sides { payee, iban, title, .. } = Sides::of(app, &people, transfer)?;
        Ok(Payment { id: transfer.id, amount: transfer.amount, name: payee, iban, title })
    };
    let all = transfers.into_iter().map(|transfer| {
        let payment = payment(&transfer);
        (transfer, payment)
    });
    Ok(all.collect())
}

/// The same where not all of them can be read together: one by one. Also those whose rows cannot be read.
async fn payments_one_by_one(
    app: &App,
    scope: &mut Scope,
    ids: &[Uuid],
) -> Result<(Vec<Found>, Vec<(Uuid, StoreError)>), StoreError> {
    let (mut all, mut unreadable) = (Vec::new(), Vec::new());
    for id in ids {
        let transfer = match scope.objects_at::<Transfer>(&[*id]).await {
            Err(error @ StoreError::Unexpected(_)) => {
                unreadable.push((*id, error));
                continue;
            }
            found => found?.pop(),
        };
        let Some(transfer) = transfer else { continue };
        match payments(app, scope, &[*id]).await {
            Ok(one) => all.extend(one),
            // What is known of its holder cannot be read.
            Err(error @ StoreError::Unexpected(_)) => all.push((transfer, Err(error))),
            Err(error) => return Err(error),
        }
    }
    Ok((all, unreadable))
}

/// Takes a file one state on. False: it stays where it is for now.
async fn carry_on(round: &mut Round<'_>, file: PaymentFile) -> Result<bool, StoreError> {
    let app = round.app;
    match file.state {
        FileState::Gathering => {
            gather(round, file.number).await?;
            write(round, file.number).await
        }
        FileState::Written => {
            let staged =
                file.staged.ok_or_else(|| StoreError::unexpected("a written file without a name"))?;
            let (rail, number, name) = (Arc::clone(round.rail), file.number, file_name(file.number));
            let sent =
                blocking(move || rail.folder.send(number, &staged, &name)).await?.map_err(folder_fault)?;
            if store::note(app, file.number, FileState::Written, FileState::Sent).await? {
                tracing::info!(file = file.number, ?sent, "a payment file is in the outbox");
            }
            Ok(true)
        }
        FileState::Sent => {
            mark_submitted(round, file.number).await?;
            store::note(app, file.number, FileState::Sent, FileState::Done).await?;
            Ok(true)
        }
        FileState::Done => Ok(false),
    }
}

/// Puts what is due into a file.
async fn gather(round: &mut Round<'_>, number: i64) -> Result<(), StoreError> {
    for book in store::waiting_books(round.app).await? {
        match gather_of(round, number, book).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => round.failed(format!("the payments of book {}", book.0), error),
        }
    }
    Ok(())
}

/// Puts what is due of a book into a file. False: nothing more can be put into it.
async fn gather_of(round: &mut Round<'_>, number: i64, book: BookId) -> Result<bool, StoreError> {
    loop {
        let file = store::file(round.app, number).await?;
        let has_room =
            |file: &PaymentFile| file.state == FileState::Gathering && file.payments < MAX_PAYMENTS;
        if !file.as_ref().is_some_and(has_room) || !round.lease.hold().await? {
            return Ok(false);
        }
        let due = due_in(round, book).await?;
        if due.is_empty() {
            return Ok(true);
        }
        let system = |kind| Touch::SystemAccount(EUR, kind);
        let mut touches = vec![
            Touch::Partner,
            system(AccountKind::SepaSettlement),
            system(AccountKind::Suspense),
            system(AccountKind::Fees),
        ];
        for (transfer, wrong) in &due {
            touches.push(Touch::Object(&TRANSFERS, transfer.id));
            touches.push(Touch::Holder(transfer.holder));
            if let Some(reason) = wrong {
                tracing::warn!(payment = %transfer.id, %reason, "a payment can be in no file, and fails");
                touches.push(Touch::HolderAccount(transfer.holder, EUR));
                touches.extend(refund::touch(transfer));
            }
        }
        let due: Vec<_> = due.into_iter().map(|(transfer, wrong)| (transfer.id, wrong)).collect();
        run_inside(round.app, book, touches, async move |work: &mut Work<'_>| {
            put_in(work, number, &due).await
        })
        .await?;
    }
}

/// Puts payments into a file, if it still takes any. Those that no file can have fail, and are in none.
async fn put_in(
    work: &mut Work<'_>,
    number: i64,
    due: &[(Uuid, Option<Reason>)],
) -> Result<(), florin_store::Stop> {
    let mut taken = Vec::new();
    for (id, wrong) in due {
        let waits = |transfer: &Transfer| transfer.state == State::Held && transfer.file == Some(NO_FILE_YET);
        let Some(transfer) = work.object::<Transfer>(*id)?.filter(waits) else { continue };
        match wrong {
            None => taken.extend(fail_if_suspended(work, transfer.into_only_try()).await?),
            Some(reason) => {
                work.put(&Transfer { state: State::Submitting, ..transfer.into_only_try() })?;
                pay(work, *id, Status::Rejected(*reason)).await?;
            }
        }
    }
    let count = i64::try_from(taken.len()).map_err(StoreError::unexpected)?;
    let amount = taken.iter().fold(0_i64, |sum, transfer| sum.saturating_add(transfer.amount));
    if count == 0 || work.execute(store::CHANGE_FILE, &params![number, count, amount]).await? != 1 {
        return Ok(());
    }
    for transfer in taken {
        work.put(&Transfer { state: State::Submitting, file: Some(number), ..transfer })?;
    }
    Ok(())
}

/// Takes payments out of a file that is not written: one that cannot be read waits again, one that has ended stays
/// ended.
pub(super) async fn take_out(app: &App, number: i64, book: BookId, ids: Vec<Uuid>) -> Result<(), StoreError> {
    let touches = ids.iter().map(|id| Touch::Object(&TRANSFERS, *id)).collect();
    run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        for id in &ids {
            let is_in = |transfer: &Transfer| transfer.file == Some(number);
            let Some(transfer) = work.object::<Transfer>(*id)?.filter(is_in) else { continue };
            let change = params![number, -1_i64, -transfer.amount];
            if work.execute(store::CHANGE_FILE, &change).await? != 1 {
                return Ok(());
            }
            let state = if transfer.state == State::Submitting { State::Held } else { transfer.state };
            work.put(&Transfer { state, file: Some(NO_FILE_YET), ..transfer })?;
        }
        Ok(())
    })
    .await
}

/// What a file is made of.
#[derive(Default)]
struct Content {
    payments: Vec<Payment>,
    /// Payments whose rows cannot be read, so that they cannot be taken out of the file either.
    unreadable: Vec<(BookId, Uuid, StoreError)>,
}

/// Reads what was put into a file. None: something was taken out of it, so it is made anew.
async fn content(app: &App, number: i64) -> Result<Option<Content>, StoreError> {
    let (mut content, mut has_wrong) = (Content::default(), false);
    for (book, ids) in parts(store::gathered(app, number).await?) {
        let mut snapshot = app.store.snapshot(book).await?;
        if snapshot.book() != book {
            continue;
        }
        let (found, unreadable) = match payments(app, &mut snapshot, &ids).await {
            Err(StoreError::Unexpected(_)) => payments_one_by_one(app, &mut snapshot, &ids).await?,
            found => (found?, Vec::new()),
        };
        drop(snapshot);
        content.unreadable.extend(unreadable.into_iter().map(|(id, error)| (book, id, error)));
        let mut wrong = Vec::new();
        for (transfer, payment) in found {
            match payment {
                Ok(payment) if transfer.state == State::Submitting => content.payments.push(payment),
                Ok(_) | Err(_) => wrong.push(transfer.id),
            }
        }
        if !wrong.is_empty() {
            has_wrong = true;
            take_out(app, number, book, wrong).await?;
        }
    }
    Ok((!has_wrong).then_some(content))
}

/// Writes a file's bytes into the staging folder, and notes it. A payment that cannot be read is left out, and waits
/// for a person. False: it is not written now.
async fn write(round: &mut Round<'_>, number: i64) -> Result<bool, StoreError> {
    let app = round.app;
    let Some(Content { payments, unreadable }) = content(app, number).await? else { return Ok(true) };
    let file = store::file(app, number).await?.filter(|file| file.state == FileState::Gathering);
    let Some(file) = file.filter(|file| file.payments > 0) else { return Ok(false) };
    let sum = payments.iter().try_fold(0_i64, |sum, payment| sum.checked_add(payment.amount));
    let amount = sum.ok_or_else(|| StoreError::unexpected("the sum of a payment file is too large"))?;
    let length = |length: usize| i64::try_from(length).map_err(StoreError::unexpected);
    let (count, all) = (length(payments.len())?, length(payments.len() + unreadable.len())?);
    // What is counted of one that cannot be read is not known.
    if all != file.payments || (unreadable.is_empty() && amount != file.amount) {
        return Err(StoreError::unavailable(format!(
            "payment file {number} has {all} payments and counts {}; it is made anew",
            file.payments
        )));
    }
    if let Some((_, id, error)) = unreadable.first().filter(|_| payments.is_empty()) {
        let why = format!("payment file {number} has none that can be read, such as payment {id}: {error}");
        return Err(StoreError::unexpected(why));
    }
    let (created_at, message_id) = (app.wall(), message_id(round.installation, number));
    // Drawn anew for each try: only the one that the database notes is ever sent.
    let staged = format!("{number:06}.{}", app.new_id().simple());
    let (rail, name) = (Arc::clone(round.rail), staged.clone());
    let stage = move || {
        let bytes = render(&rail, &message_id, created_at, &payments).map_err(StoreError::unexpected)?;
        rail.folder.clear_staging(number).map_err(folder_fault)?;
        rail.folder.stage(&name, &bytes).map_err(folder_fault)
    };
    blocking(stage).await??;
    let left_out = unreadable.iter().map(|(book, id, _)| (*book, *id)).collect();
    let written = Written { staged, created_at, payments: count, amount, left_out };
    let is_noted = store::note_written(app, &file, &written).await?;
    for (_, payment, error) in unreadable.iter().filter(|_| is_noted) {
        tracing::error!(%payment, file = number, %error, "a payment cannot be read and is left out of its file");
    }
    Ok(is_noted)
}

/// Payments by book, some at a time.
fn parts(payments: Vec<(BookId, Uuid)>) -> Vec<(BookId, Vec<Uuid>)> {
    let mut parts: Vec<(BookId, Vec<Uuid>)> = Vec::new();
    for (book, id) in payments {
        match parts.last_mut().filter(|(last, ids)| *last == book && ids.len() < AT_ONCE) {
            Some((_, ids)) => ids.push(id),
            None => parts.push((book, vec![id])),
        }
    }
    parts
}

/// Notes at all payments of a file that the bank has them. A book that fails does not hold up the next file: what the
/// bank says is applied to a payment that is still marked as being handed over, too.
async fn mark_submitted(round: &mut Round<'_>, number: i64) -> Result<(), StoreError> {
    let in_file = store::in_file(round.app, number).await?;
    let submitting = in_file.into_iter().filter(|payment| payment.state == State::Submitting);
    for (book, ids) in parts(submitting.map(|payment| (payment.book, payment.id)).collect()) {
        let touches = ids.iter().map(|id| Touch::Object(&TRANSFERS, *id)).collect();
        let marked = run_inside(round.app, book, touches, async move |work: &mut Work<'_>| {
            for id in &ids {
                let transfer = work.object::<Transfer>(*id)?;
                if let Some(transfer) = transfer.filter(|transfer| transfer.state == State::Submitting) {
                    work.put(&Transfer { state: State::Submitted, ..transfer })?;
                }
            }
            Ok(())
        })
        .await;
        match marked {
            Ok(()) => {}
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(error) => round.failed(format!("the payments of book {}", book.0), error),
        }
    }
    Ok(())
}

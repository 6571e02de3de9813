//! Payment files that were sent and that this database does not know: it is an older copy, restored from a backup.
//! Until an operator has shown it each of them, nothing is sent and nothing of the bank is read.

use super::incoming::MAX_BYTES;
use super::out::take_out;
use super::route::Books;
use super::store::{self, FileState, InFile};
use super::{blocking, folder_fault};
use crate::kit::app::App;
use crate::kit::book::audit;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::keyed_id;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::work::Work;
use crate::sepa::operator::SepaOperator;
use crate::sepa::recalls::{Recall, RecallStatus};
use crate::sepa::store::TRANSFERS;
use crate::sepa::transfer::{NO_FILE_YET, State, Transfer};
use florin_ledger::BookId;
use florin_rails::sepa::files::iso20022::RecallOutcome;
use florin_rails::sepa::files::{FileRail, SentFile, SentRecall, read_sent, read_up_to, sent_recalls};
use florin_store::{StoreError, Touch};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Payments of a command.
const AT_ONCE: usize = 250;

/// A file that this database knows now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Its number.
    pub number: i64,
    /// How many of its payments are marked as handed over.
    pub marked: usize,
    /// Its payments that this database does not have, with their end-to-end ids where these are ours, and cents.
    pub unknown: Vec<(Option<Uuid>, i64)>,
    /// Its payments that stand otherwise here, each with how.
    pub otherwise: Vec<(Uuid, String)>,
    /// The recalls about which the bank has a file that does not agree with this database, each with how.
    pub recalls: Vec<(Uuid, String)>,
}

/// Whether the database knows all payment files that were sent, where payments go in files.
pub async fn check_all_known(app: &App) -> Result<(), StoreError> {
    let Some(rail) = app.settings.sepa.files.clone() else { return Ok(()) };
    let sent = blocking(move || rail.folder.last_sent()).await?.map_err(folder_fault)?;
    let known = store::written_up_to(app, sent).await?;
    if known >= sent {
        return Ok(());
    }
    Err(StoreError::unavailable(format!(
        "payment file {sent} was sent, and of the files up to it this database knows only {known}: it is an older \
         copy. Nothing is sent or read until `florin sepa adopt` was run on each missing file; copies are in the \
         folder `sent`"
    )))
}

impl SepaOperator<'_> {
    /// Notes that a file was sent which this database does not know: those of its payments that wait are marked as
    /// handed over.
    ///
    /// # Errors
    /// It is no payment file of this installation, or it is known.
    pub async fn adopt(&self, path: &Path) -> Result<Adopted, StoreError> {
        let app = self.app;
        let rail = app.settings.sepa.files.as_ref();
        let rail = rail.ok_or_else(|| StoreError::unexpected("sepa.rail is not \"files\""))?;
        let installation = app.store.vault_mark().await?.installation;
        let (of_read, path) = (Arc::clone(rail), path.to_owned());
        let read = move || {
            of_read.folder.check(installation).map_err(StoreError::unavailable)?;
            let bytes = read_up_to(&path, MAX_BYTES).map_err(folder_fault)?;
            let bytes = bytes.ok_or_else(|| StoreError::unexpected("the file is too large"))?;
            let sent = read_sent(&of_read, installation, &bytes).map_err(StoreError::unexpected)?;
            // From now on a running server knows that there is a file which it does not know.
            of_read.folder.note_sent(sent.number).map_err(folder_fault)?;
            Ok::<_, StoreError>(sent)
        };
        let sent = blocking(read).await??;
        let number = sent.number;
        let known = store::file(app, number).await?;
        if known.as_ref().is_some_and(|file| file.state != FileState::Gathering) {
            return Err(StoreError::unexpected(format!("payment file {number} is known")));
        }
        let house = Books::load(app).await?.house;
        let mut snapshot = app.store.snapshot(house).await?;
        let ids = sent.payments.iter().filter_map(|(id, _)| *id);
        let books = store::books_of_payments(&mut snapshot, ids).await?;
        drop(snapshot);
        let mut by_book: BTreeMap<BookId, Vec<(Uuid, i64)>> = BTreeMap::new();
        let mut unknown = Vec::new();
        for (id, amount) in &sent.payments {
            match id.and_then(|id| Some((id, *books.get(&id)?))) {
                Some((id, book)) => by_book.entry(book).or_default().push((id, *amount)),
                None => unknown.push((*id, *amount)),
            }
        }
        self.leave_out_others(&sent).await?;
        for (book, payments) in &by_book {
            for part in payments.chunks(AT_ONCE) {
                self.mark(*book, number, part.to_vec()).await?;
            }
        }
        let (marked, otherwise) = self.count(number, by_book.into_values().flatten().collect()).await?;
        // Before the file is known: what cannot be read must not cost the report.
        let recalls = self.recalls_otherwise(rail).await?;
        let amount = sent.payments.iter().fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount));
        let count = i64::try_from(sent.payments.len()).map_err(StoreError::unexpected)?;
        let deed = self.deed(
            "sepa.adopt",
            keyed_id::of(app, "florin 2026 SEPA files v1", "file", &number.to_string()),
            format!("payment file {number}"),
        );
        run_inside(app, house, Vec::new(), async move |work: &mut Work<'_>| {
            Ok(audit::note(work, &deed).await?)
        })
        .await?;
        // Last: a server that knows the file sends what waits.
        if !store::adopt(app, number, sent.created_at, (count, amount)).await? {
            return Err(StoreError::unexpected(format!("payment file {number} is known")));
        }
        Ok(Adopted { number, marked, unknown, otherwise, recalls })
    }

    /// The recalls about which a file was sent that does not agree with this database. Such a file has no number.
    async fn recalls_otherwise(&self, rail: &Arc<FileRail>) -> Result<Vec<(Uuid, String)>, StoreError> {
        let rail = Arc::clone(rail);
        let sent = blocking(move || sent_recalls(&rail.folder)).await?.map_err(folder_fault)?;
        let ids: Vec<Uuid> = sent.iter().map(|one| one.id).collect();
        let mut found: HashMap<Uuid, Recall> = HashMap::new();
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            for ids in ids.chunks(AT_ONCE) {
                let recalls = snapshot.objects_at::<Recall>(ids).await?;
                found.extend(recalls.into_iter().map(|recall| (recall.id, recall)));
            }
        }
        let otherwise = |one: &SentRecall| Some((one.id, how_otherwise(one, found.get(&one.id))?));
        Ok(sent.iter().filter_map(otherwise).collect())
    }

    /// Payments that the copy had put into a file of this number, and that were not in the file that was sent.
    async fn leave_out_others(&self, sent: &SentFile) -> Result<(), StoreError> {
        let ids: BTreeSet<Uuid> = sent.payments.iter().filter_map(|(id, _)| *id).collect();
        let mut by_book: BTreeMap<BookId, Vec<Uuid>> = BTreeMap::new();
        for InFile { book, id, .. } in store::in_file(self.app, sent.number).await? {
            if !ids.contains(&id) {
                by_book.entry(book).or_default().push(id);
            }
        }
        for (book, ids) in by_book {
            take_out(self.app, sent.number, book, ids).await?;
        }
        Ok(())
    }

    /// Marks payments of a book as handed over in a file.
    async fn mark(&self, book: BookId, number: i64, payments: Vec<(Uuid, i64)>) -> Result<(), StoreError> {
        let touches = payments.iter().map(|(id, _)| Touch::Object(&TRANSFERS, *id)).collect();
        let deeds: Vec<_> = payments
            .iter()
            .map(|(id, _)| self.deed("sepa.adopt", *id, format!("payment file {number}")))
            .collect();
        run_inside(self.app, book, touches, async move |work: &mut Work<'_>| {
            for ((id, amount), deed) in payments.iter().zip(&deeds) {
                let Some(transfer) = work.object::<Transfer>(*id)? else { continue };
                let waits = transfer.state == State::Held && transfer.file == Some(NO_FILE_YET);
                let is_in = transfer.state == State::Submitting && transfer.file == Some(number);
                if (waits || is_in) && transfer.amount == *amount {
                    work.put(&Transfer { state: State::Submitted, file: Some(number), ..transfer })?;
                    audit::note(work, deed).await?;
                }
            }
            Ok(())
        })
        .await
    }

    /// How many payments are marked, and how the others stand.
    async fn count(
        &self,
        number: i64,
        payments: Vec<(Uuid, i64)>,
    ) -> Result<(usize, Vec<(Uuid, String)>), StoreError> {
        let (mut marked, mut otherwise) = (0, Vec::new());
        for (id, amount) in payments {
            match store::payment(self.app, id).await? {
                Some((payment, file)) if file == number && payment.amount == amount => marked += 1,
                Some((payment, _)) if payment.amount != amount => {
                    otherwise.push((id, "has another amount".to_owned()));
                }
                Some((payment, NO_FILE_YET)) => {
                    otherwise.push((id, format!("is {} in no file", payment.state)))
                }
                Some((payment, file)) => otherwise.push((id, format!("is {} in file {file}", payment.state))),
                None => otherwise.push((id, "is gone".to_owned())),
            }
        }
        Ok((marked, otherwise))
    }
}

/// How a recall stands otherwise than the file about it that the bank has. None: it does not.
fn how_otherwise(sent: &SentRecall, recall: Option<&Recall>) -> Option<String> {
    let said = match (sent.is_answer, sent.outcome) {
        (false, _) => return recall.is_none().then(|| "was asked, and is not in this database".to_owned()),
        (true, Some(outcome)) => outcome.code(),
        (true, None) => "in a file that cannot be read",
    };
    let answer = recall.map(|recall| match recall.status {
        RecallStatus::Open => None,
        RecallStatus::Accepted => Some(RecallOutcome::Accepted),
        RecallStatus::Refused => Some(RecallOutcome::Refused),
    });
    match (answer, recall) {
        (Some(answer), _) if answer.is_some() && answer == sent.outcome => None,
        (_, Some(recall)) => Some(format!("was answered {said}, and is {} here", recall.status)),
        (_, None) => Some(format!("was answered {said}, and is not in this database")),
    }
}

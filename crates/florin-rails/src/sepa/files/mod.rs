//! A bank that takes payments in files and answers in files, through folders that the bank's channel (EBICS, SFTP)
//! empties and fills.
//!
//! [`Folder`] writes and reads files so that a crash loses none and sends none twice. [`CutOffs`] are the times at
//! which payments go. [`render`] makes a file out, [`hear`] reads a file in.

mod bookings;
mod cut_offs;
mod folder;
mod messages;
mod payments;
mod recalls;
mod statuses;

pub use bookings::{BookKind, Booking, Bookings, Marks, Report, What};
pub use cut_offs::{CutOffError, CutOffs};
pub use folder::{Folder, FolderError, Sent, Watched, read_up_to};
pub use messages::{Heard, NotHeard, hear};
pub use payments::{
    NotSent, Payment, SentFile, Unwritable, check, file_name, message_id, number_of, read_sent, render,
};
pub use recalls::{Answered, AskedFor, Names, SentRecall, check_answer, recall_file_name, sent_recalls};
pub use statuses::{Statuses, Told};

/// The messages, for whoever plays the bank.
pub use florin_iso20022 as iso20022;

use super::{Boxed, Later, Order, PayeeCheck, RailError, RecallOrder, SepaRail, Speed};
use florin_types::{Bic, Iban, Timestamp};

/// The way over files.
#[derive(Clone, Debug)]
pub struct FileRail {
    /// Where the files are.
    pub folder: Folder,
    /// When payments go.
    pub cut_offs: CutOffs,
    /// Our account at the bank: what we pay from, and whose entries we read.
    pub account: Iban,
    /// The bank.
    pub bic: Bic,
    /// Who holds the account.
    pub holder: String,
    /// Which messages book money.
    pub book_from: BookKind,
    /// What is on the account besides the money of the books, in cents: what the house had there at the beginning.
    pub own_funds: i64,
}

impl SepaRail for FileRail {
    fn name(&self) -> &'static str {
        "files"
    }

    fn gathers(&self) -> bool {
        true
    }

    /// On business days of T2 (`florin_types::calendar`). Files know no instant payments.
    fn handed_over_at(&self, _: Speed, now: Timestamp) -> Timestamp {
        self.cut_offs.next_after(now)
    }

    fn submit<'a>(&'a self, _: &'a Order) -> Boxed<'a, Result<Later, RailError>> {
        Box::pin(async { Err(RailError::Unavailable("payments go in files".to_owned())) })
    }

    fn find<'a>(&'a self, _: &'a Order) -> Boxed<'a, Result<Option<Later>, RailError>> {
        Box::pin(async { Err(RailError::Unavailable("payments go in files".to_owned())) })
    }

    fn has_recalls(&self) -> bool {
        true
    }

    /// The money goes as a payment, which does not say what it answers.
    fn tells_acceptance(&self) -> bool {
        true
    }

    /// Writes a file of its own.
    fn submit_recall<'a>(&'a self, order: &'a RecallOrder) -> Boxed<'a, Result<Later, RailError>> {
        Box::pin(async move {
            let bytes = recalls::file_of(self, order).map_err(unavailable)?;
            let Some((name, bytes)) = recall_file_name(order).zip(bytes) else { return Ok(Vec::new()) };
            self.with_folder(order, move |folder| folder.hand_over(&name, &bytes)).await?;
            Ok(Vec::new())
        })
    }

    /// Whether its file was written.
    fn find_recall<'a>(&'a self, order: &'a RecallOrder) -> Boxed<'a, Result<Option<Later>, RailError>> {
        Box::pin(async move {
            let Some(name) = recall_file_name(order) else { return Ok(Some(Vec::new())) };
            let of_look = name.clone();
            let look = move |folder: &Folder| {
                let is_there = folder.was_handed_over(&of_look)?;
                is_there.then(|| folder.copy(&of_look)).transpose()
            };
            let Some(copy) = self.with_folder(order, look).await? else { return Ok(None) };
            recalls::check_copy(order, &name, &copy)?;
            Ok(Some(Vec::new()))
        })
    }

    fn verify_payee<'a>(&'a self, _: &'a Iban, _: &'a str) -> Boxed<'a, Result<PayeeCheck, RailError>> {
        Box::pin(async { Ok(PayeeCheck::NotPossible("the bank is only reached by files")) })
    }
}

impl FileRail {
    /// Works on the folder, if it is this installation's, on a thread that may wait.
    async fn with_folder<T: Send + 'static>(
        &self,
        order: &RecallOrder,
        work: impl FnOnce(&Folder) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, RailError> {
        let (folder, installation) = (self.folder.clone(), order.installation);
        let work = move || {
            folder.check(installation).map_err(unavailable)?;
            work(&folder).map_err(unavailable)
        };
        tokio::task::spawn_blocking(work).await.map_err(unavailable)?
    }
}

fn unavailable(error: impl std::fmt::Display) -> RailError {
    RailError::Unavailable(error.to_string())
}

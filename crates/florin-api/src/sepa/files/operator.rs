//! What an operator does about files of a bank: sees where they stand, ends a payment of which the bank never says how
//! it ended, and books what the books do not take by themselves.

use super::booking::BookingRow;
use super::incoming::message_of;
use super::recalls::{self, Meant};
use super::reconcile::compare;
use super::route::{Books, Incoming};
use super::store::{self, FileState};
use crate::kit::book::audit;
use crate::kit::book::command::posting_refused;
use crate::kit::book::inbox::{self, InboxItem, InboxState, Verdict};
use crate::kit::book::jobs::run_inside;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use crate::sepa::decide::{self, Decided};
use crate::sepa::deposit::BANK_FEE;
use crate::sepa::hear::{self, Ready};
use crate::sepa::operator::SepaOperator;
use crate::sepa::postings::{self, EUR};
use crate::sepa::transfer::{NO_FILE_YET, State, Transfer};
use florin_ledger::{AccountKind, BookId};
use florin_rails::sepa::files::{BookKind, Booking, check_answer};
use florin_rails::sepa::{Message, Reason, RecallRequest, Said, Status};
use florin_store::{Stop, StoreError, Touch};
use florin_types::{Timestamp, format_minor};
use std::path::Path;
use uuid::Uuid;

/// A payment file, as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLine {
    /// Its number.
    pub number: i64,
    /// Where it stands.
    pub state: &'static str,
    /// When it was written.
    pub created_at: Timestamp,
    /// How many payments it has.
    pub payments: i64,
    /// Their sum in cents.
    pub amount: i64,
    /// How many of them have not ended.
    pub pending: i64,
}

/// Which debit of a statement may be booked as a fee of the bank.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Fee {
    /// One of no more than the house has on the account.
    OfWhatTheHouseHas,
    /// Any: a person says that it is one.
    Any,
}

/// How a payment ended, as an operator knows from the bank.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The payee's bank has the money.
    Settled,
    /// It was not carried out.
    Rejected(Reason),
}

impl SepaOperator<'_> {
    /// The newest payment files, newest first.
    pub async fn files(&self) -> Result<Vec<FileLine>, StoreError> {
        let line = |(file, pending): (store::PaymentFile, i64)| FileLine {
            number: file.number,
            state: file.state.as_str(),
            created_at: file.created_at,
            payments: file.payments,
            amount: file.amount,
            pending,
        };
        Ok(store::files(self.app).await?.into_iter().map(line).collect())
    }

    /// Payments that were put into a file, with its number, and could not be read when it was written: they were not
    /// sent. Those that have not ended.
    pub async fn left_out(&self) -> Result<Vec<(i64, Uuid)>, StoreError> {
        store::left_out(self.app).await
    }

    /// The payments of a file: id, state and cents.
    pub async fn payments_of(&self, number: i64) -> Result<Vec<(Uuid, &'static str, i64)>, StoreError> {
        let payments = store::in_file(self.app, number).await?;
        Ok(payments.into_iter().map(|one| (one.id, one.state.as_str(), one.amount)).collect())
    }

    /// Ends a payment of which the bank never says how it ended. None: there is no such payment.
    ///
    /// # Errors
    /// It was not handed over, or it has ended.
    pub async fn end_payment(&self, id: Uuid, outcome: Outcome) -> Result<Option<()>, StoreError> {
        let Some((book, transfer)) = self.find_transfer(id).await? else { return Ok(None) };
        let of_file = transfer.file.filter(|number| *number > NO_FILE_YET);
        let file = match of_file {
            Some(number) => store::file(self.app, number).await?,
            None => None,
        };
        let is_sent = |file: &store::PaymentFile| matches!(file.state, FileState::Sent | FileState::Done);
        if of_file.is_some() && !file.as_ref().is_some_and(is_sent) {
            return Err(StoreError::unexpected("its payment file has not been sent yet"));
        }
        let (decided, action, detail) = match outcome {
            Outcome::Settled => (Decided::Settle, "sepa.settle", String::new()),
            Outcome::Rejected(reason) => (Decided::Reject(reason), "sepa.reject", reason.to_string()),
        };
        let mut snapshot = self.app.store.snapshot(book).await?;
        let touches = decide::touches_of_payment(self.app, &mut snapshot, id).await?;
        drop(snapshot);
        let deed = self.deed(action, id, detail);
        run_inside(self.app, book, touches, async move |work: &mut Work<'_>| {
            let transfer = work.object::<Transfer>(id)?;
            let transfer = transfer.ok_or_else(|| StoreError::unexpected("a payment is gone"))?;
            if transfer.file.filter(|number| *number > NO_FILE_YET) != of_file {
                // A file took it up since its own was looked at.
                return Err(Refusal::invalid("the payment went into a file just now: try again").into());
            }
            // One that waits for a file is in none, so it can be rejected: perhaps it cannot be read.
            let waits = transfer.state == State::Held && transfer.file == Some(NO_FILE_YET);
            let may_be_rejected = waits && matches!(decided, Decided::Reject(_));
            if !may_be_rejected && !matches!(transfer.state, State::Submitting | State::Submitted) {
                return Err(Refusal::invalid(format!("the payment is {}", transfer.state)).into());
            }
            decide::decide(work, id, decided).await?;
            Ok(audit::note(work, &deed).await?)
        })
        .await
        .map(Some)
    }

    /// Books what waits: a refused message by its id, or a booking that only a statement has, by the id that
    /// `florin sepa reconcile` shows. None: there is no such message.
    ///
    /// # Errors
    /// It was booked before, or it says nothing that can be booked; or it is a debit of more than the house has.
    pub async fn book(&self, id: &str, statement: Option<&Path>) -> Result<Option<()>, StoreError> {
        match Uuid::try_parse(id) {
            Ok(message) => self.book_message(message).await,
            Err(_) => self.book_from_statement(id, statement, Fee::OfWhatTheHouseHas).await.map(Some),
        }
    }

    /// Books a debit that only a statement has as a fee of the bank, whatever it is: the bank has taken it.
    ///
    /// # Errors
    /// It was booked before, or it is no such debit.
    pub async fn book_any_fee(&self, id: &str, statement: Option<&Path>) -> Result<(), StoreError> {
        self.book_from_statement(id, statement, Fee::Any).await
    }

    async fn book_message(&self, message: Uuid) -> Result<Option<()>, StoreError> {
        let Some((book, _, state)) = store::message(self.app, message).await? else { return Ok(None) };
        if state != InboxState::Refused {
            return Err(StoreError::unexpected("the message was dealt with"));
        }
        let mut snapshot = self.app.store.snapshot(book).await?;
        let item = snapshot.objects_at::<InboxItem>(&[message]).await?.pop();
        let item =
            item.ok_or_else(|| StoreError::unexpected("the message is of a book that was replaced"))?;
        let partner = snapshot.holders(&[book.partner()]).await?.pop();
        let said: Option<Said> = sealed::open(&self.app.seals, partner.as_ref(), item.sealed.as_deref())?;
        let said = said.ok_or_else(|| StoreError::unexpected("the message has no content"))?;
        if matches!(said.message, Message::Payment(_, Status::Rejected(_) | Status::Accepted)) {
            return Err(StoreError::unexpected(
                "it is about a payment: `florin sepa settle` or `florin sepa reject` ends that",
            ));
        }
        if let Message::Recall(request) = said.message {
            drop(snapshot);
            return self.book_recall((book, message), said.id, request).await.map(Some);
        }
        let (ready, mut touches) = Ready::of(self.app, &mut snapshot, said).await?;
        drop(snapshot);
        touches.push(inbox::touch_item(message));
        touches.push(Touch::Object(&super::booking::BOOKINGS, message));
        let deed = self.deed("sepa.book", message, String::new());
        run_inside(self.app, book, touches, async move |work: &mut Work<'_>| {
            if !inbox::done(work, message)? {
                return Err(Refusal::invalid("the message was dealt with").into());
            }
            let made = apply(work, &ready).await?;
            inbox::note_made(work, message, made)?;
            if let Some(row) = work.object::<BookingRow>(message)? {
                work.put(&BookingRow { booked: true, ..row })?;
            }
            Ok(audit::note(work, &deed).await?)
        })
        .await
        .map(Some)
    }

    /// Looks again for the payment that a recall means, whose message waits in a book. If there is none, the bank is
    /// told so. The recall may be another book's: then the message is done after it, and done twice, it is the same
    /// recall. One without a payment has nothing to be known by again, and is made where its message waits.
    async fn book_recall(
        &self,
        (waits_in, message): (BookId, Uuid),
        id: String,
        request: RecallRequest,
    ) -> Result<(), StoreError> {
        let unknown = || StoreError::unexpected("the recall does not say what it asks for");
        let case = request.case.as_ref().ok_or_else(unknown)?;
        if let Some(rail) = &self.app.settings.sepa.files {
            let no_answer = |error| {
                StoreError::unexpected(format!("{error}: answer the bank by hand, then `florin sepa done`"))
            };
            check_answer(rail, case).map_err(no_answer)?;
        }
        let (book, credit) = match recalls::meant(self.app, case).await? {
            Meant::Payment(book, credit) => (book, credit),
            Meant::Nothing | Meant::Perhaps(_) => (waits_in, String::new()),
            Meant::Unclear(why) => return Err(StoreError::unexpected(why)),
        };
        let said = Said { id, message: Message::Recall(RecallRequest { credit, ..request }) };
        let mut snapshot = self.app.store.snapshot(book).await?;
        let (ready, mut touches) = Ready::of(self.app, &mut snapshot, said).await?;
        drop(snapshot);
        touches.push(inbox::touch_item(message));
        let deed = self.deed("sepa.book", message, String::new());
        run_inside(self.app, book, touches, async move |work: &mut Work<'_>| {
            if book == waits_in && !inbox::done(work, message)? {
                return Err(Refusal::invalid("the message was dealt with").into());
            }
            apply(work, &ready).await?;
            Ok(audit::note(work, &deed).await?)
        })
        .await?;
        let done = async move |work: &mut Work<'_>| Ok(inbox::done(work, message).map(drop)?);
        run_inside(self.app, waits_in, vec![inbox::touch_item(message)], done).await
    }

    async fn book_from_statement(
        &self,
        id: &str,
        statement: Option<&Path>,
        fee: Fee,
    ) -> Result<(), StoreError> {
        let app = self.app;
        let row_id = store::message_id(app, id);
        match store::message(app, row_id).await? {
            Some((.., InboxState::Refused)) => {
                let why = format!("a message with this id waits: florin sepa book {row_id}");
                return Err(StoreError::unexpected(why));
            }
            Some(_) => return Err(StoreError::unexpected("a booking with this id was booked")),
            None => {}
        }
        let no_statement = || StoreError::unexpected("there is no camt.053 in the folder done");
        let compared = compare(app, statement).await?.ok_or_else(no_statement)?;
        let mut unknown = compared.unknown.iter().filter_map(|place| compared.statement.bookings.get(*place));
        let booking = unknown.find(|booking| booking.id == id);
        let booking = booking.ok_or_else(|| {
            StoreError::unexpected(
                "no booking with this id is in the statement alone: see florin sepa reconcile",
            )
        })?;
        let row = BookingRow::of(app, booking, BookKind::Statement, compared.statement.file);
        let row = BookingRow { booked: true, by_operator: true, ..row };
        match message_of(&booking.what, booking.cents) {
            Some(_) if fee == Fee::Any => Err(StoreError::unexpected("it is no debit of the bank's own")),
            Some((message, otherwise)) => {
                let said = Said { id: id.to_owned(), message };
                let one = Incoming { otherwise, ..Incoming::plain(said) };
                self.book_incoming(one, row).await
            }
            None => self.book_fee(booking, row, fee).await,
        }
    }

    async fn book_incoming(&self, one: Incoming, row: BookingRow) -> Result<(), StoreError> {
        let books = Books::load(self.app).await?;
        let routed = books.route(self.app, vec![one]).await?.pop();
        let (book, one) = routed.ok_or_else(|| StoreError::unexpected("the booking was heard before"))?;
        let mut snapshot = self.app.store.snapshot(book).await?;
        let id = one.said.id.clone();
        let (ready, touches) = Ready::of(self.app, &mut snapshot, one.said).await?;
        drop(snapshot);
        let deed = self.deed("sepa.book", row.id, id.clone());
        run_inside(self.app, book, touches, async move |work: &mut Work<'_>| {
            let made = apply(work, &ready).await?;
            keep(work, &id, &row, made)?;
            Ok(audit::note(work, &deed).await?)
        })
        .await
    }

    /// A debit of the bank's own is paid by the fees that the house has earned, in the book for what concerns no other.
    /// The fees of that book are below zero where other books have them, or where the house has a loss.
    async fn book_fee(&self, booking: &Booking, row: BookingRow, fee: Fee) -> Result<(), StoreError> {
        let app = self.app;
        let house = Books::load(app).await?.house;
        let (id, amount) = (booking.id.clone(), -booking.cents);
        if fee == Fee::OfWhatTheHouseHas {
            self.require_of_house(amount).await?;
        }
        let touches = vec![
            Touch::SystemAccount(EUR, AccountKind::SepaSettlement),
            Touch::SystemAccount(EUR, AccountKind::Fees),
            inbox::touch(app, app.settings.sepa.rail.name(), &booking.id),
        ];
        let deed = self.deed("sepa.book", row.id, id.clone());
        run_inside(app, house, touches, async move |work: &mut Work<'_>| {
            keep(work, &id, &row, None)?;
            let posting = postings::bank_fee(work.book(), amount);
            work.post(BANK_FEE.kind, row.id, &posting, Vec::new()).map_err(posting_refused)?;
            Ok(audit::note(work, &deed).await?)
        })
        .await
    }

    /// Whether the house has so much on the account: the fees of all books, and its own funds. A debit of more is
    /// seldom a fee of the bank, so a person must say that it is.
    async fn require_of_house(&self, amount: i64) -> Result<(), StoreError> {
        let mut has = self.app.settings.sepa.files.as_ref().map_or(0, |rail| rail.own_funds);
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            let fees = snapshot.system_account(EUR, AccountKind::Fees).await?;
            has = has.saturating_add(fees.map_or(0, |account| account.balance));
        }
        if amount <= has {
            return Ok(());
        }
        let [amount, has] = [amount, has].map(|cents| format_minor(cents, 2));
        Err(StoreError::unexpected(format!(
            "{amount} eur are more than the {has} eur of fees and own funds that the house has: it is hardly a fee of \
             the bank. If it is one, book it with --fee"
        )))
    }

    async fn find_transfer(&self, id: Uuid) -> Result<Option<(BookId, Transfer)>, StoreError> {
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            if let Some(transfer) = snapshot.objects_at::<Transfer>(&[id]).await?.pop() {
                return Ok(Some((book, transfer)));
            }
        }
        Ok(None)
    }
}

/// Keeps a booking that a person books, once.
fn keep(work: &mut Work<'_>, id: &str, row: &BookingRow, made: Option<Uuid>) -> Result<(), Stop> {
    let rail = work.app().settings.sepa.rail.name();
    if inbox::is_known(work, rail, id)? {
        return Err(Refusal::invalid("a booking with this id was booked").into());
    }
    inbox::keep(work, rail, id, (Verdict::Applied, made), &())?;
    Ok(work.put(row)?)
}

/// Applies what a message says, or refuses the whole command. Answers the deposit that it made, if it made one.
async fn apply(work: &mut Work<'_>, ready: &Ready) -> Result<Option<Uuid>, Stop> {
    match hear::apply(work, ready).await? {
        (Verdict::Applied, made) => Ok(made),
        (Verdict::Refused(why), _) => Err(Refusal::invalid(why).into()),
    }
}

//! What the bank's files say: each is read, applied to the books that it concerns, and put away.
//!
//! A file is put away after everything in it is in the books. After a crash in between it is read again, and what was
//! applied before changes nothing (`kit/book/inbox.rs`). A file that is not understood is set aside whole.
//!
//! One kind of message books money: `sepa.book_from`. The other kind is read, so that it is known to be good, and moves
//! nothing; `florin sepa reconcile` compares it with the books.

use super::booking::{self, BookingRow, FileHash};
use super::recalls::{of_answers, of_recalls};
use super::route::{Books, Incoming};
use super::store;
use super::{Round, blocking, booking_key, folder_fault};
use crate::kit::app::App;
use crate::kit::book::inbox::{self, InboxItem, InboxState, Verdict};
use crate::kit::book::jobs::run_inside;
use crate::kit::book::work::Work;
use crate::sepa::hear::{self, Ready};
use crate::sepa::postings::house;
use florin_ledger::{AccountKind, BookId};
use florin_rails::sepa::files::{
    Bookings, Heard, Statuses, Told, Watched, What, hear as read_message, number_of,
};
use florin_rails::sepa::{Credit, Message, Said, Status};
use florin_store::{Stop, StoreError, Touch};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// Bytes of a file of the bank: what the reader of messages takes.
pub const MAX_BYTES: usize = 64 << 20;

/// Messages of a command: enough that a commit costs little, few enough that other commands of the book wait for
/// tenths of a second.
const AT_ONCE: usize = 250;

/// Messages whose books are looked up at once.
const LOOKED_UP_AT_ONCE: usize = 1_000;

/// Why a booking is kept for a person that may have been booked before.
const PERHAPS_A_REPETITION: &str = "perhaps a repetition: another file of the bank has a booking of the same day, \
                                    amount and content, and the bank's reference does not tell them apart";

/// Takes the files that have come out of the inbox, and reads them. One that fails stays for the next round, and the
/// others go on.
///
/// # Errors
/// Folder or database is away.
pub async fn receive(round: &mut Round<'_>, watched: &mut Watched) -> Result<(), StoreError> {
    let (rail, mut seen) = (Arc::clone(round.rail), std::mem::take(watched));
    let look = move || {
        let arrived = rail.folder.arrived(&mut seen);
        let taken = arrived.map(|names| {
            let take = |name: OsString| rail.folder.take(&name).err().map(|error| (name, error));
            names.into_iter().filter_map(take).collect::<Vec<_>>()
        });
        (taken, seen, rail.folder.reading())
    };
    let (taken, seen, reading) = blocking(look).await?;
    *watched = seen;
    for (name, error) in taken.map_err(folder_fault)? {
        round.failed(about(&name), folder_fault(error));
    }
    receive_all(round, reading.map_err(folder_fault)?).await?;
    let recalls = round.recalls.clone();
    receive_all(round, recalls).await
}

async fn receive_all(round: &mut Round<'_>, names: Vec<OsString>) -> Result<(), StoreError> {
    for name in names {
        if round.app.is_stopping() || !round.lease.hold().await? {
            break;
        }
        if let Err(error) = receive_one(round, name.clone()).await {
            round.failed(about(&name), error);
        }
    }
    Ok(())
}

fn about(name: &OsStr) -> String {
    format!("the file {} of the bank", name.display())
}

/// Reads a file, and puts it away. One with recalls waits until the round has read all others: another one may have the
/// payments that it asks for.
async fn receive_one(round: &mut Round<'_>, name: OsString) -> Result<(), StoreError> {
    let applied = match read(round, &name).await? {
        Ok((Heard::Recalls(_), _)) if !round.recalls.contains(&name) => {
            round.recalls.push(name);
            return Ok(());
        }
        Ok((heard, file)) => {
            let kind = heard.kind();
            apply(round, heard, file).await?.map(|count| (kind, count))
        }
        Err(reason) => Err(reason),
    };
    let (of_move, to_move) = (Arc::clone(round.rail), name.clone());
    match applied {
        Ok((kind, count)) => {
            blocking(move || of_move.folder.done(&to_move)).await?.map_err(folder_fault)?;
            tracing::info!(file = ?name, kind, messages = count, "a file of the bank was read");
        }
        Err(reason) => {
            tracing::error!(file = ?name, %reason, "a file of the bank was set aside");
            blocking(move || of_move.folder.set_aside(&to_move, &reason)).await?.map_err(folder_fault)?;
        }
    }
    Ok(())
}

/// What a file says, with a hash of it; or why it is not understood.
async fn read(round: &Round<'_>, name: &OsStr) -> Result<Result<(Heard, FileHash), String>, StoreError> {
    let (rail, name, key) = (Arc::clone(round.rail), name.to_owned(), booking_key(round.app));
    let read = move || {
        let bytes = rail.folder.read(&name, MAX_BYTES).map_err(folder_fault)?;
        Ok(match bytes {
            None => Err(format!("it is no plain file of at most {MAX_BYTES} bytes")),
            Some(bytes) => {
                let heard = read_message(&bytes, &rail.account, &key).map_err(|error| error.to_string());
                heard.map(|heard| (heard, file_hash(&bytes)))
            }
        })
    };
    blocking(read).await?
}

/// A hash of a file.
pub fn file_hash(bytes: &[u8]) -> FileHash {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    hash
}

/// Applies what a file says. Answers how many messages it had for the books; or why nothing was applied.
async fn apply(
    round: &mut Round<'_>,
    heard: Heard,
    file: FileHash,
) -> Result<Result<usize, String>, StoreError> {
    let all = match heard {
        Heard::Statuses(statuses) => match of_statuses(round, statuses).await? {
            Ok(all) => all,
            Err(reason) => return Ok(Err(reason)),
        },
        Heard::Bookings(bookings) if bookings.kind != round.rail.book_from => Vec::new(),
        Heard::Bookings(bookings) => of_bookings(round.app, bookings, file).await?,
        Heard::Recalls(all) => of_recalls(round, all).await?,
        Heard::Answers(all) => of_answers(round.app, all).await?,
    };
    let count = all.len();
    let books = Books::load(round.app).await?;
    let mut by_book: BTreeMap<BookId, Vec<Incoming>> = BTreeMap::new();
    let mut all = all.into_iter().peekable();
    while all.peek().is_some() {
        let some = all.by_ref().take(LOOKED_UP_AT_ONCE).collect();
        for (book, one) in books.route(round.app, some).await? {
            by_book.entry(book).or_default().push(one);
        }
    }
    let mut failed = None;
    for (book, all) in by_book {
        for part in all.chunks(AT_ONCE) {
            if !round.lease.hold().await? {
                return Err(StoreError::unavailable("another process works on files now"));
            }
            if let Err(error) = tell_book(round.app, book, part).await {
                // The other books get theirs. What this one has not heard is read again.
                failed.get_or_insert(error);
                break;
            }
        }
    }
    failed.map_or(Ok(Ok(count)), Err)
}

/// The messages of a status report.
async fn of_statuses(
    round: &Round<'_>,
    statuses: Statuses,
) -> Result<Result<Vec<Incoming>, String>, StoreError> {
    let Statuses { report, file, named, others } = &statuses;
    let number = number_of(round.installation, file);
    let sent = match number {
        Some(number) => store::file(round.app, number).await?,
        None => None,
    };
    let Some(sent) = sent.filter(|file| file.state != store::FileState::Gathering) else {
        return Ok(Err("it is about a payment file that was not sent from here".to_owned()));
    };
    let mut all = Vec::new();
    for (payment, told) in named {
        let Some(Told { code, status, is_duplicate }) = told else { continue };
        let id = format!("S/{report}/{}/{code}", payment.simple());
        let said = Said { id, message: Message::Payment(*payment, *status) };
        let held_back = is_duplicate.then(|| {
            "the bank refuses the payment as one that it has already: settle or reject it by hand".to_owned()
        });
        all.push(Incoming { held_back, ..Incoming::plain(said) });
    }
    let Some(Told { code, status, is_duplicate }) = others else { return Ok(Ok(all)) };
    if *is_duplicate {
        // What it has already goes on.
        let message = Message::Payment(Uuid::nil(), *status);
        let said = Said { id: format!("S/{report}/file/{}/{code}", sent.number), message };
        let held_back = Some(format!(
            "the bank refuses payment file {} as one that it has already; its payments stay as they are",
            sent.number
        ));
        all.push(Incoming { held_back, ..Incoming::plain(said) });
        return Ok(Ok(all));
    }
    let names = statuses.names();
    let in_file = store::in_file(round.app, sent.number).await?;
    let others = in_file.iter().filter(|payment| payment.is_pending() && !names.contains(&payment.id));
    all.extend(others.map(|payment| {
        let id = format!("S/{report}/{}", payment.id.simple());
        Incoming::plain(Said { id, message: Message::Payment(payment.id, *status) })
    }));
    Ok(Ok(all))
}

/// The messages of bookings that move money.
async fn of_bookings(app: &App, bookings: Bookings, file: FileHash) -> Result<Vec<Incoming>, StoreError> {
    let by_operator = booking::by_operator(app).await?;
    let other_kind = booking::newest_day(app, bookings.kind.other()).await?;
    let mut all = Vec::new();
    for booking in bookings.reports.iter().flat_map(|report| &report.bookings) {
        let Some((message, otherwise)) = message_of(&booking.what, booking.cents) else {
            tracing::warn!(id = %booking.id, "the bank booked what is no payment of ours and no money to us");
            continue;
        };
        let held_back = if by_operator.contains(&(booking.day, booking.cents)) {
            Some(
                "perhaps a repetition: an operator has booked this amount of this day from a statement"
                    .to_owned(),
            )
        } else if other_kind.is_some_and(|day| booking.day <= day) {
            let other = bookings.kind.other().name();
            Some(format!("perhaps a repetition: a {other} of this day or a later one has booked money"))
        } else {
            None
        };
        let row = Some(BookingRow::of(app, booking, bookings.kind, file));
        let said = Said { id: booking.id.clone(), message };
        let is_told_apart = booking.is_told_apart;
        all.push(Incoming { otherwise, row, is_told_apart, held_back, ..Incoming::plain(said) });
    }
    Ok(all)
}

/// The message of a booking, and what it means if the payment is not ours. None: it moves no money of the books.
pub fn message_of(what: &What, cents: i64) -> Option<(Message, Option<Credit>)> {
    match what {
        What::Paid(payment) => Some((Message::Payment(*payment, Status::Settled), None)),
        What::CameBack(payment, reason, credit) => {
            let status = Status::Returned(cents, *reason);
            Some((Message::Payment(*payment, status), Some(credit.clone())))
        }
        What::Credit(credit) => Some((Message::Credit(credit.clone()), None)),
        What::Other => None,
    }
}

/// Tells a book some messages at once. Where that fails, each is told by itself, so that none undoes another. Money
/// that a book cannot give to its owner waits in suspense; what even that cannot take is kept for a person.
async fn tell_book(app: &App, book: BookId, all: &[Incoming]) -> Result<(), StoreError> {
    match tell(app, book, all.to_vec(), Owner::AsFound).await {
        Err(StoreError::Unexpected(_)) => {}
        told => return told,
    }
    for one in all {
        let mut told = tell(app, book, vec![one.clone()], Owner::AsFound).await;
        if let (Err(StoreError::Unexpected(_)), Some(credit)) = (&told, credit_of(one)) {
            let said = Said { message: Message::Credit(credit), ..one.said.clone() };
            told = tell(app, book, vec![Incoming { said, ..one.clone() }], Owner::Nobody).await;
        }
        if let Err(StoreError::Unexpected(why)) = told {
            let kept = Incoming { held_back: Some(why), ..one.clone() };
            told = tell(app, book, vec![kept], Owner::AsFound).await;
        }
        told?;
    }
    Ok(())
}

fn credit_of(one: &Incoming) -> Option<Credit> {
    match &one.said.message {
        Message::Credit(credit) => Some(credit.clone()),
        Message::Payment(..) => one.otherwise.clone(),
        Message::Recall(_) | Message::RecallRefused(..) => None,
    }
}

/// Whose money is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Owner {
    /// Whose account or title says so.
    AsFound,
    /// A person will say.
    Nobody,
}

async fn tell(app: &App, book: BookId, all: Vec<Incoming>, owner: Owner) -> Result<(), StoreError> {
    let mut snapshot = app.store.snapshot(book).await?;
    let said = all.iter().map(|one| one.said.clone()).collect();
    let (mut ready, mut touches) = Ready::all(app, &mut snapshot, said).await?;
    drop(snapshot);
    if owner == Owner::Nobody {
        ready.iter_mut().for_each(Ready::give_to_nobody);
    }
    touches.extend(all.iter().flat_map(|one| touches_of(app, one)));
    let refused: Vec<Arc<OnceLock<String>>> = all.iter().map(|_| Arc::default()).collect();
    let (of_log, ids): (_, Vec<_>) = (refused.clone(), all.iter().map(|one| one.said.id.clone()).collect());
    let logs: Vec<_> = ready.iter().map(Ready::log).collect();
    run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        for ((one, ready), refused) in all.iter().zip(&ready).zip(&refused) {
            hear_one(work, one, ready, refused).await?;
        }
        Ok(())
    })
    .await?;
    logs.into_iter().for_each(|log| log());
    for (id, reason) in ids.iter().zip(&of_log).filter_map(|(id, reason)| Some((id, reason.get()?))) {
        tracing::error!(%id, %reason, "a message of the bank was refused and waits for a person");
    }
    Ok(())
}

/// The id of a message that may repeat another one with its id.
fn id_of_repetition(one: &Incoming, row: &BookingRow) -> String {
    let file: String = row.message.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}@{file}", one.said.id)
}

fn touches_of(app: &App, one: &Incoming) -> Vec<Touch> {
    let Some(row) = one.row.as_ref().filter(|_| !one.is_told_apart) else { return Vec::new() };
    let repetition = inbox::touch(app, app.settings.sepa.rail.name(), &id_of_repetition(one, row));
    vec![repetition, Touch::Object(&booking::BOOKINGS, row.id)]
}

async fn hear_one(
    work: &mut Work<'_>,
    one: &Incoming,
    ready: &Ready,
    refused: &OnceLock<String>,
) -> Result<(), Stop> {
    let (rail, id) = (work.app().settings.sepa.rail.name(), &one.said.id);
    if inbox::is_known(work, rail, id)? {
        let Some(row) = one.row.as_ref().filter(|_| !one.is_told_apart) else { return Ok(()) };
        let first = work.object::<BookingRow>(row.id)?;
        let repetition = id_of_repetition(one, row);
        let is_read_again = first.is_some_and(|first| first.message == row.message);
        if is_read_again || inbox::is_known(work, rail, &repetition)? {
            return Ok(());
        }
        refused.get_or_init(|| PERHAPS_A_REPETITION.to_owned());
        let row_id = store::message_id(work.app(), &repetition);
        work.put(&BookingRow { id: row_id, ..row.clone() })?;
        let verdict = Verdict::Refused(PERHAPS_A_REPETITION.to_owned());
        return Ok(inbox::keep(work, rail, &repetition, (verdict, None), &one.said)?);
    }
    if let Some(why) = &one.held_back {
        refused.get_or_init(|| why.clone());
        if let Some(row) = &one.row {
            work.put(row)?;
        }
        let verdict = Verdict::Refused(why.clone());
        return Ok(inbox::keep(work, rail, id, (verdict, None), &one.said)?);
    }
    let before = settlement(work);
    hear::hear(work, ready).await?;
    if let Some(row) = &one.row {
        // Of what is refused, money that came back is booked all the same: it is in suspense.
        let kept = work.object::<InboxItem>(row.id)?;
        let is_applied = kept.is_some_and(|item| item.state == InboxState::Applied);
        let booked = is_applied || settlement(work) != before;
        work.put(&BookingRow { booked, ..row.clone() })?;
    }
    Ok(())
}

/// What the settlement account says.
fn settlement(work: &Work<'_>) -> i64 {
    let account = work.account(house(work.book(), AccountKind::SepaSettlement));
    account.map_or(0, |account| account.balance)
}

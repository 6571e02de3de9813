//! What the bank's files say: read once each, told to the books that it concerns, and put away.
//!
//! A file is put away after all that it says is in the books. After a crash in between it is read again, and what was
//! heard before changes nothing (`kit/book/inbox.rs`). A file that is not understood is set aside whole.

use super::store;
use super::{blocking, folder_fault};
use crate::balances::holders_anywhere;
use crate::kit::app::App;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::registry::{book_of, oldest_partner};
use crate::kit::book::work::Work;
use crate::sepa::hear::{self, Ready};
use crate::sepa::reference;
use florin_ledger::BookId;
use florin_rails::sepa::files::{self, FileRail, Heard, Notice, Watched, number_of};
use florin_rails::sepa::{Credit, Message, Said};
use florin_store::StoreError;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use uuid::Uuid;

/// Bytes of a file of the bank: what the reader of messages takes.
const MAX_BYTES: usize = 64 << 20;

/// Messages of a command: enough that a commit costs little, few enough that other commands of the book wait for
/// tenths of a second.
const AT_ONCE: usize = 250;

/// Messages whose books are looked up at once.
const LOOKED_UP_AT_ONCE: usize = 1_000;

/// The files that have come, and have stopped growing.
///
/// # Errors
/// The folder is away.
pub async fn arrived(rail: &Arc<FileRail>, watched: &mut Watched) -> Result<Vec<OsString>, StoreError> {
    let (rail, mut seen) = (Arc::clone(rail), std::mem::take(watched));
    let look = move || (rail.folder.arrived(&mut seen), seen);
    let (arrived, seen) = blocking(look).await?;
    *watched = seen;
    arrived.map_err(folder_fault)
}

/// Reads a file that has come, and puts it away.
///
/// # Errors
/// Database or folder is away. The file stays, and is read again.
pub async fn receive(
    app: &App,
    rail: &Arc<FileRail>,
    installation: Uuid,
    name: OsString,
) -> Result<(), StoreError> {
    let told = match read(rail, &name).await? {
        Ok(heard) => tell(app, installation, heard).await?,
        Err(reason) => Err(reason),
    };
    let (of_move, to_move) = (Arc::clone(rail), name.clone());
    match told {
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

/// What a file says, or why it is not understood.
async fn read(rail: &Arc<FileRail>, name: &OsStr) -> Result<Result<Heard, String>, StoreError> {
    let (rail, name): (_, OsString) = (Arc::clone(rail), name.to_owned());
    let read = move || {
        let bytes = rail.folder.read(&name, MAX_BYTES).map_err(folder_fault)?;
        Ok(match bytes {
            None => Err(format!("it is no plain file of at most {MAX_BYTES} bytes")),
            Some(bytes) => files::hear(&bytes, &rail.account).map_err(|error| error.to_string()),
        })
    };
    blocking(read).await?
}

/// Tells the books what a file says. Answers what it was, and how much it said; or why nothing was told.
async fn tell(
    app: &App,
    installation: Uuid,
    heard: Heard,
) -> Result<Result<(&'static str, usize), String>, StoreError> {
    let Heard { kind, notices } = heard;
    let mut all = Vec::new();
    for notice in notices {
        match notice {
            Notice::File { file, report, status, but } => {
                let number = number_of(installation, &file);
                let payments = match number {
                    Some(number) => store::in_file(app, number).await?,
                    None => Vec::new(),
                };
                if payments.is_empty() {
                    return Ok(Err("it is about a payment file that was not sent from here".to_owned()));
                }
                let ids = payments.into_iter().map(|(_, id, _)| id).filter(|id| !but.contains(id));
                all.extend(ids.map(|id| {
                    let said = format!("S/{report}/{}", id.simple());
                    (Said { id: said, message: Message::Payment(id, status) }, None)
                }));
            }
            Notice::Said(said) => all.push((said, None)),
            Notice::CameBack(said, credit) => all.push((said, Some(credit))),
            Notice::Other(id, cents) => {
                tracing::warn!(%id, cents, "the bank booked what is no payment of ours or to us");
            }
        }
    }
    let count = all.len();
    let house = house(app).await?;
    let mut by_book: BTreeMap<BookId, Vec<Said>> = BTreeMap::new();
    let mut all = all.into_iter().peekable();
    while all.peek().is_some() {
        for (book, said) in route(app, house, all.by_ref().take(LOOKED_UP_AT_ONCE).collect()).await? {
            by_book.entry(book).or_default().push(said);
        }
    }
    for (book, said) in by_book {
        for part in said.chunks(AT_ONCE) {
            tell_book(app, book, part).await?;
        }
    }
    Ok(Ok((kind, count)))
}

/// The book for what concerns no other.
async fn house(app: &App) -> Result<BookId, StoreError> {
    let partner = match app.settings.sepa.unmatched {
        Some(partner) => Some(partner),
        None => oldest_partner(&app.store).await?,
    };
    let book = match partner {
        Some(partner) => book_of(&app.store, partner).await?,
        None => None,
    };
    book.ok_or_else(|| {
        StoreError::unavailable("there is no partner whose book could keep money that came in")
    })
}

/// A message, and what it means where its payment is not ours.
type Notified = (Said, Option<Credit>);

/// The books that messages concern, in the order of the messages.
async fn route(app: &App, house: BookId, all: Vec<Notified>) -> Result<Vec<(BookId, Said)>, StoreError> {
    let mut snapshot = app.store.snapshot(house).await?;
    let ids = all.iter().filter_map(|(said, _)| match &said.message {
        Message::Payment(id, _) => Some(*id),
        Message::Credit(_) | Message::Recall(_) | Message::RecallRefused(..) => None,
    });
    let books = store::books_of_payments(&mut snapshot, ids).await?;
    // A payment that is not ours is money that came in, if the bank says so; else it waits for a person.
    let of_payment = |(said, otherwise): Notified| match (&said.message, otherwise) {
        (Message::Payment(id, _), Some(credit)) if !books.contains_key(id) => {
            Said { message: Message::Credit(credit), ..said }
        }
        _ => said,
    };
    let all: Vec<Said> = all.into_iter().map(of_payment).collect();
    let credits = all.iter().filter_map(|said| match &said.message {
        Message::Credit(credit) => Some(credit.iban.as_str()),
        Message::Payment(..) | Message::Recall(_) | Message::RecallRefused(..) => None,
    });
    let holders = holders_anywhere(&mut snapshot, credits).await?;
    drop(snapshot);
    let mut routed = Vec::with_capacity(all.len());
    for said in all {
        let book = match &said.message {
            Message::Payment(id, _) => books.get(id).copied(),
            Message::Credit(credit) => match holders.get(&credit.iban) {
                Some(holder) => Some(holder.book()),
                None => of_title(app, &credit.title).await?,
            },
            // Files bring no recalls.
            Message::Recall(_) | Message::RecallRefused(..) => None,
        };
        routed.push((book.unwrap_or(house), said));
    }
    Ok(routed)
}

/// The book of the holder whose reference stands in a title, if there is one.
async fn of_title(app: &App, title: &str) -> Result<Option<BookId>, StoreError> {
    let mut found = Vec::new();
    for holder in reference::holders_in(app, title) {
        if store::is_partners(app, holder.book()).await? {
            found.push(holder.book());
        }
    }
    found.dedup();
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// Tells a book some messages at once. Where that fails, each is told by itself, so that none undoes another.
async fn tell_book(app: &App, book: BookId, all: &[Said]) -> Result<(), StoreError> {
    match hear_all(app, book, all.to_vec()).await {
        Ok(()) => return Ok(()),
        Err(StoreError::Unavailable(why)) => return Err(StoreError::Unavailable(why)),
        Err(StoreError::Unexpected(_)) => {}
    }
    for said in all {
        match hear_all(app, book, vec![said.clone()]).await {
            Ok(()) => {}
            Err(StoreError::Unavailable(why)) => return Err(StoreError::Unavailable(why)),
            Err(StoreError::Unexpected(why)) => refuse(app, book, said.clone(), why).await?,
        }
    }
    Ok(())
}

async fn hear_all(app: &App, book: BookId, all: Vec<Said>) -> Result<(), StoreError> {
    let mut snapshot = app.store.snapshot(book).await?;
    let (ready, touches) = Ready::all(app, &mut snapshot, all).await?;
    drop(snapshot);
    let logs: Vec<_> = ready.iter().map(Ready::log).collect();
    run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        for one in &ready {
            hear::hear(work, one).await?;
        }
        Ok(())
    })
    .await?;
    logs.into_iter().for_each(|log| log());
    Ok(())
}

/// Keeps a message that the book does not take, for a person.
async fn refuse(app: &App, book: BookId, said: Said, why: String) -> Result<(), StoreError> {
    tracing::error!(id = %said.id, %why, "a message of the bank was refused and waits for a person");
    let touches = hear::touches_to_refuse(app, &said);
    run_inside(app, book, touches, async move |work: &mut Work<'_>| Ok(hear::refuse(work, &said, &why)?))
        .await
}

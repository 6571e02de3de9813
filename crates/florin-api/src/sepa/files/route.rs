//! Which book a message of the bank concerns.

use super::booking::BookingRow;
use super::store;
use crate::balances::holders_anywhere;
use crate::kit::app::App;
use crate::kit::book::registry::{book_of, oldest_partner, partner_books};
use crate::sepa::reference;
use florin_ledger::BookId;
use florin_rails::sepa::{Credit, Message, Said};
use florin_store::StoreError;
use std::collections::HashSet;

/// A message of the bank, with what is known of it besides.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The message.
    pub said: Said,
    /// What it means if no payment of ours has the id that it names.
    pub otherwise: Option<Credit>,
    /// The booking that it tells, where it is one.
    pub row: Option<BookingRow>,
    /// Whether another message with its id has the same booking for certain.
    pub is_told_apart: bool,
    /// Why it is kept for a person as it comes.
    pub held_back: Option<String>,
    /// The book that it concerns, where that is known before.
    pub book: Option<BookId>,
}

impl Incoming {
    /// A message with nothing besides.
    pub fn plain(said: Said) -> Self {
        Self { said, otherwise: None, row: None, is_told_apart: true, held_back: None, book: None }
    }
}

/// The books that there are.
pub struct Books {
    all: HashSet<BookId>,
    /// The book for what concerns no other.
    pub house: BookId,
}

impl Books {
    /// Looks them up.
    pub async fn load(app: &App) -> Result<Self, StoreError> {
        let all = partner_books(&app.store).await?.into_iter().map(|partner| partner.book).collect();
        let partner = match app.settings.sepa.unmatched {
            Some(partner) => Some(partner),
            None => oldest_partner(&app.store).await?,
        };
        let house = match partner {
            Some(partner) => book_of(&app.store, partner).await?,
            None => None,
        };
        let no_house = "there is no partner whose book could keep money that came in";
        Ok(Self { all, house: house.ok_or_else(|| StoreError::unavailable(no_house))? })
    }

    /// A book that is there; not one that a reset has ended.
    fn alive(&self, book: BookId) -> Option<BookId> {
        self.all.contains(&book).then_some(book)
    }

    /// The books that messages concern, in the order of the messages. A message that a book has heard is that book's
    /// for ever, whosever its account is now. One that was heard by a book that a reset has ended is left out.
    pub async fn route(&self, app: &App, all: Vec<Incoming>) -> Result<Vec<(BookId, Incoming)>, StoreError> {
        let mut snapshot = app.store.snapshot(self.house).await?;
        let inbox_id = |one: &Incoming| store::message_id(app, &one.said.id);
        let heard_by = store::heard_by(&mut snapshot, all.iter().map(inbox_id)).await?;
        let ids = all.iter().filter_map(|one| match &one.said.message {
            Message::Payment(id, _) => Some(*id),
            Message::Credit(_) | Message::Recall(_) | Message::RecallRefused(..) => None,
        });
        let books = store::books_of_payments(&mut snapshot, ids).await?;
        // A payment that is not ours is money that came in, if the bank says so; else it waits for a person.
        let of_payment = |one: Incoming| match (&one.said.message, &one.otherwise) {
            (Message::Payment(id, _), Some(credit)) if !books.contains_key(id) => {
                let message = Message::Credit(credit.clone());
                Incoming { said: Said { message, ..one.said }, ..one }
            }
            _ => one,
        };
        let all: Vec<Incoming> = all.into_iter().map(of_payment).collect();
        let credits = all.iter().filter_map(|one| match &one.said.message {
            Message::Credit(credit) => Some(credit.iban.as_str()),
            Message::Payment(..) | Message::Recall(_) | Message::RecallRefused(..) => None,
        });
        let holders = holders_anywhere(&mut snapshot, credits).await?;
        drop(snapshot);
        let mut routed = Vec::with_capacity(all.len());
        for one in all {
            let book = match (heard_by.get(&inbox_id(&one)), &one.said.message) {
                (Some(book), _) => match self.alive(*book) {
                    Some(book) => Some(book),
                    None => continue,
                },
                (None, Message::Payment(id, _)) => match books.get(id) {
                    // A payment of a book that a reset has ended concerns nobody.
                    Some(book) if self.alive(*book).is_none() => continue,
                    book => book.copied(),
                },
                (None, Message::Credit(credit)) => match holders.get(&credit.iban) {
                    Some(holder) if self.alive(holder.book()).is_some() => Some(holder.book()),
                    _ => self.of_title(app, &credit.title),
                },
                (None, Message::Recall(_) | Message::RecallRefused(..)) => one.book,
            };
            routed.push((book.and_then(|book| self.alive(book)).unwrap_or(self.house), one));
        }
        Ok(routed)
    }

    /// The book of the holder whose reference stands in a title, if there is one.
    fn of_title(&self, app: &App, title: &str) -> Option<BookId> {
        let holders = reference::holders_in(app, title);
        let mut found: Vec<_> = holders.into_iter().filter_map(|holder| self.alive(holder.book())).collect();
        found.dedup();
        if found.len() == 1 { found.pop() } else { None }
    }
}

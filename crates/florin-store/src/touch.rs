//! What a command says it will look at, before it runs: so that a batch reads all of it in one round trip.

use crate::Value;
use crate::db::SetRows;
use crate::holder::{FIND_ACCOUNT, FIND_BY_HANDLE, FIND_HOLDER, account_key_row};
use crate::object::ObjectTable;
use crate::params;
use florin_ledger::{AccountKey, AccountKind, BookId, HolderId};
use florin_types::CurrencyCode;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Something that a command will look at. What does not exist is read as missing; that is no error.
///
/// A command whose book is replaced by a reset while it waits runs in the new book. There the handles, the partner and
/// the system are those of the new book; holders and accounts that were named by number belong to the old one and are
/// missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Touch {
    /// A user, by the `externalUserId`.
    User(String),
    /// A user with its main account in a currency.
    UserAccount(String, CurrencyCode),
    /// A user with what it owes the house in a currency.
    UserReceivable(String, CurrencyCode),
    /// A holder by number: a user or the partner.
    Holder(HolderId),
    /// A holder by number with its main account in a currency.
    HolderAccount(HolderId, CurrencyCode),
    /// Any account by its key, without its holder.
    Account(AccountKey),
    /// The partner as a holder.
    Partner,
    /// The partner's main account in a currency, without the holder.
    PartnerAccount(CurrencyCode),
    /// What the partner owes the house in a currency, without the holder.
    PartnerReceivable(CurrencyCode),
    /// An account of the book's system.
    SystemAccount(CurrencyCode, AccountKind),
    /// An object by its table and id. One that a command is to make need not be touched.
    Object(&'static ObjectTable, Uuid),
}

/// A user by handle, and which of its accounts is read beside it.
pub(crate) type ByHandle = (String, Option<(CurrencyCode, AccountKind)>);

/// What the commands of a batch will look at, each thing once.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) by_handle: Vec<ByHandle>,
    pub(crate) holders: Vec<HolderId>,
    pub(crate) accounts: Vec<AccountKey>,
    /// By the table's name.
    pub(crate) objects: BTreeMap<&'static str, (&'static ObjectTable, Vec<Uuid>)>,
}

/// Look-ups of [`Touched::look_ups`] before those of objects, of which there is one for each table.
pub(crate) const FIXED_LOOK_UPS: usize = 3;

impl Touched {
    pub(crate) fn of<'a>(book: BookId, touches: impl Iterator<Item = &'a Touch>) -> Self {
        let mut touched = Self::default();
        touches.for_each(|touch| touched.add(book, touch));
        let Self { by_handle, holders, accounts, objects } = &mut touched;
        by_handle.sort_unstable();
        by_handle.dedup();
        holders.retain(|holder| holder.book() == book);
        holders.sort_unstable();
        holders.dedup();
        accounts.retain(|key| key.holder.book() == book);
        accounts.sort_unstable();
        accounts.dedup();
        for (_, ids) in objects.values_mut() {
            ids.sort_unstable();
            ids.dedup();
        }
        touched
    }

    fn add(&mut self, book: BookId, touch: &Touch) {
        match touch {
            Touch::User(handle) => self.by_handle.push((handle.clone(), None)),
            Touch::UserAccount(handle, currency) => {
                self.by_handle.push((handle.clone(), Some((*currency, AccountKind::Main))));
            }
            Touch::UserReceivable(handle, currency) => {
                self.by_handle.push((handle.clone(), Some((*currency, AccountKind::Receivable))));
            }
            Touch::Holder(holder) => self.holders.push(*holder),
            Touch::HolderAccount(holder, currency) => {
                self.holders.push(*holder);
                self.accounts.push(AccountKey::main(*holder, *currency));
            }
            Touch::Account(key) => self.accounts.push(*key),
            Touch::Partner => self.holders.push(book.partner()),
            Touch::PartnerAccount(currency) => {
                self.accounts.push(AccountKey::main(book.partner(), *currency));
            }
            Touch::PartnerReceivable(currency) => {
                self.accounts.push(AccountKey::receivable(book.partner(), *currency));
            }
            Touch::SystemAccount(currency, kind) => {
                self.accounts.push(AccountKey::system(book, *currency, *kind));
            }
            Touch::Object(table, id) => {
                self.objects.entry(table.name()).or_insert((table, Vec::new())).1.push(*id);
            }
        }
    }

    /// The look-ups that find it all. One without keys is not sent.
    pub(crate) fn look_ups(&self, book: BookId) -> Vec<SetRows> {
        let by_handle = self.by_handle.iter().map(|(handle, account)| -> Vec<Value> {
            let (currency, kind) = match account {
                Some((currency, kind)) => (currency.as_str(), *kind),
                None => ("", AccountKind::Main),
            };
            params![book, handle.as_str(), currency, kind as u8 as i64].to_vec()
        });
        let holders = self.holders.iter().map(|holder| params![*holder].to_vec());
        let accounts = self.accounts.iter().map(|key| account_key_row(*key));
        let fixed: [SetRows; FIXED_LOOK_UPS] = [
            (&FIND_BY_HANDLE, by_handle.collect()),
            (&FIND_HOLDER, holders.collect()),
            (&FIND_ACCOUNT, accounts.collect()),
        ];
        let objects = self.objects.values().map(|(table, ids)| -> SetRows {
            (&table.find, ids.iter().map(|id| params![book, *id].to_vec()).collect())
        });
        fixed.into_iter().chain(objects).collect()
    }
}

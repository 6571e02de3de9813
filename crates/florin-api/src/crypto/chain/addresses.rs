//! Addresses that are made for one purpose, such as an order: each is used once, so that what comes to it is for that.

use super::{Cursor, Net, hot_wallet, is_simulated};
use crate::kit::app::App;
use crate::kit::book::keyed_id;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::work::Work;
use crate::kit::endpoint::codes::P457;
use crate::kit::endpoint::refusal::Refusal;
use crate::wallets::holders_of_addresses;
use florin_rails::chain::Transfer;
use florin_store::{
    Object, ObjectTable, Row, Scope, SealedTable, SetStatement, Statement, Stop, StoreError, Touch, Value,
    params, sealed_objects,
};
use florin_types::CurrencyCode;
use florin_wallet::{Address, Branch, Chain, Keychain, Place};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

static ADDRESSES: ObjectTable = sealed_objects!(
    "chain_address",
    "address": Text,
    "currency": Text,
    "network": Text,
    "number": Int,
    "pays": Bytes,
);
static NUMBERS: ObjectTable = sealed_objects!("chain_number", "last": Int);

/// Who could change them would get what is paid to others.
pub(in crate::crypto) static SEALED: [&SealedTable; 2] = [ADDRESSES.seal(), NUMBERS.seal()];

/// The statements over sets. Nothing here is removed, and no address changes.
pub(in crate::crypto) static SETS: [&SetStatement; 5] = {
    let ([find, insert, _, _], [find_number, insert_number, update_number, _]) =
        (ADDRESSES.statements(), NUMBERS.statements());
    [find, insert, find_number, insert_number, update_number]
};

const ALL: Statement = "SELECT id, address, currency, network, number, pays, seal FROM chain_address \
     WHERE book = $1 AND id > $2 ORDER BY id LIMIT 1000";

/// Every statement here, for the test that prepares and runs them all.
pub(in crate::crypto) const STATEMENTS: &[Statement] = &[ALL];

/// The one row of [`NUMBERS`] in a book.
const LAST_NUMBER: Uuid = Uuid::from_u128(0x0198_0000_0000_8000_8000_0000_0000_0001);

/// An address that was made for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::crypto) struct MadeAddress {
    id: Uuid,
    address: String,
    /// What is paid there.
    currency: CurrencyCode,
    /// On which network.
    network: String,
    /// Where its key is derived, on the house's branch.
    pub number: i64,
    /// What it is for.
    pays: Uuid,
}

impl MadeAddress {
    /// What a transfer to it pays. None: it is of another currency, or on another network.
    pub fn paid_by(&self, transfer: &Transfer, net: Net) -> Option<Uuid> {
        (transfer.currency == self.currency && net.slug == self.network).then_some(self.pays)
    }
}

impl Object for MadeAddress {
    const TABLE: &'static ObjectTable = &ADDRESSES;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let (address, currency, network) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Self { id, address, currency, network, number: row.get(3)?, pays: row.get(4)? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.address.as_str(), self.currency, self.network.as_str(), self.number, self.pays].to_vec()
    }
}

struct LastNumber(i64);

impl Object for LastNumber {
    const TABLE: &'static ObjectTable = &NUMBERS;

    fn id(&self) -> Uuid {
        LAST_NUMBER
    }

    fn from_row(_: Uuid, row: &Row) -> Result<Self, StoreError> {
        row.get(0).map(Self)
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.0].to_vec()
    }
}

fn id_of(app: &App, address: &str) -> Uuid {
    keyed_id::of(app, "florin 2026 ids of addresses made for a purpose v1", address, "")
}

/// Makes an address at which something is paid by one currency on one network. Whatever else comes there is the
/// partner's.
///
/// # Errors
/// P457: there are no keys, or the network is not known; or a fault. The chain must be followed: see
/// [`has_cursor`].
pub async fn claim_address(
    work: &mut Work<'_>,
    (currency, network): (CurrencyCode, &str),
    pays: Uuid,
) -> Result<String, Stop> {
    let app = work.app();
    let net = Net::of(network).and_then(|net| Some((net, net.chain(app)?)));
    let (Some(keys), Some((net, chain))) = (&app.settings.keychain, net) else {
        return Err(Refusal::of(&P457).into());
    };
    work.load(&[Touch::Object(&NUMBERS, LAST_NUMBER), Cursor::touch(app, net)]).await?;
    if !is_simulated(app, net) && Cursor::in_command(work, net)?.is_none() {
        // What is paid before the chain is followed would be overlooked.
        return Err(StoreError::unavailable("the chain is not followed yet").into());
    }
    // The first is the hot wallet's.
    let number = work.object::<LastNumber>(LAST_NUMBER)?.map_or(0, |last| last.0) + 1;
    work.put(&LastNumber(number))?;
    let place = Place { book: work.book().0, branch: Branch::House, number };
    let address = keys.address(chain, place).map_err(StoreError::unexpected)?.into_string();
    let id = id_of(app, &address);
    let network = net.slug.to_owned();
    work.put(&MadeAddress { id, address: address.clone(), currency, network, number, pays })?;
    Ok(address)
}

/// Whether a chain is followed for a book, so that what comes to an address that is made now is seen.
///
/// # Errors
/// When the database is away.
pub async fn has_cursor(app: &App, scope: &mut Scope, network: &str) -> Result<bool, StoreError> {
    match Net::of(network).filter(|net| !is_simulated(app, *net)) {
        Some(net) => Ok(Cursor::find(app, scope, net).await?.is_some()),
        None => Ok(true),
    }
}

/// Every address of the book that was made for something, with its network.
pub(in crate::crypto) async fn all_made(scope: &mut Scope) -> Result<Vec<(String, String)>, StoreError> {
    let (mut all, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let mut some: Vec<MadeAddress> = scope.objects(ALL, &params![after]).await?;
        some.sort_unstable_by_key(|made| made.id);
        let Some(last) = some.last() else { return Ok(all) };
        after = last.id;
        all.extend(some.into_iter().map(|made| (made.network, made.address)));
    }
}

/// Those among some addresses that were made for something, by the address.
pub(in crate::crypto) async fn made_addresses<'a>(
    app: &App,
    scope: &mut Scope,
    addresses: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, MadeAddress>, StoreError> {
    let ids: HashSet<_> = addresses.map(|address| id_of(app, address)).collect();
    let found: Vec<MadeAddress> = scope.objects_at(&ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(found.into_iter().map(|made| (made.address.clone(), made)).collect())
}

/// What an address of a book is of.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::crypto) enum Ours {
    /// A wallet of a holder.
    Wallet,
    /// An order: it was made for that.
    Order,
    /// The house: it is the hot wallet's.
    House,
}

/// What an address of a chain is of, but for orders. None: it is not the book's, or an order's.
pub(in crate::crypto) async fn of_holder_or_house(
    scope: &mut Scope,
    (keys, chain): (&Keychain, Chain),
    address: &Address,
) -> Result<Option<Ours>, StoreError> {
    let hot = keys.address(chain, hot_wallet(scope.book())).map_err(StoreError::unexpected)?;
    if hot == *address {
        return Ok(Some(Ours::House));
    }
    let holders = holders_of_addresses(scope, [address.as_str()].into_iter()).await?;
    Ok((!holders.is_empty()).then_some(Ours::Wallet))
}

/// What a command must touch to know whether an address was made for something.
pub(in crate::crypto) fn touch_made(app: &App, address: &Address) -> Touch {
    Touch::Object(&ADDRESSES, id_of(app, address.as_str()))
}

/// What an address was made for, in a command that has touched it.
pub(in crate::crypto) fn made_for(work: &Work<'_>, address: &Address) -> Result<Option<Ours>, StoreError> {
    let made = work.object::<MadeAddress>(id_of(work.app(), address.as_str()))?;
    Ok(made.map(|_| Ours::Order))
}

/// Whether an address of a chain is one of any book.
pub(in crate::crypto) async fn is_of_any_book(
    app: &App,
    keys: (&Keychain, Chain),
    address: &Address,
) -> Result<bool, StoreError> {
    for PartnerBook { book, .. } in partner_books(&app.store).await? {
        let mut snapshot = app.store.snapshot(book).await?;
        let is_made = !made_addresses(app, &mut snapshot, [address.as_str()].into_iter()).await?.is_empty();
        if is_made || of_holder_or_house(&mut snapshot, keys, address).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

//! The rows of this family.

use super::wallet::Wallet;
use crate::kit::app::App;
use florin_store::{
    HolderId, Row, Scope, SealedTable, SetStatement, Statement, StoreError, Tx, Type, params, sealed_table,
};
use florin_types::{CurrencyCode, Timestamp};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Wallets: who could exchange an address would be paid.
pub static WALLETS: SealedTable =
    sealed_table!("wallet", "id": Bytes, "book", "holder", "currency", "network", "address", "created_at");

const INSERT: Statement = "INSERT INTO wallet (id, book, holder, currency, network, address, created_at, seal) \
     VALUES ($2, $1, $3, $4, $5, $6, $7, $8)";
const FIND: Statement = "SELECT id, book, holder, currency, network, address, created_at, seal FROM wallet \
     WHERE book = $1 AND holder = $2 AND currency = $3 AND network = $4";
const OF_HOLDER: Statement = "SELECT id, book, holder, currency, network, address, created_at, seal FROM wallet \
     WHERE book = $1 AND holder = $2 ORDER BY created_at, id";
/// The oldest wallet of the installation, whosever it is.
const OLDEST: Statement =
    "SELECT holder, currency, network, address FROM wallet ORDER BY created_at, id LIMIT 1";

/// When the first of a network was made.
const FIRST_ON: Statement = "SELECT MIN(created_at) FROM wallet WHERE book = $1 AND network = $2";

/// By address, which several have: the rest of those is passed over.
const BY_ADDRESS: Statement = "SELECT id, book, holder, currency, network, address, created_at, seal FROM wallet \
     WHERE book = $1 AND address > $2 ORDER BY address LIMIT 1000";

/// Wallets by id.
pub static FIND_SET: SetStatement = SetStatement::Find {
    row: "SELECT id, book, holder, currency, network, address, created_at, seal FROM wallet \
          WHERE book = $1 AND id = $2",
    set: "SELECT w.id, w.book, w.holder, w.currency, w.network, w.address, w.created_at, w.seal \
          FROM unnest($1::bigint[], $2::bytea[]) AS v(book, id) JOIN wallet w ON w.book = v.book AND w.id = v.id",
    parameters: &[Type::Int, Type::Bytes],
};

/// Wallets by address.
pub static FIND_ADDRESSES: SetStatement = SetStatement::Find {
    row: "SELECT id, book, holder, currency, network, address, created_at, seal FROM wallet \
          WHERE book = $1 AND address = $2",
    set: "SELECT w.id, w.book, w.holder, w.currency, w.network, w.address, w.created_at, w.seal \
          FROM unnest($1::bigint[], $2::text[]) AS v(book, address) \
          JOIN wallet w ON w.book = v.book AND w.address = v.address",
    parameters: &[Type::Int, Type::Text],
};

/// Every statement here, for the test that prepares and runs them all.
pub const STATEMENTS: &[Statement] = &[INSERT, FIND, OF_HOLDER, OLDEST, FIRST_ON, BY_ADDRESS];

fn read(scope: &Scope, row: &Row) -> Result<Wallet, StoreError> {
    scope.seals().check(&WALLETS, &row.0)?;
    Ok(Wallet {
        id: row.get(0)?,
        holder: row.get(2)?,
        currency: row.get(3)?,
        network: row.get(4)?,
        address: row.get(5)?,
        created_at: row.get(6)?,
    })
}

pub(super) async fn insert(tx: &mut Tx, wallet: &Wallet) -> Result<(), StoreError> {
    let Wallet { id, holder, currency, network, address, created_at } = wallet;
    let (network, address) = (network.as_str(), address.as_str());
    let row = params![*id, tx.book(), *holder, *currency, network, address, *created_at];
    let seal = tx.seals().seal(&WALLETS, &row);
    let all = params![*id, *holder, *currency, network, address, *created_at, seal];
    tx.execute(INSERT, &all).await.map(drop)
}

/// A holder's wallet of a currency on a network.
pub(super) async fn find(
    scope: &mut Scope,
    holder: HolderId,
    currency: CurrencyCode,
    network: &str,
) -> Result<Option<Wallet>, StoreError> {
    let row = scope.query_one(FIND, &params![holder, currency, network]).await?;
    row.map(|row| read(scope, &row)).transpose()
}

/// Wallets by id, in no order.
pub(super) async fn find_all(
    scope: &mut Scope,
    ids: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Wallet>, StoreError> {
    let ids: HashSet<_> = ids.collect();
    let keys = ids.into_iter().map(|id| params![id].to_vec()).collect();
    let rows = scope.find_set(&FIND_SET, keys).await?;
    rows.iter().map(|row| read(scope, row).map(|wallet| (wallet.id, wallet))).collect()
}

/// The holders of addresses of this book, by the address, on whatever network and for whatever currency it was given
/// out: no address is of two holders, and what comes to it on another network is its holder's too.
pub async fn holders_of_addresses<'a>(
    scope: &mut Scope,
    addresses: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, HolderId>, StoreError> {
    let addresses: HashSet<_> = addresses.collect();
    let keys = addresses.into_iter().map(|address| params![address].to_vec()).collect();
    let rows = scope.find_set(&FIND_ADDRESSES, keys).await?;
    rows.iter().map(|row| read(scope, row).map(|wallet| (wallet.address, wallet.holder))).collect()
}

/// A holder's addresses by currency: on whatever network, since all networks of a currency have one address.
pub async fn addresses(
    scope: &mut Scope,
    holder: HolderId,
) -> Result<HashMap<CurrencyCode, String>, StoreError> {
    let wallets = of_holder(scope, holder).await?;
    Ok(wallets.into_iter().map(|wallet| (wallet.currency, wallet.address)).collect())
}

/// A holder's wallets, the oldest first.
pub(super) async fn of_holder(scope: &mut Scope, holder: HolderId) -> Result<Vec<Wallet>, StoreError> {
    let rows = scope.query(OF_HOLDER, &params![holder]).await?;
    rows.iter().map(|row| read(scope, row)).collect()
}

/// Every address that was given out in the book, once.
pub async fn all_addresses(scope: &mut Scope) -> Result<BTreeSet<String>, StoreError> {
    let (mut all, mut after) = (BTreeSet::new(), String::new());
    loop {
        let rows = scope.query(BY_ADDRESS, &params![after.as_str()]).await?;
        let wallets: Vec<_> = rows.iter().map(|row| read(scope, row)).collect::<Result<_, _>>()?;
        let Some(last) = wallets.last() else { return Ok(all) };
        after.clone_from(&last.address);
        all.extend(wallets.into_iter().map(|wallet| wallet.address));
    }
}

/// When the book's first wallet on a network was made.
pub async fn first_on(scope: &mut Scope, network: &str) -> Result<Option<Timestamp>, StoreError> {
    let row = scope.query_one(FIRST_ON, &params![network]).await?;
    row.map_or(Ok(None), |row| row.get(0))
}

/// Holder, currency, network and address of a wallet.
type Oldest = (HolderId, CurrencyCode, String, String);

/// The oldest wallet there is.
pub(super) async fn oldest(app: &App) -> Result<Option<Oldest>, StoreError> {
    let rows = app.store.look(OLDEST, &[]).await?;
    rows.first().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).transpose()
}

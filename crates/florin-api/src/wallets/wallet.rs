//! A wallet, and how it is made.

use super::store;
use crate::kit::app::App;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::codes::P457;
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::tables::Network;
use florin_ledger::HolderId;
use florin_store::{Stop, StoreError};
use florin_types::{CurrencyCode, Timestamp};
use florin_wallet::{Address, Branch, Chain, ChainKind, Keychain, Net, Place};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use uuid::Uuid;

/// A currency on a network, of one holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub holder: HolderId,
    /// The currency.
    pub currency: CurrencyCode,
    /// The network's slug.
    pub network: String,
    /// Where it is paid.
    pub address: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The chain of a network. None: it has none that we know, so no wallets.
pub fn chain_of(network: &Network) -> Option<Chain> {
    let kind = match &*network.slug {
        "btc" => ChainKind::Bitcoin,
        "ltc" => ChainKind::Litecoin,
        "doge" => ChainKind::Dogecoin,
        "ethereum" | "polygon" => ChainKind::Evm,
        _ => return None,
    };
    let net = match (network.mainnet, network.local) {
        (true, _) => Net::Main,
        (false, true) => Net::Local,
        (false, false) => Net::Test,
    };
    Some(Chain { kind, net })
}

/// Whether somebody sees what comes to an address on a network: a sandbox simulates it, or there is a node.
pub fn is_followed(app: &App, slug: &str) -> bool {
    app.is_sandbox() || app.settings.chains.nodes.iter().any(|node| node.network() == slug)
}

/// Bits of a holder's number that are its own; those above are its book's.
const NUMBER_BITS: u32 = 40;

/// Where a holder's key is derived.
pub fn place_of(holder: HolderId) -> Place {
    let number = holder.0 & ((1 << NUMBER_BITS) - 1);
    Place { book: holder.book().0, branch: Branch::Holders, number }
}

/// The address of a holder on a chain.
fn address_of(keys: &Keychain, chain: Chain, holder: HolderId) -> Result<Address, StoreError> {
    keys.address(chain, place_of(holder)).map_err(StoreError::unexpected)
}

/// A wallet of a touched holder: the one that it has, or a new one. True: it is new.
///
/// # Errors
/// P457 where there are no keys, or nobody follows the network; or a fault.
pub async fn ensure(
    work: &mut Work<'_>,
    holder: HolderId,
    currency: CurrencyCode,
    (network, chain): (&Network, Chain),
) -> Result<(Wallet, bool), Stop> {
    if let Some(wallet) = store::find(work.scope(), holder, currency, &network.slug).await? {
        return Ok((wallet, false));
    }
    if !is_followed(work.app(), &network.slug) {
        return Err(Refusal::because(&P457, "the network is not connected").into());
    }
    let keys = work.app().settings.keychain.as_ref().ok_or_else(|| Refusal::of(&P457))?;
    let address = address_of(keys, chain, holder)?.into_string();
    let wallet = make(work, holder, currency, (network, address)).await?;
    Ok((wallet, true))
}

async fn make(
    work: &mut Work<'_>,
    holder: HolderId,
    currency: CurrencyCode,
    (network, address): (&Network, String),
) -> Result<Wallet, StoreError> {
    let (id, created_at, network) = (work.id(), work.now(), network.slug.clone());
    let wallet = Wallet { id, holder, currency, network, address, created_at };
    store::insert(work, &wallet).await?;
    work.emit(Event::about(EventType::WalletCreated, id).of_holder(holder));
    Ok(wallet)
}

/// Makes the wallets of all currencies on all their networks that a touched holder has not, where there are keys and
/// somebody follows the network.
pub async fn make_all(work: &mut Work<'_>, holder: HolderId) -> Result<(), Stop> {
    let app = work.app();
    let Some(keys) = &app.settings.keychain else { return Ok(()) };
    let there = store::of_holder(work.scope(), holder).await?;
    // Most networks are of one chain, and deriving is the work here.
    let mut addresses = HashMap::new();
    for currency in app.currencies.iter() {
        for network in app.settings.reference.networks(currency.code) {
            let is_there =
                |wallet: &Wallet| wallet.currency == currency.code && wallet.network == network.slug;
            let can_be_made = !there.iter().any(is_there) && is_followed(app, &network.slug);
            let Some(chain) = chain_of(network).filter(|_| can_be_made) else { continue };
            let address = match addresses.entry(chain) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(address_of(keys, chain, holder)?),
            };
            let address = address.as_str().to_owned();
            make(work, holder, currency.code, (network, address)).await?;
        }
    }
    Ok(())
}

/// Whether the addresses that were given out come from the seed that is set: true too where there are none.
///
/// # Errors
/// The database is away.
pub async fn check_seed(app: &App) -> Result<bool, StoreError> {
    let Some((holder, currency, network, address)) = store::oldest(app).await? else { return Ok(true) };
    let Some(chain) = app.settings.reference.network(currency, &network).and_then(chain_of) else {
        return Ok(true);
    };
    let Some(keys) = &app.settings.keychain else { return Ok(true) };
    Ok(address_of(keys, chain, holder)?.as_str() == address)
}

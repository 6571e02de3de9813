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
    Some(Chain { kind, net: if network.mainnet { Net::Main } else { Net::Test } })
}

/// Bits of a holder's number that are its own; those above are its book's.
const NUMBER_BITS: u32 = 40;

/// The address of a holder on a chain.
fn address_of(keys: &Keychain, chain: Chain, holder: HolderId) -> Result<Address, StoreError> {
    let number = holder.0 & ((1 << NUMBER_BITS) - 1);
    let place = Place { book: holder.book().0, branch: Branch::Holders, number };
    keys.address(chain, place).map_err(StoreError::unexpected)
}

/// A wallet of a touched holder: the one that it has, or a new one. True: it is new.
///
/// # Errors
/// P457 where there are no keys; or a fault.
pub async fn ensure(
    work: &mut Work<'_>,
    holder: HolderId,
    currency: CurrencyCode,
    (network, chain): (&Network, Chain),
) -> Result<(Wallet, bool), Stop> {
    if let Some(wallet) = store::find(work.scope(), holder, currency, &network.slug).await? {
        return Ok((wallet, false));
    }
    let keys = work.app().settings.keychain.as_ref().ok_or_else(|| Refusal::of(&P457))?;
    let address = address_of(keys, chain, holder)?.into_string();
    let (id, created_at, network) = (work.id(), work.now(), network.slug.clone());
    let wallet = Wallet { id, holder, currency, network, address, created_at };
    store::insert(work, &wallet).await?;
    work.emit(Event::about(EventType::WalletCreated, id).of_holder(holder));
    Ok((wallet, true))
}

/// Makes the wallets of all currencies on all their networks that a touched holder has not, where there are keys.
pub async fn make_all(work: &mut Work<'_>, holder: HolderId) -> Result<(), Stop> {
    let app = work.app();
    if app.settings.keychain.is_none() {
        return Ok(());
    }
    for currency in app.currencies.iter() {
        for network in app.settings.reference.networks(currency.code) {
            if let Some(chain) = chain_of(network) {
                ensure(work, holder, currency.code, (network, chain)).await?;
            }
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
    let networks = app.settings.reference.networks(currency);
    let Some(chain) = networks.iter().find(|known| known.slug == network).and_then(chain_of) else {
        return Ok(true);
    };
    let Some(keys) = &app.settings.keychain else { return Ok(true) };
    Ok(address_of(keys, chain, holder)?.as_str() == address)
}

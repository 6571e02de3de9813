//! What a sandbox's partner does on the simulated chains.

use super::chain::{Net, is_simulated, made_addresses};
use super::deposits;
use super::simulated;
use super::withdrawals;
use crate::kit::book::work::Work;
use crate::kit::endpoint::codes::{P457, P458};
use crate::kit::endpoint::refusal::Refusal;
use crate::wallets;
use florin_store::Stop;
use florin_types::{Amount, Currency};
use uuid::Uuid;

/// A payment from outside.
pub struct Incoming<'a> {
    /// Where it comes to.
    pub address: &'a str,
    /// What.
    pub currency: Currency,
    /// On which network.
    pub network: &'a str,
    /// How much, each time.
    pub amount: Amount,
    /// How many outputs of the transaction.
    pub outputs: usize,
}

/// The network of a slug, where its chain is the book's own.
fn own_net(work: &Work<'_>, slug: &str) -> Result<Net, Refusal> {
    let net = Net::of(slug).filter(|net| is_simulated(work.app(), *net));
    net.filter(|_| work.app().settings.keychain.is_some())
        .ok_or_else(|| Refusal::invalid("network must be one whose chain is simulated"))
}

/// Somebody outside pays a wallet of the book. Answers the first deposit and the transaction.
///
/// # Errors
/// The currency is not on the network, its chain is no simulated one, or the address is nobody's; or a fault.
pub async fn pay_in(
    work: &mut Work<'_>,
    incoming: &Incoming<'_>,
    confirmations: Option<u64>,
) -> Result<(Uuid, String), Stop> {
    let Incoming { address, currency, network, amount, outputs } = *incoming;
    let reference = &work.app().settings.reference;
    if reference.networks(currency.code).is_empty() {
        return Err(Refusal::of(&P457).into());
    }
    if reference.network(currency.code, network).is_none() {
        return Err(wallets::not_on(currency.code, network, reference.networks(currency.code)).into());
    }
    let net = own_net(work, network)?;
    let app = work.app();
    // On a chain of another kind nobody could pay it.
    let chain = net.chain(app).ok_or_else(|| Refusal::of(&P457))?;
    let address = withdrawals::address(chain, "address", address)?.into_string();
    let addresses = || [address.as_str()].into_iter();
    let is_wallet = !wallets::holders_of_addresses(work.scope(), addresses()).await?.is_empty();
    if !is_wallet && made_addresses(app, work.scope(), addresses()).await?.is_empty() {
        let why = "address must be that of a wallet of a user, of one of yours, or of an order";
        return Err(Refusal::because(&P458, why).into());
    }
    if outputs > 1 && currency.code == net.coin && net.has_accounts(work.app()) {
        return Err(
            Refusal::invalid("outputs must be 1: a transaction of this network pays its coin once").into()
        );
    }
    let paid = vec![(address.clone(), currency.code, amount.minor()); outputs];
    let hash = simulated::pay(work, net, &paid, confirmations.is_none()).await?;
    // Of Ethereum's kind 0 is the coin itself.
    let first = u32::from(net.has_accounts(work.app()) && currency.code != net.coin);
    if let Some(blocks) = confirmations.filter(|blocks| *blocks > 0) {
        simulated::mine(work, net, blocks).await?;
    }
    Ok((deposits::id_of(work.app(), net.slug, &hash, first), hash))
}

/// Makes blocks. Answers how many there are.
///
/// # Errors
/// No simulated chain has this name; or a fault.
pub async fn mine(work: &mut Work<'_>, network: &str, blocks: u64) -> Result<u64, Stop> {
    let net = own_net(work, network)?;
    simulated::mine(work, net, blocks).await
}

/// Replaces the newest blocks. Answers how many there are.
///
/// # Errors
/// As for [`mine`], or there are not so many.
pub async fn reorganise(work: &mut Work<'_>, network: &str, depth: u64, drops: bool) -> Result<u64, Stop> {
    let net = own_net(work, network)?;
    simulated::reorganise(work, net, depth, drops).await
}

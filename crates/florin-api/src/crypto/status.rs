//! How the networks are followed: for an operator.

use super::chain::{Cursor, NETS, Net, hot_wallet, in_time, is_simulated, node_of};
use super::reconcile::on;
use crate::kit::app::App;
use crate::kit::book::registry::{PartnerBook, partner_books};
use florin_rails::chain::{BlockRef, ChainNode};
use florin_store::StoreError;
use florin_types::CurrencyCode;
use florin_wallet::{Chain, ChainKind, Net as Kind};
use uuid::Uuid;

/// A network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkStatus {
    /// Its slug.
    pub network: &'static str,
    /// What it is, such as `bitcoin main`.
    pub kind: String,
    /// Who is asked: `simulated`, `node`, or `no node`.
    pub node: &'static str,
    /// Why the node can't be used now. None: it can, or there is none.
    pub trouble: Option<String>,
    /// Its newest block. None: it did not say, or each book has a chain of its own.
    pub tip: Option<BlockRef>,
    /// Each partner's book.
    pub books: Vec<BookStatus>,
}

/// A network for a partner's book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookStatus {
    /// Whose book.
    pub partner: Uuid,
    /// What the partner is called.
    pub name: String,
    /// The last block that was followed. None: the network was never followed for it.
    pub followed: Option<BlockRef>,
    /// How many blocks there are after that. None: nobody says.
    pub behind: Option<u64>,
    /// The house's own address for this book. None: there are no keys.
    pub hot_wallet: Option<String>,
    /// What it has of each currency, with the currency's decimals. Nothing where the node can't search for an address.
    pub balances: Vec<(CurrencyCode, u8, Result<i64, String>)>,
}

/// All networks that some currency is on.
///
/// # Errors
/// The database is away. What is wrong with a node is in the answer.
pub async fn status(app: &App) -> Result<Vec<NetworkStatus>, StoreError> {
    let partners = partner_books(&app.store).await?;
    let mut all = Vec::new();
    for net in NETS {
        if let Some(chain) = net.chain(app) {
            all.push(of_network(app, &partners, net, chain).await?);
        }
    }
    Ok(all)
}

async fn of_network(
    app: &App,
    partners: &[PartnerBook],
    net: Net,
    chain: Chain,
) -> Result<NetworkStatus, StoreError> {
    let is_simulated = is_simulated(app, net);
    let real = app.settings.chains.nodes.iter().find(|node| node.network() == net.slug);
    let (mut trouble, mut tip) = (None, None);
    if let Some(node) = real {
        match asked(&**node).await {
            Ok(newest) => tip = Some(newest),
            Err(error) => trouble = Some(error.to_string()),
        }
    }
    let mut books = Vec::new();
    for partner in partners {
        books.push(of_book(app, partner, (net, chain), tip.as_ref(), trouble.is_none()).await?);
    }
    let node = match (real, is_simulated) {
        (Some(_), _) => "node",
        (None, true) => "simulated",
        (None, false) => "no node",
    };
    Ok(NetworkStatus { network: net.slug, kind: kind_of(chain), node, trouble, tip, books })
}

async fn asked(node: &dyn ChainNode) -> Result<BlockRef, StoreError> {
    in_time(node.check()).await?;
    in_time(node.tip()).await
}

async fn of_book(
    app: &App,
    partner: &PartnerBook,
    (net, chain): (Net, Chain),
    tip: Option<&BlockRef>,
    can_be_asked: bool,
) -> Result<BookStatus, StoreError> {
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let cursor = Cursor::find(app, &mut snapshot, net).await?;
    drop(snapshot);
    let followed = cursor.as_ref().and_then(Cursor::last).cloned();
    let node = node_of(app, partner.book, net).filter(|_| can_be_asked);
    let own_tip = match (&node, tip) {
        (_, Some(tip)) => Some(tip.height),
        // The chain of a sandbox is the book's own.
        (Some(node), None) => in_time(node.tip()).await.ok().map(|tip| tip.height),
        (None, None) => None,
    };
    let behind = followed.as_ref().and_then(|last| own_tip.map(|tip| tip.saturating_sub(last.height)));
    let hot_wallet = match &app.settings.keychain {
        Some(keys) => Some(keys.address(chain, hot_wallet(partner.book)).map_err(StoreError::unexpected)?),
        None => None,
    };
    let mut balances = Vec::new();
    let searching = node.as_ref().filter(|node| node.can_search() && followed.is_some());
    if let (Some(node), Some(address)) = (searching, &hot_wallet) {
        for code in on(app, net) {
            let decimals = app.currencies.get(code).map_or(0, |currency| currency.decimals);
            // The node has its own limits of time: one of Bitcoin's kind looks through all outputs of the chain.
            let balance = node.balance(address.as_str(), code).await;
            balances.push((code, decimals, balance.map_err(|error| error.to_string())));
        }
    }
    let hot_wallet = hot_wallet.map(florin_wallet::Address::into_string);
    let (partner, name) = (partner.partner, partner.name.clone());
    Ok(BookStatus { partner, name, followed, behind, hot_wallet, balances })
}

fn kind_of(chain: Chain) -> String {
    let kind = match chain.kind {
        ChainKind::Bitcoin => "bitcoin",
        ChainKind::Litecoin => "litecoin",
        ChainKind::Dogecoin => "dogecoin",
        ChainKind::Evm => "evm",
    };
    let net = match chain.net {
        Kind::Main => "main",
        Kind::Test => "test",
        Kind::Local => "local",
    };
    format!("{kind} {net}")
}

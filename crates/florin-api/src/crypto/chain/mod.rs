//! Networks: their chains, their coins and their nodes.

mod addresses;
mod cursor;
mod follow;
mod work;

pub(super) use addresses::{
    Ours, STATEMENTS, all_made, is_of_any_book, made_addresses, made_for, of_holder_or_house, touch_made,
};
pub use addresses::{claim_address, has_cursor};
pub use cursor::Cursor;
pub(super) use cursor::Fence;
pub(super) use follow::{LOOKED_UP, follow, in_time, look};
pub use work::{ChainTroubles, ChainWork, work_on_chains};

use super::simulated::SimulatedNode;
use crate::kit::app::App;
use crate::wallets::{chain_of, is_followed};
use florin_ledger::BookId;
use florin_rails::chain::ChainNode;
use florin_store::{SealedTable, SetStatement};
use florin_types::CurrencyCode;
use florin_wallet::{Address, Branch, Chain, ChainKind, Place};
use std::fmt;
use std::sync::Arc;

/// The statements over sets.
pub(super) static SETS: [&SetStatement; 8] = {
    let ([a, b, c], [d, e, f, g, h]) = (cursor::SETS, addresses::SETS);
    [a, b, c, d, e, f, g, h]
};

/// The tables whose rows are sealed.
pub(super) static SEALED: [&SealedTable; 3] = [cursor::SEALED, addresses::SEALED[0], addresses::SEALED[1]];

/// The kind of the job that looks what is new on a network; its payload is the network's slug.
pub(super) const LOOK_JOB: &str = "chain.look";

/// A network as this family knows it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Net {
    /// The slug, such as `polygon`.
    pub slug: &'static str,
    /// The coin in which its fees are paid.
    pub coin: CurrencyCode,
}

/// The networks that this family knows.
pub const NETS: [Net; 5] = [
    Net { slug: "btc", coin: CurrencyCode::new("btc") },
    Net { slug: "ltc", coin: CurrencyCode::new("ltc") },
    Net { slug: "doge", coin: CurrencyCode::new("doge") },
    Net { slug: "ethereum", coin: CurrencyCode::new("eth") },
    Net { slug: "polygon", coin: CurrencyCode::new("pol") },
];

impl Net {
    /// The network of a slug.
    pub fn of(slug: &str) -> Option<Self> {
        NETS.into_iter().find(|net| net.slug == slug)
    }

    /// Its chain, where some currency of the installation is on it.
    pub fn chain(self, app: &App) -> Option<Chain> {
        let reference = &app.settings.reference;
        app.currencies.iter().find_map(|currency| chain_of(reference.network(currency.code, self.slug)?))
    }

    /// Whether its accounts pay, and not outputs of transactions.
    pub fn has_accounts(self, app: &App) -> bool {
        self.chain(app).is_some_and(has_accounts)
    }

    /// Blocks that a transaction must be in or under before it counts: the most that a currency on it asks for.
    pub fn confirmations(self, app: &App) -> u64 {
        let reference = &app.settings.reference;
        let of_currency = |code| reference.network(code, self.slug).map(|network| network.confirmations);
        let most = app.currencies.codes().into_iter().filter_map(of_currency).max();
        most.unwrap_or(1).into()
    }
}

/// Where the key of a book's hot wallet is derived, on whatever chain.
pub const fn hot_wallet(book: BookId) -> Place {
    Place { book: book.0, branch: Branch::House, number: 0 }
}

/// Whether a chain's accounts pay, and not outputs of transactions.
pub(super) fn has_accounts(chain: Chain) -> bool {
    chain.kind == ChainKind::Evm
}

/// Whether a network's chain is the book's own.
pub(super) fn is_simulated(app: &App, net: Net) -> bool {
    app.is_sandbox() && !app.settings.chains.nodes.iter().any(|node| node.network() == net.slug)
}

/// Whether something can be paid on a network: there are keys, and somebody knows its chain.
pub fn is_payable(app: &App, slug: &str) -> bool {
    app.settings.keychain.is_some() && Net::of(slug).is_some() && is_followed(app, slug)
}

/// Says that a chain has undone what the books had: an error of a real one, at which a person looks. The one of a
/// sandbox does so where its partner asks for it.
pub(super) fn say_undone(app: &App, net: Net, what: &impl fmt::Display, happened: &'static str) {
    let network = net.slug;
    match is_simulated(app, net) {
        true => tracing::warn!(%what, network, "{happened}"),
        false => tracing::error!(%what, network, "{happened}"),
    }
}

/// How an account is paid a currency on a network of Ethereum's kind: the number of the chain, and of a token its
/// contract, with how many of its smallest units are one minor unit of the currency. None: the network is of another
/// kind, or does not have the currency.
pub fn account_payment(
    app: &App,
    book: BookId,
    (network, currency): (&str, CurrencyCode),
    address: &str,
) -> Option<(u64, Option<(String, u128)>)> {
    let net = Net::of(network)?;
    let node = node_of(app, book, net)?;
    let accounts = node.accounts()?;
    let to = Address::parse(net.chain(app)?, address).ok()?;
    let call = accounts.payment(&to, currency, 1)?;
    let token = call.as_token_transfer().map(|(_, units)| (call.to().as_str().to_owned(), units));
    Some((accounts.chain_id(), token))
}

/// The node of a network: the installation's, or in a sandbox the book's simulated one.
pub(super) fn node_of(app: &App, book: BookId, net: Net) -> Option<Arc<dyn ChainNode>> {
    let real = app.settings.chains.nodes.iter().find(|node| node.network() == net.slug).cloned();
    let has_chain = is_simulated(app, net) && net.chain(app).is_some();
    real.or_else(|| has_chain.then(|| Arc::new(SimulatedNode::new(app, book, net)) as Arc<dyn ChainNode>))
}

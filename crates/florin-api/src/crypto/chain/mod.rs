//! Networks: their chains, their coins and their nodes.

use super::simulated::SimulatedNode;
use crate::kit::app::App;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::work::Work;
use crate::wallets::chain_of;
use florin_ledger::BookId;
use florin_rails::chain::ChainNode;
use florin_store::{Job, Statement, StoreError};
use florin_types::CurrencyCode;
use florin_wallet::{Branch, Chain, ChainKind, Place};
use std::sync::Arc;

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[];

/// The kind of the job in which the platform looks at a chain; its payload is the network's slug.
pub const LOOK_JOB: &str = "chain.look";

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

/// The node of a network: the installation's, or in a sandbox the book's simulated one.
pub(super) fn node_of(app: &App, book: BookId, net: Net) -> Option<Arc<dyn ChainNode>> {
    let real = app.settings.chains.nodes.iter().find(|node| node.network() == net.slug).cloned();
    let is_simulated = app.is_sandbox() && net.chain(app).is_some();
    let simulated =
        || is_simulated.then(|| Arc::new(SimulatedNode::new(app, book, net)) as Arc<dyn ChainNode>);
    real.or_else(simulated)
}

/// Looks at a chain.
pub(super) async fn look(app: &App, job: &Job) -> Result<(), StoreError> {
    carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await
}

//! The work with real nodes: a round over all of them, again and again.

use super::{Cursor, NETS, Net, follow, is_simulated, node_of};
use crate::kit::app::App;
use crate::kit::book::registry::partner_books;
use crate::wallets;
use florin_store::StoreError;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// How often a node is asked whether there is a new block: the fastest chain that we know has one every two seconds.
const INTERVAL: Duration = Duration::from_secs(2);

/// The work with real nodes. Several processes may do it at once: what one has done, the others find done.
pub struct ChainWork {
    app: App,
    /// What was wrong in the last round, by the network: it is said when it begins.
    failing: BTreeMap<&'static str, String>,
}

impl ChainWork {
    /// For a platform.
    pub fn new(app: App) -> Self {
        Self { app, failing: BTreeMap::new() }
    }

    /// Follows each chain for each book that has wallets on it, as far as it goes now.
    ///
    /// # Errors
    /// The first thing that failed, after all others were done.
    pub async fn round(&mut self) -> Result<(), StoreError> {
        let (mut failing, mut first) = (BTreeMap::new(), Ok(()));
        for net in NETS {
            if let Err(error) = self.follow(net).await {
                let text = error.to_string();
                if self.failing.get(net.slug) != Some(&text) {
                    let network = net.slug;
                    tracing::error!(network, %error, "a chain can't be followed now: nothing is credited from it");
                }
                failing.insert(net.slug, text);
                first = first.and(Err(error));
            }
        }
        for network in self.failing.keys().filter(|network| !failing.contains_key(*network)) {
            tracing::info!(network, "the chain is followed again");
        }
        self.failing = failing;
        first
    }

    async fn follow(&self, net: Net) -> Result<(), StoreError> {
        let app = &self.app;
        let mut first = Ok(());
        for partner in partner_books(&app.store).await? {
            let book = partner.book;
            if is_simulated(app, net) || node_of(app, book, net).is_none() {
                continue;
            }
            let mut snapshot = app.store.snapshot(book).await?;
            let has_wallets = wallets::first_on(&mut snapshot, net.slug).await?.is_some();
            let is_followed = has_wallets || Cursor::find(app, &mut snapshot, net).await?.is_some();
            drop(snapshot);
            while is_followed && !app.is_stopping() {
                match follow::follow(app, book, net).await {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(error) => {
                        first = first.and(Err(error));
                        break;
                    }
                }
            }
        }
        first
    }
}

/// Works with real nodes until the server stops.
pub async fn work_on_chains(app: App) {
    let mut work = ChainWork::new(app.clone());
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !app.settings.chains.nodes.is_empty() {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stopped() => break,
        }
        if app.may_write() {
            // What failed was logged.
            drop(work.round().await);
        }
    }
}

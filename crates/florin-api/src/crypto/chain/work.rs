//! The work with real nodes: a round over all of them, again and again.

use super::{NETS, Net, follow, is_simulated};
use crate::kit::app::App;
use crate::kit::book::registry::partner_books;
use florin_store::StoreError;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// How often a node is asked whether there is a new block: the fastest chain that we know has one every two seconds.
const INTERVAL: Duration = Duration::from_secs(2);

/// The work with real nodes. Several processes may do it at once: what one has done, the others find done.
pub struct ChainWork {
    app: App,
    /// What was wrong in the last round, by the network: it is said when it begins.
    troubles: ChainTroubles,
}

/// Why networks can't be followed now, by the network: shared with who watches the work.
#[derive(Clone, Debug, Default)]
pub struct ChainTroubles(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl ChainTroubles {
    /// As it is now.
    pub fn now(&self) -> BTreeMap<&'static str, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, network: &'static str, trouble: Option<String>) -> Option<String> {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            Some(trouble) => troubles.insert(network, trouble),
            None => troubles.remove(network),
        }
    }
}

impl ChainWork {
    /// For a platform.
    pub fn new(app: App) -> Self {
        Self { app, troubles: ChainTroubles::default() }
    }

    /// Why networks can't be followed now.
    pub fn troubles(&self) -> ChainTroubles {
        self.troubles.clone()
    }

    /// Follows each chain for each book, as far as it goes now: all chains at once, for a node that does not answer
    /// takes its time. Books without wallets have hot wallets, too, and may be paid there before anything else.
    ///
    /// # Errors
    /// The first thing that failed, after all others were done.
    pub async fn round(&mut self) -> Result<(), StoreError> {
        let all = join_all(NETS.map(|net| self.follow_and_note(net))).await;
        all.into_iter().find(Result::is_err).unwrap_or(Ok(()))
    }

    async fn follow_and_note(&self, net: Net) -> Result<(), StoreError> {
        let (outcome, network) = (self.follow(net).await, net.slug);
        let trouble = outcome.as_ref().err().map(ToString::to_string);
        let before = self.troubles.set(network, trouble.clone());
        match (trouble, before) {
            (Some(error), before) if before.as_ref() != Some(&error) => {
                tracing::error!(network, %error, "a chain can't be followed now: nothing is credited from it");
            }
            (None, Some(_)) => tracing::info!(network, "the chain is followed again"),
            _ => {}
        }
        outcome
    }

    async fn follow(&self, net: Net) -> Result<(), StoreError> {
        let app = &self.app;
        let mut first = Ok(());
        if is_simulated(app, net) || app.settings.keychain.is_none() {
            return first;
        }
        for partner in partner_books(&app.store).await? {
            let book = partner.book;
            while !app.is_stopping() {
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
pub async fn work_on_chains(mut work: ChainWork) {
    let app = work.app.clone();
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

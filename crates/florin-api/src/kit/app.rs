//! What every handler is given: the store, the vault, the clock, the tables, the settings.

use super::deciders::Deciders;
use super::outgoing::Outgoing;
use super::shares::{Limits, Shares};
use crate::kit::book::seal::{Seals, SheetRead};
use crate::kit::edge::keys::KeyCache;
use crate::kit::edge::rate_limit::RateLimiter;
use crate::kit::request::places::Uploads;
use crate::kit::settings::{Environment, Settings, WebhookTargets};
use florin_store::Store;
use florin_types::{Clock, Currencies, Entropy, Timestamp, uuid_v7};
use florin_vault::{Vault, VaultError};
use florin_webhook::{Guard, Sender};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Calls that wait for events at a time in a process. Each looks into the database five times a second, which is 5,000
/// small reads of the 50,000 that a core can do. Who waits for a place does not look.
const POLLS: Limits = Limits { total: 1_000, share: 200, kept: 250 };

/// The platform, shared by all handlers and workers.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// A table of a type that is not known here.
pub type Tables = dyn std::any::Any + Send + Sync;

/// The parts of [`App`].
pub struct Inner {
    /// The data.
    pub store: Store,
    /// The files.
    pub vault: Vault,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness of the operating system.
    pub entropy: Arc<dyn Entropy>,
    /// Currencies that are served.
    pub currencies: Currencies,
    /// What the operator set.
    pub settings: Settings,
    /// The table of families, whose type `kit::endpoint::family` knows: its functions take the platform, so the
    /// platform can't know them.
    pub(crate) families: &'static Tables,
    stopping: tokio::sync::watch::Sender<bool>,
    pub(crate) keys: KeyCache,
    pub(crate) limiter: RateLimiter,
    pub(crate) uploads: Uploads,
    /// Places for calls that wait for events.
    pub(crate) polls: Shares,
    /// Who sends webhooks.
    pub outgoing: Outgoing,
    /// Who asks partners about authorisations of cards.
    pub deciders: Arc<Deciders>,
    /// Seals what is personal under users' own keys.
    pub seals: Seals,
}

/// How long a vault that did not answer is not asked again for a sheet here: each request holds a thread that writes,
/// up to 20 seconds. Meanwhile `key_sheets::work` asks every two seconds, and holds nobody.
const SHEET_PAUSE: Duration = Duration::from_secs(30);

/// Reads sheets that another process has made a moment ago.
fn sheet_reader(vault: Vault, clock: Arc<dyn Clock>) -> impl Fn(Uuid) -> SheetRead {
    let failed: Mutex<Option<Timestamp>> = Mutex::default();
    move |sheet| {
        // One at a time: the others wait for the same answer.
        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.now();
        if failed.is_some_and(|at| now >= at && now.saturating_since(at) < SHEET_PAUSE) {
            return SheetRead::Unavailable;
        }
        let read = vault.sheet_now(sheet);
        *failed = None;
        match read.inspect_err(|error| tracing::warn!(%error, %sheet, "a sheet of keys can't be read")) {
            Ok(bytes) => SheetRead::Found(bytes),
            Err(VaultError::Missing) => SheetRead::Missing,
            Err(_) => {
                *failed = Some(clock.now());
                SheetRead::Unavailable
            }
        }
    }
}

impl App {
    /// Puts the platform together over an open store and vault.
    #[expect(clippy::too_many_arguments, reason = "the parts of a platform, each of its own type")]
    pub fn new(
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
        families: &'static Tables,
    ) -> Self {
        let read_sheet = sheet_reader(vault.clone(), Arc::clone(&clock));
        let key = store.derive_key("florin 2026 wrapping of users' keys v1");
        let seals = Seals::new(key, Box::new(read_sheet));
        let allowed = settings.webhook_allow.clone();
        let guard = match (settings.environment, settings.webhook_targets) {
            (Environment::Live, _) => Guard::public_only(allowed),
            (Environment::Sandbox, WebhookTargets::Public) => Guard::public(allowed),
            (Environment::Sandbox, WebhookTargets::Anywhere) => Guard::open(),
        };
        let sender = Sender::new(guard, Arc::clone(&settings.resolver.0));
        let id_key = store.derive_key("florin 2026 ids of webhook deliveries v1");
        Self(Arc::new(Inner {
            outgoing: Outgoing::new(sender, &*entropy, id_key),
            deciders: Arc::new(Deciders::new(Arc::clone(&clock))),
            limiter: RateLimiter::new(settings.rate_limit, &clock),
            store,
            vault,
            clock,
            entropy,
            currencies: Currencies::default(),
            settings,
            families,
            stopping: tokio::sync::watch::Sender::new(false),
            keys: KeyCache::default(),
            uploads: Uploads::default(),
            polls: Shares::new(POLLS),
            seals,
        }))
    }

    /// A new public id.
    pub fn new_id(&self) -> Uuid {
        uuid_v7(self.clock.now(), &*self.entropy)
    }

    /// Wall-clock time.
    pub fn wall(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the time is known well enough to write. Workers wait until it is.
    pub fn may_write(&self) -> bool {
        self.clock.doubt().is_none_or(|doubt| !doubt.forbids_writing())
    }

    /// Tells calls that only wait to answer now.
    pub fn stop_waiting(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Ready once the server is stopping.
    pub async fn stopped(&self) {
        // The sender lives as long as `self`, so this can't fail.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Whether this is a sandbox.
    pub fn is_sandbox(&self) -> bool {
        self.settings.environment == Environment::Sandbox
    }
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

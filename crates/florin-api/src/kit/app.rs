//! What every handler is given: the store, the vault, the clock, the tables, the settings.

use super::outgoing::Outgoing;
use super::partner::KeyCache;
use super::rate_limit::RateLimiter;
use super::seal::Seals;
use super::tables::Reference;
use super::upload::Uploads;
use florin_store::Store;
use florin_types::{Clock, Currencies, Entropy, Timestamp, uuid_v7};
use florin_vault::Vault;
use florin_webhook::{Guard, Resolver, Sender, SystemResolver};
use ipnet::IpNet;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// What an installation is for. One server serves one.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Simulated rails, made-up money.
    Sandbox,
    /// Real rails, real money.
    Live,
}

impl Environment {
    /// The word of the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }
}

/// Calls a partner may make in live: the contract's figures.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls a second, in the long run.
    pub per_second: u32,
    /// Calls at once.
    pub burst: u32,
}

/// Bytes of a document: the contract's 10 MB, enough for a page photographed in full and small enough to be decoded.
pub const DOCUMENT_MAX_BYTES: u64 = 10 * 1024 * 1024;

/// What an operator may set, besides where the data is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the installation is for.
    pub environment: Environment,
    /// How long simulated reviewers and rails take by themselves, in business time.
    pub settle: Duration,
    /// How long a closed user's data is kept: anti-money-laundering law demands five years (EU 2015/849, article 40);
    /// the sandbox keeps none.
    pub retention: Duration,
    /// Calls a partner may make; none is no limit.
    pub rate_limit: Option<RateLimit>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where browsers reach the server: scheme, host and what may come before `/v1`, without a slash at the end.
    pub public_url: String,
    /// Bytes that one file of a verification may have.
    pub document_max_bytes: u64,
    /// Networks to which webhooks go in live though they are not public.
    pub webhook_allow: Vec<IpNet>,
    /// Who knows the addresses of partners' servers.
    pub resolver: Names,
    /// Countries, fees, networks, rates.
    pub reference: Reference,
}

/// Who knows the addresses of hosts: the system, unless a test says otherwise.
#[derive(Clone)]
pub struct Names(pub Arc<dyn Resolver>);

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

impl Settings {
    /// The sandbox: quick rails, nothing kept, no limit.
    pub fn sandbox() -> Self {
        Self {
            environment: Environment::Sandbox,
            settle: Duration::from_millis(500),
            retention: Duration::ZERO,
            rate_limit: None,
            trusted_proxies: Vec::new(),
            public_url: "http://localhost".to_owned(),
            document_max_bytes: DOCUMENT_MAX_BYTES,
            webhook_allow: Vec::new(),
            resolver: Names(Arc::new(SystemResolver)),
            reference: Reference::default(),
        }
    }

    /// Live: five years of retention, 100 calls a second with bursts of 200.
    pub fn live() -> Self {
        Self {
            environment: Environment::Live,
            retention: Duration::from_secs(5 * 366 * 24 * 60 * 60),
            rate_limit: Some(RateLimit { per_second: 100, burst: 200 }),
            ..Self::sandbox()
        }
    }
}

/// The platform, shared by all handlers and workers.
#[derive(Clone)]
pub struct App(Arc<Inner>);

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
    stopping: tokio::sync::watch::Sender<bool>,
    pub(crate) keys: KeyCache,
    pub(crate) limiter: RateLimiter,
    pub(crate) uploads: Uploads,
    /// Who sends webhooks.
    pub outgoing: Outgoing,
    /// Seals what is personal under users' own keys.
    pub seals: Seals,
}

impl App {
    /// Puts the platform together over an open store and vault.
    pub fn new(
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
    ) -> Self {
        let seals = Seals::new(store.derive_key("florin 2026 wrapping of users' keys v1"));
        let guard = match settings.environment {
            Environment::Sandbox => Guard::open(),
            Environment::Live => Guard::public_only(settings.webhook_allow.clone()),
        };
        let sender = Sender::new(guard, Arc::clone(&settings.resolver.0));
        let id_key = store.derive_key("florin 2026 ids of webhook deliveries v1");
        Self(Arc::new(Inner {
            outgoing: Outgoing::new(sender, &*entropy, id_key),
            limiter: RateLimiter::new(settings.rate_limit, &clock),
            store,
            vault,
            clock,
            entropy,
            currencies: Currencies::default(),
            settings,
            stopping: tokio::sync::watch::Sender::new(false),
            keys: KeyCache::default(),
            uploads: Uploads::default(),
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

//! A whole platform in one process, for one test.

use super::client::Client;
use super::database::{Database, Held};
use super::entropy::Counted;
use super::{check, log};
use axum::Router;
use florin_api::kit::app::App;
use florin_api::kit::book::key_sheets;
use florin_api::kit::book::registry::{Issued, NewKey, Registry, Revoked};
use florin_api::kit::edge::request_id::RequestIdLayer;
use florin_api::kit::edge::router::router;
use florin_api::kit::settings::{Environment, Settings};
use florin_api::kyc::begin_ownership;
use florin_api::{FAMILIES, endpoints, migrations, sealed_tables};
use florin_store::{Options, Place, Store};
use florin_types::{Entropy, ManualClock, Timestamp};
use florin_vault::Vault;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

/// When every test begins: 2026-11-23T12:00:00Z.
pub const START: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

/// The key that every installation is opened with here.
const MASTER_KEY: [u8; 32] = [7; 32];

/// How a platform differs from the usual one.
pub struct Setup {
    /// The operator's settings.
    pub settings: Settings,
    /// Routes of the test build.
    pub extra: Router,
    /// Whether the platform looks at keys and vault at its start, as a server does. Else no reader is open yet.
    pub begins: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { settings: Settings::sandbox(), extra: Router::new(), begins: true }
    }
}

/// A platform over a database of its own. Ends with [`TestApp::finish`], and with nothing else.
pub struct TestApp {
    /// The platform.
    pub app: App,
    /// Wall clock: stands until moved.
    pub clock: Arc<ManualClock>,
    /// What it stores in.
    pub database: Option<Database>,
    /// The folder of files.
    pub files: Arc<TempDir>,
    /// Public ids of the partners.
    pub partners: [Uuid; 2],
    entropy: Arc<dyn Entropy>,
    clients: [Client; 2],
    is_finished: bool,
}

/// How a store is opened here.
pub fn options(place: Place, environment: Environment, entropy: Arc<dyn Entropy>) -> Options {
    let clock = Arc::new(ManualClock::new(START));
    Options {
        place,
        environment: environment.as_str(),
        master_key: MASTER_KEY,
        migrations: migrations(),
        sealed: sealed_tables(),
        may_seal: true,
        clock,
        entropy,
    }
}

fn build(app: &App, extra: Router) -> Router {
    let made = AtomicU64::new(0);
    let make_id = Arc::new(move || format!("request-{}", made.fetch_add(1, Ordering::Relaxed)));
    let extra = extra.merge(florin_api::payment_links::pages(app));
    router(app, endpoints(), extra, RequestIdLayer::new(make_id, Arc::new(|| 0)))
}

impl TestApp {
    /// The usual sandbox, with two partners.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// The usual sandbox where no wallets are made: for tests that count all events of a user.
    pub async fn without_wallets() -> Self {
        let settings = Settings { keychain: None, ..Settings::sandbox() };
        Self::with(Setup { settings, ..Setup::default() }).await
    }

    /// One that differs.
    pub async fn with(setup: Setup) -> Self {
        let is_empty = setup.settings.environment == Environment::Live;
        Self::make(setup, is_empty).await
    }

    /// One whose database is empty before it starts.
    pub async fn from_nothing(setup: Setup) -> Self {
        Self::make(setup, true).await
    }

    async fn make(setup: Setup, is_empty: bool) -> Self {
        log::listen();
        let entropy: Arc<dyn Entropy> = Arc::new(Counted::new(2));
        let clock = Arc::new(ManualClock::new(START));
        let (database, seeds) = match is_empty {
            false => Database::seeded().await,
            true => (Database::empty().await, super::template::Seeds::default()),
        };
        let files = Arc::new(TempDir::new().expect("a folder"));
        let (app, routes) = open((&database, &files), setup, &clock, &entropy).await;
        let client = |index: usize| Client {
            router: routes.clone(),
            app: app.clone(),
            clock: Arc::clone(&clock),
            key: Some(seeds.keys[index].clone()),
            users: Arc::new(Mutex::new(BTreeSet::new())),
        };
        let (clients, partners) = ([client(0), client(1)], seeds.partners);
        let database = Some(database);
        let mut this = Self { app, clock, database, files, partners, entropy, clients, is_finished: false };
        if is_empty {
            this.make_partners().await;
        }
        this
    }

    /// What is not copied from the template has no partners yet.
    async fn make_partners(&mut self) {
        let environment = self.app.settings.environment;
        for index in [0, 1] {
            // One after the other, so that it is known which is the first.
            self.clock.advance(Duration::from_millis(1));
            let issued =
                self.administer(async |registry| registry.create_partner("P", environment).await).await;
            (self.clients[index].key, self.partners[index]) = (Some(issued.api_key), issued.partner);
        }
    }

    /// What an operator does with partners and keys.
    pub async fn administer<T>(
        &self,
        work: impl AsyncFnOnce(&mut Registry<'_>) -> Result<T, florin_store::StoreError>,
    ) -> T {
        let mut administration = self.app.store.administer().await.expect("a transaction");
        let now = self.app.wall();
        let mut registry =
            Registry { administration: &mut administration, now, entropy: &*self.entropy, operator: "olga" };
        let done = work(&mut registry).await.expect("an operator's work");
        administration.commit().await.expect("a commit");
        done
    }

    /// Another key of a partner, usable from these networks.
    pub async fn issue_key(&self, partner: usize, allowed: &[IpNet]) -> Issued {
        self.issue(partner, NewKey { allowed: allowed.to_vec(), expires_at: None }).await
    }

    /// Another key of a partner.
    pub async fn issue(&self, partner: usize, new: NewKey) -> Issued {
        let (id, environment) = (self.partners[partner], self.app.settings.environment);
        self.administer(async |registry| registry.issue_key(id, environment, new).await).await
    }

    /// Ends a key.
    pub async fn revoke_key(&self, key: &str) -> bool {
        !self.administer(async |registry| registry.revoke_keys(Revoked::Key(key)).await).await.is_empty()
    }

    /// The first partner.
    pub fn a(&self) -> Client {
        self.clients[0].clone()
    }

    /// The other one.
    pub fn b(&self) -> Client {
        self.clients[1].clone()
    }

    /// The database, past the platform.
    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("only the end takes it")
    }

    /// The files of users in the vault's folder, as they are on disk: without the vault's mark and sheets of keys.
    pub fn vault_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).expect("a folder can be read") {
                let path = entry.expect("an entry can be read").path();
                if path.is_dir() {
                    collect(&path, found);
                } else if path.extension().is_some_and(|end| end == "age") {
                    let bytes = std::fs::read(&path).expect("a file can be read");
                    found.push((path, bytes));
                }
            }
        }
        let mut found = Vec::new();
        collect(self.files.path(), &mut found);
        found
    }

    /// Takes all books from the platform until the answer is dropped.
    pub async fn hold_books(&self) -> Held {
        self.database().hold_books().await
    }

    /// A platform over a copy of the database as it is now, and over the same files: what a restored dump is. Both go
    /// on.
    pub async fn copy(&mut self) -> Self {
        self.app.store.close();
        let database = self.database().copy().await;
        self.reopen(Setup::default()).await;
        let clock = Arc::new(ManualClock::new(self.app.wall()));
        // Of other ids than the original draws.
        let entropy: Arc<dyn Entropy> = Arc::new(Counted::new(3));
        let (app, router) = open((&database, &self.files), Setup::default(), &clock, &entropy).await;
        let clients = self.clients.clone().map(|client| {
            let users = client.users.lock().expect("no test thread has panicked with it").clone();
            let users = Arc::new(Mutex::new(users));
            Client { router: router.clone(), app: app.clone(), clock: Arc::clone(&clock), users, ..client }
        });
        let (database, files, partners) = (Some(database), Arc::clone(&self.files), self.partners);
        Self { app, clock, database, files, partners, entropy, clients, is_finished: false }
    }

    /// Ends the platform and opens another one over the same data, as a restart of the server does.
    pub async fn reopen(&mut self, setup: Setup) {
        self.app.store.close();
        let (app, routes) = open((self.database(), &self.files), setup, &self.clock, &self.entropy).await;
        for client in &mut self.clients {
            (client.app, client.router) = (app.clone(), routes.clone());
        }
        self.app = app;
    }

    /// The same where the first partner's key was revoked: another key of it looks at the books.
    pub async fn finish_with_key(mut self, key: &str) {
        self.clients[0].key = Some(key.to_owned());
        self.finish().await;
    }

    /// Checks the books, and that nothing is left undone or was logged as an error; then removes everything.
    pub async fn finish(self) {
        check::chains(&self.app).await;
        self.finish_but_chains().await;
    }

    /// The same where the test spent the hot wallet's money itself.
    pub async fn finish_but_chains(mut self) {
        if self.app.settings.rate_limit.is_some() {
            let settings = Settings { rate_limit: None, ..self.app.settings.clone() };
            self.reopen(Setup { settings, ..Setup::default() }).await;
        }
        for client in &self.clients {
            check::events(client).await;
            check::histories(client).await;
        }
        check::jobs(&self.app).await;
        check::books(&self.app).await;
        log::check_none();
        self.app.store.close();
        if let Some(database) = self.database.take() {
            database.remove().await;
        }
        self.is_finished = true;
    }
}

async fn open(
    (database, files): (&Database, &Arc<TempDir>),
    setup: Setup,
    clock: &Arc<ManualClock>,
    entropy: &Arc<dyn Entropy>,
) -> (App, Router) {
    let options = options(database.place(), setup.settings.environment, Arc::clone(entropy));
    let options = Options { clock: clock.clone(), ..options };
    let store = Store::open(options).await.expect("the store opens");
    let vault =
        Vault::open(&florin_vault::Place::Folder(files.path().to_owned())).await.expect("the vault opens");
    let app = App::new(store, vault, clock.clone(), Arc::clone(entropy), setup.settings, &FAMILIES);
    if setup.begins {
        key_sheets::load(&app).await.expect("keys are read");
        begin_ownership(&app).await.expect("the vault has an owner");
    }
    let routes = build(&app, setup.extra);
    (app, routes)
}

impl Drop for TestApp {
    fn drop(&mut self) {
        assert!(self.is_finished || std::thread::panicking(), "a test ends with TestApp::finish");
    }
}

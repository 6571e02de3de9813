//! A store of its own for each test, with one book and no family, on the engine that `FLORIN_TEST_ENGINE` names.

use florin_ledger::AccountKind;
use florin_store::{
    Answer, BookId, Command, Migration, NewBook, Object, ObjectTable, Options, Outcome, Place, Row, Stop,
    Store, StoreError, Touch, Tx, Type, Value, params,
};
use florin_types::{Clock, Currencies, CurrencyCode, Entropy, ManualClock, Timestamp};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// The key of every test's data.
pub const MASTER_KEY: [u8; 32] = [7; 32];

/// When every test begins: 2026-11-23T12:00:00Z.
pub const START: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

/// The tests' own table of objects.
pub static PARCELS: ObjectTable =
    ObjectTable::new("parcel", &[("state", Type::Text), ("weight", Type::Int), ("note", Type::Bytes)]);

const MIGRATIONS: &[Migration] = &[Migration {
    number: 1001,
    name: "1001_parcel",
    sqlite: "CREATE TABLE parcel (book INTEGER NOT NULL, id BLOB NOT NULL, state TEXT NOT NULL, \
             weight INTEGER NOT NULL, note BLOB, PRIMARY KEY (book, id)) WITHOUT ROWID",
    postgres: "CREATE TABLE parcel (book BIGINT NOT NULL, id BYTEA NOT NULL, state TEXT COLLATE \"C\" NOT NULL, \
               weight BIGINT NOT NULL, note BYTEA, PRIMARY KEY (book, id))",
}];

/// An object of the tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its id.
    pub id: Uuid,
    /// Where it is.
    pub state: String,
    /// What it weighs.
    pub weight: i64,
    /// What is written on it.
    pub note: Option<Vec<u8>>,
}

impl Parcel {
    /// A parcel that was just given in.
    pub fn new(id: u128, weight: i64) -> Self {
        Self { id: Uuid::from_u128(id), state: "here".to_owned(), weight, note: None }
    }

    /// Touches a parcel.
    pub fn touch(id: u128) -> Touch {
        Touch::Object(&PARCELS, Uuid::from_u128(id))
    }
}

impl Object for Parcel {
    const TABLE: &'static ObjectTable = &PARCELS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self { id, state: row.get(0)?, weight: row.get(1)?, note: row.get(2)? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.state.clone(), self.weight, self.note.clone()].to_vec()
    }
}

/// Never the same twice.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        blake3::Hasher::new().update(&number.to_be_bytes()).finalize_xof().fill(bytes);
    }
}

/// Where a test's data is.
enum Home {
    File(#[expect(dead_code, reason = "the folder goes with it")] TempDir),
    Database(String),
}

/// A store with one book. Ends with [`TestStore::finish`].
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// Wall clock: stands until moved.
    pub clock: Arc<ManualClock>,
    /// Its one book.
    pub book: BookId,
    /// Where it is.
    pub place: Place,
    home: Home,
}

fn cluster() -> String {
    std::env::var("FLORIN_TEST_POSTGRES_URL").expect("FLORIN_TEST_POSTGRES_URL names a PostgreSQL cluster")
}

async fn admin() -> Client {
    let (client, connection) = tokio_postgres::connect(&cluster(), NoTls).await.expect("PostgreSQL answers");
    tokio::spawn(connection);
    client
}

async fn new_home() -> (Home, Place) {
    if std::env::var("FLORIN_TEST_ENGINE").as_deref() != Ok("postgres") {
        let folder = TempDir::new().expect("a folder");
        let place = Place::File(folder.path().join("florin.db"));
        return (Home::File(folder), place);
    }
    static MADE: AtomicU64 = AtomicU64::new(0);
    let name = format!("florin_store_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    admin().await.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database can be made");
    let cluster = cluster();
    let (server, query) = cluster.split_once('?').unwrap_or((&cluster, ""));
    let (server, _) = server.rsplit_once('/').expect("the URL names a database");
    let place = Place::Server(format!("{server}/{name}?{query}"));
    (Home::Database(name), place)
}

/// How a store is opened here.
pub fn options(place: &Place) -> Options {
    Options {
        place: place.clone(),
        environment: "sandbox",
        master_key: MASTER_KEY,
        migrations: MIGRATIONS,
        sealed: &[],
        may_seal: false,
        clock: Arc::new(ManualClock::new(START)),
        entropy: Arc::new(Counted(AtomicU64::new(0))),
    }
}

/// Keeps the writer busy until released, so that what is sent meanwhile becomes one batch.
pub struct Gate(Arc<Notify>);

impl Gate {
    /// Closes it, once the writer is inside.
    pub async fn close(store: &TestStore, book: BookId) -> Self {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (inside, released) = (Arc::clone(&entered), Arc::clone(&release));
        let door = store.store.door().clone();
        tokio::spawn(async move {
            let wait = async move |_: &mut Tx| {
                inside.notify_one();
                released.notified().await;
                done("gate")
            };
            door.run(book, None, Vec::new(), wait).await.expect("the gate is answered");
        });
        entered.notified().await;
        Self(release)
    }

    /// Lets the writer go on.
    pub fn open(&self) {
        self.0.notify_one();
    }
}

/// A command's answer.
pub fn done(text: &str) -> Result<Answer, Stop> {
    Ok(Answer { status: 200, body: text.to_owned().into() })
}

/// What comes of a command that answers [`done`].
pub fn outcome(text: &str) -> Result<Outcome, StoreError> {
    Ok(Outcome::Answered(Answer { status: 200, body: text.to_owned().into() }))
}

/// A command on its way through the door.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Outcome, StoreError>> + 'a>>;

impl TestStore {
    /// Opens one.
    pub async fn open() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        Self::open_by(Arc::clone(&clock), clock).await
    }

    /// Opens one by a clock that shows the time of `clock`, or something else.
    pub async fn open_by(clock: Arc<ManualClock>, shown: Arc<dyn Clock>) -> Self {
        let (home, place) = new_home().await;
        let options = Options { clock: shown, ..options(&place) };
        let store = Store::open(options).await.expect("the store opens");
        let currencies: Vec<_> = Currencies::default().iter().map(|currency| currency.code).collect();
        let new = NewBook { partner: Uuid::from_u128(1), partner_secret: None, currencies };
        let mut administration = store.administer().await.expect("a transaction");
        let book = administration.open_book(&new).await.expect("a book");
        administration.commit().await.expect("a commit");
        Self { store, clock, book, place, home }
    }

    /// A command on its way through the door, without a key.
    pub fn run(&self, touches: Vec<Touch>, command: impl Command) -> Running<'_> {
        Box::pin(self.store.door().run(self.book, None, touches, command))
    }

    /// Runs commands in one batch, and returns the result of each. A command can run more than once.
    pub async fn batch(&self, mut commands: Vec<Running<'_>>) -> Vec<Result<Outcome, StoreError>> {
        let gate = Gate::close(self, self.book).await;
        for command in &mut commands {
            assert!(futures_util::poll!(command).is_pending(), "it waits behind the gate");
        }
        gate.open();
        futures_util::future::join_all(commands).await
    }

    /// The parcels as they are stored: the last digits of their ids, and their weights; in order.
    pub async fn parcels(&self) -> Vec<(u128, i64)> {
        let rows = self
            .store
            .look("SELECT id, weight FROM parcel ORDER BY id, book", &[])
            .await
            .expect("the parcels");
        let parcel = |row: &Row| Ok((row.get::<Uuid>(0)?.as_u128(), row.get(1)?));
        rows.iter().map(parcel).collect::<Result<_, StoreError>>().expect("parcels")
    }

    /// The partner's balance in minor units, as a reader sees it.
    pub async fn balance(&self, currency: CurrencyCode) -> i64 {
        let read = "SELECT balance FROM account WHERE holder = $1 AND currency = $2 AND kind = $3";
        let key = params![self.book.partner(), currency, AccountKind::Main as u8 as i64];
        let rows = self.store.look(read, &key).await.expect("an account");
        rows[0].get(0).expect("a balance")
    }

    /// How many jobs wait.
    pub async fn jobs(&self) -> i64 {
        let rows = self.store.look("SELECT COUNT(*) FROM job", &[]).await.expect("a count");
        rows[0].get(0).expect("a count")
    }

    /// Checks the books and removes everything.
    pub async fn finish(self) {
        self.store.close();
        let report = Store::verify_at(&self.place, &MASTER_KEY, &[]).await.expect("the books can be read");
        assert!(report.is_clean(), "{:#?}", report.findings);
        self.give_up().await;
    }

    /// Removes everything, for a test that has spoilt the books.
    pub async fn give_up(self) {
        let Self { store, home, .. } = self;
        drop(store);
        if let Home::Database(name) = home {
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            admin().await.batch_execute(&drop).await.expect("the database is dropped");
        }
    }
}

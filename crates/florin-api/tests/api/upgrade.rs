//! A book from before exchange was built (`crates/florin/tests/fixtures/before-exchange`), posted to through the store:
//! to kinds of accounts that it never had, and to what was held in it. What the binary makes of these data is tested
//! with the binary.

use crate::support::{Database, Engine, engine};
use florin_api::{migrations, sealed_tables};
use florin_ledger::{AccountKey, AccountKind, Capture, Posting, RecordKind, Rest};
use florin_store::{Answer, BookId, Options, Place, Stop, Store, StoreError, Touch, Tx};
use florin_types::{CurrencyCode, ManualClock, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

const EUR: CurrencyCode = CurrencyCode::new("eur");

/// The key of the fixture.
const MASTER_KEY: [u8; 32] = [0x5e; 32];

/// After everything in the fixture: 2100-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_micros(4_102_444_800_000_000);

/// The first partner's book.
const BOOK: BookId = BookId(1);

/// The objects for which the fixture's `tool.rs` held 30.00 and 7.50 of the 95.00 EUR of `hugo`.
const HOLDS: [Uuid; 2] = [Uuid::from_u128(0x501d_0000), Uuid::from_u128(0x501d_0002)];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../florin/tests/fixtures/before-exchange").join(name)
}

async fn put_back() -> Database {
    let database = Database::empty().await;
    match (engine(), database.place()) {
        (Engine::Sqlite, Place::File(file)) => {
            std::fs::copy(fixture("sqlite/florin.db"), file).expect("the old database is copied");
        }
        _ => {
            let sql = std::fs::read_to_string(fixture("postgres/florin.sql")).expect("the old database");
            database.tamper(&sql).await;
        }
    }
    database
}

async fn open(place: Place) -> Store {
    let options = Options {
        place,
        environment: "sandbox",
        master_key: MASTER_KEY,
        migrations: migrations(),
        sealed: sealed_tables(),
        may_seal: true,
        clock: Arc::new(ManualClock::new(NOW)),
        entropy: Arc::new(crate::support::Counted::new(7)),
    };
    Store::open(options).await.expect("the store opens")
}

/// Posts for an object what the words make of the main account of `hugo`.
async fn post(store: &Store, object: Uuid, words: impl Fn(&Tx, AccountKey) -> Posting + Send + 'static) {
    let mut touches: Vec<Touch> = AccountKind::ALL
        .into_iter()
        .filter(|kind| kind.is_of_system())
        .map(|kind| Touch::SystemAccount(EUR, kind))
        .collect();
    touches.extend([
        Touch::UserAccount("hugo".to_owned(), EUR),
        Touch::UserReceivable("hugo".to_owned(), EUR),
        Touch::PartnerAccount(EUR),
        Touch::PartnerReceivable(EUR),
    ]);
    let command = async move |tx: &mut Tx| -> Result<Answer, Stop> {
        let main = AccountKey::main(tx.holder("hugo").expect("the user").id, EUR);
        let posting = words(tx, main);
        tx.post(RecordKind(2), object, &posting, Vec::new()).map_err(StoreError::unexpected)?;
        Ok(Answer { status: 200, body: "".into() })
    };
    store.door().run(BOOK, None, touches, command).await.expect("it comes through");
}

async fn is_clean(place: &Place) {
    let report = Store::verify_at(place, &MASTER_KEY, sealed_tables()).await.expect("the books can be read");
    assert!(report.is_clean(), "{report:#?}");
}

#[tokio::test]
async fn an_old_book_takes_every_kind_of_account() {
    let database = put_back().await;
    is_clean(&database.place()).await;
    let of_kind = "SELECT count(*) FROM account WHERE book = 1 AND currency = 'eur' AND kind =";
    let store = open(database.place()).await;
    for kind in AccountKind::ALL {
        let is_old = matches!(kind, AccountKind::Main | AccountKind::SandboxFunding);
        let count = database.count(&format!("{of_kind} {}", kind as u8)).await;
        assert_eq!(count > 0, is_old, "{kind:?}");
        let object = Uuid::from_u128(100 + kind as u128);
        post(&store, object, move |tx, main| match kind {
            AccountKind::Main => Posting::between(main, AccountKey::main(BOOK.partner(), EUR), 1),
            AccountKind::Receivable => Posting::between(AccountKey::receivable(main.holder, EUR), main, 1),
            _ => Posting::between(main, AccountKey::system(tx.book(), EUR, kind), 1),
        })
        .await;
        assert_ne!(database.count(&format!("{of_kind} {}", kind as u8)).await, 0, "{kind:?}");
    }
    store.close();
    is_clean(&database.place()).await;
    database.remove().await;
}

#[tokio::test]
async fn what_an_old_book_held_is_captured_and_released() {
    let database = put_back().await;
    let store = open(database.place()).await;
    // More than the 30.00 that are held, than the 57.50 beside them, and so into debt.
    post(&store, HOLDS[0], |tx, main| {
        let account = tx.account(main).expect("touched");
        let to = AccountKey::system(tx.book(), EUR, AccountKind::CardSettlement);
        Posting::new().capture(Capture { account, held: 3_000, amount: 9_000, to, rest: Rest::Released })
    })
    .await;
    post(&store, HOLDS[1], |_, main| Posting::new().release(main, 750)).await;
    let standing = "SELECT balance * 1000000 + held FROM account WHERE book = 1 AND currency = 'eur' AND \
                    holder = (SELECT id FROM holder WHERE book = 1 AND handle = 'hugo') AND kind =";
    assert_eq!(database.count(&format!("{standing} 1")).await, 750 * 1_000_000, "what was released is there");
    assert_eq!(database.count(&format!("{standing} 9")).await, -250 * 1_000_000, "what is owed");
    store.close();
    is_clean(&database.place()).await;
    database.remove().await;
}

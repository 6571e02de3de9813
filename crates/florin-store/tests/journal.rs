//! Reading the records of objects, many at a time: the first says when it began, the last what became of it.

#[expect(dead_code, reason = "what the other tests use")]
mod store;

use florin_ledger::{AccountKey, AccountKind, BookId, HolderId, Posting, RecordKind};
use florin_store::{NewBook, StoreError, Touch, Tx, first_and_last, records_of_object, records_of_objects};
use florin_types::CurrencyCode;
use store::{TestStore, done, outcome};
use uuid::Uuid;

const EUR: CurrencyCode = CurrencyCode::new("eur");

fn object(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Posts a step of an object: from the partner's receivable, which needs no money, to where it says.
async fn step(store: &TestStore, book: BookId, number: u128, kind: i64, to: AccountKind) {
    let from = AccountKey::receivable(book.partner(), EUR);
    let to = AccountKey::system(book, EUR, to);
    let touches = vec![Touch::Account(from), Touch::Account(to)];
    let command = async move |tx: &mut Tx| {
        let posting = Posting::between(from, to, 1);
        tx.post(RecordKind(kind), object(number), &posting, Vec::new()).map_err(StoreError::unexpected)?;
        done("posted")
    };
    assert_eq!(store.store.door().run(book, None, touches, command).await, outcome("posted"));
}

/// A step between accounts of the system alone.
async fn inner_step(store: &TestStore, number: u128, kind: i64) {
    let accounts =
        [AccountKind::Suspense, AccountKind::Fees].map(|kind| AccountKey::system(store.book, EUR, kind));
    let touches = accounts.map(Touch::Account).to_vec();
    let run = store.run(touches, async move |tx: &mut Tx| {
        let posting = Posting::between(accounts[0], accounts[1], 1);
        tx.post(RecordKind(kind), object(number), &posting, Vec::new()).map_err(StoreError::unexpected)?;
        done("posted")
    });
    assert_eq!(run.await, outcome("posted"));
}

#[tokio::test]
async fn objects_are_read_with_their_first_and_last_record() {
    let store = TestStore::open().await;
    let new = NewBook { partner: Uuid::from_u128(2), partner_secret: None, currencies: vec![EUR] };
    let mut administration = store.store.administer().await.expect("a transaction");
    let other = administration.open_book(&new).await.expect("a book");
    administration.commit().await.expect("a commit");
    // The steps of three objects, one between the other; the first is in another book too.
    inner_step(&store, 1, 10).await;
    for kind in 0..80 {
        step(&store, store.book, 1, 11 + kind, AccountKind::Fees).await;
        step(&store, other, 1, 1_000, AccountKind::Fees).await;
    }
    inner_step(&store, 1, 99).await;
    step(&store, store.book, 2, 20, AccountKind::Suspense).await;
    inner_step(&store, 3, 30).await;

    let mut scope = store.store.snapshot(store.book).await.expect("a snapshot");
    let wanted = [2, 1, 3, 9, 2].map(object);
    let found = records_of_objects(&mut scope, &wanted).await.expect("records");
    assert_eq!(found.len(), 3);
    let kinds = |number| found[&object(number)].iter().map(|record| record.kind.0).collect::<Vec<_>>();
    // Both ends of an object with many records, in order.
    let expected: Vec<i64> = (10..42).chain(60..91).chain([99]).collect();
    assert_eq!(kinds(1), expected);
    assert_eq!((kinds(2), kinds(3)), (vec![20], vec![30]));
    assert_eq!(records_of_object(&mut scope, object(1)).await.expect("records"), found[&object(1)]);

    let partner = store.book.partner();
    let of_holder = |number, holder| {
        first_and_last(&found[&object(number)], holder).map(|(first, last)| (first.kind.0, last.kind.0))
    };
    assert_eq!(of_holder(1, partner), Some((11, 90)), "the first and the last are the system's alone");
    assert_eq!(of_holder(1, store.book.system()), Some((10, 99)));
    assert_eq!(of_holder(2, partner), Some((20, 20)));
    assert_eq!(of_holder(3, partner), None);
    assert_eq!(of_holder(2, HolderId(partner.0 + 1)), None);
    drop(scope);
    store.finish().await;
}
